"""The roles of an evening, each put together from what a process has: its store, clock, secret and settings.

A process has all of them, or some, and shares nothing with others but the store:

=========  =============================================================================================
edge       the public listener: pages, sockets, plays. As many as there are viewers for
conductor  timed cues, gates, boards. One, or two
notary     seals, draws, the books and the bundle in GALA_DATA. One
crew       the crew's listener: director, overlay, auditor. One, or as many as there are desks
=========  =============================================================================================
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from socketio import AsyncServer

from gala.accounts import Accounts
from gala.asks import Asked, Asker, AtTill, Seal
from gala.clerk import Clerk
from gala.clock import GalaClock
from gala.conductor import Conductor
from gala.draws.office import Signature
from gala.edge.app import crew_app, public_app
from gala.edge.bearer import bearers
from gala.edge.broadcast import Broadcast
from gala.edge.claims import Claims
from gala.edge.crew import Crew
from gala.edge.doors.admission import Admission
from gala.edge.doors.foyer import Foyer
from gala.edge.doors.joining import join_route
from gala.edge.doors.networks import shared_networks
from gala.edge.doors.seats import Seats
from gala.edge.doors.window import Window
from gala.edge.edge import Edge
from gala.edge.evidence_files import statement_route
from gala.edge.monitor import Monitor, metrics_route
from gala.edge.overlay import Overlays
from gala.edge.rotation import Rotation
from gala.edge.shedding import Shedding
from gala.edge.socket import AtOnce, ViewerSocket, foyer_before, make_sockets
from gala.edge.till import till_routes
from gala.edge.trace import EdgeTrace, trace_route
from gala.edge.watch import watch_routes
from gala.listener import Listener, reachable_host
from gala.notary import Notary, register_keys
from gala.passes import Passes, derive
from gala.protocol.crew import TillReply
from gala.publishing import Publishing
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.settings import Settings
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.texts import Texts
from gala.timekeeping import Timekeeper, World
from gala.wallets import Wallets, titles_of
from gala.wire.exchange import Exchange
from gala.wire.limits import Limits
from rewards.arithmetic.beacon import Chain
from rewards.keeping.register import Register

ROLES = ("edge", "conductor", "notary", "crew")

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the roles of one process are made from. `name`: the process's, unique in the show."""

    settings: Settings
    rundown: Rundown
    clock: GalaClock
    world: World
    timekeeper: Timekeeper
    clients: Clients
    log: ShowLog
    rounds: Rounds
    passes: Passes
    texts: Texts
    secret: bytes
    entropy: Entropy
    wall_s: Callable[[], int]
    name: str
    accounts: Accounts

    def of(self, clients: Clients) -> "House":
        """The same, for a role that is another user of the store."""
        return replace(self, clients=clients, log=ShowLog(clients, self.rundown.id))

    @property
    def seal(self) -> Seal:
        """Of what is asked of the notary, and answered."""
        return Seal(self.rundown.id, self.secret, self.entropy)

    def asker(self) -> Asker:
        """Asks the notary as this role's user of the store."""
        clock = self.clock
        return Asker(
            self.clients.once, self.rundown.id, self.seal, now_ms=clock.now_ms, rate=lambda: clock.rate
        )

    @property
    def bundle(self) -> Path:
        """Where the evidence will be."""
        return self.settings.data / "bundle"

    @property
    def origins(self) -> list[str] | None:
        """The origins whose pages may open a socket; None: our own."""
        return self.settings.origins.split(",") if self.settings.origins else None


@dataclass(frozen=True, slots=True)
class Stalls:
    """An edge and the sockets that viewers have to it, wherever they come in."""

    edge: Edge
    asker: Asker
    trace: EdgeTrace
    sockets: AsyncServer
    lines: Exchange


@dataclass(frozen=True, slots=True)
class Front:
    """An edge and where viewers reach it."""

    edge: Edge
    asker: Asker
    trace: EdgeTrace
    public: Listener


@dataclass(frozen=True, slots=True)
class Office:
    """A notary and the books it keeps, which are open."""

    notary: Notary
    clerk: Clerk
    register: Register


@dataclass(frozen=True, slots=True)
class Booth:
    """What the crew see, and where they reach it."""

    crew: Crew
    overlays: Overlays
    monitor: Monitor
    rotation: Rotation
    asker: Asker
    listener: Listener

    async def step(self, now_ms: int) -> None:
        """The crew's step, which reads the log to its end."""
        mark = self.rotation.mark()
        await self.crew.step(now_ms)
        self.rotation.read_to_the_end_of(mark)


def stalls(house: House, limits: Limits) -> Stalls:
    clock, settings, entropy = house.clock, house.settings, house.entropy
    viewers = make_sockets(house.origins)
    monotonic_ns = house.world.monotonic_ns

    def now_s() -> float:
        return monotonic_ns() / 1e9

    lines = Exchange(viewers, limits, now_s=now_s, pace=lambda: clock.rate, proxies=settings.proxies)
    foyer = Foyer(settings.admit_per_s, key=derive(house.secret, "foyer"), name=house.name)
    lines.back_ms = foyer.back_ms
    edge = Edge(
        house.rundown,
        house.rounds,
        house.texts,
        house.log,
        house.clients,
        house.passes,
        Broadcast(lines),
        name=f"edge-{house.name}",
        code_key=register_keys(house.secret).codes,
        now=clock.now_ms,
        rate=lambda: clock.rate,
        rotation=Rotation(house.timekeeper, monotonic_ns),
        window=Window(foyer.back_ms),
        shedding=Shedding(foyer.let_in),
    )
    asker = house.asker()
    admission = Admission(
        now_s=now_s,
        entropy=entropy,
        key=derive(house.secret, "networks"),
        shared=shared_networks(settings.shared_networks),
        proof_bits=settings.proof_bits,
    )
    trace = EdgeTrace(house.clients.once, house.rundown.id, edge.name, admission, entropy)
    seats = Seats(edge, admission, trace, lines.address)
    viewers.register_namespace(ViewerSocket(viewers, edge, Claims(edge, asker), seats, entropy))
    AtOnce(lines, edge, clock.now_ms)
    foyer_before(lines, foyer, house.passes, house.world)
    return Stalls(edge, asker, trace, viewers, lines)


def front(house: House, limits: Limits, *, shared: bool) -> Front:
    """shared: the public port is that of other processes too."""
    settings, made = house.settings, stalls(house, limits)

    def refused(reason: str) -> None:
        made.edge.turned_away[reason] += 1
        made.trace.refused(reason, "")

    joining = join_route(
        house.passes,
        house.accounts,
        house.rundown.id,
        house.entropy,
        house.wall_s,
        refused,
    )
    public = Listener(
        public_app(made.edge, made.sockets, house.bundle, [joining]),
        made.lines,
        settings.public_host,
        settings.public_port,
        setting="GALA_PUBLIC_PORT",
        shared=shared,
    )
    return Front(made.edge, made.asker, made.trace, public)


def conductor(house: House, grace_ms: int) -> Conductor:
    """grace_ms: how long after a lock plays that arrived before it may still be applied."""
    return Conductor(
        house.rundown, house.rounds, house.log, house.clients.once, name=house.name, grace_ms=grace_ms
    )


async def office(house: House, *, rehearsal: bool, chain: Chain, signature: Signature) -> Office:
    """Opens the books, which are to be closed afterwards."""
    rundown = house.rundown
    register = await Register.open(
        house.settings.data / "books",
        show=rundown.id,
        rehearsal=rehearsal,
        keys=register_keys(house.secret),
        ledger_url=house.settings.ledger_url,
    )
    wallets = Wallets(house.clients.once, rundown.id, register, titles_of(rundown))
    notary = Notary(
        rundown,
        house.rounds,
        house.log,
        house.clients.once,
        register,
        wallets,
        chain=chain,
        signature=signature,
        secret=house.secret,
        publishing=Publishing(register, house.settings.data, lambda: house.wall_s() * 1000),
    )
    clerk = Clerk(register, Asked(house.clients.once, rundown.id, house.seal), wallets, notary.grew)
    return Office(notary, clerk, register)


def booth(house: House, join_url: str, *, shared: bool) -> Booth:
    """join_url: where the audience goes. shared: the crew's port may be another process's too."""
    clock, settings = house.clock, house.settings
    consoles = make_sockets(house.origins)
    crew = Crew(
        house.rundown,
        house.rounds,
        house.log,
        house.clients.once,
        house.passes,
        now=clock.now_ms,
        rate=lambda: clock.rate,
        wall_s=house.wall_s,
        knows_the_time=lambda: house.timekeeper.right,
        store_trouble=lambda: house.timekeeper.store_trouble,
    )
    overlays = Overlays(
        house.rundown,
        house.rounds,
        house.texts,
        crew.history,
        house.clients.once,
        join_url=join_url,
        now=clock.now_ms,
        rate=lambda: clock.rate,
    )
    asker = house.asker()

    async def ask(act: AtTill) -> TillReply:
        return msgspec.msgpack.decode(await asker.ask(act), type=TillReply)

    def real_ms() -> int:
        return house.world.monotonic_ns() // 1_000_000

    monitor = Monitor(
        crew,
        house.clients.once,
        rate=lambda: clock.rate,
        store_trouble=lambda: house.timekeeper.store_trouble,
    )
    rotation = Rotation(house.timekeeper, house.world.monotonic_ns)
    allowed = bearers(house.passes, house.wall_s)
    others = [
        *till_routes(ask, allowed, real_ms),
        *watch_routes(lambda: crew.books, house.clients.once, house.rundown.id, allowed),
        trace_route(house.clients.once, house.rundown.id, allowed),
        statement_route(settings.data, allowed),
        metrics_route(monitor, clock.now_ms, allowed),
    ]
    listener = Listener(
        crew_app(crew, overlays, consoles, house.bundle, lambda: rotation.reason, others),
        # few, and ours: a desk is large, and nobody is to lose theirs to a moment of bad network
        Exchange(consoles, Limits(unsent_bytes=1 << 20), now_s=time.monotonic),
        settings.crew_host,
        settings.crew_port,
        setting="GALA_CREW_PORT",
        shared=shared,
    )
    return Booth(crew, overlays, monitor, rotation, asker, listener)


def join_url(settings: Settings, port: int) -> str:
    """Where the audience goes, if viewers are served at `port`."""
    return settings.public_url or f"http://{reachable_host(settings.public_host)}:{port}/"


def texts_of(rundown: Rundown, secret: bytes) -> Texts:
    """What pages read, by hashes that tell nothing."""
    return Texts(rundown, derive(secret, "texts"))
