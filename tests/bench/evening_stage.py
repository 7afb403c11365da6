"""The service for `gala bench evening`: all roles in one process, as `gala serve` has them, over a rundown
whose time is hurried as the demo's is.

A process of its own, see `main`; settings come from its environment. What it says is a line of JSON each:
where it is to be found, how it is at the start of every segment, and in the end which equalities do not hold.
The evening begins with the first line on standard input and is left when that ends.
"""

import asyncio
import json
import os
import secrets
import sys
import time
from typing import Any, cast

import msgspec
import uvloop

from gala import memory, settings
from gala.cli import read_rundown
from gala.clock import GalaClock
from gala.demo import direct, pace, summary_of
from gala.draws.beacons import chain_and_signature
from gala.edge.report import Report
from gala.evening import Evening, open_evening
from gala.logs import set_up_logs
from gala.rehearsal import BEFORE_MS
from gala.secret import service_secret
from gala.serving import as_many_sockets_as_allowed
from gala.store import keys
from gala.timekeeping import world_of
from gala.timing import GRACE_MS
from gala.vitals import open_files, resident_bytes

LOOK_S = 0.05
ENDED = "ended"


def say(**what: Any) -> None:
    """A line for who has started us."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def sample(evening: Evening, segment: str) -> None:
    """How the process is now. blocks: of Python's allocator, which show less than a page of memory."""
    edge = evening.edge
    say(
        segment=segment,
        at_s=round(time.monotonic(), 1),
        version=edge.state.version,
        sockets=len(edge.audience),
        resident_kib=resident_bytes() // 1024,
        blocks=sys.getallocatedblocks(),
        open_files=open_files(),
        tasks=len(asyncio.all_tasks()),
        cpu_s=round(time.process_time(), 2),
    )


async def watch(evening: Evening) -> None:
    """A sample whenever another segment is on air, and one when the show has ended."""
    seen = ""
    while seen != ENDED:
        state = evening.edge.state
        now = ENDED if state.phase == "ended" else state.on_air
        if now != seen:
            seen = now
            sample(evening, now)
        await asyncio.sleep(LOOK_S)


async def serve(rundown_name: str, speed: float) -> None:
    """Plays the evening."""
    as_many_sockets_as_allowed()
    chosen = settings.read(os.environ)
    set_up_logs(chosen.log)
    rundown = read_rundown(rundown_name)
    secret = service_secret(chosen, secrets.token_bytes)
    chain, signature = chain_and_signature(rundown, secret)
    heard = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), sys.stdin)
    began_s = time.monotonic()
    async with (
        open_evening(
            chosen,
            rundown,
            rehearsal=True,
            clock=GalaClock(rundown.starts_at_ms - BEFORE_MS),
            chain=chain,
            signature=signature,
            secret=secret,
            entropy=secrets.token_bytes,
            wall_s=lambda: int(time.time()),
            world=world_of,
            grace_ms=int(GRACE_MS * max(1, speed)),
        ) as evening,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(evening.run())
        for listener in evening.listeners:
            await listener.up()
        memory.settle()
        say(port=evening.public.port, show=rundown.id, channels=[one.id for one in rundown.channels])
        if await heard.readline():
            alongside = [
                tasks.create_task(direct(evening)),
                tasks.create_task(pace(evening, speed)),
                tasks.create_task(watch(evening)),
            ]
            abandoned = tasks.create_task(heard.read())
            over = tasks.create_task(evening.notary.published.wait())
            await asyncio.wait((abandoned, over), return_when=asyncio.FIRST_COMPLETED)
            sample(evening, "published")
            summary = await summary_of(evening, {}, int(time.monotonic() - began_s))
            (told,) = await evening.clients.once.hvals(keys.edges(rundown.id))
            report = msgspec.msgpack.decode(cast("bytes", told), type=Report)
            say(**summary, dropped=report.dropped, shed=report.shed)
            await abandoned
            for task in (*alongside, over):
                task.cancel()
        evening.stop()
        await running


def main() -> None:
    """The process: its arguments are a rundown and how many gala seconds a real one has."""
    uvloop.run(serve(sys.argv[1], float(sys.argv[2])))
