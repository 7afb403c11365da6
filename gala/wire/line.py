"""One connection: the WebSocket that uvicorn is given, and the Engine.IO socket that python-socketio finds.

An open line that has nothing to say owns this object and its transport, and no task, queue or timer. What it
reads is handled in `data_received`; how it sends, and ends, is in `Outlet`.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

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
    frame,
    unmask,
)
from gala.wire.handshake import NoSocket, answer
from gala.wire.outlet import CLOSING, DEAF, GONE, NEW, OPEN, ROUND_TRIP, ROUND_TRIP_BACK, Outlet
from gala.wire.packets import CONNECT, EVENT, Packet, Unreadable, read, refusal_frame
from gala.wire.peer import forwarded

if TYPE_CHECKING:
    from gala.wire.exchange import Answer, Exchange

log = structlog.get_logger("gala")

OPENED, CLOSED_BY_PEER, HEARD, MESSAGE = "0", "1", "3", "4"
IGNORED: Final = ("2", "5", "6")
"""Engine.IO packets that make sense beside a transport we do not have: nothing has to follow from them."""


class Line(Outlet):
    """One connection. Made by its `Exchange`; public attributes are for reading, except by the exchange."""

    __slots__ = ("_cold", "_forwarded", "_session", "sid", "slot")

    upgraded = True  # Engine.IO: it is a WebSocket, and was one from the start

    def __init__(self, exchange: "Exchange") -> None:
        super().__init__(exchange)
        # what python-socketio works on or is still to hear, the line's end (None) last; None: nothing
        self._cold: deque[Packet | None] | None = None
        self._session: dict[str, Any] | None = None
        self._forwarded = ""  # the peer's address, where a proxy of ours has told it
        self.sid = ""  # Engine.IO's, and ours in every namespace
        self.slot = 0  # its place in the wheel

    @property
    def address(self) -> str:
        """Where the peer is; empty for one that has no address."""
        peer = self._transport.get_extra_info("peername")
        return self._forwarded or (str(peer[0]) if isinstance(peer, tuple) else "")

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

    def eof_received(self) -> None:
        """The peer will send no more: nothing keeps the connection open."""

    def connection_lost(self, _error: Exception | None) -> None:
        """The end, however it came."""
        if self._state == GONE:
            return
        self._state = GONE
        self._ready = False
        self._reader = self._held = None
        if self._exchange.lost(self):
            # after what python-socketio is still doing for this line, or it would finish letting it in
            if self._cold is not None:
                self._cold.clear()
            self._later(None)

    # ------------------------------------------------------------ what is received

    def _received_otherwise(self, data: bytes) -> None:
        """Bytes before the handshake, and after the end was begun."""
        if self._state == NEW:
            self._open(data)
        elif self._state == CLOSING:
            self._read(data)
        elif self._state == DEAF:
            self._measure += len(data)
            if self._measure > self._exchange.limits.deaf_bytes:
                self._transport.abort()

    def _open(self, head: bytes) -> None:
        try:
            answered = answer(head, self._exchange.origins)
        except NoSocket as refused:
            self._state = DEAF
            self._transport.write(refused.answer)
            self._transport.close()
            return
        if self._exchange.proxies:
            self._forwarded = forwarded(head, self._exchange.proxies)
        self._state = OPEN
        self._ready = True
        # the transport tries the kernel first; with no high water it says so as soon as that took not all
        self._transport.set_write_buffer_limits(0)
        opening = self._exchange.opened(self)
        # with a control frame, which every WebSocket answers by itself: the round trip is known before any
        # play, and nobody above sees it
        self.ping(answered + frame(TEXT, opening) + ROUND_TRIP, self._exchange.now_s())

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
        self._reader = None if reader.idle else reader

    def _control(self, opcode: int, content: bytes) -> None:
        if opcode == CLOSE:
            code = close_code(content)
            if self._state == OPEN:
                self.write(frame(CLOSE, b"" if code == Code.NO_CODE else content[:2]))
            self._state, self._ready = DEAF, False
            self._transport.close()
            self._wait_for_the_end()
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
            self.rtt_ms = (self._exchange.now_s() - self.pinged_s) * 1000
            self.pinged_s = 0.0

    def _message(self, content: bytes) -> None:
        """A Socket.IO packet: answered at once if anybody does, else python-socketio's."""
        if self._state != OPEN or self._too_fast():
            return
        for known, known_answer in self._exchange.known:
            if self._cold is None and known.namespace in self.namespaces:
                try:
                    packet = known.decode(content)
                except (ValueError, RecursionError):
                    continue  # it is read like any other, which finds out what it is instead
                try:
                    known_answer.call(self, packet.id, packet.data[1])
                except Exception:
                    log.exception("an answer failed", answer=known_answer.call)
                return
        try:
            packet = read(content)
        except Unreadable as fault:
            self.fail(Code.POLICY, str(fault))
            return
        if packet.type == EVENT and packet.nsp in self.namespaces:
            answer_now = self._exchange.answers.get((packet.nsp, packet.data[0]))
            if answer_now is not None and (self._cold is None or answer_now.ahead):
                self._answer(answer_now, packet)
                return
        if packet.type == CONNECT and packet.nsp not in self.namespaces:
            refused = self._exchange.turn_away(packet.nsp, packet.data)
            if refused is not None:
                self.write(refusal_frame(packet.nsp, *refused))
                self._exchange.dropped[refused[0]] += 1
                self.hang_up(Code.NORMAL, refused[0])
                return
        self._later(packet)

    def _answer(self, answer_now: "Answer", packet: Packet) -> None:
        """Has a packet answered at once. A fault of ours costs its answer, and not the line."""
        content = packet.data[1] if len(packet.data) == 2 else None
        if answer_now.known is not None:
            content = answer_now.known.content(content)
        try:
            answer_now.call(self, packet.id, content)
        except Exception:
            log.exception("an answer failed", answer=answer_now.call)

    def _too_fast(self) -> bool:
        """Counts a message; whether it is one too many, and was the last."""
        exchange = self._exchange
        now_s = exchange.now_s()
        due_s = self._measure
        if due_s <= now_s:
            due_s = now_s
        elif due_s - now_s > exchange.burst_s:
            self.fail(Code.POLICY, "too many messages")
            return True
        self._measure = due_s + exchange.message_s
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
                self._answer(answer_now, packet)
            else:
                await self._exchange.handle(self, packet)
        self._cold = None

    def enter(self, namespace: str) -> None:
        """It was let into a namespace."""
        if namespace not in self.namespaces:
            self.namespaces = (*self.namespaces, namespace)

    def leave(self, namespace: str) -> None:
        """It is no longer in a namespace."""
        self.namespaces = tuple(name for name in self.namespaces if name != namespace)

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
