"""A network between a phone and the service, in user space: every byte waits, and a link can be cut.

A `Way` is one direction. What is read is held for its delay and then passed on; order is kept, so a piece
that is held long also holds what follows it, as lost and repeated packets do on a real line. A direction
that holds too much stops reading, and the sender feels it. The kernel's own delayer (netem) is not to be had
everywhere, and needs root.
"""

import asyncio
import random
import socket
import struct
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self, cast

HELD_BYTES_MAX = 256 * 1024  # of a direction; about what the buffers of a slow line hold


class Way(NamedTuple):
    """One direction: a piece waits `least_ms`, and up to `spread_ms` more, each equally likely."""

    least_ms: float = 0.0
    spread_ms: float = 0.0


class Network(NamedTuple):
    """A link as a phone has it: `up` to the service, `down` from it."""

    up: Way
    down: Way

    @property
    def least_trip_ms(self) -> float:
        """The shortest round trip there can be."""
        return self.up.least_ms + self.down.least_ms

    @property
    def most_trip_ms(self) -> float:
        """The longest, where nothing waits for what was sent before it."""
        return self.least_trip_ms + self.up.spread_ms + self.down.spread_ms


NETWORKS = {  # round trips: 20 to 30 ms, 35 to 85, 160 to 240, 280 to 520 and longer up than down
    "wifi": Network(Way(10, 5), Way(10, 5)),
    "lte": Network(Way(19, 30), Way(16, 20)),
    "far": Network(Way(84, 40), Way(76, 40)),
    "poor": Network(Way(150, 200), Way(130, 40)),
}


class _Half(asyncio.Protocol):
    """One end's connection. What comes in here goes out at `other`, later. `made` hears when it is there."""

    def __init__(
        self, proxy: "DelayingProxy", way: Way, made: Callable[["_Half"], None] | None = None
    ) -> None:
        self._proxy = proxy
        self._way = way
        self._made = made
        self._loop = asyncio.get_running_loop()
        self._held: deque[bytes] = deque()  # b"": the sender has no more to say
        self.held_bytes = 0  # written here alone
        self._free_at = 0.0  # loop time before which nothing more goes out: the order is kept
        self._early = 0  # pieces whose time came before the other end was there
        self.other_full = False  # written by `throttle`
        self.transport: asyncio.Transport | None = None
        self.other: _Half | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._proxy.halves.add(self)
        if self._made is not None:
            self._made(self)

    def meet(self, other: "_Half") -> None:
        """From now on what comes in here goes out there."""
        self.other = other
        for _ in range(self._early):
            self._pass_on()
        self._read_or_not()

    def data_received(self, data: bytes) -> None:
        self._hold(data)

    def eof_received(self) -> bool:
        self._hold(b"")
        return True  # the other direction may go on

    def connection_lost(self, _error: Exception | None) -> None:
        self._proxy.halves.discard(self)
        self._held.clear()
        if (
            self.other is not None
            and self.other.transport is not None
            and not self.other.transport.is_closing()
        ):
            self.other.transport.abort()

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.throttle(full=True)

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.throttle(full=False)

    def throttle(self, *, full: bool) -> None:
        """The other end takes no more for now, or again; so does this one."""
        self.other_full = full
        self._read_or_not()

    def _hold(self, data: bytes) -> None:
        if self._proxy.silent:
            return
        wait_ms = self._way.least_ms + self._proxy.chance.random() * self._way.spread_ms
        self._free_at = max(self._free_at, self._loop.time() + wait_ms / 1000)
        self._held.append(data)
        self.held_bytes += len(data)
        self._loop.call_at(self._free_at, self._pass_on)
        self._read_or_not()

    def _pass_on(self) -> None:
        if not self._held:
            return  # the connection is gone
        if self.other is None:
            self._early += 1
            return
        data = self._held.popleft()
        self.held_bytes -= len(data)
        there = self.other.transport
        if there is None or there.is_closing():
            return
        if data:
            there.write(data)
        elif there.can_write_eof():
            there.write_eof()
        self._read_or_not()

    def _read_or_not(self) -> None:
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if self.other_full or self.held_bytes >= HELD_BYTES_MAX:
            transport.pause_reading()
        else:
            transport.resume_reading()


class DelayingProxy:
    """Listens on a port of 127.0.0.1 and takes every connection to `to_port`, over `network`.

    `seed` makes the delays; how pieces are cut is the kernel's. Use it as an async context: at its end the
    port is free and every connection gone. To be set from outside: `refusing` (new connections end at once),
    `silent` (what comes in is lost, and nobody is told), `to_port` (where new connections go).
    """

    def __init__(self, to_port: int, network: Network, seed: int) -> None:
        self.to_port = to_port
        self._network = network
        self._server: asyncio.Server | None = None
        self._meeting: set[asyncio.Task[None]] = set()
        self.chance = random.Random(seed)
        self.halves: set[_Half] = set()  # written by the connections themselves
        self.refusing = self.silent = False

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Half(self, self._network.up, self._taken), "127.0.0.1", 0
        )
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._meeting:
            task.cancel()
        await asyncio.gather(*self._meeting, return_exceptions=True)
        self.cut()
        while self.halves:  # each takes itself out when its transport has ended
            await asyncio.sleep(0)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where phones connect."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Every connection breaks now, with a reset; what was held is lost."""
        for half in tuple(self.halves):
            if half.transport is not None:
                _reset_on_close(half.transport)
                half.transport.abort()

    def _taken(self, near: _Half) -> None:
        task = asyncio.get_running_loop().create_task(self._meet(near))
        self._meeting.add(task)
        task.add_done_callback(self._meeting.discard)

    async def _meet(self, near: _Half) -> None:
        """Connects on, and joins the two ends."""
        assert near.transport is not None
        loop = asyncio.get_running_loop()
        try:
            if self.refusing:
                raise ConnectionRefusedError("refusing")
            _, far = await loop.create_connection(
                lambda: _Half(self, self._network.down), "127.0.0.1", self.to_port
            )
        except OSError:
            near.transport.abort()
            return
        if near.transport.is_closing():
            assert far.transport is not None
            far.transport.abort()
            return
        near.meet(far)
        far.meet(near)


def _reset_on_close(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # linger for no time at all: closing then resets, as a line that breaks does not say goodbye
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
