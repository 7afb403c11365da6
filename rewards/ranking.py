"""The draw: a sort of keyed hashes, one per ticket.

A tier's key is HMAC-SHA256(seed, "gala/tier/1\\0" ‖ u16be(tier)). Ticket j of place n scores AES-256 under it
of u64be(n) ‖ u64be(j): 16 bytes, compared big-endian, lowest wins. AES is a permutation, so there are no
ties. A viewer ranks by the best ticket, and each score depends on nothing but its arguments: taking
somebody out of the roster moves nobody else, it only promotes those behind. After Rivest, "Consistent
Sampling with Replacement", arXiv:1808.10016, here without replacement.

Prizes of a tier go to its ranks in order; tiers are drawn in the order of their table. Who has already won
as often as the cap allows is skipped. Alternates are the following ranks of the same ranking, unfiltered:
whether one is at the cap is asked on the day a prize comes free.
"""

import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rewards.places import aes_blocks, sort_blocks
from rewards.roster import Flags, Tickets

TICKETS_AT_ONCE = 1 << 20  # 16 MiB of scores: memory stays flat at any size of roster
RECORD = np.dtype([("place", ">u8"), ("ticket", ">u4"), ("score", "V16")])  # 28 bytes


@dataclass(frozen=True, slots=True)
class Ranked:
    """One rank: the place, its best ticket and that ticket's 16-byte score."""

    place: int
    ticket: int
    score: bytes


@dataclass(frozen=True, slots=True)
class Tier:
    """What is to be drawn: `count` prizes and as many `alternates` as are to be published."""

    tier: int
    count: int
    alternates: int


@dataclass(frozen=True, slots=True)
class TierResult:
    """Winners in prize order, alternates in rank order, and how many were skipped at the cap."""

    tier: int
    winners: tuple[Ranked, ...]
    alternates: tuple[Ranked, ...]
    skipped: int

    @property
    def cutoff(self) -> bytes:
        """The last winner's score; empty when nobody won."""
        return self.winners[-1].score if self.winners else b""


def tier_key(seed: bytes, tier: int) -> bytes:
    return hmac.digest(seed, b"gala/tier/1\x00" + tier.to_bytes(2, "big"), "sha256")


def score(key: bytes, place: int, ticket: int) -> bytes:
    """A ticket's score, 16 bytes. key: 32 bytes, of the tier."""
    one = aes_blocks(key, np.array([place], dtype=np.uint64), np.array([ticket], dtype=np.uint64))
    return one.astype(">u8").tobytes()


def best_ticket(key: bytes, place: int, tickets: int) -> Ranked:
    """The lowest of a place's tickets, 1 or more."""
    blocks = aes_blocks(key, np.full(tickets, place, dtype=np.uint64), np.arange(tickets, dtype=np.uint64))
    best = int(sort_blocks(blocks)[0])
    return Ranked(place, best, blocks[best].astype(">u8").tobytes())


def best_scores(key: bytes, tickets: Tickets) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each place's best score; every place has a ticket."""
    found = np.empty(len(tickets), dtype=np.uint64)
    for first, last in _chunks(tickets):
        places, numbers, starts = _spread(np.arange(first, last, dtype=np.int64), tickets[first:last])
        scores = aes_blocks(key, places, numbers)[:, 0]
        found[first:last] = np.minimum.reduceat(scores, starts)
    return found


def lowest(key: bytes, tickets: Tickets, eligible: Flags, count: int) -> list[Ranked]:
    """The first `count` ranks (or all there are), best first."""
    best = best_scores(key, tickets)
    pool = np.flatnonzero(eligible)
    if count < len(pool):
        # Everyone whose first eight bytes reach the count-th lowest; ties are settled below in full.
        limit = np.partition(best[pool], count - 1)[count - 1] if count else np.uint64(0)
        pool = pool[best[pool] <= limit]
    places, numbers, _ = _spread(pool, tickets[pool])
    blocks = aes_blocks(key, places, numbers)
    order = sort_blocks(blocks)
    _, firsts = np.unique(places[order], return_index=True)
    ranks = order[np.sort(firsts)][:count]
    raw = blocks.astype(">u8")
    return [Ranked(int(places[at]), int(numbers[at]), raw[at].tobytes()) for at in ranks]


def draw(seed: bytes, tiers: Sequence[Tier], tickets: Tickets, eligible: Flags, cap: int) -> list[TierResult]:
    """Ranks every tier. cap: prizes one viewer may win in this draw, at least 1."""
    won: Counter[int] = Counter()
    results = []
    for tier in tiers:
        capped = {place for place, times in won.items() if times >= cap}
        ranks = lowest(
            tier_key(seed, tier.tier), tickets, eligible, tier.count + tier.alternates + len(capped)
        )
        winners: list[Ranked] = []
        taken = 0
        while taken < len(ranks) and len(winners) < tier.count:
            if ranks[taken].place not in capped:
                winners.append(ranks[taken])
            taken += 1
        won.update(ranked.place for ranked in winners)
        alternates = tuple(ranks[taken : taken + tier.alternates])
        results.append(TierResult(tier.tier, tuple(winners), alternates, taken - len(winners)))
    return results


def encode(results: Sequence[TierResult]) -> bytes:
    """`ranking.bin`: per tier its winners, then its alternates; u64be place ‖ u32be ticket ‖ score."""
    return b"".join(
        ranked.place.to_bytes(8, "big") + ranked.ticket.to_bytes(4, "big") + ranked.score
        for result in results
        for ranked in (*result.winners, *result.alternates)
    )


def decode(content: bytes, sizes: Sequence[tuple[int, int, int, int]]) -> list[TierResult]:
    """Reads `ranking.bin` by (tier, winners, alternates, skipped) of the result leaf.

    ValueError if the file does not hold exactly so many records.
    """
    wanted = sum(winners + alternates for _, winners, alternates, _ in sizes)
    if len(content) != wanted * RECORD.itemsize:
        raise ValueError(f"ranking.bin holds {len(content)} bytes, not {wanted} records")
    rows: list[Any] = np.frombuffer(content, dtype=RECORD).tolist()
    ranked = iter([Ranked(int(place), int(ticket), bytes(raw)) for place, ticket, raw in rows])
    return [
        TierResult(tier, tuple(_take(ranked, winners)), tuple(_take(ranked, alternates)), skipped)
        for tier, winners, alternates, skipped in sizes
    ]


def _take(ranked: Iterator[Ranked], count: int) -> list[Ranked]:
    return [next(ranked) for _ in range(count)]


def _chunks(tickets: Tickets) -> Iterator[tuple[int, int]]:
    """Ranges of whole places with about TICKETS_AT_ONCE tickets each."""
    ends = np.cumsum(tickets)
    first = 0
    while first < len(tickets):
        before = int(ends[first - 1]) if first else 0
        last = int(np.searchsorted(ends, before + TICKETS_AT_ONCE, side="right"))
        last = max(last, first + 1)
        yield first, last
        first = last


def _spread(
    places: npt.NDArray[np.int64], tickets: Tickets
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """One row a ticket: its place, its number within the place, and where each place begins."""
    starts = np.cumsum(tickets) - tickets
    numbers = np.arange(int(tickets.sum()), dtype=np.int64) - np.repeat(starts, tickets)
    return np.repeat(places, tickets).astype(np.uint64), numbers.astype(np.uint64), starts
