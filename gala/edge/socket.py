"""The viewers' socket: what phones may say, checked where it comes in, answered as an acknowledgement."""

from collections.abc import Callable
from typing import Any

import msgspec
import socketio
from redis.exceptions import RedisError

from gala import protocol
from gala.clock import Now
from gala.edge.audience import Tuning, Viewer
from gala.edge.broadcast import NAMESPACE, plain
from gala.edge.claims import Claims
from gala.edge.doors.foyer import Foyer
from gala.edge.doors.seats import Seats
from gala.edge.edge import Edge
from gala.edge.waiting import Said
from gala.passes import BadPass, Passes, ViewerPass
from gala.protocol import door as protocol_door
from gala.timekeeping import World
from gala.wire.exchange import Exchange
from gala.wire.line import Line
from gala.wire.members import Members
from gala.wire.packets import ServedPacket
from games.game import Reason

SAID = ("enter", "tune", "claim")
SOME_TIME_MS = 1_000


def make_sockets(origins: list[str] | None) -> socketio.AsyncServer:
    """python-socketio as we use it: on lines of `gala.wire`, handlers one at a time a connection.

    `origins` None: pages of our own host only.
    """
    return socketio.AsyncServer(
        async_mode="asgi",
        client_manager=Members(),
        serializer=ServedPacket,
        transports=["websocket"],
        allow_upgrades=False,
        async_handlers=False,  # one message of a phone in flight: natural back-pressure
        cors_allowed_origins=origins,
    )


def refuse(reason: str, **more: Any) -> socketio.exceptions.ConnectionRefusedError:
    """A refused CONNECT, with what the phone needs to go on: clients find it in the error's `data`."""
    return socketio.exceptions.ConnectionRefusedError(reason, {"reason": reason, **more})


def sync_reply(data: object, now: Now, measured: Callable[[protocol.Sync, float], None] | None = None) -> Any:
    """The answer to a `sync`, of whichever namespace. `measured` is told what came, and when."""
    received_ms = float(now())
    try:
        said = msgspec.convert(data, protocol.Sync, strict=False)
    except msgspec.ValidationError as error:
        return {"reason": Reason.BAD_MOVE, "detail": str(error)}
    if measured is not None and said.told_ms > 0:
        measured(said, received_ms)
    return plain(protocol.SyncReply(t0_ms=said.t0_ms, t1_ms=received_ms, t2_ms=float(now())))


def tuning_of(channel: str, delay_ms: int | msgspec.UnsetType) -> Tuning:
    """How a viewer watches, from the wire."""
    return Tuning(channel, None if isinstance(delay_ms, msgspec.UnsetType) else delay_ms)


class ViewerSocket(socketio.AsyncNamespace):  # type: ignore[misc]  # python-socketio has no types
    """Namespace /viewer. `entropy(n)` gives n random bytes for new viewers' names."""

    def __init__(
        self,
        sockets: socketio.AsyncServer,
        edge: Edge,
        claims: Claims,
        seats: Seats,
        entropy: Callable[[int], bytes],
    ) -> None:
        super().__init__(NAMESPACE)
        self._sockets = sockets
        self._edge = edge
        self._claims = claims
        self._seats = seats
        self._entropy = entropy

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Calls the handler of what a phone says, with one content: none or several are as good as none."""
        sid, *content = args
        if event in SAID:
            return await super().trigger_event(event, sid, content[0] if len(content) == 1 else None)
        if event in ("connect", "disconnect") and self._sockets.manager.is_connected(sid, NAMESPACE):
            return None  # not what happened, but an event of the phone's that calls itself so
        if event == "connect":  # called here, as python-socketio's own way to them costs more than they do
            return await self.on_connect(*args)
        if event == "disconnect":
            return await self.on_disconnect(*args)
        return await super().trigger_event(event, *args)

    async def on_connect(self, sid: str, _environ: dict[str, Any], auth: object = None) -> None:
        """Accepts a phone: with its pass, or with a new one."""
        if not self._edge.state.version or not self._edge.rotation.knows_the_time:
            raise refuse("starting", retry_after_ms=SOME_TIME_MS)
        try:
            said = msgspec.convert(auth or {}, protocol.Auth)
        except msgspec.ValidationError as error:
            raise refuse("bad_auth", detail=str(error)) from None
        if said.show and said.show != self._edge.rundown.id:
            raise refuse("unknown_show")
        if said.channel and not self._edge.audience.knows(said.channel):
            raise refuse("unknown_channel")
        try:
            held = (
                self._edge.passes.read_viewer(said.pass_)
                if said.pass_
                else ViewerPass(self._entropy(16).hex(), self._edge.rundown.id)
            )
        except BadPass as error:
            raise refuse("bad_pass", detail=str(error)) from None
        seat = self._edge.audience.seat(tuning_of(said.channel, said.delay_ms))
        viewer = Viewer(sid, held.viewer, held.number, seat, held.account)
        viewer.came_at_ms = self._edge.now()
        self._edge.arrivals.arrive(viewer)

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """A phone is gone, for whatever reason."""
        self._edge.audience.leave(sid)

    async def on_enter(self, sid: str, data: object = None) -> Any:
        """Gives this viewer a number; again, the same one."""
        viewer = self._edge.audience.get(sid)
        if viewer is None:
            return plain(protocol.EnterReply(reason="gone"))
        if self._edge.rotation.out:
            return plain(protocol.EnterReply(reason="retry", retry_after_ms=SOME_TIME_MS))
        try:
            proof = msgspec.convert(data or {}, protocol.Enter).proof
        except msgspec.ValidationError:
            proof = ""  # whoever says it wrong has said nothing
        try:
            return plain(await self._seats.take(viewer, proof))
        except (RedisError, TimeoutError, OSError):
            return plain(protocol.EnterReply(reason="retry", retry_after_ms=SOME_TIME_MS))

    async def on_tune(self, sid: str, data: object) -> Any:
        """Moves a viewer to the cohort of how they say they watch."""
        viewer = self._edge.audience.get(sid)
        try:
            said = msgspec.convert(data, protocol.Tune)
        except msgspec.ValidationError:
            return plain(protocol.TuneReply(reason="bad_tune"))
        if viewer is None:
            return plain(protocol.TuneReply(reason="gone"))
        if not self._edge.rotation.knows_the_time:
            return plain(protocol.TuneReply(cohort=viewer.cohort.name, reason="retry"))
        if said.channel and not self._edge.audience.knows(said.channel):
            return plain(protocol.TuneReply(cohort=viewer.cohort.name, reason="unknown_channel"))
        channel = said.channel or viewer.cohort.channel.id
        await self._edge.retune(viewer, self._edge.audience.seat(tuning_of(channel, said.delay_ms)))
        own_ms = viewer.cohort.exact_ms if viewer.delay_ms is None else viewer.delay_ms
        reply = protocol.TuneReply(cohort=viewer.cohort.name, delay_ms=own_ms, rest_ms=viewer.rest_ms)
        return plain(reply)

    async def on_claim(self, sid: str, data: object) -> Any:
        """Claims a voucher of this viewer's."""
        viewer = self._edge.audience.get(sid)
        try:
            said = msgspec.convert(data, protocol.Claim)
        except msgspec.ValidationError:
            return plain(protocol.ClaimReply(status="refused", reason="unknown"))
        if viewer is None:
            return plain(protocol.ClaimReply(status="retry", retry_after_ms=SOME_TIME_MS))
        return plain(await self._claims.claim(viewer, said.voucher))


def foyer_before(exchange: Exchange, foyer: Foyer, passes: Passes, world: World) -> None:
    """From now on phones come in through the foyer: before anything else of theirs is looked at."""

    def turn_away(namespace: str, auth: Any) -> tuple[str, protocol_door.Refusal] | None:
        if namespace != NAMESPACE:
            return None  # which there is nothing behind
        said = auth if isinstance(auth, dict) else {}
        slot, token = (found if isinstance(found := said.get(name), str) else "" for name in ("slot", "pass"))
        told = foyer.ask(
            slot,
            world.monotonic_ns() / 1e6,
            int(world.system_ms()),
            lambda: passes.has_number(token),
        )
        if told is None:
            return None
        return "queue", protocol_door.Refusal(reason="queue", retry_after_ms=told.wait_ms, queue=told)

    exchange.turn_away = turn_away


class AtOnce:
    """What phones say most, answered in the call-back that brings it: `sync` and `play`."""

    def __init__(self, exchange: Exchange, edge: Edge, now: Now) -> None:
        self._edge = edge
        self._now = now
        exchange.answer(NAMESPACE, "sync", self._sync, ahead=True)
        exchange.answer(NAMESPACE, "play", self._play, content=Said)

    def _sync(self, line: Line, number: int | None, data: object) -> None:
        """Server times for the phone's clock; and a measure of its round trip for ours."""
        sid = line.sid
        reply = sync_reply(data, self._now, lambda said, at_ms: self._edge.measure(sid, said, at_ms))
        line.ack(NAMESPACE, number, reply)

    def _play(self, line: Line, number: int | None, said: Said | None) -> None:
        """Counts a play; the answer goes out when its fate is durable."""
        if said is None:
            line.ack(NAMESPACE, number, protocol.PlayReply(status="refused", reason=Reason.BAD_MOVE))
            return
        viewer = self._edge.audience.get(line.sid)
        if viewer is None:
            line.ack(NAMESPACE, number, protocol.PlayReply(status="retry", retry_after_ms=SOME_TIME_MS))
        else:
            self._edge.plays.offer(line, number, viewer.number, viewer.cohort, viewer.bound_ms, said)
