"""What it costs an edge to welcome somebody back: `gala bench welcome`.

One edge in this process before a Valkey that syncs each write, viewers with a number and a vote in an open
round, all of whom have just come. Counted is this process' CPU time until all frames are made, the store's
replies read and passes signed among it; not the sockets, which `gala bench hotpath` has.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import uvloop

from gala.edge.audience import Cohort, Tuning, Viewer
from gala.edge.broadcast import NAMESPACE, Broadcast
from gala.store.clients import Clients, connect
from gala.store.valkey import EmbeddedValkey
from gala.wire.packets import event_frame
from tests.bench.hotpath_server import ROUND, edge_of, open_poll
from voting.box import PAGE, Box

RUSHES = 5


class Frames(Broadcast):
    """Makes the frames, and has nobody to send them to. `welcomes`: how many it made for one phone."""

    def __init__(self) -> None:
        self.welcomes = 0

    async def admit(self, viewer: Viewer) -> None:
        """Nobody listens."""

    async def tell(self, cohort: Cohort, event: str, message: msgspec.Struct) -> None:
        event_frame(NAMESPACE, event, message)

    async def tell_one(self, sid: str, event: str, message: msgspec.Struct) -> None:
        event_frame(NAMESPACE, event, message)
        self.welcomes += event == "welcome"


async def measure(clients: Clients, folder: Path, viewers: int) -> dict[str, Any]:
    """Medians of five rushes. viewers: of each, at most a page of them."""
    hall, clock, timekeeper = await open_poll(clients, folder)
    frames = Frames()
    edge = edge_of(hall, clients, clock, timekeeper, frames)
    await edge.follow()
    layout = hall.rounds.opened(hall.state.rounds[ROUND]).layout
    slot = layout.pack({**dict.fromkeys(layout.names, 0), "seq": 1, layout.names[3]: 1})
    await clients.once.set(Box(clients.once, ROUND, layout.width).key(0, "slots"), slot * viewers)
    numbers = list(range(viewers))
    random.Random(2019).shuffle(numbers)  # nobody comes back in the order of numbers
    cpu_us, step_ms = [], []
    for rush in range(RUSHES):
        for number in numbers:
            edge.arrivals.arrive(
                Viewer(f"{rush}/{number}", f"{number:032x}", number, edge.audience.seat(Tuning()))
            )
        frames.welcomes = 0
        before_s = time.process_time()
        while frames.welcomes < viewers:
            began_s = time.perf_counter()
            await edge.step(clock.now_ms())
            step_ms.append((time.perf_counter() - began_s) * 1e3)
        cpu_us.append((time.process_time() - before_s) * 1e6 / viewers)
        for viewer in edge.audience:
            edge.audience.leave(viewer.sid)
    return {
        "viewers": viewers,
        "welcome_us": round(median(cpu_us), 1),
        "step_p50_ms": round(median(step_ms), 1),
        "step_most_ms": round(max(step_ms), 1),
    }


async def measured(viewers: int) -> dict[str, Any]:
    """The same, before a store of its own."""
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as name:
        server = EmbeddedValkey(Path(name) / "store").start()
        clients = await connect(server.url)
        try:
            return await measure(clients, Path(name), viewers)
        finally:
            await clients.close()
            server.stop()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="gala bench welcome", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one line of JSON, no table")
    parser.add_argument("--viewers", type=int, default=3_000, help=f"in each rush, at most {PAGE} (3000)")
    asked = parser.parse_args()
    said = uvloop.run(measured(min(max(1, asked.viewers), PAGE)))
    lines = [json.dumps(said)] if asked.json else [f"{name:14}{value}" for name, value in said.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
