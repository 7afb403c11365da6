"""What an evening came to, read from its published evidence alone, so that anybody's reading gives the same.

The ledger's rows are summed as they stand; that they may stand so is the verifier's to say, whose checks go
along. Amounts are minor units.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rewards.arithmetic import roster
from rewards.evidence import bundle
from rewards.evidence.checks import Check
from rewards.log import canonical, note, tiles
from rewards.log.note import Checkpoint
from rewards.money.books import HEADER
from rewards.rules import draws, leaves
from rewards.rules.history import Draw, History, Stages
from rewards.rules.leaves import Leaf

Rows = dict[tuple[int, int], Counter[str]]
"""By draw and tier: what rows of each kind move, and, under ``KIND#``, how many there are."""


class TierCame(msgspec.Struct, frozen=True, kw_only=True):
    """A tier: what was promised, and what became of it. least, most: of a deck's cards; 0: all are `face`.

    issued + leftover is what was meant to be given: issued counts every voucher, a prize that passed on again
    with its next holder's. returned includes the leftover.
    """

    tier: int
    name: str
    count: int
    currency: str
    face: int
    least: int
    most: int
    budget: int
    winners: int
    vouchers: int
    issued: int
    redeemed: int
    expired: int
    passed: int
    returned: int
    outstanding: int


class Chance(msgspec.Struct, frozen=True):
    """Of those who held so many tickets: how many there were, and how many of them won."""

    tickets: int
    viewers: int
    winners: int


class DrawCame(msgspec.Struct, frozen=True, kw_only=True):
    """A draw. state: how far it came (open, frozen, result, void, closed). excluded: accounts that may not
    win. numbers: given out until its roster; busiest: of these in one minute, which began `busiest_at_ms`.
    """

    draw: int
    title: str
    state: str
    why: str  # of a void draw: its cause and reason
    entrants: int
    tickets: int
    barred: int
    accounts: bool  # only verified accounts could win
    excluded: int
    numbers: int
    busiest: int
    busiest_at_ms: int
    cap: int
    parties: list[str]
    silent: list[str]  # of these, who did not reveal: their commitment was mixed
    chain: str
    beacon_round: int
    beacon_at_ms: int
    zone: str
    valid_from_ms: int
    valid_until_ms: int
    dates: list[int]
    tiers: list[TierCame]
    chances: list[Chance]


class RoundCame(msgspec.Struct, frozen=True):
    """A round as its seal has it. state: sealed, void or open; kept_back: too small a box to publish."""

    id: str
    state: str
    plays: int
    equal: bool
    kept_back: bool
    why: str


class Reckoning(msgspec.Struct, frozen=True, kw_only=True):
    """The whole evening. root, chain: hex."""

    show: str
    origin: str
    rehearsal: bool
    size: int
    root: str
    rows: int
    chain: str
    key: str
    rounds: list[RoundCame]
    draws: list[DrawCame]
    checks: list[tuple[str, bool, str]]


def reckoning(folder: Path, checks: Sequence[Check]) -> Reckoning:
    """Reads a bundle. checks: the verifier's. Raises what reading raises, where it is none."""
    key = (folder / bundle.KEYS).read_text("utf-8").strip()
    signed = (folder / "log" / "checkpoint").read_text("utf-8")
    checkpoint = Checkpoint.parse(note.read(signed, note.Verifier.parse(key)))
    found = {
        path.relative_to(folder / "log").as_posix(): path.read_bytes()
        for path in (folder / "log" / "tile").rglob("*")
        if path.is_file()
    }
    history = History()
    for body in tiles.read(found, checkpoint.size):
        history.apply(canonical.decode(body))
    rows = _rows((folder / "ledger.csv").read_text("ascii"))
    return Reckoning(
        show=history.evening["show"],
        origin=checkpoint.origin,
        rehearsal=history.evening["rehearsal"],
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        rows=history.ledger.get("rows", 0),
        chain=history.ledger.get("hash", ""),
        key=key,
        rounds=[_round(round_id, stages) for round_id, stages in history.rounds.items()],
        draws=[_draw(number, draw, rows, folder) for number, draw in history.draws.items()],
        checks=[(check.name, check.ok, check.detail) for check in checks],
    )


def _rows(text: str) -> Rows:
    names = HEADER.split(",")
    draw, tier, kind, amount = (names.index(name) for name in ("draw", "tier", "kind", "amount"))
    found: Rows = {}
    for line in text.splitlines()[1:]:
        cells = line.split(",")
        sums = found.setdefault((int(cells[draw]), int(cells[tier])), Counter())
        sums[cells[kind]] += int(cells[amount])
        sums[f"{cells[kind]}#"] += 1
    return found


def _stage(stages: Stages, name: str) -> Leaf:
    """A stage's leaf, empty while it has not come."""
    return stages[name] if name in stages else {}  # noqa: SIM401 - Stages has no get


def _round(round_id: str, stages: Stages) -> RoundCame:
    void = "round-void" in stages
    seal = _stage(stages, "seal")
    return RoundCame(
        round_id,
        "void" if void else "sealed" if seal else "open",
        seal.get("plays", 0),
        bool(seal.get("recount_equal", False)),
        bool(seal) and "sha256" not in seal,
        stages["round-void"]["reason"] if void else "",
    )


def _draw(number: int, draw: Draw, rows: Rows, folder: Path) -> DrawCame:
    spec, stages = draw.spec, draw.stages
    rostered = _stage(stages, "roster")
    closed = _stage(stages, "reveals-closed")
    state = next(
        (
            name
            for stage, name in (
                ("close-out", "closed"),
                ("void", "void"),
                ("result", "result"),
                ("roster", "frozen"),
            )
            if stage in stages
        ),
        "open",
    )
    why = f"{stages['void']['cause']}: {stages['void']['reason']}" if "void" in stages else ""
    won = {tier["tier"]: tier["winners"] for tier in stages["result"]["tiers"]} if "result" in stages else {}
    busiest_at_ms, busiest = max(rostered.get("issued", []), key=lambda row: row[1], default=(0, 0))
    return DrawCame(
        draw=number,
        title=spec["title"],
        state=state,
        why=why,
        entrants=rostered.get("eligible_places", 0),
        tickets=rostered.get("eligible_tickets", 0),
        barred=rostered.get("places", 0) - rostered.get("eligible_places", 0),
        accounts=spec["eligibility"] == "account",
        excluded=spec["exclusions"]["count"],
        numbers=rostered.get("numbers_count", 0),
        busiest=busiest,
        busiest_at_ms=busiest_at_ms,
        cap=spec["cap"]["prizes"],
        parties=list(spec["parties"]),
        silent=[party for party in spec["parties"] if closed and party not in draw.reveals],
        chain="rehearsal chain" if spec["rehearsal"] else "drand quicknet",
        beacon_round=closed.get("beacon_round", 0),
        beacon_at_ms=draw.chain.time_ms(closed["beacon_round"]) if closed else 0,
        zone=spec["window"]["zone"],
        valid_from_ms=spec["window"]["valid_from_ms"],
        valid_until_ms=spec["window"]["valid_until_ms"],
        dates=list(spec["alternates_at_ms"]),
        tiers=[
            _tier(prize, won.get(prize["tier"], 0), rows.get((number, prize["tier"]), Counter()))
            for prize in spec["prizes"]
        ],
        chances=_chances(number, draw, folder) if "result" in stages else [],
    )


def _tier(prize: Mapping[str, Any], winners: int, sums: Counter[str]) -> TierCame:
    deck = prize.get("deck", {})
    redeemed = sums["redeem"] - sums["rollback"]
    expired = sums["expire"] + sums["lapse"]
    return TierCame(
        tier=prize["tier"],
        name=prize["name"],
        count=prize["count"],
        currency=prize["currency"],
        face=prize.get("amount", 0),
        least=deck.get("least", 0),
        most=deck.get("most", 0),
        budget=sums["fund"],
        winners=winners,
        vouchers=sums["issue#"],
        issued=sums["issue"],
        redeemed=redeemed,
        expired=expired,
        passed=sums["pass"],
        returned=sums["return"] + sums["leftover"],
        outstanding=sums["issue"] - redeemed - expired,
    )


def _chances(number: int, draw: Draw, folder: Path) -> list[Chance]:
    """By how many tickets were held. A viewer who won twice is one winner."""

    def read(name: str) -> bytes:
        return (folder / bundle.draw_path(number, name)).read_bytes()

    tickets = roster.decode(read("roster.bin"), leaves.draw_id32(draw.spec["draw_id"]))
    eligible = roster.decode_flags(read("eligible.bin"), len(tickets))
    won = np.zeros(len(tickets), dtype=bool)
    for result in draws.read_ranking(draw.stages["result"], read("ranking.bin")):
        won[result.winners.places] = True
    held = np.bincount(tickets[eligible])
    winners = np.bincount(tickets[won], minlength=len(held))
    return [Chance(int(k), int(held[k]), int(winners[k])) for k in np.flatnonzero(held)]
