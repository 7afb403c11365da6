"""The crowd of `million`: viewers on raw sockets who vote one ballot after the other, and never let go.

A viewer has one ballot under way at most. It is sent again when the answer says so, and on another line when
the line goes, until it is acknowledged; only then comes the next. What each chooses is known beforehand from
the seed, so what the box must hold is too. Frames are made once for all; of what comes a word is looked for.
"""

import asyncio
import hashlib
import random
import time
from collections import Counter
from typing import Any

import msgpack

from gala.wire.frames import BINARY, FIN, TEXT
from tests.bench.hotpath_load import GALA, client_frame, event

CHOICES = ("comets", "harbour")
CONNECTING = 100  # at once
ENTER = 0  # the packet number of `enter`; a ballot's is its seq
AGAIN_S = 0.3
PONG = client_frame(b"3", text=True)
REQUEST = (
    f"GET {GALA.path} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: Z2FsYSBnYWxhIGdhbGEhIQ==\r\n\r\n"
).encode()


def choice_of(seed: str, viewer: int, seq: int) -> int:
    """Which of the two a viewer's ballot is for."""
    return hashlib.blake2b(f"{seed}/{viewer}/{seq}".encode(), digest_size=1).digest()[0] & 1


class Viewer(asyncio.Protocol):
    """One viewer, on one line after the other."""

    __slots__ = ("_buffer", "_crowd", "_opened", "_transport", "acked", "index", "number", "token")

    def __init__(self, crowd: "Crowd", index: int) -> None:
        self._crowd = crowd
        self._buffer = b""
        self._opened = False
        self._transport: asyncio.Transport | None = None
        self.index = index
        self.number = -1
        self.token = ""
        self.acked = 0  # ballots; the next has the seq after it

    def connection_made(self, transport: Any) -> None:
        """Asks for a WebSocket."""
        self._transport = transport
        self._buffer, self._opened = b"", False
        transport.write(REQUEST)

    def connection_lost(self, exc: Exception | None) -> None:
        """Comes back in a moment."""
        self._transport = None
        if not self._crowd.over:
            self._crowd.reconnects += 1
            self._crowd.later(self.connect)

    def connect(self) -> None:
        """Tries to get a line."""
        self._crowd.start(self._connect())

    async def _connect(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: self, "127.0.0.1", self._crowd.port)
        except OSError:
            self._crowd.later(self.connect)

    def data_received(self, data: bytes) -> None:
        """Frames, mostly one."""
        data = self._buffer + data if self._buffer else data
        if not self._opened:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            data, self._opened = data[end + 4 :], True
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            if start + length > size:
                break
            self._frame(data[at], data[start : start + length])
            at = start + length
        self._buffer = data[at:]

    def _frame(self, head: int, content: bytes) -> None:
        if head == FIN | BINARY:
            # an ack's status stands at its end or near it, and in nothing else that comes
            if b"\xa7counted" in content or b"\xa7already" in content:
                self._counted()
            elif b"\xa5retry" in content:
                self._crowd.retries += 1
                self._crowd.later(self.vote)
            else:
                self._told(msgpack.unpackb(content))
        elif head == FIN | TEXT:
            if content == b"2":
                self._write(PONG)
            elif content[:1] == b"0":
                hello = {"type": 0, "nsp": "/viewer", "data": {"pass": self.token}}
                self._write(client_frame(msgpack.packb(hello), text=False))

    def _told(self, packet: dict[str, Any]) -> None:
        """Whatever is said but seldom."""
        kind, content = packet["type"], packet.get("data") or []
        if kind == 2 and content[0] == "welcome":
            self.token, self.number = content[1]["pass"], content[1]["mine"].get("number", -1)
            if self.number < 0:
                self._write(event("enter", ENTER, {}))
            else:
                self._crowd.entered.add(self.index)
                self.vote()
        elif kind == 3 and packet["id"] == ENTER:
            self.token = content[0]["pass"]
            self.number = content[0]["mine"]["number"]
            self._crowd.entered.add(self.index)
            self.vote()
        elif kind == 3:
            self._crowd.refusals[content[0].get("reason", "?")] += 1
            self._crowd.later(self.vote)
        elif kind == 4:
            self._crowd.later(self.close)

    def vote(self) -> None:
        """Sends the ballot that comes next, if it is time for ballots."""
        crowd = self._crowd
        if crowd.voting and self.acked < crowd.each:
            seq = self.acked + 1
            self._write(crowd.frames[seq][choice_of(crowd.seed, self.index, seq)])

    def _counted(self) -> None:
        self.acked += 1
        self._crowd.counted()
        self.vote()

    def _write(self, whole: bytes) -> None:
        if self._transport is not None:
            self._transport.write(whole)

    def close(self) -> None:
        """Hangs up."""
        if self._transport is not None:
            self._transport.abort()


class Crowd:
    """`phones` viewers who cast `each` ballots."""

    def __init__(self, port: int, phones: int, each: int, seed: str, round_id: str) -> None:
        self.port = port
        self.each = each
        self.seed = seed
        self.viewers = [Viewer(self, index) for index in range(phones)]
        self.frames = [
            [
                event("play", seq, {"round": round_id, "seq": seq, "at_ms": 0, "move": {"choices": [choice]}})
                for choice in CHOICES
            ]
            for seq in range(each + 1)
        ]
        self.voting = self.over = False
        self.acked = self.retries = self.reconnects = 0
        self.refusals: Counter[str] = Counter()
        self.entered: set[int] = set()
        self.news = asyncio.Event()  # something was acknowledged
        self.stalled_s = self.went_on_s = 0.0  # the longest time without an ack since `watch`, and its end
        self._last_s = 0.0
        self._chance = random.Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def later(self, do: Any) -> None:
        """In a moment, not all at once."""
        asyncio.get_running_loop().call_later(AGAIN_S * (0.5 + self._chance.random()), do)

    def watch(self, now_s: float) -> None:
        """From now on notes the longest time without an acknowledgement."""
        self.stalled_s, self._last_s = 0.0, now_s

    def counted(self) -> None:
        """A ballot was acknowledged."""
        self.acked += 1
        now_s = time.monotonic()
        if now_s - self._last_s > self.stalled_s:
            self.stalled_s, self.went_on_s = now_s - self._last_s, now_s
        self._last_s = now_s
        self.news.set()

    async def come(self, within_s: float) -> None:
        """Everyone connects and gets a number."""
        async with asyncio.timeout(within_s):
            for start in range(0, len(self.viewers), CONNECTING):
                for viewer in self.viewers[start : start + CONNECTING]:
                    viewer.connect()
                while len(self.entered) < min(start + CONNECTING, len(self.viewers)):
                    await asyncio.sleep(0.01)

    async def until(self, acked: int, within_s: float) -> None:
        """Waits until so many ballots are acknowledged. Everybody votes from the first call on."""
        if not self.voting:
            self.voting = True
            for viewer in self.viewers:
                viewer.vote()
        async with asyncio.timeout(within_s):
            while self.acked < acked:
                self.news.clear()
                await self.news.wait()

    def close(self) -> None:
        """Everyone hangs up."""
        self.over = True
        for viewer in self.viewers:
            viewer.close()
