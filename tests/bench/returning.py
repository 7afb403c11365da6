"""What `gala bench return` does: phones whose lines break all at once, and others that play on meanwhile.

`gala serve` runs in a process of its own, the phones in this one; both share the machine. A phone comes back
as the page does: at a moment of its own within the window that it was told, and, where it then has to stand
in line, with its slot when it is told to. It is *back* when it has been welcomed, and *right* if that welcome
has the open round and the ballot it had been told was counted. In the middle of it the director presses
something, and every phone is to hear of it, whether it was here, on its way, or in line.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gala.crowd.line import LineDown, RefusedConnect
from gala.processes import memory
from tests.bench.bare_line import BareLine
from tests.bench.choke import cpu_s
from tests.bench.goals import Goals, judged
from tests.bench.sync_report import share
from tests.gala.serving import CHOICES, serving
from tests.gala.story import TETRIS

PATIENCE_S = 120
PLAY_EVERY_S = 0.5
BETWEEN_S = 1.0  # the rush lasts so much longer than W, for those who play on
GOALS: Goals = {
    "right state p95": ("state_p95_ms", 300.0),
    "right state p99": ("state_p99_ms", 1_000.0),
    "95 % back after W": ("back_p95_after_window_ms", 5_000.0),
    "live ack p99": ("live_ack_p99_ms", 1_000.0),
    "wrong or missing": ("wrong", 0.0),
    "cue missed": ("missed_a_cue", 0.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """phones: whose lines are cut; live: others, who vote twice a second meanwhile. admit_per_s: the
    service's."""

    phones: int
    live: int
    admit_per_s: int
    seed: int


class Return(NamedTuple):
    """One phone's. back_ms: from the cut to its welcome; state_ms: from the opening of the socket that was
    let in; queued: how often it was sent to stand in line."""

    back_ms: float
    state_ms: float
    queued: int
    right: bool


class Cores(NamedTuple):
    """From the cut to the last welcome: of how many cores the service's process made use (its store has one
    of its own) and the phones'; and for what part of that time the service's loop had something to do and no
    core, as others had them: what that is beyond a few hundredths is no figure of ours."""

    service: float
    phones: float
    waited: float


@dataclass
class Phone:
    """One viewer with a ballot. Written by its own tasks."""

    url: str
    chance: random.Random
    token: str = ""
    window_s: float = 0.0
    seq: int = 0
    queued: int = 0
    opened_s: float = 0.0
    acks_ms: list[float] = field(default_factory=list)
    show: dict[str, Any] = field(default_factory=dict)
    line: BareLine | None = None
    welcomed: "asyncio.Future[dict[str, Any]] | None" = None

    async def come_in(self) -> dict[str, Any]:
        """Connects, in line if there is one; the welcome."""
        slot = ""
        while True:
            self.opened_s = time.monotonic()
            self.welcomed = asyncio.get_running_loop().create_future()
            try:
                self.line = await BareLine.open(self.url, {"pass": self.token, "slot": slot}, self._hear)
                await asyncio.wait((self.welcomed, self.line.lost), return_when=asyncio.FIRST_COMPLETED)
                if self.welcomed.done():
                    return self.welcomed.result()
            except RefusedConnect as refused:
                self.queued += 1
                slot = refused.content.get("queue", {}).get("slot", "")
                await asyncio.sleep(refused.content.get("retry_after_ms", 1_000) / 1_000)
            except LineDown:
                await asyncio.sleep(self.chance.uniform(0.4, 0.6))

    def _hear(self, event: str, content: Any) -> None:
        if event == "welcome":
            self.token = content["pass"]
            self.window_s = content.get("back_ms", 0) / 1_000
            self.show = content["show"]
            assert self.welcomed is not None
            self.welcomed.set_result(content)
        elif event == "show":
            self.show = content
        elif event == "back":
            self.window_s = content.get("within_ms", 0) / 1_000
        self.heard(event, content)

    def heard(self, event: str, content: Any) -> None:
        """What a kind of phones does about what the service says."""

    async def enter(self) -> None:
        """Gets a number, asked for again as often as it takes."""
        assert self.line is not None
        while "pass" not in (said := await self.line.ask("enter", {})):
            await asyncio.sleep(said["retry_after_ms"] / 1_000)
        self.token = said["pass"]

    async def vote(self) -> None:
        """A ballot, until it is counted; how long its acknowledgement took is noted."""
        assert self.line is not None
        self.seq += 1
        move = {"choices": [CHOICES[self.seq % len(CHOICES)]]}
        began_s = time.monotonic()
        while True:
            reply = await self.line.ask("play", {"round": TETRIS, "seq": self.seq, "at_ms": 0, "move": move})
            if reply["status"] in ("counted", "already"):
                break
            await asyncio.sleep(0.1)
        self.acks_ms.append((time.monotonic() - began_s) * 1_000)

    def cut(self) -> None:
        """The line breaks."""
        assert self.line is not None
        self.line.cut()

    async def come_back(self, cut_s: float) -> Return:
        """At a moment of its own within the window."""
        self.queued = 0
        await asyncio.sleep(self.chance.random() * self.window_s)
        welcome = await self.come_in()
        now_s = time.monotonic()
        round_ = welcome["show"].get("round") or {}
        mine = welcome["mine"].get("rounds", {}).get(TETRIS, {})
        right = (round_.get("id"), round_.get("state"), mine.get("seq")) == (TETRIS, "open", self.seq)
        return Return((now_s - cut_s) * 1_000, (now_s - self.opened_s) * 1_000, self.queued, right)

    async def leave(self) -> None:
        if self.line is not None:
            await self.line.close()
            await self.line.lost


def chances(seed: int, count: int) -> list[random.Random]:
    """For so many phones, each its own."""
    return [random.Random(seed * 100_003 + n) for n in range(count)]


Kind = TypeVar("Kind", bound=Phone)


@contextlib.asynccontextmanager
async def seated(port: int, chances: Iterable[random.Random], kind: type[Kind]) -> AsyncIterator[list[Kind]]:
    """A phone with a number for each of these chances."""
    phones = [kind(f"ws://127.0.0.1:{port}", chance) for chance in chances]
    try:
        await asyncio.gather(*(phone.come_in() for phone in phones))
        await asyncio.gather(*(phone.enter() for phone in phones))
        memory.settle()
        yield phones
    finally:
        await asyncio.gather(*(phone.leave() for phone in phones))


async def measure(options: Options, folder: Path) -> dict[str, Any]:
    """One run; what it found, see `report`."""
    async with (
        asyncio.timeout(PATIENCE_S),
        serving(folder / "data", GALA_ADMIT_PER_S=str(options.admit_per_s)) as service,
    ):
        await service.up()
        await service.go("tetris.start")
        await service.cued("fire")
        everybody = chances(options.seed, options.live + options.phones)
        async with seated(service.port, everybody, Phone) as all_phones:
            await asyncio.gather(*(phone.vote() for phone in all_phones))
            live, leaving = all_phones[: options.live], all_phones[options.live :]
            # what a phone knows of the window comes with the next of the edge's reports, once a second
            await service.reported(len(all_phones))
            for phone in live:
                phone.acks_ms.clear()
            stop = asyncio.Event()
            voting = [asyncio.create_task(_vote_on(phone, stop)) for phone in live]
            window_s = len(all_phones) / options.admit_per_s
            cut_s = time.monotonic()
            before = _used_s(service.process.pid)
            for phone in leaving:
                phone.cut()
            pressing = asyncio.create_task(service.cue("ask_clap"))
            returns = await asyncio.gather(*(phone.come_back(cut_s) for phone in leaving))
            await pressing
            rush_s = time.monotonic() - cut_s
            after = _used_s(service.process.pid)
            cores = Cores(*((now - then) / rush_s for now, then in zip(after, before, strict=True)))
            await asyncio.sleep(BETWEEN_S)
            missed = sum(phone.show.get("clap") is None for phone in all_phones)
            stop.set()
            await asyncio.gather(*voting)
            return report(returns, [ms for phone in live for ms in phone.acks_ms], window_s, missed, cores)


def _used_s(pid: int) -> tuple[float, float, float]:
    """CPU time of that process and of ours so far, all threads, and how long its loop's thread has waited for
    a core. Linux only."""
    waited_ns = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
    return cpu_s(pid), time.process_time(), waited_ns / 1e9


async def _vote_on(phone: Phone, stop: asyncio.Event) -> None:
    await asyncio.sleep(phone.chance.random() * PLAY_EVERY_S)
    while not stop.is_set():
        await phone.vote()
        await asyncio.sleep(PLAY_EVERY_S)


def report(
    returns: Iterable[Return], acks_ms: Iterable[float], window_s: float, missed: int, cores: Cores
) -> dict[str, Any]:
    """The figures, and the goals they meet. window_s: W, phones here / phones let in a second; missed: phones
    that did not hear of the cue."""
    found, acks = list(returns), list(acks_ms)
    states = [one.state_ms for one in found]
    figures: dict[str, Any] = {
        "phones": len(found),
        "window_ms": round(window_s * 1_000),
        "state_p50_ms": round(share(states, 0.5), 1),
        "state_p95_ms": round(share(states, 0.95), 1),
        "state_p99_ms": round(share(states, 0.99), 1),
        "back_p95_ms": round(share([one.back_ms for one in found], 0.95), 1),
        "back_p95_after_window_ms": round(share([one.back_ms for one in found], 0.95) - window_s * 1_000, 1),
        "stood_in_line": sum(one.queued > 0 for one in found),
        "asked_at_most": 1 + max((one.queued for one in found), default=0),
        "live_acks": len(acks),
        "live_ack_p50_ms": round(share(acks, 0.5), 1),
        "live_ack_p99_ms": round(share(acks, 0.99), 1),
        "wrong": sum(not one.right for one in found),
        "service_cores": round(cores.service, 2),
        "phones_cores": round(cores.phones, 2),
        "service_waited": round(cores.waited, 2),
        "missed_a_cue": missed,
    }
    return judged(figures, GOALS, ran=bool(found) and bool(acks))
