"""The phones of `gala bench overload`: they tap steadily, and do what an edge under load asks them for.

As the pages do (`games/taps.ts`, `wire/relief.ts` and `wire/plays.ts` of `gala/web/src`): the running total
goes out every 300 ms, or as seldom as the service asks for, one play at a time; from level 4 on it stays
here, and goes out at a moment of its own when the level falls. Some are *fickle*: they switch every two
seconds whether they may be shown on air, and that goes out at every level. A *deaf* phone obeys none.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gala.crowd.line import LineDown
from tests.bench.returning import Phone

ROUND = "short/boost/1"
STAR = "hare"
BATCH_S = 0.3
TAPS_PER_S = 5
BOOSTS_STAY = 4
SWITCH_EVERY_S = 2.0
AGAIN_S = 0.1  # at least, when the service asks to try again


@dataclass
class Heard:
    """What all phones have noticed. Written by them."""

    acks_ms: list[float] = field(default_factory=list)
    boards: int = 0
    level: int = 0  # the newest that anybody was told
    answers: Counter[str] = field(default_factory=Counter)
    claps: dict[int, list[float]] = field(default_factory=dict)  # when each phone heard of it, by its instant
    cut_off: int = 0


@dataclass
class Tapper(Phone):
    """One viewer with two thumbs. Written by its own call-backs."""

    all: Heard = field(default_factory=Heard)
    deaf: bool = False
    fickle: bool = False
    fan: bool = False
    fan_acked: bool = False
    seat: float = 0.0  # 0 to 1, its own
    due: asyncio.TimerHandle | None = None
    total: int = 0
    acked: int = 0
    level: int = 0
    gather_s: float = 0.0
    began_s: float = 0.0
    over: bool = False
    asked_s: float = 0.0  # when the play went out that has no answer; 0: there is none

    def heard(self, event: str, content: Any) -> None:
        """Notes what it is about, and obeys."""
        if event == "tally":
            self.all.boards += 1
        elif event == "relief" or (event == "welcome" and content.get("relief")):
            self._relieve(content if event == "relief" else content["relief"])
        elif event == "show" and content.get("clap"):
            self.all.claps.setdefault(content["clap"]["asked_at_ms"], []).append(time.monotonic())

    def _relieve(self, relief: dict[str, Any]) -> None:
        self.all.level = relief.get("level", 0)
        if self.deaf:
            return
        self.level, self.gather_s = relief.get("level", 0), relief.get("gather_ms", 0) / 1_000
        if self.due is not None:
            self.due.cancel()
            self._next(self._gathers_s())
        asyncio.get_running_loop().call_later(self.chance.random() * self.gather_s, self._deliver)

    def _gathers_s(self) -> float:
        """Until the total goes out: as usual, or until an instant of this phone's own."""
        if self.gather_s <= BATCH_S:
            return BATCH_S
        part = (self.seat - time.monotonic() / self.gather_s) % 1
        return max(BATCH_S, part * self.gather_s)

    def begin(self) -> None:
        """Taps from now on; the first total goes out within the usual time."""
        self.began_s, self.seat = time.monotonic(), self.chance.random()
        assert self.line is not None
        self.line.lost.add_done_callback(self._cut_off)
        self._next(self.chance.random() * BATCH_S)
        if self.fickle:
            asyncio.get_running_loop().call_later(self.chance.random() * SWITCH_EVERY_S, self._switch)

    def _cut_off(self, _lost: object) -> None:
        self.all.cut_off += not self.over

    def _next(self, after_s: float) -> None:
        self.due = asyncio.get_running_loop().call_later(after_s, self._say)

    def _say(self) -> None:
        """What a page does when a total is due, and when the next one will be."""
        if not self.over:
            self.total = 1 + int((time.monotonic() - self.began_s) * TAPS_PER_S)
            self._next(self._gathers_s())
        self._deliver()

    def _switch(self) -> None:
        if not self.over:
            self.fan = not self.fan
            asyncio.get_running_loop().call_later(SWITCH_EVERY_S, self._switch)
        self._deliver()

    def _deliver(self) -> None:
        switched = self.fan != self.fan_acked
        stays = self.level >= BOOSTS_STAY and not self.over and not switched
        if self.asked_s or stays or (self.total <= self.acked and not switched) or self.line is None:
            return
        self.seq += 1
        self.asked_s = time.monotonic()
        move = {"total": max(1, self.total), "for": STAR, "fan": self.fan}
        play = {"round": ROUND, "seq": self.seq, "at_ms": 0, "move": move}
        try:
            self.line.say("play", play).add_done_callback(self._answered)
        except LineDown:
            return

    def _answered(self, done: "asyncio.Future[Any]") -> None:
        asked_s, self.asked_s = self.asked_s, 0.0
        if done.exception() is not None:
            return
        reply = done.result()
        self.all.answers[reply.get("reason") or reply["status"]] += 1
        self.all.acks_ms.append((time.monotonic() - asked_s) * 1_000)
        if reply["status"] == "retry":
            wait_s = max(AGAIN_S, reply.get("retry_after_ms", 0) / 1_000)
            asyncio.get_running_loop().call_later(wait_s, self._deliver)
            return
        if reply.get("mine"):
            has = reply["mine"]["has"]
            self.acked, self.fan_acked = max(self.acked, has["total"]), has.get("fan", False)
        self._deliver()

    def end(self) -> None:
        """No taps any more; what is still here goes out, as when a round is over."""
        self.over = True
        asyncio.get_running_loop().call_later(self.chance.random(), self._deliver)

    @property
    def settled(self) -> bool:
        """All its taps are acknowledged."""
        return self.acked == self.total and self.fan == self.fan_acked
