"""Parts of boxes: what some channels have played, sealed while the rest of the box is still open.

Where a spec draws *apart*, a channel's envelopes do not wait for the slowest one. Its plays are sealed as
soon as nothing on it can change any more, as a leaf that commits to them, and the roster is made of them. The
whole box is sealed and published later, in the same public order: without the slots of other channels it has
to be the part, so nobody could add a play to what was drawn from, or leave one out.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rewards.arithmetic import places, slots
from rewards.log import merkle
from rewards.rules import boxes, leaves
from rewards.rules.boxes import Numbers
from rewards.rules.leaves import Leaf

_LABEL = b"gala/part/1\x00"


class BadPart(ValueError):
    """A part that may not be, or is not what its box holds; says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """The leaf, the slots in public order, the numbers behind them."""

    leaf: Leaf
    content: bytes
    numbers: Numbers


def path(round_id: str, channels: Sequence[int]) -> str:
    """Where the slots of a part are kept until the box is published; not in the bundle."""
    return f"parts/{round_id}/{name(channels)}.bin"


def name(channels: Sequence[int]) -> str:
    return ",".join(map(str, channels))


def seal(opening: Leaf, key: bytes, pages: Sequence[bytes], channels: Sequence[int]) -> Part:
    """Seals what these channels have played. key: the round's place key; pages: as for `boxes.seal`."""
    layout = slots.Layout.from_json(opening["layout"])
    numbers, played = boxes.in_public_order(layout, key, pages)
    chosen = np.isin(played["channel"], channels)
    numbers, content = numbers[chosen], played[chosen].tobytes()
    leaf = {
        "schema": "gala/part/1",
        "round": opening["round"],
        "channels": list(channels),
        "plays": len(numbers),
        "numbers_mac": places.numbers_mac(key, numbers).hex(),
    }
    return Part(leaf | boxes.content_of(layout.width, key, content, _LABEL), content, numbers)


def check_follows(others: Iterable[Leaf], leaf: Leaf, *, over: bool) -> None:
    """BadPart unless this part may follow. others: of the same round; over: it is sealed or void."""
    channels = leaf["channels"]
    if not channels or not leaves.are_channels(channels):
        raise BadPart("a part of channels that are none")
    if over:
        raise BadPart("a part of a box that is sealed or void")
    if any(set(other["channels"]) & set(channels) for other in others):
        raise BadPart("a channel in two parts of its box")


def check_held(leaf: Leaf, records: slots.Records) -> None:
    """BadPart unless the box, whose slots these are, holds exactly this part of its channels."""
    content = _chosen(leaf, records).tobytes()
    width = records.itemsize
    if len(content) != leaf["plays"] * width:
        held = len(content) // width
        raise BadPart(f"{_whose(leaf)}: {leaf['plays']} plays when they closed, {held} in the box")
    if "sha256" in leaf:
        digests = hashlib.sha256(content).hexdigest(), merkle.chunked_root(content, width).hex()
        if (len(content), *digests) != (leaf["size"], leaf["sha256"], leaf["root"]):
            raise BadPart(f"{_whose(leaf)}: other plays in the box than when they closed")


def check_keyed(leaf: Leaf, key: bytes, records: slots.Records, numbers: Numbers) -> None:
    """As `check_held`, of what only the round's place key shows: whose they were, and what so few played."""
    chosen = np.isin(records["channel"], leaf["channels"])
    content = records[chosen].tobytes()
    kept_back = hmac.digest(key, _LABEL + content, "sha256").hex()
    right = places.numbers_mac(key, numbers[chosen]).hex(), leaf.get("withheld_mac", kept_back)
    if right != (leaf["numbers_mac"], kept_back):
        raise BadPart(f"{_whose(leaf)}: other viewers or plays than when they closed")


def _chosen(leaf: Leaf, records: slots.Records) -> slots.Records:
    found: slots.Records = records[np.isin(records["channel"], leaf["channels"])]
    return found


def _whose(leaf: Leaf) -> str:
    return f"round {leaf['round']}, channels {name(leaf['channels'])}"
