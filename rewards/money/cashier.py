"""From winners to vouchers, from vouchers to tills: every act is rows, each written once.

Issuing reads the draw's result and nothing else, so doing it again changes nothing. At a till the merchant's
idempotency key gives the first answer again, whatever has happened since; roll back is a row, not an
update, so redeem → roll back → redeem are three rows. A till that redeems what nobody has claimed claims it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from rewards.money import codes, prizes
from rewards.money.books import OUTSTANDING, UNSETTLED, Equation, Row
from rewards.money.holders import Holders, Imported
from rewards.money.ledger import ANSWER, ROW, VOUCHER, Ledger
from rewards.money.prizes import Prizes
from rewards.money.vouchers import Answer, Refusal, Voucher
from rewards.rules.boxes import Numbers
from rewards.rules.leaves import TEST_CURRENCY, Leaf, Window


class IdempotencyClash(ValueError):
    """A till's idempotency key that was used for another act or another code."""


@dataclass(frozen=True, slots=True)
class Award:
    """A prize, its face value in minor units, and the viewer who won it."""

    tier: int
    prize: int
    number: int = field(repr=False)
    amount: int


@dataclass(frozen=True, slots=True)
class AtTill:
    """What a till asks for. act: `redeem` or `rollback`; key: the till's own, for this act."""

    act: str
    code: str = field(repr=False)
    till: str
    key: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A voucher (its id, 16 bytes) that a viewer wants: a claim, if it is theirs."""

    voucher: bytes
    number: int


class Cashier:
    """Issues, claims, redeems, rolls back, passes on and expires. code_key: 32 bytes, the operator's."""

    def __init__(self, ledger: Ledger, code_key: bytes, *, rehearsal: bool) -> None:
        self._ledger = ledger
        self._code_key = code_key
        self._rehearsal = rehearsal
        self._holders = Holders(ledger, code_key)

    # What the register writes together with a leaf

    async def fund(self, db: AsyncConnection, spec: Leaf, at_ms: int) -> None:
        """Puts each tier's budget on the books, in the transaction that writes the spec."""
        await self._add_of_tiers(db, spec, "fund", _budgets(spec), at_ms)

    async def pass_on(
        self, db: AsyncConnection, won: Prizes, numbers: Numbers, at_ms: int
    ) -> tuple[int, int]:
        """What a fixed date writes (`prizes.date_rows`); its first and last row, last = first - 1 for none.

        won: no alternate of it called yet. numbers: the viewer at each place of the roster.
        """
        draw = won.spec["draw"]
        query = select(ROW.c.tier).where(ROW.c.draw == draw, ROW.c.kind == "promote").order_by(ROW.c.seq)
        for tier in list((await db.execute(query)).scalars()):
            won.call(tier)  # used up on an earlier date
        rows, promoted = prizes.date_rows(self._ledger.book, won, at_ms)
        first = self._ledger.book.count + 1
        await self._ledger.add(db, rows)
        heirs = [(subject, int(numbers[ranked.place])) for subject, ranked in promoted]
        await self._holders.hold(db, won.spec, heirs)
        return first, first + len(rows) - 1

    async def close(self, db: AsyncConnection, spec: Leaf, at_ms: int, *, void: bool) -> Leaf:
        """The last row of a draw, and its totals by currency; a void draw's budget returns first.

        ValueError while money of the draw is neither redeemed nor returned.
        """
        book, draw = self._ledger.book, spec["draw"]
        if void and not book.begun(draw):
            await self._add_of_tiers(db, spec, "leftover", _budgets(spec), at_ms)
        redeemed, returned = dict.fromkeys(spec["budget"], 0), dict.fromkeys(spec["budget"], 0)
        for (tier, currency), sums in book.sums(draw).items():
            for account in UNSETTLED:
                if sums.balances[account]:
                    raise ValueError(f"draw {draw} tier {tier}: {account} holds {sums.balances[account]}")
            redeemed[currency] += sums.balances["REDEEMED"]
            returned[currency] += sums.balances["RETURNED"]
        return {"rows": book.count, "redeemed": redeemed, "returned": returned}

    # Vouchers

    async def issue(self, spec: Leaf, awards: Sequence[Award], at_ms: int) -> list[Voucher]:
        """The vouchers of a draw's winners: reserved and issued, both rows each, and what nobody won
        returned, in one step; or as they were issued before. ValueError if other vouchers of this draw stand
        than these awards give."""
        draw = spec["draw"]
        promised = {(draw, award.tier, award.prize, 0): award for award in awards}
        async with self._ledger.transaction() as db:
            if self._ledger.book.begun(draw):
                found = [one for one in await self._holders.vouchers(db, spec) if one.alternate == 0]
                stand = {(one.draw, one.tier, one.prize, 0): (one.number, one.amount) for one in found}
                if stand != {subject: (award.number, award.amount) for subject, award in promised.items()}:
                    raise ValueError(f"draw {draw} was issued to others before")
                return found
            currencies = {prize["tier"]: prize["currency"] for prize in spec["prizes"]}
            seq = self._ledger.book.count + 1
            await self._ledger.add(
                db,
                (
                    Row(seq + 2 * at + n, at_ms, *subject, kind, n, award.amount, currencies[award.tier])
                    for at, (subject, award) in enumerate(promised.items())
                    for n, kind in enumerate(("reserve", "issue"))
                ),
            )
            left = _budgets(spec)
            for award in awards:
                left[award.tier] -= award.amount
            await self._add_of_tiers(db, spec, "leftover", left, at_ms)
            await self._holders.hold(
                db, spec, [(subject, award.number) for subject, award in promised.items()]
            )
            return [one for one in await self._holders.vouchers(db, spec) if one.alternate == 0]

    async def vouchers(self, spec: Leaf) -> list[Voucher]:
        """Every voucher of a draw as it stands, by tier, prize and alternate."""
        async with self._ledger.transaction() as db:
            return await self._holders.vouchers(db, spec)

    async def changed(self, after: int, most: int) -> tuple[int, list[Voucher]]:
        """The vouchers that rows behind `after` have changed (`Holders.changed`)."""
        async with self._ledger.transaction() as db:
            return await self._holders.changed(db, after, most)

    async def expire(self, draw: int, at_ms: int) -> int:
        """Expires and returns what is live or claimed of a draw whose window has ended; returns how many."""
        async with self._ledger.transaction() as db:
            spec = await self._holders.spec(db, draw)
            if at_ms < spec["window"]["valid_until_ms"] or await self._holders.dates_left(db, spec):
                return 0
            rows = prizes.end_rows(self._ledger.book, draw, at_ms)
            await self._ledger.add(db, rows)
        return len(rows) // 2

    async def equations(self, finished: Iterable[tuple[Leaf, int]]) -> list[Equation]:
        """The book's equations, and per draw: payouts = winning ranks, and no viewer above the cap.

        finished: of each draw with a result its spec and the winners the result names.
        """
        async with self._ledger.transaction() as db:
            found = self._ledger.book.equations()
            for spec, winners in finished:
                draw, currency, cap = spec["draw"], spec["prizes"][0]["currency"], spec["cap"]["prizes"]
                paid, most = await self._holders.most(db, spec)
                all_paid = paid == (winners if self._ledger.book.begun(draw) else 0)
                found += [
                    Equation("payouts = winning ranks", draw, 0, currency, paid, winners, all_paid),
                    Equation("prizes of one viewer <= cap", draw, 0, currency, most, cap, most <= cap),
                ]
        return found

    # Whoever holds a voucher, and the till

    async def claim(self, voucher: bytes, *, number: int, at_ms: int) -> Answer:
        """Says for its owner that a voucher is wanted, so that no fixed date passes it on. Again: done."""
        (answer,) = await self.serve([Wanted(voucher, number)], at_ms=at_ms)
        assert answer is not None, "only keys of tills can clash"
        return answer

    async def redeem(self, code: str, *, till: str, key: str, at_ms: int) -> Answer:
        """Takes a voucher at a till. key: the till's idempotency key; IdempotencyClash if it is reused."""
        return await self._one("redeem", code, till, key, at_ms)

    async def roll_back(self, code: str, *, till: str, key: str, at_ms: int) -> Answer:
        """Gives a redeemed voucher back to its holder."""
        return await self._one("rollback", code, till, key, at_ms)

    async def _one(self, act: str, code: str, till: str, key: str, at_ms: int) -> Answer:
        (answer,) = await self.serve([AtTill(act, code, till, key)], at_ms=at_ms)
        if answer is None:
            raise IdempotencyClash("this key was used for another request")
        return answer

    async def serve(self, asked: Sequence[AtTill | Wanted], *, at_ms: int) -> list[Answer | None]:
        """The answers to several, each done after the one before, all in one durable step; None where a
        till's key was used for another request."""
        async with self._ledger.transaction() as db:
            return [
                await self._at_till(db, one, at_ms)
                if isinstance(one, AtTill)
                else await self._claim(db, one, at_ms)
                for one in asked
            ]

    async def find(self, code: str) -> Voucher | None:
        """The voucher of a code, our own or a partner's."""
        async with self._ledger.transaction() as db:
            held = await self._holders.held(db, code)
            if held is None:
                return None
            spec = await self._holders.spec(db, held["draw"])
            return (await self._holders.vouchers(db, spec, held["id"]))[0]

    def code_of(self, voucher: Voucher) -> str:
        """What its owner shows at a till."""
        return codes.shown(self._code_key, voucher.id, voucher.sealed_code)

    async def _claim(self, db: AsyncConnection, one: Wanted, at_ms: int) -> Answer:
        query = select(VOUCHER).where(VOUCHER.c.id == one.voucher, VOUCHER.c.number == one.number)
        return await self._decide(db, "claim", (await db.execute(query)).mappings().first(), at_ms)

    async def _at_till(self, db: AsyncConnection, one: AtTill, at_ms: int) -> Answer | None:
        # An unreadable code is looked up like any other, so that it is refused like any other.
        lookup = codes.typed_lookup(self._code_key, one.code)
        query = select(ANSWER).where(ANSWER.c.till == one.till, ANSWER.c.key == one.key)
        first = (await db.execute(query)).mappings().first()
        if first is not None:
            if (first["act"], first["lookup"]) != (one.act, lookup):
                return None
            return Answer(*(first[name] for name in Answer.__dataclass_fields__))
        answer = await self._decide(db, one.act, await self._holders.held(db, one.code), at_ms)
        values = {name: getattr(answer, name) for name in Answer.__dataclass_fields__}
        row = {"till": one.till, "key": one.key, "act": one.act, "lookup": lookup, "at_ms": at_ms}
        await db.execute(insert(ANSWER).values(**row, **values))
        return answer

    async def _decide(self, db: AsyncConnection, act: str, held: RowMapping | None, at_ms: int) -> Answer:
        if held is None:
            return Answer("refused", Refusal.UNKNOWN, 0, "", "", 0, 0)
        book = self._ledger.book
        subject = (held["draw"], held["tier"], held["prize"], held["alternate"])
        state, n, amount, currency = book.states[subject]
        spec = await self._holders.spec(db, held["draw"])
        window = Window(**spec["window"])
        reason = _refusal(act, state, window, at_ms)
        if reason is None and currency == TEST_CURRENCY and not self._rehearsal:
            reason = Refusal.TEST_MONEY
        if (
            reason is None
            and state == "live"
            and min(await self._holders.dates_left(db, spec), default=at_ms + 1) <= at_ms
        ):
            reason = Refusal.EXPIRED  # the date has come, and its rows are about to be written
        if reason is None and act == "rollback" and await self._holders.closed(db, held["draw"]):
            reason = Refusal.CLOSED
        if reason is not None:
            return Answer("refused", reason, 0, "", window.zone, window.valid_from_ms, window.valid_until_ms)
        kinds = ["claim"] if state == "live" else []
        kinds += [act] if act != "claim" else []
        rows = [
            Row(book.count + at, at_ms, *subject, kind, n + at, amount, currency)
            for at, kind in enumerate(kinds, 1)
        ]
        await self._ledger.add(db, rows)
        return Answer("done", "", amount, currency, window.zone, window.valid_from_ms, window.valid_until_ms)

    async def import_codes(
        self, spec: Leaf, tier: int, content: bytes, *, skip_bad: bool = False
    ) -> Imported:
        """Stores a partner's codes for the vouchers of a tier to come (`Holders.import_codes`)."""
        return await self._holders.import_codes(spec, tier, content, skip_bad=skip_bad)

    # Inside a transaction

    async def _add_of_tiers(
        self, db: AsyncConnection, spec: Leaf, kind: str, amounts: Mapping[int, int], at_ms: int
    ) -> None:
        """A row of each tier that has an amount."""
        first = self._ledger.book.count + 1
        some = [prize for prize in spec["prizes"] if amounts[prize["tier"]]]
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
                    kind,
                    0,
                    amounts[prize["tier"]],
                    prize["currency"],
                )
                for at, prize in enumerate(some)
            ],
        )


def _budgets(spec: Leaf) -> dict[int, int]:
    return {prize["tier"]: prizes.budget_of(prize) for prize in spec["prizes"]}


def _refusal(act: str, state: str, window: Window, at_ms: int) -> Refusal | None:
    if act == "rollback":
        return None if state == "redeemed" else Refusal.NOT_REDEEMED
    if state == "redeemed":
        return Refusal.USED
    if state not in OUTSTANDING or at_ms >= window.valid_until_ms:
        return Refusal.EXPIRED
    return Refusal.NOT_YET if act == "redeem" and not window.holds(at_ms) else None
