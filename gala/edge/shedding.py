"""What an edge does about its load: boards, phones at the door, and what those inside are told."""

from collections.abc import Callable

import structlog

from gala.edge.load import COUNTS_NOTHING, Load, Measured
from gala.edge.pace import BEAT_S
from gala.edge.plays import QUEUE_MAX, Plays
from gala.protocol import Relief

log = structlog.get_logger("gala")

GATHERS_FROM = 3
GATHER_MS = 2_000
"""How long phones gather at level 3: six taps' plays become one, two of the mole's. A person who looks
for the tick of *counted* still sees it come."""


class Shedding:
    """One edge's. let_in: the foyer's."""

    def __init__(self, let_in: Callable[[float], None]) -> None:
        self.told = Relief()
        """What phones are to know now."""
        self._let_in = let_in
        self.load = Load()
        self._stepped_ns = 0  # 0: not since it was out of rotation
        self._step_ms = 0.0  # the longest since the last news
        self._beat_ns = 0  # 0: not yet
        self._late_ms = 0.0  # the loop at worst, since the last news
        self._crowded = 0  # plays, by the last news

    def stepped(self, mark: int) -> None:
        """The edge begins a step. mark: an instant of the machine's monotonic clock, ns."""
        if self._stepped_ns:
            self._step_ms = max(self._step_ms, (mark - self._stepped_ns) / 1e6)
        self._stepped_ns = mark

    def beat(self, mark: int) -> None:
        """Is called every `BEAT_S`, by a loop that does nothing else in between. mark: as of `stepped`."""
        if self._beat_ns:
            self._late_ms = max(self._late_ms, (mark - self._beat_ns) / 1e6 - BEAT_S * 1000)
        self._beat_ns = mark

    def news(self, plays: Plays, ack_ms: float, out: str) -> Relief | None:
        """Once a second: what all phones are to be told now, None if they know it.

        ack_ms: 99 of 100 answers since the last time came within that, real ms. out: why the edge is out of
        rotation, empty if it is not.
        """
        measured = Measured(
            ack_ms,
            self._step_ms,
            plays.waiting / QUEUE_MAX,
            plays.figures.crowded - self._crowded,
            self._late_ms,
        )
        self._step_ms = self._late_ms = 0.0
        self._crowded = plays.figures.crowded
        if out:
            # How long a silent store held a step up is no load, and no calm. A loop that is late is one,
            # and may be why the log was not read.
            self._stepped_ns = 0
            measured = Measured(late_ms=measured.late_ms)
        if not out or measured.pressure >= 1:
            self.load.take(measured)
            self._let_in(self.load.share)
        level = COUNTS_NOTHING if out else self.load.level
        if level == self.told.level:
            return None
        (log.warning if level > self.told.level else log.info)(
            "edge load",
            rung=level,  # `level` is the log's own word
            share=self.load.share,
            **({} if out else {name: round(value, 2) for name, value in measured._asdict().items()}),
        )
        self.told = Relief(level=level, gather_ms=GATHER_MS if level >= GATHERS_FROM else 0)
        return self.told
