"""A phone's line with nothing on it: what a rush of thousands is made with on the machine that it falls on.

`gala.crowd.line` takes a millisecond of CPU to connect, several times what the service takes to let it in.
Frames are as short as ours are: whole in themselves, below 64 KiB.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from gala.crowd.line import ANSWER_S, LineDown, RefusedConnect
from gala.wire.frames import BINARY, CLOSE, FIN, MASKED, PING, PONG, TEXT, unmask
from gala.wire.packets import ACK, CONNECT, CONNECT_ERROR, EVENT
from tests.bench.hotpath_load import MASK, SOCKETIO, client_frame

NAMESPACE = "/viewer"
TOLD_ALIKE = ("show", "tally", "clock", "back")
KNOWN_MAX = 256
REQUEST = (
    f"GET {SOCKETIO} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n"
).encode()


class Known:
    """Packets by their bytes: what a whole cohort is told is read once, or the phones would cost more than
    the service does."""

    def __init__(self) -> None:
        self._packets: dict[bytes, Any] = {}

    def read(self, content: bytes) -> tuple[Any, bool]:
        """A packet, not to be changed; and whether nobody has read it before."""
        packet = self._packets.get(content)
        if packet is not None:
            return packet, False
        packet = msgspec.msgpack.decode(content)
        if packet["type"] == EVENT and packet["data"][0] in TOLD_ALIKE:
            if len(self._packets) >= KNOWN_MAX:
                self._packets.clear()
            self._packets[content] = packet
        return packet, True


KNOWN = Known()  # of all lines of this process


class BareLine(asyncio.Protocol):
    """One connection. hear(event, content): called for what the service says, from before `open` returns
    until the line is `lost`."""

    def __init__(self, auth: dict[str, Any], hear: Callable[[str, Any], None]) -> None:
        self._auth = auth
        self._hear = hear
        self._received = b""
        self._upgraded = False
        self._next_id = 0
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, url: str, auth: dict[str, Any], hear: Callable[[str, Any], None]) -> "BareLine":
        """Connects to ``ws://HOST:PORT``; raises `RefusedConnect` or `LineDown`."""
        loop, (host, _, port) = asyncio.get_running_loop(), url.removeprefix("ws://").partition(":")
        try:
            _, line = await loop.create_connection(lambda: cls(auth, hear), host, int(port))
        except OSError as error:
            raise LineDown(str(error)) from error
        try:
            await line._let_in
        except BaseException:
            line.cut()
            raise
        return line

    async def ask(self, event: str, content: dict[str, Any]) -> Any:
        """Sends an event and waits for its acknowledgement; `LineDown` if none comes."""
        asked = self.say(event, content)
        try:
            async with asyncio.timeout(ANSWER_S):  # wait_for of 3.11 forgets a cancellation
                return await asked
        except TimeoutError as error:
            raise LineDown("no answer") from error

    def say(self, event: str, content: dict[str, Any]) -> "asyncio.Future[Any]":
        """Sends an event; its acknowledgement, however long it takes, or `LineDown`, which is also raised."""
        if self._transport.is_closing():
            raise LineDown("it is down")
        self._next_id += 1
        asked = self._asked[self._next_id] = asyncio.get_running_loop().create_future()
        self._say({"type": EVENT, "nsp": NAMESPACE, "data": [event, content], "id": self._next_id})
        return asked

    async def close(self) -> None:
        """Hangs up."""
        self.cut()

    def cut(self) -> None:
        """Ends it at once, without a word."""
        self._transport.abort()

    def _say(self, packet: dict[str, Any]) -> None:
        self._transport.write(client_frame(msgspec.msgpack.encode(packet), text=False))

    # ------------------------------------------------------------ what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for a WebSocket."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is one in all but name
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        """Frames, as many as are whole."""
        data, at = self._received + data, 0
        if not self._upgraded:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._received = data
                return
            self._upgraded = True
        while len(data) >= at + 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            if len(data) < start + length:
                break
            self._take(data[at] & 15, data[start : start + length])
            at = start + length
        self._received = data[at:]

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits for anything is told."""
        self.lost.set_result(None)
        for waiting in (self._let_in, *self._asked.values()):
            if not waiting.done():
                waiting.set_exception(LineDown(str(error)))
                waiting.exception()  # it is not to complain where nobody waits any more

    def _take(self, opcode: int, content: bytes) -> None:
        if opcode == PING:
            head = bytes((FIN | PONG, MASKED | len(content)))
            self._transport.write(head + MASK + unmask(content, MASK))
        elif opcode == CLOSE:
            self._transport.abort()
        elif opcode == TEXT:
            if content[:1] == b"0":
                self._say({"type": CONNECT, "nsp": NAMESPACE, "data": self._auth})
            elif content == b"2":
                self._transport.write(client_frame(b"3", text=True))
        elif opcode == BINARY:
            packet, _ = KNOWN.read(content)
            kind, said = packet["type"], packet.get("data")
            if kind == EVENT:
                self._hear(said[0], said[1] if len(said) > 1 else None)
            elif kind == ACK:
                asked = self._asked.pop(packet["id"])
                if not asked.done():
                    asked.set_result(said[0])
            elif kind == CONNECT:
                self._let_in.set_result(None)
            elif kind == CONNECT_ERROR:
                # python-socketio wraps what was said: {message, data}
                self._let_in.set_exception(RefusedConnect(said.get("data") or {}))
