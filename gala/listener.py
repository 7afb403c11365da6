"""A uvicorn server inside our own loop: it binds first, says where it listens, and stops when told.

Several processes may *share* a port (SO_REUSEPORT): each has a listening socket of its own, and on Linux the
kernel spreads new connections over them. One that should get no more of them shuts its socket; on another
system only one of them gets connections at a time, and it works as well, on one core. A socket that is bound
and does not listen gets none: so the port is reserved.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from gala.wire.door import Door
from gala.wire.exchange import Exchange

STOP_S = 2
UNSENT_BYTES = 16 * 1024


class CannotListen(Exception):
    """The address is taken or not ours; the message says which and what to do."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's: one process has several servers and other things to end."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; and says so."""
        await super().startup(sockets)
        self.up.set()

    async def listen(self, at: socket.socket) -> None:
        """One more listening socket, as `startup` makes them."""
        make = partial(
            cast("Callable[..., asyncio.Protocol]", self.config.http_protocol_class),
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        loop = asyncio.get_running_loop()
        self.servers.append(await loop.create_server(make, sock=at, backlog=self.config.backlog))


def reachable_host(host: str) -> str:
    """The name under which others in the same network reach what listens on `host`."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # connecting a datagram socket sends nothing; it only asks which address would be used
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def bound(
    host: str, port: int, *, setting: str, shared: bool = False, lingering: bool = True
) -> socket.socket:
    """A socket at that address, not listening yet. `setting` names the variable that chose the port.

    shared: with others who share it. lingering: also while the last connections of an earlier process, or a
    socket like this one which does not listen yet, are there. Raises CannotListen.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named TCP, or asyncio would leave Nagle's delay on: 40 ms for every second small write
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if lingering:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        # Connections inherit it: what a slow phone has not been sent waits with us, where a newer board
        # takes its place, and not by the megabyte in the kernel.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise CannotListen(
            f"cannot listen on {host}:{port}: {error.strerror}. Choose another port with {setting}."
        ) from error
    return made


def reserve(host: str, port: int, *, setting: str) -> socket.socket:
    """Holds a port (0: any free one) for processes that will share it; no connection comes to it.

    Raises CannotListen if anybody is there, also somebody who shares.
    """
    with bound(host, port, setting=setting) as alone:
        found = alone.getsockname()[1]
    try:
        # which keeps out, until the first worker listens, whoever would ask as we have just asked
        return bound(host, found, setting=setting, shared=True, lingering=False)
    except CannotListen:
        return bound(host, found, setting=setting, shared=True)


class Listener:
    """One listening address, the app behind it, and the exchange that its sockets come in at."""

    def __init__(
        self, app: ASGIApp, exchange: Exchange, host: str, port: int, *, setting: str, shared: bool = False
    ) -> None:
        """Binds at once (`CannotListen` otherwise); `setting` names the variable that chose the port.

        shared: with other processes, so that nobody misses us while we let nobody in.
        """
        self._setting = setting
        self._shared = shared
        self._host = host
        self._socket: socket.socket | None = bound(host, port, setting=setting, shared=shared)
        self.port: int = self._socket.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                # uvicorn only ever calls these two, and what is called need not be a class
                http=cast("type[asyncio.Protocol]", partial(Door, limits=exchange.limits)),
                ws=cast("type[asyncio.Protocol]", exchange.line),
                lifespan="off",
                timeout_graceful_shutdown=STOP_S,
                server_header=False,
            )
        )

    async def run(self) -> None:
        """Serves until `stop`, then lets requests in flight end. A shared port is listened at from `let_in`
        on."""
        try:
            await self._server.serve(sockets=[] if self._shared else [self._take()])
        finally:
            if self._socket is not None:
                self._socket.close()

    def _take(self) -> socket.socket:
        """The bound socket, which is the server's from now on."""
        taken, self._socket = self._socket, None
        return taken or bound(self._host, self.port, setting=self._setting, shared=self._shared)

    async def up(self) -> None:
        """Waits until it runs."""
        await self._server.up.wait()

    @property
    def open(self) -> bool:
        """Whether new connections are let in."""
        return self._server.started and bool(self._server.servers)

    async def let_in(self) -> None:
        """Listens at a shared port, unless it does already or does not run."""
        if self._server.started and not self._server.should_exit and not self._server.servers:
            await self._server.listen(self._take())

    def keep_out(self) -> None:
        """Listens no more at a shared port; who is in stays. (Who was on the way in is reset by the kernel,
        and tries again.)"""
        while self._server.servers:
            self._server.servers.pop().close()

    def stop(self) -> None:
        """Ends `run`; connections that stay open are cut after `STOP_S`."""
        self._server.should_exit = True
