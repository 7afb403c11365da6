"""Whether an edge may take plays now: it must know the time, and have read the log to its end within a
second.

An edge that may not is *out of rotation*: it asks phones to try again, and load balancers to send them
elsewhere (``/readyz``). It comes back by itself. The gate of a round would refuse what it judged wrongly;
this spares viewers the wrong answers of an edge that does not know what is going on.
"""

from collections.abc import Callable

import structlog

from gala.timekeeping import Timekeeper

log = structlog.get_logger("gala")

LAG_MS = 1_000


class Rotation:
    """One edge's. monotonic_ns: the machine's monotonic clock, real also in rehearsals that hurry."""

    def __init__(self, timekeeper: Timekeeper, monotonic_ns: Callable[[], int]) -> None:
        self._timekeeper = timekeeper
        self._monotonic_ns = monotonic_ns
        self._read_ns = monotonic_ns()
        self._seen = self._told = self.reason

    def mark(self) -> int:
        """An instant to give to `read_to_the_end_of` later."""
        return self._monotonic_ns()

    def read_to_the_end_of(self, mark: int) -> None:
        """All that the log held at that instant has been read."""
        self._read_ns = max(self._read_ns, mark)

    @property
    def log_lag_ms(self) -> int:
        """How old what this edge knows of the log may be, real ms."""
        return (self._monotonic_ns() - self._read_ns) // 1_000_000

    @property
    def clock_ms(self) -> int:
        """This edge's clock minus the show's, real ms."""
        return self._timekeeper.off_ms

    @property
    def knows_the_time(self) -> bool:
        return self._timekeeper.right

    @property
    def reason(self) -> str:
        """Why this edge is out of rotation: ``clock``, ``log`` or ``store``; empty: it is not."""
        if not self._timekeeper.right:
            return "clock"
        if self.log_lag_ms > LAG_MS:
            return "store" if self._timekeeper.store_is_silent else "log"
        return ""

    @property
    def out(self) -> bool:
        return bool(self.reason)

    @property
    def lasting(self) -> str:
        """As `reason`, as of the newest step, once it has lasted from one to the next."""
        return self._told

    async def step(self) -> None:
        """Logs a change, once it has lasted from one step to the next: a process that was stopped for a
        moment finds itself behind before it has had a chance to read."""
        now = self.reason
        if now == self._seen != self._told:
            self._told = now
            if now:
                log.warning("edge out of rotation", reason=now, off_ms=self.clock_ms, lag_ms=self.log_lag_ms)
            else:
                log.info("edge in rotation")
        self._seen = now
