"""Gala time: integer milliseconds UTC on the monotonic clock; a machine whose clock jumps moves nothing.

A clock counts real milliseconds since it was made, and gala time is a straight line over that count. The
count may be *corrected*: it then runs a little faster or slower, until it has gained or lost what it
should. It never jumps; a clock that is further off is set by a person, who starts its process again. A
rehearsal may let the line be steeper, so that gala time runs faster than the world; a real evening never
does.
"""

import time
from collections.abc import Callable

Now = Callable[[], int]
"""Where a role gets the time: milliseconds UTC. Rules take the number itself."""

# 500 ppm: what operating systems allow their own clocks. 50 ms are made up in 100 s, and a round of two
# minutes is at most 60 ms longer or shorter than planned.
SLEW_PPM = 500


class GalaClock:
    """Gala time anchored once: ``start_at_ms`` when made, then `rate` gala milliseconds a real one.

    `monotonic_ns` is the machine's monotonic clock (an argument for tests).
    """

    def __init__(
        self, start_at_ms: int, rate: float = 1.0, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._monotonic_ns = monotonic_ns
        # the count: what it was at an instant of the monotonic clock, and what it still has to gain or lose
        self._count_ns = monotonic_ns()
        self._count_ms = 0.0
        self._owed_ms = 0.0
        # the line: gala time at a count
        self._gala_ms = float(start_at_ms)
        self._line_ms = 0.0
        self._rate = rate

    @property
    def rate(self) -> float:
        """Gala milliseconds in a real one; 1.0 on air."""
        return self._rate

    def now_ms(self) -> int:
        """Gala time now."""
        # as at_ms(count_ms()), in one piece: it is asked for every play
        real_ms = (self._monotonic_ns() - self._count_ns) / 1e6
        if self._owed_ms:
            slewed_ms = real_ms * SLEW_PPM / 1e6
            real_ms += max(-slewed_ms, min(self._owed_ms, slewed_ms))
        return int(self._gala_ms + (self._count_ms + real_ms - self._line_ms) * self._rate)

    def count_ms(self) -> float:
        """Real milliseconds since this clock was made, as corrected so far. It never falls."""
        return self._counted_ms(self._monotonic_ns())

    def _counted_ms(self, now_ns: int) -> float:
        real_ms = (now_ns - self._count_ns) / 1e6
        slewed_ms = real_ms * SLEW_PPM / 1e6
        return self._count_ms + real_ms + max(-slewed_ms, min(self._owed_ms, slewed_ms))

    def at_ms(self, count_ms: float) -> float:
        """Gala time at a count of `count_ms`, at the present pace."""
        return self._gala_ms + (count_ms - self._line_ms) * self._rate

    def correct(self, by_ms: float) -> None:
        """From now on gain `by_ms` real milliseconds (lose, where negative), at most `SLEW_PPM` of those that
        pass. What an earlier correction had not done yet is forgotten."""
        now_ns = self._monotonic_ns()
        self._count_ns, self._count_ms, self._owed_ms = now_ns, self._counted_ms(now_ns), by_ms

    def not_before(self, at_ms: int) -> None:
        """Goes on from `at_ms` if that is later than now: a rehearsal that is taken up again."""
        self._gala_ms += max(0, at_ms - self.now_ms())

    def shift(self, by_ms: float) -> None:
        """Sets gala time, before anything was done by it: a rehearsal that joins another."""
        self._gala_ms += by_ms

    def pace(self, rate: float) -> None:
        """From now on run at `rate`; time itself does not jump."""
        counted_ms = self.count_ms()
        self._gala_ms, self._line_ms, self._rate = self.at_ms(counted_ms), counted_ms, rate
