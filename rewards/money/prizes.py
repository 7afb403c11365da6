"""What the ranks of a finished draw are worth, and who follows where a prize was not claimed.

Pure: the cashier writes rows from it, the auditor compares rows with it. Prize p of a tier goes to its rank
p, worth the tier's amount, or card p of its deck. On a fixed date every voucher that nobody has claimed
expires, and its prize passes on to the tier's next alternate who is not at the cap, or returns to the budget.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rewards.arithmetic import decks
from rewards.arithmetic.ranking import Ranked, TierResult
from rewards.money.books import Book, Row, Subject
from rewards.rules import draws
from rewards.rules.history import Draw
from rewards.rules.leaves import Leaf


def budget_of(prize: Mapping[str, Any]) -> int:
    """A tier's whole budget, in minor units."""
    return int(prize["deck"]["sum"] if "deck" in prize else prize["count"] * prize["amount"])


@dataclass(slots=True)
class Prizes:
    """A finished draw's prizes. faces: by tier, what each won prize is worth, in the order of ranks.

    won_before: prizes each place won in the earlier draws under the same cap, a byte a place, or empty.
    """

    spec: Leaf
    results: Sequence[TierResult]
    faces: Mapping[int, Sequence[int]]
    won_before: bytes = b""
    _held: Counter[int] | None = None  # place -> won and promoted; counted by the first `call`
    _next: Counter[int] = field(default_factory=Counter)  # tier -> alternates used up; written by `call`

    def leftover(self, tier: int) -> int:
        """What no rank of a tier won, in minor units."""
        return budget_of(self.spec["prizes"][tier - 1]) - sum(self.faces[tier])

    def call(self, tier: int) -> Ranked | None:
        """The next alternate of a tier, used up by this call: whoever is at the cap is passed over for good.
        None when there is none left."""
        if self._held is None:
            self._held = Counter(place for won in self.results for place in won.winners.places.tolist())
        ranks = self.results[tier - 1].alternates
        while self._next[tier] < len(ranks):
            ranked = ranks[self._next[tier]]
            self._next[tier] += 1
            before = self.won_before[ranked.place] if self.won_before else 0
            if before + self._held[ranked.place] < self.spec["cap"]["prizes"]:
                self._held[ranked.place] += 1
                return ranked
        return None


def read_prizes(draw: Draw, read: Callable[[str], bytes]) -> Prizes:
    """The prizes of a draw with a result. read: the content of a file of the bundle, by its path."""
    folder = f"draws/{draw.spec['draw']}"
    result = draw.stages["result"]
    results = draws.read_ranking(result, read(f"{folder}/ranking.bin"))
    faces: dict[int, Sequence[int]] = {}
    for prize, tier in zip(draw.spec["prizes"], results, strict=True):
        count = len(tier.winners)
        if "deck" in prize:
            cards = decks.cards(*decks.decode(read(f"{folder}/deck-{prize['tier']}.bin")))
            faces[prize["tier"]] = cards[:count].tolist()
        else:
            faces[prize["tier"]] = [prize["amount"]] * count
    won_before = read(f"{folder}/won.bin") if "won_sha256" in draw.stages["roster"] else b""
    return Prizes(draw.spec, results, faces, won_before)


def date_rows(book: Book, prizes: Prizes, at_ms: int) -> tuple[list[Row], list[tuple[Subject, Ranked]]]:
    """What a fixed date writes: the rows, and who is promoted by which voucher. Uses up the alternates.

    For every voucher of the draw that is live, in the order of tiers and prizes: it expires, and passes on to
    the next alternate, whose voucher is reserved and issued at once; or returns where there is none.
    """
    rows: list[Row] = []
    promoted = []
    for subject in book.of(prizes.spec["draw"], "live"):
        draw, tier, prize, alternate = subject
        _, n, amount, currency = book.states[subject]
        ranked = prizes.call(tier)
        heir = (draw, tier, prize, alternate + 1)
        events = [(subject, "expire", n + 1), (subject, "pass" if ranked else "return", n + 2)]
        if ranked:
            events += [(heir, "promote", 0), (heir, "issue", 1)]
            promoted.append((heir, ranked))
        rows += [
            Row(book.count + len(rows) + at, at_ms, *whose, kind, number, amount, currency)
            for at, (whose, kind, number) in enumerate(events, 1)
        ]
    return rows, promoted


def promoted(finished: Iterable[Prizes], lines: Iterable[str]) -> Iterator[tuple[Subject, Ranked]]:
    """Who was promoted by which voucher, as the rows of `ledger.csv` tell. Uses up the alternates.

    ValueError for a promotion without an alternate.
    """
    by_number = {won.spec["draw"]: won for won in finished}
    for line in lines:
        if ",promote," not in line:
            continue
        draw, tier, prize, alternate = (int(cell) for cell in line.split(",")[3:7])
        ranked = by_number[draw].call(tier)
        if ranked is None:
            raise ValueError(f"draw {draw} tier {tier}: no alternate is left for prize {prize}")
        yield (draw, tier, prize, alternate), ranked


def end_rows(book: Book, draw: int, at_ms: int) -> list[Row]:
    """What the end of a draw's window writes: every voucher that is live or claimed expires and returns."""
    rows: list[Row] = []
    for subject in book.of(draw, "live", "claimed"):
        state, n, amount, currency = book.states[subject]
        kinds = ("expire" if state == "live" else "lapse", "return")
        rows += [
            Row(book.count + len(rows) + at, at_ms, *subject, kind, n + at, amount, currency)
            for at, kind in enumerate(kinds, 1)
        ]
    return rows
