"""What every ticket scores, and whose are the lowest.

Ticket j of place n scores AES-256 under the tier's key of u64be(n) ‖ u64be(j): 16 bytes, compared big-endian.
Fifty million of them are ciphered in a fraction of a second by keeping to three rules: stretches of places so
short that their blocks stay in the processor's cache, in memory that is used again; tickets in layers (all
first tickets, all second ones, …), so that a layer differs from the one before by a constant; and of each
score only the first half is looked at, unless that is low enough. Stretches are ranked on all processors. How
long they are, and on how many, changes nothing in the result.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from rewards.arithmetic.places import PLACES_AT_ONCE, Blocks, as_numbers, sort_blocks
from rewards.arithmetic.roster import Flags, Tickets
from rewards.arithmetic.stretches import stretches

RECORD = np.dtype([("place", ">u8"), ("ticket", ">u4"), ("score", "V16")])  # 28 bytes
STRETCH = 1 << 19  # places that one processor takes at a time
NARROW = 256  # places; a layer of fewer is ciphered place by place
ALL = (1 << 64) - 1

Records = npt.NDArray[Any]  # of RECORD, one a place


def score(key: bytes, place: int, ticket: int) -> bytes:
    """A ticket's score, 16 bytes. key: 32 bytes, of the tier."""
    blocks = Blocks(key, 1)
    blocks.write(1, 0, place)
    blocks.write(1, 1, ticket)
    return blocks.ciphered(1).tobytes()


def best_ticket(key: bytes, place: int, tickets: int) -> tuple[int, bytes]:
    """The lowest of a place's tickets, 1 or more: which, and its score."""
    best = min((score, ticket) for ticket, score in enumerate(_of_place(key, place, tickets)))
    return best[1], best[0]


def _of_place(key: bytes, place: int, tickets: int) -> list[bytes]:
    blocks = Blocks(key, tickets)
    blocks.write(tickets, 0, place)
    blocks.write(tickets, 1, np.arange(tickets))
    raw = blocks.ciphered(tickets).tobytes()
    return [raw[at : at + 16] for at in range(0, len(raw), 16)]


def best_scores(key: bytes, tickets: Tickets) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each place's best score; every place has a ticket."""

    def of(first: int, last: int) -> npt.NDArray[np.uint64]:
        found = np.full(last - first, ALL, dtype=np.uint64)
        for at, _, scored in _layers(key, tickets, first, last):
            found[at] = np.minimum(found[at], as_numbers(scored[:, 0]))
        return found

    return np.concatenate([np.empty(0, dtype=np.uint64), *stretches(len(tickets), STRETCH, of)])


def lowest(key: bytes, tickets: Tickets, eligible: Flags, count: int) -> Records:
    """The `count` best places (or all there are), best first, each by its best ticket.

    Only scores up to a limit are sorted, one that so many places should reach; if they do not, a wider one is
    tried. Every place with a ticket within the limit is found, so the limit decides about time alone.
    """
    total, places = int(tickets.sum(dtype=np.int64)), int(np.count_nonzero(eligible))
    share = total * places // max(1, len(tickets))  # about the tickets of those who may win
    limit = (count + 8 * isqrt(count) + 32) * 21 * ALL // (20 * max(1, share))
    while True:
        limit = ALL if 2 * limit > ALL or 4 * count > places else limit
        within = _within if limit < ALL else _best

        def of(first: int, last: int, limit: int = limit, within: Search = within) -> Some:
            return within(key, tickets, eligible, limit, first, last)

        found = stretches(len(tickets), STRETCH, of)
        if sum(len(some.place) for some in found) >= count or limit == ALL:
            return _records(found, count)
        limit *= 4


@dataclass(frozen=True, slots=True)
class Some:
    """Places, each with the number of its best ticket and that one's score, in any order."""

    place: npt.NDArray[np.int64]
    ticket: npt.NDArray[np.int64]
    score: npt.NDArray[np.uint64]  # shape (any, 2)


Search = Callable[[bytes, Tickets, Flags, int, int, int], Some]


def _records(found: Sequence[Some], count: int) -> Records:
    """The `count` best (or all) of what was found, best first."""
    nothing = np.empty(0, dtype=np.int64)
    score = np.concatenate([np.empty((0, 2), dtype=np.uint64), *[some.score for some in found]])
    place = np.concatenate([nothing, *[some.place for some in found]])
    ticket = np.concatenate([nothing, *[some.ticket for some in found]])
    order = sort_blocks(score)[:count]
    records = np.empty(len(order), dtype=RECORD)

    def write(first: int, last: int) -> None:
        some = order[first:last]
        records["place"][first:last], records["ticket"][first:last] = place[some], ticket[some]
        records["score"][first:last] = score[some].astype(">u8").view("V16")[:, 0]

    stretches(len(order), 1 << 16, write)
    return records


def _within(key: bytes, tickets: Tickets, eligible: Flags, limit: int, first: int, last: int) -> Some:
    """The best ticket of each eligible place of a stretch whose score begins with at most `limit`; few do."""
    found = [np.empty((0, 4), dtype=np.uint64)]
    numbers = np.empty(PLACES_AT_ONCE, dtype=np.uint64)
    within = np.empty(PLACES_AT_ONCE, dtype=np.bool_)
    for at, number, scored in _layers(key, tickets, first, last):
        width = len(scored)
        np.copyto(numbers[:width], scored[:, 0].view(">u8"))
        low = np.flatnonzero(np.less_equal(numbers[:width], limit, out=within[:width]))
        few = np.empty((len(low), 4), dtype=np.uint64)  # place − first, ticket, both halves of the score
        few[:, 0], few[:, 1], few[:, 2:] = at[low], number, as_numbers(scored[low])
        found.append(few)
    rows = np.concatenate(found)
    rows = rows[eligible[first:last][rows[:, 0]]]
    rows = rows[sort_blocks(rows[:, 2:])]
    _, best = np.unique(rows[:, 0], return_index=True)  # the first of each place, which is its best
    place, ticket = rows[best, 0].astype(np.int64), rows[best, 1].astype(np.int64)
    return Some(first + place, ticket, rows[best, 2:])


def _best(key: bytes, tickets: Tickets, eligible: Flags, _limit: int, first: int, last: int) -> Some:
    """The best ticket of each eligible place of a stretch, whatever its score."""
    best = np.full((last - first, 2), ALL, dtype=np.uint64)
    ticket = np.zeros(last - first, dtype=np.int64)
    for at, number, scored in _layers(key, tickets, first, last):
        score = as_numbers(scored)
        if number == 0:  # which every place has
            best[at] = score
            continue
        before = best[at]
        lower = score[:, 0] < before[:, 0]
        lower |= (score[:, 0] == before[:, 0]) & (score[:, 1] < before[:, 1])
        best[at[lower]], ticket[at[lower]] = score[lower], number
    chosen = np.flatnonzero(eligible[first:last] & (tickets[first:last] > 0))
    return Some(first + chosen, ticket[chosen], best[chosen])


def _layers(
    key: bytes, tickets: Tickets, first: int, last: int
) -> Iterator[tuple[npt.NDArray[np.int64], int, npt.NDArray[np.uint64]]]:
    """The tickets of the places first … last−1, one a place at a time: place − first, the ticket's number,
    and the scores as `Blocks` give them, in memory that is used again for the next ones. Of a place that is
    ciphered alone only the best is told."""
    most = int(tickets[first:last].max(initial=0))
    kind = np.uint8 if most < 1 << 8 else np.uint16  # so that sorting them is counting
    blocks = Blocks(key, max(min(PLACES_AT_ONCE, last - first), most))
    for begin in range(first, last, PLACES_AT_ONCE):
        held = tickets[begin : min(begin + PLACES_AT_ONCE, last)].astype(kind)
        order = np.argsort(held, kind="stable")[::-1]  # who has a ticket j stands before all who have none
        widths = len(held) - np.cumsum(np.bincount(held))  # how many places have a ticket j
        at = order + (begin - first)
        blocks.write(len(at), 0, first + at)
        number, width = 0, len(held)
        while width > NARROW:
            blocks.write(width, 1, number)
            yield at[:width], number, blocks.ciphered(width)
            number += 1
            width = int(widths[number])
        for place, count in zip(at[:width].tolist(), held[order[:width]].tolist(), strict=True):
            left = count - number
            blocks.write(left, 0, first + place)
            blocks.write(left, 1, np.arange(number, count))
            scored = blocks.ciphered(left)
            best = int(sort_blocks(as_numbers(scored))[0])
            yield np.array([place]), number + best, scored[best : best + 1]
