"""Chains of keys: a secret told piece by piece, so that no piece says anything of those still to come.

A chain of n keys belongs to one channel of one round. Its *head* K_n is derived from the round's secret seed;
each key before it is the hash of the one after it,

    K_i = SHA-256("gala/whack/1\\0" || u8(channel) || u32be(i) || K_{i+1})        i = n-1 … 0
    commitment = SHA-256("gala/whack-commitment/1\\0" || u8(channel) || K_0)

The commitment is published when the round opens. Piece i is a function of K_i alone: whoever has seen pieces
0 … i would have to invert the hash for piece i+1, and learns nothing of another channel, whose head is
another. Once the round is sealed, the heads are published, and everyone can derive every key, compare K_0
with the commitment, and derive every piece again.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from games.chance import derive

LINK = b"gala/whack/1\0"
COMMITMENT = b"gala/whack-commitment/1\0"


def chain(head: bytes, channel: int, length: int) -> tuple[bytes, ...]:
    """The keys K_0 … K_{length-1} below a head, 32 bytes each. channel: 0 … 255."""
    keys = [head]
    for index in reversed(range(length)):
        framed = LINK + channel.to_bytes(1, "big") + index.to_bytes(4, "big") + keys[-1]
        keys.append(hashlib.sha256(framed).digest())
    return tuple(reversed(keys[1:]))


def commitment(first: bytes, channel: int) -> bytes:
    """What is published, when the round opens, of the chain whose first key K_0 is `first`."""
    return hashlib.sha256(COMMITMENT + channel.to_bytes(1, "big") + first).digest()


@dataclass(frozen=True)
class Chains:
    """All chains of a round, each of `length` ≥ 1 keys. seed: the round's 32 secret bytes."""

    seed: bytes
    length: int
    _known: dict[int, tuple[bytes, ...]] = field(default_factory=dict, compare=False, repr=False)

    def head(self, channel: int) -> bytes:
        """K_n of a channel: secret until the round is sealed."""
        return derive(self.seed, "chain", channel)

    def keys(self, channel: int) -> tuple[bytes, ...]:
        """K_0 … K_{n-1} of a channel."""
        found = self._known.get(channel)
        if found is None:
            found = self._known[channel] = chain(self.head(channel), channel, self.length)
        return found

    def to_json(self, channels: int) -> dict[str, Any]:
        """What the opening leaf says of channels 0 … channels - 1: `length`, and `commitments` in hex."""
        found = [commitment(self.keys(channel)[0], channel).hex() for channel in range(channels)]
        return {"length": self.length, "commitments": found}

    def heads(self, channels: int) -> list[str]:
        """The heads, in hex, of channels 0 … channels - 1: for after the seal."""
        return [self.head(channel).hex() for channel in range(channels)]
