"""One connection: the WebSocket that uvicorn is given, and the Engine.IO socket that python-socketio finds.

An open line that has nothing to say owns this object and its transport, and no task, queue or timer. What it
reads is handled in `data_received`; what it is sent goes to the transport at once. The transport's buffer is
empty unless the peer reads slowly: it tries the kernel first and pauses us for the first byte left over.
Then boards and shows wait here, one of each, the newest; everything else piles up as far as the limit.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast

from gala.wire.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Broken,
    Code,
    Reader,
    close_code,
    close_frame,
    frame,
    unmask,
)
from gala.wire.handshake import NoSocket, answer
from gala.wire.packets import EVENT, Packet, Unreadable, ack_frame, event_frame, read

if TYPE_CHECKING:
    from gala.wire.exchange import Exchange

# What a line may be; written by itself only.
NEW, OPEN, CLOSING, DEAF, GONE = range(5)
"""Before its handshake; in use; closing, and waiting for the peer's half; hung up on; no more."""

SHOW: Final = 0
BOARD: Final = 1
"""The two kinds of frame of which only the newest counts."""

ROUND_TRIP: Final = frame(PING, b"gala")
ROUND_TRIP_BACK: Final = b"gala"
HEARTBEAT: Final = frame(TEXT, b"2")
OPENED, CLOSED_BY_PEER, HEARD, MESSAGE = "0", "1", "3", "4"
IGNORED: Final = ("2", "5", "6")
"""Engine.IO packets that make sense beside a transport we do not have: nothing has to follow from them."""


class Line(asyncio.Protocol):
    """One connection. Made by its `Exchange`; public attributes are for reading, except by the exchange."""

    __slots__ = (
        "_closed_because",
        "_cold",
        "_exchange",
        "_frames_due_s",
        "_held",
        "_reader",
        "_ready",
        "_session",
        "_state",
        "_transport",
        "namespaces",
        "pinged_s",
        "rtt_ms",
        "sid",
        "slot",
        "unheard",
    )

    upgraded = True  # Engine.IO: it is a WebSocket, and was one from the start

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._transport: asyncio.Transport
        self._state = NEW
        self._ready = False  # open, and the transport's buffer empty
        self._reader: Reader | None = None  # only while a frame or message has begun and not ended
        self._held: list[bytes | None] | None = None  # by kind, while the peer reads slowly
        self._cold: deque[Packet | None] | None = (
            None  # while python-socketio works for this line; None: the end
        )
        self._frames_due_s = 0.0  # when what it has sent would have been due at the permitted pace
        self._session: dict[str, Any] | None = None
        self._closed_because = ""
        self.sid = ""  # Engine.IO's, and ours in every namespace
        self.namespaces: tuple[str, ...] = ()  # those it was let into
        self.slot = 0  # its place in the wheel
        self.pinged_s = (
            0.0  # when a ping went out that was not answered yet, of the loop's clock; 0: none did
        )
        self.unheard = False  # whether that was the heartbeat, which a phone that lives answers
        self.rtt_ms = 0.0  # the latest round trip, of the network and the peer's wits; 0: none measured yet

    # ------------------------------------------------------------ what the loop and uvicorn call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """uvicorn hands a connection over; the request's head comes next."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        """Bytes: mostly one small frame, whole, which needs no reader."""
        if self._state != OPEN:
            self._received_otherwise(data)
            return
        if self._reader is None:
            size = len(data)
            if size > 8 and data[0] == 0x82:
                length = data[1] - 128  # a client masks; if it does not, the reader says so
                start = 6
                if length == 126:
                    length = data[2] << 8 | data[3]
                    start = 8
                if (
                    size == start + length
                    and 0 <= length <= self._exchange.limits.message_bytes
                    and (length < 126) == (start == 6)
                ):
                    self._message(unmask(data[start:], data[start - 4 : start]))
                    return
        self._read(data)

    def pause_writing(self) -> None:
        """The peer reads slowly: there is something in the transport's buffer."""
        self._ready = False

    def resume_writing(self) -> None:
        """The buffer is empty again."""
        self._ready = self._state == OPEN
        held, self._held = self._held, None
        if held is not None:
            for kind, waiting in enumerate(held):
                if waiting is not None:
                    self.newest(kind, waiting)

    def eof_received(self) -> None:
        """The peer will send no more: nothing keeps the connection open."""

    def connection_lost(self, _error: Exception | None) -> None:
        """The end, however it came."""
        if self._state == GONE:
            return
        self._state = GONE
        self._ready = False
        self._reader = self._held = None
        self._exchange.lost(self)
        if self.sid:
            # after what python-socketio is still doing for this line, or it would finish letting it in
            if self._cold is not None:
                self._cold.clear()
            self._later(None)

    def shutdown(self) -> None:
        """uvicorn stops: the phones are told to come back."""
        if self._state == OPEN:
            for namespace in self.namespaces:
                self.write(event_frame(namespace, "drain", {"within_ms": self._exchange.limits.drain_ms}))
            self.hang_up(Code.RESTART, "restart")
        elif self._state == NEW:
            self._transport.close()

    # ------------------------------------------------------------ what is sent

    def write(self, whole: bytes) -> None:
        """Sends a frame, unless the peer has let too much pile up: then it is cut off."""
        if self._state != OPEN:
            return
        transport = self._transport
        if not self._ready and transport.get_write_buffer_size() > self._exchange.limits.unsent_bytes:
            self._cut("reads too slowly")
            return
        transport.write(whole)

    def newest(self, kind: int, whole: bytes) -> None:
        """Sends a frame of a kind of which only the newest counts; one that cannot go yet is replaced."""
        if self._ready:
            self._transport.write(whole)
        elif self._state == OPEN:
            if self._held is None:
                self._held = [None, None]
            self._held[kind] = whole

    def ack(self, namespace: str, number: int | None, content: object) -> None:
        """Answers the packet of that number; one that asked for no answer gets none."""
        if number is not None:
            self.write(ack_frame(namespace, number, content))

    def ping(self, heartbeat: bytes, now_s: float) -> None:
        """Asks for a sign of life and measures how long it takes."""
        if self._state == OPEN:
            self.pinged_s = now_s
            self.unheard = heartbeat is HEARTBEAT
            self.write(heartbeat)

    def enter(self, namespace: str) -> None:
        """It was let into a namespace."""
        if namespace not in self.namespaces:
            self.namespaces = (*self.namespaces, namespace)

    def leave(self, namespace: str) -> None:
        """It is no longer in a namespace."""
        self.namespaces = tuple(name for name in self.namespaces if name != namespace)

    def hang_up(self, code: Code, reason: str) -> None:
        """Begins the closing handshake, and does not wait for its other half for ever."""
        if self._state == OPEN:
            self.write(close_frame(code, reason))
            self._state, self._ready = CLOSING, False
            self._linger(reason)

    def fail(self, code: Code, reason: str) -> None:
        """The peer broke a rule: it is told which, and nothing more of it is read."""
        if self._state == OPEN:
            self.write(close_frame(code, reason))
            self._state, self._ready = DEAF, False
            self._frames_due_s = 0.0  # from here on: how many bytes have gone unheard
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._linger(reason)

    def lapse(self) -> None:
        """No sign of life for too long."""
        self._cut("ping timeout")

    def _cut(self, reason: str) -> None:
        if self._state != GONE:
            self._closed_because = self._closed_because or reason
            self._ready = False
            self._state = DEAF
            self._exchange.dropped[reason] += 1
            self._transport.abort()

    def _linger(self, reason: str) -> None:
        self._closed_because = reason
        self._reader = self._held = None
        self._exchange.dropped[reason] += 1
        self._exchange.loop.call_later(self._exchange.limits.linger_s, self._transport.abort)

    # ------------------------------------------------------------ what is received

    def _received_otherwise(self, data: bytes) -> None:
        """Bytes before the handshake, and after the end was begun."""
        if self._state == NEW:
            self._open(data)
        elif self._state == CLOSING:
            self._read(data)
        elif self._state == DEAF:
            self._frames_due_s += len(data)
            if self._frames_due_s > self._exchange.limits.deaf_bytes:
                self._transport.abort()

    def _open(self, head: bytes) -> None:
        try:
            answered = answer(head, self._exchange.origins)
        except NoSocket as refused:
            self._state = DEAF
            self._transport.write(refused.answer)
            self._transport.close()
            return
        self._state = OPEN
        self._ready = True
        # the transport tries the kernel first; with no high water it says so as soon as that took not all
        self._transport.set_write_buffer_limits(0)
        opening = self._exchange.opened(self)
        self.write(answered + frame(TEXT, opening))
        # a control frame, which every WebSocket answers by itself: known before any play, and unseen above
        self.ping(ROUND_TRIP, self._exchange.loop.time())

    def _read(self, data: bytes) -> None:
        """Bytes that are more, or less, than one small message."""
        reader = self._reader
        if reader is None:
            limits = self._exchange.limits
            reader = Reader(message_bytes_max=limits.message_bytes, fragments_max=limits.fragments)
            self._reader = reader
        try:
            for opcode, content in reader.feed(data):
                if opcode == BINARY:
                    assert isinstance(content, bytes)
                    self._message(content)
                elif opcode == TEXT:
                    assert isinstance(content, str)
                    self._packet(content)
                else:
                    assert isinstance(content, bytes)
                    self._control(opcode, content)
                if self._state not in (OPEN, CLOSING):
                    return
        except Broken as broken:
            if self._state == OPEN:
                self.fail(broken.code, broken.reason)
            else:
                self._transport.abort()
            return
        if reader.idle:
            self._reader = None

    def _control(self, opcode: int, content: bytes) -> None:
        if opcode == CLOSE:
            code = close_code(content)
            if self._state == OPEN:
                self.write(frame(CLOSE, b"" if code == Code.NO_CODE else content[:2]))
            self._state, self._ready = DEAF, False
            self._transport.close()
        elif self._too_fast():
            return
        elif opcode == PING:
            self.write(frame(PONG, content))
        elif content == ROUND_TRIP_BACK and not self.unheard:
            self._answered()

    def _packet(self, content: str) -> None:
        """An Engine.IO packet in a text frame."""
        if self._state != OPEN or self._too_fast():
            return
        if content == HEARD:
            self.unheard = False
            self._answered()
        elif content == CLOSED_BY_PEER:
            self.hang_up(Code.NORMAL, "client disconnect")
        elif content[:1] == MESSAGE:
            self.fail(Code.UNSUPPORTED, "messages are msgpack, in binary frames")
        elif content[:1] not in IGNORED:
            self.fail(Code.POLICY, "not an Engine.IO packet")

    def _answered(self) -> None:
        if self.pinged_s:
            self.rtt_ms = (self._exchange.loop.time() - self.pinged_s) * 1000
            self.pinged_s = 0.0

    def _message(self, content: bytes) -> None:
        """A Socket.IO packet: answered at once if anybody does, else python-socketio's."""
        if self._state != OPEN or self._too_fast():
            return
        try:
            packet = read(content)
        except Unreadable as fault:
            self.fail(Code.POLICY, str(fault))
            return
        if packet.type == EVENT and packet.nsp in self.namespaces:
            answer_now = self._exchange.answers.get((packet.nsp, packet.data[0]))
            if answer_now is not None and (self._cold is None or answer_now.ahead):
                answer_now.tell(self, packet)
                return
        self._later(packet)

    def _too_fast(self) -> bool:
        """Counts a message; whether it is one too many, and was the last."""
        exchange = self._exchange
        now_s = exchange.loop.time()
        due_s = max(now_s, self._frames_due_s)
        if due_s - now_s > exchange.burst_s:
            self.fail(Code.POLICY, "too many messages")
            return True
        self._frames_due_s = due_s + exchange.message_s
        return False

    # ------------------------------------------------------------ python-socketio's side

    def _later(self, packet: Packet | None) -> None:
        """Puts a packet behind those that wait for python-socketio; None: the line is gone."""
        if self._cold is None:
            self._cold = deque((packet,))
            self._exchange.start(self._work())
        elif packet is not None and len(self._cold) >= self._exchange.limits.waiting_messages:
            self.fail(Code.POLICY, "too many messages")
        else:
            self._cold.append(packet)

    async def _work(self) -> None:
        """Lets python-socketio handle what waits, one after the other: a phone's words keep their order."""
        assert self._cold is not None
        while self._cold:
            packet = self._cold.popleft()
            if packet is None:
                await self._exchange.gone(self, self._closed_because)
                continue
            answer_now = (
                self._exchange.answers.get((packet.nsp, packet.data[0])) if packet.type == EVENT else None
            )
            if answer_now is not None and packet.nsp in self.namespaces:
                answer_now.tell(self, packet)
            else:
                await self._exchange.handle(self, packet)
        self._cold = None

    @property
    def busy(self) -> bool:
        """Whether python-socketio works on something this line said."""
        return self._cold is not None

    @property
    def closed(self) -> bool:
        """Engine.IO: whether nothing can be sent any more."""
        return self._state != OPEN

    @property
    def session(self) -> dict[str, Any]:
        """Engine.IO: what handlers keep with the connection; made when first asked for."""
        if self._session is None:
            self._session = {}
        return self._session

    @session.setter
    def session(self, kept: dict[str, Any]) -> None:
        self._session = kept

    async def send(self, packet: Any) -> None:
        """Engine.IO: sends one of its packets."""
        content = packet.encode()
        binary = isinstance(content, bytes)
        self.write(frame(BINARY, content) if binary else frame(TEXT, content.encode()))

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002
        """Engine.IO: ends the connection. It waits for nobody: the loop tells when it has come to pass."""
        if abort:
            self._cut(reason or "server disconnect")
        else:
            self.hang_up(Code.NORMAL, reason or "server disconnect")
