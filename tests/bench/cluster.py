"""What durable costs on a cluster, and what faults of it cost: `python -m tests.bench.cluster --faults 6`.

Four edges, each with a page of its own, play without a pause while primaries are killed, cut off from the
others, and frozen, in turn; each fault is mended before the next. An edge sends a batch again until it is
acknowledged. Afterwards every slot must be at least what was acknowledged last and at most what was sent
last, and the counters of every page must be those of its slots: acked ⊆ counted ⊆ sent. A stall is the
longest time that one page went without an acknowledgement around a fault; the goal is 5 s.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis import exceptions

from gala.store.clients import Clients, connect
from gala.store.valkey import EmbeddedValkey
from tests.primaries import Member, Primaries
from voting.box import Box, Change, GateState
from voting.layout import SEQ_MAX, Layout
from voting.recount import recount
from voting.tally import By, Count, Tally, Voters

ROUND = "bench/cluster/1"
PAGES = 4
BATCH = 200
COSTED = 300  # batches of which the cost is told
AGAIN_S = 0.05
STALL_GOAL_S = 5.0
KINDS = ("killed", "cut off", "frozen")

POLL = Layout.of(choice="u8")
COUNTS: list[Count] = [Voters("voters"), By("choice", ("choice",))]


class Edge:
    """Plays on one page for ever, and keeps what it sent and what was acknowledged."""

    def __init__(self, clients: Clients, page: int) -> None:
        self._box = Box(clients.once, ROUND, POLL.width)
        self._tally = Tally(POLL, COUNTS)
        self.page = page
        self.known = [POLL.empty] * BATCH
        self.acked = [0] * BATCH
        self.seq = 0
        self.acked_s = [time.monotonic()]  # instants of acknowledgements
        self.took_ms: list[float] = []
        self.retries = 0

    async def batch(self) -> None:
        """The next move of everyone here, until it is acknowledged for all."""
        self.seq += 1
        assert self.seq < SEQ_MAX
        after = POLL.pack({"seq": self.seq, "channel": 0, "flags": 0, "choice": 1 + self.seq % 4})
        left = list(range(BATCH))
        started_s = time.monotonic()
        while left:
            changes = [
                Change(n, self.known[n], after, self._tally.deltas(self.known[n], after)) for n in left
            ]
            try:
                answers = await self._box.apply(self.page, 1, changes)
            except (exceptions.RedisError, TimeoutError, OSError):
                self.retries += 1
                await asyncio.sleep(AGAIN_S)
                continue
            for n, answer in zip(left, answers, strict=True):
                self.known[n] = after if answer is None else answer
            left = [n for n in left if self.known[n] != after]
        self.acked = [self.seq] * BATCH
        self.acked_s.append(time.monotonic())
        self.took_ms.append(1000 * (self.acked_s[-1] - started_s))

    async def play(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.batch()

    def stall_s(self, since_s: float) -> float:
        """The longest time without an acknowledgement, from then on."""
        instants = [instant for instant in self.acked_s if instant >= since_s]
        return max((b - a for a, b in zip([since_s, *instants], instants, strict=False)), default=0.0)

    async def wrong(self) -> list[str]:
        """What does not agree in the store with what was sent and acknowledged."""
        slots, counters = await self._box.whole(self.page)
        said = []
        for n in range(BATCH):
            seq = int.from_bytes(slots[n * POLL.width : n * POLL.width + 2], "big")
            if not self.acked[n] <= seq <= self.seq:
                said.append(f"page {self.page} slot {n}: {seq}, acked {self.acked[n]}, sent {self.seq}")
        if counters != recount(POLL, COUNTS, [slots]):
            said.append(f"page {self.page}: counters {counters} are not those of its slots")
        return said


async def opened(url: str) -> tuple[Clients, list[Edge]]:
    clients = await connect(url)
    await Box(clients.once, ROUND, POLL.width).set_gate(range(PAGES), 1, GateState.OPEN)
    return clients, [Edge(clients, page) for page in range(PAGES)]


async def cost(url: str) -> dict[str, float]:
    """ms a durable batch of one edge, when nobody else plays."""
    clients, [edge, *_] = await opened(url)
    for _ in range(COSTED):
        await edge.batch()
    await clients.close()
    ordered = sorted(edge.took_ms)
    return {"p50_ms": statistics.median(ordered), "p99_ms": ordered[len(ordered) * 99 // 100]}


def harm(primaries: Primaries, kind: str, member: Member) -> None:
    """One fault, until the others have put the replica in the member's place."""
    replica = primaries.replica_of(member)
    if kind == "killed":
        member.kill()
        primaries.promoted(replica)
    elif kind == "frozen":
        member.freeze()
        primaries.promoted(replica)
    else:
        with primaries.isolated(member):
            time.sleep(2.0)


async def faults(primaries: Primaries, count: int) -> dict[str, Any]:
    with primaries.hasty():
        return await _faults(primaries, count)


async def _faults(primaries: Primaries, count: int) -> dict[str, Any]:
    clients, edges = await opened(primaries.url)
    stop, stalls = asyncio.Event(), dict[str, list[float]]({kind: [] for kind in KINDS})
    playing = [asyncio.create_task(edge.play(stop)) for edge in edges]
    await asyncio.sleep(1.0)
    for number in range(count):
        kind, edge = KINDS[number % len(KINDS)], edges[number // len(KINDS) % PAGES]
        member = await asyncio.to_thread(primaries.owner, f"{{{ROUND}#{edge.page}}}")
        since_s = time.monotonic()
        await asyncio.to_thread(harm, primaries, kind, member)
        await asyncio.to_thread(primaries.mend)
        await asyncio.sleep(1.0)
        stalls[kind].append(max(edge.stall_s(since_s) for edge in edges))
    stop.set()
    await asyncio.gather(*playing)
    wrong = [said for edge in edges for said in await edge.wrong()]
    await clients.close()
    return {
        "faults": count,
        "plays": sum(edge.seq for edge in edges) * BATCH,
        "batches_sent_again": sum(edge.retries for edge in edges),
        "stall_s": {kind: max(found, default=0.0) for kind, found in stalls.items()},
        "wrong": wrong,
    }


def main(args: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="gala bench cluster", description=__doc__)
    parser.add_argument("--faults", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(args)
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
        server = EmbeddedValkey(Path(folder) / "one").start()
        one = asyncio.run(cost(server.url))
        server.stop()
        with Primaries(Path(folder) / "many") as primaries:
            many = asyncio.run(cost(primaries.url))
            found = asyncio.run(faults(primaries, options.faults))
    said = {"one_server": one, "cluster": many, **found}
    said["met"] = not found["wrong"] and max(found["stall_s"].values()) < STALL_GOAL_S
    say = sys.stdout.write
    if options.json:
        say(json.dumps(said, indent=2) + "\n")
    else:
        say(f"a durable batch of {BATCH}\n")
        for name, took in (("one server", one), ("a cluster", many)):
            say(f"  {name:10} {took['p50_ms']:6.1f} ms, p99 {took['p99_ms']:.1f} ms\n")
        say(f"{found['faults']} faults, {found['plays']:,} plays, ")
        say(f"{found['batches_sent_again']} batches sent again; the longest stalls\n")
        for kind, stall_s in found["stall_s"].items():
            say(f"  {kind:10} {stall_s:6.1f} s\n")
        said_wrong = "\n".join(found["wrong"])
        say(f"{said_wrong or 'acked ⊆ counted ⊆ sent, and counters are those of the slots'}\n")
    return 0 if said["met"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
