"""What an edge that only listens costs the node that has the log: `python -m tests.bench.listening`.

CPU time is the server process's own (INFO cpu). An edge reads the log at every step, 50 times a second, and
once a second writes its report and reads those of all edges.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis

from gala.edge.figures import ACK_MS, BATCH, Spread
from gala.edge.report import Report
from gala.store import keys
from gala.store.clients import connect
from gala.store.valkey import EmbeddedValkey
from tests.bench.box import server_cpu_us

SHOW = "bench"
READS, TIMES = 3_000, 200
EDGES = (10, 100, 400)
REPORT = Report(
    phones=9_000,
    ack_p50_ms=4.2,
    ack_p99_ms=31.5,
    plays_per_s=333.3,
    seen_at_ms=1_573_385_400_000,
    refused={f"gala/segment-{n}/1": {"locked": 100, "too_early": 7} for n in range(6)},
    refused_by_channel={
        f"gala/segment-{n}/1": {"locked": {"hall": 1, "app": 99}, "too_early": {"app": 7}} for n in range(6)
    },
    answers={"counted": 123_456, "already": 234, "refused": 345, "retry": 4},
    acks=Spread([100_000] * (len(ACK_MS) + 1), 1.5),
    batches=Spread([10_000] * (len(BATCH) + 1), 2.5),
    channels={"hall": 900, "aerial": 4_000, "app": 4_100},
)


async def cost_us(redis: Redis, times: int, act: Callable[[int], Awaitable[object]]) -> float:
    """What one act costs the server."""
    before_us = await server_cpu_us(redis)
    for number in range(times):
        await act(number)
    return (await server_cpu_us(redis) - before_us) / times


async def measured(url: str) -> dict[str, float]:
    """µs of the server by what is done."""
    clients = await connect(url)
    redis, log, edges = clients.once, keys.log(SHOW), keys.edges(SHOW)
    word = msgspec.msgpack.encode(REPORT)
    try:
        for version in range(1, 201):
            entry: Any = {"id": f"i{version}", "by": "director", "at_ms": 1, "cue": b"x" * 120}
            await redis.xadd(log, entry, id=f"{version}-0")
        found = {"log read": await cost_us(redis, READS, lambda _: redis.xrange(log, min="200-0", max="+"))}
        for count in EDGES:
            await redis.hset(edges, mapping={f"edge-{number:06x}": word for number in range(count)})
            found[f"reports read, {count} edges"] = await cost_us(
                redis, TIMES, lambda _: redis.hgetall(edges)
            )
        found["report written"] = await cost_us(
            redis, TIMES, lambda number: redis.hset(edges, "edge-1", word + bytes([number % 100]))
        )
    finally:
        await clients.close()
    return {name: round(us, 1) for name, us in found.items()} | {"report, bytes": len(word)}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="gala bench listening", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, and nothing else")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
        valkey = EmbeddedValkey(Path(folder), durable=True).start()
        try:
            found = asyncio.run(measured(valkey.url))
        finally:
            valkey.stop()
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines(f"{name:26}{figure:10}\n" for name, figure in found.items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
