"""What a viewer may be told of a finished draw: the winners by number, and one's own score and rank.

Numbers are the operator's and each viewer's own knowledge; none of this is published.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rewards.arithmetic import ranking, roster, scores
from rewards.arithmetic.ranking import Ranked, TierResult
from rewards.arithmetic.roster import Flags, Tickets
from rewards.rules import draws, leaves
from rewards.rules.boxes import Numbers
from rewards.rules.history import Draw


@dataclass(frozen=True, slots=True)
class Winner:
    """A rank of a tier, 0 the best of those not skipped. A winner's `prize` counts within the tier and
    equals the rank; an alternate's rank follows the last winner's, and the prize is whichever comes free."""

    number: int
    tier: int
    prize: int
    rank: int
    score: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finished draw. cutoff: tier -> the last winner's score in hex, empty if nobody won. tickets_total and
    entrants count those that could win."""

    winners: list[Winner]
    alternates: list[Winner]
    cutoff: dict[int, str]
    tickets_total: int
    entrants: int


@dataclass(frozen=True, slots=True)
class TierStanding:
    """One viewer in one tier: rank 1 is the best score of all; won is the prize, or None."""

    tier: int
    rank: int
    score: str
    cutoff: str
    won: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One viewer in a finished draw: no place and no tiers without tickets, no tiers when barred."""

    place: int | None
    tickets: int
    entrants: int
    tiers: list[TierStanding] = field(default_factory=list)


@dataclass(slots=True)
class Scores:
    """A finished draw, ready to be asked by number. Scores of all places are sorted at the first question."""

    seed: bytes
    tickets: Tickets
    eligible: Flags
    numbers: Numbers
    results: Sequence[TierResult]
    _by_number: npt.NDArray[np.int64] | None = None
    _best: dict[int, npt.NDArray[np.uint64]] = field(default_factory=dict)

    def drawn(self) -> Drawn:
        winners, alternates = [], []
        for result in self.results:
            winners += [self._named(result, r, at) for at, r in enumerate(result.winners)]
            alternates += [
                self._named(result, r, len(result.winners) + at) for at, r in enumerate(result.alternates)
            ]
        cutoff = {result.tier: result.cutoff.hex() for result in self.results}
        tickets = int(self.tickets[self.eligible].sum())
        return Drawn(winners, alternates, cutoff, tickets, int(self.eligible.sum()))

    def _named(self, result: TierResult, ranked: Ranked, rank: int) -> Winner:
        return Winner(int(self.numbers[ranked.place]), result.tier, rank, rank, ranked.score.hex())

    def of(self, number: int) -> Standing:
        entrants = int(self.eligible.sum())
        if self._by_number is None:
            self._by_number = np.argsort(self.numbers)
        at = int(np.searchsorted(self.numbers, number, sorter=self._by_number))
        if at == len(self.numbers) or self.numbers[self._by_number[at]] != number:
            return Standing(None, 0, entrants)
        place = int(self._by_number[at])
        if not self.eligible[place]:
            return Standing(place, int(self.tickets[place]), entrants)
        return Standing(
            place, int(self.tickets[place]), entrants, [self._tier(result, place) for result in self.results]
        )

    def _tier(self, result: TierResult, place: int) -> TierStanding:
        key = ranking.tier_key(self.seed, result.tier)
        if result.tier not in self._best:
            self._best[result.tier] = np.sort(scores.best_scores(key, self.tickets)[self.eligible])
        _, score = scores.best_ticket(key, place, int(self.tickets[place]))
        first = np.uint64(int.from_bytes(score[:8], "big"))
        rank = int(np.searchsorted(self._best[result.tier], first)) + 1
        won = next((prize for prize, ranked in enumerate(result.winners) if ranked.place == place), None)
        return TierStanding(result.tier, rank, score.hex(), result.cutoff.hex(), won)


def scores_of(draw: Draw, read: Callable[[str], bytes], numbers: Numbers) -> Scores:
    """A finished draw from its files. read: one of its files by name; numbers: by place."""
    result = draw.stages["result"]
    tickets = roster.decode(read("roster.bin"), leaves.draw_id32(draw.spec["draw_id"]))
    eligible = roster.decode_flags(read("eligible.bin"), len(tickets))
    results = draws.read_ranking(result, read("ranking.bin"))
    return Scores(bytes.fromhex(result["seed"]), tickets, eligible, numbers, results)
