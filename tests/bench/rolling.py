"""What `gala bench return --rolling` does: all edges are replaced while a round is open and everybody plays.

`gala serve --workers W` runs in processes of its own, the phones in this one; both share the machine. A phone
does what the page does: told to go (`drain`) it hangs up at a moment of its own within the time it was given
and connects again; one whose line is lost otherwise comes back within the window it was told. Its *gap* is
the time without a welcome. What it plays goes out again, the same, until its fate is known.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gala.crowd.line import LineDown
from tests.bench.goals import Goals, judged
from tests.bench.returning import Phone, chances, seated
from tests.bench.sync_report import share
from tests.gala.serving import CHOICES, fold, serving
from tests.gala.story import TETRIS

PATIENCE_S = 300
PLAY_EVERY_S = 1.0
AGAIN_S = 0.1
GOALS: Goals = {
    "connections again, at most": ("reconnects_most", 1.0),
    "gap p95": ("gap_p95_ms", 2_000.0),
    "plays lost": ("plays_lost", 0.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """phones: who vote once a second; workers: edges that are replaced. admit_per_s: the service's."""

    phones: int
    workers: int
    admit_per_s: int
    seed: int


@dataclass
class Resident(Phone):
    """One viewer who stays. Written by its own tasks."""

    gaps_ms: list[float] = field(default_factory=list)  # one each time it connected again
    last: str = ""  # the choice of its newest acknowledged ballot
    plays: int = 0  # acknowledged
    leave_at_s: float = 0.0  # its own moment, once it was told to go
    here: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, event: str, content: Any) -> None:
        """Told to go, it chooses its moment."""
        if event == "drain":
            loop = asyncio.get_running_loop()
            wait_s = self.chance.random() * content["within_ms"] / 1_000
            self.leave_at_s = time.monotonic() + wait_s
            assert self.line is not None
            loop.call_later(wait_s, self.line.cut)

    async def reside(self) -> None:
        """Is here until cancelled."""
        self.queued = 0  # as it came the first time
        while True:
            self.here.set()
            assert self.line is not None
            await asyncio.wait({self.line.lost})
            lost_s = time.monotonic()
            self.here.clear()
            left_s, self.leave_at_s = self.leave_at_s - lost_s, 0.0
            await asyncio.sleep(left_s if left_s > -PATIENCE_S else self.chance.random() * self.window_s)
            await self.come_in()
            self.gaps_ms.append((time.monotonic() - lost_s) * 1_000)

    async def play_on(self, stop: asyncio.Event) -> None:
        """A ballot a second, each until it is acknowledged; until `stop`."""
        await asyncio.sleep(self.chance.random() * PLAY_EVERY_S)
        while not stop.is_set():
            self.seq += 1
            choice = CHOICES[self.seq % len(CHOICES)]
            play = {"round": TETRIS, "seq": self.seq, "at_ms": 0, "move": {"choices": [choice]}}
            while await self._fate(play) not in ("counted", "already"):
                await asyncio.sleep(AGAIN_S)
            self.last, self.plays = choice, self.plays + 1
            await asyncio.sleep(PLAY_EVERY_S)

    async def _fate(self, play: dict[str, Any]) -> str:
        await self.here.wait()
        assert self.line is not None
        try:
            return str((await self.line.ask("play", play))["status"])
        except LineDown:
            return ""


async def measure(options: Options, folder: Path) -> dict[str, Any]:
    """One run; what it found, see `report`."""
    flags = ("--workers", str(options.workers))
    async with (
        asyncio.timeout(PATIENCE_S),
        serving(folder / "data", *flags, GALA_ADMIT_PER_S=str(options.admit_per_s)) as service,
    ):
        await service.up()
        await service.go("tetris.start")
        await service.cued("fire")
        async with seated(service.port, chances(options.seed, options.phones), Resident) as phones:
            stop = asyncio.Event()
            residing = [asyncio.create_task(phone.reside()) for phone in phones]
            playing = [asyncio.create_task(phone.play_on(stop)) for phone in phones]
            began_s = time.monotonic()
            os.kill(service.process.pid, signal.SIGHUP)
            await service.says("(restart done)")
            took_s = time.monotonic() - began_s
            await asyncio.gather(*(phone.here.wait() for phone in phones))
            stop.set()
            await asyncio.gather(*playing)
            counted = await service.counted()
            for task in residing:
                task.cancel()
            await asyncio.gather(*residing, return_exceptions=True)
            wanted = fold(phones)
            apart = [
                abs(wanted.get(name, 0) - counted.get(name, 0)) for name in wanted.keys() | counted.keys()
            ]
            return report(phones, sum(apart), took_s)


def report(phones: Iterable[Resident], plays_lost: int, took_s: float) -> dict[str, Any]:
    """The figures, and the goals they meet. plays_lost: by how much what is counted differs from what was
    acknowledged; took_s: from SIGHUP to the last old edge's end."""
    found = list(phones)
    gaps_ms = [gap_ms for phone in found for gap_ms in phone.gaps_ms]
    figures = {
        "phones": len(found),
        "restart_s": round(took_s, 1),
        "reconnected": sum(bool(phone.gaps_ms) for phone in found),
        "reconnects_most": max((len(phone.gaps_ms) for phone in found), default=0),
        "gap_p50_ms": round(share(gaps_ms, 0.5), 1),
        "gap_p95_ms": round(share(gaps_ms, 0.95), 1),
        "gap_most_ms": round(max(gaps_ms, default=0.0), 1),
        "stood_in_line": sum(phone.queued > 0 for phone in found),
        "plays": sum(phone.plays for phone in found),
        "plays_lost": plays_lost,
    }
    return judged(figures, GOALS, ran=bool(found) and all(phone.gaps_ms and phone.plays for phone in found))
