"""The HTTP side of a listener: uvicorn's, with a limit to how long and how large a request may be.

uvicorn waits for ever for the end of a request that has begun, and keeps all headers that come; whoever opens
many connections and sends a byte now and then would hold them all.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gala.wire.limits import Limits

TOO_MUCH = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain\r\ncontent-length: 9\r\nconnection: close\r\n\r\ntoo much\n"
)


class Door(HttpToolsProtocol):
    """uvicorn's HTTP protocol; a connection whose request is not whole in time is closed."""

    def __init__(
        self,
        *,
        limits: Limits,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """All but `limits` is given by uvicorn."""
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._head_bytes: int | None = 0  # of the head that is coming in; None: it is in

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Somebody has come in: they have this long to say what they want."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have left."""
        self._expect_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.request_head_bytes and not self.transport.is_closing():
                self.transport.write(TOO_MUCH)
                self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins, the first or another on the same connection."""
        super().on_message_begin()
        self._head_bytes = 0
        self._expect()

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._head_bytes = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole. If it asks for a WebSocket, uvicorn hands the connection over now."""
        self._expect_no_more()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """The connection is a line's from here on, and nothing is left of the request."""
        super().handle_websocket_upgrade()
        # the parser and this object hold each other, and would both stay until the next collection
        self.parser = None  # type: ignore[assignment]  # as uvicorn does when a connection is lost

    def _expect(self) -> None:
        self._expect_no_more()
        self._deadline = self.loop.call_later(self._limits.request_s, self.transport.abort)

    def _expect_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
