"""``python -m gala.crowd URL SHOW COUNT SEED CHANNELS LATE_S``: the crowd as a process of its own.

CHANNELS is JSON, id -> weight; who comes late comes within LATE_S seconds. A line of JSON about every half
second says how they fare, the last one when all have seen the end. It stops when its standard input ends, so
it never outlives who started it.
"""

import asyncio
import contextlib
import json
import random
import sys

import uvloop

from gala.crowd.people import people
from gala.crowd.viewer import Report, SimulatedViewer

REPORT_S = 0.5
JOIN_S = 2.0  # the crowd's first viewers come within this long


async def crowd(url: str, show: str, count: int, seed: str, channels: dict[str, int], late_s: float) -> None:
    """Runs the crowd to the show's end."""
    chance = random.Random(seed)
    report = Report()
    viewers = [
        SimulatedViewer(url, show, person, f"{seed}/{index}", report)
        for index, person in enumerate(people(chance, count, channels))
    ]
    joins_s = [chance.uniform(0, JOIN_S) + viewer.person.late * late_s for viewer in viewers]
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(viewer.run(join_s)) for viewer, join_s in zip(viewers, joins_s, strict=True)
        ]
        while not all(task.done() for task in running):
            _tell(report, done=False)
            await asyncio.wait(running, timeout=REPORT_S)
    _tell(report, done=True)


def _tell(report: Report, *, done: bool) -> None:
    sys.stdout.write(json.dumps({**report.shown(), "done": done}) + "\n")
    sys.stdout.flush()


async def until_abandoned(work: asyncio.Task[None]) -> None:
    """Cancels `work` when standard input ends."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while await reader.read(1024):
        pass
    work.cancel()


async def _main(arguments: list[str]) -> None:
    url, show, count, seed, channels, late_s = arguments
    work = asyncio.create_task(crowd(url, show, int(count), seed, json.loads(channels), float(late_s)))
    watch = asyncio.create_task(until_abandoned(work))
    with contextlib.suppress(asyncio.CancelledError):
        await work
    watch.cancel()


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit("usage: python -m gala.crowd URL SHOW COUNT SEED CHANNELS LATE_S")
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_main(sys.argv[1:]))
