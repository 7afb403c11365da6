"""Merkle trees of RFC 6962 section 2.1 (RFC 9162 section 2.1): roots and both proofs.

Pure arithmetic on lists of hashes; where the leaves are kept is nobody's business here. A leaf is
hashed under the prefix 0x00 and a node under 0x01, so no node can be shown as a leaf. A tree of n
leaves splits at the largest power of two below n.
"""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()
CHUNK = 512  # records to a Merkle leaf in boxes, rosters and rankings


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Iterable[bytes]) -> bytes:
    """MTH of a list of leaf hashes, in time linear in their count."""
    level, sha256 = list(hashes), hashlib.sha256
    if not level:
        return EMPTY
    while len(level) > 1:
        # Pairing up from the left and carrying an odd last one is the RFC's split, level by level. Large
        # boxes have so many nodes that a call of `node_hash` for each would be a third of the time.
        paired = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def chunked_root(body: bytes, record_size: int) -> bytes:
    """Root over a file of fixed-width records, `CHUNK` of them to a leaf, the last leaf shorter.

    record_size in bytes; ValueError if the body is not a whole number of records.
    """
    if len(body) % record_size:
        raise ValueError("the file is not a whole number of records")
    step, sha256 = CHUNK * record_size, hashlib.sha256
    return root([sha256(b"\x00" + body[at : at + step]).digest() for at in range(0, len(body), step)])


def inclusion(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, D[n]), leaf's neighbour first. IndexError outside the tree."""
    if not 0 <= index < len(hashes):
        raise IndexError(f"leaf {index} of a tree of {len(hashes)}")
    if len(hashes) == 1:
        return []
    split = _split(len(hashes))
    if index < split:
        return [*inclusion(hashes[:split], index), root(hashes[split:])]
    return [*inclusion(hashes[split:], index - split), root(hashes[:split])]


def consistency(hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """PROOF(old_size, D[n]). IndexError unless 0 < old_size <= n."""
    if not 0 < old_size <= len(hashes):
        raise IndexError(f"an old tree of {old_size} in one of {len(hashes)}")
    return _subproof(hashes, old_size, whole=True)


def _subproof(hashes: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    if old_size == len(hashes):
        return [] if whole else [root(hashes)]
    split = _split(len(hashes))
    if old_size <= split:
        return [*_subproof(hashes[:split], old_size, whole=whole), root(hashes[split:])]
    return [*_subproof(hashes[split:], old_size - split, whole=False), root(hashes[:split])]


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether `leaf` (a leaf hash) stands at `index` of the tree; RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if node % 2 or node == last:
            found = node_hash(step, found)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    return last == 0 and found == tree_root


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the new tree begins with the old one; RFC 9162 section 2.1.4.2."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)  # a whole power of two is itself the first node of the proof
    if not steps:
        return False
    node, last = old_size - 1, new_size - 1
    while node % 2:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
