"""What a draw waits for: a beacon, the public one's (`gala.draws.relays`) or a rehearsal's own."""

from collections.abc import Callable

from gala.passes import derive
from gala.rundown import Rundown
from rewards.arithmetic.beacon import Chain, RehearsalBeacon

Signature = Callable[[int], bytes | None]
"""A beacon: the 48-byte signature of a round, or None while there is none. `register` verifies it."""


def chain_and_signature(rundown: Rundown, secret: bytes) -> tuple[Chain, Signature]:
    """A rehearsal's own beacon: a chain of quicknet's scheme that begins an hour before the show."""
    beacon = RehearsalBeacon(derive(secret, "beacon"), rundown.starts_at_ms - 3_600_000)
    return beacon.chain, beacon.signature
