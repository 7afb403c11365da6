"""What `gala bench return --whack` does: a part of the phones is off the network for a while, mid-whack.

`gala serve` runs in a process of its own, those who are dropped in this one with one who stays, and all
others who stay in a third, or they would make each other late; all share the machine. Each phone hits every
mascot that it is told of and sends all its hits so far, as the page does. Those who are dropped lose their
line at a moment of their own, and connect again when their network is back. They have *resumed* when they
were welcomed and have measured the service's clock, as the page does at once; then how long the round still
lasts for them is held against the phone that stayed.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from gala.crowd.line import LineDown
from gala.processes.serving import as_many_sockets_as_allowed
from tests.bench.goals import Goals, judged
from tests.bench.plans import ONE_HALL
from tests.bench.returning import Phone, chances, seated
from tests.bench.sync_report import share
from tests.gala.serving import serving_plan

PATIENCE_S = 240
ROUND = "short/whack/1"
AWAY_S_LEAST = 0.5
DROPPED_WITHIN = 0.2  # of the longest absence: so they go while others come back
REACTION_MS = 250, 1_250  # from the quick to the slow; all at one instant would measure this process
EXCHANGES = 4  # of clocks; the one with the shortest round trip is believed
LINE_BYTES_MAX = 1 << 20
STAY = "import sys; from tests.bench.away import stay_main; stay_main(sys.argv[1:])"
GOALS: Goals = {
    "resumed, at most": ("resume_most_ms", 2_000.0),
    "time left off, at most": ("time_left_off_most_ms", 200.0),
    "hits lost": ("hits_lost", 0.0),
    "wrong or missing": ("wrong", 0.0),
}
PLAN = (
    ONE_HALL
    + """
[[segments]]
id = "whack"
plan = 19:30:00
title = { en = "Whack the mascots" }
card = { en = "They pop up any moment now." }
question = { en = "Tap the mascots as they rise." }
[segments.whack]
waves = 36
wave_ms = 4000
moles = 1
up_ms = 1500
threshold = 1
[segments.cues]
start = "go"
open = "go"
lock = "after 150s"
reveal = "go"
end = "go"
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """phones: who play; dropped: which part of them is off the network for up to away_s. admit_per_s: the
    service's."""

    phones: int
    dropped: float
    away_s: float
    admit_per_s: int
    seed: int


class Back(NamedTuple):
    """One phone's return. resume_ms: since its network's return; off_ms: how far its clock is from that of
    one who stayed; lost: hits that were acknowledged and are not there."""

    resume_ms: float
    off_ms: float
    lost: int
    right: bool


@dataclass
class Whacker(Phone):
    """One viewer with a mallet. Written by its own tasks."""

    hits: list[list[int]] = field(default_factory=list)
    acked: int = 0  # hits that count, as it was told
    played: asyncio.Event = field(default_factory=asyncio.Event)  # the first was acknowledged
    offset_ms: float = 0.0  # gala time minus this process's monotonic time
    known: set[int] = field(default_factory=set)  # moles
    over: bool = False  # it hits nothing any more
    telling: set[asyncio.Task[None]] = field(default_factory=set)

    def heard(self, event: str, _content: Any) -> None:
        """Means to hit the mascots it has not been told of yet."""
        round_ = self.show.get("round")
        if event not in ("welcome", "show") or not round_:
            return
        loop, since_ms = asyncio.get_running_loop(), round_["opens_at_ms"]
        for wave in round_["public"]["waves"]:
            for mole, _, up_ms, down_ms, _ in wave["moles"]:
                if mole not in self.known:
                    self.known.add(mole)
                    hit_in_ms = since_ms + up_ms + self.chance.uniform(*REACTION_MS) - self.now_ms()
                    loop.call_later(hit_in_ms / 1_000, self._hit, mole, since_ms + down_ms)

    def now_ms(self) -> float:
        """Gala time, by its own clock."""
        return self.offset_ms + time.monotonic() * 1_000

    async def sync(self) -> None:
        """Measures the service's clock."""
        assert self.line is not None
        found = []
        for _ in range(EXCHANGES):
            t0_ms = time.monotonic() * 1_000
            said = await self.line.ask("sync", {"t0_ms": t0_ms})
            t3_ms = time.monotonic() * 1_000
            found.append((t3_ms - t0_ms, (said["t1_ms"] + said["t2_ms"] - t0_ms - t3_ms) / 2))
        self.offset_ms = min(found)[1]

    def _hit(self, mole: int, down_ms: int) -> None:
        if not self.over and self.now_ms() < down_ms:
            self.hits.append([mole, int(self.now_ms())])
            task = asyncio.create_task(self._tell())
            self.telling.add(task)
            task.add_done_callback(self.telling.discard)

    async def _tell(self) -> None:
        self.seq += 1
        move = {"hits": self.hits}
        play = {"round": ROUND, "seq": self.seq, "at_ms": int(self.now_ms()), "move": move}
        try:
            assert self.line is not None
            reply = await self.line.ask("play", play)
        except LineDown:
            return  # the next one says it too
        if reply["status"] == "counted":
            left_out = {mole for mole, _ in reply.get("refused", [])}
            self.hits = [hit for hit in self.hits if hit[0] not in left_out]
            self.acked = reply["mine"]["has"]["hits"]
            self.played.set()

    async def told(self) -> int:
        """The end: it hits nothing any more, and all that it says is answered. Hits that count."""
        self.over = True
        await asyncio.gather(*self.telling)
        return self.acked

    async def go_away(self, longest_s: float, witness: "Whacker") -> Back:
        """Is off the network for a while, at a moment of its own."""
        await asyncio.sleep(self.chance.random() * longest_s * DROPPED_WITHIN)
        self.cut()
        acked = self.acked
        await asyncio.sleep(self.chance.uniform(AWAY_S_LEAST, longest_s))
        began_s = time.monotonic()
        welcome = await self.come_in()
        self.offset_ms = welcome["now_ms"] - time.monotonic() * 1_000
        await self.sync()
        resume_ms = (time.monotonic() - began_s) * 1_000
        off_ms = abs(self.offset_ms - witness.offset_ms)
        lasting = self._lasting(welcome["show"]) == self._lasting(witness.show)
        mine = welcome["mine"].get("rounds", {}).get(ROUND)
        hits = mine["has"]["hits"] if mine else 0
        return Back(resume_ms, off_ms, max(0, acked - hits), lasting and mine is not None)

    @staticmethod
    def _lasting(show: dict[str, Any]) -> tuple[Any, ...]:
        round_ = show.get("round") or {}
        return tuple(round_.get(name) for name in ("id", "state", "opens_at_ms", "closes_at_ms"))


class Stayers:
    """Those who are never dropped, in their process (`stay`). It goes from one step to the next with each
    line that it is told, and says one when it has taken it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def said(self) -> Any:
        """What it says when it is so far."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "the process of those who stay has ended"
        return json.loads(line)

    async def go_on(self) -> Any:
        """To its next step; what it says then."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return await self.said()


@contextlib.asynccontextmanager
async def stayers(port: int, options: Options, first: int) -> AsyncIterator[Stayers]:
    """The phones from that on, in a process of their own, which has ended afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STAY, str(port), str(options.seed), str(first), str(options.phones)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
        start_new_session=True,
    )
    try:
        yield Stayers(process)
        assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def stay(port: int, phones: Sequence[random.Random], next_step: Callable[[], Awaitable[Any]]) -> None:
    """The process of those who stay: they are seated; next step: all have hit; next step: all is told."""
    async with seated(port, phones, Whacker) as whackers:
        await asyncio.gather(*(phone.sync() for phone in whackers))
        say(len(whackers))
        await next_step()
        await asyncio.gather(*(phone.played.wait() for phone in whackers))
        say(len(whackers))
        await next_step()
        say(await asyncio.gather(*(phone.told() for phone in whackers)))


def say(what: Any) -> None:
    """A line for who has started us."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def stay_main(arguments: list[str]) -> None:
    """That process: PORT SEED FIRST PHONES."""
    port, seed, first, count = map(int, arguments)
    as_many_sockets_as_allowed()

    async def live() -> None:
        heard = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), sys.stdin)
        await stay(port, chances(seed, count)[first:], heard.readline)

    uvloop.run(live())


async def measure(options: Options, folder: Path) -> dict[str, Any]:
    """One run; what it found, see `report`."""
    plan = folder / "whack.toml"
    plan.write_text(PLAN, "utf-8")
    dropped = max(1, round(options.phones * options.dropped))
    here = chances(options.seed, options.phones)[: 1 + dropped]
    async with (
        asyncio.timeout(PATIENCE_S),
        serving_plan(plan, folder / "data", GALA_ADMIT_PER_S=str(options.admit_per_s)) as service,
    ):
        await service.up()
        async with (
            stayers(service.port, options, len(here)) as others,
            seated(service.port, here, Whacker) as phones,
        ):
            await asyncio.gather(others.said(), *(phone.sync() for phone in phones))
            await service.go("whack.start")
            await service.go("whack.open")
            await asyncio.gather(others.go_on(), *(phone.played.wait() for phone in phones))
            witness, *leaving = phones
            await witness.sync()
            backs = await asyncio.gather(*(phone.go_away(options.away_s, witness) for phone in leaving))
            acked, *more = await asyncio.gather(others.go_on(), *(phone.told() for phone in phones))
            counted = await service.counted("whack.lock")
            return report(backs, [*more, *acked], counted.get("hits", 0))


def report(backs: Iterable[Back], acked: Iterable[int], counted: int) -> dict[str, Any]:
    """The figures, and the goals they meet. acked: hits, by phone, that it was told count; counted: in the
    sealed box."""
    found, told = list(backs), list(acked)
    figures = {
        "phones": len(told),
        "dropped": len(found),
        "resume_p95_ms": round(share([one.resume_ms for one in found], 0.95), 1),
        "resume_most_ms": round(max((one.resume_ms for one in found), default=0.0), 1),
        "time_left_off_p95_ms": round(share([one.off_ms for one in found], 0.95), 1),
        "time_left_off_most_ms": round(max((one.off_ms for one in found), default=0.0), 1),
        "hits_acknowledged": sum(told),
        "hits_counted": counted,
        # a hit whose acknowledgement was lost with the line may count, one that was acknowledged must
        "hits_lost": sum(one.lost for one in found) + max(0, sum(told) - counted),
        "wrong": sum(not one.right for one in found),
    }
    return judged(figures, GOALS, ran=bool(found) and all(told))
