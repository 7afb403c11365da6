"""What the log says: one canonical JSON object a leaf, and the values they are made of.

A leaf about a draw holds `draw` (its number, gap-free from 1) and `draw_id`; a leaf about a round holds
`round`, since one round may feed several draws. Every leaf holds `schema` and `at_ms`, the operator's own
time. A leaf is known by its *key*: writing the same key again is either a retry or a contradiction.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rewards.arithmetic.beacon import Chain
from rewards.arithmetic.roster import TICKETS_MAX, WON_MAX
from rewards.arithmetic.slots import Layout, check_rules, tickets_max
from rewards.log import merkle
from rewards.log.note import COSIGNATURE, BadNote, Verifier

ALGORITHM = "gala-draw/1"
TEST_CURRENCY = "XTS"  # ISO 4217: reserved for tests, worth nothing
NOTHING = 64 * "0"  # a commitment to an empty list
PLAYS_PUBLISHED_MIN = 20  # smaller boxes would show who voted what: only their totals are published

Leaf = dict[str, Any]


class BadSpec(ValueError):
    """A draw or a round that may not be declared so; says why."""


@dataclass(frozen=True, slots=True)
class Prize:
    """A tier of prizes: `count` of them, each worth `amount` minor units of `currency`; or dealt from a deck.

    deck: what the leaf says of the file `deck-T.bin` (see `decks`): `sum least most size sha256`; the amount
    is then 0, and the prize of rank r is the deck's card r.
    """

    tier: int
    name: str
    count: int
    amount: int
    currency: str
    alternates: int = 0
    deck: Mapping[str, Any] = field(default_factory=dict)

    @property
    def budget(self) -> int:
        """The face value of the whole tier."""
        return int(self.deck["sum"]) if self.deck else self.count * self.amount

    def to_json(self) -> dict[str, Any]:
        worth = {"deck": dict(self.deck)} if self.deck else {"amount": self.amount}
        return worth | {
            "tier": self.tier,
            "name": self.name,
            "count": self.count,
            "currency": self.currency,
            "alternates": self.alternates,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Prize":
        """BadSpec unless the members are exactly those of equal prizes, or of a deck's."""
        worth = "deck" if "deck" in data else "amount"
        if set(data) != {"tier", "name", "count", "currency", "alternates", worth}:
            raise BadSpec("a prize has tier, name, count, currency, alternates, and an amount or a deck")
        if worth == "deck" and not data["deck"]:
            raise BadSpec("an empty deck")
        return cls(**({"amount": 0} | {key: data[key] for key in data}))

    def check(self, *, rehearsal: bool) -> None:
        """BadSpec with the first thing that may not be."""
        if not (self.count >= 1 and self.alternates >= 0):
            raise BadSpec(f"tier {self.tier}: count and amount are positive")
        if self.deck:
            if set(self.deck) != {"sum", "least", "most", "size", "sha256"} or self.alternates:
                raise BadSpec(
                    f"tier {self.tier}: a deck has sum, least, most, size, sha256, and no alternates"
                )
            least, most = (self.count * self.deck[name] for name in ("least", "most"))
            if not 0 < least <= self.deck["sum"] <= most:
                raise BadSpec(f"tier {self.tier}: {self.count} cards of such a deck cannot sum so")
        elif self.amount < 1:
            raise BadSpec(f"tier {self.tier}: count and amount are positive")
        if (self.currency == TEST_CURRENCY) != rehearsal:
            raise BadSpec(
                f"tier {self.tier}: {self.currency}: {TEST_CURRENCY} is for rehearsals, and only it"
            )
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise BadSpec(f"tier {self.tier}: {self.currency!r} is no currency code")


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
    """A round that gives tickets in a draw, by which rules. A rerun inherits both.

    channels: those (ascending) whose plays give tickets here; empty: all. apart: the roster does not wait for
    the box: it names the `part` of it that holds these channels' plays, sealed when they had closed.
    """

    round_id: str
    entries: Sequence[Mapping[str, Any]]
    channels: Sequence[int] = ()
    apart: bool = False

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"round": self.round_id, "entries": list(self.entries)}
        found |= {"channels": list(self.channels)} if self.channels else {}
        return found | ({"apart": True} if self.apart else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TicketRound":
        if not {"round", "entries"} <= set(data) <= {"round", "entries", "channels", "apart"}:
            raise BadSpec("a round of a spec has round, entries, and perhaps channels and apart")
        channels = data.get("channels", ())
        if not are_channels(channels) or ("channels" in data and not channels):
            raise BadSpec("channels ascend, from 0 to 255")
        if "apart" in data and not (data["apart"] is True and channels):
            raise BadSpec("what is drawn apart is drawn from some channels")
        return cls(data["round"], data["entries"], channels, "apart" in data)


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Accounts that may not win, committed to before the show: how many, and a keyed hash of their list."""

    count: int = 0
    commitment: str = NOTHING

    @classmethod
    def of(cls, listed: bytes) -> "Exclusions":
        """The commitment to a list (`excluded_list`), or to none."""
        if not listed:
            return cls()
        framed = b"gala/exclusions/1\x00" + listed
        return cls(len(listed) // 32 - 1, hashlib.sha256(framed).hexdigest())


@dataclass(frozen=True, slots=True)
class DrawSpec:
    """All that is promised of a draw before the show.

    parties: who commit to a secret, at least two. cap: prizes one viewer may win in this draw and in those
    of `cap_with`, earlier draws. reserve_rounds: ascending rounds of `chain`, any of which may become the
    draw's. eligibility: `number` (every viewer who plays) or `account` (numbers bound to a verified account).
    witnesses: verifier keys of those who may cosign the log for this draw; none only in a rehearsal.
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
    cap_with: Sequence[int] = ()
    eligibility: str = "number"
    alternates_at_ms: Sequence[int] = ()
    witnesses: Sequence[str] = ()
    exclusions: Exclusions = field(default_factory=Exclusions)

    @classmethod
    def from_json(cls, leaf: Leaf) -> "DrawSpec":
        """The specification a `spec` leaf holds."""
        return cls(
            draw=leaf["draw"],
            title=leaf["title"],
            prizes=[Prize.from_json(prize) for prize in leaf["prizes"]],
            rounds=[TicketRound.from_json(item) for item in leaf["rounds"]],
            parties=leaf["parties"],
            window=Window(**leaf["window"]),
            close_ms=leaf["close_ms"],
            chain=Chain.from_json(leaf["beacon"]),
            reserve_rounds=leaf["reserve_rounds"],
            cap=leaf["cap"]["prizes"],
            cap_with=leaf["cap"]["draws"][:-1],
            eligibility=leaf["eligibility"],
            alternates_at_ms=leaf["alternates_at_ms"],
            witnesses=leaf["witnesses"],
            exclusions=Exclusions(**leaf["exclusions"]),
        )

    def check(self, *, rehearsal: bool) -> None:
        """BadSpec with the first thing that may not be."""
        if self.draw < 1 or not self.prizes:
            raise BadSpec("draws are numbered from 1 and have prizes")
        if [p.tier for p in self.prizes] != list(range(1, len(self.prizes) + 1)):
            raise BadSpec("tiers are numbered from 1 in the order of the table")
        for prize in self.prizes:
            prize.check(rehearsal=rehearsal)
        if self.chain.rehearsal != rehearsal:
            raise BadSpec("a rehearsal draws from a rehearsal beacon, a show from quicknet")
        if len(set(self.parties)) != len(self.parties) or len(self.parties) < 2:
            raise BadSpec("at least two different parties commit to a secret")
        if not self.reserve_rounds or list(self.reserve_rounds) != sorted(set(self.reserve_rounds)):
            raise BadSpec("reserve rounds ascend")
        if self.exclusions.count and self.eligibility != "account":
            raise BadSpec("who may not win is an account: exclusions need the eligibility account")
        if self.cap < 1 or self.eligibility not in ("number", "account"):
            raise BadSpec("the cap is at least 1, eligibility is number or account")
        over = [*self.cap_with, self.draw]
        if over != sorted(set(over)) or over[0] < 1:
            raise BadSpec("a cap runs over earlier draws, ascending, and this one")
        if self.cap_with and self.cap > WON_MAX:
            raise BadSpec(
                f"a cap over several draws is at most {WON_MAX}: what was won before is a byte a place"
            )
        if self.exclusions.count < 0 or (self.exclusions.count == 0) != (
            self.exclusions.commitment == NOTHING
        ):
            raise BadSpec("exclusions are a count and a commitment, zeros for none")
        self._check_witnesses(rehearsal=rehearsal)
        dates = list(self.alternates_at_ms)
        if dates != sorted(set(dates)) or any(date >= self.window.valid_until_ms for date in dates):
            raise BadSpec("the dates for alternates ascend, and lie before the end of the window")
        if self.window.valid_from_ms >= self.window.valid_until_ms:
            raise BadSpec("the redemption window is empty")
        if len({r.round_id for r in self.rounds}) != len(self.rounds):
            raise BadSpec("a round stands twice")
        if sum(tickets_max(r.entries) for r in self.rounds) > TICKETS_MAX:
            raise BadSpec(f"one viewer could earn more than {TICKETS_MAX} tickets")

    def _check_witnesses(self, *, rehearsal: bool) -> None:
        if len(set(self.witnesses)) != len(self.witnesses) or not (self.witnesses or rehearsal):
            raise BadSpec("a show's draw names the keys of its witnesses, each once")
        for key in self.witnesses:
            try:
                kind = Verifier.parse(key).kind
            except BadNote as error:
                raise BadSpec(f"witness {key!r}: {error}") from error
            if kind != COSIGNATURE:
                raise BadSpec(f"witness {key!r}: not a key that cosigns")

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
            budget[prize.currency] = budget.get(prize.currency, 0) + prize.budget
        return {
            "schema": "gala/spec/1",
            "algorithm": ALGORITHM,
            "draw": self.draw,
            "draw_id": draw_id(show, self.draw),
            "title": self.title,
            "rehearsal": rehearsal,
            "prizes": [prize.to_json() for prize in self.prizes],
            "budget": budget,
            "cap": {"draws": [*self.cap_with, self.draw], "prizes": self.cap},
            "rounds": [r.to_json() for r in self.rounds],
            "eligibility": self.eligibility,
            "exclusions": {"count": self.exclusions.count, "commitment": self.exclusions.commitment},
            "window": self.window.to_json(),
            "alternates_at_ms": list(self.alternates_at_ms),
            "close_ms": self.close_ms,
            "parties": list(self.parties),
            "witnesses": list(self.witnesses),
            "beacon": self.chain.to_json(),
            "reserve_rounds": list(self.reserve_rounds),
            "place_key_commitment": key_commitment.hex(),
            "files": dict(files),
        }


@dataclass(frozen=True, slots=True)
class RoundOpening:
    """A round as it opens: layout, counts and entry rules as data (see `slots`).

    rerun_of: the round this one repeats and replaces, or empty. chains: `length` and `commitments` of what
    the round tells piece by piece (see `chains`), or empty. game, settings: which game, and all the rundown
    says about it, so that what it showed can be derived again; nothing here reads them.
    """

    round_id: str
    layout: Mapping[str, Any]
    counts: Sequence[Mapping[str, Any]]
    entries: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    rerun_of: str = ""
    chains: Mapping[str, Any] = field(default_factory=dict)
    game: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

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
        if self.game:
            found |= {"game": self.game, "settings": dict(self.settings)}
        return found


def are_channels(found: Sequence[Any]) -> bool:
    """Whether these may name channels in a leaf: ascending, from 0 to 255."""
    known = all(type(one) is int and 0 <= one <= 255 for one in found)
    return known and list(found) == sorted(set(found))


def stage_of(leaf: Leaf) -> str:
    """How far a leaf brings its subject: what kind it is; of a part, whose."""
    kind: str = leaf["schema"].split("/")[1]
    return f"part/{','.join(map(str, leaf['channels']))}" if kind == "part" else kind


def draw_id(show: str, draw: int) -> str:
    return f"{show}/draw/{draw}"


def draw_id32(name: str) -> bytes:
    """A draw's id as 32 bytes, for hashes and headers."""
    return hashlib.sha256(b"gala/draw-id/1\x00" + name.encode()).digest()


def excluded_list(hashes: Iterable[bytes], secret: bytes) -> bytes:
    """A list of accounts that may not win as it is committed to: `secret` (32 random bytes), then each
    account as `account_hash` has it, ascending, once; nothing for an empty list."""
    listed = sorted(set(hashes))
    return secret + b"".join(listed) if listed else b""


def account_hash(account: str) -> bytes:
    """How an account stands in a list of exclusions."""
    return hashlib.sha256(b"gala/account/1\x00" + account.encode()).digest()


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
        return f"round/{leaf['round']}/{stage_of(leaf)}"
    if "party" in leaf:
        return f"draw/{leaf['draw']}/{kind}/{leaf['party']}"
    if "date" in leaf:
        return f"draw/{leaf['draw']}/{kind}/{leaf['date']}"
    if "draw" in leaf:
        return f"draw/{leaf['draw']}/{kind}"
    return f"{kind}/{leaf['rows']}" if kind == "ledger" else kind
