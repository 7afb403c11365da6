"""How hard an edge is pressed, and what it leaves off for that: pure, one rung a time, in a named order.

=====  ===========================================  ========================================================
level  what is left off                             what it spares
=====  ===========================================  ========================================================
0      nothing
1      boards: one in two seconds                   a frame to every phone, some times a second
3      phones gather hits and taps for longer       plays that say little more than the one before
4      boosts stay on the phones                    plays that earn nobody an entry
5      the edge counts nothing: it is out of        nothing: this is no choice, but said all the same
       rotation (`gala.edge.rotation`)
=====  ===========================================  ========================================================

Level 2 is a sample of comments, and there are no comments here. Between levels 1 and 3 come those who are
not in yet: from there on fewer newcomers are let in, `share` (`gala.edge.doors.foyer`). Answers to plays,
what a phone is told to do, and draws are never left off.

Level 5 is not of this module's finding, and a store that does not answer is no load: fewer boards do not
cure it.
"""

from typing import NamedTuple

LEVELS = (0, 1, 3, 4)
COUNTS_NOTHING = 5

ACK_MS = 500  # live phones are to have their answers within a second; half of it is the time to do something
STEP_MS = 500  # a cue is to reach everyone within a second, and a step that late has used up half of it
LATE_MS = 400  # a play waits for the loop twice, to be read and to be answered: most of the second
QUEUE = 0.25  # of the room for plays, which is about a second's: half a second's answers, there and back
CALM = 0.5  # of what presses: between the two is neither, so that no level goes up and down by itself
UP = 2  # tellings of pressure, a second each, for a rung up: one bad second is a disk or a collector
UP_GATHERING = 3  # while phones gather, which takes two seconds to show
HARD = 2  # so often what presses: the second within which answers were to come is over
DOWN = 5  # of calm for a rung down: longer than a rung up takes to show
DOWN_MAX = 40  # where that was too early, twice as long the next time, up to this: levels do not swing
SHARE_MIN = 1 / 16  # never nobody
SHARE_GROWS = 1 / 16  # a telling: from the least to all in fifteen seconds


class Measured(NamedTuple):
    """What an edge saw since it was asked last, real milliseconds.

    ack_ms: the time that 99 of 100 answers stayed under; 0: there were none. step_ms: the longest from one of
    its steps to the next. queue: the share of the room for plays that is in use. crowded: plays that were
    told to come again because there was no room. late_ms: how late its event loop came to what was due, at
    worst: what waits in the sockets meanwhile no other figure knows of.
    """

    ack_ms: float = 0
    step_ms: float = 0
    queue: float = 0
    crowded: int = 0
    late_ms: float = 0

    @property
    def pressure(self) -> float:
        """The worst of them, as a share of what is too much: from 1 on the edge is pressed."""
        return max(
            self.ack_ms / ACK_MS,
            self.step_ms / STEP_MS,
            self.queue / QUEUE,
            1.0 if self.crowded else 0.0,
            self.late_ms / LATE_MS,
        )


class Load:
    """One edge's. share: what the foyer lets in, `SHARE_MIN` to 1."""

    def __init__(self) -> None:
        self.share = 1.0
        self._rung = 0
        self._pressed = 0  # tellings in a row, since the newest rung
        self._calm = 0  # tellings since it was pressed, or the newest rung; what is neither does not count
        self._down = [DOWN] * len(LEVELS)  # how long it is to be calm for a rung down, by rung
        self._tries = False  # the newest rung was one down, and it has not been calm there for so long

    @property
    def level(self) -> int:
        return LEVELS[self._rung]

    def take(self, measured: Measured) -> None:
        """Takes in what was measured, once a second."""
        pressure = measured.pressure
        pressed, calm = pressure >= 1, pressure < CALM
        self._pressed = self._pressed + 1 if pressed else 0
        self._calm = 0 if pressed else self._calm + calm
        if pressed and self._pressed >= self._up(pressure):
            self._press()
        if calm:
            self.share = min(1.0, self.share + SHARE_GROWS)
            if self._calm >= self._down[self._rung]:
                self._relax()

    def _up(self, pressure: float) -> int:
        """How many tellings of pressure make the next rung."""
        if self.level == 1 and pressure >= HARD:
            return 1  # boards are a fifth of a core at most: it shows at once if much more is missing
        return UP_GATHERING if self.level == 3 else UP

    def _press(self) -> None:
        if self._rung > 0:  # boards first
            self.share = max(SHARE_MIN, self.share / 2)
        self._rung = min(self._rung + 1, len(LEVELS) - 1)
        if self._tries:  # down to where it was just now had been too early
            self._down[self._rung] = min(DOWN_MAX, 2 * self._down[self._rung])
        self._tries = False
        self._pressed = self._calm = 0

    def _relax(self) -> None:
        if self._rung + 1 < len(LEVELS):
            self._down[self._rung + 1] = DOWN  # coming down to here was right
        self._tries = self._rung > 0
        self._rung = max(0, self._rung - 1)
        self._calm = 0
