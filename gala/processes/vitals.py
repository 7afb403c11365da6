"""How a process is doing, as it tells the others: its steps, its event loop, what it holds of the machine.

Each process writes its own word into the store and reads none; the crew's listener shows all of them
(`gala.edge.monitor`). A process that writes no more is hung, gone, or cannot reach the store.
"""

import asyncio
import contextlib
import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gala.processes.loops import Loops
from gala.store import keys


class StepVitals(msgspec.Struct, frozen=True):
    """One role's steps since the process began. missed: the store did not answer; failed: a fault of ours.

    longest_ms: the longest step since the last telling, real ms. failing: the newest step did not succeed.
    """

    done: int
    missed: int
    failed: int
    longest_ms: float
    failing: bool


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """``vitals:{SHOW}``, field the process's name, msgpack; absolute. No two of a process are the same."""

    told: int
    roles: list[str]
    late_ms: float  # how late the event loop came to what was due, at worst since the last telling
    cpu_s: float
    tasks: int
    resident_bytes: int = 0  # 0 where the system does not say
    open_files: int = 0
    files_max: int = 0
    steps: dict[str, StepVitals] = msgspec.field(default_factory=dict)


class Pulse:
    """Tells the vitals of one process. name: the process's, unique in the show."""

    def __init__(self, redis: Redis, show: str, name: str, roles: Sequence[str], loops: Loops) -> None:
        self._redis = redis
        self._key = keys.vitals(show)
        self._name = name
        self._roles = list(roles)
        self._loops = loops
        self._told = 0

    async def step(self) -> None:
        """Writes how the process is doing now."""
        self._told += 1
        await self._redis.hset(self._key, self._name, msgspec.msgpack.encode(self._now()))

    def _now(self) -> Vitals:
        steps = {
            name: StepVitals(one.done, one.missed, one.failed, round(one.longest_s * 1000, 1), one.failing)
            for name, one in self._loops.steps.items()
        }
        for one in self._loops.steps.values():
            one.longest_s = 0.0
        late_s, self._loops.late_s = self._loops.late_s, 0.0
        return Vitals(
            told=self._told,
            roles=self._roles,
            late_ms=round(late_s * 1000, 1),
            cpu_s=round(time.process_time(), 2),
            tasks=len(asyncio.all_tasks()),
            resident_bytes=resident_bytes(),
            open_files=open_files(),
            files_max=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            steps=steps,
        )

    async def leave(self) -> None:
        """Takes back our word: who left is not missed."""
        with contextlib.suppress(RedisError, OSError):  # a store that is gone has nothing to take back
            await self._redis.hdel(self._key, self._name)


def resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # no Linux
        return 0
    return pages * resource.getpagesize()


def open_files() -> int:
    with os.scandir("/dev/fd") as found:
        return sum(1 for _ in found)
