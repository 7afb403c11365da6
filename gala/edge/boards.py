"""The boards of an edge: what runs live, told to each cohort as of its own time, as often as is right now."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import msgspec
from redis.asyncio import Redis

from gala import embargo
from gala.conductor import Snapshot
from gala.edge.audience import Audience, Cohort
from gala.edge.broadcast import Broadcast
from gala.edge.pace import every_ms
from gala.fans import Fan
from gala.protocol import Tally
from gala.rounds import Rounds
from gala.show.state import Round, State
from gala.store import keys
from voting.box import Box
from voting.layout import FLAG_CONSENT


class Boards:
    """`state` gives the newest state that the edge has read."""

    def __init__(
        self,
        redis: Redis,
        rounds: Rounds,
        audience: Audience,
        broadcast: Broadcast,
        state: Callable[[], State],
    ) -> None:
        self.elsewhere_count = 0  # phones of other edges, written by whoever hears of them
        self._redis = redis
        self._rounds = rounds
        self._audience = audience
        self._broadcast = broadcast
        self._state = state
        self._rings: dict[str, deque[Snapshot]] = {}  # one a live round, for the slowest cohort's time
        self._due_at_ms = 0

    def due_now(self, now_ms: int) -> None:
        """What was planned at another pace is void."""
        self._due_at_ms = now_ms

    async def step(self, now_ms: int, rate: float, level: int) -> None:
        """Tells everyone, if that is due. rate: how fast gala time runs; level: of the edge's load."""
        if now_ms < self._due_at_ms:
            return
        self._due_at_ms = now_ms + int(every_ms(len(self._audience), level) * rate)
        slowest_ms = max((cohort.delay_ms for cohort in self._audience.cohorts), default=0)
        for round_ in self._live_rounds(self._state().rounds.values()):
            snapshot = await self._redis.get(keys.tally(round_.id))
            if snapshot is not None:
                ring = self._rings.setdefault(round_.id, deque())
                ring.append(msgspec.msgpack.decode(cast("bytes", snapshot), type=Snapshot))
                while len(ring) > 1 and ring[1].at_ms < now_ms - slowest_ms:
                    ring.popleft()
        for cohort in self._audience.cohorts:
            rounds = self._live_rounds(cohort.visible.rounds.values())
            if rounds and cohort.members:
                await self._tell(cohort, rounds[-1], now_ms)
        self._rings = {name: ring for name, ring in self._rings.items() if not self._seen_by_all(name)}

    def _seen_by_all(self, round_id: str) -> bool:
        """Whether every cohort knows how a round ended, so that nobody is shown its boards any more."""
        found = (cohort.visible.rounds.get(round_id) for cohort in self._audience.cohorts)
        return all(round_ is not None and (round_.void or round_.revealed_at_ms) for round_ in found)

    def _live_rounds(self, rounds: Iterable[Round]) -> Sequence[Round]:
        newest = self._state().rounds
        return [
            round_
            for round_ in rounds
            if not round_.revealed_at_ms
            and embargo.counters(round_, newest[round_.id], live=self._rounds.live(round_))
        ][-1:]

    async def _tell(self, cohort: Cohort, round_: Round, now_ms: int) -> None:
        ring = self._rings.get(round_.id, deque[Snapshot]())
        seen = [snapshot for snapshot in ring if embargo.in_sight(snapshot.at_ms, cohort.delay_ms, now_ms)]
        if seen and seen[-1].at_ms > cohort.tally_seq:
            cohort.tally_seq = seen[-1].at_ms
            fans = await self._agreeing(round_, seen[-1].fans)
            tally = Tally(
                round=round_.id,
                seq=seen[-1].at_ms,
                counters=self._rounds.board(round_, seen[-1].counters, fans),
                online=len(self._audience) + self.elsewhere_count,
            )
            await self._broadcast.tell(cohort, "tally", tally)

    async def _agreeing(self, round_: Round, fans: Sequence[Fan]) -> list[Fan]:
        """Those who agree still to be shown: whoever has taken it back is left out at once, although this
        cohort's picture has them. Asked of their slots, and not of the newest board: that another has
        overtaken them since is not to be told yet."""
        if not fans:
            return []
        layout = self._rounds.opened(round_).layout
        box = Box(self._redis, round_.id, layout.width)
        slots = await box.read(range(fan.number, fan.number + 1) for fan in fans)
        return [
            fan for fan, slot in zip(fans, slots, strict=True) if layout.unpack(slot)["flags"] & FLAG_CONSENT
        ]
