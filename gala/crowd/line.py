"""One phone's line to the service: Socket.IO over a WebSocket with msgpack, just what a viewer needs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

NAMESPACE = "/viewer"
CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = 0, 1, 2, 3, 4
ANSWER_S = 10.0


class LineDown(Exception):
    """There is no connection (any more), or it did not answer in time."""


class RefusedConnect(Exception):
    """The service did not let us in; `content` says why."""

    def __init__(self, content: dict[str, Any]) -> None:
        super().__init__(str(content))
        self.content = content


class Line:
    """An open connection. `events` yields what the service says; `ask` sends and waits for the answer."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 0

    @classmethod
    async def open(cls, url: str, auth: dict[str, Any]) -> "Line":
        """Connects to ``ws://HOST:PORT``; raises `RefusedConnect` or `LineDown`."""
        try:
            socket = await connect(
                f"{url}/socket.io/?EIO=4&transport=websocket", compression=None, max_queue=None, proxy=None
            )
            line = cls(socket)
            await socket.recv()  # Engine.IO's open packet; its timings are the service's business
            await line._send({"type": CONNECT, "nsp": NAMESPACE, "data": auth})
            answer = await line._receive()
        except (OSError, WebSocketException, TimeoutError) as error:
            raise LineDown(str(error)) from error
        if answer["type"] == CONNECT_ERROR:
            await socket.close()
            # python-socketio wraps what was said: {message, data}
            raise RefusedConnect(answer["data"].get("data") or {})
        return line

    async def _send(self, packet: dict[str, Any]) -> None:
        try:
            await self._socket.send(msgpack.packb(packet))
        except (OSError, WebSocketException) as error:
            raise LineDown(str(error)) from error

    async def _receive(self) -> dict[str, Any]:
        while True:
            frame = await self._socket.recv()
            if isinstance(frame, bytes):
                packet: dict[str, Any] = msgpack.unpackb(frame)
                return packet
            if frame == "2":
                await self._socket.send("3")

    async def events(self) -> AsyncIterator[tuple[str, Any]]:
        """(event, content) as they come, until the line is down. Someone has to read for `ask` to work."""
        try:
            while True:
                packet = await self._receive()
                if packet["type"] == ACK:
                    asked = self._asked.pop(packet["id"], None)
                    if asked is not None and not asked.done():
                        asked.set_result(packet["data"][0] if packet["data"] else None)
                elif packet["type"] == EVENT:
                    name, *content = packet["data"]
                    yield name, content[0] if content else None
                elif packet["type"] == DISCONNECT:
                    return
        except (OSError, WebSocketException):
            return
        finally:
            for asked in self._asked.values():
                if not asked.done():
                    asked.set_exception(LineDown("the line went down"))
            self._asked.clear()

    async def ask(self, event: str, content: dict[str, Any]) -> Any:
        """Sends an event and waits for its acknowledgement; `LineDown` if none comes."""
        self._next_id += 1
        number = self._next_id
        asked: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = asked
        try:
            await self._send({"type": EVENT, "nsp": NAMESPACE, "data": [event, content], "id": number})
        except LineDown:
            self._asked.pop(number, None)
            asked.cancel() or asked.exception()  # nobody waits for it: it is not to complain
            raise
        try:
            async with asyncio.timeout(ANSWER_S):  # `wait_for` of 3.11 can forget a cancellation
                return await asked
        except TimeoutError as error:
            self._asked.pop(number, None)
            raise LineDown("no answer") from error

    async def close(self) -> None:
        """Hangs up."""
        await self._socket.close()
