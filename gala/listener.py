"""A uvicorn server inside our own loop: it binds first, says where it listens, and stops when told.

Several processes may share its port, see `gala.ports`: one that should get no more connections shuts its
socket.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from gala.ports import bound
from gala.wire.door import Door
from gala.wire.exchange import Exchange

STOP_S = 2


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
