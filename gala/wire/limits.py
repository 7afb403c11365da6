"""How much of anything one connection may do: every bound of the wire in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Instants and lengths of time are real ones, of a clock that nobody sets."""

    message_bytes: int = 16 * 1024
    fragments: int = 1_024  # of one message: 16 bytes each, which is already somebody's test and no phone
    messages_per_s: int = 20
    burst_messages: int = 60  # a phone that joins sends a dozen at once, one that comes back two dozen
    waiting_messages: int = 32  # of one connection, for python-socketio's handlers
    unsent_bytes: int = 64 * 1024  # in our memory, for a peer that does not read
    ping_interval_ms: int = 10_000
    ping_timeout_ms: int = 8_000  # and so whoever vanishes is noticed after 18 s at most
    wheel_slots: int = (
        40  # turns of the wheel in an interval: a ping waits at most a quarter second for its turn
    )
    drain_ms: int = 2_000  # over which, at least, phones spread their coming back after a restart
    linger_s: float = 1.0  # for the peer's half of a closing handshake; less than a listener takes to stop
    deaf_bytes: int = 1 << 20  # what a peer we have hung up on may still send before it is cut
    request_s: float = 5.0  # from a request's first byte, or the connection's start, to its last byte
    request_head_bytes: int = 16 * 1024

    @property
    def timeout_slots(self) -> int:
        """How many turns of the wheel after its ping a pong is looked for."""
        return max(1, self.ping_timeout_ms * self.wheel_slots // self.ping_interval_ms)
