"""A million votes, each counted once, through kills: `python -m tests.bench.million`.

`gala serve --workers N` with its own store, which syncs every write before it answers; a seeded crowd whose
every ballot is known beforehand. Half-way the store is killed with SIGKILL, at three quarters one of the
edges. In the end every viewer's slot is held to the last ballot that viewer was told is counted, and the
counters to the crowd's own fold and to the recount. CPU time is each process's own, user and system: where
cores are few the crowd, which is one process, and the servers take them from one another. Linux only.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import uvloop
from redis.exceptions import RedisError

from gala import recount
from gala.follower import Follower
from gala.rounds import Rounds
from gala.rundown.file import load
from gala.store.clients import Clients
from gala.store.log import ShowLog
from tests.bench.million_load import Crowd, choice_of
from tests.gala.serving import Service, serving
from tests.gala.story import TETRIS
from voting.box import PAGE, Box

BACK_S = 2.0
STUCK_S = 600.0


@dataclass(frozen=True)
class Options:
    """votes: in all. kills: whether anybody is killed."""

    votes: int = 1_000_000
    phones: int = 5_000
    workers: int = 4
    seed: str = "gala"
    kills: bool = True


@dataclass
class Result:
    """votes: acknowledged. lost: of these, not in the box. back_s: from the store's kill to the end of
    the longest time without an ack behind it.

    cpu_s: by process. edge_us: CPU time of all edges a vote, µs.
    """

    votes: int = 0
    seconds: float = 0.0
    votes_per_s: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    exact: bool = False
    back_s: float = 0.0
    edge_back_s: float = 0.0
    retries: int = 0
    reconnects: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    edge_us: float = 0.0
    aof_bytes_a_vote: float = 0.0


class Meter:
    """CPU time of processes that come and go. Read often enough to miss little of one that is killed."""

    def __init__(self) -> None:
        self._pids: dict[int, str] = {}
        self._began_s: dict[int, float] = {}
        self._last_s: dict[int, float] = {}

    def watch(self, name: str, pid: int) -> None:
        self._pids[pid] = name
        self._began_s[pid] = self._last_s[pid] = _cpu_s(pid)

    def read(self) -> dict[str, float]:
        """Seconds since each was first watched, by name."""
        found: dict[str, float] = {}
        for pid, name in self._pids.items():
            self._last_s[pid] = max(self._last_s[pid], _cpu_s(pid))
            found[name] = found.get(name, 0.0) + self._last_s[pid] - self._began_s[pid]
        return found


def _cpu_s(pid: int) -> float:
    """CPU time of a process so far, all threads, user and system; 0 when it is gone."""
    try:
        # the kernel's clock of another process' CPU time: its id, inverted, over three bits of kind
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


async def store_pid(clients: Clients) -> int:
    return int((await clients.once.info("server"))["process_id"])


async def vote(service: Service, crowd: Crowd, options: Options, meter: Meter, result: Result) -> None:
    """All votes, and the kills among them."""
    total = options.votes
    clients = await service.store()
    try:
        meter.watch("store", await store_pid(clients))
        began_s = time.monotonic()
        if options.kills:
            await crowd.until(total // 2, STUCK_S)
            meter.read()
            killed = await store_pid(clients)
            killed_s = time.monotonic()
            os.kill(killed, signal.SIGKILL)
            crowd.watch(killed_s)
            while True:
                with contextlib.suppress(RedisError, OSError):
                    if await store_pid(clients) != killed:
                        break
                await asyncio.sleep(0.02)
            # of what comes now the first may have been counted before; so the longest silence counts
            await crowd.until(min(crowd.acked + options.phones, total), STUCK_S)
            result.back_s = round(crowd.went_on_s - killed_s, 2)
            meter.watch("store", await store_pid(clients))
            if options.workers > 1:
                await crowd.until(total * 3 // 4, STUCK_S)
                meter.read()
                killed_s = time.monotonic()
                os.kill(await service.pid("edge-1"), signal.SIGKILL)
                await service.says(r"is ready.* worker='edge-1' pid=(\d+)", times=2)
                result.edge_back_s = round(time.monotonic() - killed_s, 2)
                meter.watch("edges", await service.pid("edge-1"))
        await crowd.until(total, STUCK_S)
        result.seconds = round(time.monotonic() - began_s, 2)
        result.cpu_s = {name: round(spent_s, 2) for name, spent_s in meter.read().items()}
    finally:
        await clients.close()


async def check(service: Service, crowd: Crowd, result: Result) -> None:
    """Holds the box to what the crowd was told, and the counters to the box."""
    rundown = load(service.data / "endless.toml")
    clients = await service.store()
    try:
        (found,) = await recount.of_store(clients, rundown, TETRIS)
        result.wrong += found.wrong
        follower = Follower(rundown, ShowLog(clients, rundown.id))
        await follower.read()
        layout = Rounds(rundown, bytes(32)).opened(follower.state.rounds[TETRIS]).layout
        box = Box(clients.once, TETRIS, layout.width)
        pages = {viewer.number // PAGE for viewer in crowd.viewers}
        slots = {page: await box.slots(page) for page in pages}
        fold = {"voters": len(crowd.viewers)}
        for viewer in crowd.viewers:
            start = viewer.number % PAGE * layout.width
            slot = layout.unpack(slots[viewer.number // PAGE][start : start + layout.width])
            choice = choice_of(crowd.seed, viewer.index, viewer.acked) + 1
            fold[f"choice/{choice}"] = fold.get(f"choice/{choice}", 0) + 1
            if (slot["seq"], slot["choice"]) != (viewer.acked, choice):
                result.lost += 1
        result.wrong += [
            f"{name}: {found.counters.get(name, 0)} counted, {count} cast"
            for name, count in fold.items()
            if found.counters.get(name, 0) != count
        ]
    finally:
        await clients.close()


async def measure(options: Options, folder: Path) -> Result:
    """The whole, from the service's start to its end."""
    result, meter = Result(), Meter()
    several = options.workers > 1
    async with serving(folder / "d", *(("--workers", str(options.workers)) if several else ())) as service:
        await service.up()
        await service.go("tetris.start")
        await service.cued("fire")
        each = options.votes // options.phones
        crowd = Crowd(service.port, options.phones, each, options.seed, TETRIS)
        await crowd.come(STUCK_S)
        meter.watch("crowd", os.getpid())
        meter.watch("first" if several else "edges", service.process.pid)
        if several:
            meter.watch("others", await service.pid("crew"))
            for number in range(options.workers):
                meter.watch("edges", await service.pid(f"edge-{number + 1}"))
        await vote(service, crowd, options, meter, result)
        crowd.close()
        await check(service, crowd, result)
    result.votes = crowd.acked
    result.votes_per_s = round(crowd.acked / result.seconds)
    result.retries, result.reconnects, result.refusals = crowd.retries, crowd.reconnects, dict(crowd.refusals)
    result.edge_us = round(1e6 * result.cpu_s["edges"] / crowd.acked, 1)
    aof_bytes = sum(path.stat().st_size for path in (folder / "d/store/appendonlydir").iterdir())
    result.aof_bytes_a_vote = round(aof_bytes / crowd.acked, 1)
    result.exact = not (result.lost or result.wrong) and crowd.acked == options.votes
    return result


def tell(options: Options, result: Result) -> str:
    """The result for people."""
    word, wrong = "yes" if result.exact else "NO", len(result.wrong)
    lines = [
        f"{result.votes:,} votes of {options.phones:,} phones through {options.workers} edges",
        f"  votes/s    {result.votes_per_s:,}, in {result.seconds:.1f} s",
        f"  exact      {word}: {result.lost} acknowledged and lost, {wrong} counters wrong",
    ]
    if options.kills:
        lines.append(f"  store      killed half-way, votes acknowledged again after {result.back_s:.2f} s")
    if result.edge_back_s:
        lines.append(f"  an edge    killed at three quarters, replaced in {result.edge_back_s:.2f} s")
    lines.append(f"  sent again {result.retries:,} when told so, {result.reconnects:,} lines made anew")
    spent = ", ".join(f"{name} {spent_s:.1f}" for name, spent_s in result.cpu_s.items())
    lines.append(f"  CPU s      {spent}; the edges {result.edge_us:.1f} µs a vote")
    lines.append(f"  AOF        {result.aof_bytes_a_vote:.1f} bytes a vote")
    return "\n".join(lines + [f"  wrong: {wrong}" for wrong in result.wrong]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="gala bench million", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--votes", type=int, default=Options.votes, help="in all (default %(default)s)")
    parser.add_argument("--phones", type=int, default=Options.phones, help="(default %(default)s)")
    parser.add_argument("--workers", type=int, default=Options.workers, help="edges (default %(default)s)")
    parser.add_argument("--seed", default=Options.seed, help="another crowd")
    parser.add_argument("--calm", action="store_true", help="kill nobody")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    asked = parser.parse_args()
    if asked.votes % asked.phones or asked.votes // asked.phones >= 1 << 16:
        parser.error("votes: a multiple of the phones, at most 65 535 for each")
    options = Options(asked.votes, asked.phones, asked.workers, asked.seed, not asked.calm)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="gala-million-") as folder:
        result = uvloop.run(measure(options, Path(folder)))
    sys.stdout.write(json.dumps(asdict(result)) + "\n" if asked.json else tell(options, result))
    sys.exit(0 if result.exact and result.back_s <= BACK_S else 1)


if __name__ == "__main__":
    main()
