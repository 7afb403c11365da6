"""What the log says: one canonical JSON object a leaf, and the values they are made of.

A leaf about a draw holds `draw` (its number, gap-free from 1) and `draw_id`; a leaf about a round holds
`round`, since one round may feed several draws. Every leaf holds `schema` and `at_ms`, the operator's own
time. A leaf is known by its *key*: writing the same key again is either a retry or a contradiction.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rewards import merkle
from rewards.beacon import Chain
from rewards.roster import TICKETS_MAX
from rewards.slots import Layout, check_rules, tickets_max

ALGORITHM = "gala-draw/1"
TEST_CURRENCY = "XTS"  # ISO 4217: reserved for tests, worth nothing
PLAYS_PUBLISHED_MIN = 20  # smaller boxes would show who voted what: only their totals are published

Leaf = dict[str, Any]


class BadSpec(ValueError):
    """A draw or a round that may not be declared so; says why."""


@dataclass(frozen=True, slots=True)
class Prize:
    """A tier of equal prizes: `count` of them, each worth `amount` minor units of `currency`."""

    tier: int
    name: str
    count: int
    amount: int
    currency: str
    alternates: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "tier": self.tier,
            "name": self.name,
            "count": self.count,
            "amount": self.amount,
            "currency": self.currency,
            "alternates": self.alternates,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Prize":
        return cls(**{key: data[key] for key in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Window:
    """When a voucher is good: from an instant until just before another, shown in a named zone."""

    valid_from_ms: int
    valid_until_ms: int
    zone: str

    def holds(self, at_ms: int) -> bool:
        return self.valid_from_ms <= at_ms < self.valid_until_ms

    def to_json(self) -> dict[str, Any]:
        return {
            "valid_from_ms": self.valid_from_ms,
            "valid_until_ms": self.valid_until_ms,
            "zone": self.zone,
        }


@dataclass(frozen=True, slots=True)
class TicketRound:
    """A round that gives tickets in a draw, by which rules. A rerun inherits both."""

    round_id: str
    entries: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DrawSpec:
    """All that is promised of a draw before the show.

    parties: who commit to a secret, at least two. cap: prizes one viewer may win in this draw.
    reserve_rounds: ascending rounds of `chain`, any of which may become the draw's. eligibility:
    `number` (every viewer who plays) or `account` (numbers bound to a verified account).
    close_ms: the planned close. alternates_at_ms: the dates on which unclaimed prizes pass on.
    """

    draw: int
    title: str
    prizes: Sequence[Prize]
    rounds: Sequence[TicketRound]
    parties: Sequence[str]
    window: Window
    close_ms: int
    chain: Chain
    reserve_rounds: Sequence[int]
    cap: int = 1
    eligibility: str = "number"
    alternates_at_ms: Sequence[int] = ()

    def check(self, *, rehearsal: bool) -> None:
        """BadSpec with the first thing that may not be."""
        if self.draw < 1 or not self.prizes:
            raise BadSpec("draws are numbered from 1 and have prizes")
        if [p.tier for p in self.prizes] != list(range(1, len(self.prizes) + 1)):
            raise BadSpec("tiers are numbered from 1 in the order of the table")
        for prize in self.prizes:
            if not (prize.count >= 1 and prize.amount >= 1 and prize.alternates >= 0):
                raise BadSpec(f"tier {prize.tier}: count and amount are positive")
            if (prize.currency == TEST_CURRENCY) != rehearsal:
                raise BadSpec(
                    f"tier {prize.tier}: {prize.currency}: {TEST_CURRENCY} is for rehearsals, and only it"
                )
            if not (len(prize.currency) == 3 and prize.currency.isalpha() and prize.currency.isupper()):
                raise BadSpec(f"tier {prize.tier}: {prize.currency!r} is no currency code")
        if self.chain.rehearsal != rehearsal:
            raise BadSpec("a rehearsal draws from a rehearsal beacon, a show from quicknet")
        if len(set(self.parties)) != len(self.parties) or len(self.parties) < 2:
            raise BadSpec("at least two different parties commit to a secret")
        if not self.reserve_rounds or list(self.reserve_rounds) != sorted(set(self.reserve_rounds)):
            raise BadSpec("reserve rounds ascend")
        if self.cap < 1 or self.eligibility not in ("number", "account"):
            raise BadSpec("the cap is at least 1, eligibility is number or account")
        if self.window.valid_from_ms >= self.window.valid_until_ms:
            raise BadSpec("the redemption window is empty")
        if len({r.round_id for r in self.rounds}) != len(self.rounds):
            raise BadSpec("a round stands twice")
        if sum(tickets_max(r.entries) for r in self.rounds) > TICKETS_MAX:
            raise BadSpec(f"one viewer could earn more than {TICKETS_MAX} tickets")

    def leaf(self, *, show: str, rehearsal: bool, key_commitment: bytes, files: Mapping[str, str]) -> Leaf:
        """The `spec` leaf. files: SHA-256, in hex, of the bundle's SPEC.md and verifiers.

        BadSpec for a zone this machine does not know; the auditor's may know others.
        """
        try:
            ZoneInfo(self.window.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise BadSpec(f"no zone {self.window.zone!r}") from error
        budget: dict[str, int] = {}
        for prize in self.prizes:
            budget[prize.currency] = budget.get(prize.currency, 0) + prize.count * prize.amount
        return {
            "schema": "gala/spec/1",
            "algorithm": ALGORITHM,
            "draw": self.draw,
            "draw_id": draw_id(show, self.draw),
            "title": self.title,
            "rehearsal": rehearsal,
            "prizes": [prize.to_json() for prize in self.prizes],
            "budget": budget,
            "cap": {"draws": [self.draw], "prizes": self.cap},
            "rounds": [{"round": r.round_id, "entries": list(r.entries)} for r in self.rounds],
            "eligibility": self.eligibility,
            "window": self.window.to_json(),
            "alternates_at_ms": list(self.alternates_at_ms),
            "close_ms": self.close_ms,
            "parties": list(self.parties),
            "beacon": self.chain.to_json(),
            "reserve_rounds": list(self.reserve_rounds),
            "place_key_commitment": key_commitment.hex(),
            "files": dict(files),
        }


@dataclass(frozen=True, slots=True)
class RoundOpening:
    """A round as it opens: layout, counts and entry rules as data (see `slots`).

    rerun_of: the round this one repeats and replaces, or empty. chains: `length` and `commitments` of what
    the round tells piece by piece (see `chains`), or empty.
    """

    round_id: str
    layout: Mapping[str, Any]
    counts: Sequence[Mapping[str, Any]]
    entries: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    rerun_of: str = ""
    chains: Mapping[str, Any] = field(default_factory=dict)

    def leaf(self, *, rehearsal: bool, key_commitment: bytes) -> Leaf:
        """The `open` leaf. BadRules (of `slots`) if the layout is none."""
        layout = Layout.from_json(self.layout)
        check_rules(layout, self.counts, self.entries)
        found: Leaf = {
            "schema": "gala/open/1",
            "round": self.round_id,
            "rehearsal": rehearsal,
            "layout": layout.to_json(),
            "counts": [dict(count) for count in self.counts],
            "entries": [dict(entry) for entry in self.entries],
            "place_key_commitment": key_commitment.hex(),
        }
        if self.rerun_of:
            found["rerun_of"] = self.rerun_of
        if self.chains:
            found["chains"] = dict(self.chains)
        return found


def draw_id(show: str, draw: int) -> str:
    return f"{show}/draw/{draw}"


def draw_id32(name: str) -> bytes:
    """A draw's id as 32 bytes, for hashes and headers."""
    return hashlib.sha256(b"gala/draw-id/1\x00" + name.encode()).digest()


def commitment(name: str, party: str, r: bytes) -> bytes:
    """What a party publishes before the show of its secret r (32 bytes)."""
    if len(r) != 32:
        raise ValueError("a party's secret has 32 bytes")
    party_id32 = hashlib.sha256(b"gala/party/1\x00" + party.encode()).digest()
    return hashlib.sha256(b"gala/commit/1\x00" + draw_id32(name) + party_id32 + r).digest()


def seed(
    spec: bytes, roster: bytes, closed: bytes, chain: Chain, beacon_round: int, signature: bytes
) -> bytes:
    """The draw's seed, from three leaves as bytes and the beacon; nothing else enters."""
    hashes = b"".join(merkle.leaf_hash(leaf) for leaf in (spec, roster, closed))
    source = chain.chain_hash + beacon_round.to_bytes(8, "big") + signature
    return hashlib.sha256(b"gala/seed/1\x00" + hashes + source).digest()


def key_of(leaf: Leaf) -> str:
    """A leaf's natural key."""
    kind = leaf["schema"].split("/")[1]
    if "round" in leaf:
        return f"round/{leaf['round']}/{kind}"
    if "party" in leaf:
        return f"draw/{leaf['draw']}/{kind}/{leaf['party']}"
    if "draw" in leaf:
        return f"draw/{leaf['draw']}/{kind}"
    return f"{kind}/{leaf['rows']}" if kind == "ledger" else kind
