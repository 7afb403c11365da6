"""When a write to a cluster is durable: what is asked behind it, and which answers are enough.

On the primary's disk, and on that of every replica that could take its place
(docs/decisions/0011-a-cluster-and-what-durable-means-on-it.md).
"""

from collections.abc import Sequence
from typing import Any

from redis import exceptions

DURABLE_MS = 800
"""Below an operation's deadline, so that a replica that is late is told apart from a node that is silent."""


class NotDurable(exceptions.ConnectionError):
    """It was done, but not on enough disks in time: it may be lost. Ask again, it may be found done."""


def on_disks(replicas: int) -> list[tuple[Any, ...]]:
    """What is said behind a mark, so that it is on the node's disk and on that of so many replicas.

    WAIT first: a replica that syncs every write tells its primary so only when it is asked after the sync.
    WAITAOF asks once, before it, and would wait for the replica's next report, a second later. The answer to
    WAIT leaves the replica after the sync, so the question of the WAITAOF behind it comes in time: 1 ms and
    not 1 s.
    """
    if replicas:
        return [("WAIT", replicas, DURABLE_MS // 2), ("WAITAOF", 1, replicas, DURABLE_MS // 2)]
    return [("WAITAOF", 1, 0, DURABLE_MS), ("ROLE",)]


def check(settled: Sequence[Any], wanted: int) -> None:
    """Raises NotDurable unless the mark was set, and is on this node's disk and on those of replicas wanted.

    settled: the replies to the mark and to `on_disks`.
    """
    for said in settled:
        if isinstance(said, Exception):
            raise NotDurable(f"not known to be on enough disks: {said}") from said
    if wanted:
        _, _, (local, replicas) = settled
        if local < 1 or replicas < wanted:
            raise NotDurable(f"in {DURABLE_MS} ms on {local} disk here and on those of {replicas} replicas")
    else:
        _, (local, _), (_, _, *connected) = settled
        if local < 1 or connected != [[]]:
            raise NotDurable(f"on {local} disk, and a replica has come that may not have it")
