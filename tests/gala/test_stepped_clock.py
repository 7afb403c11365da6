"""The world's clock, the store's with it, is stepped by an hour, and back, in the middle of a round.

A real `gala demo` and its Valkey run over a system clock of the test's own; their monotonic clocks are the
machine's. What the evening did, and when, is read from its log afterwards.
"""

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from gala.rundown.file import load
from gala.store.clients import connect
from gala.store.log import Entry, ShowLog
from gala.store.valkey import EmbeddedValkey
from gala.view import History
from tests.gala.faketime import SystemClock
from tests.gala.test_demo import environment

RUNDOWN = "tests/gala/steps.toml"
VIEWERS = 12
SPEED = 6
PATIENCE_S = 60
HOUR_MS = 3_600_000
ROUND_MS = 40_000
JITTER_MS = 60_000  # gala time in which a cue is called: seconds on a busy machine; an hour is sixty of it


@dataclass
class Demo:
    """A demo that runs, and what it has said so far on both its outputs."""

    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        async for line in stream:
            async with self.news:
                self.said.append(line.decode())
                self.news.notify_all()

    async def says(self, pattern: str) -> None:
        """Waits until a line of it has this in it."""
        async with asyncio.timeout(PATIENCE_S), self.news:
            await self.news.wait_for(lambda: any(re.search(pattern, line) for line in self.said))


@contextlib.asynccontextmanager
async def playing(data: Path, clock: SystemClock) -> AsyncIterator[Demo]:
    """The demo, listened to, to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gala", "demo", "--rundown", RUNDOWN),
        *("--viewers", str(VIEWERS), "--speed", str(SPEED)),
        env=environment(data, GALA_LOG="info") | clock.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    demo = Demo(process)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(demo.listen(process.stdout))
            tasks.create_task(demo.listen(process.stderr))
            yield demo
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def log_of(data: Path) -> list[Entry]:
    """The log of the evening that was played in this folder."""
    server = await asyncio.to_thread(EmbeddedValkey(data / "demo/1/store").start)
    try:
        clients = await connect(server.url)
        entries = await ShowLog(clients, "steps").read(0)
        await clients.close()
        return entries
    finally:
        await asyncio.to_thread(server.stop)


async def test_when_the_worlds_clock_steps_by_an_hour_the_evening_goes_on_as_if_it_had_not(
    tmp_path: Path,
) -> None:
    clock = SystemClock(tmp_path / "clock")
    async with playing(tmp_path / "data", clock) as demo:
        await demo.says("open · The song")
        for step_s, off_ms in ((3600, "3(599|600)"), (-3600, "-3(599|600)")):
            clock.step(step_s)
            for source in ("store", "system"):
                await demo.says(rf"clock alarm: not followed.* source='{source}' off_ms={off_ms}\d\d\d$")
    said = "".join(demo.said)
    assert demo.process.returncode == 0, said
    assert "counters = recount" in said
    assert "verifies" in said
    assert "reason='clock'" not in said, "the edge stayed in rotation"
    assert sum("clock alarm" in line for line in demo.said) == 4, "told once for each change of each clock"

    entries = await log_of(tmp_path / "data")
    assert entries[-1].at_ms - entries[0].at_ms < HOUR_MS / 2
    fired = [entry for entry in entries if entry.cue["cue"] == "fire"]
    assert [entry.cue["target"] for entry in fired] == [
        "song.open",
        "song.lock",
        "song.reveal",
        "goodbye.end",
    ]
    for entry in fired:
        assert abs(entry.at_ms - entry.cue["due_at_ms"]) < JITTER_MS, entry.cue["target"]
    history = History(load(Path(RUNDOWN)))
    for entry in entries:
        history.add(entry)
    round_ = history.head.rounds["steps/song/1"]
    assert 0 <= round_.locked_at_ms - round_.opened_at_ms - ROUND_MS < JITTER_MS
    assert round_.recount_equal
    assert 0 < round_.tally["voters"] <= VIEWERS
