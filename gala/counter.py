"""``gala serve`` without a rundown: the counter that stays open when the show is over.

It keeps the books of an evening, and nothing else: tills redeem and give back, what is due is done (fixed
dates, ends of windows, the closing of the books), the bundle is refreshed and served, and so is the
statement. It needs no store and no rundown; wallets on phones need the evening itself (``gala serve
RUNDOWN``).
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from gala.asks import AtTill
from gala.clerk import at_till
from gala.edge.bearer import Allowed, bearers
from gala.edge.evidence_files import bundle_files, statement_route
from gala.edge.pages import Guarded, healthz
from gala.edge.socket import make_sockets
from gala.edge.till import till_routes
from gala.listener import Listener
from gala.loops import Loops
from gala.passes import Passes
from gala.protocol.crew import TillReply
from gala.publishing import Publishing
from gala.secret import register_keys
from gala.settings import Settings
from gala.wire.exchange import Exchange
from gala.wire.limits import Limits
from rewards.keeping.reopening import Reopened, reopen

STEP_S = 1.0

log = structlog.get_logger("gala")


class Counter:
    """The books of one evening, open. `wall_ms`: the world's time, which is also the books'."""

    def __init__(self, books: Reopened, data: Path, wall_ms: Callable[[], int]) -> None:
        self.books = books
        self.register = register = books.register
        self.publishing = Publishing(register, data, wall_ms)
        self._wall_ms = wall_ms
        self.publishing.grown = True  # an earlier process may not have had the time

    async def step(self) -> None:
        """Does what is due, and refreshes what is out."""
        done = await self.register.payouts.do_due(at_ms=self._wall_ms())
        for one in done:
            log.info("done as due", act=one.act.value, draw=one.draw, date=one.date)
            self.publishing.grown = True
        await self.publishing.step(self._wall_ms())

    async def at_till(self, ask: AtTill) -> TillReply:
        """A voucher at a till, at once."""
        reply = await at_till(self.register, ask, self._wall_ms())
        self.publishing.grown = self.publishing.grown or reply.status == "done"
        return reply


def public_app(data: Path) -> ASGIApp:
    """What the world reaches: the evidence."""

    async def over(_request: Request) -> Response:
        return PlainTextResponse("The show is over. Its evidence is at /bundle/MANIFEST.json\n")

    routes = [Route("/", over), Route("/healthz", healthz), Route("/readyz", healthz)]
    return Guarded(
        Starlette(routes=[*routes, Mount("/bundle", bundle_files(data / "bundle"))]), ancestors="*"
    )


def crew_app(counter: Counter, data: Path, allowed: Allowed) -> ASGIApp:
    """What tills and auditors reach."""

    def real_ms() -> int:
        return time.monotonic_ns() // 1_000_000

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", healthz),
        *till_routes(counter.at_till, allowed, real_ms),
        statement_route(data, allowed),
    ]
    return Guarded(Starlette(routes=routes), ancestors="'none'")


@contextlib.asynccontextmanager
async def open_counter(
    settings: Settings, secret: bytes, wall_ms: Callable[[], int]
) -> AsyncIterator[tuple[Counter, Listener, Listener]]:
    """The counter of the books in GALA_DATA, with its public listener and the crew's.

    Raises NoEvening (there are no books), OtherKeys (the secret is another one) and CannotListen.
    """
    keys = register_keys(secret)
    books = await reopen(settings.data / "books", keys=keys, ledger_url=settings.ledger_url)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(books.register.close)
        counter = Counter(books, settings.data, wall_ms)
        allowed = bearers(Passes(secret, books.show), lambda: wall_ms() // 1000)
        listeners = [
            Listener(
                app,
                Exchange(make_sockets(None), Limits(), now_s=time.monotonic),
                host,
                port,
                setting=f"GALA_{name}_PORT",
            )
            for app, host, port, name in (
                (public_app(settings.data), settings.public_host, settings.public_port, "PUBLIC"),
                (crew_app(counter, settings.data, allowed), settings.crew_host, settings.crew_port, "CREW"),
            )
        ]
        yield counter, listeners[0], listeners[1]


async def serve_counter(
    settings: Settings,
    secret: bytes,
    *,
    wall_ms: Callable[[], int],
    stop: asyncio.Event,
    say: Callable[[str], None],
) -> int:
    """Keeps the counter open until `stop`. say: a line for whoever started it."""
    async with open_counter(settings, secret, wall_ms) as (counter, public, crew):
        books = counter.books
        say(f"the books of {books.show} are open" + (", a rehearsal's" if books.rehearsal else ""))
        if not counter.publishing.out:
            say("no bundle was published yet: that takes the evening itself, gala serve RUNDOWN")
        loops = Loops()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(listener.run()) for listener in (public, crew)]
            stepping = tasks.create_task(loops.forever("counter", counter.step, STEP_S))
            await public.up()
            await crew.up()
            say(f"bundle    http://{settings.public_host}:{public.port}/bundle/MANIFEST.json")
            say(f"tills     http://{settings.crew_host}:{crew.port}/api/vouchers/redeem")
            say(f"statement http://{settings.crew_host}:{crew.port}/statement")
            await stop.wait()
            loops.stopping.set()
            public.stop()
            crew.stop()
            await asyncio.wait([*running, stepping])
    return 0
