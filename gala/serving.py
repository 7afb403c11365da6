"""``gala serve``: an evening in this process, some roles of it, or a process that starts others for it."""

import asyncio
import contextlib
import resource
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog
from rich.console import Console

from gala import leash, memory
from gala.accounts import as_held, host_keys
from gala.clock import GalaClock
from gala.draws.beacons import chain_and_signature
from gala.draws.relays import Relays
from gala.evening import open_evening
from gala.links import links
from gala.passes import Passes
from gala.ports import join_url, reserve
from gala.rehearsal import BEFORE_MS
from gala.roles import ROLES
from gala.rundown import Rundown
from gala.secret import Entropy, service_secret
from gala.settings import Settings
from gala.store import users
from gala.store.valkey import embedded
from gala.timekeeping import world_of
from gala.workers import Workers, on_signals, one_of
from rewards.arithmetic.beacon import QUICKNET

log = structlog.get_logger("gala")


class Unserved(Exception):
    """What was asked for makes no sense together; the message says why."""


def roles_of(asked: Sequence[str], settings: Settings, workers: int) -> tuple[str, ...]:
    """The roles of this process: those asked for, or all. Raises Unserved."""
    unknown = [role for role in asked if role not in ROLES]
    if unknown:
        raise Unserved(f"no role {unknown[0]}: {', '.join(ROLES)}")
    if workers > 1 and asked:
        raise Unserved(
            "--workers starts processes for all roles, and --role is this process alone: choose one"
        )
    wanted = tuple(role for role in ROLES if role in asked) or ROLES
    if wanted != ROLES:
        missing = [f"GALA_{name.upper()}" for name in ("redis_url", "secret") if not getattr(settings, name)]
        if missing:
            raise Unserved(
                f"a process with some of the roles shares the store and the secret with those that have the "
                f"others: set {' and '.join(missing)}"
            )
    return wanted


def as_many_sockets_as_allowed() -> None:
    """Each is a file, and of those a process has a thousand unless it asks for all that it may have."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):  # macOS says "no end", and does not mean it
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def serve_here(
    settings: Settings,
    rundown: Rundown,
    *,
    rehearsal: bool,
    wanted: Sequence[str],
    worker: str,
    stop: asyncio.Event,
    console: Console,
    entropy: Entropy,
    wall_ms: Callable[[], int],
) -> int:
    """Runs these roles until `stop`. worker: our name, if another process has started us."""
    as_many_sockets_as_allowed()
    secret = service_secret(settings, entropy)
    clock = GalaClock(rundown.starts_at_ms - BEFORE_MS if rehearsal else wall_ms())
    chain, signature = chain_and_signature(rundown, secret)
    relays = Relays(QUICKNET, settings.beacon_relays.split(","))
    if not rehearsal:
        chain, signature = QUICKNET, relays.signature
    async with (
        contextlib.aclosing(relays),
        open_evening(
            settings,
            rundown,
            rehearsal=rehearsal,
            clock=clock,
            chain=chain,
            signature=signature,
            secret=secret,
            entropy=entropy,
            wall_s=lambda: wall_ms() // 1000,
            world=world_of,
            wanted=wanted,
            shared=bool(worker),
        ) as evening,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(evening.run())
        end = asyncio.Event()
        alongside = [tasks.create_task(leash.hold(evening, end))] if worker else []
        for listener in evening.listeners:
            await listener.up()
        memory.settle()
        if not worker:
            _say_where(
                console,
                Passes(secret, rundown.id),
                evening.join_url if evening.front else "",
                evening.crew_listener.port if evening.booth else 0,
            )
        await one_of(stop, end)
        if not end.is_set() and tuple(wanted) == ("edge",):
            # others serve on: the phones are not cut off but sent to them
            alongside.append(tasks.create_task(evening.leave()))
            await one_of(evening.stopping, end)
        evening.stop()
        await running
        for task in alongside:
            task.cancel()
    return 0


async def serve_with_workers(
    settings: Settings,
    rundown: Rundown,
    *,
    command: Sequence[str],
    environment: Mapping[str, str],
    rehearsal: bool,
    count: int,
    stop: asyncio.Event,
    console: Console,
    entropy: Entropy,
) -> int:
    """Starts `count` edges and a process with the other roles, and keeps them up until `stop`. Raises NoHost,
    as they would."""
    as_held(rundown, rehearsal=rehearsal, host=host_keys(settings))
    async with contextlib.AsyncExitStack() as stack:
        secret = service_secret(settings, entropy)
        host, crew_host = settings.public_host, settings.crew_host
        public = stack.enter_context(reserve(host, settings.public_port, setting="GALA_PUBLIC_PORT"))
        crew = stack.enter_context(reserve(crew_host, settings.crew_port, setting="GALA_CREW_PORT"))
        port, crew_port = public.getsockname()[1], crew.getsockname()[1]
        url = settings.redis_url or users.marked(
            await stack.enter_async_context(embedded(settings.data / "store", users=users.lines(secret)))
        )
        shared = {
            "GALA_REDIS_URL": url,
            "GALA_SECRET": secret.decode(),
            "GALA_PUBLIC_PORT": str(port),
            "GALA_CREW_PORT": str(crew_port),
        }
        workers = Workers(command, {**environment, **shared}, count)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(on_signals(workers))
            running = tasks.create_task(workers.run())
            stopping = tasks.create_task(_stop_with(stop, workers))
            if await workers.up():
                settings = msgspec.structs.replace(settings, public_port=port)
                _say_where(console, Passes(secret, rundown.id), join_url(settings, port), crew_port)
            await asyncio.wait({running})
            hearing.cancel()
            stopping.cancel()
    return 0


async def _stop_with(stop: asyncio.Event, workers: Workers) -> None:
    await stop.wait()
    workers.stop()


def _say_where(console: Console, passes: Passes, public: str, crew_port: int) -> None:
    """Where everybody goes, as far as it is here."""
    for name, link in links(passes, public, crew_port).items():
        if public if name == "phone" else crew_port:
            console.print(f"{name:<10}{link}", soft_wrap=True, highlight=False)


def command_of(path: Path, *, rehearsal: bool) -> list[str]:
    """What a worker is started with, after the interpreter; roles come behind."""
    return ["-m", "gala", "serve", str(path.resolve()), *(["--rehearsal"] if rehearsal else [])]
