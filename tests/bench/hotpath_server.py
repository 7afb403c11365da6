"""Our server for `hotpath`: one edge as an evening has it, with a poll that stays open and no rate limits.

A process of its own, see `main`. Its first line of output is the port; then it does what it
is told on standard input, a line at a time, until there are no more: ``welcome`` (from now on the edge tells
phones what it has to tell), ``wait`` (it does not) and ``collect`` are answered with a line; ``board`` sends
one to everyone.
"""

import asyncio
import gc
import random
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from gala.clock import GalaClock
from gala.edge.app import public_app
from gala.edge.broadcast import Broadcast
from gala.edge.claims import Claims
from gala.edge.doors.admission import Admission
from gala.edge.doors.seats import Seats
from gala.edge.doors.window import Window
from gala.edge.edge import Edge
from gala.edge.pace import EDGE_S
from gala.edge.rotation import Rotation
from gala.edge.shedding import Shedding
from gala.edge.socket import AtOnce, ViewerSocket, make_sockets
from gala.edge.trace import EdgeTrace
from gala.evening import CLOCK_S, FOLLOW_S
from gala.passes import Passes
from gala.processes import memory
from gala.processes.listener import Listener
from gala.protocol import Tally
from gala.rundown.file import load
from gala.store.clients import Clients, connect
from gala.store.log import ShowLog
from gala.texts import Texts
from gala.timekeeping import Timekeeper, world_of
from gala.vouchers.asks import Asker, Seal
from gala.wire.exchange import Exchange
from gala.wire.limits import Limits
from tests.gala.hall import SECRET, Hall

ROUND = "short/tetris/1"
ONLINE = 123_456
QUIET_MS = 600_000  # no pings: nobody reads from a server that is not being measured
EVENING = Path(__file__).parent.parent / "gala" / "polls.toml"


def endless(folder: Path) -> Path:
    """The tests' evening, but a person locks its polls: none does."""
    path = folder / "endless.toml"
    path.write_text(EVENING.read_text("utf-8").replace('lock = "after 18s"', 'lock = "go"'), "utf-8")
    return path


def edge_of(
    hall: Hall, clients: Clients, clock: GalaClock, timekeeper: Timekeeper, broadcast: Broadcast
) -> Edge:
    """An edge that nothing is left off by, and that lets everybody in."""
    return Edge(
        hall.rundown,
        hall.rounds,
        Texts(hall.rundown, bytes(32)),
        ShowLog(clients, hall.rundown.id),
        clients,
        Passes(SECRET, hall.rundown.id),
        broadcast,
        name="edge-bench",
        code_key=bytes(32),
        now=clock.now_ms,
        rate=lambda: 1.0,
        rotation=Rotation(timekeeper, time.monotonic_ns),
        window=Window(lambda _online: 0),
        shedding=Shedding(lambda _share: None),
    )


async def open_poll(clients: Clients, folder: Path) -> tuple[Hall, GalaClock, Timekeeper]:
    """An evening whose poll is open, gates and all."""
    rundown = load(endless(folder))
    clock = GalaClock(rundown.starts_at_ms)
    timekeeper = Timekeeper(
        clock, clients.once, world_of(clients.once), show=rundown.id, name="bench", keeps=True
    )
    hall = Hall(clients, folder, rundown)
    hall.now_ms = clock.now_ms()
    await hall.begin()
    await timekeeper.step()
    await hall.go("tetris.start")
    conductor = hall.conductor()
    while ROUND not in hall.state.rounds:
        await conductor.step(clock.now_ms())
        await hall.desk.read()
        await asyncio.sleep(EDGE_S)
    await conductor.step(clock.now_ms())  # which opens the gates
    return hall, clock, timekeeper


async def serve(url: str, folder: Path) -> None:
    """Serves until standard input ends."""
    clients = await connect(url)
    hall, clock, timekeeper = await open_poll(clients, folder)
    show = hall.rundown.id
    crowd = random.Random(2019)  # whose names mean nothing here
    sockets = make_sockets([])
    limits = Limits(messages_per_s=10**6, ping_interval_ms=QUIET_MS)
    exchange = Exchange(sockets, limits, now_s=time.monotonic)
    broadcast = Broadcast(exchange)
    edge = edge_of(hall, clients, clock, timekeeper, broadcast)
    seal = Seal(show, SECRET, crowd.randbytes)
    asker = Asker(clients.once, show, seal, now_ms=clock.now_ms, rate=lambda: 1.0)
    admission = Admission(now_s=time.monotonic, entropy=crowd.randbytes, key=bytes(32))
    trace = EdgeTrace(clients.once, show, edge.name, admission, crowd.randbytes)
    seats = Seats(edge, admission, trace, exchange.address)
    sockets.register_namespace(ViewerSocket(sockets, edge, Claims(edge, asker), seats, crowd.randbytes))
    AtOnce(exchange, edge, clock.now_ms)
    await edge.follow()
    app = public_app(edge, sockets, folder / "bundle")
    listener = Listener(app, exchange, "127.0.0.1", 0, setting="-")

    async def every(seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            await step()
            await asyncio.sleep(seconds)

    async def count() -> None:
        await edge.plays.step()
        edge.plays.ack_ms.clear()  # as `Edge.relieve` does

    async def board() -> None:
        counters = hall.rounds.board(
            hall.state.rounds[ROUND], {"voters": ONLINE, "choice|1": 61_728, "choice|2": 61_728}, []
        )
        tally = Tally(round=ROUND, seq=clock.now_ms(), counters=counters, online=ONLINE)
        for cohort in edge.audience.cohorts:
            await broadcast.tell(cohort, "tally", tally)

    welcoming = asyncio.Event()

    async def step() -> None:
        await welcoming.wait()
        await edge.step(clock.now_ms())

    def say(line: object) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(listener.run()),
            tasks.create_task(every(CLOCK_S, timekeeper.step)),
            tasks.create_task(every(FOLLOW_S, edge.follow)),
            tasks.create_task(every(0, count)),
            tasks.create_task(every(EDGE_S, step)),
        ]
        heard = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), sys.stdin)
        memory.settle()
        say(listener.port)
        async for line in heard:
            match line.strip():
                case b"board":
                    await board()
                case b"welcome":
                    welcoming.set()
                    say("done")
                case b"wait":
                    welcoming.clear()
                    say("done")
                case b"collect":
                    gc.collect()
                    say("done")
        for task in running:
            task.cancel()


def main() -> None:
    """The process: its arguments are the store's address and a folder."""
    uvloop.run(serve(sys.argv[1], Path(sys.argv[2])))
