"""What a play costs Valkey: `python -m tests.bench.box`.

CPU time is the server process's own (INFO cpu, user and system), over batches of a poll's first votes by
viewers in random order, as an edge would send them: the figure to compare with the goal of 2.5 µs a play at
batches of 200. With an AOF the process also writes and syncs once a call, as in an evening. Each figure is
the median of three.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from redis.asyncio import Redis

from gala.store.clients import connect
from gala.store.valkey import EmbeddedValkey
from voting.box import PAGE, Box, Change, GateState
from voting.layout import Layout
from voting.tally import By, Count, Popcount, Tally, Voters

PAGES = 1
GOAL_US = 2.5

POLL = Layout.of(choice="u8")
POLL_COUNTS: list[Count] = [
    Voters("voters"),
    By("choice", ("choice",)),
    By("choice_channel", ("choice", "channel")),
]
WHACK = Layout.of(hits="u64", last_hit_cs="u16")
WHACK_COUNTS: list[Count] = [Voters("voters"), Popcount("hits", "hits"), By("channel", ("channel",))]


def first_votes(layout: Layout, counts: list[Count]) -> list[Change]:
    """A page of first plays in random order: 4 choices, 5 channels."""
    tally = Tally(layout, counts)
    crowd = random.Random(2019)
    changes = []
    for ordinal in crowd.sample(range(PAGE), PAGE):
        values = dict.fromkeys(layout.names, 0) | {"seq": 1, "channel": crowd.randrange(5)}
        values[layout.names[3]] = 1 + crowd.randrange(4)
        after = layout.pack(values)
        changes.append(Change(ordinal, layout.empty, after, tally.deltas(layout.empty, after)))
    return changes


async def server_cpu_us(redis: Redis) -> float:
    info = await redis.info("cpu")
    return 1e6 * float(info["used_cpu_user"] + info["used_cpu_sys"])


async def plays(url: str, layout: Layout, counts: list[Count], batch: int) -> tuple[float, float, float]:
    """(µs of Valkey CPU, µs of our own CPU, µs by the clock) a play."""
    changes = first_votes(layout, counts)
    clients = await connect(url)
    try:
        redis = clients.once
        await redis.flushall()
        box = Box(redis, f"bench/{layout.width}/{batch}", layout.width)
        await box.set_gate(range(PAGES), 1, GateState.OPEN)
        server, own, clock = await server_cpu_us(redis), time.process_time(), time.perf_counter()
        for page in range(PAGES):
            for start in range(0, PAGE, batch):
                answers = await box.apply(page, 1, changes[start : start + batch])
                assert not any(answers)
        clock, own = time.perf_counter() - clock, time.process_time() - own
        server = await server_cpu_us(redis) - server
        assert (await box.counters(range(PAGES)))["voters"] == PAGES * PAGE
    finally:
        await clients.close()
    return server / (PAGES * PAGE), 1e6 * own / (PAGES * PAGE), 1e6 * clock / (PAGES * PAGE)


def main() -> int:
    """The command. 0: the goal is met; 1: it is missed."""
    parser = argparse.ArgumentParser(prog="gala bench box", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, and nothing else")
    as_json = parser.parse_args().json
    found: list[dict[str, float | str]] = []
    for durable in (False, True):
        sync = "always" if durable else "no"
        with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
            valkey = EmbeddedValkey(Path(folder), durable=durable).start()
            try:
                for layout, counts in ((POLL, POLL_COUNTS), (WHACK, WHACK_COUNTS)):
                    for batch in (20, 200, 500):
                        several = [asyncio.run(plays(valkey.url, layout, counts, batch)) for _ in range(3)]
                        server, own, clock = (median(figures) for figures in zip(*several, strict=True))
                        found.append(
                            {
                                "appendfsync": sync,
                                "batch": batch,
                                "slot_bytes": layout.width,
                                "valkey_us": round(server, 2),
                                "client_us": round(own, 2),
                                "clock_us": round(clock, 2),
                            }
                        )
            finally:
                valkey.stop()
    goal = next(
        row
        for row in found
        if (row["appendfsync"], row["batch"], row["slot_bytes"]) == ("always", 200, POLL.width)
    )
    met = float(goal["valkey_us"]) <= GOAL_US
    if as_json:
        sys.stdout.write(json.dumps({"plays": found, "goal_us": GOAL_US, "met": met}) + "\n")
        return 0 if met else 1
    sys.stdout.write("fsync   batch  slot      Valkey µs  client µs   clock µs a play\n")
    for row in found:
        sys.stdout.write(
            f"{row['appendfsync']:6}  {row['batch']:5}  {row['slot_bytes']:2} bytes  {row['valkey_us']:9}"
            f"  {row['client_us']:9}  {row['clock_us']:9}\n"
        )
    sys.stdout.write(f"{'met' if met else 'MISSED'}: {GOAL_US} µs a durable poll vote at batches of 200\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
