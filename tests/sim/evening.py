"""One simulated evening, from the seed to what is left of it."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from msgspec.structs import replace
from redis.connection import UnixDomainSocketConnection

from gala.rundown import Rundown
from gala.publishing import REFRESH_MS
from gala.rundown_file import load
from gala.store.log import Entry
from rewards.audit import verify_bundle
from tests.sim import faults
from tests.sim.checks import Remains
from tests.sim.desk import Desks, Till
from tests.sim.phones import Crowd, Phone
from tests.sim.process import Process, Told, Weather
from tests.sim.roles import Playing
from tests.sim.world import VirtualLoop, World, without_threads
from tests.soak.history import boxes_of

RUNDOWN = Path(__file__).parent / "sim.toml"
ROLES = {
    "conductor-1": "conductor",
    "conductor-2": "conductor",
    "edge-1": "edge",
    "edge-2": "edge",
    "notary": "notary",
}
VIEWERS = 8
LONGEST_S = 400.0
CALM_S, CALM_SHORT_S = 75.0, 25.0  # from here on nothing goes wrong any more, so that it comes to its end
SHORT = 0.65  # so many evenings have no draws: they take a third of the time, and most of what can go wrong
REST_S = 6.0  # of calm at least, in which whoever died is replaced and whoever was blind reads on


class Evening:
    """All who take part in one."""

    def __init__(self, seed: str, folder: Path, server: UnixDomainSocketConnection, rundown: Rundown) -> None:
        self.world = World(seed, rundown, server)
        self.folder = folder
        self.calm_s = CALM_S if rundown.segments[-2].id == "draw" else CALM_SHORT_S
        self.crowd = Crowd()
        self.playing: dict[str, Playing] = {}
        self.lives: dict[str, int] = {}
        self.stumbles: list[str] = []
        self.weather = faults.weather(self.world.chance_of("weather"))
        self.director = Desks(self.world, [Process(self.world, f"desk-{n}", 1, self.weather) for n in (1, 2)])
        self.till = Till(self.world, Process(self.world, "till", 1, self.weather), self.crowd)

    def play(self, name: str) -> None:
        """Starts a process, or the one that takes its place."""
        if name in self.playing:
            self.playing[name].process.die()
            self.stumbles += self.playing[name].loops.faults
        life = self.lives[name] = self.lives.get(name, 0) + 1
        weather = Weather() if self.world.calm else self.weather
        process = Process(self.world, name, life, weather)
        self.playing[name] = Playing(process, ROLES[name], self.folder)

    async def run(self) -> None:
        world, chance = self.world, self.world.chance_of("evening")
        world.ask([("FLUSHALL",), ("SCRIPT", "FLUSH")])
        for name in ROLES:
            self.play(name)
        loop = world.loop
        tasks = [
            loop.create_task(self.director.run()),
            loop.create_task(self.till.look()),
            loop.create_task(self.till.run()),
        ]
        self.struck = wrong = faults.Faults(world, self.playing, self.play, lambda: self.director.state)
        going_wrong = [loop.create_task(wrong.run()), loop.create_task(wrong.run_at_locks())]
        first: Phone | None = None
        for n in range(VIEWERS):
            cheats, channel = chance.random() < 0.2, chance.choice(world.rundown.channels).id
            phone = Phone(world, self.crowd, self.playing, f"phone-{n}", cheats=cheats, channel=channel)
            if n % 4 == 3:
                phone.partner = first
            first = phone
            tasks.append(loop.create_task(phone.run()))
        while not self._over():
            await asyncio.sleep(0.5)
            for task in (*tasks, *going_wrong):
                if task.done() and not task.cancelled():
                    task.result()
            state = self.director.state
            world.busy = state.playable_round() is not None
            if loop.time() > self.calm_s and not world.calm:
                self._calm_down(going_wrong)
        self.till.closes = True
        await tasks[2]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.director._looked()
        for playing in self.playing.values():
            playing.stop()
        for name, playing in self.playing.items():
            try:
                await playing.task
            except Exception as error:  # noqa: BLE001  # whatever it is, this process did not live through the evening
                self.stumbles.append(f"{name} ended: {error!r}")
            self.stumbles += playing.loops.faults
        notary = self.playing["notary"]
        await notary.process.run(self._close(notary))

    async def _close(self, notary: Playing) -> None:
        """The bundle as it stands when all has been said and paid, and what is left beside it."""
        office, world, director = notary.office, self.world, self.director
        assert office is not None
        weeks_later_ms = world.now_ms() + REFRESH_MS
        await office.notary.step(weeks_later_ms)
        await office.notary.step(weeks_later_ms)
        log = director.followers[0].history.entries
        self.remains = Remains(
            rundown=world.rundown,
            log=cast("list[Entry]", log),
            state=director.state,
            crowd=self.crowd,
            boxes=await boxes_of(Told(notary.process), world.rundown, director.state.rounds, pages=4),
            appended_ms=world.appended_ms,
            read={name: digest for name, digest in self._read()},
            stumbles=self.stumbles,
            equations=world.broken,
            pressed=director.pressed,
            till=self.till.done,
            vouchers={number: await office.register.issue(number, at_ms=weeks_later_ms) for number in director.state.draws},
            audit=verify_bundle(self.folder / "bundle"),
            bundle=self.folder / "bundle",
        )
        await office.register.close()

    def _read(self) -> Iterator[tuple[str, str]]:
        for number, follower in enumerate(self.director.followers):
            yield f"desk {number}", cast("Entry", follower.history.entries[-1]).digest
        for name, playing in self.playing.items():
            if playing.foyer is not None:
                yield name, cast("Entry", playing.foyer.edge.follower.history.entries[-1]).digest

    def _over(self) -> bool:
        loop = self.world.loop
        assert loop.time() < LONGEST_S, f"the evening does not end: {self.director.state.standby} on standby"
        office = self.playing["notary"].office
        return office is not None and office.notary.published.is_set() and loop.time() > self.calm_s + REST_S

    def _calm_down(self, going_wrong: "list[asyncio.Task[None]]") -> None:
        self.world.calm = True
        for task in going_wrong:
            task.cancel()
        for name, playing in tuple(self.playing.items()):
            playing.process.heal()
            if playing.process.clock_is_wrong:
                self.play(name)


def tonight(seed: str) -> Rundown:
    """The evening's rundown, with draws or without."""
    whole = load(RUNDOWN)
    if random.Random(f"{seed}/rundown").random() > SHORT:
        return whole
    return replace(whole, segments=tuple(one for one in whole.segments if not one.draws))


def evening(seed: str, folder: Path, server: UnixDomainSocketConnection) -> Evening:
    """Plays one, and returns it when all is over."""

    async def played() -> Evening:
        found = Evening(seed, folder, server, tonight(seed))
        await found.run()
        return found

    with without_threads(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(played())
