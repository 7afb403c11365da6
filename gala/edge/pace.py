"""How often boards go out: so often that they take a fifth of a core, and less when this process is behind.

Under load it thins in this order: boards first, down to one in two seconds; nothing else. A phone that
reads slowly gets the newest board alone, and a process that cannot even acknowledge asks phones to try again
(`Plays`). What a phone is told to do, and what became of its plays, is never thinned.
"""

import math

FRAME_MS = 0.010  # of CPU, a board to one phone: 7 to 10 µs (`gala bench hotpath`)
SHARE = 0.2  # of a core
FASTEST_MS = 200  # no newer picture is there: that is how often the conductor takes one
SLOWEST_MS = 2_000
THINNEST = 16


class Pace:
    """One edge's, in real milliseconds."""

    def __init__(self) -> None:
        self._thinned = 1

    def next_ms(self, phones: int, late_ms: float) -> int:
        """How long until the next boards. late_ms: how much later than planned these ones came; twice as
        rare when that was more than the time between them, and back to normal as it has come."""
        every_ms = max(FASTEST_MS, math.ceil(phones * FRAME_MS / SHARE))
        if late_ms > every_ms:
            self._thinned = min(self._thinned * 2, THINNEST)
        elif self._thinned > 1:
            self._thinned //= 2
        return min(every_ms * self._thinned, SLOWEST_MS)
