"""The foyer before the hall: how many phones a second one process lets in, and who waits for how long.

When a line falls over a whole city, everybody comes back at once. What lets a phone in (its pass, its place,
its wallet) costs many times what it costs to say "not yet", and all of it would be taken from those who are
in and play. So a CONNECT that comes above the rate is answered before anything else looks at it: with a
*place*, a wait, and a signed *slot* that keeps the place for whoever brings it along: another tab, the page
reloaded, another process of ours.

Nobody is remembered who waits. A slot says when its time has come; times are given out in the order of
asking, at `LINE` of the rate. What is left is for those whose slot was good and for whom there was no room
all the same: many who were late came together. They wait in a line of their own, which is short.

When the edge is pressed fewer are let in, newcomers first of all: who comes back with a number has a round
under way and waits behind none of those who would begin one (`docs/decisions/0033-who-comes-back-first.md`).
Only then is their pass looked at, some microseconds' work.

This is the door of connections; that of numbers is `gala.edge.doors.admission`.
"""

import hashlib
import hmac
import math
from collections.abc import Callable
from typing import NamedTuple

from gala.protocol.door import Queue

LINE = 0.8  # of the rate is promised to who waits
WAIT_MS_MIN = 1_000  # nobody is sent away for less: to come again costs both sides something
EARLY_MS = 100  # clocks of our machines differ, and a phone's timer may be early
LATE_MS_MAX = 60_000  # after its time a slot is good for so long; a sleeping tab's timers run once a minute
LINE_MS_MAX = 3_600_000  # no line is longer; a slot that says so was written by another clock
BACK = 0.5  # of the rate is for those who come back, whatever presses: nobody inside notices the whole of it
ADMIT_PER_S_MAX = 100_000


class Slot(NamedTuple):
    """A place in the line. foyer: who gave it; n: its number there; due_at_ms: the world's time."""

    foyer: str
    n: int
    due_at_ms: int


class Lane:
    """So many a second, `rate`, and as many again at once if it was quiet before. Real milliseconds of a
    clock that nobody sets."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._room = rate  # for so many at once
        self._room_at_ms = -math.inf
        self._line_ms = self._late_ms = -math.inf  # when the next of either line is due

    def pass_time(self, now_ms: float) -> None:
        """There is room again."""
        quiet_ms = max(0.0, now_ms - self._room_at_ms)
        self._room = min(max(1.0, self.rate), self._room + quiet_ms * self.rate / 1000)
        self._room_at_ms = now_ms

    def nobody_waits(self, now_ms: float) -> bool:
        """Nobody but those who were late, who have room of their own."""
        return self._line_ms <= now_ms

    def take(self) -> bool:
        """Whether there is room for one, who then comes in."""
        if self._room < 1:
            return False
        self._room -= 1
        return True

    def follow(self, other: "Lane") -> None:
        """Begins as the other stands, with its promises."""
        self._room, self._room_at_ms = other._room, other._room_at_ms
        self._line_ms, self._late_ms = other._line_ms, other._late_ms

    def next_ms(self, slot: str, now_ms: float) -> float:
        """When the next one of a line is due: of those who bring a slot, or of all others."""
        if slot:
            due_ms = max(self._late_ms, now_ms + WAIT_MS_MIN)
            self._late_ms = due_ms + 1000 / (self.rate * (1 - LINE))
        else:
            due_ms = max(self._line_ms, now_ms + WAIT_MS_MIN)
            self._line_ms = due_ms + 1000 / (self.rate * LINE)
        return due_ms


class Foyer:
    """One process's. Two clocks are told: `now_ms`, which nobody sets, and the world's, which all of our
    machines have about alike; real milliseconds.

    admit_per_s: how many phones are let in; as many again at once, if it was quiet before. key: of all
    processes of the show. name: unique among them.
    """

    def __init__(self, admit_per_s: int, *, key: bytes, name: str) -> None:
        self.admit_per_s = admit_per_s
        self._key = key
        self._name = name
        self._lane = Lane(admit_per_s)
        self._new: Lane | None = None  # newcomers', if they have one of their own
        self._given = 0
        self._used: dict[tuple[str, int], int] = {}  # slots that let somebody in, until when (the world's)

    def let_in(self, share: float) -> None:
        """From now on, if that is below 1, half of the rate for those who come back, and that share of the
        other half for newcomers. Times that were promised stand; for whoever comes then and finds no room
        there is the line of those who come late."""
        self._lane.rate = self.admit_per_s * (1.0 if share == 1 else BACK)
        if share == 1:
            self._new = None
            return
        if self._new is None:
            self._new = Lane(0)
            self._new.follow(self._lane)
        self._new.rate = self.admit_per_s * (1 - BACK) * share

    def ask(self, slot: str, now_ms: float, world_ms: int, comes_back: Callable[[], bool]) -> Queue | None:
        """None: come in. Otherwise where in the line this phone stands. slot: what it was told before.
        comes_back: whether it has been in, with a number; asked only where it matters."""
        lane = self._new if self._new is not None and not comes_back() else self._lane
        lane.pass_time(now_ms)
        held = self._read(slot)
        left_ms = held.due_at_ms - world_ms if held else 0
        if held is None or not -LATE_MS_MAX <= left_ms <= LINE_MS_MAX or held[:2] in self._used:
            if lane.nobody_waits(now_ms) and lane.take():
                return None
            return self._place(lane, "", now_ms, world_ms)
        if left_ms > EARLY_MS:
            return self._told(lane, held, left_ms)
        if lane.take():
            self._remember(held, world_ms)
            return None
        return self._place(lane, slot, now_ms, world_ms, held)

    def back_ms(self, online: int) -> int:
        """Over how long so many spread who come back, for as many a second as are let in."""
        return math.ceil(online * 1000 / self._lane.rate)

    def _place(self, lane: Lane, slot: str, now_ms: float, world_ms: int, held: Slot | None = None) -> Queue:
        wait_ms = math.ceil(lane.next_ms(slot, now_ms) - now_ms)
        if held is None:
            self._given += 1
            held = Slot(self._name, self._given, 0)
        return self._told(lane, held._replace(due_at_ms=world_ms + wait_ms), wait_ms)

    def _told(self, lane: Lane, slot: Slot, left_ms: int) -> Queue:
        place = 1 + int(left_ms * lane.rate * LINE / 1000)
        return Queue(place=place, wait_ms=left_ms, slot=self._sign(slot))

    def _remember(self, slot: Slot, world_ms: int) -> None:
        """A slot lets one in. Forgotten when it is too old to be of use; so there are never more of them
        than are let in within `LATE_MS_MAX`, plus what an early one is ahead."""
        self._used[slot[:2]] = max(slot.due_at_ms, world_ms) + LATE_MS_MAX + EARLY_MS
        while self._used[oldest := next(iter(self._used))] < world_ms:
            del self._used[oldest]

    def _sign(self, slot: Slot) -> str:
        words = f"{slot.foyer}.{slot.n}.{slot.due_at_ms}"
        return f"{words}.{self._mac(words)}"

    def _mac(self, words: str) -> str:
        return hmac.digest(self._key, b"gala/slot/1\0" + words.encode(), hashlib.sha256)[:12].hex()

    def _read(self, slot: str) -> Slot | None:
        words, _, mac = slot[:200].rpartition(".")
        if not words or not slot.isascii() or not hmac.compare_digest(mac, self._mac(words)):
            return None
        foyer, n, due_at_ms = words.split(".")
        return Slot(foyer, int(n), int(due_at_ms))
