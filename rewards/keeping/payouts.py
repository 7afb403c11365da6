"""From a finished draw to closed books: what the notary, or a process without a show, does with its money.

Every method may be called again after a crash and writes nothing twice; each act is one durable step, a leaf
and the rows it speaks of in one transaction.
"""

import asyncio
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from rewards.evidence import bundle
from rewards.keeping.journal import Journal
from rewards.money import dues, prizes
from rewards.money.books import Equation
from rewards.money.cashier import Award, Cashier
from rewards.money.dues import Act, Due
from rewards.money.holders import Imported
from rewards.money.ledger import Ledger
from rewards.money.vouchers import Voucher
from rewards.rules import boxes
from rewards.rules.boxes import Numbers
from rewards.rules.history import BrokenHistory, Draw
from rewards.rules.leaves import Leaf


class Payouts:
    """One evening's money. folder, turn: the register's; methods may be called from any task."""

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        ledger: Ledger,
        cashier: Cashier,
        turn: asyncio.Lock,
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._ledger = ledger
        self._cashier = cashier
        self._turn = turn

    async def issue(self, draw: int, *, at_ms: int) -> list[Voucher]:
        """One voucher for each winning rank, in the order of tiers and prizes; what nobody won returns."""
        async with self._turn:
            return await self._issue(draw, at_ms)

    async def pass_on(self, draw: int, date: int, *, at_ms: int) -> tuple[int, int]:
        """What a fixed date (from 1) of a draw asks: each voucher that nobody claimed expires, and its prize
        passes on to the next alternate, or returns. The first and the last row; last = first - 1 for none.

        BrokenHistory before its time, before the issue, and out of order.
        """
        async with self._turn:
            return await self._pass_on(draw, date, at_ms)

    async def expire(self, *, at_ms: int) -> int:
        """Expires and returns what was not redeemed where the window has ended and the dates are done.

        Returns how many vouchers.
        """
        async with self._turn:
            await self._journal.catch_up()
            return sum([await self._cashier.expire(draw, at_ms) for draw in self._journal.history.draws])

    async def close_out(self, draw: int, *, at_ms: int) -> Leaf:
        """The last leaf of a draw: all its money was redeemed or has returned, a void draw's with this leaf.

        BrokenHistory before the end of its window; ValueError while a voucher is outstanding.
        """
        async with self._turn:
            return await self._close_out(draw, at_ms)

    async def do_due(self, *, at_ms: int) -> list[Due]:
        """Does all that is due by now (`dues.due`), and returns it in the order in which it was done."""
        done: list[Due] = []
        async with self._turn:
            while True:
                await self._journal.catch_up()
                found = dues.due(self._journal.history, self._ledger.book, at_ms)
                if not found:
                    return done
                for one in found:
                    await self._do(one, at_ms)
                done += found

    async def vouchers(self, draw: int) -> list[Voucher]:
        """Every voucher of a finished draw as it stands, by tier, prize and alternate."""
        async with self._turn:
            return await self._cashier.vouchers((await self._draw(draw)).spec)

    async def import_codes(self, draw: int, tier: int, content: bytes, *, skip_bad: bool = False) -> Imported:
        """Stores a partner's codes (a CSV file) for a tier's vouchers to come (`Holders.import_codes`)."""
        async with self._turn:
            await self._journal.catch_up()
            if draw not in self._journal.history.draws:
                raise BrokenHistory(f"draw {draw} was not specified")
            spec = self._journal.history.draws[draw].spec
            return await self._cashier.import_codes(spec, tier, content, skip_bad=skip_bad)

    # Inside a turn

    async def equations(self) -> list[Equation]:
        """Every equation of the ledger, as it stands now; the caller holds the turn."""
        await self._journal.catch_up()
        return await self._cashier.equations(
            (draw.spec, sum(tier["winners"] for tier in draw.stages["result"]["tiers"]))
            for draw in self._journal.history.draws.values()
            if "result" in draw.stages
        )

    async def _do(self, one: Due, at_ms: int) -> None:
        if one.act == Act.ISSUE:
            await self._issue(one.draw, at_ms)
        elif one.act == Act.NEXT_DATE:
            await self._pass_on(one.draw, one.date, at_ms)
        elif one.act == Act.EXPIRE:
            await self._cashier.expire(one.draw, at_ms)
        else:
            await self._close_out(one.draw, at_ms)

    async def _issue(self, draw: int, at_ms: int) -> list[Voucher]:
        found = await self._draw(draw)
        return await self._cashier.issue(found.spec, self._awards(found), at_ms)

    def _awards(self, draw: Draw) -> list[Award]:
        won, numbers = self._prizes(draw), self._numbers(draw)
        return [
            Award(result.tier, prize, number, face)
            for result in won.results
            for prize, (number, face) in enumerate(
                zip(numbers[result.winners.places].tolist(), won.faces[result.tier], strict=True)
            )
        ]

    async def _pass_on(self, draw: int, date: int, at_ms: int) -> tuple[int, int]:
        found = await self._draw(draw)
        if not self._ledger.book.begun(draw):
            raise BrokenHistory(f"draw {draw}: date {date} before its vouchers were issued")
        numbers = self._numbers(found)

        async def write(db: AsyncConnection) -> Leaf:
            first, last = await self._cashier.pass_on(db, self._prizes(found), numbers, at_ms)
            return {"first": first, "last": last}

        head = self._head(found, "alternate") | {"date": date}
        leaf = await self._journal.append_with_rows(head, at_ms, write)
        return leaf["first"], leaf["last"]

    async def _close_out(self, draw: int, at_ms: int) -> Leaf:
        found = await self._draw(draw, ended=True)
        void = "void" in found.stages
        if not void and at_ms < found.spec["window"]["valid_until_ms"]:
            raise BrokenHistory(f"draw {draw}: its window has not ended")

        async def write(db: AsyncConnection) -> Leaf:
            return await self._cashier.close(db, found.spec, at_ms, void=void)

        return await self._journal.append_with_rows(self._head(found, "close-out"), at_ms, write)

    async def _draw(self, draw: int, *, ended: bool = False) -> Draw:
        """A draw with a result; with ended, a void one will do."""
        await self._journal.catch_up()
        found = self._journal.history.draws.get(draw)
        if found is None or not ("result" in found.stages or (ended and "void" in found.stages)):
            raise BrokenHistory(f"draw {draw} has no result yet")
        return found

    def _prizes(self, draw: Draw) -> prizes.Prizes:
        return prizes.read_prizes(draw, lambda path: (self._folder / path).read_bytes())

    def _numbers(self, draw: Draw) -> Numbers:
        """The viewer at each place of the roster."""
        number = draw.spec["draw"]
        return boxes.read_numbers(self._folder / "private" / bundle.draw_path(number, "roster.bin"))

    @staticmethod
    def _head(draw: Draw, kind: str) -> Leaf:
        return {"schema": f"gala/{kind}/1", "draw": draw.spec["draw"], "draw_id": draw.spec["draw_id"]}
