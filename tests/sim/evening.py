"""One simulated evening, from its seed to what is left of it."""

import asyncio
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import structlog
from msgspec.structs import replace

from gala.conductor import pages_of
from gala.publishing import REFRESH_MS
from gala.rundown import Rundown
from gala.rundown.file import load
from gala.store.log import Entry
from rewards.evidence.checks import verify_bundle
from tests.sim import checks
from tests.sim.checks import Remains
from tests.sim.desk import Desks, Till
from tests.sim.faults import Faults, weather
from tests.sim.phones import Crowd, Phone
from tests.sim.process import Process, Told, Weather
from tests.sim.roles import Playing
from tests.sim.world import Server, VirtualLoop, World, without_threads
from tests.soak.history import boxes_of

WHOLE = load(Path(__file__).parent / "sim.toml")
SHORT = replace(WHOLE, segments=tuple(segment for segment in WHOLE.segments if not segment.draws))
SHORT_SHARE = 0.8
"""So many evenings have no draws: they take a third of the time, and have most of what can go wrong."""

ROLES = {
    "conductor-1": "conductor",
    "conductor-2": "conductor",
    "edge-1": "edge",
    "edge-2": "edge",
    "notary": "notary",
}
VIEWERS = 8
SECOND = 4  # each so-many-th phone is a second device of the viewer before
CHEATS = 0.2
CALM_S, CALM_SHORT_S = 90.0, 25.0  # from here on nothing goes wrong any more, so that it comes to its end
REST_S = 6.0  # of calm at least, in which whoever died is replaced and whoever was blind reads on
READ_ON_S = 2.0  # then, in which all read what was written last
END_S = 80.0  # of calm at most
LOOK_S = 0.5
PAGES = pages_of(WHOLE.numbers_max)


@dataclass(slots=True)
class Found:
    """What came of an evening. digest: of all that was told, logged, counted and published, to the byte."""

    faults: list[str]
    digest: str = ""
    attempts: int = 0
    acked: int = 0
    struck: int = 0  # how often something went wrong
    seconds: float = 0.0  # of the hall's


class Stumbled(Exception):
    """A role has failed otherwise than because the store did not answer: the rest need not be seen."""


class Evening:
    """All who take part in one."""

    def __init__(self, seed: str, folder: Path, server: Server, rundown: Rundown) -> None:
        self.world = World(seed, rundown, server)
        self.folder = folder
        self.crowd = Crowd()
        self.stumbles: list[str] = []  # of processes that are gone
        self.ends_by_s = END_S + (CALM_SHORT_S if rundown is SHORT else CALM_S)
        self._calm_s = CALM_SHORT_S if rundown is SHORT else CALM_S
        self._weather = weather(self.world.chance_of("weather"))
        self._lives: dict[str, int] = {}
        self._playing: dict[str, Playing] = {}
        self._desks = [Process(self.world, name, 1, self._weather) for name in ("desk-1", "desk-2", "till")]
        self._director = Desks(self.world, self._desks[:2])
        self._till = Till(self.world, self._desks[2], self.crowd)
        self.faults = Faults(self.world, self._playing, self._play, lambda: self._director.state)

    def _play(self, name: str) -> None:
        """Starts a process, or the one that takes its place."""
        if name in self._playing:
            self._end(name)
        life = self._lives[name] = self._lives.get(name, 0) + 1
        process = Process(self.world, name, life, Weather() if self.world.calm else self._weather)
        self._playing[name] = Playing(process, ROLES[name], self.folder)

    def _end(self, name: str) -> None:
        self._playing[name].process.die()
        self.stumbles += self._playing[name].loops.faults

    async def run(self) -> Remains:
        """From the first entry to the last row."""
        world = self.world
        world.ask([("FLUSHALL",), ("SCRIPT", "FLUSH")])
        for name in ROLES:
            self._play(name)
        going_wrong = [self.faults.run(), self.faults.run_at_the_worst()]
        mischief = [world.loop.create_task(one) for one in going_wrong]
        spending = world.loop.create_task(self._till.run())
        people = [self._director.run(), self._till.look(), *(phone.run() for phone in self._phones())]
        tasks = [world.loop.create_task(one) for one in people]
        try:
            while not self._over():
                await asyncio.sleep(LOOK_S)
                if any(playing.loops.faults for playing in self._playing.values()):
                    raise Stumbled
                for task in (*tasks, *mischief):
                    if task.done() and not task.cancelled():
                        task.result()
                world.busy = self._director.state.playable_round() is not None
                if not world.calm and world.loop.time() > self._calm_s:
                    for task in mischief:
                        task.cancel()
                    self._calm_down()
            self._till.closes = True
            await spending
            await asyncio.sleep(READ_ON_S)
        finally:
            for task in (*tasks, spending):
                task.cancel()
            await asyncio.gather(*tasks, spending, return_exceptions=True)
        await self._stop()
        notary = self._playing["notary"]
        return await notary.process.run(self._close(notary))

    def _phones(self) -> Iterator[Phone]:
        world, chance = self.world, self.world.chance_of("viewers")
        before: Phone | None = None
        for n in range(VIEWERS):
            first = before if n % SECOND == SECOND - 1 else None
            # a rain may be over on one channel and not on another: a viewer watches one
            channel = first.channel if first is not None else chance.choice(world.rundown.channels).id
            cheats = chance.random() < CHEATS
            before = Phone(world, self.crowd, self._playing, f"phone-{n}", cheats=cheats, channel=channel)
            before.first = first
            yield before

    def _over(self) -> bool:
        now_s, office = self.world.loop.time(), self._playing["notary"].office
        return office is not None and office.notary.published.is_set() and now_s > self._calm_s + REST_S

    def _calm_down(self) -> None:
        self.world.calm = True
        for process in self._desks:
            process.heal()
        for name, playing in tuple(self._playing.items()):
            playing.process.heal()
            if playing.process.clock_is_wrong:
                self._play(name)

    async def _stop(self) -> None:
        for playing in self._playing.values():
            playing.stop()
        for name, playing in self._playing.items():
            try:
                await playing.task
            except Exception as error:  # noqa: BLE001  # whatever it is, this process did not live through it
                self.stumbles.append(f"{name} ended: {error!r}")
            self.stumbles += playing.loops.faults
        await self._director.look()

    def die(self) -> None:
        """Nothing goes on: the files and connections of all are closed."""
        for name in self._playing:
            self._end(name)

    # ------------------------------------------------------------ what is left

    async def _close(self, notary: Playing) -> Remains:
        """Weeks later: the bundle as it stands when all was said and paid."""
        world, director, office = self.world, self._director, notary.office
        assert office is not None
        later_ms = world.now_ms() + REFRESH_MS
        for _ in range(2):  # the bundle that is out is checked, then the one in which all is
            await office.notary.step(later_ms)
        state = director.state
        try:
            return Remains(
                rundown=world.rundown,
                log=[cast("Entry", entry) for entry in director.followers[0].history.entries],
                state=state,
                crowd=self.crowd,
                boxes=await boxes_of(Told(notary.process), world.rundown, state.rounds, pages=PAGES),
                appended_ms=world.appended_ms,
                read=dict(self._read()),
                stumbles=self.stumbles,
                equations=world.broken,
                pressed=director.pressed,
                till=self._till.done,
                vouchers={draw: await office.register.issue(draw, at_ms=later_ms) for draw in state.draws},
                audit=verify_bundle(self.folder / "bundle"),
                bundle=self.folder / "bundle",
            )
        finally:
            await office.register.close()

    def _read(self) -> Iterator[tuple[str, str]]:
        for number, follower in enumerate(self._director.followers):
            yield f"desk {number}", cast("Entry", follower.history.entries[-1]).digest
        for name, playing in self._playing.items():
            if playing.stalls is not None:
                yield name, cast("Entry", playing.stalls.edge.follower.history.entries[-1]).digest


def tonight(seed: str) -> Rundown:
    """The evening's rundown, with draws or without."""
    return SHORT if random.Random(f"{seed}/rundown").random() < SHORT_SHARE else WHOLE


def evening(seed: str, folder: Path, server: Server, rundown: Rundown | None = None) -> Found:
    """Plays one in an empty folder. `rundown`: another than this seed's."""

    async def played() -> Found:
        found = Evening(seed, folder, server, rundown or tonight(seed))
        try:
            async with asyncio.timeout(found.ends_by_s):
                remains = await found.run()
            wrong = checks.faults(remains)
            digest = digest_of(remains)
        except Exception as error:  # noqa: BLE001  # an evening that does not come to its end is a finding
            found.die()
            wrong, digest = [*found.stumbles, f"the evening comes to its end: {error!r}"], ""
        found.die()
        return Found(
            faults=wrong,
            digest=digest,
            attempts=len(found.crowd.attempts),
            acked=sum(bool(attempt.acked_seq) for attempt in found.crowd.attempts),
            struck=found.faults.struck,
            seconds=found.world.loop.time(),
        )

    with (
        structlog.testing.capture_logs(),
        without_threads(),
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        return runner.run(played())


def digest_of(remains: Remains) -> str:
    """SHA-256 over all that was told, logged, counted and published, hex."""
    total = hashlib.sha256()
    parts: list[Any] = [remains.crowd.heard, remains.crowd.attempts, remains.log, remains.boxes, remains.till]
    total.update(msgspec.msgpack.encode(parts, enc_hook=repr))
    for path in sorted(path for path in remains.bundle.rglob("*") if path.is_file()):
        content = path.read_bytes()
        name = path.relative_to(remains.bundle).as_posix().encode()
        total.update(len(name).to_bytes(4, "big") + name + len(content).to_bytes(8, "big") + content)
    return total.hexdigest()
