"""The registrar and cashier: writes down what the log says, seals boxes, draws, issues, publishes.

Everything it does is known by a natural key, so a notary that was killed anywhere reads the log from its
beginning and does again what was done already, to no effect. When it is away, nothing that viewers do is
lost: acknowledgements rest on the box, and seals and draws wait.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import structlog
from redis.asyncio import Redis

from gala import embargo
from gala.draws.beacons import Signature
from gala.draws.office import DrawOffice
from gala.edge.report import Report
from gala.evidence import books
from gala.follower import Follower
from gala.publishing import Publishing
from gala.rounds import Rounds
from gala.rundown import Rundown, Segment
from gala.show import apart as show_apart
from gala.show import draws as show_draws
from gala.show.refusals import refusal
from gala.show.state import LogEntry, Round, State
from gala.statement import chronicle
from gala.store import keys
from gala.store.log import ShowLog
from gala.wallets import Wallets
from rewards.arithmetic.beacon import Chain
from rewards.keeping.register import Register
from rewards.log.note import BadNote
from rewards.rules import leaves
from voting.box import PAGE, Box, GateState

log = structlog.get_logger("gala.notary")

LOOK_MS = 500  # between two looks at what witnesses have cosigned


class Notary:
    """One notary. It publishes once the slowest channel has seen everything, and again as money moves."""

    def __init__(
        self,
        rundown: Rundown,
        rounds: Rounds,
        log: ShowLog,
        redis: Redis,
        register: Register,
        wallets: Wallets,
        *,
        chain: Chain,
        signature: Signature,
        secret: bytes,
        publishing: Publishing,
    ) -> None:
        self._rundown = rundown
        self._rounds = rounds
        self._redis = redis
        self._register = register
        self._publishing = publishing
        self._follower = Follower(rundown, log)
        self._draws = DrawOffice(
            rundown, self._follower, redis, register, wallets, chain=chain, signature=signature, secret=secret
        )
        self._looked_at_ms = 0  # when the witnesses' words were read last; by `_look`
        self._heard: dict[bytes, bytes] = {}  # what each witness said last; by `_look`
        self._written = 0  # entries of the log; by `step` alone
        self._untold = True  # the books have changed since the auditor was told; written by `step`
        self.published = asyncio.Event()

    @property
    def state(self) -> State:
        """The newest state this notary has read."""
        return self._follower.state

    async def step(self, now_ms: int) -> None:
        """Writes down what is new, draws what is ready, publishes when all have seen it."""
        if self.published.is_set():
            # not in the step that published: nobody waits for the checks
            self._untold = await self._publishing.step(now_ms) or self._untold
        await self._follower.read()
        entries = self._follower.history.entries
        # it grows while we write: each of our own cues may bring others' along
        while self._written < len(entries):
            entry = entries[self._written]
            await self._write(entry, self._follower.history.states[entry.version], now_ms)
            self._written += 1  # only now: what failed is tried again in the next step
            self._untold = True
        await self._freeze_ready(now_ms)
        await self._look(now_ms)
        self._untold = await self._draws.step(now_ms) or self._untold
        if self.state.phase == "ended" and not self.published.is_set():
            await self._publish_when_seen(now_ms)
        if self._untold:
            await self._tell()
            self._untold = False

    async def _tell(self) -> None:
        """Lays the books' outline where the crew's listener finds it for the auditor."""
        outline = await self._register.outline()
        written = books(
            outline,
            key=self._register.watched.key,
            checkpoint=await self._register.watched.checkpoint() if outline.leaves else "",
            witnesses=self._draws.awake,
            unwitnessed=await self._register.watched.unwitnessed(),
            lapses=await self._draws.lapses() if outline.leaves else {},
            signed=self._publishing.signed,
            checks=self._publishing.checks,
        )
        await self._redis.set(keys.evidence(self._rundown.id), msgspec.msgpack.encode(written))

    async def _look(self, now_ms: int) -> None:
        """Takes in what witnesses have cosigned."""
        if now_ms < self._looked_at_ms + LOOK_MS:
            return
        self._looked_at_ms = now_ms
        said = cast("dict[bytes, bytes]", await self._redis.hgetall(keys.cosigned(self._rundown.id)))
        for name, note in said.items():
            if self._heard.get(name) == note:
                continue
            self._heard[name] = note
            try:
                found = await self._register.watched.cosigned(note.decode())
            except (BadNote, UnicodeDecodeError) as error:
                log.warning("a cosignature that is none", why=str(error))
                continue
            for one in found:
                self._draws.awake[one.key.split("+", maxsplit=1)[0]] = (one.size, one.at_s * 1000)
            self._untold = True

    # ------------------------------------------------------------ the log, written down

    async def _write(self, entry: LogEntry, state: State, now_ms: int) -> None:
        cue = entry.cue
        kind = cue["cue"]
        if kind == "begin":
            await self._draws.specify(entry.at_ms, now_ms)
        elif kind == "freeze_draw":
            await self._freeze_apart(entry, state, now_ms)
        elif kind in show_draws.CUES:
            await self._draws.take(entry)
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
                await self._draws.freeze(draw, entry, now_ms)
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
            game=round_.game,
            settings=settings_of(self._rundown.segment(round_.segment)),
        )
        await self._register.round_opened(opening, at_ms=at_ms)

    async def _numbers(self) -> int:
        """How many numbers are given out."""
        given = int(await self._redis.get(keys.numbers(self._rundown.id)) or 0)
        return min(given, self._rundown.numbers_max)

    def _box(self, round_: Round) -> Box:
        return Box(self._redis, round_.id, self._rounds.opened(round_).layout.width)

    async def _freeze_ready(self, now_ms: int) -> None:
        """Freezes the draws whose own channels have closed, if that is all they wait for."""
        for drawing in tuple(self.state.draws.values()):
            cue = {"cue": "freeze_draw", "draw": drawing.number, "numbers": 0}
            if refusal(self._rundown, self.state, cue, now_ms) is None:
                numbers = await self._numbers()
                await self._follower.say(
                    cue | {"numbers": numbers}, id=f"freeze/{drawing.number}", by="notary", now_ms=now_ms
                )

    async def _freeze_apart(self, entry: LogEntry, state: State, now_ms: int) -> None:
        """Seals what a draw's channels have played, and fixes its roster."""
        drawing = state.draws[entry.cue["draw"]]
        segment = self._rundown.segment(drawing.segment)
        (draw,) = [draw for draw in segment.draws if draw.number == drawing.number]
        round_ = state.counting_round(segment.id)
        assert round_ is not None, "only a round's channels close: the fold refused it otherwise"
        box = self._box(round_)
        slots = [await box.slots(page) for page in range(-(-entry.cue["numbers"] // PAGE) or 1)]
        channels = show_apart.channels_of(self._rundown, draw)
        await self._register.round_parted(round_.id, channels, slots, at_ms=entry.at_ms)
        await self._draws.freeze(draw, entry, now_ms)

    async def _seal(self, round_: Round, counters: Mapping[str, int], at_ms: int, now_ms: int) -> None:
        """Shuts the box for good, recounts it, publishes it in public order."""
        opened, box = self._rounds.opened(round_), self._box(round_)
        pages = range(-(-await self._numbers() // PAGE) or 1)
        await box.set_gate(pages, round_.generation, GateState.SEALED)
        slots = [await box.slots(page) for page in pages]
        for draw in show_apart.draws_of(self._rundown.segment(round_.segment)):
            channels = show_apart.channels_of(
                self._rundown, draw
            )  # those that closed with the box, or before
            await self._register.round_parted(round_.id, channels, slots, at_ms=at_ms)
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
        await self._follower.say(cue, id=f"sealed/{round_.id}", by="notary", now_ms=now_ms)

    # ------------------------------------------------------------ the bundle

    async def _publish_when_seen(self, now_ms: int) -> None:
        if embargo.awaited(self._rundown, self.state):
            return
        if now_ms >= embargo.bundle_at_ms(self._rundown, self.state):
            await self._keep_notes()
            await self._publishing.publish(now_ms)
            self._untold = True
            self.published.set()

    async def _keep_notes(self) -> None:
        """What the statement needs of the log and the edges, which may be gone when it is asked for."""
        said = cast("dict[bytes, bytes]", await self._redis.hgetall(keys.edges(self._rundown.id)))
        reports = [msgspec.msgpack.decode(word, type=Report) for word in said.values()]
        found = chronicle.chronicle(self._rundown, self.state, self._follower.history.entries, reports)
        await asyncio.to_thread(chronicle.keep, self._publishing.notes, found)

    def grew(self) -> None:
        """The books have, by another hand than this one's: the auditor is told, and the bundle refreshed."""
        self._publishing.grown = self._untold = True


def settings_of(segment: Segment) -> dict[str, Any]:
    """A game's settings as a leaf may hold them: numbers, texts, lists, objects; what is unset is absent."""
    assert segment.game is not None, "a round is of a game"
    found = _plain(msgspec.to_builtins(segment.game.settings))
    assert isinstance(found, dict)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
