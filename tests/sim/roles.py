"""The roles of a simulated evening: the service's own, put together as it does, each in a process."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError
from uvicorn.server import ServerState

from gala.accounts import Accounts
from gala.clock import GalaClock
from gala.draws.beacons import chain_and_signature
from gala.edge.pace import BEAT_S
from gala.evening import PHONES
from gala.passes import Passes, derive
from gala.processes.beginning import begin, same_show
from gala.processes.loops import Loops, Step
from gala.roles.conductor import conductor
from gala.roles.edge import Stalls
from gala.roles.edge import stalls as stalls_of
from gala.roles.house import House, texts_of
from gala.roles.notary import Office
from gala.roles.notary import office as open_office
from gala.rounds import Rounds
from gala.settings import Settings
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.timekeeping import Timekeeper
from gala.timing import GRACE_MS
from tests.gala.hall import SECRET
from tests.sim.process import Process, Told
from tests.sim.world import World

AGAIN_S = 0.5
OFTEN_S = (0.15, 0.5)  # between two steps of a role: its own tonight
QUIET = 3.5  # how much slower all step while nothing is open


class Paced(Loops):
    """The service's loops, which rest longer while nothing can be played."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    async def rest(self, seconds: float) -> None:
        """Stopping comes with the next step: it costs nothing to wait for it here."""
        await asyncio.sleep(seconds if self._world.busy else seconds * QUIET)


class Playing:
    """A process with one role of the service. Of the parts it has those that its role needs."""

    def __init__(self, process: Process, role: str, folder: Path) -> None:
        self.process = process
        self.role = role
        self.loops = Paced(process.world)
        self.stalls: Stalls | None = None
        self.office: Office | None = None
        self.server = ServerState()
        self.up = False
        self._folder = folder
        self.task = process.run(self._run())

    @property
    def world(self) -> World:
        return self.process.world

    async def _run(self) -> None:
        house = self._house()
        while True:
            try:
                await self._begin(house)
                steps = await self._steps(house)
                break
            except (RedisError, TimeoutError, OSError):
                await asyncio.sleep(AGAIN_S)
        self.up = True
        async with asyncio.TaskGroup() as tasks:
            for name, step, every_s in [("clock", house.timekeeper.step, 0.7), *steps]:
                tasks.create_task(self.loops.forever(name, step, every_s))
            if self.stalls is not None:
                tasks.create_task(self._plays(self.stalls))
        await house.timekeeper.leave()

    async def _plays(self, stalls: Stalls) -> None:
        await self.loops.forever("plays", stalls.edge.plays.step, 0)
        await stalls.edge.plays.finish()

    def stop(self) -> None:
        """As SIGTERM."""
        self.loops.stopping.set()
        if self.stalls is not None:
            self.stalls.edge.plays.pending.set()

    # ------------------------------------------------------------ as gala.evening puts them together

    def _house(self) -> House:
        process, world = self.process, self.world
        clients = Clients(cast("Redis", Told(process)), "")
        clock = GalaClock(world.now_ms(), monotonic_ns=process.monotonic_ns)
        clocks = process.clocks()
        rundown = world.rundown
        return House(
            settings=Settings(data=self._folder),
            rundown=rundown,
            clock=clock,
            world=clocks,
            timekeeper=Timekeeper(
                clock,
                clients.once,
                clocks,
                show=rundown.id,
                name=f"{process.name}/{process.chance.randbytes(2).hex()}",
                keeps=self.role == "conductor",
            ),
            clients=clients,
            log=ShowLog(clients, rundown.id),
            rounds=Rounds(rundown, derive(SECRET, "rounds")),
            passes=Passes(SECRET, rundown.id),
            texts=texts_of(rundown, SECRET),
            secret=SECRET,
            entropy=process.chance.randbytes,
            wall_s=lambda: world.now_ms() // 1000,
            name=process.name,
            accounts=Accounts(SECRET, None),
        )

    async def _begin(self, house: House) -> None:
        """As on the night: everybody's clock is set by the world's, and only the draws are a rehearsal's."""
        if self.role == "conductor":
            await begin(
                house.rundown,
                house.log,
                rehearsal=True,
                now_ms=house.clock.now_ms(),
                entropy=house.entropy,
            )
        else:
            while not (first := await house.log.read(0, 1)):
                await asyncio.sleep(AGAIN_S)
            same_show(first[0], house.rundown, rehearsal=True)
        await house.timekeeper.step()

    async def _steps(self, house: House) -> list[tuple[str, Step, float]]:
        now, often_s = house.clock.now_ms, self.process.chance.uniform(*OFTEN_S)

        def in_time(step: Callable[[int], Awaitable[object]]) -> Step:
            async def stepped() -> None:
                if house.timekeeper.right:
                    await step(now())

            return stepped

        if self.role == "conductor":
            return [("conductor", in_time(conductor(house, GRACE_MS).step), often_s)]
        if self.role == "edge":
            self.stalls = stalls = stalls_of(house, PHONES)
            return [
                ("claims", stalls.asker.step, 0.1),
                ("edge", lambda: stalls.edge.step(now()), often_s),
                ("load", lambda: stalls.edge.relieve(now()), BEAT_S),
                ("report", lambda: stalls.edge.report(now()), 1.0),
                ("trace", lambda: stalls.trace.step(now(), stalls.edge.plays), 2.0),
            ]
        chain, signature = chain_and_signature(house.rundown, SECRET)
        self.office = office = await open_office(house, rehearsal=True, chain=chain, signature=signature)
        return [
            ("notary", in_time(office.notary.step), 2 * often_s),
            ("clerk", in_time(office.clerk.step), often_s),
            ("dues", in_time(office.clerk.do_due), 4.0),
        ]
