"""Gala time: integer milliseconds UTC on the monotonic clock; a machine whose clock jumps moves nothing.

A rehearsal may let it run faster than the world; a real evening never does.
"""

import time
from collections.abc import Callable

Now = Callable[[], int]
"""Where a role gets the time: milliseconds UTC. Rules take the number itself."""


class GalaClock:
    """Gala time anchored once: ``start_at_ms`` when made, then `rate` gala milliseconds a real one.

    `monotonic_ns` is the machine's monotonic clock (an argument for tests).
    """

    def __init__(
        self, start_at_ms: int, rate: float = 1.0, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._anchor_ms = float(start_at_ms)
        self._anchor_ns = monotonic_ns()
        self._rate = rate

    @property
    def rate(self) -> float:
        """Gala milliseconds in a real one; 1.0 on air."""
        return self._rate

    def now_ms(self) -> int:
        """Gala time now."""
        return int(self._anchor_ms + (self._monotonic_ns() - self._anchor_ns) / 1e6 * self._rate)

    def not_before(self, at_ms: int) -> None:
        """Goes on from `at_ms` if that is later than now: a rehearsal that is taken up again."""
        self._anchor_ms += max(0, at_ms - self.now_ms())

    def pace(self, rate: float) -> None:
        """From now on run at `rate`; time itself does not jump."""
        now_ns = self._monotonic_ns()
        self._anchor_ms += (now_ns - self._anchor_ns) / 1e6 * self._rate
        self._anchor_ns = now_ns
        self._rate = rate
