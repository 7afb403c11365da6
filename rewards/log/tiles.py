"""The log as static files: C2SP `tlog-tiles`.

Tile (L, N) holds the hashes of 256 neighbouring nodes at height 8·L; `entries/N` holds the leaves
themselves, each after its length as u16be. The last tile of a row may be partial and says its width
in its path: `tile/0/001.p/17`. An index is written in groups of three digits, all but the last with
an `x`: 1234067 is `x001/x234/067`.
"""

import struct
from collections.abc import Mapping, Sequence

from rewards.log import merkle

WIDTH = 256
LEAF_MAX = 65535  # bytes; an entry's length is a u16


class BadTiles(ValueError):
    """Files that are not the tiles of a log of the stated size; says which file."""


def path(level: str, index: int, width: int) -> str:
    """A tile's path below the log's folder; `level` is a number or `entries`; width 1 to 256."""
    groups = [f"{index % 1000:03d}"]
    rest = index // 1000
    while rest:
        groups.insert(0, f"x{rest % 1000:03d}")
        rest //= 1000
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def files(leaves: Sequence[bytes]) -> dict[str, bytes]:
    """All tiles of a log, path to content."""
    found: dict[str, bytes] = {}
    for index, row in _rows(leaves):
        if any(len(leaf) > LEAF_MAX for leaf in row):
            raise ValueError(f"a leaf is longer than {LEAF_MAX} bytes")
        content = b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in row)
        found[path("entries", index, len(row))] = content
    return found | hash_files([merkle.leaf_hash(leaf) for leaf in leaves])


def hash_files(hashes: Sequence[bytes]) -> dict[str, bytes]:
    """The tiles of hashes alone, from the leaves' hashes: they tell how a log grows, not what it says."""
    found: dict[str, bytes] = {}
    level = 0
    while hashes:
        for index, row in _rows(hashes):
            found[path(str(level), index, len(row))] = b"".join(row)
        # Only whole tiles have a node above them.
        whole = len(hashes) // WIDTH
        hashes = [merkle.root(hashes[n * WIDTH : (n + 1) * WIDTH]) for n in range(whole)]
        level += 1
    return found


def read(found: Mapping[str, bytes], size: int) -> list[bytes]:
    """The leaves of a log of `size` from its entry bundles. BadTiles names the faulty file."""
    leaves: list[bytes] = []
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        name = path("entries", index, width)
        if name not in found:
            raise BadTiles(f"{name} is missing")
        leaves.extend(_entries(found[name], width, name))
    return leaves


def _entries(content: bytes, width: int, name: str) -> list[bytes]:
    leaves = []
    at = 0
    while at < len(content):
        if at + 2 > len(content):
            raise BadTiles(f"{name} ends inside a length")
        (length,) = struct.unpack_from(">H", content, at)
        at += 2 + length
        if at > len(content):
            raise BadTiles(f"{name} ends inside an entry")
        leaves.append(content[at - length : at])
    if len(leaves) != width:
        raise BadTiles(f"{name} holds {len(leaves)} entries, not {width}")
    return leaves


def _rows(items: Sequence[bytes]) -> list[tuple[int, Sequence[bytes]]]:
    return [(at // WIDTH, items[at : at + WIDTH]) for at in range(0, len(items), WIDTH)]
