"""The foyer before the hall: how many phones a second one process lets in, and who waits for how long.

When a line falls over a whole city, everybody comes back at once. What lets a phone in (its pass, its place,
its wallet) costs many times what it costs to say "not yet", and all of it would be taken from those who are
in and play. So a CONNECT that comes above the rate is answered before anything else looks at it: with a
*place*, a wait, and a signed *slot* that keeps the place for whoever brings it along: another tab, the page
reloaded, another process of ours.

Nobody is remembered who waits. A slot says when its time has come; times are given out in the order of
asking, at `LINE` of the rate. What is left is for those whose slot was good and for whom there was no room
all the same: many who were late came together. They wait in a line of their own, which is short.

This is the door of connections; that of numbers is `gala.edge.doors.admission`.
"""

import hashlib
import hmac
import math
from typing import NamedTuple

from gala.protocol_door import Queue

LINE = 0.8  # of the rate is promised to who waits
WAIT_MS_MIN = 1_000  # nobody is sent away for less: to come again costs both sides something
EARLY_MS = 100  # clocks of our machines differ, and a phone's timer may be early
LATE_MS_MAX = 60_000  # after its time a slot is good for so long; a sleeping tab's timers run once a minute
LINE_MS_MAX = 3_600_000  # no line is longer; a slot that says so was written by another clock
ADMIT_PER_S_MAX = 100_000


class Slot(NamedTuple):
    """A place in the line. foyer: who gave it; n: its number there; due_at_ms: the world's time."""

    foyer: str
    n: int
    due_at_ms: int


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
        self._rate = float(admit_per_s)  # as many as are let in now
        self._room = self._rate  # for so many at once
        self._room_at_ms = -math.inf
        self._line_ms = self._late_ms = -math.inf  # when the next of either line is due
        self._given = 0
        self._used: dict[tuple[str, int], int] = {}  # slots that let somebody in, until when (the world's)

    def let_in(self, share: float) -> None:
        """From now on that share of `admit_per_s`, above 0 and at most 1. Times that were promised stand; for
        whoever comes then and finds no room there is the line of those who come late."""
        self._rate = self.admit_per_s * share

    def ask(self, slot: str, now_ms: float, world_ms: int) -> Queue | None:
        """None: come in. Otherwise where in the line this phone stands. slot: what it was told before."""
        quiet_ms = max(0.0, now_ms - self._room_at_ms)
        self._room = min(max(1.0, self._rate), self._room + quiet_ms * self._rate / 1000)
        self._room_at_ms = now_ms
        held = self._read(slot)
        left_ms = held.due_at_ms - world_ms if held else 0
        if held is None or not -LATE_MS_MAX <= left_ms <= LINE_MS_MAX or held[:2] in self._used:
            if self._line_ms <= now_ms and self._come_in():
                return None
            return self._place(self._next("", now_ms), world_ms)
        if left_ms > EARLY_MS:
            return self._told(held, left_ms)
        if self._come_in():
            self._remember(held, world_ms)
            return None
        return self._place(self._next(slot, now_ms), world_ms, held)

    def back_ms(self, online: int) -> int:
        """Over how long so many spread who come back, for as many a second as are let in."""
        return math.ceil(online * 1000 / self._rate)

    def _come_in(self) -> bool:
        if self._room < 1:
            return False
        self._room -= 1
        return True

    def _next(self, slot: str, now_ms: float) -> float:
        """How long until the next one of a line is due: of those who bring a slot, or of all others."""
        if slot:
            due_ms = max(self._late_ms, now_ms + WAIT_MS_MIN)
            self._late_ms = due_ms + 1000 / (self._rate * (1 - LINE))
        else:
            due_ms = max(self._line_ms, now_ms + WAIT_MS_MIN)
            self._line_ms = due_ms + 1000 / (self._rate * LINE)
        return due_ms - now_ms

    def _place(self, wait_ms: float, world_ms: int, held: Slot | None = None) -> Queue:
        due_at_ms = world_ms + math.ceil(wait_ms)
        if held is None:
            self._given += 1
            held = Slot(self._name, self._given, due_at_ms)
        return self._told(held._replace(due_at_ms=due_at_ms), math.ceil(wait_ms))

    def _told(self, slot: Slot, left_ms: int) -> Queue:
        place = 1 + int(left_ms * self._rate * LINE / 1000)
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
