"""A listener of our wire with a few handlers, on the loop that serves in production, in a thread of its own;
and a raw socket that says to it whatever a test wants, right or wrong.
"""

import asyncio
import contextlib
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import msgpack
import msgspec
import socketio
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gala.processes.listener import Listener
from gala.wire.exchange import Exchange
from gala.wire.frames import BINARY, CLOSE, CONTINUATION, FIN, TEXT, unmask
from gala.wire.limits import Limits
from gala.wire.line import Line
from gala.wire.members import Members
from gala.wire.outlet import BOARD, SHOW
from gala.wire.packets import ServedPacket, event_frame

NAMESPACE = "/viewer"
PATIENCE_S = 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455's own example, with its answer
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {key}\r\n{more}\r\n"
)
PATH = "/socket.io/?EIO=4&transport=websocket"


class Content(msgspec.Struct):
    """What the event `known` has to have."""

    seq: int
    move: msgspec.Raw


class Handlers(socketio.AsyncNamespace):  # type: ignore[misc]  # python-socketio has no types
    """What python-socketio is left with. `events` hears of arrivals and departures."""

    def __init__(self, namespace: str, service: "Service") -> None:
        super().__init__(namespace)
        self._service = service

    async def on_connect(self, sid: str, _environ: Any, auth: Any = None) -> None:
        if auth == {"slow": 1}:
            self._service.events.put(("arriving", sid))
            await self._service.gate.wait()
        if auth == {"refuse": 1}:
            raise socketio.exceptions.ConnectionRefusedError("no", {"reason": "no"})
        self._service.events.put(("connect", sid))

    async def on_disconnect(self, sid: str, reason: str) -> None:
        self._service.events.put(("disconnect", reason))

    async def on_echo(self, _sid: str, *content: Any) -> Any:
        return content if len(content) > 1 else content[0]

    async def on_slow(self, _sid: str, _data: Any) -> str:
        await self._service.gate.wait()
        return "at last"

    async def on_room(self, sid: str, room: str) -> None:
        await self.enter_room(sid, room)

    async def on_tell(self, _sid: str, room: str) -> None:
        await self._service.sockets.emit("news", {"n": 1}, room=room, namespace="/other")

    async def on_fail(self, _sid: str, _data: Any) -> None:
        raise RuntimeError("meant to fail")


class Service:
    """The listener. All but `events` and `run` is for its own loop."""

    def __init__(self, limits: Limits) -> None:
        self.events: queue.Queue[tuple[str, str]] = queue.Queue()
        self.gate = asyncio.Event()
        self.sockets = socketio.AsyncServer(
            async_mode="asgi",
            client_manager=Members(),
            serializer=ServedPacket,
            async_handlers=False,
        )
        self.sockets.register_namespace(Handlers(NAMESPACE, self))
        self.sockets.register_namespace(Handlers("/other", self))
        self.exchange = Exchange(self.sockets, limits, now_s=time.monotonic)
        self.exchange.answer(NAMESPACE, "sync", self._say, ahead=True)
        self.exchange.answer(NAMESPACE, "play", self._say)
        self.exchange.answer(NAMESPACE, "broken", self._fail)
        self.exchange.answer(NAMESPACE, "known", self._say_known, content=Content)
        app = Starlette(routes=[Route("/healthz", self._healthz), Route("/board", self._board)])
        self.listener = Listener(app, self.exchange, "127.0.0.1", 0, setting="-")
        self.port = self.listener.port
        self.loop: asyncio.AbstractEventLoop

    @staticmethod
    def _say(line: Line, number: int | None, data: Any) -> None:
        line.ack(NAMESPACE, number, {"heard": data})

    @staticmethod
    def _say_known(line: Line, number: int | None, content: "Content | None") -> None:
        if content is not None and content.seq < 0:
            raise RuntimeError("meant to fail")
        line.ack(NAMESPACE, number, content and {"seq": content.seq, "move": msgpack.unpackb(content.move)})

    @staticmethod
    def _fail(_line: Line, _number: int | None, _data: Any) -> None:
        raise RuntimeError("meant to fail")

    @staticmethod
    async def _healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def _board(self, _request: Request) -> Response:
        await self.board({"counters": "x" * 2_000})
        return PlainTextResponse("told")

    async def board(self, content: Any) -> None:
        """A board to everyone."""
        frame = event_frame(NAMESPACE, "tally", content)
        await self.exchange.tell_newest(NAMESPACE, None, BOARD, frame)

    async def show(self, content: Any) -> None:
        """A show to everyone."""
        await self.exchange.tell_newest(NAMESPACE, None, SHOW, event_frame(NAMESPACE, "show", content))

    async def serve(self) -> None:
        """Until it is stopped."""
        self.loop = asyncio.get_running_loop()
        await self.listener.run()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Does something in the service's loop, from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def call(self, ask: Callable[[], Any]) -> Any:
        """Asks something in the service's loop, from another thread."""

        async def asking() -> Any:
            return ask()

        return self.run(asking())

    def heard(self, event: str, *meets: str) -> str:
        """Waits for an arrival or a departure, of one of these if any are given; whose, or why."""
        while True:
            name, what = self.events.get(timeout=PATIENCE_S)
            if name == event and (not meets or what in meets):
                return what


def await_listener(port: int) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
        else:
            return


@contextlib.contextmanager
def serving(limits: Limits | None = None) -> Iterator[Service]:
    """A service for as long as it is needed."""
    service = Service(limits or Limits())
    thread = threading.Thread(target=lambda: uvloop.run(service.serve()))
    thread.start()
    await_listener(service.port)
    try:
        yield service
    finally:
        service.listener.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def sent(opcode: int, content: bytes | str, *, fin: bool = True, length: int | None = None) -> bytes:
    """A client's frame; `length`: what it says of itself, if not the truth."""
    raw = content.encode() if isinstance(content, str) else content
    said = len(raw) if length is None else length
    wide = 0 if said < 126 else 2 if said < 1 << 16 else 8
    mark = {0: said, 2: 126, 8: 127}[wide]
    size = bytes((0x80 | mark,)) + (said.to_bytes(wide, "big") if wide else b"")
    return bytes(((FIN if fin else 0) | opcode,)) + size + b"mask" + unmask(raw, b"mask")


class Raw:
    """A socket that has shaken hands, with nobody's library between."""

    def __init__(self, service: Service | int, *, receive_bytes: int = 0) -> None:
        port = service if isinstance(service, int) else service.port
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", port))
        self._rest = b""

    @classmethod
    def open(cls, service: Service | int, *, more: str = "", receive_bytes: int = 0) -> "Raw":
        """One that is through the handshake and has heard Engine.IO's open packet."""
        raw = cls(service, receive_bytes=receive_bytes)
        answer = raw.request(more=more)
        assert "101 Switching Protocols" in answer, answer
        assert raw.message()[:1] == "0"
        return raw

    @classmethod
    def join(
        cls, service: Service | int, *, auth: Any = None, namespace: str = NAMESPACE, receive_bytes: int = 0
    ) -> "Raw":
        """One that was let into a namespace."""
        raw = cls.open(service, receive_bytes=receive_bytes)
        raw.packet(0, auth, namespace=namespace)
        assert raw.packet_heard()["type"] == 0
        return raw

    def request(self, path: str = PATH, *, more: str = "", version: str = "13", key: str = KEY) -> str:
        """Asks for a socket; the head of the answer."""
        self.socket.sendall(HANDSHAKE.format(path=path, more=more, version=version, key=key).encode())
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return head.decode()

    def packet(self, kind: int, data: Any, *, number: int | None = None, namespace: str = NAMESPACE) -> None:
        """Sends a Socket.IO packet."""
        said = {"type": kind, "nsp": namespace, **({} if data is None else {"data": data})}
        self.send(BINARY, msgpack.packb(said if number is None else {**said, "id": number}))

    def send(self, opcode: int, content: bytes | str, **more: Any) -> None:
        """Sends a frame."""
        self.socket.sendall(sent(opcode, content, **more))

    def frame(self) -> tuple[int, bytes]:
        """The next frame, whatever it is."""
        while len(self._rest) < 2:
            self._more()
        first, second = self._rest[:2]
        wide = {126: 2, 127: 8}.get(second, 0)
        while len(self._rest) < 2 + wide:
            self._more()
        length = int.from_bytes(self._rest[2 : 2 + wide], "big") if wide else second
        while len(self._rest) < 2 + wide + length:
            self._more()
        content = self._rest[2 + wide : 2 + wide + length]
        self._rest = self._rest[2 + wide + length :]
        assert first & FIN
        return first & 15, content

    def message(self) -> str | bytes:
        """The next message; pings, of either layer, are answered."""
        while True:
            opcode, content = self.frame()
            if opcode == CLOSE:
                raise Closed(int.from_bytes(content[:2], "big"), content[2:].decode())
            if opcode == TEXT and content == b"2":
                self.send(TEXT, "3")
            elif opcode in (BINARY, TEXT):
                return content if opcode == BINARY else content.decode()
            else:
                self.send(opcode + 1, content)

    def packet_heard(self) -> Any:
        """The next Socket.IO packet."""
        content = self.message()
        assert isinstance(content, bytes), content
        return msgpack.unpackb(content)

    def ask(self, event: str, *content: Any, number: int = 1) -> Any:
        """Sends an event, and waits for its acknowledgement among whatever else comes."""
        self.packet(2, [event, *content], number=number)
        while True:
            heard = self.packet_heard()
            if heard["type"] == 3 and heard["id"] == number:
                return heard["data"]

    def closed(self) -> "Closed":
        """Reads to the end; with which words it was closed."""
        while True:
            try:
                self.message()
            except Closed as closed:
                return closed

    def close(self) -> None:
        self.socket.close()

    def __del__(self) -> None:
        self.socket.close()  # a test that fails is not to leave it open

    def _more(self) -> None:
        data = self.socket.recv(65_536)
        if not data:
            raise EOFError
        self._rest += data


class Closed(Exception):
    """A close frame came."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


__all__ = ["CONTINUATION", "Closed", "Raw", "Service", "sent", "serving"]

if __name__ == "__main__":
    alone = Service(Limits())
    sys.stdout.write(f"{alone.port}\n")
    sys.stdout.flush()
    uvloop.run(alone.serve())
