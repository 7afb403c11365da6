"""What a play costs Valkey, and how long a recount takes: `python -m tests.bench.box`.

CPU time is the server process's own (INFO cpu, user and system), over batches of a poll's first votes by
viewers in random order, as an edge would send them: the figure to compare with the goal of 2.5 µs a play at
batches of 200. With an AOF the process also writes and syncs once a call, as in an evening. The recount is
over a box already in memory.
"""

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from redis.asyncio import Redis

from gala.store.clients import connect
from gala.store.valkey import EmbeddedValkey
from voting.box import PAGE, Box, Change, GateState
from voting.layout import Layout
from voting.recount import recount
from voting.tally import Bits, By, Count, Popcount, Tally, Voters

PAGES = 3
SLOTS = 10_000_000

POLL = Layout.of(choice="u8")
POLL_COUNTS: list[Count] = [
    Voters("voters"),
    By("choice", ("choice",)),
    By("choice_channel", ("choice", "channel")),
]
WHACK = Layout.of(hits="u64", last_hit_cs="u16")
WHACK_COUNTS: list[Count] = [Voters("voters"), Popcount("hits", "hits"), By("channel", ("channel",))]
MASKS = Layout.of(choices="u64")
MASK_COUNTS: list[Count] = [Voters("voters"), Bits("choices", "choices"), By("channel", ("channel",))]


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


def pages_of(layout: Layout) -> list[bytes]:
    """10 million slots, nine in ten of them played."""
    chance = np.random.default_rng(2019)
    pages = []
    for _ in range(SLOTS // PAGE):
        slots = np.zeros(PAGE, layout.dtype)
        played = chance.random(PAGE) < 0.9
        slots["seq"] = played
        slots["channel"] = chance.integers(0, 5, PAGE) * played
        body = layout.names[3]
        slots[body] = chance.integers(1, 5 if layout.bits(body) == 8 else 1 << 62, PAGE) * played
        pages.append(slots.tobytes())
    return pages


def main() -> None:
    say = sys.stdout.write
    for durable in (False, True):
        say(f"AOF, {'fsync always' if durable else 'no fsync'}\n")
        say("  batch  slot      Valkey µs  client µs   clock µs a play\n")
        with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
            valkey = EmbeddedValkey(Path(folder), durable=durable).start()
            try:
                for layout, counts in ((POLL, POLL_COUNTS), (WHACK, WHACK_COUNTS)):
                    for batch in (20, 200, 500):
                        server, own, clock = asyncio.run(plays(valkey.url, layout, counts, batch))
                        say(
                            f"  {batch:5}  {layout.width:2} bytes  {server:9.2f}  {own:10.2f}  {clock:9.2f}\n"
                        )
            finally:
                valkey.stop()
    say(f"recount of {SLOTS // PAGE * PAGE:,} slots\n")
    for layout, counts in ((POLL, POLL_COUNTS), (WHACK, WHACK_COUNTS), (MASKS, MASK_COUNTS)):
        pages = pages_of(layout)
        start = time.perf_counter()
        recount(layout, counts, pages)
        took = time.perf_counter() - start
        say(f"  {layout.width:2} bytes, {', '.join(count.name for count in counts)}: {took:.2f} s\n")


if __name__ == "__main__":
    main()
