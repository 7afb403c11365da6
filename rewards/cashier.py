"""From winners to vouchers, from vouchers to tills: every act is rows, each written once.

Issuing reads the draw's result and nothing else, so doing it again changes nothing. At a till the merchant's
idempotency key gives the first answer again, whatever has happened since; roll back is a row, not an
update, so redeem → roll back → redeem are three rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rewards import codes, vouchers
from rewards.books import Equation, Row
from rewards.leaves import TEST_CURRENCY, Leaf, Window
from rewards.ledger import ANSWER, VOUCHER, Ledger
from rewards.vouchers import Answer, Refusal, Voucher


class IdempotencyClash(ValueError):
    """A till's idempotency key that was used for another act or another code."""


@dataclass(frozen=True, slots=True)
class Award:
    """A prize and the viewer who won it."""

    tier: int
    prize: int
    number: int


class Cashier:
    """Issues, redeems, rolls back and expires. code_key: 32 bytes, the operator's."""

    def __init__(self, ledger: Ledger, code_key: bytes, *, rehearsal: bool) -> None:
        self._ledger = ledger
        self._code_key = code_key
        self._rehearsal = rehearsal

    async def fund(self, db: AsyncConnection, spec: Leaf, at_ms: int) -> None:
        """Puts each tier's budget on the books, in the transaction that writes the spec."""
        first = self._ledger.book.count + 1
        await self._ledger.add(
            db,
            [
                Row(
                    first + at,
                    at_ms,
                    spec["draw"],
                    prize["tier"],
                    0,
                    0,
                    "fund",
                    0,
                    _budget(prize),
                    prize["currency"],
                )
                for at, prize in enumerate(spec["prizes"])
            ],
        )

    async def issue(self, spec: Leaf, awards: Sequence[Award], at_ms: int) -> list[Voucher]:
        """The vouchers of a draw's winners: reserved and issued, both rows each, in one step; or as they were
        issued before. ValueError if other vouchers of this draw stand than these awards give."""
        tiers = {prize["tier"]: prize for prize in spec["prizes"]}
        window = Window(**spec["window"])
        found = [
            Voucher(
                vouchers.voucher_id(spec["draw"], award.tier, award.prize, 0),
                award.number,
                spec["draw"],
                award.tier,
                award.prize,
                0,
                tiers[award.tier]["name"],
                tiers[award.tier]["amount"],
                tiers[award.tier]["currency"],
                window,
            )
            for award in awards
        ]
        async with self._ledger.transaction() as db:
            query = select(VOUCHER.c.id, VOUCHER.c.number).where(VOUCHER.c.draw == spec["draw"])
            stand = {row.id: row.number for row in await db.execute(query)}
            if stand:
                if stand != {voucher.id: voucher.number for voucher in found}:
                    raise ValueError(f"draw {spec['draw']} was issued to others before")
                return found
            await self._ledger.add(db, self._issuing(found, at_ms))
            if found:
                await db.execute(insert(VOUCHER), [self._values(voucher) for voucher in found])
        return found

    def _issuing(self, issued: Iterable[Voucher], at_ms: int) -> list[Row]:
        rows: list[Row] = []
        for voucher in issued:
            for n, kind in enumerate(("reserve", "issue")):
                seq = self._ledger.book.count + len(rows) + 1
                rows.append(_row(voucher, seq, at_ms, kind, n))
        return rows

    def _values(self, voucher: Voucher) -> dict[str, object]:
        code = codes.voucher_code(self._code_key, voucher.id)
        return {
            "id": voucher.id,
            "draw": voucher.draw,
            "tier": voucher.tier,
            "prize": voucher.prize,
            "alternate": voucher.alternate,
            "number": voucher.number,
            "valid_from_ms": voucher.window.valid_from_ms,
            "valid_until_ms": voucher.window.valid_until_ms,
            "zone": voucher.window.zone,
            "lookup": codes.code_lookup(self._code_key, code),
        }

    async def redeem(self, code: str, *, till: str, key: str, at_ms: int) -> Answer:
        """Takes a voucher at a till. key: the till's idempotency key; IdempotencyClash if it is reused."""
        return await self._at_till("redeem", code, till, key, at_ms)

    async def roll_back(self, code: str, *, till: str, key: str, at_ms: int) -> Answer:
        """Gives a redeemed voucher back to its holder."""
        return await self._at_till("rollback", code, till, key, at_ms)

    async def _at_till(self, act: str, code: str, till: str, key: str, at_ms: int) -> Answer:
        # An unreadable code is looked up like any other, so that it is refused like any other.
        lookup = codes.code_lookup(self._code_key, codes.read_code(code) or "")
        async with self._ledger.transaction() as db:
            first = (
                (await db.execute(select(ANSWER).where(ANSWER.c.till == till, ANSWER.c.key == key)))
                .mappings()
                .first()
            )
            if first is not None:
                if (first["act"], first["lookup"]) != (act, lookup):
                    raise IdempotencyClash("this key was used for another request")
                return Answer(*(first[name] for name in Answer.__dataclass_fields__))
            answer = await self._decide(db, act, lookup, at_ms)
            values = {name: getattr(answer, name) for name in Answer.__dataclass_fields__}
            await db.execute(
                insert(ANSWER).values(till=till, key=key, act=act, lookup=lookup, at_ms=at_ms, **values)
            )
        return answer

    async def _decide(self, db: AsyncConnection, act: str, lookup: bytes, at_ms: int) -> Answer:
        held = (await db.execute(select(VOUCHER).where(VOUCHER.c.lookup == lookup))).mappings().first()
        if held is None:
            return Answer("refused", Refusal.UNKNOWN, 0, "", "")
        book = self._ledger.book
        subject = (held["draw"], held["tier"], held["prize"], held["alternate"])
        state, n, amount, currency = book.states[subject]
        window = Window(held["valid_from_ms"], held["valid_until_ms"], held["zone"])
        reason = _refusal(act, state, window, at_ms)
        if currency == TEST_CURRENCY and not self._rehearsal:
            reason = Refusal.TEST_MONEY
        if reason is not None:
            return Answer("refused", reason, 0, "", window.zone)
        await self._ledger.add(db, [Row(book.count + 1, at_ms, *subject, act, n + 1, amount, currency)])
        return Answer("done", "", amount, currency, window.zone)

    async def expire(self, at_ms: int) -> int:
        """Expires every live voucher whose window has ended; returns how many."""
        async with self._ledger.transaction() as db:
            book = self._ledger.book
            query = select(VOUCHER).where(VOUCHER.c.valid_until_ms <= at_ms)
            query = query.order_by(VOUCHER.c.draw, VOUCHER.c.tier, VOUCHER.c.prize, VOUCHER.c.alternate)
            rows: list[Row] = []
            for held in (await db.execute(query)).mappings():
                subject = (held["draw"], held["tier"], held["prize"], held["alternate"])
                state, n, amount, currency = book.states[subject]
                if state == "live":
                    seq = book.count + len(rows) + 1
                    rows.append(Row(seq, at_ms, *subject, "expire", n + 1, amount, currency))
            await self._ledger.add(db, rows)
        return len(rows)

    async def equations(self, results: Mapping[int, tuple[Leaf, int]]) -> list[Equation]:
        """The book's equations, and per draw: payouts = winning ranks, and no viewer above the cap.

        results: draw -> (its spec, winners its result names).
        """
        async with self._ledger.transaction() as db:
            found = self._ledger.book.equations()
            for draw, (spec, winners) in sorted(results.items()):
                query = select(VOUCHER.c.number).where(VOUCHER.c.draw == draw)
                numbers = Counter((await db.execute(query)).scalars())
                issued = sum(numbers.values())
                currency = spec["prizes"][0]["currency"]
                most, cap = max(numbers.values(), default=0), spec["cap"]["prizes"]
                found += [
                    Equation(
                        "payouts = winning ranks", draw, 0, currency, issued, winners, issued in (0, winners)
                    ),
                    Equation("prizes of one viewer <= cap", draw, 0, currency, most, cap, most <= cap),
                ]
        return found


def _budget(prize: Mapping[str, int]) -> int:
    return prize["count"] * prize["amount"]


def _row(voucher: Voucher, seq: int, at_ms: int, kind: str, n: int) -> Row:
    subject = (voucher.draw, voucher.tier, voucher.prize, voucher.alternate)
    return Row(seq, at_ms, *subject, kind, n, voucher.amount, voucher.currency)


def _refusal(act: str, state: str, window: Window, at_ms: int) -> Refusal | None:
    if act == "rollback":
        return None if state == "redeemed" else Refusal.NOT_REDEEMED
    if state == "redeemed":
        return Refusal.USED
    if state != "live" or at_ms >= window.valid_until_ms:
        return Refusal.EXPIRED
    return None if window.holds(at_ms) else Refusal.NOT_YET
