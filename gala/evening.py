"""One process of an evening: store opened, its roles made and looped, its listeners up.

The roles share nothing but the store. That some or all of them sit in one process, and use one client of it,
is a convenience of small machines.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gala.accounts import Accounts, as_held, host_keys
from gala.clock import GalaClock
from gala.draws.beacons import Signature
from gala.edge.pace import BEAT_S, EDGE_S
from gala.passes import Passes, derive
from gala.processes.beginning import begin, same_show, store_for
from gala.processes.loops import BACKOFF_S, Loops, Step
from gala.processes.ports import join_url
from gala.processes.vitals import Pulse
from gala.roles import ROLES
from gala.roles.house import House, texts_of
from gala.roles.parts import Parts
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.secret import Entropy
from gala.settings import Settings
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.timekeeping import Timekeeper, World
from gala.timing import GRACE_MS
from gala.wire.limits import Limits
from rewards.arithmetic.beacon import Chain

log = structlog.get_logger("gala")

CONDUCTOR_S = 0.02
CREW_S = 0.05
NOTARY_S = 0.1
CLERK_S = 0.03
DUES_S = 1.0
ASKS_S = 0.02
FOLLOW_S = 0.2
REPORT_S = 0.25
TRACE_S = VITALS_S = 2.0
CLOCK_S = MONITOR_S = 1.0
BEGUN_S = 0.2
DOOR_S = 0.1

AWAY_S = 1.0
"""How long an edge is out of rotation before it lets nobody in: longer than the moments in which all are."""

RECENT_MS = 30_000
"""How old, by the store's clock, a rehearsal's time may be that is taken over from one who may be dead: a
process that was killed is replaced within this."""

LEAVE_MS_MIN, LEAVE_MS_MAX = 2_000, 30_000
"""Between these an edge's phones leave it, as many a second as one other lets in."""

PHONES = Limits()


@dataclass(slots=True, kw_only=True)
class Evening(Parts):
    """A process of an open evening, with those of its parts that it has.

    shared: other processes serve its ports too. join_url: where the audience goes.
    """

    house: House
    rehearsal: bool
    shared: bool
    join_url: str
    loops: Loops
    pulse: Pulse
    _leaving: bool = field(default=False, init=False)  # written by `keep_out`
    _away_s: float = field(default=0.0, init=False)  # when the edge went out of rotation; by `_door`

    @property
    def faults(self) -> list[str]:
        """Roles that failed and went on."""
        return self.loops.faults

    @property
    def stopping(self) -> asyncio.Event:
        return self.loops.stopping

    @property
    def rundown(self) -> Rundown:
        return self.house.rundown

    @property
    def clock(self) -> GalaClock:
        return self.house.clock

    @property
    def timekeeper(self) -> Timekeeper:
        return self.house.timekeeper

    @property
    def clients(self) -> Clients:
        return self.house.clients

    @property
    def passes(self) -> Passes:
        return self.house.passes

    @property
    def bundle(self) -> Path:
        """Where the evidence will be."""
        return self.house.bundle

    @property
    def ready(self) -> bool:
        """Whether all roles here are of use: they know the time and the log, and let people in."""
        return (
            self.timekeeper.right
            and all(listener.open for listener in self.listeners)
            and (self.front is None or (self.edge.state.version > 0 and not self.edge.rotation.out))
            and (self.booth is None or self.crew.ready)
        )

    def stop(self) -> None:
        """Ends `run` once every role has finished the step it is in: no exchange with the store is cut."""
        self.stopping.set()
        if self.front:
            self.edge.plays.pending.set()
        for listener in self.listeners:
            listener.stop()

    def keep_out(self) -> None:
        """From now on lets no viewer in; those who are in stay. For a process that is to leave."""
        self._leaving = True
        self.public.keep_out()

    async def leave(self) -> None:
        """Sends the phones elsewhere, each at a moment of its own choosing, and stops when they have gone.

        Plays are counted until then. Whoever does not go is hung up on in the end.
        """
        loop = asyncio.get_running_loop()
        self.keep_out()
        phones = len(self.edge.audience)
        within_ms = min(max(LEAVE_MS_MIN, self.edge.back_ms), LEAVE_MS_MAX)
        log.info("edge leaves", phones=phones, within_ms=within_ms)
        await self.edge.send_elsewhere(within_ms)
        until_s = loop.time() + (within_ms + LEAVE_MS_MIN / 2) / 1000
        while len(self.edge.audience) and loop.time() < until_s and not self.stopping.is_set():
            await self.loops.rest(DOOR_S)
        self.stop()

    async def run(self) -> None:
        """Runs every role and listener until `stop`. Raises OtherRundown."""
        async with asyncio.TaskGroup() as tasks:
            for listener in self.listeners:
                tasks.create_task(listener.run())
            if self.timed is None and not await self._begun():
                return
            for name, step, every_s in self._steps():
                tasks.create_task(self.loops.forever(name, step, every_s))
            if self.front:
                tasks.create_task(self._plays())

    def _steps(self) -> list[tuple[str, Step, float]]:
        now = self.clock.now_ms
        steps: list[tuple[str, Step, float]] = [("clock", self.timekeeper.step, CLOCK_S)]
        steps.append(("vitals", self.pulse.step, VITALS_S))
        if self.timed:
            steps.append(("conductor", self._in_time(self.timed.step), CONDUCTOR_S))
        if self.front:
            edge, trace = self.front.edge, self.front.trace
            steps += [
                ("claims", self.front.asker.step, ASKS_S),
                ("edge", lambda: edge.step(now()), EDGE_S),
                ("log", edge.follow, FOLLOW_S),
                ("load", lambda: edge.relieve(now()), BEAT_S),
                ("report", lambda: edge.report(now()), REPORT_S),
                ("trace", lambda: trace.step(now(), edge.plays), TRACE_S),
            ]
        if self.booth:
            booth, monitor = self.booth, self.booth.monitor
            steps += [
                ("crew", lambda: booth.step(now()), CREW_S),
                ("asks", self.booth.asker.step, ASKS_S),
                ("overlay", self._in_time(self.booth.overlays.step), CREW_S),
                ("monitor", lambda: monitor.step(now()), MONITOR_S),
            ]
        if self.office:
            steps.append(("notary", self._in_time(self.office.notary.step), NOTARY_S))
            steps.append(("clerk", self._in_time(self.office.clerk.step), CLERK_S))
            steps.append(("dues", self._in_time(self.office.clerk.do_due), DUES_S))
        if self.shared:
            steps.append(("door", self._door, DOOR_S))
        return steps

    async def _begun(self) -> bool:
        """Waits until another process has begun the show, and takes its time in a rehearsal; False: `stop`
        came first. Raises OtherRundown."""
        told = False
        while not self.stopping.is_set():
            try:
                first = await self.house.log.read(0, 1)
                if first:
                    same_show(first[0], self.rundown, rehearsal=self.rehearsal)
                    if not self.rehearsal or await self.timekeeper.join(RECENT_MS):
                        await self.timekeeper.step()  # before any role asks whether the clock is right
                        return True
            except (RedisError, TimeoutError, OSError) as error:
                log.warning("store does not answer", role="beginning", error=repr(error))
                await self.loops.rest(BACKOFF_S)
            if not told:
                told = True
                log.info("waiting for the show to begin")
            await self.loops.rest(BEGUN_S)
        return False

    async def _door(self) -> None:
        """At ports that are shared: lets people in while they are well served here. Where the store is silent
        they would be served no better elsewhere."""
        now_s = asyncio.get_running_loop().time()
        if self.booth:
            await self.booth.listener.let_in()
        if self.front is None or self._leaving:
            return
        reason = self.edge.rotation.reason
        if not reason and self.edge.state.version:
            self._away_s = 0.0
            await self.front.public.let_in()
        elif reason in ("clock", "log"):
            self._away_s = self._away_s or now_s
            if now_s - self._away_s >= AWAY_S:
                self.front.public.keep_out()

    def _in_time(self, step: Callable[[int], Awaitable[object]]) -> Step:
        """The step of a role that does nothing while this process's clock is not the show's."""

        async def in_time() -> None:
            if self.timekeeper.right:
                await step(self.clock.now_ms())

        return in_time

    async def _plays(self) -> None:
        """Counts plays until the last that were begun have their answers."""
        await self.loops.forever("plays", self.edge.plays.step, 0)
        await self.edge.plays.finish()


@contextlib.asynccontextmanager
async def open_evening(
    settings: Settings,
    rundown: Rundown,
    *,
    rehearsal: bool,
    clock: GalaClock,
    chain: Chain,
    signature: Signature,
    secret: bytes,
    entropy: Entropy,
    wall_s: Callable[[], int],
    world: Callable[[Redis], World],
    grace_ms: int = GRACE_MS,
    limits: Limits = PHONES,
    wanted: Sequence[str] = ROLES,
    shared: bool = False,
) -> AsyncIterator[Evening]:
    """Opens what the `wanted` roles of an evening need, and closes it all afterwards.

    With a conductor it begins the log, or goes on with it; without one, `run` waits for one that does.

    Raises NoHost for a show whose draws are for accounts that nobody can vouch for.

    world: the clocks that `clock` is measured against, given the store. shared: our ports are reserved, and
    served by other processes too, of which this one may replace another.
    """
    host = host_keys(settings)
    rundown = as_held(rundown, rehearsal=rehearsal, host=host)
    async with contextlib.AsyncExitStack() as stack:
        clients = await stack.enter_async_context(store_for(wanted, settings, secret))
        name = entropy(3).hex()
        conducts = "conductor" in wanted
        first = clients["conductor" if conducts else wanted[0]]
        clocks = world(first.once)
        timekeeper = Timekeeper(clock, first.once, clocks, show=rundown.id, name=name, keeps=conducts)
        stack.push_async_callback(timekeeper.leave)
        pulse = Pulse(first.once, rundown.id, name, wanted, loops := Loops())
        stack.push_async_callback(pulse.leave)
        show_log = ShowLog(first, rundown.id)
        if conducts:
            if rehearsal:
                # where there are other processes, their time has gone on
                await timekeeper.join(RECENT_MS if shared or tuple(wanted) != ROLES else 0)
            newest = await begin(
                rundown, show_log, rehearsal=rehearsal, now_ms=clock.now_ms(), entropy=entropy
            )
            if rehearsal:
                clock.not_before(newest)
            await timekeeper.step()  # before any role asks whether the clock is right
        house = House(
            settings=settings,
            rundown=rundown,
            clock=clock,
            world=clocks,
            timekeeper=timekeeper,
            clients=first,
            log=show_log,
            rounds=Rounds(rundown, derive(secret, "rounds")),
            passes=Passes(secret, rundown.id),
            texts=texts_of(rundown, secret),
            secret=secret,
            entropy=entropy,
            wall_s=wall_s,
            name=name,
            accounts=Accounts(secret, host),
        )
        office = None
        if "notary" in wanted:
            from gala.roles.notary import office as open_office

            its = house.of(clients["notary"])
            office = await open_office(its, rehearsal=rehearsal, chain=chain, signature=signature)
            stack.push_async_callback(office.register.close)
        front = None
        if "edge" in wanted:
            from gala.roles.edge import front as open_front

            front = open_front(house.of(clients["edge"]), limits, shared=shared)
        url = join_url(settings, front.public.port if front else settings.public_port)
        booth = None
        if "crew" in wanted:
            from gala.roles.crew import booth as open_booth

            booth = open_booth(house.of(clients["crew"]), url, shared=shared)
        timed = None
        if conducts:
            from gala.roles.conductor import conductor

            timed = conductor(house, grace_ms)
        yield Evening(
            house=house,
            rehearsal=rehearsal,
            shared=shared,
            join_url=url,
            loops=loops,
            pulse=pulse,
            front=front,
            timed=timed,
            office=office,
            booth=booth,
        )
