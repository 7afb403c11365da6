"""All lines of one listener: where they come in, who answers what at once, pings, and words for many."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, cast

import socketio

from gala.wire.frames import Code
from gala.wire.handshake import Origins
from gala.wire.limits import Limits
from gala.wire.line import Line
from gala.wire.members import Members
from gala.wire.outlet import HEARTBEAT
from gala.wire.packets import Known, Packet

SLICE = 250  # lines written to before anything else gets its turn: about 2 ms


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answers an event in the call-back that brought it.

    call: given (line, packet number or None, content or None); it acknowledges itself, at once or later. None
    or several contents are as good as none.
    ahead: whether it may overtake what the same line said before and python-socketio still works on.
    known: how its content is read where that is of one type; what is of another is as good as none.
    """

    call: Callable[[Line, int | None, Any], None]
    ahead: bool
    known: Known | None = None


class Exchange:
    """The lines of one listener, for `socketio.AsyncServer` `sockets` made with `Members` and `ServedPacket`.

    Give `line` to uvicorn as its WebSocket protocol. `now_s`: a clock that nobody sets, finer than a
    round trip (uvloop's own counts milliseconds). `pace`: how much faster than real time phones live, and so
    may talk; asked a few times a second. `proxies`: how many of ours stand in front (`gala.wire.peer`).
    """

    loop: asyncio.AbstractEventLoop  # both are set when a connection comes
    _uvicorn: Any  # its connections, which it asks to shut down, and its tasks, which it waits for

    def __init__(
        self,
        sockets: socketio.AsyncServer,
        limits: Limits,
        *,
        now_s: Callable[[], float],
        pace: Callable[[], float] = lambda: 1.0,
        proxies: int = 0,
    ) -> None:
        self.limits = limits
        self.now_s = now_s
        self.answers: dict[tuple[str, str], Answer] = {}  # written while the service is put together
        # asked about every CONNECT before anybody else is, with its namespace and auth: None, or the (word,
        # content) with which it is refused and hung up on; written while the service is put together
        self.turn_away: Callable[[str, Any], tuple[str, object] | None] = lambda _namespace, _auth: None
        self.back_ms: Callable[[int], int] = lambda _count: 0  # how long so many take to come back, likewise
        self.known: tuple[tuple[Known, Answer], ...] = ()  # of these, those with one type of content
        self.dropped: Counter[str] = Counter()  # connections we ended, by reason; written by lines
        self.shed = 0  # frames that a newer one replaced before they went out; written by lines
        self._sockets = sockets
        self._members = cast("Members", sockets.manager)
        self._members.lines = sockets.eio.sockets
        # as Engine.IO has it: an empty list means that whoever is in front of us looks at origins
        unchecked = sockets.eio.cors_allowed_origins == []
        self.origins: Origins = (lambda _environ: None) if unchecked else sockets.eio._cors_allowed_origins
        self._pace = pace
        self.proxies = proxies
        said = {
            "upgrades": [],
            "pingInterval": limits.ping_interval_ms,
            "pingTimeout": limits.ping_timeout_ms,
            "maxPayload": limits.message_bytes,
        }
        self._opening = json.dumps(said, separators=(",", ":")).encode()[1:]  # behind a line's own id
        self._environ: dict[str, Any] = {}
        # by slot, in the order they came
        self._wheel: list[dict[Line, None]] = [{} for _ in range(limits.wheel_slots)]
        self._turn = 0
        self._turning: asyncio.TimerHandle | None = None
        self._open_count = 0
        self._set_pace()

    # ------------------------------------------------------------ putting together

    def line(self, *, config: Any, server_state: Any, app_state: Any) -> Line:  # noqa: ARG002
        """uvicorn's way to make the protocol of a connection that asks for a WebSocket."""
        self.loop = asyncio.get_running_loop()
        self._uvicorn = server_state
        return Line(self)

    def answer(
        self,
        namespace: str,
        event: str,
        call: Callable[[Line, int | None, Any], None],
        *,
        ahead: bool = False,
        content: type | None = None,
    ) -> None:
        """From now on `call` answers that event, and python-socketio does not hear of it; see `Answer`.

        content: what its content has to be, for an event that comes so often that reading it counts.
        """
        known = None if content is None else Known(namespace, event, content)
        self.answers[namespace, event] = answer = Answer(call, ahead, known)
        if known is not None:
            self.known = (*self.known, (known, answer))

    # ------------------------------------------------------------ what lines ask

    def opened(self, line: Line) -> bytes:
        """Takes in a line that has shaken hands; what it says first (Engine.IO's open packet)."""
        line.sid = self._sockets.eio.generate_id()
        self._members.lines[line.sid] = line
        self._uvicorn.connections.add(line)
        self._open_count += 1
        line.slot = self._turn
        self._wheel[self._turn][line] = None
        if self._turning is None:
            self._turning = self.loop.call_later(self._turn_s, self._on_turn)
        return b'0{"sid":"%b",%b' % (line.sid.encode(), self._opening)

    def lost(self, line: Line) -> bool:
        """A line's connection has ended; whether python-socketio, which knows it, is to be told in its turn
        (`gone`)."""
        if not line.sid:
            return False
        self._uvicorn.connections.discard(line)
        self._open_count -= 1
        self._wheel[line.slot].pop(line, None)
        if line.busy or line.sid in self._sockets.environ:
            return True
        self._members.forget(line.sid)
        return False

    async def handle(self, line: Line, packet: Packet) -> None:
        """Lets python-socketio handle a packet; it logs what its handlers raise."""
        eio = self._sockets.eio
        if line.sid not in self._sockets.environ:
            # one for all: an environ of its own for everyone would outweigh the connections
            await eio._trigger_event("connect", line.sid, self._environ)
        await eio._trigger_event("message", line.sid, packet)

    async def gone(self, line: Line, reason: str) -> None:
        """Tells python-socketio, whose handlers hear `disconnect`."""
        await self._sockets.eio._trigger_event(
            "disconnect", line.sid, reason or self._sockets.reason.TRANSPORT_CLOSE
        )
        self._members.forget(line.sid)

    @property
    def drain_ms(self) -> int:
        """Over how long the phones that are told to come back shall spread."""
        return max(self.limits.drain_ms, self.back_ms(self._open_count))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs a line's work beside everything; uvicorn waits for it when it stops."""
        task = self.loop.create_task(work)
        self._uvicorn.tasks.add(task)
        task.add_done_callback(self._uvicorn.tasks.discard)

    # ------------------------------------------------------------ words for many

    def rtt_ms(self, sid: str) -> float:
        """The latest round trip of a connection, real milliseconds; 0 if none was measured yet."""
        line = self._members.lines.get(sid)
        return 0.0 if line is None else line.rtt_ms

    def address(self, sid: str) -> str:
        """Where a connection comes from; empty where nobody can tell."""
        line = self._members.lines.get(sid)
        return "" if line is None else line.address

    def tell_one(self, sid: str, frame: bytes, kind: int | None = None) -> None:
        """A frame to one connection, if it is there; `kind` as for `tell_newest`, or of none."""
        line = self._members.lines.get(sid)
        if line is not None:
            if kind is None:
                line.write(frame)
            else:
                line.newest(kind, frame)

    async def enter(self, sid: str, namespace: str, room: str) -> None:
        """Puts a connection into a room."""
        await self._sockets.enter_room(sid, room, namespace=namespace)

    async def leave(self, sid: str, namespace: str, room: str) -> None:
        """Takes a connection out of a room, and from it what waits because it reads slowly."""
        await self._sockets.leave_room(sid, room, namespace=namespace)
        line = self._members.lines.get(sid)
        if line is not None:
            line.drop_held()

    async def tell(self, namespace: str, room: str | None, frame: bytes) -> None:
        """A frame to everyone in a room (None: in the namespace); nobody misses it who is not cut off."""
        async for some in self._slices(namespace, room):
            for line in some:
                line.write(frame)

    async def tell_newest(self, namespace: str, room: str | None, kind: int, frame: bytes) -> None:
        """A frame of a kind (`outlet.SHOW`, `outlet.BOARD`) of which a slow reader gets only the newest."""
        async for some in self._slices(namespace, room):
            for line in some:
                line.newest(kind, frame)

    async def _slices(self, namespace: str, room: str | None) -> AsyncIterator[list[Line]]:
        """The lines of a room, a few at a time, so that acknowledgements need not wait for all of them.

        Whoever has left the room by the time their slice comes is not in it any more.
        """
        everyone = list(self._members.of(namespace, room))
        yield everyone[:SLICE]
        for start in range(SLICE, len(everyone), SLICE):
            await asyncio.sleep(0)
            here = self._members.rooms.get(namespace, {}).get(room, {})
            yield [line for line in everyone[start : start + SLICE] if line.sid in here]

    # ------------------------------------------------------------ the wheel

    def _on_turn(self) -> None:
        """One turn: pings the lines of one slot, and looks for the pongs of those pinged a while ago."""
        now_s = self.now_s()
        self._turn = (self._turn + 1) % self.limits.wheel_slots
        for line in tuple(self._wheel[(self._turn - self.limits.timeout_slots) % self.limits.wheel_slots]):
            if line.unheard:
                line.lapse()
            elif not line.namespaces and not line.busy:
                line.fail(Code.POLICY, "never said which namespace")
        for line in self._wheel[self._turn]:
            line.ping(HEARTBEAT, now_s)
        self._set_pace()
        if self._open_count:
            self._turning = self.loop.call_later(self._turn_s, self._on_turn)
        else:
            self._turning = None

    @property
    def _turn_s(self) -> float:
        return self.limits.ping_interval_ms / self.limits.wheel_slots / 1000

    def _set_pace(self) -> None:
        self.message_s = 1 / self.limits.messages_per_s / max(1.0, self._pace())
        self.burst_s = self.limits.burst_messages * self.message_s
