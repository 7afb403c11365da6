"""A uvicorn server inside our own loop: it binds first, says where it listens, and stops when told."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
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
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's: one process has several servers and other things to end."""
        yield


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


class Listener:
    """One listening address, the app behind it, and the exchange that its sockets come in at."""

    def __init__(self, app: ASGIApp, exchange: Exchange, host: str, port: int, *, setting: str) -> None:
        """Binds at once (`CannotListen` otherwise); `setting` names the variable that chose the port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # named TCP, or asyncio would leave Nagle's delay on: 40 ms for every second small write
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            # Connections inherit it: what a slow phone has not been sent waits with us, where a newer board
            # takes its place, and not by the megabyte in the kernel.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise CannotListen(
                f"cannot listen on {host}:{port}: {error.strerror}. Choose another port with {setting}."
            ) from error
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
        """Serves until `stop`, then lets requests in flight end."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Ends `run`; connections that stay open are cut after `STOP_S`."""
        self._server.should_exit = True
