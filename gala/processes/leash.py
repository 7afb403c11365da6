"""The line between a worker and the process that started it: the worker's standard input and output.

Down it come words, a line each: ``keep out`` (let in no more viewers; answered ``out``) and ``leave`` (send
those who are in elsewhere, then end). Its end means: end now. So whatever happens to the process that holds
the other end, also SIGKILL, the kernel tells us, and nobody is left behind.

Up it go ``ready``, once all roles are of use for the first time, and ``here``, again and again: a worker that
hangs cannot say it, and is replaced.
"""

import asyncio
import contextlib
import os
import sys

from gala.evening import Evening

HERE_S = 1.0
LOOK_S = 0.05
READY, HERE, OUT = "ready", "here", "out"
KEEP_OUT, LEAVE = "keep out", "leave"


def _say(word: str) -> None:
    # whoever started us may have been stopped: then we do not wait until it reads
    with contextlib.suppress(BlockingIOError, BrokenPipeError):
        os.write(sys.stdout.fileno(), f"{word}\n".encode())


async def hold(evening: Evening, end: asyncio.Event) -> None:
    """Does what is said, and sets `end` when this process is to end; until cancelled."""
    os.set_blocking(sys.stdout.fileno(), False)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_listen(evening, end, tasks))
        tasks.create_task(_tell(evening))


async def _listen(evening: Evening, end: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
    heard = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), sys.stdin)
    async for line in heard:
        word = line.decode().strip()
        if word == KEEP_OUT:
            evening.keep_out()
            _say(OUT)
        elif word == LEAVE:
            tasks.create_task(_leave(evening, end))
    end.set()


async def _leave(evening: Evening, end: asyncio.Event) -> None:
    await evening.leave()
    end.set()


async def _tell(evening: Evening) -> None:
    loop = asyncio.get_running_loop()
    told_s, ready = 0.0, False
    while True:
        if not ready and evening.ready:
            ready = True
            _say(READY)
        if loop.time() - told_s >= HERE_S:
            told_s = loop.time()
            _say(HERE)
        await asyncio.sleep(LOOK_S)
