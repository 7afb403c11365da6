"""When a write to a cluster is durable: what is asked behind it, and which answers are enough.

On the primary's disk, and on that of every replica that could take its place
(docs/decisions/0011-a-cluster-and-what-durable-means-on-it.md).
"""

from collections.abc import Sequence
from typing import Any

from redis import exceptions

from gala.store.topology import Node, parse, replicas_of

SHARE = 0.8
"""Of an operation's deadline, so that a replica that is late is told apart from a node that is silent."""


class NotDurable(exceptions.ConnectionError):
    """It was done, but not on enough disks in time: it may be lost. Ask again, it may be found done."""


def on_disks(replicas: int, operation_s: float) -> list[tuple[Any, ...]]:
    """What is said behind a mark, so that it is on the node's disk and on that of so many replicas.

    operation_s: the deadline of it all.

    WAIT first: a replica that syncs every write tells its primary so only when it is asked after the sync.
    WAITAOF asks once, before it, and would wait for the replica's next report, a second later. The answer to
    WAIT leaves the replica after the sync, so the question of the WAITAOF behind it comes in time: 1 ms and
    not 1 s.
    """
    if replicas:
        half_ms = int(500 * SHARE * operation_s)
        return [("WAIT", replicas, half_ms), ("WAITAOF", 1, replicas, half_ms)]
    return [("WAITAOF", 1, 0, int(1000 * SHARE * operation_s)), ("ROLE",), ("CLUSTER", "NODES")]


def check(settled: Sequence[Any], node: Node, wanted: int) -> None:
    """Raises NotDurable unless the mark was set, and is on this node's disk and on those of replicas wanted.

    settled: the replies to the mark and to `on_disks`. wanted: 0 if the node had no replica when it was last
    asked; then it must have none now, neither one that copies it nor one that has.
    """
    for said in settled:
        if isinstance(said, Exception):
            raise NotDurable(f"not known to be on enough disks: {said}") from said
    if wanted:
        _, _, (local, replicas) = settled
        if local < 1 or replicas < wanted:
            raise NotDurable(f"in time on {local} disk here and on those of {replicas} replicas")
    else:
        _, (local, _), (_, _, *copying), said = settled
        if local < 1 or copying != [[]] or replicas_of(parse(said.decode(), node)):
            raise NotDurable(f"on {local} disk, and a replica has come that may not have it")
