"""What an edge counts of the plays it answers, for whoever watches over the evening.

Fixed rows of numbers, filled once a batch or once a report: nothing is made or looked up for a single play.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec

ACK_MS = (5, 10, 20, 30, 50, 100, 200, 300, 500, 1_000, 2_000, 5_000)  # real ms from arrival to answer
BATCH = (1, 4, 16, 64, 128, 256, 512)  # plays in one flush of one node


class Spread(msgspec.Struct):
    """How values spread over bounds since the process began: `counts[i]` of them were at most the i-th bound
    and above the one before; the last, above all. total: their sum."""

    counts: list[int] = msgspec.field(default_factory=list)
    total: float = 0.0


class Figures:
    """One edge's. `already`, `retry`, `crowded` (of these, for want of room) and `unknown` (plays of no round
    there is) are written by `Plays`."""

    def __init__(self) -> None:
        self.already = 0
        self.retry = 0
        self.crowded = 0
        self.unknown = 0
        self.acks = Spread([0] * (len(ACK_MS) + 1))
        self.batches = Spread([0] * (len(BATCH) + 1))
        self._newest: list[float] = []  # real ms; since `newest` was asked last

    def flushed(self, count: int) -> None:
        """So many plays went to the store together."""
        if count:
            self.batches.counts[bisect_left(BATCH, count)] += 1
            self.batches.total += count

    def took(self, ack_ms: Sequence[float], rate: float) -> None:
        """Takes in how long answers took since the last time, gala ms."""
        taken = sorted(took_ms / rate for took_ms in ack_ms)
        below = 0
        for index, bound in enumerate(ACK_MS):
            upto = bisect_right(taken, bound)
            self.acks.counts[index] += upto - below
            below = upto
        self.acks.counts[-1] += len(taken) - below
        self.acks.total += sum(taken)
        self._newest += taken

    def newest(self) -> tuple[float, float]:
        """p50 and p99 of what was taken in since this was asked last, real ms."""
        taken, self._newest = sorted(self._newest), []
        return (taken[len(taken) // 2], taken[len(taken) * 99 // 100]) if taken else (0.0, 0.0)
