"""What the wire costs beside stock python-socketio: `python -m tests.bench.wire`.

Two servers in processes of their own, the same handlers behind each: a play that is answered with the batch
of its 5 ms, a board to everyone. Rounds alternate between them, and what is compared is the CPU time of the
server process, user and system; no store is asked, so this is the socket alone. The load is one process of
raw sockets with frames made beforehand, so that it is never the limit.
"""

import asyncio
import json
import selectors
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from statistics import median
from typing import Any

import msgpack
import socketio
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gala.processes.listener import Listener
from gala.wire.exchange import Exchange
from gala.wire.frames import BINARY, FIN, MASKED, TEXT, unmask
from gala.wire.limits import Limits
from gala.wire.line import Line
from gala.wire.members import Members
from gala.wire.outlet import BOARD
from gala.wire.packets import ServedPacket, event_frame
from tests.gala.wires import await_listener

NAMESPACE = "/viewer"
PHONES = 300
QUIET_S = 600  # no pings: while one server is measured nobody reads from the other
PLAYS_EACH = 40
BOARDS = 60
ROUNDS = 3
BATCH_S = 0.005
REPLY = {"status": "counted", "mine": {"seq": 1, "has": {"choices": ["comets"]}}}
MASK = b"gala"
COUNTERS = {"voters": 123_456, "choices": {f"crew-{place}": 1_000 * place for place in range(4)}}
TALLY = {"round": "gala/tetris/1", "seq": 1_573_385_400_000, "counters": COUNTERS, "online": 123_456}


# ---------------------------------------------------------------- servers


async def serve(kind: str) -> None:
    """One server, until it is killed; its port is its first line of output."""
    ours = kind == "ours"
    waiting: list[Any] = []
    loop = asyncio.get_running_loop()

    def flush() -> None:
        ready = waiting.copy()
        waiting.clear()
        for then in ready:
            then(REPLY)

    def wait(then: Any) -> None:
        if not waiting:
            loop.call_later(BATCH_S, flush)
        waiting.append(then)

    extra: dict[str, Any] = {"client_manager": Members(), "serializer": ServedPacket} if ours else {}
    sockets = socketio.AsyncServer(
        **{"async_mode": "asgi", "serializer": "msgpack", "transports": ["websocket"], **extra},
        async_handlers=False,
        cors_allowed_origins=[],
        ping_interval=QUIET_S,
    )
    exchange = Exchange(
        sockets if ours else socketio.AsyncServer(client_manager=Members()),
        Limits(messages_per_s=10**6, ping_interval_ms=QUIET_S * 1000),
        now_s=time.monotonic,
    )

    class Namespace(socketio.AsyncNamespace):  # type: ignore[misc]  # python-socketio has no types
        async def on_play(self, _sid: str, _data: object) -> Any:
            done = loop.create_future()
            wait(done.set_result)
            return await done

    sockets.register_namespace(Namespace(NAMESPACE))

    def play(line: Line, number: int | None, _data: object) -> None:
        wait(lambda reply: line.ack(NAMESPACE, number, reply))

    exchange.answer(NAMESPACE, "play", play)

    async def cpu(_request: Request) -> Response:
        return PlainTextResponse(str(time.process_time()))

    async def board(_request: Request) -> Response:
        if ours:
            await exchange.tell_newest(NAMESPACE, None, BOARD, event_frame(NAMESPACE, "tally", TALLY))
        else:
            await sockets.emit("tally", TALLY, namespace=NAMESPACE)
        return PlainTextResponse("told")

    app = Starlette(routes=[Route("/cpu", cpu), Route("/board", board)])
    if ours:
        listener = Listener(app, exchange, "127.0.0.1", 0, setting="-")
        sys.stdout.write(f"{listener.port}\n")
        sys.stdout.flush()
        await listener.run()
    else:
        bound = socket.create_server(("127.0.0.1", 0), backlog=1024)
        sys.stdout.write(f"{bound.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(
            socketio.ASGIApp(sockets, other_asgi_app=app),
            log_config=None,
            access_log=False,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            lifespan="off",
        )
        await uvicorn.Server(config).serve(sockets=[bound])


# ---------------------------------------------------------------- load


def client_frame(opcode: int, content: bytes) -> bytes:
    """A masked frame of less than 64 KiB."""
    length = len(content)
    size = bytes((MASKED | length,)) if length < 126 else bytes((MASKED | 126, length >> 8, length & 255))
    return bytes((FIN | opcode,)) + size + MASK + unmask(content, MASK)


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The whole frames at the start of what a server sent."""
    at = 0
    while at + 2 <= len(data):
        length, start = data[at + 1], at + 2
        if length == 126:
            length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        if start + length > len(data):
            return
        yield data[at] & 15, data[start : start + length]
        at = start + length


class Phone:
    """A raw socket in /viewer that counts what it gets: one frame is one read, nearly always."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n"
            b"connection: Upgrade\r\nsec-websocket-version: 13\r\n"
            b"sec-websocket-key: Z2FsYSBnYWxhIGdhbGEhIQ==\r\n\r\n"
        )
        self.socket.settimeout(20)
        heard = b""
        while b"pingInterval" not in heard:
            heard += self.socket.recv(65_536)
        connect = {"type": 0, "nsp": NAMESPACE, "data": {}}
        self.socket.sendall(client_frame(BINARY, msgpack.packb(connect)))
        heard = b""
        while NAMESPACE.encode() not in heard:
            heard += self.socket.recv(65_536)
        self.play = client_frame(
            BINARY,
            msgpack.packb(
                {
                    "type": 2,
                    "nsp": NAMESPACE,
                    "id": 7,
                    "data": [
                        "play",
                        {
                            "round": "gala/tetris/1",
                            "seq": 1,
                            "at_ms": 1_573_385_400_000,
                            "move": {"choices": ["comets"]},
                        },
                    ],
                }
            ),
        )

    def read(self) -> int:
        """How many messages came; pings are answered."""
        count = 0
        for opcode, content in frames(self.socket.recv(65_536)):
            if opcode == BINARY:
                count += 1
            elif opcode == TEXT and content == b"2":
                self.socket.sendall(client_frame(TEXT, b"3"))
        return count


def asked(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
        return str(response.read().decode())


class Run:
    """One server and its phones."""

    def __init__(self, kind: str) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.wire", kind], stdout=subprocess.PIPE, text=True
        )
        assert self.server.stdout is not None
        self.port = int(self.server.stdout.readline())
        await_listener(self.port)
        before = float(asked(self.port, "/cpu"))
        before_kib = self.memory_kib()
        self.phones = [Phone(self.port) for _ in range(PHONES)]
        self.connect_us = 1e6 * (float(asked(self.port, "/cpu")) - before) / PHONES
        self.connection_kib = (self.memory_kib() - before_kib) / PHONES
        self.selector = selectors.DefaultSelector()
        for phone in self.phones:
            self.selector.register(phone.socket, selectors.EVENT_READ, phone)

    def memory_kib(self) -> int:
        """The server's resident memory, where the system says."""
        try:
            with open(f"/proc/{self.server.pid}/status") as status:  # noqa: PTH123 - no file of ours
                return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        except OSError:
            return 0

    def plays(self) -> float:
        """µs of server CPU a play and its acknowledgement; every phone plays as soon as it was answered."""
        before = float(asked(self.port, "/cpu"))
        left = dict.fromkeys(self.phones, PLAYS_EACH)
        for phone in self.phones:
            phone.socket.sendall(phone.play)
        open_ = PHONES
        while open_:
            for key, _ in self.selector.select():
                phone = key.data
                for _ in range(phone.read()):
                    left[phone] -= 1
                    if left[phone]:
                        phone.socket.sendall(phone.play)
                    else:
                        open_ -= 1
        return 1e6 * (float(asked(self.port, "/cpu")) - before) / (PHONES * PLAYS_EACH)

    def boards(self) -> float:
        """µs of server CPU a delivered board."""
        before = float(asked(self.port, "/cpu"))
        for _ in range(BOARDS):
            asked(self.port, "/board")
            came = 0
            while came < PHONES:
                came += sum(key.data.read() for key, _ in self.selector.select())
        return 1e6 * (float(asked(self.port, "/cpu")) - before) / (PHONES * BOARDS)

    def close(self) -> None:
        self.server.kill()
        self.server.wait()
        for phone in self.phones:
            phone.socket.close()


def main() -> None:
    kinds = ("ours", "stock")
    runs = {kind: Run(kind) for kind in kinds}
    found: dict[str, dict[str, list[float]]] = {kind: {"play": [], "frame": []} for kind in kinds}
    try:
        for _ in range(ROUNDS):
            for kind, run in runs.items():
                found[kind]["play"].append(run.plays())
                found[kind]["frame"].append(run.boards())
    finally:
        for run in runs.values():
            run.close()
    table = {
        kind: {
            "play_us": round(median(found[kind]["play"]), 1),
            "frame_us": round(median(found[kind]["frame"]), 1),
            "connect_us": round(run.connect_us),
            "kib_per_connection": round(run.connection_kib, 1),
        }
        for kind, run in runs.items()
    }
    sys.stdout.write(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(serve(sys.argv[1]))
    else:
        main()
