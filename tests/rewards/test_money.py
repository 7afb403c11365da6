"""Vouchers and rows on a real database: issued, claimed, redeemed, passed on, returned, closed, told again.

What must hold in any order of events is in `test_payouts`; here stand the single sentences.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from rewards.keeping.register import Register
from rewards.money.address import BadUrl
from rewards.money.books import BadRow, Book, Row
from rewards.money.cashier import Cashier, IdempotencyClash
from rewards.money.codes import read_code, voucher_code
from rewards.money.ledger import METADATA, ROW, Ledger
from rewards.money.vouchers import IssuingIds, Voucher, row_id
from rewards.rules.history import BrokenHistory
from tests.rewards import databases
from tests.rewards.evening import DATES, KEYS, START, WINDOW, Told, begin, spec

OPEN_MS, SHUT_MS = WINDOW.valid_from_ms, WINDOW.valid_until_ms


@pytest.fixture
async def till(drawn: Path, tmp_path: Path) -> AsyncIterator[tuple[Register, list[Voucher]]]:
    """The books of an evening whose draw 1 is issued: Gold, then six times Silver; and its vouchers."""
    shutil.copytree(drawn, tmp_path / "register")
    register = await begin(tmp_path / "register")
    yield register, await register.issue(1, at_ms=START)
    await register.close()


def code(voucher: Voucher) -> str:
    return voucher_code(KEYS.codes, voucher.id)


async def all_hold(register: Register) -> None:
    assert [equation for equation in await register.equations() if not equation.holds] == []


async def test_every_refusal_says_why_names_the_zone_and_changes_nothing(
    till: tuple[Register, list[Voucher]],
) -> None:
    register, (gold, silver, *_) = till
    cashier, ledger = register.cashier, register._ledger
    zone = (WINDOW.zone, OPEN_MS, SHUT_MS)

    async def refused(act: str, shown: str, at_ms: int) -> str:
        count = ledger.book.count
        answer = await getattr(cashier, act)(shown, till="a", key=f"{act}{shown}{at_ms}", at_ms=at_ms)
        assert (answer.status, answer.amount, answer.currency) == ("refused", 0, "")
        known = (answer.zone, answer.valid_from_ms, answer.valid_until_ms)
        assert known == (("", 0, 0) if answer.reason == "unknown" else zone)
        assert ledger.book.count == count
        return str(answer.reason)

    foreign = voucher_code(b"f" * 32, b"v" * 16)
    assert await refused("redeem", foreign, OPEN_MS) == "unknown"
    assert await refused("redeem", "not a code", OPEN_MS) == "unknown"
    assert await refused("redeem", code(gold), OPEN_MS - 1) == "not_yet"
    assert await refused("redeem", code(gold), SHUT_MS) == "expired"
    assert await refused("roll_back", code(gold), OPEN_MS) == "not_redeemed"
    typed = code(gold).lower().replace("-", " ")
    done = await cashier.redeem(typed, till="a", key="1", at_ms=OPEN_MS)
    assert (done.status, done.amount, done.currency) == ("done", 100_000, "XTS")
    assert (done.zone, done.valid_from_ms, done.valid_until_ms) == zone
    assert await refused("redeem", code(gold), OPEN_MS) == "used"
    await cashier.roll_back(code(gold), till="a", key="2", at_ms=OPEN_MS)
    assert (await cashier.redeem(code(gold), till="b", key="3", at_ms=OPEN_MS)).status == "done"
    await register.payouts.do_due(at_ms=DATES[0])
    assert await refused("redeem", code(silver), DATES[0]) == "expired"
    await register.payouts.do_due(at_ms=SHUT_MS)
    assert await refused("roll_back", code(gold), SHUT_MS) == "closed"
    await all_hold(register)


async def test_an_idempotency_key_means_one_request_and_its_first_answer(
    till: tuple[Register, list[Voucher]],
) -> None:
    register, (gold, silver, *_) = till
    cashier = register.cashier
    first = await cashier.redeem(code(gold), till="a", key="k", at_ms=OPEN_MS)
    await cashier.roll_back(code(gold), till="a", key="l", at_ms=OPEN_MS)
    assert await cashier.redeem(code(gold), till="a", key="k", at_ms=OPEN_MS + 1) == first
    assert (await register.payouts.vouchers(1))[0].state == "claimed"
    with pytest.raises(IdempotencyClash):
        await cashier.redeem(code(silver), till="a", key="k", at_ms=OPEN_MS)
    with pytest.raises(IdempotencyClash):
        await cashier.roll_back(code(gold), till="a", key="k", at_ms=OPEN_MS)


async def test_a_claim_is_its_owner_s_and_keeps_the_voucher_from_passing_on(
    till: tuple[Register, list[Voucher]],
) -> None:
    register, (gold, *silvers) = till
    cashier = register.cashier
    assert gold.claim_until_ms == DATES[0]
    stranger = await cashier.claim(gold.id, number=gold.number + 1, at_ms=START)
    assert (stranger.status, stranger.reason) == ("refused", "unknown")
    for _ in range(2):
        assert (await cashier.claim(gold.id, number=gold.number, at_ms=START)).status == "done"
    late = await cashier.claim(silvers[0].id, number=silvers[0].number, at_ms=DATES[0])
    assert (late.status, late.reason) == ("refused", "expired")
    await register.payouts.pass_on(1, 1, at_ms=DATES[0])
    stand = {(one.tier, one.prize, one.alternate): one for one in await register.payouts.vouchers(1)}
    assert stand[1, 0, 0].state == "claimed"
    assert stand[1, 0, 0].claim_until_ms == 0
    drawn = register._scores_of(1).drawn()
    won = {winner.number for winner in drawn.winners}
    heirs = [one for one in drawn.alternates if one.tier == 2 and one.number not in won]
    assert [stand[2, prize, 0].state for prize in range(6)] == [
        "passed" if prize < len(heirs) else "returned" for prize in range(6)
    ]
    assert [stand[2, prize, 1].number for prize in range(len(heirs))] == [heir.number for heir in heirs]
    assert {one.state for one in stand.values() if one.alternate} == {"live"}
    assert stand[2, 0, 1].claim_until_ms == DATES[1]
    await all_hold(register)


async def test_test_money_is_not_taken_outside_a_rehearsal(till: tuple[Register, list[Voucher]]) -> None:
    register, (gold, *_) = till
    strict = Cashier(register._ledger, KEYS.codes, rehearsal=False)
    assert (await strict.redeem(code(gold), till="a", key="k", at_ms=OPEN_MS)).reason == "test_money"
    assert (await strict.claim(gold.id, number=gold.number, at_ms=OPEN_MS)).reason == "test_money"


async def test_acts_out_of_time_or_order_are_refused_and_write_nothing(
    till: tuple[Register, list[Voucher]],
) -> None:
    register, _ = till
    payouts, count = register.payouts, register._ledger.book.count
    acts: list[Callable[[], Awaitable[Any]]] = [
        lambda: payouts.pass_on(1, 1, at_ms=DATES[0] - 1),
        lambda: payouts.pass_on(1, 2, at_ms=DATES[1]),
        lambda: payouts.pass_on(2, 1, at_ms=DATES[0]),  # drawn, but not issued
        lambda: payouts.pass_on(3, 1, at_ms=DATES[0]),
        lambda: payouts.close_out(1, at_ms=SHUT_MS - 1),
        lambda: payouts.close_out(3, at_ms=SHUT_MS),
    ]
    for early in acts:
        with pytest.raises(BrokenHistory):
            await early()
    with pytest.raises(ValueError, match="ISSUED holds"):
        await payouts.close_out(1, at_ms=SHUT_MS)
    assert await payouts.expire(at_ms=SHUT_MS) == 0  # its dates come first
    assert register._ledger.book.count == count
    await all_hold(register)


async def test_a_draw_is_not_issued_to_others_a_second_time(till: tuple[Register, list[Voucher]]) -> None:
    register, issued = till
    awards = register.payouts._awards(await register.payouts._draw(1))
    spec = register._journal.history.draws[1].spec
    assert await register.cashier.issue(spec, awards, START) == issued
    for other in (awards[:-1], [*awards[1:], awards[0]][:-1], []):
        with pytest.raises(ValueError, match="issued to others"):
            await register.cashier.issue(spec, other, START)


async def test_a_transaction_that_fails_leaves_no_row_and_no_trace_in_the_book(
    till: tuple[Register, list[Voucher]],
) -> None:
    register, _ = till
    ledger = register._ledger
    count = ledger.book.count
    good = Row(count + 1, OPEN_MS, 1, 1, 0, 0, "claim", 2, 100_000, "XTS")
    bad = Row(count + 2, OPEN_MS, 1, 2, 0, 0, "rollback", 2, 500, "XTS")
    with pytest.raises(BadRow, match=f"row {count + 2}"):
        async with ledger.transaction() as db:
            await ledger.add(db, [good, bad])
    await all_hold(register)
    assert ledger.book.count == count
    assert ledger.book.state((1, 1, 0, 0)) == ("live", 1)


async def test_two_processes_on_one_ledger_do_not_lose_a_row(
    till: tuple[Register, list[Voucher]], tmp_path: Path
) -> None:
    register, (gold, silver, *_) = till
    other = await begin(tmp_path / "register")
    await register.cashier.redeem(code(gold), till="a", key="1", at_ms=OPEN_MS)
    assert (await other.cashier.redeem(code(gold), till="b", key="1", at_ms=OPEN_MS)).reason == "used"
    await other.cashier.redeem(code(silver), till="b", key="2", at_ms=OPEN_MS)
    await other.payouts.pass_on(1, 1, at_ms=DATES[0])
    await register.payouts.pass_on(1, 1, at_ms=DATES[0])
    await all_hold(register)
    assert register._ledger.book.tip == other._ledger.book.tip
    await other.close()


async def test_a_row_changed_in_the_file_is_found_when_it_is_opened(
    till: tuple[Register, list[Voucher]], tmp_path: Path
) -> None:
    register, _ = till
    async with register._ledger.transaction() as db:
        await db.execute(ROW.update().where(ROW.c.seq == 1).values(amount=1))
    with pytest.raises(BadRow):
        await begin(tmp_path / "register")


async def test_no_code_stands_in_the_database(till: tuple[Register, list[Voucher]]) -> None:
    register, issued = till
    await register.cashier.redeem(code(issued[0]), till="a", key="1", at_ms=OPEN_MS)
    async with register._ledger.transaction() as db:
        stored = [
            value.hex() if isinstance(value, bytes) else str(value)
            for table in METADATA.sorted_tables
            for record in await db.execute(select(table))
            for value in record
        ]
    assert len(stored) > 100
    for shown in map(code, issued):
        for text in (shown, shown.replace("-", "")):
            assert not [value for value in stored if text in value or text.encode().hex() in value]


async def test_commits_are_durable_before_they_return(till: tuple[Register, list[Voucher]]) -> None:
    ledger = till[0]._ledger
    async with ledger.transaction() as db:

        async def asked(text: str) -> object:
            return (await db.exec_driver_sql(text)).scalar_one()

        if db.dialect.name == "postgresql":
            assert await asked("SHOW synchronous_commit") == "on"
            assert await asked("SHOW fsync") == "on"
        else:
            assert await asked("PRAGMA synchronous") == 2  # FULL
            assert await asked("PRAGMA journal_mode") == "wal"
        assert len((await db.execute(select(ROW))).all()) == ledger.book.count


async def test_two_processes_found_one_ledger_and_write_its_first_leaves_at_once(
    till: tuple[Register, list[Voucher]], tmp_path: Path
) -> None:
    postgresql = till[0]._ledger._engine.dialect.name == "postgresql"
    (tmp_path / "new").mkdir()
    if postgresql:
        shutil.copy(tmp_path / "register" / "postgresql", tmp_path / "new")
        await (await Ledger.open(tmp_path / "new" / "ledger.sqlite")).close()
        await databases.url_of(tmp_path / "new")
    both = await asyncio.gather(*(begin(tmp_path / "new") for _ in range(2)))
    await asyncio.gather(*(one.specify(spec(1), at_ms=START) for one in both))
    assert len({one._ledger.book.tip for one in both}) == 1
    assert both[0]._journal.bodies == both[1]._journal.bodies
    for one in both:
        await one.close()


def test_no_row_repeats_skips_or_contradicts() -> None:
    def book() -> Book:
        found = Book()
        for seq, (prize, kind, n, amount) in enumerate(
            [(0, "fund", 0, 1000), (0, "reserve", 0, 500), (0, "issue", 1, 500), (1, "reserve", 0, 500)], 1
        ):
            found.add(Row(seq, START, 1, 1, prize, 0, kind, n, amount, "XTS"))
        return found

    for row in [
        Row(5, START, 1, 1, 0, 0, "issue", 1, 500, "XTS"),
        Row(6, START, 1, 1, 0, 0, "claim", 2, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "claim", 3, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "claim", 2, 499, "XTS"),
        Row(5, START, 1, 1, 0, 0, "claim", 2, 500, "CNY"),
        Row(5, START, 1, 1, 0, 0, "redeem", 2, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "rollback", 2, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "lapse", 2, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "return", 2, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "fund", 0, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "leftover", 0, 1, "XTS"),
        Row(5, START, 1, 2, 0, 0, "leftover", 0, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "gift", 2, 500, "XTS"),
        Row(5, START, 1, 1, 2, 0, "reserve", 0, 500, "XTS"),
        Row(5, START, 1, 1, 0, 1, "promote", 0, 500, "XTS"),
        Row(5, START, 1, 1, 0, 1, "reserve", 0, 500, "XTS"),
        Row(5, START, 1, 1, 0, 0, "pass", 2, 500, "XTS"),
    ]:
        found = book()
        before = (found.count, found.tip, dict(found.states))
        with pytest.raises(BadRow, match=f"row {row.seq}"):
            found.add(row)
        assert (found.count, found.tip, found.states) == before
    assert all(equation.holds for equation in book().equations())


@pytest.mark.parametrize("url", ["mysql://gala:hush@db/gala", "postgresql://gala:hush@db/gala", "hush", ""])
async def test_a_url_of_another_database_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(BadUrl) as refused:
        await Ledger.open(url)
    assert "hush" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_prize_never_has_two_vouchers_that_can_be_spent() -> None:
    book = Book()
    book.add(Row(1, START, 1, 1, 0, 0, "fund", 0, 1000, "XTS"))
    for seq, (alternate, kind, n) in enumerate(
        [(0, "reserve", 0), (0, "issue", 1), (0, "claim", 2), (0, "redeem", 3)], 2
    ):
        book.add(Row(seq, START, 1, 1, 0, alternate, kind, n, 500, "XTS"))
    book.groups[1, 1, "XTS"].balances["ALTERNATE"] = 500  # as if its prize had been passed on as well
    book.add(Row(6, START, 1, 1, 0, 1, "promote", 0, 500, "XTS"))
    book.add(Row(7, START, 1, 1, 0, 1, "issue", 1, 500, "XTS"))
    with pytest.raises(BadRow, match="outstanding voucher"):
        book.add(Row(8, START, 1, 1, 0, 0, "rollback", 4, 500, "XTS"))


@given(st.integers(0, 2**40), st.integers(0, 2**16), st.lists(st.integers(0, 40), min_size=1, max_size=3))
def test_ids_worked_out_together_are_those_worked_out_alone(draw: int, tier: int, counts: list[int]) -> None:
    ids = IssuingIds()
    for count in counts:
        ids.of(draw, tier + 1, count)
        expected = [
            [row_id(draw, tier, prize, 0, kind, n).hex() for prize in range(count)]
            for n, kind in enumerate(("reserve", "issue"))
        ]
        assert list(ids.of(draw, tier, count)) == expected


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
def test_a_code_is_read_however_it_is_typed_and_not_when_mistyped(voucher: bytes, key: bytes) -> None:
    shown = voucher_code(key, voucher)
    assert len(shown.replace("-", "")) == 17
    assert read_code(shown) == shown
    assert read_code(shown.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == shown
    wrong = shown[:-3] + ("2" if shown[-3] != "2" else "3") + shown[-2:]
    assert read_code(wrong) is None
    assert voucher_code(key, voucher) == shown
    assert voucher_code(key, voucher[::-1] + b"x") != shown


def test_a_voucher_does_not_print_its_winner(evening: tuple[Path, Told]) -> None:
    voucher = evening[1].issued[1][0]
    assert f"number={voucher.number}" not in repr(voucher)
    assert "sealed" not in repr(voucher)
    assert not hasattr(voucher, "code")
