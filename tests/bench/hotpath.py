"""What a vote, a board, a connection cost, beside Node and Bun: `python -m tests.bench.hotpath`.

Our own edge and every peer in a process of its own, one Valkey that syncs each write before its reply, the
same load for all: phones that vote as soon as they were answered, boards to everyone. Rounds alternate
between the servers, the first is thrown away (their compilers warm up), and what is compared is the CPU time
of the server's process with all its threads, user and system. Every peer commits votes in groups, gathered
as long as ours, by one call of one script; none of them judges more than that a vote's `seq` is new.

The peers' sources are in `peers/`; their packages, Node and Bun come from npm, into a folder that is thrown
away. What npm cannot give is said and left out. Linux only: CPU and memory are read from the kernel.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import uvloop

from gala.edge.plays import GATHER_BUSY_S
from gala.store.valkey import EmbeddedValkey
from tests.bench.hotpath_load import GALA, Crowd, Stuck, event, play_frame
from tests.bench.hotpath_peers import Kind, fetched
from tests.bench.hotpath_report import Cost, report, table

RUSH = 500  # connections that come, and enter, together
OPEN_PER_S = 5_000
FIRST = 100  # connections before memory is measured: what the first of them bring is not theirs
ONLINE = "123456"
SERVER = "from tests.bench.hotpath_server import main; main()"


class CannotMeasure(Exception):
    """A server did not start; the message says which, and its own last words."""


@dataclass(frozen=True)
class Options:
    """peers: whether any are fetched. idle: connections to each server for its memory, one server at a time;
    phones: how many of them stay. plays, boards: a round's, each."""

    peers: bool = True
    idle: int = 10_000
    phones: int = 1_000
    plays: int = 20
    boards: int = 30
    rounds: int = 5


@dataclass
class Run:
    """A server that runs, its phones, and what was measured of it."""

    kind: Kind
    process: subprocess.Popen[str]
    crowd: Crowd
    seq: int = 0
    cost: Cost = field(default_factory=Cost)

    def cpu_us(self) -> float:
        """CPU time of the process so far, all threads, user and system."""
        # the kernel's clock of another process' CPU time: its id, inverted, over three bits of kind
        return 1e6 * time.clock_gettime((~self.process.pid << 3) | 2)

    def memory_kib(self) -> int:
        """Resident memory, once its garbage is collected."""
        self.order("collect", answered=True)
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def order(self, word: str, *, answered: bool) -> None:
        """Tells the server to do something."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        if answered:
            self.process.stdout.readline()

    async def connect(self, idle: int, phones: int) -> None:
        """Connects so many, and measures time and memory of all but the first; then all but `phones` hang up.

        The time is that as far as CONNECT's reply; what only ours does after it, welcome and number, is
        told beside it. The memory is what a viewer who can vote takes.
        """
        first = min(FIRST, idle // 2)
        await self.crowd.connect(first)
        await self.enter(0)
        before_kib = self.memory_kib()
        connect_us = enter_us = 0.0
        for start in range(first, idle, RUSH):
            began_us = self.cpu_us()
            await self.crowd.connect(min(RUSH, idle - start))
            connected_us = self.cpu_us()
            await self.enter(start)
            connect_us += connected_us - began_us
            enter_us += self.cpu_us() - connected_us
        self.cost.connect_us, self.cost.enter_us = connect_us / (idle - first), enter_us / (idle - first)
        self.cost.kib_per_connection = (self.memory_kib() - before_kib) / (idle - first)
        self.crowd.close(phones)

    async def enter(self, since: int) -> None:
        """Our phones are welcomed and ask for their numbers; the peers gave theirs at the connection."""
        if self.kind.tongue is not GALA:
            return
        phones = self.crowd.phones[since:]
        self.crowd.expect(b"cohort", len(phones))
        self.order("welcome", answered=True)
        await self.crowd.come()
        self.order("wait", answered=True)
        self.crowd.expect(b"pass", len(phones))
        for phone in phones:
            phone.transport.write(event("enter", 1, {}))
        await self.crowd.come()

    async def vote(self, plays: int) -> float:
        """µs of CPU a vote and its reply."""
        frames = [play_frame(self.kind.tongue, self.seq + at + 1) for at in range(plays)]
        self.seq += plays
        before = self.cpu_us()
        await self.crowd.say(frames, b"counted")
        return (self.cpu_us() - before) / (plays * len(self.crowd.phones))

    async def wait(self, plays: int) -> None:
        """How long votes wait for their replies when they come at `OPEN_PER_S`, however long that is."""
        frames = [play_frame(self.kind.tongue, self.seq + at + 1) for at in range(plays)]
        self.seq += plays
        waits_ms = await self.crowd.keep_saying(frames, b"status", OPEN_PER_S)  # also one to try again
        self.cost.ack_p50_ms.append(waits_ms[len(waits_ms) // 2])
        self.cost.ack_p99_ms.append(waits_ms[len(waits_ms) * 99 // 100])

    async def board(self, boards: int) -> float:
        """µs of CPU a delivered board."""
        before = self.cpu_us()
        for _ in range(boards):
            self.crowd.expect(b"tally", len(self.crowd.phones))
            self.order("board", answered=False)
            await self.crowd.come()
        return (self.cpu_us() - before) / (boards * len(self.crowd.phones))

    def end(self) -> None:
        """Hangs up and ends the server, which does so when its input does."""
        self.crowd.close()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def start(kind: Kind, cwd: Path, log: Path) -> Run:
    """Starts a server and waits for its port."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            kind.command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    if not port.isdigit():
        process.kill()
        process.wait()
        raise CannotMeasure(f"{kind.name} did not start:\n{log.read_text()[-2000:]}")
    return Run(kind, process, Crowd(int(port), kind.tongue))


async def measure(options: Options, folder: Path) -> dict[str, Any]:
    """Measures ours and the peers, with `folder` for all that is written; the report."""
    peers, said = fetched(folder) if options.peers else ([], [])
    valkey = EmbeddedValkey(folder / "store").start()
    runs: list[Run] = []
    try:
        ours = [sys.executable, "-c", SERVER, valkey.url, str(folder)]
        runs.append(start(Kind("gala", ours, GALA), Path.cwd(), folder / "gala.log"))
        for kind in peers:
            told = [kind.name, unquote(valkey.url.removeprefix("unix://")), str(GATHER_BUSY_S * 1000), ONLINE]
            try:
                runs.append(
                    start(
                        Kind(kind.name, kind.command + told, kind.tongue), folder, folder / f"{kind.name}.log"
                    )
                )
            except CannotMeasure as problem:
                said.append(str(problem))
        for run in runs:
            await run.connect(options.idle, options.phones)
        for round_ in range(-1, options.rounds):
            for run in runs:
                vote, board = await run.vote(options.plays), await run.board(options.boards)
                if round_ >= 0:
                    run.cost.vote_us.append(vote)
                    run.cost.frame_us.append(board)
        for _ in range(options.rounds):
            await runs[0].wait(options.plays)
    finally:
        for run in runs:
            run.end()
        await asyncio.to_thread(valkey.stop)
    return report({run.kind.name: run.cost for run in runs}, said)


def main() -> int:
    """The command. 0: every goal is met; 1: one is missed, or could not be measured."""
    parser = argparse.ArgumentParser(prog="gala bench hotpath", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="the report as JSON, and nothing else")
    parser.add_argument("--rounds", type=int, default=Options.rounds, help="of every server, in turn")
    parser.add_argument("--phones", type=int, default=Options.phones, help="connections that vote")
    parser.add_argument("--idle", type=int, default=Options.idle, help="connections that memory is told of")
    chosen = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if not chosen.json:
        sys.stderr.write("fetching the peers from npm, then a minute of rounds\n")
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
        try:
            said = uvloop.run(
                measure(
                    Options(rounds=chosen.rounds, phones=chosen.phones, idle=max(chosen.idle, chosen.phones)),
                    Path(folder),
                )
            )
        except (CannotMeasure, Stuck) as problem:
            sys.stderr.write(f"{problem}\n")
            return 1
    sys.stdout.write(json.dumps(said, indent=1) + "\n" if chosen.json else table(said))
    return 0 if said["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
