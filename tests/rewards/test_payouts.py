"""Any order of events, each told one to three times, with a slower and obvious model beside the real ledger.

The model knows vouchers by name, plays a date by looping over sorted lists, and counts money in a dictionary.
After every step the books agree with it, every equation holds, and folding the rows anew gives the same book.
At the end of every run both verifiers pass the bundle it left.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rewards import verify
from rewards.evidence.checks import verify_bundle
from rewards.keeping.register import Register
from rewards.money import books
from rewards.money.books import Book
from rewards.money.codes import voucher_code
from rewards.money.vouchers import Answer, voucher_id
from rewards.rules.history import BrokenHistory
from tests.postgres import Server
from tests.rewards.databases import ask_for_postgresql
from tests.rewards.evening import DATES, KEYS, START, WINDOW, begin, drawn_folder

OPEN_MS, SHUT_MS = WINDOW.valid_from_ms, WINDOW.valid_until_ms
TIMES = [OPEN_MS - 1, OPEN_MS, DATES[0] - 1, DATES[0], DATES[1] - 1, DATES[1], SHUT_MS - 1, SHUT_MS]
FACES = {1: 100_000, 2: 500}
BUDGET = 100_000 + 6 * 500
Name = tuple[int, int, int]  # tier, prize, alternate


class Model:
    """One draw's money, as a person would keep it on paper."""

    def __init__(self, winners: list[Any], alternates: list[Any], cap: int) -> None:
        self.winners, self.alternates, self.cap = winners, alternates, cap
        self.states: dict[Name, str] = {}
        self.numbers: dict[Name, int] = {}
        self.dates = 0
        self.closed = False

    def issue(self) -> None:
        if not self.states:
            for winner in self.winners:
                self.states[winner.tier, winner.prize, 0] = "live"
                self.numbers[winner.tier, winner.prize, 0] = winner.number

    def too_late_to_claim(self, at_ms: int) -> bool:
        return at_ms >= SHUT_MS or (self.dates < len(DATES) and at_ms >= DATES[self.dates])

    def date(self) -> None:
        self.dates += 1
        for tier, prize, alternate in sorted(name for name, state in self.states.items() if state == "live"):
            heir = self.heir(tier)
            self.states[tier, prize, alternate] = "returned" if heir is None else "passed"
            if heir is not None:
                self.states[tier, prize, alternate + 1] = "live"
                self.numbers[tier, prize, alternate + 1] = heir

    def heir(self, tier: int) -> int | None:
        prizes = Counter(self.numbers.values())
        while waiting := [one for one in self.alternates if one.tier == tier]:
            self.alternates.remove(waiting[0])
            if prizes[waiting[0].number] < self.cap:
                return int(waiting[0].number)
        return None

    def end(self) -> int:
        left = [name for name, state in self.states.items() if state in ("live", "claimed")]
        self.states |= dict.fromkeys(left, "returned")
        return len(left)

    def money(self, *states: str) -> int:
        return sum(FACES[name[0]] for name, state in self.states.items() if state in states)


class Books(RuleBasedStateMachine):
    """Both draws of the evening, from their results to closed books."""

    server: ClassVar[Server | None] = None  # a PostgreSQL, or the books are in SQLite

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        shutil.copytree(drawn_folder(), self.folder / "register")
        if self.server is not None:
            ask_for_postgresql(self.folder / "register", self.server)
        self.register: Register = self.run(begin(self.folder / "register"))
        self.models = {}
        for draw, cap in ((1, 1), (2, 2)):
            drawn = self.register._scores_of(draw).drawn()
            self.models[draw] = Model(drawn.winners, drawn.alternates, cap)
        self.told: dict[str, tuple[Any, Answer]] = {}

    def run(self, act: Any) -> Any:
        return self.loop.run_until_complete(act)

    @rule(draw=st.sampled_from([1, 2]), times=st.integers(1, 3))
    def issue(self, draw: int, times: int) -> None:
        self.models[draw].issue()
        for _ in range(times):
            issued = self.run(self.register.issue(draw, at_ms=START))
            assert len({one.id for one in issued}) == 7

    @precondition(lambda self: any(model.states for model in self.models.values()))
    @rule(data=st.data(), at_ms=st.sampled_from(TIMES), times=st.integers(1, 3))
    def claim(self, data: st.DataObject, at_ms: int, times: int) -> None:
        draw, name = self.pick(data)
        model = self.models[draw]
        state = model.states[name]
        fine = (state == "live" and not model.too_late_to_claim(at_ms)) or (
            state == "claimed" and at_ms < SHUT_MS
        )
        for _ in range(times):
            voucher = voucher_id(draw, *name)
            answer = self.run(self.register.cashier.claim(voucher, number=model.numbers[name], at_ms=at_ms))
            assert (answer.status == "done") == fine, answer
        if fine:
            model.states[name] = "claimed"

    @precondition(lambda self: any(model.states for model in self.models.values()))
    @rule(data=st.data(), at_ms=st.sampled_from(TIMES), times=st.integers(1, 3))
    def redeem(self, data: st.DataObject, at_ms: int, times: int) -> None:
        draw, name = self.pick(data)
        model = self.models[draw]
        state = model.states[name]
        fine = OPEN_MS <= at_ms < SHUT_MS and (
            state == "claimed" or (state == "live" and not model.too_late_to_claim(at_ms))
        )
        self.at_till("redeem", draw, name, at_ms, fine, times)
        if fine:
            model.states[name] = "redeemed"

    @precondition(lambda self: any(model.states for model in self.models.values()))
    @rule(data=st.data(), times=st.integers(1, 3))
    def roll_back(self, data: st.DataObject, times: int) -> None:
        draw, name = self.pick(data)
        model = self.models[draw]
        fine = model.states[name] == "redeemed" and not model.closed
        self.at_till("roll_back", draw, name, OPEN_MS, fine, times)
        if fine:
            model.states[name] = "claimed"

    def pick(self, data: st.DataObject) -> tuple[int, Name]:
        every = [(draw, name) for draw, model in self.models.items() for name in sorted(model.states)]
        found: tuple[int, Name] = data.draw(st.sampled_from(every))
        return found

    def at_till(self, act: str, draw: int, name: Name, at_ms: int, fine: bool, times: int) -> None:
        shown = voucher_code(KEYS.codes, voucher_id(draw, *name))
        request = (act, shown, f"k{len(self.told)}", at_ms)
        for _ in range(times):
            answer = self.send(*request)
            assert (answer.status == "done") == fine, answer
            assert answer.amount == (FACES[name[0]] if fine else 0)
        self.told[request[2]] = (request, answer)

    def send(self, act: str, code: str, key: str, at_ms: int) -> Answer:
        found: Answer = self.run(getattr(self.register.cashier, act)(code, till="till", key=key, at_ms=at_ms))
        return found

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def tell_an_old_request_again(self, data: st.DataObject) -> None:
        request, answer = self.told[data.draw(st.sampled_from(sorted(self.told)))]
        assert self.send(*request) == answer

    @rule(draw=st.sampled_from([1, 2]), date=st.sampled_from([1, 2]), times=st.integers(1, 3))
    def pass_on(self, draw: int, date: int, times: int) -> None:
        model = self.models[draw]
        act = self.register.payouts.pass_on
        if not model.states or date > model.dates + 1:
            with pytest.raises(BrokenHistory):
                self.run(act(draw, date, at_ms=DATES[1]))
            return
        if date == model.dates + 1 and not model.closed:
            model.date()
        first = self.run(act(draw, date, at_ms=DATES[1]))
        assert all(self.run(act(draw, date, at_ms=SHUT_MS)) == first for _ in range(times - 1))

    @rule(at_ms=st.sampled_from([SHUT_MS - 1, SHUT_MS]), times=st.integers(1, 3))
    def expire(self, at_ms: int, times: int) -> None:
        done = [model for model in self.models.values() if model.dates == len(DATES) and at_ms >= SHUT_MS]
        expected = sum(model.end() for model in done)
        assert self.run(self.register.payouts.expire(at_ms=at_ms)) == expected
        assert all(self.run(self.register.payouts.expire(at_ms=at_ms)) == 0 for _ in range(times - 1))

    @rule(at_ms=st.sampled_from([*TIMES, SHUT_MS]))
    def do_what_is_due(self, at_ms: int) -> None:
        for model in self.models.values():
            model.issue()
            while model.dates < len(DATES) and at_ms >= DATES[model.dates]:
                model.date()
            if at_ms >= SHUT_MS:
                model.end()
                model.closed = True
        self.run(self.register.payouts.do_due(at_ms=at_ms))
        assert self.run(self.register.payouts.do_due(at_ms=at_ms)) == []

    @rule()
    def reopen(self) -> None:
        self.run(self.register.close())
        self.register = self.run(begin(self.folder / "register"))

    @invariant()
    def the_books_agree_with_the_model(self) -> None:
        if not hasattr(self, "models"):
            return
        equations = self.run(self.register.equations())
        assert [equation for equation in equations if not equation.holds] == []
        book = self.register._ledger.book
        for draw, model in self.models.items():
            stand = self.run(self.register.payouts.vouchers(draw))
            assert {(one.tier, one.prize, one.alternate): one.state for one in stand} == model.states
            assert {(o.tier, o.prize, o.alternate): o.number for o in stand} == model.numbers
            held: Counter[str] = Counter()
            for sums in book.sums(draw).values():
                held.update(sums.balances)
            outstanding = model.money("live", "claimed")
            assert held["REDEEMED"] == model.money("redeemed")
            assert held["ISSUED"] + held["CLAIMED"] == outstanding
            assert held["BUDGET"] == (0 if model.states else BUDGET)
            assert held["REDEEMED"] + held["RETURNED"] + outstanding + held["BUDGET"] == BUDGET

    def teardown(self) -> None:
        if hasattr(self, "models"):
            self.run(self.folds_anew())
            self.run(self.register.publish(self.folder / "bundle", at_ms=SHUT_MS))
            self.run(self.register.close())
            self.loop.close()
            assert [str(check) for check in verify_bundle(self.folder / "bundle") if not check.ok] == []
            assert verify.verify(self.folder / "bundle")[0]
            self.place.cleanup()

    async def folds_anew(self) -> None:
        ledger, anew = self.register._ledger, Book()
        async with ledger.transaction() as db:
            lines = await ledger.lines(db, ledger.book.count)
        for line in lines:
            anew.add(books.parse_line(line))
            assert line.endswith(f",{anew.tip.hex()}")
        assert (anew.tip, anew.states) == (ledger.book.tip, ledger.book.states)


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=6, stateful_step_count=12, deadline=None)


class BooksOnPostgresql(Books):
    """The same, on the other database."""


TestBooksOnPostgresql = BooksOnPostgresql.TestCase
TestBooksOnPostgresql.settings = settings(max_examples=3, stateful_step_count=10, deadline=None)


@pytest.fixture(scope="module", autouse=True)
def _a_server(postgres: Server) -> None:
    BooksOnPostgresql.server = postgres
