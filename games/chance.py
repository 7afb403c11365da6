"""Chance, derived: the same seed and labels give the same bytes in any language and for ever.

HMAC-SHA256 under the seed, over a framed list of labels: each as its length (u32 big-endian) and its bytes,
an integer as its 8 bytes. No library generator, whose sequence is a detail of its version.
"""

import hmac
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
Label = str | int | bytes

_VERSION = b"gala/chance/1\0"


def derive(seed: bytes, *labels: Label) -> bytes:
    """32 bytes that belong to these labels under this seed. Integers: 0 … 2^64 - 1, else OverflowError."""
    framed = bytearray(_VERSION)
    for label in labels:
        match label:
            case int():
                kind, content = b"i", label.to_bytes(8, "big")
            case str():
                kind, content = b"s", label.encode()
            case _:
                kind, content = b"b", label
        framed += kind + len(content).to_bytes(4, "big") + content
    return hmac.digest(seed, bytes(framed), "sha256")


def below(seed: bytes, bound: int, *labels: Label) -> int:
    """An integer 0 … bound - 1, every one equally likely. bound: 1 … 2^64 (ValueError otherwise).

    64-bit draws beyond the last whole multiple of `bound` are thrown away and drawn again: no bias.
    """
    if not 1 <= bound <= 1 << 64:
        raise ValueError(f"a bound is 1 to 2^64, not {bound}")
    whole = (1 << 64) // bound * bound
    attempt = 0
    while True:
        drawn = int.from_bytes(derive(seed, *labels, attempt)[:8], "big")
        if drawn < whole:
            return drawn % bound
        attempt += 1


def ordered(seed: bytes, things: Sequence[T], *labels: Label) -> list[T]:
    """The same things in an order drawn from the seed: sorted by the bytes of each one's place."""
    places = sorted(range(len(things)), key=lambda place: derive(seed, *labels, place))
    return [things[place] for place in places]
