"""The two derived files of a draw and their leaves: roster from sealed boxes, ranking from the seed.

Pure functions on the bytes of files: what the operator computes here, the auditor computes again.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rewards.arithmetic import beacon, places, ranking, roster, scores, slots
from rewards.arithmetic.ranking import Tier, TierResult
from rewards.arithmetic.stretches import stretches
from rewards.log import merkle
from rewards.rules import leaves
from rewards.rules.boxes import Numbers
from rewards.rules.history import Draw, Stages
from rewards.rules.leaves import Leaf


@dataclass(frozen=True, slots=True)
class Played:
    """A sealed round that gives tickets: its leaves, its slots, the numbers behind them. channels: those
    whose slots alone give any in this draw (None: all). sealed: the stage that sealed these slots, the whole
    box's or that of a part."""

    round_id: str
    stages: Stages
    content: bytes
    numbers: Numbers
    channels: Sequence[int] | None = None
    sealed: str = "seal"


@dataclass(frozen=True, slots=True)
class Roster:
    """`roster.bin`, `eligible.bin`, the leaf, and the numbers by place; `won.bin` if the cap asks for it."""

    leaf: Leaf
    roster: bytes
    eligible: bytes
    numbers: Numbers
    won: bytes | None


@dataclass(frozen=True, slots=True)
class Result:
    """The result leaf and the ranks it stands for."""

    leaf: Leaf
    tiers: list[TierResult]


def make_roster(
    spec: Leaf,
    issued: Sequence[tuple[int, int]],
    key: bytes,
    rounds: Iterable[Played],
    barred: Sequence[int] | npt.NDArray[np.int64],
    won_by_number: Mapping[int, int] | None = None,
) -> Roster:
    """Adds up every number's tickets over the rounds and puts them into public order.

    issued: the beginning of a minute (ms) and how many numbers were given out from it on, ascending. key: the
    draw's place key. barred: numbers that draw nothing. won_by_number: prizes won in the earlier
    draws of a cap over several, and only of such a cap. ValueError for a slot beyond the numbers given out.
    """
    if (won_by_number is not None) != cap_is_shared(spec):
        raise ValueError(f"draw {spec['draw']}: what was won before belongs to a cap over several draws")
    numbers_count = sum(count for _, count in issued)
    total, most = np.zeros(numbers_count, dtype=np.uint8), 0  # the fewer bytes, the more stay in the cache
    named: list[dict[str, Any]] = []
    for played, earned in _with_tickets(rounds):
        if len(played.numbers) and int(played.numbers.max()) >= numbers_count:
            raise ValueError(f"round {played.round_id}: number {played.numbers.max()} was never given out")
        most += slots.tickets_max(played.stages["open"]["entries"])
        if most > np.iinfo(total.dtype).max:
            total = total.astype(np.uint16)  # a spec allows no more than 65535 to one number
        _add(total, played.numbers, earned.astype(total.dtype))
        named.append(
            {
                "round": played.round_id,
                "seal": played.stages.index(played.sealed),
                "tickets": int(earned.sum()),
            }
        )
    numbers = places.in_public_order(key, np.flatnonzero(total))
    with ThreadPoolExecutor(1) as beside:
        committed = beside.submit(places.numbers_mac, key, numbers)
        tickets = _at(total, numbers)
        tickets_total: int = sum(item["tickets"] for item in named)
        if int(tickets.sum()) != tickets_total:
            raise ValueError(f"draw {spec['draw']}: a number has more than {roster.TICKETS_MAX} tickets")
        eligible = np.ones(len(numbers), dtype=np.bool_)
        if len(barred):
            may_win = np.ones(numbers_count, dtype=np.bool_)
            listed = np.asarray(barred, dtype=np.int64)
            may_win[listed[listed < numbers_count]] = False
            eligible = _at(may_win, numbers)
        content = roster.encode(leaves.draw_id32(spec["draw_id"]), tickets)
        flags = roster.encode_flags(eligible)
        leaf = {
            "schema": "gala/roster/1",
            "draw": spec["draw"],
            "draw_id": spec["draw_id"],
            "rounds": named,
            "numbers_count": numbers_count,
            "issued": [list(row) for row in issued],
            "places": len(tickets),
            "tickets_total": tickets_total,
            "eligible_places": int(eligible.sum()),
            "eligible_tickets": int(tickets[eligible].sum()),
            "histogram": roster.histogram(tickets),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "root": roster.root(content).hex(),
            "eligible_sha256": hashlib.sha256(flags).hexdigest(),
            "numbers_mac": committed.result().hex(),
        }
    if won_by_number is None:
        return Roster(leaf, content, flags, numbers, None)
    times = np.zeros(numbers_count, dtype=np.int64)
    times[list(won_by_number)] = list(won_by_number.values())
    won = roster.encode_won(times[numbers])
    leaf["won_sha256"] = hashlib.sha256(won).hexdigest()
    leaf["won_total"] = sum(won)
    return Roster(leaf, content, flags, numbers, won)


def _with_tickets(rounds: Iterable[Played]) -> Iterator[tuple[Played, roster.Tickets]]:
    """Each round and its slots' tickets; the next one is read and evaluated while one is added up."""
    waiting = iter(rounds)

    def following() -> tuple[Played, roster.Tickets] | None:
        for played in waiting:
            return played, round_tickets(played.stages, played.content, played.channels)
        return None

    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(following)
        while (found := coming.result()) is not None:
            coming = beside.submit(following)
            yield found


def _add(total: roster.Tickets, numbers: Numbers, earned: roster.Tickets) -> None:
    """Adds each of these distinct numbers its tickets: by stretches, since numpy lets nobody else run within
    one (and it is the quickest of ways all the same)."""
    for first in range(0, len(numbers), 1 << 14):
        some = slice(first, first + (1 << 14))
        np.add.at(total, numbers[some], earned[some])


def _at(values: npt.NDArray[Any], where: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """values[where], by stretches; `where` is within."""
    found = np.empty(len(where), dtype=values.dtype)

    def of(first: int, last: int) -> None:
        np.take(values, where[first:last], out=found[first:last], mode="clip")

    stretches(len(where), 1 << 20, of)
    return found


def cap_is_shared(spec: Leaf) -> bool:
    """Whether the cap of a draw runs over earlier draws too: then its roster has a `won.bin`."""
    return len(spec["cap"]["draws"]) > 1


def won_by_number(earlier: Iterable[tuple[Numbers, Sequence[TierResult]]]) -> dict[int, int]:
    """How many prizes each number won in finished draws, of each the numbers by place and the ranks."""
    found: Counter[int] = Counter()
    for numbers, results in earlier:
        for result in results:
            found.update(numbers[result.winners.places].tolist())
    return dict(found)


def channels_of(spec: Leaf, round_id: str) -> Sequence[int] | None:
    """The channels whose slots give tickets by a round that a draw names (the first of its reruns), or None
    for all of them."""
    found: Sequence[int] | None = next(
        item.get("channels") for item in spec["rounds"] if item["round"] == round_id
    )
    return found


def round_tickets(stages: Stages, content: bytes, channels: Sequence[int] | None) -> roster.Tickets:
    """Tickets of each slot of a sealed box, in its order; channels: as `channels_of` gives them."""
    opening = stages["open"]
    layout = slots.Layout.from_json(opening["layout"])
    settled = stages["settle"]["settled"] if "settle" in stages else None
    return slots.tickets(layout, opening["entries"], slots.records(layout, content), settled, channels)


def seed_of(draw: Draw, bodies: Sequence[bytes], signature: bytes) -> bytes:
    """The seed, once the signature has been found good. bodies: the log."""
    chain = beacon.Chain.from_json(draw.spec["beacon"])
    beacon_round = draw.stages["reveals-closed"]["beacon_round"]
    beacon.check(chain, beacon_round, signature)
    entering = [bodies[draw.stages.index(stage)] for stage in ("spec", "roster", "reveals-closed")]
    return leaves.seed(entering[0], entering[1], entering[2], chain, beacon_round, signature)


def make_result(
    draw: Draw,
    bodies: Sequence[bytes],
    signature: bytes,
    rostered: bytes,
    eligible: bytes,
    won: bytes | None = None,
) -> Result:
    """Ranks a roster. BadBeacon unless the signature is that of the round that was chosen.

    rostered, eligible, won: the three files; the last only of a cap over several draws.
    """
    spec = draw.spec
    seed = seed_of(draw, bodies, signature)
    tickets = roster.decode(rostered, leaves.draw_id32(spec["draw_id"]))
    flags = roster.decode_flags(eligible, len(tickets))
    tiers = [Tier(prize["tier"], prize["count"], prize["alternates"]) for prize in spec["prizes"]]
    before = None if won is None else roster.decode_won(won, len(tickets))
    results = ranking.draw(seed, tiers, tickets, flags, spec["cap"]["prizes"], before)
    content = ranking.encode(results)
    leaf = {
        "schema": "gala/result/1",
        "draw": spec["draw"],
        "draw_id": spec["draw_id"],
        "reveals_closed": draw.stages.index("reveals-closed"),
        "beacon_round": draw.stages["reveals-closed"]["beacon_round"],
        "signature": signature.hex(),
        "seed": seed.hex(),
        "tiers": [
            {
                "tier": result.tier,
                "winners": len(result.winners),
                "alternates": len(result.alternates),
                "skipped": result.skipped,
                "cutoff": result.cutoff.hex(),
            }
            for result in results
        ],
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "root": merkle.chunked_root(content, scores.RECORD.itemsize).hex(),
    }
    return Result(leaf, results)


def read_ranking(result: Leaf, content: bytes) -> list[TierResult]:
    """The ranks of `ranking.bin`; ValueError if it holds another number of them than its leaf says."""
    return ranking.decode(
        content,
        [(tier["tier"], tier["winners"], tier["alternates"], tier["skipped"]) for tier in result["tiers"]],
    )
