"""Who owns which slot of a cluster, from what its nodes say: CLUSTER NODES of several of them, put together.

Nodes contradict each other while a failover or a migration is under way, and one that is cut off from the
rest goes on saying what was true. The cluster's own rule settles it: of two claims to a slot, that with the
greater config epoch holds. What replicas a primary has is asked of that primary alone (see
docs/decisions/0011-a-cluster-and-what-durable-means-on-it.md).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from redis.crc import key_slot

SLOTS = 16_384
TRIES_MAX = 4_096  # a few milliseconds; finds a key of any node that has a hundredth of all slots


class Node(NamedTuple):
    """Where a node is reached."""

    host: str
    port: int


class Line(NamedTuple):
    """One node in another's, or its own, CLUSTER NODES. ranges: of slots it serves, both ends included."""

    id: str
    node: Node
    flags: frozenset[str]
    primary_id: str  # of a replica; else empty
    epoch: int
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """owners: by slot, None where nobody serves it. replicas: how many replicas must have what a node
    acknowledges, by what that node says: all that are not known to have failed, and one at least if there is
    any; 0: it has none that could take its place."""

    owners: tuple[Node | None, ...]
    known: tuple[Node, ...]
    replicas: Mapping[Node, int]

    def owner(self, slot: int) -> Node | None:
        return self.owners[slot]

    @property
    def primaries(self) -> tuple[Node, ...]:
        """Those that own slots, sorted."""
        return tuple(sorted({node for node in self.owners if node is not None}))


NOTHING = Topology((None,) * SLOTS, (), {})


def slot_of(key: str | bytes) -> int:
    """The slot of a key, by its hash tag if it has one."""
    return key_slot(key.encode() if isinstance(key, str) else key)


def tag_of(key: str) -> str:
    """What decides a key's slot: its hash tag, else all of it."""
    start = key.find("{")
    end = key.find("}", start + 1)
    return key[start + 1 : end] if 0 <= start < end - 1 else key


def mark_of(topology: Topology, node: Node, shunned: Collection[int]) -> str | None:
    """A key in some slot of this node that is not shunned; None if it has none, or very few."""
    if node not in topology.primaries:
        return None
    for n in range(TRIES_MAX):
        slot = slot_of(mark := f"mark:{{{n}}}")
        if topology.owner(slot) == node and slot not in shunned:
            return mark
    return None


def parse(text: str, asked: Node) -> list[Line]:
    """A node's CLUSTER NODES. asked: the node, which may not know its own host.

    Nodes that cannot be reached by an address, or are not yet members, are left out.
    """
    lines: list[Line] = []
    for row in text.splitlines():
        node_id, address, flags, primary_id, _ping, _pong, epoch, _link, *slots = row.split()
        said = frozenset(flags.split(","))
        if said & {"noaddr", "handshake"}:
            continue
        host, _, port = address.partition(",")[0].partition("@")[0].rpartition(":")
        lines.append(
            Line(
                node_id,
                Node(host or asked.host, int(port)),
                said,
                "" if primary_id == "-" else primary_id,
                int(epoch),
                # "[93->-…]": a slot on its way; it is where it is until it has arrived
                tuple(_range(found) for found in slots if not found.startswith("[")),
            )
        )
    return lines


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def replicas_of(view: Sequence[Line]) -> int:
    """How many replicas of the node whose view it is must have what that node acknowledges (`Topology`)."""
    own = {line.id for line in view if "myself" in line.flags}
    its = [line for line in view if line.primary_id in own]
    return max(1, sum("fail" not in line.flags for line in its)) if its else 0


def merged(views: Iterable[Sequence[Line]]) -> Topology:
    """The topology by what several nodes say (`parse`d, each whole)."""
    claims: list[tuple[int, Node, tuple[tuple[int, int], ...]]] = []
    known: set[Node] = set()
    replicas: dict[Node, int] = {}
    for view in views:
        for line in view:
            known.add(line.node)
            if line.ranges and not line.primary_id:
                claims.append((line.epoch, line.node, line.ranges))
        own = next((line for line in view if "myself" in line.flags), None)
        if own is not None:
            replicas[own.node] = replicas_of(view)
    owners: list[Node | None] = [None] * SLOTS
    for _, node, ranges in sorted(claims):  # the greatest epoch last
        for first, last in ranges:
            owners[first : last + 1] = [node] * (last + 1 - first)
    return Topology(tuple(owners), tuple(sorted(known)), replicas)
