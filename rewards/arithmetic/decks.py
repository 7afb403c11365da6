"""Decks: the exact list of amounts in the envelopes of one tier, fixed before the show.

A deck is a histogram, `draws/N/deck-T.bin`: records u64be amount ‖ u64be count, amounts strictly descending,
counts at least 1. Card p is the p-th amount, largest first, each amount standing `count` times; the viewer
of rank p is dealt card p. More ranks than cards: the lowest scores win. Fewer: the rest of the deck goes
back. There is no chance in a deck: whose rank is which is the draw's, so neither speed nor network nor
channel wins anything.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Amounts = npt.NDArray[np.int64]
"""Minor units, or how many: 1 to 2^53-1."""

_RECORD = np.dtype([("amount", ">u8"), ("count", ">u8")])
_MOST = (1 << 53) - 1  # what a JSON number holds exactly
CARDS_MAX = 1 << 28  # a card for each of more viewers than any roster of ours holds; bounds memory


class BadDeck(ValueError):
    """A deck file that is none, or a deck that cannot be made so; says why."""


def encode(amounts: Amounts, counts: Amounts) -> bytes:
    """The file of a histogram. BadDeck as `decode`."""
    _check(amounts, counts)
    records = np.empty(len(amounts), dtype=_RECORD)
    records["amount"], records["count"] = amounts, counts
    return records.tobytes()


def decode(content: bytes) -> tuple[Amounts, Amounts]:
    """(amounts, counts), as long as each other, amounts strictly descending; BadDeck naming what is wrong."""
    if not content or len(content) % _RECORD.itemsize:
        raise BadDeck(f"{len(content)} bytes are no records of {_RECORD.itemsize}")
    records = np.frombuffer(content, dtype=_RECORD)
    for name in ("amount", "count"):
        over = np.flatnonzero(records[name] > _MOST)
        if len(over):
            raise BadDeck(f"record {over[0]}: {name} {int(records[name][over[0]])} is over 2^53-1")
    amounts, counts = records["amount"].astype(np.int64), records["count"].astype(np.int64)
    _check(amounts, counts)
    return amounts, counts


def total(amounts: Amounts, counts: Amounts) -> int:
    """The sum of all cards, in minor units; exact at any size."""
    # 26 bits at a time: neither the products nor their sums leave 64 bits, with cards bounded as they are
    high, low = amounts >> 26, amounts & ((1 << 26) - 1)
    return (int((high * counts).sum()) << 26) + int((low * counts).sum())


def cards(amounts: Amounts, counts: Amounts) -> Amounts:
    """Each card's amount by rank from 0, largest first."""
    return np.repeat(amounts, counts)


def leaf(content: bytes) -> dict[str, Any]:
    """What a spec says of a deck: `sum`, `least`, `most` (minor units), `size` and `sha256` of the file."""
    amounts, counts = decode(content)
    return {
        "sum": total(amounts, counts),
        "least": int(amounts[-1]),
        "most": int(amounts[0]),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _check(amounts: Amounts, counts: Amounts) -> None:
    if not len(amounts):
        raise BadDeck("no cards")
    for name, values in (("amount", amounts), ("count", counts)):
        wrong = np.flatnonzero((values < 1) | (values > _MOST))
        if len(wrong):
            raise BadDeck(f"record {wrong[0]}: {name} {int(values[wrong[0]])} is not between 1 and 2^53-1")
    rising = np.flatnonzero(amounts[1:] >= amounts[:-1])
    if len(rising):
        raise BadDeck(f"record {rising[0] + 1}: amounts descend, and each stands once")
    if int(counts.max()) > CARDS_MAX or int(counts.sum()) > CARDS_MAX:
        raise BadDeck(f"more than {CARDS_MAX} cards")
    if total(amounts, counts) > _MOST:
        raise BadDeck("the cards sum to more than 2^53-1")


# Decks that sum to a budget


def _even(count: int) -> npt.NDArray[np.float64]:
    return np.ones(count)


def _slope(count: int) -> npt.NDArray[np.float64]:
    return np.arange(count, 0, -1, dtype=np.float64) - 0.5


def _lucky(count: int) -> npt.NDArray[np.float64]:
    return np.reciprocal(np.arange(1, count + 1, dtype=np.float64))


SHAPES: Mapping[str, Callable[[int], npt.NDArray[np.float64]]] = {
    "even": _even,
    "slope": _slope,
    "lucky": _lucky,
}
"""How the cards of a deck fall from the first to the last, beyond the least: all alike; in equal steps; as
1, 1/2, 1/3 …: a few large and many small. Only sums, products and quotients: the same on every machine."""


def deal_out(budget: int, count: int, least: int, most: int, shape: str) -> tuple[Amounts, Amounts]:
    """The deck (amounts, counts) of `count` cards between `least` and `most` that sum to exactly `budget`.

    All in minor units. BadDeck, with the sum to mend, if there is no such deck or no such shape.
    """
    if shape not in SHAPES:
        raise BadDeck(f"no shape {shape!r}: one of {', '.join(SHAPES)}")
    if not 1 <= count <= CARDS_MAX:
        raise BadDeck(f"{count} envelopes: 1 to {CARDS_MAX} can be dealt")
    if not 1 <= least <= most:
        raise BadDeck(f"from {least} to {most} there is no amount: at least 1, and the most not below it")
    if budget > _MOST:
        raise BadDeck(f"a budget of {budget} is over 2^53-1")
    if budget < count * least:
        raise BadDeck(f"{count} envelopes of at least {least} need {count * least}, the budget is {budget}")
    if budget > count * most:
        raise BadDeck(f"{count} envelopes of at most {most} hold {count * most}, the budget is {budget}")
    beyond = _shared(budget - count * least, min(most - least, budget), SHAPES[shape](count))
    ends = np.flatnonzero(np.append(beyond[1:] != beyond[:-1], True))
    return beyond[ends] + least, np.diff(ends, prepend=-1)


def _shared(extra: int, room: int, weights: npt.NDArray[np.float64]) -> Amounts:
    """`extra` units shared out by weight, none getting more than `room`; weights fall, and so do the shares.

    By proportion, cut off at `room`, then what rounding left over is put right to the unit.
    """
    count = len(weights)
    # as many as get all the room: the fewest after whom a share by weight fits, found by halving
    behind = np.append(np.cumsum(weights[::-1])[::-1], 0.0)
    full, upper = 0, count
    while full < upper:
        middle = (full + upper) // 2
        if weights[middle] * (extra - middle * room) <= room * behind[middle]:
            upper = middle
        else:
            full = middle + 1
    shares = np.full(count, room, dtype=np.int64)
    if full < count:
        rate = max(0, extra - full * room) / behind[full]
        np.minimum((weights[full:] * rate).astype(np.int64), room, out=shares[full:])
    return _corrected(shares, extra - int(shares.sum()), room)


def _corrected(shares: Amounts, missing: int, room: int) -> Amounts:
    """Falling shares whose sum is `missing` greater; each stays between 0 and `room`, and they still fall."""
    if missing < 0:
        return room - _corrected((room - shares)[::-1], -missing, room)[::-1]
    while missing:
        takers = np.flatnonzero(shares < room)
        if missing < len(takers):
            shares[takers[:missing]] += 1
            return shares
        gain = np.minimum(room - shares[takers], missing // len(takers))
        shares[takers] += gain
        missing -= int(gain.sum())
    return shares
