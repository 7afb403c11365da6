"""The top fans of a round: who did most of those who agree to be shown, found by going round its slots.

Nobody keeps a ranking of a million viewers for three lines on air. Each step looks at one slice of the box,
wherever the last one ended, and at the few it has kept so far; its cost is the same for any crowd. So a new
fan is found when their slice comes by, while who takes the consent back is gone with the next step.

Pure: what to read and what was read are arguments and answers.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from games.game import Fans
from voting.box import PAGE
from voting.layout import FLAG_CONSENT, Layout

FANS_MAX = 10
SLICE = 16_384  # a million slots are seen in 61 steps; a quarter of a megabyte each, for slots of 15 bytes


class Fan(msgspec.Struct, frozen=True, array_like=True):
    """A viewer's number, the id of whom they are a fan of, and their whole points."""

    number: int
    choice: str
    points: int


class Kept(NamedTuple):
    """A slot that may be among the first; `score` and `choice` as stored."""

    number: int
    choice: int
    score: int


class FanScan:
    """The scan of one round. `layout`: its slots'; `fans`: which fields decide; `slots`: how many a step.

    Once it has gone round slots that did not change meanwhile, `best` is exactly the first `FANS_MAX` of all
    who agree.
    """

    def __init__(self, layout: Layout, fans: Fans, slots: int = SLICE) -> None:
        assert PAGE % slots == 0, "no slice crosses into another page"
        self._slots = slots
        self._layout = layout
        self._fans = fans
        # All written by `look`. Two lists, because one alone would lose, to somebody seen long ago and about
        # to go, a fan who belongs there.
        self._next = 0
        self._lap: dict[int, Kept] = {}  # the best of what has been seen this time round
        self._before: dict[int, Kept] = {}  # and of the last time, where this one has not come yet

    def wanted(self, numbers: int) -> list[range]:
        """What to read for the next `look`, ranges within a page: the slice, then who is kept, each alone.

        numbers: given out so far, 0 and up.
        """
        start = self._next if self._next < numbers else 0
        ahead = range(start, min(start + self._slots, numbers))
        again = [number for number in sorted({*self._lap, *self._before}) if number not in ahead]
        return [*([ahead] if ahead else []), *(range(number, number + 1) for number in again)]

    def look(self, numbers: int, ranges: Sequence[range], slots: Sequence[bytes]) -> None:
        """Takes in what `wanted` asked for: all the slots of each range."""
        for place, (seen, found) in enumerate(zip(ranges, slots, strict=True)):
            agree = self._agree(seen, found)
            if place > 0 and seen.start in self._before:
                self._before = _without(self._before, seen) | agree
            else:
                self._before = _without(self._before, seen)
                self._lap = _first(_without(self._lap, seen) | agree)
        self._next = ranges[0].stop if ranges else 0
        if self._next >= numbers:
            self._next, self._before, self._lap = 0, self._lap, {}

    def best(self) -> list[Kept]:
        """The first of those who agreed when they were last read; of equals the lower number comes first."""
        return list(_first({**self._before, **self._lap}).values())

    def _agree(self, seen: range, slots: bytes) -> dict[int, Kept]:
        page = np.frombuffer(slots, self._layout.dtype)
        assert len(page) == len(seen), "every slot of the range, written or not"
        scores = page[self._fans.score].astype(np.int64)
        agree = np.flatnonzero((page["flags"] & FLAG_CONSENT != 0) & (scores >= self._fans.per))
        # stable, so that equals stay in the order of their numbers
        first = agree[np.argsort(-scores[agree], kind="stable")[:FANS_MAX]]
        choices = page[self._fans.choice]
        return {
            seen.start + int(place): Kept(seen.start + int(place), int(choices[place]), int(scores[place]))
            for place in first
        }


def _without(kept: dict[int, Kept], seen: range) -> dict[int, Kept]:
    return {number: one for number, one in kept.items() if number not in seen}


def _first(kept: dict[int, Kept]) -> dict[int, Kept]:
    return {one.number: one for one in _ranked(kept.values())[:FANS_MAX]}


def _ranked(kept: Iterable[Kept]) -> list[Kept]:
    return sorted(kept, key=lambda one: (-one.score, one.number))
