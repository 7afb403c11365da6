"""A process that gets less of a core than it asks for: stopped for a moment, again and again.

A process of its own does it (`choke_main`), from outside: nobody else is held up, and nothing in the one that
is choked knows. It reckons with CPU time and not with time on the clock: whoever uses less than the share is
not stopped at all, and whoever gets no core because of others does not pay for that twice.
"""

import asyncio
import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import AsyncIterator

CHOKE = "import sys; from tests.bench.choke import choke_main; choke_main(sys.argv[1:])"
SLICE_S = 0.002
REST_S_MAX = 0.05  # however much was used: a slice is long where it is we who get no core


def cpu_s(pid: int) -> float:
    """CPU time of a process so far, all threads. Linux only."""
    # the kernel's clock of another process' CPU time: its id, inverted, over three bits of kind
    return time.clock_gettime((~pid << 3) | 2)


def rest_s(used_s: float, took_s: float, share: float) -> float:
    """How long a process is to stand still that used so much CPU time in so much time."""
    return min(REST_S_MAX, max(0.0, used_s / share - took_s))


@contextlib.asynccontextmanager
async def choked(pid: int, share: float) -> AsyncIterator[None]:
    """Meanwhile that process gets at most this share of a core; it runs freely afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHOKE, str(pid), str(share)),
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def choke_main(arguments: list[str]) -> None:
    """That process: PID SHARE; until its standard input ends, or the other has."""
    pid, share = int(arguments[0]), float(arguments[1])
    with contextlib.suppress(ProcessLookupError, OSError):  # the clock's word for one that is gone
        try:
            while True:
                began_s, used_s = time.monotonic(), cpu_s(pid)
                if _ended(SLICE_S):
                    return
                pause_s = rest_s(cpu_s(pid) - used_s, time.monotonic() - began_s, share)
                if pause_s > 0:
                    os.kill(pid, signal.SIGSTOP)
                    ended = _ended(pause_s)
                    os.kill(pid, signal.SIGCONT)
                    if ended:
                        return
        finally:
            os.kill(pid, signal.SIGCONT)


def _ended(within_s: float) -> bool:
    """Whether whoever started us wants no more of it; waits for that so long."""
    return bool(select.select([sys.stdin], [], [], within_s)[0])
