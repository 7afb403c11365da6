"""The timekeeper: fires timed cues, opens and shuts the gates of boxes, sums their pages for the boards.

Two may run. What they append carries an id made from what caused it, so the second append of the same is the
first; gates only move forward; a snapshot is absolute. One that froze and came back late does no harm.
"""

import msgspec
from redis.asyncio import Redis

from gala.fans import Fan, FanScan
from gala.follower import Follower
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.show import apart as show_apart
from gala.show.refusals import due
from gala.show.state import Round
from gala.store import keys
from gala.store.log import ShowLog
from gala.timing import shuts_at_ms, slowest_ms
from voting.box import PAGE, Box, GateState

TALLY_MS = 200


def pages_of(numbers: int) -> int:
    """Pages that hold `numbers` slots."""
    return -(-numbers // PAGE)


class Snapshot(msgspec.Struct, frozen=True):
    """A round's counters at an instant, absolute: ``tally:{ROUND}`` in the store.

    fans: as arrays ``[number, choice's id, points]``, the first first; each agreed to be shown when this was
    written.
    """

    at_ms: int
    counters: dict[str, int]
    fans: list[Fan] = msgspec.field(default_factory=list)


class Conductor:
    """`grace_ms`: how long after a lock plays that arrived before it may still be applied."""

    def __init__(
        self, rundown: Rundown, rounds: Rounds, log: ShowLog, redis: Redis, *, name: str, grace_ms: int
    ) -> None:
        self._follower = Follower(rundown, log)
        self._rundown = rundown
        self._rounds = rounds
        self._redis = redis
        self._by = f"conductor {name}"
        self._grace_ms = grace_ms
        self._pages_max = pages_of(rundown.numbers_max)
        # what this conductor has already done to gates; forgetting it only repeats what is idempotent
        self._opened: dict[tuple[str, int], int] = {}
        self._tallied_at_ms: dict[str, int] = {}
        self._scans: dict[str, FanScan] = {}  # of open rounds; a new one is whole once it went round

    async def step(self, now_ms: int) -> None:
        """Everything that is due at `now_ms`."""
        await self._follower.read()
        await self._fire(now_ms)
        for round_ in self._follower.state.rounds.values():
            if round_.shut:
                continue
            if round_.locked_at_ms and (round_.void or now_ms >= self._shuts_at_ms(round_)):
                await self._shut(round_, now_ms)
            else:
                await self._open(round_)
                await self._tally(round_, now_ms)
                await self._close(round_, now_ms)

    def _shuts_at_ms(self, round_: Round) -> int:
        """When the last play that arrived in time has been applied: the slowest channel's, where all have the
        same length of play."""
        slowest = slowest_ms(round_.delays_ms)
        shuts_ms = shuts_at_ms(round_.timing, round_.locked_at_ms, slowest, self._grace_ms)
        return min(shuts_ms, round_.killed_at_ms + self._grace_ms) if round_.killed_at_ms else shuts_ms

    async def _fire(self, now_ms: int) -> None:
        # firing one cue can make the next one due, but never more of them than the rundown has
        for _ in range(sum(len(segment.cues) for segment in self._rundown.segments)):
            found = due(self._rundown, self._follower.state, now_ms)
            if not found:
                return
            name, due_at_ms = found[0]
            cause = self._cause(name)
            await self._follower.say(
                {"cue": "fire", "target": name, "due_at_ms": due_at_ms},
                id=f"fire/{name}/{cause}",
                by=self._by,
                now_ms=now_ms,
            )

    def _cause(self, name: str) -> int:
        """The version of what made a timed cue wait: its predecessor's entry, or the beginning."""
        segment, cue = self._rundown.cue(name)
        position = segment.cues.index(cue)
        before = self._follower.state.fired.get(segment.cues[position - 1].id) if position else None
        return before.version if before is not None else 1

    def _box(self, round_: Round) -> Box:
        return Box(self._redis, round_.id, self._rounds.opened(round_).layout.width)

    async def _numbers(self) -> int:
        """How many numbers are given out by now; edges take them in blocks, and the last may go beyond."""
        return int(await self._redis.get(keys.numbers(self._rundown.id)) or 0)

    async def _open(self, round_: Round) -> None:
        """Opens the gates of every page a number may be in by now, and one page ahead."""
        numbers = await self._numbers()
        wanted = min(self._pages_max, numbers // PAGE + 2)
        key = (round_.id, round_.generation)
        done = self._opened.get(key, 0)
        if done < wanted:
            await self._box(round_).set_gate(range(done, wanted), round_.generation, GateState.OPEN)
            self._opened[key] = wanted

    async def _shut(self, round_: Round, now_ms: int) -> None:
        """Shuts every gate the box can ever have, then says *locked* with the final counters."""
        box = self._box(round_)
        gates = await box.set_gate(range(self._pages_max), round_.generation, GateState.LOCKED)
        assert all(gate.state is not GateState.OPEN for gate in gates), "a gate stayed open after its lock"
        counters = await self._snapshot(box, round_, now_ms)
        tally = self._rounds.tally(round_, counters)
        cue = {
            "cue": "locked",
            "target": round_.id,
            "pages": self._pages_max,
            "counters": counters,
            "tally": tally,
        }
        await self._follower.say(cue, id=f"locked/{round_.id}", by=self._by, now_ms=now_ms)
        self._scans.pop(round_.id, None)

    async def _close(self, round_: Round, now_ms: int) -> None:
        """Closes a locked round on the channels whose deck is dealt apart, each when its own time has come.

        Gates that stand under the generation of `close` refuse whatever was judged before it, so a play of
        theirs that any edge still holds is judged again, and refused.
        """
        if not round_.locked_at_ms or round_.void or round_.killed_at_ms:
            return
        for draw in show_apart.draws_of(self._rundown.segment(round_.segment)):
            channels = show_apart.channels_of(self._rundown, draw)
            slowest = slowest_ms(round_.delays_ms[channel] for channel in channels)
            if now_ms < shuts_at_ms(round_.timing, round_.locked_at_ms, slowest, self._grace_ms):
                continue
            cue = {"target": round_.id, "channels": channels}
            if not set(channels) <= set(round_.closing):
                await self._follower.say(
                    {"cue": "close", **cue}, id=f"close/{round_.id}/{draw.number}", by=self._by, now_ms=now_ms
                )
                round_ = self._follower.state.rounds[round_.id]
            if set(channels) <= set(round_.closing) and not set(channels) <= set(round_.closed):
                # every page, as at the lock: nobody may open one later under what was before
                pages = range(self._pages_max)
                gates = await self._box(round_).set_gate(pages, round_.generation, GateState.OPEN)
                if all(gate.generation >= round_.generation for gate in gates):
                    await self._follower.say(
                        {"cue": "closed", **cue},
                        id=f"closed/{round_.id}/{draw.number}",
                        by=self._by,
                        now_ms=now_ms,
                    )
                    round_ = self._follower.state.rounds[round_.id]

    async def _tally(self, round_: Round, now_ms: int) -> None:
        if now_ms - self._tallied_at_ms.get(round_.id, -TALLY_MS) >= TALLY_MS:
            self._tallied_at_ms[round_.id] = now_ms
            await self._snapshot(self._box(round_), round_, now_ms)

    async def _snapshot(self, box: Box, round_: Round, now_ms: int) -> dict[str, int]:
        counters = await box.counters(range(self._pages_max))
        snapshot = Snapshot(at_ms=now_ms, counters=counters, fans=await self._fans(box, round_))
        await self._redis.set(keys.tally(round_.id), msgspec.msgpack.encode(snapshot))
        return counters

    async def _fans(self, box: Box, round_: Round) -> list[Fan]:
        """One step of the scan for the round's top fans, and who they are by now."""
        opened = self._rounds.opened(round_)
        fans = opened.game.fans
        if fans is None or round_.void:
            return []
        scan = self._scans.setdefault(round_.id, FanScan(opened.layout, fans))
        numbers = min(await self._numbers(), self._rundown.numbers_max)
        ranges = scan.wanted(numbers)
        scan.look(numbers, ranges, await box.read(ranges) if ranges else [])
        ids = [choice for choice, _, _ in self._rounds.choices(round_)]
        return [Fan(kept.number, ids[kept.choice - 1], kept.score // fans.per) for kept in scan.best()]
