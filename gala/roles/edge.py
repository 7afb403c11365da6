"""The edge, put together: what viewers reach, and what judges and counts their plays."""

from dataclasses import dataclass

from socketio import AsyncServer

from gala.asks import Asker
from gala.edge.app import public_app
from gala.edge.broadcast import Broadcast
from gala.edge.claims import Claims
from gala.edge.doors.admission import Admission
from gala.edge.doors.foyer import Foyer
from gala.edge.doors.joining import join_route
from gala.edge.doors.networks import shared_networks
from gala.edge.doors.seats import Seats
from gala.edge.doors.window import Window
from gala.edge.edge import Edge
from gala.edge.rotation import Rotation
from gala.edge.shedding import Shedding
from gala.edge.socket import AtOnce, ViewerSocket, foyer_before, make_sockets
from gala.edge.trace import EdgeTrace
from gala.listener import Listener
from gala.passes import derive
from gala.roles.house import House
from gala.secret import register_keys
from gala.wire.exchange import Exchange
from gala.wire.limits import Limits


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
