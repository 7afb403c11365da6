"""One process that runs an evening: store, log and books opened, roles made and looped, listeners up.

The roles share nothing but the store. That they sit in one process here, and use one client of it, is a
convenience of small machines.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gala.clock import GalaClock
from gala.conductor import Conductor
from gala.edge.app import crew_app, public_app
from gala.edge.broadcast import Broadcast
from gala.edge.crew import Crew
from gala.edge.edge import Edge
from gala.edge.overlay import Overlays
from gala.edge.rotation import Rotation
from gala.edge.socket import AtOnce, ViewerSocket, make_sockets
from gala.follower import Follower
from gala.listener import Listener, reachable_host
from gala.notary import Notary, Signature, register_keys
from gala.passes import Passes, derive
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.settings import Settings
from gala.store.clients import Clients, connect
from gala.store.log import ShowLog
from gala.store.valkey import embedded
from gala.texts import Texts
from gala.timekeeping import Timekeeper, World
from gala.timing import GRACE_MS
from gala.wire.exchange import Exchange
from gala.wire.limits import Limits
from rewards.beacon import Chain
from rewards.register import Register

log = structlog.get_logger("gala")

CONDUCTOR_S = 0.02
EDGE_S = 0.02
GATHER_S = 0.004
CREW_S = 0.05
NOTARY_S = 0.1
FOLLOW_S = 0.2
REPORT_S = 0.25
CLOCK_S = 1.0
BACKOFF_S = 0.5

PHONES = Limits()
Entropy = Callable[[int], bytes]


@dataclass(slots=True)
class Evening:
    """An open evening and its parts. `bundle` is where the evidence will be."""

    rundown: Rundown
    clock: GalaClock
    timekeeper: Timekeeper
    clients: Clients
    passes: Passes
    edge: Edge
    crew: Crew
    overlays: Overlays
    conductor: Conductor
    notary: Notary
    register: Register
    public: Listener
    crew_listener: Listener
    bundle: Path
    join_url: str  # where the audience goes
    faults: list[str] = field(default_factory=list)  # roles that failed and were started again
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Ends `run` once every role has finished the step it is in: no exchange with the store is cut."""
        self.stopping.set()
        self.edge.plays.pending.set()
        self.public.stop()
        self.crew_listener.stop()

    async def run(self) -> None:
        """Runs every role and listener until `stop`."""
        now = self.clock.now_ms
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._loop("clock", self.timekeeper.step, CLOCK_S))
            tasks.create_task(self._loop("conductor", self._in_time(self.conductor.step), CONDUCTOR_S))
            tasks.create_task(self._loop("edge", lambda: self.edge.step(now()), EDGE_S))
            tasks.create_task(self._loop("log", self.edge.follow, FOLLOW_S))
            tasks.create_task(self._loop("report", lambda: self.edge.report(now()), REPORT_S))
            tasks.create_task(self._loop("plays", self._flush, 0))
            tasks.create_task(self._loop("crew", lambda: self.crew.step(now()), CREW_S))
            tasks.create_task(self._loop("overlay", self._in_time(self.overlays.step), CREW_S))
            tasks.create_task(self._loop("notary", self._in_time(self.notary.step), NOTARY_S))
            tasks.create_task(self.public.run())
            tasks.create_task(self.crew_listener.run())

    def _in_time(self, step: Callable[[int], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """The step of a role that does nothing while this process's clock is not the show's."""

        async def in_time() -> None:
            if self.timekeeper.right:
                await step(self.clock.now_ms())

        return in_time

    async def _loop(self, name: str, step: Callable[[], Awaitable[None]], every_s: float) -> None:
        """Steps a role for ever. A store that does not answer is waited for.

        Any other failure is a fault of ours. It is told, kept in `faults`, and the role goes on with its
        next step: what one role stumbles over must not take the others off the air, and every step may be
        done again.
        """
        failing = False
        while not self.stopping.is_set():
            try:
                await step()
            except (RedisError, TimeoutError, OSError) as error:
                if not failing:
                    log.warning("store does not answer", role=name, error=repr(error))
                failing = True
                await self._rest(BACKOFF_S)
            except Exception as error:
                if not failing:
                    log.exception("role failed", role=name)
                    self.faults.append(f"{name}: {error!r}")
                failing = True
                await self._rest(BACKOFF_S)
            else:
                if failing:
                    log.info("role goes on", role=name)
                failing = False
                await self._rest(every_s)

    async def _rest(self, seconds: float) -> None:
        """Sleeps, but not through `stop`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    async def _flush(self) -> None:
        """Waits for plays, gathers for a moment, applies."""
        await self.edge.plays.pending.wait()
        await asyncio.sleep(GATHER_S)
        await self.edge.plays.flush()


def service_secret(settings: Settings, entropy: Entropy) -> bytes:
    """GALA_SECRET, or one of our own that is kept, readable to us alone, in the data folder."""
    if settings.secret:
        return settings.secret.encode()
    path = settings.data / "secret"
    settings.data.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(entropy(32).hex().encode())
    return path.read_bytes()


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
) -> AsyncIterator[Evening]:
    """Opens everything an evening needs, begins its log (or goes on with it), closes it all afterwards.

    world: the clocks that `clock` is measured against, given the store.
    """
    async with contextlib.AsyncExitStack() as stack:
        url = settings.redis_url or await stack.enter_async_context(embedded(settings.data / "store"))
        clients = await connect(url)
        stack.push_async_callback(clients.close)
        if clients.appendfsync not in ("", "always"):
            log.warning(
                "the store may lose acknowledged plays with its machine", appendfsync=clients.appendfsync
            )
        once = clients.once
        name = entropy(3).hex()
        clocks = world(once)
        timekeeper = Timekeeper(clock, once, clocks, show=rundown.id, name=name, keeps=True)
        if rehearsal:
            await timekeeper.join()
        stack.push_async_callback(timekeeper.leave)
        show_log = ShowLog(clients, rundown.id)
        newest = await begin(rundown, show_log, rehearsal=rehearsal, now_ms=clock.now_ms(), entropy=entropy)
        if rehearsal:
            clock.not_before(newest)
        await timekeeper.step()  # before any role asks whether the clock is right

        rounds = Rounds(rundown, derive(secret, "rounds"))
        passes = Passes(secret, rundown.id)
        keys = register_keys(secret)
        register = await Register.open(
            settings.data / "books", show=rundown.id, rehearsal=rehearsal, keys=keys
        )
        stack.push_async_callback(register.close)
        bundle = settings.data / "bundle"
        origins = settings.origins.split(",") if settings.origins else None
        viewers, consoles = make_sockets(origins), make_sockets(origins)
        lines = Exchange(viewers, limits, now_s=time.monotonic, pace=lambda: clock.rate)
        texts = Texts(rundown, derive(secret, "texts"))
        edge = Edge(
            rundown,
            rounds,
            texts,
            show_log,
            once,
            passes,
            Broadcast(lines),
            name=f"edge-{name}",
            code_key=keys.codes,
            now=clock.now_ms,
            rate=lambda: clock.rate,
            rotation=Rotation(timekeeper, clocks.monotonic_ns),
        )
        viewers.register_namespace(ViewerSocket(viewers, edge, entropy))
        AtOnce(lines, edge, clock.now_ms)
        crew = Crew(
            rundown,
            rounds,
            show_log,
            once,
            passes,
            now=clock.now_ms,
            rate=lambda: clock.rate,
            wall_s=wall_s,
            knows_the_time=lambda: timekeeper.right,
        )
        notary = Notary(
            rundown,
            rounds,
            show_log,
            once,
            register,
            chain=chain,
            signature=signature,
            secret=secret,
            bundle=bundle,
        )
        public = Listener(
            public_app(edge, viewers, bundle, entropy),
            lines,
            settings.public_host,
            settings.public_port,
            setting="GALA_PUBLIC_PORT",
        )
        join_url = settings.public_url or f"http://{reachable_host(settings.public_host)}:{public.port}/"
        overlays = Overlays(
            rundown,
            rounds,
            texts,
            crew.history,
            once,
            join_url=join_url,
            now=clock.now_ms,
            rate=lambda: clock.rate,
        )
        yield Evening(
            rundown=rundown,
            clock=clock,
            timekeeper=timekeeper,
            clients=clients,
            passes=passes,
            edge=edge,
            crew=crew,
            overlays=overlays,
            conductor=Conductor(rundown, rounds, show_log, once, name=name, grace_ms=grace_ms),
            notary=notary,
            register=register,
            public=public,
            crew_listener=Listener(
                crew_app(crew, overlays, consoles),
                # few, and ours: a desk is large, and nobody is to lose theirs to a moment of bad network
                Exchange(consoles, Limits(unsent_bytes=1 << 20), now_s=time.monotonic),
                settings.crew_host,
                settings.crew_port,
                setting="GALA_CREW_PORT",
            ),
            bundle=bundle,
            join_url=join_url,
        )


class OtherRundown(Exception):
    """The store holds an evening of this show that began with another rundown."""


async def begin(
    rundown: Rundown, show_log: ShowLog, *, rehearsal: bool, now_ms: int, entropy: Entropy
) -> int:
    """Writes the log's first entry, or checks that the one there is of this very rundown.

    Returns the newest entry's instant: now, or where the evening that is taken up again had come to.
    """
    follower = Follower(rundown, show_log)
    cue = {
        "cue": "begin",
        "epoch": entropy(8).hex(),
        "rundown": rundown.digest,
        "rehearsal": rehearsal,
    }
    first = await follower.call(cue, id="begin", by="gala", now_ms=now_ms)
    if first.cue["rundown"] != rundown.digest or first.cue["rehearsal"] != rehearsal:
        raise OtherRundown(
            f"the data folder holds an evening of '{rundown.id}' that began with another rundown, or as "
            f"{'a rehearsal' if first.cue['rehearsal'] else 'the real show'}: finish it, or set GALA_DATA"
        )
    await follower.read()
    return follower.state.at_ms
