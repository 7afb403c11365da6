"""The draw: a sort of keyed hashes, one per ticket.

A tier's key is HMAC-SHA256(seed, "gala/tier/1\\0" ‖ u16be(tier)). Ticket j of place n scores AES-256 under it
of u64be(n) ‖ u64be(j): 16 bytes, compared big-endian, lowest wins. AES is a permutation, so there are no
ties. A viewer ranks by the best ticket, and each score depends on nothing but its arguments: taking
somebody out of the roster moves nobody else, it only promotes those behind. After Rivest, "Consistent
Sampling with Replacement", arXiv:1808.10016, here without replacement.

Prizes of a tier go to its ranks in order; tiers are drawn in the order of their table. Who has already won
as often as the cap allows, in this draw and the earlier ones the cap runs over, is skipped. Alternates are the following ranks of the same ranking, unfiltered:
whether one is at the cap is asked on the day a prize comes free.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from rewards.places import aes_blocks, sort_blocks
from rewards.roster import Flags, Tickets, Won

TICKETS_AT_ONCE = 1 << 20  # 16 MiB of scores: memory stays flat at any size of roster
RECORD = np.dtype([("place", ">u8"), ("ticket", ">u4"), ("score", "V16")])  # 28 bytes


@dataclass(frozen=True, slots=True)
class Ranked:
    """One rank: the place, its best ticket and that ticket's 16-byte score."""

    place: int
    ticket: int
    score: bytes


class Ranks(Sequence[Ranked]):
    """Ranks in order, kept as the records of `ranking.bin`: a hundred thousand of them are one array."""

    __slots__ = ("records",)

    def __init__(self, records: npt.NDArray[Any]) -> None:
        """records: of dtype RECORD."""
        self.records = records

    @property
    def places(self) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = self.records["place"].astype(np.int64)
        return found

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, at: int) -> Ranked: ...
    @overload
    def __getitem__(self, at: slice) -> "Ranks": ...
    def __getitem__(self, at: int | slice) -> "Ranked | Ranks":
        if isinstance(at, slice):
            return Ranks(self.records[at])
        place, ticket, raw = self.records[at].item()
        return Ranked(place, ticket, raw)

    def __iter__(self) -> Iterator[Ranked]:
        rows: list[tuple[int, int, bytes]] = self.records.tolist()
        return (Ranked(place, ticket, raw) for place, ticket, raw in rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranks) and self.records.tobytes() == other.records.tobytes()

    def __hash__(self) -> int:
        return hash(self.records.tobytes())

    def __repr__(self) -> str:
        return f"Ranks({list(self)})"


@dataclass(frozen=True, slots=True)
class Tier:
    """What is to be drawn: `count` prizes, at least 1, and as many `alternates` as are to be published."""

    tier: int
    count: int
    alternates: int


@dataclass(frozen=True, slots=True)
class TierResult:
    """Winners in prize order, alternates in rank order, and how many were skipped at the cap."""

    tier: int
    winners: Ranks
    alternates: Ranks
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


def lowest(key: bytes, tickets: Tickets, eligible: Flags, count: int) -> Ranks:
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
    records = np.empty(len(ranks), dtype=RECORD)
    records["place"], records["ticket"] = places[ranks], numbers[ranks]
    records["score"] = blocks[ranks].astype(">u8").view("V16")[:, 0]
    return Ranks(records)


def draw(
    seed: bytes,
    tiers: Sequence[Tier],
    tickets: Tickets,
    eligible: Flags,
    cap: int,
    won: Won | None = None,
) -> list[TierResult]:
    """Ranks every tier. cap: prizes one viewer may win, at least 1; won: by place, how many of them were won
    in earlier draws."""
    times = np.zeros(len(tickets), dtype=np.int64) if won is None else won.astype(np.int64)
    results = []
    for tier in tiers:
        capped = times >= cap
        reach = tier.count + tier.alternates + int(np.count_nonzero(capped & eligible))
        ranks = lowest(tier_key(seed, tier.tier), tickets, eligible, reach)
        free = np.flatnonzero(~capped[ranks.places])[: tier.count]
        # If ranks end before the prizes do, all of them were walked.
        taken = int(free[-1]) + 1 if len(free) == tier.count else len(ranks)
        winners = Ranks(ranks.records[free])
        times[winners.places] += 1
        alternates = ranks[taken : taken + tier.alternates]
        results.append(TierResult(tier.tier, winners, alternates, taken - len(winners)))
    return results


def encode(results: Sequence[TierResult]) -> bytes:
    """`ranking.bin`: per tier its winners, then its alternates; u64be place ‖ u32be ticket ‖ score."""
    return b"".join(
        ranks.records.tobytes() for result in results for ranks in (result.winners, result.alternates)
    )


def decode(content: bytes, sizes: Sequence[tuple[int, int, int, int]]) -> list[TierResult]:
    """Reads `ranking.bin` by (tier, winners, alternates, skipped) of the result leaf.

    ValueError if the file does not hold exactly so many records.
    """
    wanted = sum(winners + alternates for _, winners, alternates, _ in sizes)
    if len(content) != wanted * RECORD.itemsize or min((n for size in sizes for n in size), default=0) < 0:
        raise ValueError(f"ranking.bin holds {len(content)} bytes, not {wanted} records")
    ranks = Ranks(np.frombuffer(content, dtype=RECORD))
    found = []
    first = 0
    for tier, winners, alternates, skipped in sizes:
        middle, last = first + winners, first + winners + alternates
        found.append(TierResult(tier, ranks[first:middle], ranks[middle:last], skipped))
        first = last
    return found


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
