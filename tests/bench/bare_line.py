"""A phone's line with nothing on it: what a rush of thousands is made with on the machine that it falls on.

`gala.crowd.line` takes a millisecond of CPU to connect, several times what the service takes to let it in.
Frames are as short as ours are: whole in themselves, below 64 KiB.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from gala.crowd.line import ANSWER_S, LineDown, RefusedConnect
from gala.wire.frames import BINARY, CLOSE, FIN, MASKED, PING, PONG, TEXT, unmask
from gala.wire.packets import ACK, CONNECT, CONNECT_ERROR, EVENT
from tests.bench.hotpath_load import MASK, SOCKETIO, client_frame

NAMESPACE = "/viewer"
REQUEST = (
    f"GET {SOCKETIO} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n"
).encode()


class BareLine(asyncio.Protocol):
    """One connection, used as a `gala.crowd.line.Line` is."""

    def __init__(self, auth: dict[str, Any]) -> None:
        self._auth = auth
        self._said: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()  # None: the end
        self._received = b""
        self._upgraded = False
        self._next_id = 0
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, url: str, auth: dict[str, Any]) -> "BareLine":
        """Connects to ``ws://HOST:PORT``; raises `RefusedConnect` or `LineDown`."""
        loop, (host, _, port) = asyncio.get_running_loop(), url.removeprefix("ws://").partition(":")
        try:
            _, line = await loop.create_connection(lambda: cls(auth), host, int(port))
        except OSError as error:
            raise LineDown(str(error)) from error
        try:
            await line._let_in
        except BaseException:
            line.cut()
            raise
        return line

    async def events(self) -> AsyncIterator[tuple[str, Any]]:
        """(event, content) as they come, until the line is down."""
        while (said := await self._said.get()) is not None:
            yield said

    async def ask(self, event: str, content: dict[str, Any]) -> Any:
        """Sends an event and waits for its acknowledgement; `LineDown` if none comes."""
        if self._transport.is_closing():
            raise LineDown("it is down")
        self._next_id += 1
        asked = self._asked[self._next_id] = asyncio.get_running_loop().create_future()
        self._say({"type": EVENT, "nsp": NAMESPACE, "data": [event, content], "id": self._next_id})
        try:
            async with asyncio.timeout(ANSWER_S):  # wait_for of 3.11 forgets a cancellation
                return await asked
        except TimeoutError as error:
            raise LineDown("no answer") from error

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
        self._received += data
        if not self._upgraded:
            head, found, self._received = self._received.partition(b"\r\n\r\n")
            if not found:
                self._received = head
                return
            self._upgraded = True
        while len(self._received) >= 2:
            length, start = self._received[1], 2
            if length == 126:
                length, start = int.from_bytes(self._received[2:4], "big"), 4
            if len(self._received) < start + length:
                return
            opcode, content = self._received[0] & 15, self._received[start : start + length]
            self._received = self._received[start + length :]
            self._take(opcode, content)

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits for anything is told."""
        self._said.put_nowait(None)
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
            packet = msgspec.msgpack.decode(content)
            kind, said = packet["type"], packet.get("data")
            if kind == EVENT:
                self._said.put_nowait((said[0], said[1] if len(said) > 1 else None))
            elif kind == ACK:
                asked = self._asked.pop(packet["id"])
                if not asked.done():
                    asked.set_result(said[0])
            elif kind == CONNECT:
                self._let_in.set_result(None)
            elif kind == CONNECT_ERROR:
                # python-socketio wraps what was said: {message, data}
                self._let_in.set_exception(RefusedConnect(said.get("data") or {}))
