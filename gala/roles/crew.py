"""The crew's listener, put together: director, overlay, auditor, tills, metrics."""

import time
from dataclasses import dataclass

import msgspec

from gala.asks import Asker, AtTill
from gala.edge.bearer import bearers
from gala.edge.crew import Crew
from gala.edge.crew_app import crew_app
from gala.edge.evidence_files import statement_route
from gala.edge.monitor import Monitor, metrics_route
from gala.edge.overlay import Overlays
from gala.edge.rotation import Rotation
from gala.edge.socket import make_sockets
from gala.edge.till import till_routes
from gala.edge.trace import trace_route
from gala.edge.watch import watch_routes
from gala.listener import Listener
from gala.protocol.crew import TillReply
from gala.roles.house import House
from gala.wire.exchange import Exchange
from gala.wire.limits import Limits


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
