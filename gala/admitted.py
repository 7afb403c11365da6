"""Who was let in, as a roster needs it: how many numbers in which minute, and which of them may not win."""

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

MINUTE_MS = 60_000
MINUTES_MAX = 1_440  # a leaf holds so many with room to spare; what was earlier stands in one row


def by_minute(minutes: Mapping[int, int], count: int, at_ms: int) -> list[tuple[int, int]]:
    """(minute's beginning, numbers handed out from it on) for the first `count` numbers, ascending.

    minutes: minute (ms) -> numbers handed out in it. They come in blocks, of which the last ones may not be
    used up: those are left out from the end. Numbers whose minute nobody wrote down stand in that of `at_ms`,
    the latest there can be. At most MINUTES_MAX rows, the first then holding all that is older.
    """
    left = count
    rows: list[tuple[int, int]] = []
    for minute_ms, numbers in sorted(minutes.items()):
        taken = min(numbers, left)
        left -= taken
        if taken > 0:
            rows.append((minute_ms, taken))
    if left:
        last_ms = max([at_ms // MINUTE_MS * MINUTE_MS, *(minute_ms for minute_ms, _ in rows)])
        before = [row for row in rows if row[0] < last_ms]
        rows = [*before, (last_ms, count - sum(numbers for _, numbers in before))]
    older = rows[: len(rows) - MINUTES_MAX + 1] if len(rows) > MINUTES_MAX else rows[:1]
    return [(older[0][0], sum(numbers for _, numbers in older)), *rows[len(older) :]] if rows else []


def barred(bits: bytes, count: int, excluded: Collection[int]) -> npt.NDArray[np.int64]:
    """Of the first `count` numbers those that are no account's, or an excluded one's; ascending.

    bits: one a number, the first in the highest bit of the first byte; what is not there is 0.
    """
    may_win = np.zeros(count, dtype=np.bool_)
    known = np.unpackbits(np.frombuffer(bits, dtype=np.uint8))[:count].astype(np.bool_)
    may_win[: len(known)] = known
    may_win[[number for number in excluded if number < count]] = False
    return np.flatnonzero(~may_win)
