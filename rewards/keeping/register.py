"""The register: the door through which the notary writes an evening down.

Every method may be called again after a crash: with the same arguments it gives the same answer and writes
nothing twice (the first leaf stands, with its first time); with others it raises Contradiction. Files are
durable before the leaf that holds their hash, and the leaf before the method returns. A leaf that may not
follow raises BrokenHistory, with nothing written.

Folder: `ledger.sqlite` (log, rows, vouchers) · `boxes/` and `draws/` (what is published) · `private/` (which
number stands at which place: for the operator, and the auditor who asks).
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rewards.arithmetic import beacon, places, ranking
from rewards.evidence import bundle, keyed
from rewards.keeping.journal import Journal
from rewards.keeping.keys import Keys
from rewards.keeping.payouts import Payouts
from rewards.keeping.played import rounds_of
from rewards.keeping.standing import Drawn, Scores, Standing, scores_of
from rewards.keeping.told import Frozen, Outline, Sealed, frozen_of
from rewards.keeping.watched import Watched
from rewards.log.note import Signer
from rewards.money.books import Equation
from rewards.money.cashier import Cashier
from rewards.money.ledger import Ledger
from rewards.money.vouchers import Voucher
from rewards.rules import boxes, draws, history, leaves, parts
from rewards.rules.leaves import DrawSpec, Leaf, RoundOpening


class Register:
    """One evening's log, boxes and money. Methods may be called from several tasks; they take turns."""

    def __init__(self, folder: Path, show: str, keys: Keys, ledger: Ledger, *, rehearsal: bool) -> None:
        self._folder = folder
        self._show = show
        self._keys = keys
        self._rehearsal = rehearsal
        self._ledger = ledger
        self._turn = asyncio.Lock()
        self._scores: dict[int, Scores] = {}  # finished draws; written by `_scores_of`
        self.cashier = Cashier(ledger, keys.codes, rehearsal=rehearsal)
        evening = {
            "schema": "gala/evening/1",
            "algorithm": leaves.ALGORITHM,
            "show": show,
            "origin": self.origin,
            "rehearsal": rehearsal,
        }
        self._journal = Journal(folder, ledger, self.cashier, evening)
        self.payouts = Payouts(folder, self._journal, ledger, self.cashier, self._turn)
        self.watched = Watched(folder, Signer(self.origin, keys.log), self._journal, self._turn)

    @classmethod
    async def open(
        cls, folder: Path, *, show: str, rehearsal: bool, keys: Keys, ledger_url: str = ""
    ) -> "Register":
        """Opens or founds an evening's folder. Contradiction if it belongs to another show.

        ledger_url: of a PostgreSQL database that holds log, rows and vouchers, instead of `ledger.sqlite`.
        """
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        ledger = await Ledger.open(ledger_url or folder / "ledger.sqlite")
        register = cls(folder, show, keys, ledger, rehearsal=rehearsal)
        try:
            await register._journal.catch_up()
        except BaseException:
            await register.close()
            raise
        return register

    async def close(self) -> None:
        await self._ledger.close()

    @property
    def origin(self) -> str:
        """The log's name, with which every checkpoint begins; a rehearsal's says so."""
        return f"gala/{self._show}" + ("/rehearsal" if self._rehearsal else "")

    # Before the show

    async def specify(
        self,
        spec: DrawSpec,
        *,
        at_ms: int,
        decks: Mapping[int, bytes] | None = None,
        excluded: bytes = b"",
    ) -> None:
        """Publishes a draw's rules and puts its budget on the books. BadSpec if they may not be.

        decks: the file of each tier that is dealt from one, by tier. excluded: the list that the spec
        commits to (`leaves.excluded_list`), which is kept for the auditor.
        """
        if leaves.Exclusions.of(excluded) != spec.exclusions:
            raise leaves.BadSpec(f"draw {spec.draw}: another list of exclusions than it commits to")
        spec.check(rehearsal=self._rehearsal)
        dealt = {prize.tier: prize.deck["sha256"] for prize in spec.prizes if prize.deck}
        given = {tier: hashlib.sha256(content).hexdigest() for tier, content in (decks or {}).items()}
        if dealt != given:
            raise leaves.BadSpec(f"draw {spec.draw}: other decks than its tiers name")
        found = {bundle.deck_path(spec.draw, tier): content for tier, content in (decks or {}).items()}
        if excluded:
            found[f"private/{bundle.draw_path(spec.draw, 'excluded.bin')}"] = excluded
        leaf = spec.leaf(
            show=self._show,
            rehearsal=self._rehearsal,
            key_commitment=places.key_commitment(self._draw_key(spec.draw)),
            files=await asyncio.to_thread(bundle.fixed_hashes, self._folder),
        )
        async with self._turn:
            await self._journal.append(leaf, at_ms, found)

    async def commit(self, draw: int, party: str, commitment: bytes, *, at_ms: int) -> None:
        leaf = {"schema": "gala/commit/1", "party": party, "commitment": commitment.hex()}
        async with self._turn:
            await self._journal.append(leaf | await self._head(draw), at_ms)

    # Rounds

    async def round_opened(self, opening: RoundOpening, *, at_ms: int) -> None:
        """BadRules if the layout is none; BrokenHistory if a spec promised other entry rules."""
        commitment = places.key_commitment(self._round_key(opening.round_id))
        async with self._turn:
            await self._journal.append(
                opening.leaf(rehearsal=self._rehearsal, key_commitment=commitment), at_ms
            )

    async def round_locked(self, round_id: str, *, at_ms: int) -> None:
        async with self._turn:
            await self._journal.append({"schema": "gala/lock/1", "round": round_id}, at_ms)

    async def round_settled(self, round_id: str, settled: int, *, by: str, reason: str, at_ms: int) -> None:
        """Writes the outcome down, before the rosters it decides over. by: a role; the log is public."""
        leaf = {"schema": "gala/settle/1", "round": round_id, "settled": settled, "by": by, "reason": reason}
        async with self._turn:
            await self._journal.append(leaf, at_ms)

    async def round_voided(self, round_id: str, *, reason: str, at_ms: int) -> None:
        """The round gives nothing; before the rosters it would have given tickets in."""
        leaf = {"schema": "gala/round-void/1", "round": round_id, "reason": reason}
        async with self._turn:
            await self._journal.append(leaf, at_ms)

    async def round_sealed(
        self,
        round_id: str,
        pages: Sequence[bytes],
        counters: Mapping[str, int],
        *,
        at_ms: int,
        heads: Sequence[str] = (),
    ) -> Sealed:
        """Writes the box in public order and its seal. pages: page p holds the slots of numbers from p·65536
        on. Counters that differ from the recount are published as they are, beside it. heads: what opens the
        chains the round began with, if it has any."""
        async with self._turn:
            await self._journal.catch_up()
            if round_id not in self._journal.history.rounds:
                raise history.BrokenHistory(f"round {round_id} was never opened")
            opening = self._journal.history.rounds[round_id]["open"]
            box = await asyncio.to_thread(boxes.seal, opening, self._round_key(round_id), pages, counters)
            found = {
                boxes.box_path(round_id): box.content,
                boxes.counters_path(round_id): box.counters,
                f"private/{boxes.box_path(round_id)}": boxes.write_numbers(box.numbers),
            }
            await self._journal.append(box.leaf | ({"heads": list(heads)} if heads else {}), at_ms, found)
        return Sealed(box.recount, box.leaf["recount_equal"], box.leaf["plays"], box.leaf.get("sha256", ""))

    async def round_parted(
        self, round_id: str, channels: Sequence[int], pages: Sequence[bytes], *, at_ms: int
    ) -> None:
        """Seals the part of a box that holds the plays of these channels, which are closed while others are
        still played; pages as in `round_sealed`, whose box must hold the same of them."""
        async with self._turn:
            await self._journal.catch_up()
            if round_id not in self._journal.history.rounds:
                raise history.BrokenHistory(f"round {round_id} was never opened")
            opening = self._journal.history.rounds[round_id]["open"]
            made = await asyncio.to_thread(parts.seal, opening, self._round_key(round_id), pages, channels)
            path = parts.path(round_id, channels)
            found = {
                f"private/{path}": made.content,
                f"private/{path}.numbers": boxes.write_numbers(made.numbers),
            }
            await self._journal.append(made.leaf, at_ms, found)

    # The draw

    async def freeze(
        self,
        draw: int,
        *,
        issued: Sequence[tuple[int, int]],
        at_ms: int,
        barred: Sequence[int] | npt.NDArray[np.int64] = (),
    ) -> Frozen:
        """Writes the roster from the sealed boxes. issued: the beginning of a minute (ms) and how many
        numbers were given out from it on, ascending. barred: those without a verified account, or with an
        excluded one, where the spec asks for accounts."""
        async with self._turn:
            await self._journal.catch_up()
            spec = self._draw(draw).spec
            if len(barred) and spec["eligibility"] != "account":
                raise leaves.BadSpec(f"draw {draw} bars nobody")
            played = rounds_of(self._journal.history, self._folder, draw)
            before = self._won_before(spec) if draws.cap_is_shared(spec) else None
            made = await asyncio.to_thread(
                draws.make_roster, spec, issued, self._draw_key(draw), played, barred, before
            )
            found = {
                bundle.draw_path(draw, "roster.bin"): made.roster,
                bundle.draw_path(draw, "eligible.bin"): made.eligible,
                **({} if made.won is None else {bundle.draw_path(draw, "won.bin"): made.won}),
                f"private/{bundle.draw_path(draw, 'roster.bin')}": boxes.write_numbers(made.numbers),
            }
            leaf = await self._journal.append(made.leaf, at_ms, found)
        return frozen_of(leaf)

    async def reveal(self, draw: int, party: str, r: bytes, *, at_ms: int) -> None:
        """BrokenHistory if it does not fit the party's commitment, or comes out of time."""
        leaf = {"schema": "gala/reveal/1", "party": party, "r": r.hex()}
        async with self._turn:
            await self._journal.append(leaf | await self._head(draw), at_ms)

    async def close_reveals(self, draw: int, *, at_ms: int) -> int:
        """Ends the reveals; returns the beacon round that decides, the first reserve at least 30 s later."""
        async with self._turn:
            head = await self._head(draw)
            found = self._draw(draw)
            if "reveals-closed" in found.stages:
                return int(found.stages["reveals-closed"]["beacon_round"])
            if "roster" not in found.stages:
                raise history.BrokenHistory(f"draw {draw}: reveals closed without a roster")
            chain = beacon.Chain.from_json(found.spec["beacon"])
            chosen = beacon.choose_round(chain, found.spec["reserve_rounds"], at_ms)
            if chosen is None:
                raise history.BrokenHistory(f"draw {draw}: no reserve round is left")
            leaf = head | {
                "schema": "gala/reveals-closed/1",
                "roster": found.stages.index("roster"),
                "parties": history.mixed(found),
                "beacon_round": chosen,
            }
            await self._journal.append(leaf, at_ms)
            return chosen

    async def finish(self, draw: int, signature: bytes, *, at_ms: int) -> Drawn:
        """Ranks the roster under the beacon's signature (BadBeacon if it is not the chosen round's)."""
        async with self._turn:
            await self._journal.catch_up()
            found = self._draw(draw)
            if "reveals-closed" not in found.stages:
                raise history.BrokenHistory(f"draw {draw}: a result before the reveals closed")
            rostered, eligible = (self._read(draw, name) for name in ("roster.bin", "eligible.bin"))
            won = self._read(draw, "won.bin") if draws.cap_is_shared(found.spec) else None
            result = await asyncio.to_thread(
                draws.make_result, found, self._journal.bodies, signature, rostered, eligible, won
            )
            content = ranking.encode(result.tiers)
            await self._journal.append(result.leaf, at_ms, {bundle.draw_path(draw, "ranking.bin"): content})
            return self._scores_of(draw).drawn()

    async def draw(self, draw: int) -> history.Draw:
        """A draw as the log stands, to read; BrokenHistory if it was not specified."""
        async with self._turn:
            await self._journal.catch_up()
            return self._draw(draw)

    async def void(self, draw: int, cause: str, reason: str, *, at_ms: int) -> None:
        """Ends a draw without a result. cause: `director`, `lapsed` or `unwitnessed` (SPEC.md 5 says when
        each may be); BrokenHistory otherwise."""
        leaf = {"schema": "gala/void/1", "cause": cause, "reason": reason}
        async with self._turn:
            await self._journal.append(leaf | await self._head(draw), at_ms)

    async def standing(self, draw: int, number: int) -> Standing:
        """A viewer's own place, tickets, scores and ranks in a finished draw (BrokenHistory before)."""
        async with self._turn:
            if draw not in self._scores:  # a finished draw does not change any more
                await self._journal.catch_up()
                if "result" not in self._draw(draw).stages:
                    raise history.BrokenHistory(f"draw {draw} has no result yet")
            return await asyncio.to_thread(lambda: self._scores_of(draw).of(number))

    # Money

    async def issue(self, draw: int, *, at_ms: int) -> list[Voucher]:
        """One voucher for each winning rank, in the order of tiers and prizes (`Payouts.issue`)."""
        return await self.payouts.issue(draw, at_ms=at_ms)

    async def equations(self) -> list[Equation]:
        """Every equation of the ledger, as it stands now."""
        async with self._turn:
            return await self.payouts.equations()

    async def outline(self) -> Outline:
        """What an auditor may watch while the books are written."""
        async with self._turn:
            await self._journal.catch_up()
            equations = await self.payouts.equations()
            return Outline(
                origin=self.origin,
                leaves=self._journal.lines(),
                root=self._journal.root(),
                seals={
                    round_id: bool(stages["seal"]["recount_equal"])
                    for round_id, stages in self._journal.history.rounds.items()
                    if "seal" in stages
                },
                rows=self._ledger.book.count,
                chain=self._ledger.book.tip.hex(),
                equations=equations,
                vouchers=dict(self._ledger.book.held),
            )

    async def export_keys(self, target: Path) -> None:
        """Writes the auditor's folder of place keys (see `keyed`). FileExistsError if it holds anything."""
        async with self._turn:
            await self._journal.catch_up()
            past = self._journal.history
            await asyncio.to_thread(keyed.export, target, self._folder, past, self._round_key, self._draw_key)

    async def publish(self, target: Path, *, at_ms: int) -> None:
        """Rolls the ledger up into the log, signs a checkpoint, and writes or refreshes the bundle."""
        async with self._turn:
            await self._journal.catch_up()
            book = self._ledger.book
            if book.count > self._journal.history.ledger.get("rows", 0):
                roll_up = {"schema": "gala/ledger/1", "rows": book.count, "hash": book.tip.hex()}
                await self._journal.append(roll_up, at_ms)
            async with self._ledger.transaction() as db:
                lines = await self._ledger.lines(db, self._journal.history.ledger.get("rows", 0))
            signer = Signer(self.origin, self._keys.log)
            await asyncio.to_thread(
                bundle.write, target, self._folder, self._journal.history, self._journal.bodies, lines, signer
            )

    # Inside a turn

    async def _head(self, draw: int) -> Leaf:
        await self._journal.catch_up()
        return {"draw": draw, "draw_id": self._draw(draw).spec["draw_id"]}

    def _draw(self, draw: int) -> history.Draw:
        if draw not in self._journal.history.draws:
            raise history.BrokenHistory(f"draw {draw} was not specified")
        return self._journal.history.draws[draw]

    def _won_before(self, spec: Leaf) -> dict[int, int]:
        """What each number won in the earlier draws of a cap over several."""
        earlier = spec["cap"]["draws"][:-1]
        finished = [draw for draw in earlier if "result" in self._draw(draw).stages]
        scores = [self._scores_of(draw) for draw in finished]
        return draws.won_by_number((found.numbers, found.results) for found in scores)

    def _scores_of(self, draw: int) -> Scores:
        """A finished draw from its files; kept, since each viewer will ask."""
        if draw not in self._scores:
            numbers = boxes.read_numbers(self._folder / "private" / bundle.draw_path(draw, "roster.bin"))
            self._scores[draw] = scores_of(self._draw(draw), lambda name: self._read(draw, name), numbers)
        return self._scores[draw]

    def _read(self, draw: int, name: str) -> bytes:
        return (self._folder / bundle.draw_path(draw, name)).read_bytes()

    def _round_key(self, round_id: str) -> bytes:
        return places.place_key(self._keys.places, f"round/{self._show}/{round_id}")

    def _draw_key(self, draw: int) -> bytes:
        return places.place_key(self._keys.places, f"draw/{self._show}/{draw}")
