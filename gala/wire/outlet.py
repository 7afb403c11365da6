"""The sending half of a connection, and its end: what is written, what waits for a slow reader, who hangs up.

The transport tries the kernel first and pauses us for the first byte left over, so its buffer is empty unless
the peer reads slowly. Then boards and shows wait here, one of each, the newest; everything else piles up in
the transport as far as the limit, and no further.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from gala.wire.frames import PING, TEXT, Code, close_frame, frame
from gala.wire.packets import ack_frame, event_frame

if TYPE_CHECKING:
    from gala.wire.exchange import Exchange
    from gala.wire.frames import Reader

NEW, OPEN, CLOSING, DEAF, GONE = range(5)
"""Before its handshake; in use; closing, and waiting for the peer's half; hung up on; no more."""

SHOW: Final = 0
BOARD: Final = 1
"""The two kinds of frame of which only the newest counts."""

ROUND_TRIP: Final = frame(PING, b"gala")
ROUND_TRIP_BACK: Final = b"gala"
HEARTBEAT: Final = frame(TEXT, b"2")


class Outlet(asyncio.Protocol):
    """What a `Line` sends with. Written by itself and the line's other half."""

    __slots__ = (
        "_closed_because",
        "_exchange",
        "_held",
        "_measure",
        "_reader",
        "_ready",
        "_state",
        "_transport",
        "namespaces",
        "pinged_s",
        "rtt_ms",
        "unheard",
    )

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._transport: asyncio.Transport
        self._state = NEW
        self._ready = False  # open, and the transport's buffer empty
        self._held: list[bytes | None] | None = None  # by kind, while the peer reads slowly
        self._reader: Reader | None = None  # only while a frame or message has begun and not ended
        # While open: when all that the peer has said would have been due at the permitted pace, seconds of
        # the exchange's clock. Once deaf: how many bytes it has gone on to send.
        self._measure = 0.0
        self._closed_because = ""
        self.namespaces: tuple[str, ...] = ()  # those it was let into
        self.pinged_s = (
            0.0  # when a ping went out that was not answered yet, of the exchange's clock; 0: none did
        )
        self.unheard = False  # whether that was the heartbeat, which a phone that lives answers
        self.rtt_ms = 0.0  # the latest round trip, the peer's wits included, real ms; 0: none measured yet

    def pause_writing(self) -> None:
        """The peer reads slowly: there is something in the transport's buffer."""
        self._ready = False

    def resume_writing(self) -> None:
        """The buffer is empty again."""
        self._ready = self._state == OPEN
        held, self._held = self._held, None
        if held is not None:
            for kind, waiting in enumerate(held):
                if waiting is not None:
                    self.newest(kind, waiting)

    def shutdown(self) -> None:
        """uvicorn stops: the phones are told to come back."""
        if self._state == OPEN:
            for namespace in self.namespaces:
                self.write(event_frame(namespace, "drain", {"within_ms": self._exchange.drain_ms}))
            self.hang_up(Code.RESTART, "restart")
        elif self._state == NEW:
            self._transport.close()

    def write(self, whole: bytes) -> None:
        """Sends a frame, unless the peer has let too much pile up: then it is cut off."""
        if self._state != OPEN:
            return
        transport = self._transport
        if not self._ready and transport.get_write_buffer_size() > self._exchange.limits.unsent_bytes:
            self._cut("reads too slowly")
            return
        transport.write(whole)

    def newest(self, kind: int, whole: bytes) -> None:
        """Sends a frame of a kind of which only the newest counts; one that cannot go yet is replaced."""
        if self._ready:
            self._transport.write(whole)
        elif self._state == OPEN:
            if self._held is None:
                self._held = [None, None]
            elif self._held[kind] is not None:
                self._exchange.shed += 1
            self._held[kind] = whole

    def drop_held(self) -> None:
        """What waits is no longer meant for this peer."""
        self._held = None

    def ack(self, namespace: str, number: int | None, content: object) -> None:
        """Answers the packet of that number; one that asked for no answer gets none."""
        if number is not None:
            self.write(ack_frame(namespace, number, content))

    def ping(self, heartbeat: bytes, now_s: float) -> None:
        """Asks for a sign of life and measures how long it takes."""
        if self._state == OPEN:
            self.pinged_s = now_s
            self.unheard = heartbeat is HEARTBEAT
            self.write(heartbeat)

    def hang_up(self, code: Code, reason: str) -> None:
        """Begins the closing handshake, and does not wait for its other half for ever."""
        if self._state == OPEN:
            self.write(close_frame(code, reason))
            self._state, self._ready = CLOSING, False
            self._linger(reason)

    def fail(self, code: Code, reason: str) -> None:
        """The peer broke a rule: it is told which, and nothing more of it is read."""
        if self._state == OPEN:
            self.write(close_frame(code, reason))
            self._state, self._ready = DEAF, False
            self._measure = 0.0
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._exchange.dropped[reason] += 1
            self._linger(reason)

    def lapse(self) -> None:
        """No sign of life for too long."""
        self._cut("ping timeout")

    def _cut(self, reason: str) -> None:
        if self._state != GONE:
            self._closed_because = self._closed_because or reason
            self._ready = False
            self._state = DEAF
            self._exchange.dropped[reason] += 1
            self._transport.abort()

    def _linger(self, reason: str) -> None:
        self._closed_because = reason
        self._wait_for_the_end()

    def _wait_for_the_end(self) -> None:
        """Whatever the peer does or does not do, it comes."""
        self._reader = self._held = None
        self._exchange.loop.call_later(self._exchange.limits.linger_s, self._transport.abort)
