"""Who holds which voucher, by which code: the tables that are private to the operator.

States and amounts are the book's, folded from the rows; here stand the viewer's number, the HMAC of the code,
and the codes of partners, encrypted, which the vouchers of a tier take one by one as they are issued.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from rewards.log import canonical
from rewards.money import codes, vouchers
from rewards.money.books import OF_A_TIER, Subject
from rewards.money.ledger import CODE, LEAF, ROW, VOUCHER, Ledger
from rewards.money.vouchers import Voucher
from rewards.rules.leaves import Leaf, Window


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a partner's list. rows: how many it has; stored: of them; held: codes of this tier there
    are now; needed: one for each prize and alternate; faults: (line, what is wrong), never the code."""

    rows: int
    stored: int
    held: int
    needed: int
    faults: list[tuple[int, str]]


class Holders:
    """The tables of one ledger; methods with `db` run in its transaction. code_key: 32 bytes, secret."""

    def __init__(self, ledger: Ledger, code_key: bytes) -> None:
        self._ledger = ledger
        self._code_key = code_key
        self._specs: dict[int, Leaf] = {}  # as the log has them, which never changes; written by `spec`

    async def import_codes(
        self, spec: Leaf, tier: int, content: bytes, *, skip_bad: bool = False
    ) -> Imported:
        """Stores a partner's codes for the vouchers of a tier to come, in the order of the list: all of them,
        or none if a row is bad; with skip_bad, the good ones. BadList if it is no list of codes."""
        listed = codes.read_list(content)
        prize = next((prize for prize in spec["prizes"] if prize["tier"] == tier), None)
        if prize is None:
            raise ValueError(f"draw {spec['draw']} has no tier {tier}")
        lookups = [codes.partner_lookup(self._code_key, row.code) for row in listed]
        mine = (CODE.c.draw == spec["draw"]) & (CODE.c.tier == tier)
        async with self._ledger.transaction() as db:
            known = set((await db.execute(select(CODE.c.lookup))).scalars())
            held = (await db.execute(select(func.count()).select_from(CODE).where(mine))).scalar_one()
            faults: list[tuple[int, str]] = []
            records: list[tuple[int, int, int, bytes, bytes]] = []
            for row, lookup in zip(listed, lookups, strict=True):
                fault = row.fault or ("a code that was imported before" if lookup in known else "")
                if fault:
                    faults.append((row.line, fault))
                else:
                    sealed = codes.seal(self._code_key, row.code)
                    records.append((spec["draw"], tier, held + len(records), lookup, sealed))
            if faults and not skip_bad:
                records = []
            await self._ledger.put(db, CODE, ("draw", "tier", "at", "lookup", "sealed"), records)
        needed = prize["count"] + prize["alternates"]
        return Imported(len(listed), len(records), held + len(records), needed, faults)

    async def hold(self, db: AsyncConnection, spec: Leaf, holders: Sequence[tuple[Subject, int]]) -> None:
        """Writes down whose each new voucher is, and hands it the next unused code of a partner's, if any."""
        if not holders:
            return
        records, taken = [], []
        unused: dict[int, list[int]] = {}
        query = select(CODE.c.tier, CODE.c.at).where(CODE.c.draw == spec["draw"], CODE.c.voucher.is_(None))
        for tier, at in await db.execute(query.order_by(CODE.c.at.desc())):
            unused.setdefault(tier, []).append(at)
        for subject, number in holders:
            draw, tier, *_ = subject
            name = vouchers.voucher_id(*subject)
            shown = codes.voucher_code(self._code_key, name)
            records.append((name, *subject, number, codes.code_lookup(self._code_key, shown)))
            if unused.get(tier):
                taken.append({"of_draw": draw, "of_tier": tier, "of_at": unused[tier].pop(), "name": name})
        columns = ("id", "draw", "tier", "prize", "alternate", "number", "lookup")
        await self._ledger.put(db, VOUCHER, columns, records)
        if taken:
            same = (CODE.c.draw == bindparam("of_draw")) & (CODE.c.tier == bindparam("of_tier"))
            same &= CODE.c.at == bindparam("of_at")
            await db.execute(update(CODE).where(same).values(voucher=bindparam("name")), taken)

    async def vouchers(self, db: AsyncConnection, spec: Leaf, only: bytes | None = None) -> list[Voucher]:
        """Every voucher of a draw as it stands, by tier, prize and alternate; with an id, only that one."""
        of_it = VOUCHER.c.draw == spec["draw"]
        return await self._vouchers(db, spec, of_it if only is None else of_it & (VOUCHER.c.id == only))

    async def changed(self, db: AsyncConnection, after: int, most: int) -> tuple[int, list[Voucher]]:
        """The vouchers of the rows behind row `after`, as they stand now, and the last of these rows; at most
        so many rows are looked at."""
        columns = (ROW.c.seq, ROW.c.kind, ROW.c.draw, ROW.c.tier, ROW.c.prize, ROW.c.alternate)
        query = select(*columns).where(ROW.c.seq > after).order_by(ROW.c.seq).limit(most)
        names: dict[int, set[bytes]] = {}
        for seq, kind, *subject in await db.execute(query):
            after = seq
            if kind not in OF_A_TIER:
                names.setdefault(subject[0], set()).add(vouchers.voucher_id(*subject))
        found: list[Voucher] = []
        for draw, some in sorted(names.items()):
            spec = await self.spec(db, draw)
            found += await self._vouchers(db, spec, VOUCHER.c.id.in_(sorted(some)))
        return after, found

    async def _vouchers(self, db: AsyncConnection, spec: Leaf, those: ColumnElement[bool]) -> list[Voucher]:
        draw, window = spec["draw"], Window(**spec["window"])
        names = {prize["tier"]: prize["name"] for prize in spec["prizes"]}
        dates = await self.dates_left(db, spec)
        joined = VOUCHER.outerjoin(CODE, CODE.c.voucher == VOUCHER.c.id)
        query = select(VOUCHER, CODE.c.sealed).select_from(joined).where(those)
        query = query.order_by(VOUCHER.c.tier, VOUCHER.c.prize, VOUCHER.c.alternate)
        found = []
        for held in (await db.execute(query)).mappings():
            state, _, amount, currency = self._ledger.book.states[
                draw, held["tier"], held["prize"], held["alternate"]
            ]
            found.append(
                Voucher(
                    id=held["id"],
                    number=held["number"],
                    draw=draw,
                    tier=held["tier"],
                    prize=held["prize"],
                    alternate=held["alternate"],
                    name=names[held["tier"]],
                    amount=amount,
                    currency=currency,
                    window=window,
                    state=state,
                    claim_until_ms=min(dates, default=0) if state == "live" else 0,
                    sealed_code=held["sealed"] or b"",
                )
            )
        return found

    async def held(self, db: AsyncConnection, code: str) -> RowMapping | None:
        """Whose row a typed code means. Both kinds are always looked up, so that none is told by its time."""
        own = select(VOUCHER).where(
            VOUCHER.c.lookup == codes.code_lookup(self._code_key, codes.read_code(code) or "")
        )
        partner = select(VOUCHER).join(CODE, CODE.c.voucher == VOUCHER.c.id)
        partner = partner.where(CODE.c.lookup == codes.partner_lookup(self._code_key, code))
        found = [(await db.execute(query)).mappings().first() for query in (own, partner)]
        return found[0] or found[1]

    async def spec(self, db: AsyncConnection, draw: int) -> Leaf:
        """The spec of a draw that is in the log."""
        if draw not in self._specs:
            body = (
                await db.execute(select(LEAF.c.body).where(LEAF.c.key == f"draw/{draw}/spec"))
            ).scalar_one()
            self._specs[draw] = canonical.decode(body)
        return self._specs[draw]

    async def most(self, db: AsyncConnection, spec: Leaf) -> tuple[int, int]:
        """(vouchers ever of the winning ranks of a draw, most prizes of one viewer under its cap): won in the
        draws the cap runs over, and promoted in this one."""
        draw, earlier = spec["draw"], spec["cap"]["draws"]
        mine = (VOUCHER.c.draw == draw) | (VOUCHER.c.draw.in_(earlier) & (VOUCHER.c.alternate == 0))
        per_viewer = select(func.count().label("prizes")).where(mine).group_by(VOUCHER.c.number).subquery()
        most = (await db.execute(select(func.max(per_viewer.c.prizes)))).scalar_one() or 0
        first = select(func.count()).where((VOUCHER.c.draw == draw) & (VOUCHER.c.alternate == 0))
        return (await db.execute(first)).scalar_one(), most

    async def dates_left(self, db: AsyncConnection, spec: Leaf) -> list[int]:
        """The fixed dates of a draw that have not been carried out (ms)."""
        keys = {f"draw/{spec['draw']}/alternate/{k}": at for k, at in enumerate(spec["alternates_at_ms"], 1)}
        done = set((await db.execute(select(LEAF.c.key).where(LEAF.c.key.in_(keys)))).scalars())
        return [at_ms for key, at_ms in keys.items() if key not in done]

    async def closed(self, db: AsyncConnection, draw: int) -> bool:
        """Whether the books of a draw are closed."""
        query = select(LEAF.c.idx).where(LEAF.c.key == f"draw/{draw}/close-out")
        return (await db.execute(query)).first() is not None
