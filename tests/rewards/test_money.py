"""Vouchers and rows on a real SQLite file, with a model beside them: events in any order, some told again."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from rewards import books, vouchers
from rewards.books import BadRow, Book, Row
from rewards.cashier import Award, Cashier, IdempotencyClash
from rewards.codes import read_code, voucher_code
from rewards.ledger import ROW, Ledger
from rewards.vouchers import Answer
from tests.rewards.evening import BEACON, HOUR, KEYS, SHOW, START, Told, spec

SPEC = spec(1).leaf(show=SHOW, rehearsal=True, key_commitment=BEACON.secret, files={})
AWARDS = [Award(1, 0, 70), *(Award(2, prize, 80 + prize) for prize in range(3))]
CODES = [voucher_code(KEYS.codes, vouchers.voucher_id(1, a.tier, a.prize, 0)) for a in AWARDS]
OPEN_MS, SHUT_MS = START + HOUR, START + 3 * HOUR


async def check_ledger(ledger: Ledger, cashier: Cashier) -> None:
    """Every equation holds, the rows in the file chain up, and folding them anew gives the same book."""
    assert all(equation.holds for equation in await cashier.equations({1: (SPEC, len(AWARDS))}))
    async with ledger.transaction() as db:
        lines = await ledger.lines(db, ledger.book.count)
    anew = Book()
    assert [anew.add(books.parse_line(line)) for line in lines] == lines
    assert (anew.tip, anew.states) == (ledger.book.tip, ledger.book.states)


async def opened(folder: Path) -> tuple[Ledger, Cashier]:
    ledger = await Ledger.open(folder / "ledger.sqlite")
    return ledger, Cashier(ledger, KEYS.codes, rehearsal=True)


class Tills(RuleBasedStateMachine):
    """Redeem, roll back and expire in any order, each perhaps repeated, the file reopened now and then."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger, self.cashier = self.run(opened(Path(self.folder.name)))
        self.model = ["live"] * len(AWARDS)
        self.answers: dict[str, tuple[Any, Answer]] = {}
        self.keys = 0

        async def issue() -> None:
            async with self.ledger.transaction() as db:
                await self.cashier.fund(db, SPEC, START)
            await self.cashier.issue(SPEC, AWARDS, START)

        self.run(issue())

    def run(self, act: Any) -> Any:
        return self.loop.run_until_complete(act)

    @rule(
        which=st.integers(0, len(AWARDS) - 1),
        at_ms=st.sampled_from([OPEN_MS - 1, OPEN_MS, SHUT_MS - 1, SHUT_MS]),
    )
    def redeem(self, which: int, at_ms: int) -> None:
        allowed = self.model[which] == "live" and OPEN_MS <= at_ms < SHUT_MS
        self.at_till("redeem", which, at_ms, "redeemed" if allowed else None)

    @rule(which=st.integers(0, len(AWARDS) - 1))
    def roll_back(self, which: int) -> None:
        self.at_till("roll_back", which, OPEN_MS, "live" if self.model[which] == "redeemed" else None)

    def at_till(self, act: str, which: int, at_ms: int, becomes: str | None) -> None:
        self.keys += 1
        request = (act, CODES[which], f"k{self.keys}", at_ms)
        answer = self.send(*request)
        assert (answer.status == "done") == (becomes is not None), answer
        assert answer.amount == ((100_000 if which == 0 else 500) if becomes else 0)
        self.model[which] = becomes or self.model[which]
        self.answers[request[2]] = (request, answer)

    def send(self, act: str, code: str, key: str, at_ms: int) -> Answer:
        found: Answer = self.run(getattr(self.cashier, act)(code, till="till", key=key, at_ms=at_ms))
        return found

    @rule(data=st.data())
    def tell_an_old_request_again(self, data: st.DataObject) -> None:
        if self.answers:
            request, answer = self.answers[data.draw(st.sampled_from(sorted(self.answers)))]
            assert self.send(*request) == answer

    @rule(at_ms=st.sampled_from([SHUT_MS - 1, SHUT_MS]))
    def expire(self, at_ms: int) -> None:
        expected = self.model.count("live") if at_ms >= SHUT_MS else 0
        assert self.run(self.cashier.expire(at_ms)) == expected
        if at_ms >= SHUT_MS:
            self.model = ["expired" if state == "live" else state for state in self.model]

    @rule()
    def issue_again(self) -> None:
        assert len(self.run(self.cashier.issue(SPEC, AWARDS, START + 1))) == len(AWARDS)

    @rule()
    def reopen(self) -> None:
        self.run(self.ledger.close())
        self.ledger, self.cashier = self.run(opened(Path(self.folder.name)))

    @invariant()
    def books_agree_with_the_model(self) -> None:
        if hasattr(self, "model"):
            self.run(check_ledger(self.ledger, self.cashier))
            states = [self.ledger.book.state((1, a.tier, a.prize, 0))[0] for a in AWARDS]
            assert states == self.model

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.run(self.ledger.close())
            self.loop.close()
            self.folder.cleanup()


TestTills = Tills.TestCase
TestTills.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


@pytest.fixture
async def till(tmp_path: Path) -> Any:
    ledger, cashier = await opened(tmp_path)
    async with ledger.transaction() as db:
        await cashier.fund(db, SPEC, START)
    await cashier.issue(SPEC, AWARDS, START)
    yield ledger, cashier
    await ledger.close()


async def test_every_refusal_at_a_till_says_why_and_changes_nothing(till: tuple[Ledger, Cashier]) -> None:
    ledger, cashier = till
    count = ledger.book.count
    foreign = voucher_code(b"f" * 32, b"v" * 16)
    for code, at_ms, reason in [
        (foreign, OPEN_MS, "unknown"),
        ("not a code", OPEN_MS, "unknown"),
        (CODES[0], OPEN_MS - 1, "not_yet"),
        (CODES[0], SHUT_MS, "expired"),
    ]:
        answer = await cashier.redeem(code, till="a", key=f"{code}{at_ms}", at_ms=at_ms)
        assert (answer.status, answer.reason, answer.amount) == ("refused", reason, 0)
    assert (await cashier.roll_back(CODES[0], till="a", key="r", at_ms=OPEN_MS)).reason == "not_redeemed"
    assert ledger.book.count == count
    done = await cashier.redeem(CODES[0].lower().replace("-", " "), till="a", key="1", at_ms=OPEN_MS)
    assert (done.status, done.amount, done.currency, done.zone) == ("done", 100_000, "XTS", "Asia/Shanghai")
    assert (await cashier.redeem(CODES[0], till="b", key="1", at_ms=OPEN_MS)).reason == "used"


async def test_an_idempotency_key_means_one_request(till: tuple[Ledger, Cashier]) -> None:
    _, cashier = till
    await cashier.redeem(CODES[0], till="a", key="k", at_ms=OPEN_MS)
    with pytest.raises(IdempotencyClash):
        await cashier.redeem(CODES[1], till="a", key="k", at_ms=OPEN_MS)
    with pytest.raises(IdempotencyClash):
        await cashier.roll_back(CODES[0], till="a", key="k", at_ms=OPEN_MS)


async def test_test_money_is_not_taken_outside_a_rehearsal(till: tuple[Ledger, Cashier]) -> None:
    ledger, _ = till
    strict = Cashier(ledger, KEYS.codes, rehearsal=False)
    assert (await strict.redeem(CODES[0], till="a", key="k", at_ms=OPEN_MS)).reason == "test_money"


async def test_a_draw_is_not_issued_to_others_a_second_time(till: tuple[Ledger, Cashier]) -> None:
    ledger, cashier = till
    with pytest.raises(ValueError, match="issued to others"):
        await cashier.issue(SPEC, [Award(1, 0, 71), *AWARDS[1:]], START)
    with pytest.raises(ValueError, match="issued to others"):
        await cashier.issue(SPEC, AWARDS[:-1], START)
    assert ledger.book.count == 2 + 2 * len(AWARDS)


async def test_a_transaction_that_fails_leaves_no_row_and_no_trace_in_the_book(
    till: tuple[Ledger, Cashier],
) -> None:
    ledger, cashier = till
    count = ledger.book.count
    good = Row(count + 1, OPEN_MS, 1, 1, 0, 0, "redeem", 2, 100_000, "XTS")
    bad = Row(count + 2, OPEN_MS, 1, 2, 0, 0, "rollback", 2, 500, "XTS")
    with pytest.raises(BadRow, match=f"row {count + 2}"):
        async with ledger.transaction() as db:
            await ledger.add(db, [good, bad])
    await check_ledger(ledger, cashier)
    assert ledger.book.count == count
    assert ledger.book.state((1, 1, 0, 0)) == ("live", 1)


async def test_two_processes_on_one_file_do_not_lose_a_row(
    till: tuple[Ledger, Cashier], tmp_path: Path
) -> None:
    ledger, cashier = till
    other_ledger, other = await opened(tmp_path)
    await cashier.redeem(CODES[0], till="a", key="1", at_ms=OPEN_MS)
    assert (await other.redeem(CODES[0], till="b", key="1", at_ms=OPEN_MS)).reason == "used"
    await other.redeem(CODES[1], till="b", key="2", at_ms=OPEN_MS)
    await check_ledger(ledger, cashier)
    assert ledger.book.count == other_ledger.book.count
    await other_ledger.close()


async def test_a_row_changed_in_the_file_is_found_when_it_is_opened(
    till: tuple[Ledger, Cashier], tmp_path: Path
) -> None:
    ledger, _ = till
    async with ledger.transaction() as db:
        await db.execute(ROW.update().where(ROW.c.seq == 1).values(amount=1))
    with pytest.raises(BadRow):
        await Ledger.open(tmp_path / "ledger.sqlite")


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_no_code_stands_in_the_database(till: tuple[Ledger, Cashier], tmp_path: Path) -> None:
    ledger, cashier = till
    await cashier.redeem(CODES[0], till="a", key="1", at_ms=OPEN_MS)
    await ledger.close()
    stored = everything_in(tmp_path)
    for code in CODES:
        assert code.encode() not in stored
        assert code.replace("-", "").encode() not in stored


async def test_commits_are_durable_before_they_return(till: tuple[Ledger, Cashier]) -> None:
    ledger, _ = till
    async with ledger.transaction() as db:
        assert (await db.exec_driver_sql("PRAGMA synchronous")).scalar_one() == 2  # FULL
        assert (await db.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"
        assert len((await db.execute(select(ROW))).all()) == ledger.book.count


def test_no_row_repeats_skips_or_contradicts() -> None:
    def book() -> Book:
        found = Book()
        for seq, (kind, n, amount) in enumerate(
            [("fund", 0, 500), ("reserve", 0, 500), ("issue", 1, 500)], 1
        ):
            found.add(Row(seq, START, 1, 1, 0, 0, kind, n, amount, "XTS"))
        return found

    for row in [
        Row(4, START, 1, 1, 0, 0, "issue", 1, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "redeem", 2, 500, "XTS"),
        Row(4, START, 1, 1, 0, 0, "redeem", 3, 500, "XTS"),
        Row(4, START, 1, 1, 0, 0, "redeem", 2, 499, "XTS"),
        Row(4, START, 1, 1, 0, 0, "rollback", 2, 500, "XTS"),
        Row(4, START, 1, 1, 0, 0, "fund", 0, 500, "XTS"),
        Row(4, START, 1, 1, 0, 0, "gift", 2, 500, "XTS"),
        Row(4, START, 1, 1, 1, 0, "reserve", 0, 500, "XTS"),
        Row(4, START, 1, 1, 0, 0, "redeem", 2, 500, "CNY"),
    ]:
        found = book()
        before = (found.count, found.tip, dict(found.states))
        with pytest.raises(BadRow, match=f"row {row.seq}"):
            found.add(row)
        assert (found.count, found.tip, found.states) == before
    assert all(equation.holds for equation in book().equations())


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
def test_a_code_is_read_however_it_is_typed_and_not_when_mistyped(voucher: bytes, key: bytes) -> None:
    code = voucher_code(key, voucher)
    assert len(code.replace("-", "")) == 17
    assert read_code(code) == code
    assert read_code(code.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == code
    wrong = code[:-3] + ("2" if code[-3] != "2" else "3") + code[-2:]
    assert read_code(wrong) is None
    assert voucher_code(key, voucher) == code
    assert voucher_code(key, voucher[::-1] + b"x") != code


def test_a_voucher_does_not_print_its_winner(evening: tuple[Path, Told]) -> None:
    voucher = evening[1].issued[1][0]
    assert f"number={voucher.number}" not in repr(voucher)
    assert not hasattr(voucher, "code")
