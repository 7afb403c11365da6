"""The load of `hotpath`: raw sockets that send frames made beforehand and look for one word in what they get.

No frame is parsed here: a reply is known by a word that stands in it once. So a phone costs less than any
server, and what is measured is the server's own CPU time.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgpack

from gala.wire.frames import BINARY, FIN, MASKED, TEXT, unmask

STUCK_S = 60.0
CONNECTING = 50
MASK = b"gala"
AGAIN = b"retry_after_ms"
CHOICES = ("comets", "harbour")
AT_MS = 1_573_385_400_000


class Stuck(Exception):
    """Replies that never came; the message says how many, and which."""


class Tongue(NamedTuple):
    """How a server is spoken to: what it says when it opens, what is said then (nothing where empty), and
    what it says when that has let us in."""

    path: str
    opened: bytes
    hello: bytes
    let_in: bytes
    text: bool


SOCKETIO = "/socket.io/?EIO=4&transport=websocket"
GALA = Tongue(
    SOCKETIO,
    b"pingInterval",
    msgpack.packb({"type": 0, "nsp": "/viewer", "data": {}}),
    b"/viewer",
    text=False,
)
JSON = Tongue(SOCKETIO, b"pingInterval", b"40/viewer,", b"40/viewer", text=True)
PLAIN = Tongue("/", b"\r\n\r\n", b"", b"", text=True)


def client_frame(content: bytes, *, text: bool) -> bytes:
    """A masked frame of less than 64 KiB."""
    length = len(content)
    size = bytes((MASKED | length,)) if length < 126 else bytes((MASKED | 126, length >> 8, length & 255))
    return bytes((FIN | (TEXT if text else BINARY),)) + size + MASK + unmask(content, MASK)


def event(name: str, number: int, content: object) -> bytes:
    """An event for our server, which speaks msgpack."""
    packet = {"type": 2, "nsp": "/viewer", "id": number, "data": [name, content]}
    return client_frame(msgpack.packb(packet), text=False)


def play_frame(tongue: Tongue, seq: int) -> bytes:
    """A vote, for the other choice at every seq."""
    play: dict[str, Any] = {
        "round": "short/tetris/1",
        "seq": seq,
        "at_ms": AT_MS + seq,
        "move": {"choices": [CHOICES[seq % 2]]},
    }
    if tongue is GALA:
        return event("play", seq, play)
    if tongue is JSON:
        said = f"42/viewer,{seq}{json.dumps(['play', play], separators=(',', ':'))}"
    else:
        said = json.dumps({"id": seq, "play": play}, separators=(",", ":"))
    return client_frame(said.encode(), text=True)


class Phone(asyncio.Protocol):
    """One socket."""

    __slots__ = ("at", "crowd", "said_s", "transport")

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.at = 0
        self.said_s = 0.0  # when, in `keep_saying`
        self.transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        """Asks for a WebSocket."""
        self.transport = transport
        transport.write(self.crowd.request)

    def data_received(self, data: bytes) -> None:
        """Counts replies, and says the next thing for each; what is to be tried again is said again."""
        crowd = self.crowd
        frames = crowd.frames
        came = data.count(crowd.word)
        for _ in range(came if frames else 0):
            self.at += 1
            if self.at < len(frames):
                self.transport.write(frames[self.at])
        if came and self.said_s:
            crowd.waits_ms.append((time.perf_counter() - self.said_s) * 1000)
        crowd.left -= came
        if came and crowd.left <= 0:
            crowd.ready.set()
        elif not came and frames and AGAIN in data:
            self.transport.write(frames[self.at])


class Crowd:
    """The phones of one server. What they look for and say is the same for all of them, and set here."""

    def __init__(self, port: int, tongue: Tongue) -> None:
        self.port = port
        self.tongue = tongue
        self.request = (
            f"GET {tongue.path} HTTP/1.1\r\nhost: localhost:{port}\r\nupgrade: websocket\r\n"
            "connection: Upgrade\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-key: Z2FsYSBnYWxhIGdhbGEhIQ==\r\n\r\n"
        ).encode()
        self.phones: list[Phone] = []
        self.word = b""
        self.frames: Sequence[bytes] = ()
        self.left = 0
        self.waits_ms: list[float] = []  # how long answers took, in `keep_saying`
        self.ready = asyncio.Event()

    def expect(self, word: bytes, count: int, frames: Sequence[bytes] = ()) -> None:
        """From now on look for `count` of `word`, and say `frames` one by one as they come."""
        self.word, self.left, self.frames = word, count, frames
        self.ready.clear()

    async def come(self) -> None:
        """Waits until all that is expected was heard. `Stuck` if that takes a minute."""
        try:
            async with asyncio.timeout(STUCK_S):
                await self.ready.wait()
        except TimeoutError:
            raise Stuck(f"{self.left} times {self.word!r} never came from port {self.port}") from None

    async def connect(self, count: int) -> None:
        """So many more phones, let into the namespace."""
        loop = asyncio.get_running_loop()
        for start in range(0, count, CONNECTING):
            some = min(CONNECTING, count - start)
            self.expect(self.tongue.opened, some)
            made = await asyncio.gather(
                *(loop.create_connection(lambda: Phone(self), "127.0.0.1", self.port) for _ in range(some))
            )
            await self.come()
            phones = [phone for _, phone in made]
            self.phones += phones
            if self.tongue.hello:
                self.expect(self.tongue.let_in, some)
                hello = client_frame(self.tongue.hello, text=self.tongue.text)
                for phone in phones:
                    phone.transport.write(hello)
                await self.come()

    async def say(self, frames: Sequence[bytes], word: bytes) -> None:
        """Everyone says the first, and the next as soon as `word` came; returns when it came for all."""
        self.expect(word, len(frames) * len(self.phones), frames)
        for phone in self.phones:
            phone.at = 0
            phone.transport.write(frames[0])
        await self.come()

    async def keep_saying(self, frames: Sequence[bytes], word: bytes, per_s: int) -> list[float]:
        """Everyone says the first, then everyone the next, so many a second, whether they were answered or
        not; how long each waited for its answer, ms, ascending."""
        self.expect(word, len(frames) * len(self.phones))
        self.waits_ms = []
        began_s, said = time.perf_counter(), 0
        for frame in frames:
            for phone in self.phones:
                ahead_s = began_s + said / per_s - time.perf_counter()
                if ahead_s > 0.001:
                    await asyncio.sleep(ahead_s)
                phone.said_s = time.perf_counter()
                phone.transport.write(frame)
                said += 1
        await self.come()
        for phone in self.phones:
            phone.said_s = 0.0
        return sorted(self.waits_ms)

    def close(self, stay: int = 0) -> None:
        """Hangs up; the first `stay` do not."""
        for phone in self.phones[stay:]:
            phone.transport.abort()
        del self.phones[stay:]
