"""The registrar and cashier: writes down what the log says, seals boxes, draws, issues, publishes.

Everything it does is known by a natural key, so a notary that was killed anywhere reads the log from its
beginning and does again what was done already, to no effect. When it is away, nothing that viewers do is
lost: acknowledgements rest on the box, and seals and draws wait.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis

from gala import embargo
from gala.edge import wallet
from gala.evidence import books
from gala.follower import CueRefused, Follower
from gala.passes import derive
from gala.promises import PARTIES, deck_files, drawings, spec
from gala.protocol import Standing
from gala.rounds import Rounds
from gala.rundown import Draw, Rundown
from gala.show_state import LogEntry, Round, State
from gala.store import keys
from gala.store.log import ShowLog
from rewards import leaves
from rewards.audit import Check, verify_bundle
from rewards.beacon import Chain, RehearsalBeacon
from rewards.register import Keys, Register
from rewards.standing import Standing as Drawn
from voting.box import PAGE, Box, GateState

Signature = Callable[[int], bytes | None]
"""A beacon: the 48-byte signature of a round, or None while there is none. `register` verifies it."""


def register_keys(secret: bytes) -> Keys:
    """The books' keys, derived from the service's secret."""
    return Keys(log=derive(secret, "log"), places=derive(secret, "places"), codes=derive(secret, "codes"))


def party_secret(secret: bytes, draw: int, party: str) -> bytes:
    """A party's 32 random-looking bytes for a draw in a rehearsal, where one machine plays all parties."""
    return hmac.digest(derive(secret, "parties"), f"{draw}/{party}".encode(), hashlib.sha256)


def chain_and_signature(rundown: Rundown, secret: bytes) -> tuple[Chain, Signature]:
    """A rehearsal's own beacon: a chain of quicknet's scheme that begins an hour before the show."""
    beacon = RehearsalBeacon(derive(secret, "beacon"), rundown.starts_at_ms - 3_600_000)
    return beacon.chain, beacon.signature


class Notary:
    """One notary. `bundle`: where the evidence is published once the slowest channel has seen everything."""

    def __init__(
        self,
        rundown: Rundown,
        rounds: Rounds,
        log: ShowLog,
        redis: Redis,
        register: Register,
        *,
        chain: Chain,
        signature: Signature,
        secret: bytes,
        bundle: Path,
    ) -> None:
        self._rundown = rundown
        self._rounds = rounds
        self._redis = redis
        self._register = register
        self._chain = chain
        self._signature = signature
        self._secret = secret
        self._bundle = bundle
        self._follower = Follower(rundown, log)
        self._written = 0  # entries of the log; by `step` alone
        self._untold = True  # the books have changed since the auditor was told; written by `step`
        self._published_at_ms = 0
        self._checks: list[Check] | None = None
        self.published = asyncio.Event()

    @property
    def state(self) -> State:
        """The newest state this notary has read."""
        return self._follower.state

    async def step(self, now_ms: int) -> None:
        """Writes down what is new, draws what is ready, publishes when all have seen it."""
        if self.published.is_set() and self._checks is None:
            # a step of its own, after the one that published: nobody waits for it
            self._checks = await asyncio.to_thread(verify_bundle, self._bundle)
            self._untold = True
        await self._follower.read()
        entries = self._follower.history.entries
        # it grows while we write: each of our own cues may bring others' along
        while self._written < len(entries):
            entry = entries[self._written]
            await self._write(entry, self._follower.history.states[entry.version], now_ms)
            self._written += 1  # only now: what failed is tried again in the next step
            self._untold = True
        for number, drawing in self.state.draws.items():
            if drawing.state == "frozen" and now_ms >= drawing.beacon_at_ms:
                await self._draw(number, drawing.beacon_round, now_ms)
        if self.state.phase == "ended" and not self.published.is_set():
            await self._publish_when_seen(now_ms)
        if self._untold:
            await self._tell()
            self._untold = False

    async def _tell(self) -> None:
        """Lays the books' outline where the crew's listener finds it for the auditor."""
        outline = await self._register.outline()
        written = books(outline, published_at_ms=self._published_at_ms, checks=self._checks or ())
        await self._redis.set(keys.evidence(self._rundown.id), msgspec.msgpack.encode(written))

    async def _call(self, cue: dict[str, Any], cue_id: str, now_ms: int) -> None:
        try:
            await self._follower.call(cue, id=cue_id, by="notary", now_ms=now_ms)
        except CueRefused:
            # written before by this or another notary; whatever else follows is in the log
            await self._follower.read()

    # ------------------------------------------------------------ the log, written down

    async def _write(self, entry: LogEntry, state: State, now_ms: int) -> None:
        cue = entry.cue
        kind = cue["cue"]
        if kind == "begin":
            await self._specify(entry.at_ms)
        elif kind in ("go", "fire"):
            await self._write_act(entry, state, now_ms)
        elif kind == "kill":
            for round_ in self._follower.history.states[entry.version - 1].rounds.values():
                if not round_.locked_at_ms and not round_.void:  # it has locked what was still open
                    await self._register.round_locked(round_.id, at_ms=entry.at_ms)
        elif kind == "void":
            await self._register.round_voided(cue["target"], reason=cue["reason"], at_ms=entry.at_ms)
        elif kind == "locked":
            round_ = state.rounds[cue["target"]]
            if not round_.void:
                # written before, unless it was the kill switch or a hold that locked it
                await self._register.round_locked(round_.id, at_ms=entry.at_ms)
                await self._seal(round_, cue["counters"], entry.at_ms, now_ms)

    async def _write_act(self, entry: LogEntry, state: State, now_ms: int) -> None:
        segment, planned = self._rundown.cue(entry.cue["target"])
        round_ = state.newest_round(segment.id)
        if planned.do == "freeze":
            for draw in segment.draws:
                await self._freeze(draw, entry, now_ms)
        elif round_ is None:
            return
        elif planned.do == "open":
            await self._opened(round_, state, entry.at_ms)
        elif planned.do == "lock":
            await self._register.round_locked(round_.id, at_ms=entry.at_ms)
        elif planned.do == "settle":
            settled = self._rounds.settled(round_)
            assert settled is not None, "a settle cue names an outcome: the fold refused it otherwise"
            reason = entry.cue.get("reason", "")
            await self._register.round_settled(
                round_.id, settled, by=entry.by.split()[0], reason=reason, at_ms=entry.at_ms
            )

    async def _opened(self, round_: Round, state: State, at_ms: int) -> None:
        opened = self._rounds.opened(round_).leaf(len(self._rundown.channels))
        earlier = [other.id for other in state.rounds.values() if other.segment == round_.segment][:-1]
        opening = leaves.RoundOpening(
            round_.id,
            opened["layout"],
            opened["counts"],
            opened["entries"],
            rerun_of=earlier[-1] if earlier else "",
            chains=opened.get("chains", {}),
        )
        await self._register.round_opened(opening, at_ms=at_ms)

    async def _seal(self, round_: Round, counters: Mapping[str, int], at_ms: int, now_ms: int) -> None:
        """Shuts the box for good, recounts it, publishes it in public order."""
        opened = self._rounds.opened(round_)
        box = Box(self._redis, round_.id, opened.layout.width)
        numbers = min(
            int(await self._redis.get(keys.numbers(self._rundown.id)) or 0), self._rundown.numbers_max
        )
        pages = range(-(-numbers // PAGE) or 1)
        await box.set_gate(pages, round_.generation, GateState.SEALED)
        slots = [await box.slots(page) for page in pages]
        heads = opened.heads(len(self._rundown.channels))
        sealed = await self._register.round_sealed(round_.id, slots, counters, at_ms=at_ms, heads=heads)
        cue = {
            "cue": "sealed",
            "target": round_.id,
            "equal": sealed.equal,
            "plays": sealed.plays,
            "sha256": sealed.sha256,
            "recount": sealed.recount,
            "numbers": max(
                (page * PAGE + len(s) // box.width for page, s in enumerate(slots) if s), default=0
            ),
        }
        await self._call(cue, f"sealed/{round_.id}", now_ms)

    # ------------------------------------------------------------ draws

    async def _specify(self, at_ms: int) -> None:
        """Publishes every draw's rules and the parties' commitments, before the show."""
        rehearsal = self.state.rehearsal
        for segment, draw in drawings(self._rundown):
            promised = spec(self._rundown, segment, draw, self._chain, rehearsal=rehearsal)
            await self._register.specify(promised, at_ms=at_ms, decks=deck_files(draw))
            if rehearsal:
                name = leaves.draw_id(self._rundown.id, draw.number)
                for party in PARTIES:
                    r = party_secret(self._secret, draw.number, party)
                    commitment = leaves.commitment(name, party, r)
                    await self._register.commit(draw.number, party, commitment, at_ms=at_ms)

    async def _freeze(self, draw: Draw, entry: LogEntry, now_ms: int) -> None:
        """Roster, reveals, and the choice of the beacon round."""
        if self.state.draws[draw.number].state != "armed":
            return  # the log goes on to say it was done
        number = draw.number
        frozen = await self._register.freeze(
            number, numbers_count=self._numbers(entry.version), at_ms=entry.at_ms
        )
        if self.state.rehearsal:
            for party in PARTIES:
                r = party_secret(self._secret, number, party)
                await self._register.reveal(number, party, r, at_ms=entry.at_ms)
        beacon_round = await self._register.close_reveals(number, at_ms=max(now_ms, entry.at_ms))
        cue = {
            "cue": "frozen",
            "draw": number,
            "root": frozen.root,
            "entrants": frozen.eligible_places,
            "tickets": frozen.eligible_tickets,
            "beacon_round": beacon_round,
            "beacon_at_ms": self._chain.time_ms(beacon_round),
        }
        await self._call(cue, f"frozen/{number}", now_ms)

    def _numbers(self, version: int) -> int:
        """Numbers that boxes sealed before entry `version` have room for: the same whenever it is asked."""
        return max(
            (
                entry.cue["numbers"]
                for entry in self._follower.history.entries[:version]
                if entry.cue["cue"] == "sealed"
            ),
            default=0,
        )

    async def _draw(self, number: int, beacon_round: int, now_ms: int) -> None:
        """Result, vouchers, and every entrant's page of it."""
        signature = self._signature(beacon_round)
        if signature is None:
            return  # late: it is waited for, there is no other source
        self._untold = True
        drawn = await self._register.finish(number, signature, at_ms=now_ms)
        vouchers = await self._register.issue(number, at_ms=now_ms)
        titles = {
            prize.tier: prize.title
            for _, draw in drawings(self._rundown)
            if draw.number == number
            for prize in draw.prizes
        }
        held: dict[int, list[wallet.Held]] = {}
        for voucher in vouchers:
            one = wallet.Held(
                id=voucher.id.hex(),
                draw=number,
                tier=voucher.tier,
                title=titles[voucher.tier],
                face_minor=voucher.amount,
                currency=voucher.currency,
                valid_from_at_ms=voucher.window.valid_from_ms,
                valid_until_at_ms=voucher.window.valid_until_ms,
                zone=voucher.window.zone,
            )
            held.setdefault(voucher.number, []).append(one)
        await self._write_wallets(number, held)
        cue = {"cue": "drawn", "draw": number, "winners": len(drawn.winners)}
        await self._call(cue, f"drawn/{number}", now_ms)

    async def _write_wallets(self, draw: int, held: Mapping[int, list[wallet.Held]]) -> None:
        pages: dict[Any, Any] = {}
        for viewer in range(self._numbers(self.state.version)):
            found = await self._register.standing(draw, viewer)
            if found.tickets:
                page = wallet.Page(standing=_standing(draw, found), vouchers=held.get(viewer, []))
                pages[wallet.field(viewer, draw)] = msgspec.msgpack.encode(page)
            if len(pages) >= 1000:
                await self._redis.hset(keys.wallet(self._rundown.id), mapping=pages)
                pages = {}
        if pages:
            await self._redis.hset(keys.wallet(self._rundown.id), mapping=pages)

    # ------------------------------------------------------------ the bundle

    async def _publish_when_seen(self, now_ms: int) -> None:
        if now_ms >= embargo.bundle_at_ms(self._rundown, self.state):
            await self._register.publish(self._bundle, at_ms=now_ms)
            self._published_at_ms = now_ms
            self._untold = True
            self.published.set()


def _standing(draw: int, found: Drawn) -> Standing:
    """A viewer's standing in words for the phone: the best tier they won, else the first."""
    won = [tier for tier in found.tiers if tier.won is not None]
    best = won[0] if won else (found.tiers[0] if found.tiers else None)
    standing = Standing(draw=draw, tickets=found.tickets, entrants=found.entrants, won=bool(won))
    if found.place is not None:
        standing.place = found.place
    if best is not None:
        standing.rank, standing.score, standing.cutoff = best.rank, best.score, best.cutoff
    return standing
