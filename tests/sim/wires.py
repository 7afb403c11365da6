"""Connections between phones and edges: the service's own lines, and in the place of TCP a seeded delay.

A wire keeps the order of what goes through it, as TCP does. What is reordered, late or there twice is so
because a phone has given a wire up, and what it had sent there still arrives.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from gala.wire.frames import BINARY, CLOSE, PING, PONG, TEXT
from gala.wire.line import Line
from gala.wire.packets import ACK, CONNECT, EVENT
from tests.sim.roles import Playing
from tests.sim.world import World

NAMESPACE = "/viewer"
REFUSED = 4
HEAD = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: gala\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: " + b"A" * 22 + b"==\r\n\r\n"
)
LAG_S = 0.06  # of a phone's network, on average
LATE_S = 4.0  # the longest that a stretch of bad network holds things back
ANSWER_S = 2.5

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Down(Exception):
    """The wire does not carry any more, or nobody answered in time."""


class Refused(Exception):
    """The edge did not let us in."""


class Transport(asyncio.Transport):
    """The edge's end, as asyncio would give it to a line."""

    def __init__(self, wire: "Wire") -> None:
        super().__init__()
        self._wire = wire
        self._closing = False

    def write(self, data: Any) -> None:
        if not self._closing:
            self._wire.told(bytes(data))

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._wire.ended()

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    def can_write_eof(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.1", 1) if name == "peername" else default  # they all sit in one room

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """A phone of ours reads as fast as it is written to."""

    def get_write_buffer_size(self) -> int:
        return 0


class Wire:
    """One connection, the phone's end. `hear` is told every event: (name, content)."""

    def __init__(
        self, world: World, edge: Playing, chance: Any, hear: Callable[["Wire", str, Any], None]
    ) -> None:
        self.world = world
        self.edge = edge
        self.open = True  # to the phone's knowledge
        self._chance = chance
        self._hear = hear
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 0
        self._up: deque[bytes] = deque()
        self._due_s = {True: 0.0, False: 0.0}  # when the newest arrives, up and down
        self._late_until_s = 0.0
        self.connected: asyncio.Future[None] = world.loop.create_future()
        self._transport = Transport(self)
        assert edge.stalls is not None
        self._line: Line = edge.stalls.lines.line(config=None, server_state=edge.server, app_state=None)
        self._line.connection_made(self._transport)
        self._send(HEAD)

    # ------------------------------------------------------------ bytes under way

    def _due(self, up: bool) -> float:
        """When what is sent now arrives: never before what was sent earlier."""
        now_s = self.world.loop.time()
        if not self.world.calm and self._chance.random() < 0.01:
            self._late_until_s = now_s + self._chance.uniform(0.3, LATE_S)
        due_s = max(now_s, self._late_until_s) + self._chance.expovariate(1 / LAG_S)
        self._due_s[up] = max(self._due_s[up] + 1e-6, due_s)
        return self._due_s[up]

    def _send(self, data: bytes) -> None:
        self._up.append(data)
        self.world.loop.call_at(self._due(up=True), self._arrive)

    def _arrive(self) -> None:
        """The next bytes are at the edge's machine; its process takes them when it runs."""
        process = self.edge.process
        if process.dead or self._transport.is_closing():
            return
        if process.frozen_s:
            self.world.loop.call_later(process.frozen_s + 1e-3, self._arrive)
            return
        if self._up:
            data = self._up.popleft()
            process.do(lambda: self._line.data_received(data))

    def told(self, data: bytes) -> None:
        """The edge writes."""
        self.world.loop.call_at(self._due(up=False), self._read, data)

    def ended(self) -> None:
        """The edge has closed or cut it."""
        self.world.loop.call_soon(self._line.connection_lost, None)
        self.world.loop.call_at(self._due(up=False), self.lose)

    def lose(self) -> None:
        """The phone knows that it is gone, or gives it up; what it has sent is still under way."""
        self.open = False
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(Down())
                asked.exception()  # whoever waited may have gone
        self._asked.clear()
        if not self.connected.done():
            self.connected.set_exception(Down())
            self.connected.exception()

    def hang_up(self) -> None:
        """The phone closes it; the edge hears so when all it was sent has come."""
        self.lose()
        self.world.loop.call_at(self._due(up=True), self._transport.close)

    # ------------------------------------------------------------ what the phone reads and says

    def _read(self, data: bytes) -> None:
        if not self.open:
            return
        if data.startswith(b"HTTP/1.1 "):
            data = data.partition(b"\r\n\r\n")[2]
        while data:
            opcode, length, start = data[0] & 0x0F, data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            content, data = data[start : start + length], data[start + length :]
            self._frame(opcode, content)

    def _frame(self, opcode: int, content: bytes) -> None:
        if opcode == PING:
            self._send(_masked(PONG, content))
        elif opcode == CLOSE:
            self.lose()
        elif opcode == TEXT:
            if content == b"2":
                self._send(_masked(TEXT, b"3"))
        elif opcode == BINARY:
            self._packet(_decode(content))

    def _packet(self, packet: dict[str, Any]) -> None:
        kind, data = packet["type"], packet.get("data") or []
        if kind == ACK:
            asked = self._asked.pop(packet["id"], None)
            if asked is not None and not asked.done() and data:  # empty: its edge died in the middle of it
                asked.set_result(data[0])
        elif kind == EVENT:
            self._hear(self, data[0], data[1] if len(data) > 1 else None)
        elif kind == CONNECT and not self.connected.done():
            self.connected.set_result(None)
        elif kind == REFUSED and not self.connected.done():
            self.connected.set_exception(Refused(str(data)))
            self.connected.exception()

    def say(self, kind: int, data: Any, number: int | None = None) -> None:
        packet = {"type": kind, "nsp": NAMESPACE, "data": data}
        if number is not None:
            packet["id"] = number
        self._send(_masked(BINARY, _encode(packet)))

    async def connect(self, auth: dict[str, Any]) -> None:
        """Raises Down or Refused."""
        self.say(CONNECT, auth)
        await self.within(self.connected)

    async def ask(self, event: str, content: Any) -> Any:
        """The acknowledgement; Down if none comes in time."""
        if not self.open:
            raise Down
        self._next_id += 1
        number, answer = self._next_id, self.world.loop.create_future()
        self._asked[number] = answer
        self.say(EVENT, [event, content], number)
        return await self.within(answer)

    async def within(self, answer: "asyncio.Future[Any]") -> Any:
        """What comes of it; Down if nothing does in time."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            raise Down from None


def _masked(opcode: int, content: bytes) -> bytes:
    """A client's frame; a mask of zeros is one."""
    length = len(content)
    head = (
        bytes((0x80 | opcode, 0x80 | length))
        if length < 126
        else bytes((0x80 | opcode, 0xFE, length >> 8, length & 0xFF))
    )
    return head + bytes(4) + content
