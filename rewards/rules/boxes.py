"""Sealing a round: from pages by number to a published box in public order.

`boxes/<round>.bin` holds the played slots, empty ones dropped, in the order of AES under the round's place
key. `boxes/<round>.counters.json` holds the counters the voting showed and those recounted from the
slots. A box of fewer than 20 plays is kept back, since so few could be guessed apart: its seal holds a keyed
hash instead, and totals only.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rewards.arithmetic import places, slots
from rewards.log import canonical, merkle
from rewards.rules.leaves import PLAYS_PUBLISHED_MIN, Leaf

PAGE_SLOTS = 65536

Numbers = npt.NDArray[np.int64]


class BadBox(ValueError):
    """A leaf that tells of a box what it may not, or too little; says why."""


@dataclass(frozen=True, slots=True)
class Box:
    """A sealed box: its seal leaf, both files, and the numbers behind its slots, in the same order."""

    leaf: Leaf
    content: bytes
    counters: bytes
    numbers: Numbers
    recount: dict[str, int]


def box_path(round_id: str) -> str:
    return f"boxes/{round_id}.bin"


def counters_path(round_id: str) -> str:
    return f"boxes/{round_id}.counters.json"


def read_numbers(path: Path) -> Numbers:
    """The numbers of a file of u32be."""
    return np.frombuffer(path.read_bytes(), dtype=">u4").astype(np.int64)


def write_numbers(numbers: Numbers) -> bytes:
    return numbers.astype(">u4").tobytes()


def seal(opening: Leaf, key: bytes, pages: Sequence[bytes], counters: Mapping[str, int]) -> Box:
    """Recounts the pages and puts them into public order. key: the round's place key.

    BadRules if a page is no whole number of slots, or too long.
    """
    layout = slots.Layout.from_json(opening["layout"])
    shown = {name: value for name, value in sorted(counters.items()) if value}
    numbers, played = in_public_order(layout, key, pages)
    content = played.tobytes()
    recount = slots.recount(layout, opening["counts"], slots.records(layout, content))
    tallies = canonical.encode({"counters": shown, "recount": recount})
    leaf = {
        "schema": "gala/seal/1",
        "round": opening["round"],
        "plays": len(played),
        "counters_sha256": hashlib.sha256(tallies).hexdigest(),
        "recount_equal": shown == recount,
        "numbers_mac": places.numbers_mac(key, numbers).hex(),
    }
    leaf |= content_of(layout.width, key, content, b"gala/box/1\x00")
    return Box(leaf, content, tallies, numbers, recount)


def content_of(width: int, key: bytes, content: bytes, label: bytes) -> Leaf:
    """What a leaf says of slots in public order: enough to know them again, or a keyed hash of so few."""
    if len(content) < PLAYS_PUBLISHED_MIN * width:
        return {"withheld_mac": hmac.digest(key, label + content, "sha256").hex()}
    return {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "root": merkle.chunked_root(content, width).hex(),
    }


def check_shown(leaf: Leaf) -> None:
    """BadBox unless a seal, or a part's, tells of its slots what `content_of` says."""
    kept_back = leaf["plays"] < PLAYS_PUBLISHED_MIN
    wanted = {"withheld_mac"} if kept_back else {"size", "sha256", "root"}
    if {"withheld_mac", "size", "sha256", "root"} & set(leaf) != wanted:
        what = "part" if leaf["schema"] == "gala/part/1" else "box"
        told = "kept back" if kept_back else "published"
        raise BadBox(f"a {what} of {leaf['plays']} plays is {told}")


def in_public_order(
    layout: slots.Layout, key: bytes, pages: Sequence[bytes]
) -> tuple[Numbers, slots.Records]:
    """The numbers that have played, and their slots. BadRules as `seal`."""
    found_numbers, found_slots = [], []
    for page, content in enumerate(pages):
        records = slots.records(layout, content)
        if len(records) > PAGE_SLOTS:
            raise slots.BadRules(f"page {page} holds {len(records)} slots")
        full = np.flatnonzero(records["seq"])
        found_numbers.append(full + page * PAGE_SLOTS)
        found_slots.append(records[full])
    nothing = slots.records(layout, b"")
    numbers = np.concatenate([np.empty(0, dtype=np.int64), *found_numbers])
    # Left to itself, numpy joins records in this machine's byte order and not in that of the slots.
    played = np.concatenate([nothing, *found_slots], dtype=nothing.dtype)
    order = places.public_order(key, numbers)
    return numbers[order], played[order]
