"""Chains of keys: what a game keeps secret and tells piece by piece was fixed when its round opened.

The `open` leaf's `chains` holds `length` and a commitment for each channel; the `seal` leaf's `heads` opens
them. From a head K_length every key follows by

    K_i = SHA-256("gala/whack/1\\0" ‖ u8(channel) ‖ u32be(i) ‖ K_{i+1})        i = length-1 … 0

and the commitment is SHA-256("gala/whack-commitment/1\\0" ‖ u8(channel) ‖ K_0).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

LENGTH_MAX = 4096
CHANNELS_MAX = 256


class BadChains(ValueError):
    """Chains that are none, or heads that do not open them."""


def keys(head: bytes, channel: int, length: int) -> list[bytes]:
    """K_0 … K_{length-1} below a head (32 bytes)."""
    found = [head]
    for index in reversed(range(length)):
        framed = b"gala/whack/1\x00" + channel.to_bytes(1, "big") + index.to_bytes(4, "big") + found[-1]
        found.append(hashlib.sha256(framed).digest())
    return found[:0:-1]


def commitment(first: bytes, channel: int) -> str:
    """What is published of the chain whose first key is `first`, in hex."""
    framed = b"gala/whack-commitment/1\x00" + channel.to_bytes(1, "big") + first
    return hashlib.sha256(framed).hexdigest()


def check_opening(opening: Mapping[str, Any]) -> None:
    """BadChains unless an `open` leaf has no chains, or of lengths that may be. opening: of right shape."""
    chains = opening.get("chains")
    if chains is None:
        return
    if not 1 <= chains["length"] <= LENGTH_MAX:
        raise BadChains(f"chains of 1 to {LENGTH_MAX} keys")
    if not 1 <= len(chains["commitments"]) <= CHANNELS_MAX:
        raise BadChains(f"chains of 1 to {CHANNELS_MAX} channels")


def check_heads(opening: Mapping[str, Any], seal: Mapping[str, Any]) -> None:
    """BadChains unless the seal opens exactly the chains its round began with. opening: checked before."""
    chains, heads = opening.get("chains"), seal.get("heads")
    if chains is None or heads is None:
        if chains is not None or heads is not None:
            raise BadChains("a seal opens the chains of its round, all and only these")
        return
    commitments = chains["commitments"]
    if len(heads) != len(commitments):
        raise BadChains(f"{len(heads)} heads of {len(commitments)} chains")
    for channel, (head, committed) in enumerate(zip(heads, commitments, strict=True)):
        first = keys(bytes.fromhex(head), channel, chains["length"])[0]
        if commitment(first, channel) != committed:
            raise BadChains(f"the head of channel {channel} does not lead to its commitment")
