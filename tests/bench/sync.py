"""How nearly phones start a cue together: `gala bench sync`.

A real evening on this machine, with its own store, at real pace: five channels 0, 7, 20, 25 and 45 s behind
the hall, rounds of a class that all play for equally long (`appear`). The phones run the pages' own clock
and schedule of `sync` in a Node, each with a local clock that is up to 5 s and 50 ppm off, each behind one of
four networks (`tests/bench/proxy.py`).

Every phone notes on the machine's monotonic clock when its page would start the cue and end it. The service's
schedule is the round's instant in the log, through the gala clock, as it was read beside that same monotonic
clock. So nothing that the phones believe enters the result. What a page takes to draw a frame is left out.

All share this machine. Where it is busy with something else, the service's loop comes late to its sockets,
which no clock can tell from a bad network; how late is said at the end.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from gala.clock import GalaClock
from gala.draws.beacons import chain_and_signature
from gala.evening import Evening, open_evening
from gala.logs import set_up_logs
from gala.protocol.crew import CuePost
from gala.rundown import Rundown
from gala.rundown.file import load
from gala.settings import Settings
from gala.timekeeping import world_of
from gala.timing import OPEN_LEAD_MS
from tests.bench.proxy import NETWORKS, DelayingProxy
from tests.bench.sync_phones import Someone, bundle, phones
from tests.bench.sync_report import Play, report, share, table, verdicts

CHANNELS_S = {"hall": 0, "aerial": 7, "cable": 20, "app": 25, "abroad": 45}
LENGTH_S = 3
CUE_EVERY_S = 8
SETTLE_S = 5.0  # two bursts of `sync` take three seconds, and what they find is then slewed
AHEAD_MS = 5_000
DRIFT_PPM = 50
PATIENCE_S = 30
LOOK_S = 0.02
NEAR_NS = 500_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for. channels_s: each channel's delay behind the hall."""

    phones: int
    seconds: int
    seed: int
    channels_s: dict[str, int]

    @property
    def cues(self) -> int:
        """How many rounds open."""
        return max(1, self.seconds // CUE_EVERY_S)


def rundown(options: Options, folder: Path) -> Rundown:
    """An evening of short rounds, each begun by a person."""
    channels = "".join(
        f'[[channels]]\nid = "{name}"\nname = {{ en = "{name}" }}\ndelay = "{delay_s}s"\n'
        for name, delay_s in options.channels_s.items()
    )
    segments = "".join(
        f"""
[[segments]]
id = "cue-{number}"
plan = 20:{number // 60:02}:{number % 60:02}
title = {{ en = "Cue {number}" }}
card = {{ en = "Now." }}
question = {{ en = "Tap." }}
whack = {{ waves = 1, wave_ms = 1500, moles = 1, up_ms = 500, threshold = 1 }}
[segments.cues]
start = "go"
open = "after {OPEN_LEAD_MS / 1000:g}s"
lock = "after {LENGTH_S}s"
reveal = "go"
end = "go"
"""
        for number in range(options.cues)
    )
    path = folder / "sync.toml"
    path.write_text(
        f"""[show]
id = "sync"
languages = ["en"]
name = {{ en = "Together" }}
zone = "Asia/Shanghai"
date = 2019-11-10
starts = 20:00:00
ends = 23:00:00
currency = "XTS"
numbers_max = 10_000

{channels}{segments}"""
    )
    return load(path)


class Looks:
    """The gala clock read beside the machine's monotonic clock (an argument for tests), again and again."""

    def __init__(self, clock: GalaClock, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._monotonic_ns = monotonic_ns
        self._looks: list[tuple[int, float]] = []  # monotonic ns, and where gala time 0 was then
        self.lags_ms: list[float] = []  # how much later than asked for the service's own loop came to it

    def look(self) -> None:
        """One more."""
        before_ns = self._monotonic_ns()
        now_ms = self._clock.now_ms()
        at_ns = (before_ns + self._monotonic_ns()) // 2
        self._looks.append((at_ns, at_ns - now_ms * 1e6))

    def monotonic_ns(self, gala_ms: int) -> float:
        """When it was that gala time. `now_ms` drops the part of a millisecond: half of one on average."""
        last_ns, zero_ns = self._looks[-1]
        about_ns = zero_ns + gala_ms * 1e6
        near = [zero for at_ns, zero in self._looks if abs(at_ns - about_ns) < NEAR_NS]
        assert near, (
            f"nobody looked at the clock then ({(last_ns - about_ns) / 1e9:.1f} s before the last look)"
        )
        return statistics.mean(near) + gala_ms * 1e6 - 0.5e6


@contextlib.asynccontextmanager
async def running(plan: Rundown, folder: Path) -> AsyncIterator[Evening]:
    """The evening at real pace, every role and listener running."""
    secret = b"an evening that only a bench sees"
    chain, signature = chain_and_signature(plan, secret)
    async with open_evening(
        Settings(data=folder, public_port=0, crew_port=0),
        plan,
        rehearsal=True,
        clock=GalaClock(plan.starts_at_ms),
        chain=chain,
        signature=signature,
        secret=secret,
        entropy=os.urandom,
        wall_s=lambda: int(time.time()),
        world=world_of,
    ) as evening:
        roles = asyncio.create_task(evening.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (evening.edge.state.version and evening.crew.ready):
                    await asyncio.sleep(LOOK_S)
            yield evening
        finally:
            evening.stop()
            await roles
        assert evening.faults == [], evening.faults


async def go(evening: Evening, number: int) -> None:
    """A person arms a segment's start and presses GO."""
    by = evening.passes.read_crew(
        evening.passes.crew("director", "bench", expires_at_s=int(time.time()) + 60), int(time.time())
    )
    name = f"cue-{number}.start"
    for press in (
        CuePost(id=f"standby-{number}", cue="standby", target=name),
        CuePost(id=f"go-{number}", cue="go", expect={"standby": name}),
    ):
        status, reply = await evening.crew.post(press, by)
        assert status == 200, reply


class NotAllHere(Exception):
    """Phones did not come in; the message says which, and what those said that failed."""


class Notes:
    """What the phones tell. Written by `hear` alone."""

    def __init__(self, people: int) -> None:
        self._people = people
        self.welcomed: set[int] = set()
        self.starts: dict[tuple[str, int], dict[str, Any]] = {}
        self.ends: dict[tuple[str, int], dict[str, Any]] = {}
        self.lost: list[str] = []
        self.all_here = asyncio.Event()

    async def hear(self, told: AsyncIterator[dict[str, Any]], expected: int) -> None:
        """Takes everything in, until there are as many ends as `expected`."""
        async for event in told:
            if event["what"] == "welcome":
                self.welcomed.add(event["phone"])
                if len(self.welcomed) == self._people:
                    self.all_here.set()
            elif event["what"] == "lost":
                self.lost.append(f"phone {event['phone']}: {event['why']}")
            else:
                kept = self.starts if event["what"] == "start" else self.ends
                key = (event["round"], event["phone"])
                assert key not in kept, f"{event['what']} twice: {key}"
                kept[key] = event
            if len(self.ends) == expected:
                return


async def arrived(notes: Notes, people: int) -> None:
    """Waits until everybody was welcomed; `NotAllHere`."""
    try:
        async with asyncio.timeout(PATIENCE_S + people / 10):
            await notes.all_here.wait()
    except TimeoutError:
        missing = sorted(set(range(people)) - notes.welcomed)
        raise NotAllHere(f"phones {missing} were never welcomed; {'; '.join(notes.lost)}") from None


async def measure(options: Options, folder: Path) -> dict[str, Any]:
    """One run; the report (`sync_report.report`)."""
    chance = random.Random(options.seed)
    plan = rundown(options, folder)
    command = await asyncio.to_thread(bundle, folder)
    names = list(NETWORKS)
    on = [names[one % len(names)] for one in range(options.phones)]
    watching = [
        list(options.channels_s)[one // len(names) % len(options.channels_s)] for one in range(options.phones)
    ]
    expected = options.phones * options.cues
    async with contextlib.AsyncExitStack() as stack:
        evening = await stack.enter_async_context(running(plan, folder / "evening"))
        proxies = {
            name: await stack.enter_async_context(
                DelayingProxy(evening.public.port, network, chance.randrange(1 << 32))
            )
            for name, network in NETWORKS.items()
        }
        people = [
            Someone(
                id=one,
                url=f"http://127.0.0.1:{proxies[on[one]].port}",
                channel=watching[one],
                ahead_ms=chance.uniform(-AHEAD_MS, AHEAD_MS),
                drift_ppm=chance.uniform(-DRIFT_PPM, DRIFT_PPM),
            )
            for one in range(options.phones)
        ]
        looks, notes = Looks(evening.clock), Notes(options.phones)

        async def look() -> None:
            loop = asyncio.get_running_loop()
            while True:
                looks.look()
                wanted = loop.time() + LOOK_S
                await asyncio.sleep(LOOK_S)
                looks.lags_ms.append((loop.time() - wanted) * 1e3)

        looking = asyncio.create_task(look())
        stack.callback(looking.cancel)
        told = await stack.enter_async_context(phones(command, people))
        hearing = asyncio.create_task(notes.hear(told, expected))
        stack.callback(hearing.cancel)
        await arrived(notes, options.phones)
        await asyncio.sleep(SETTLE_S)
        every_s = options.seconds / options.cues
        for number in range(options.cues):
            if number:
                await asyncio.sleep(every_s + chance.uniform(-0.5, 0.5))
            await go(evening, number)
        rest_s = max(options.channels_s.values()) + LENGTH_S + OPEN_LEAD_MS / 1000
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rest_s + PATIENCE_S):
                await asyncio.shield(hearing)
        if hearing.done():
            hearing.result()
        rounds = evening.edge.state.rounds
    plays = []
    for (name, one), start in notes.starts.items():
        round_ = rounds[name]
        delay_ms = round_.delays_ms[list(options.channels_s).index(watching[one])]
        opens_ns = looks.monotonic_ns(round_.opened_at_ms + delay_ms)
        end = notes.ends.get((name, one))
        if end is None:
            continue  # counted as missing
        # a timer's lateness is no fault of the clock; who was told too late could not have been in time
        late_ms = start["over_ms"] if start["spare_ms"] >= 0 else 0.0
        start_ns = int(start["at_ns"]) - late_ms * 1e6
        lasted_ms = (int(end["at_ns"]) - end["over_ms"] * 1e6 - start_ns) / 1e6
        plays.append(
            Play(
                phone=one,
                round=name,
                network=on[one],
                channel=watching[one],
                error_ms=(start_ns - opens_ns) / 1e6,
                length_ms=lasted_ms - LENGTH_S * 1000,
                over_ms=late_ms,
                spare_ms=start["spare_ms"],
            )
        )
    return {
        "phones": options.phones,
        "cues": options.cues,
        "seed": options.seed,
        "lost": notes.lost,
        "service_lag_p50_ms": round(share(looks.lags_ms, 0.5), 2),
        "service_lag_p95_ms": round(share(looks.lags_ms, 0.95), 2),
        **report(plays, expected),
    }


def _some(written: str) -> int:
    if not written.isdecimal() or int(written) < 1:
        raise argparse.ArgumentTypeError(f"{written}: a whole number from 1 on")
    return int(written)


def main(arguments: list[str]) -> int:
    """The command. 0: every goal is met; 1: one is missed."""
    parser = argparse.ArgumentParser(
        prog="gala bench sync", description="How nearly phones start a cue together."
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON, no table")
    parser.add_argument("--phones", type=_some, default=40, help="over all networks and channels (40)")
    parser.add_argument("--seconds", type=_some, default=60, help="how long cues are fired, one in 8 s (60)")
    parser.add_argument("--seed", type=int, default=2019, help="other clocks and delays")
    asked = parser.parse_args(arguments)
    options = Options(phones=asked.phones, seconds=asked.seconds, seed=asked.seed, channels_s=CHANNELS_S)
    set_up_logs("warning")
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
        said = uvloop.run(measure(options, Path(folder)))
    if asked.json:
        sys.stdout.write(json.dumps(said) + "\n")
    else:
        out = Console(width=max(120, Console().width))
        out.print(table(said))
        lags = f"{said['service_lag_p50_ms']:.1f} ms late, p95 {said['service_lag_p95_ms']:.1f} ms"
        for line in [*verdicts(said), f"The service's loop came {lags}.", *said["lost"]]:
            out.print(line, highlight=False)
    return 0 if said["met"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
