"""The draw: a sort of keyed hashes, one per ticket.

A tier's key is HMAC-SHA256(seed, "gala/tier/1\\0" ‖ u16be(tier)). Ticket j of place n scores AES-256 under it
of u64be(n) ‖ u64be(j): 16 bytes, compared big-endian, lowest wins. AES is a permutation, so there are no
ties. A viewer ranks by the best ticket, and each score depends on nothing but its arguments: taking
somebody out of the roster moves nobody else, it only promotes those behind. After Rivest, "Consistent
Sampling with Replacement", arXiv:1808.10016, here without replacement.

Prizes of a tier go to its ranks in order; tiers are drawn in the order of their table. Who has already won
as often as the cap allows, in this draw and the earlier ones the cap runs over, is skipped. Alternates are
the following ranks of the same ranking, unfiltered: whether one is at the cap is asked on the day a prize
comes free.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from rewards.arithmetic import scores
from rewards.arithmetic.roster import Flags, Tickets, Won
from rewards.arithmetic.scores import RECORD, Records


@dataclass(frozen=True, slots=True)
class Ranked:
    """One rank: the place, its best ticket and that ticket's 16-byte score."""

    place: int
    ticket: int
    score: bytes


class Ranks(Sequence[Ranked]):
    """Ranks in order, kept as the records of `ranking.bin`: a hundred thousand of them are one array."""

    __slots__ = ("records",)

    def __init__(self, records: Records) -> None:
        assert records.dtype == RECORD
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

    @property
    def reach(self) -> int:
        """How many ranks are told, if nobody is skipped."""
        return self.count + self.alternates


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
    times = np.zeros(len(tickets), dtype=np.int32) if won is None else won.astype(np.int32)
    results = []
    for tier in tiers:
        capped = times >= cap
        barred = int(np.count_nonzero(capped & eligible))
        ranks = Ranks(scores.lowest(tier_key(seed, tier.tier), tickets, eligible, tier.reach + barred))
        if barred:
            free = np.flatnonzero(~capped[ranks.places])[: tier.count]
            # If ranks end before the prizes do, all of them were walked.
            taken = int(free[-1]) + 1 if len(free) == tier.count else len(ranks)
            winners = Ranks(ranks.records[free])
        else:
            winners = ranks[: tier.count]
            taken = len(winners)
        np.add.at(times, winners.places, np.int32(1))
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
