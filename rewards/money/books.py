"""Double entry: rows that are only ever added, and the equations they must satisfy.

Each row moves an amount from one account to another, within one draw, tier and currency; both accounts
follow from its kind. A `Book` is the pure fold of rows: it refuses a row that repeats, skips or contradicts,
and states its equations at any moment. The ledger keeps one beside its tables, the auditor folds one from
`ledger.csv`, so both mean the same.
"""

import hashlib
import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rewards.money import vouchers

HEADER = "seq,id,at_ms,draw,tier,prize,alternate,kind,n,source,target,amount,currency,hash"
CHAIN_START = bytes(32)

# kind of row -> (account it leaves, account it reaches)
MOVES: dict[str, tuple[str, str]] = {
    "fund": ("OUTSIDE", "BUDGET"),
    "leftover": ("BUDGET", "RETURNED"),
    "reserve": ("BUDGET", "RESERVED"),
    "promote": ("ALTERNATE", "RESERVED"),
    "issue": ("RESERVED", "ISSUED"),
    "claim": ("ISSUED", "CLAIMED"),
    "redeem": ("CLAIMED", "REDEEMED"),
    "rollback": ("REDEEMED", "CLAIMED"),
    "expire": ("ISSUED", "EXPIRED"),
    "lapse": ("CLAIMED", "EXPIRED"),
    "pass": ("EXPIRED", "ALTERNATE"),
    "return": ("EXPIRED", "RETURNED"),
}
OF_A_TIER = ("fund", "leftover")  # rows without a voucher: prize, alternate and n are 0; each once a tier
OUTSTANDING = ("live", "claimed")  # states in which a voucher may still be spent
UNSETTLED = ("BUDGET", "RESERVED", "ISSUED", "CLAIMED", "EXPIRED", "ALTERNATE")  # empty when books close

Group = tuple[int, int, str]  # draw, tier, currency
Subject = tuple[int, int, int, int]  # draw, tier, prize, alternate: one voucher


class BadRow(ValueError):
    """A row that may not follow those before it; names the row."""


class Row(NamedTuple):
    """One movement of money. n: the voucher's own transition number."""

    seq: int
    at_ms: int
    draw: int
    tier: int
    prize: int
    alternate: int
    kind: str
    n: int
    amount: int
    currency: str

    @property
    def id(self) -> bytes:
        return vouchers.row_id(self.draw, self.tier, self.prize, self.alternate, self.kind, self.n)

    @property
    def subject(self) -> Subject:
        return (self.draw, self.tier, self.prize, self.alternate)

    def line(self, row_id: bytes = b"") -> str:
        """The row in `ledger.csv` without its hash; ASCII, never quoted. row_id: its own, if known."""
        seq, at_ms, draw, tier, prize, alternate, kind, n, amount, currency = self
        name, (source, target) = (row_id or self.id).hex(), MOVES[kind]
        return (
            f"{seq},{name},{at_ms},{draw},{tier},{prize},{alternate},{kind},{n},{source},{target},{amount},"
            f"{currency}"
        )


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation of one draw, tier and currency, with both its sides as they stand."""

    name: str
    draw: int
    tier: int
    currency: str
    left: int
    right: int
    holds: bool


def chain(previous: bytes, line: str) -> bytes:
    """The running hash after a row."""
    return hashlib.sha256(b"gala/ledger/1\x00" + previous + line.encode()).digest()


def chains(previous: bytes, lines: Iterable[bytes]) -> list[bytes]:
    """The running hash after each of some rows: as `chain`, at half its cost."""
    sha256 = hashlib.sha256
    return [previous := sha256(b"gala/ledger/1\x00" + previous + line).digest() for line in lines]


@dataclass(slots=True)
class Sums:
    """One draw, tier and currency in total: balances by account; what ever moved, by kind of row; the prizes
    with an outstanding voucher. exposed_max: the most that was issued, not passed on, and reserved at any
    prefix. outstanding: the face value of live and claimed vouchers; vouchers: how many those are."""

    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    moved: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    prizes: set[int] = field(default_factory=set)
    outstanding: int = 0
    vouchers: int = 0
    exposed_max: int = 0


@dataclass(slots=True)
class Book:
    """The fold of the rows so far. Only `add` writes it."""

    count: int = 0
    tip: bytes = CHAIN_START
    states: dict[Subject, tuple[str, int, int, str]] = field(
        default_factory=dict
    )  # state, n, amount, currency
    tiers: set[tuple[str, int, int]] = field(default_factory=set)  # rows of a tier: kind, draw, tier
    groups: dict[Group, Sums] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # vouchers by state

    def add(self, row: Row, known: str = "") -> None:
        """Takes the next row. BadRow leaves everything as it was.

        known: `row.line()`, where it has been written before.
        """
        seq, _, draw, tier, prize, alternate, kind, n, amount, currency = row
        if seq != self.count + 1:
            raise BadRow(f"row {seq}: the next is {self.count + 1}")
        if kind not in MOVES or amount < 1:
            raise BadRow(f"row {seq}: {kind} of {amount}")
        line = known or row.line()
        source, target = MOVES[kind]
        sums = self.groups.get((draw, tier, currency)) or Sums()
        balances, moved = sums.balances, sums.moved
        if kind != "fund" and balances[source] < amount:
            raise BadRow(f"row {seq}: {source} holds {balances[source]}, not {amount}")
        if kind in OF_A_TIER:
            if (kind, draw, tier) in self.tiers or prize or alternate or n:
                raise BadRow(f"row {seq}: {kind} stands once for draw {draw} tier {tier}")
            self.tiers.add((kind, draw, tier))
        else:
            self._transit(row, (draw, tier, prize, alternate), sums)
        balances[source] -= amount
        balances[target] += amount
        moved[kind] += amount
        exposed = moved["issue"] - moved["pass"] + balances["RESERVED"]
        sums.exposed_max = max(sums.exposed_max, exposed)
        self.groups[draw, tier, currency] = sums
        self.tip = chain(self.tip, line)
        self.count = seq

    def _transit(self, row: Row, subject: Subject, sums: Sums) -> None:
        seq, _, _, _, prize, alternate, kind, n, amount, currency = row
        state, last, face, unit = self.states.get(subject) or ("none", -1, amount, currency)
        following = vouchers.TRANSITIONS.get((state, kind))
        if following is None or n != last + 1:
            raise BadRow(f"row {seq}: {kind} {n} of a voucher that is {state} after {last}")
        if amount != face or currency != unit:
            raise BadRow(f"row {seq}: a voucher's whole face value moves, {face} {unit}")
        if state == "none" and (kind == "reserve") != (alternate == 0):
            raise BadRow(f"row {seq}: {kind} of alternate {alternate}")
        before, after = state in OUTSTANDING, following in OUTSTANDING
        if before != after:
            if after and prize in sums.prizes:
                raise BadRow(f"row {seq}: prize {prize} has an outstanding voucher")
            (sums.prizes.add if after else sums.prizes.remove)(prize)
            sums.outstanding += (after - before) * amount
            sums.vouchers += after - before
        self.states[subject] = (following, n, amount, currency)
        if state != "none":
            self.held[state] -= 1
        self.held[following] += 1

    def add_issued(
        self, draw: int, tier: int, first: int, amounts: Sequence[int], currency: str, tip: bytes
    ) -> bool:
        """Takes the `reserve` and `issue` rows of a tier's new vouchers, of the prizes from `first` on,
        one voucher after the other, whose texts were found right up to the running hash `tip`. False, and
        nothing happens, if one may not be."""
        sums, total = self.groups.get((draw, tier, currency), Sums()), sum(amounts)
        if sums.balances["BUDGET"] < total or min(amounts) < 1:
            return False
        prizes = range(first, first + len(amounts))
        subjects = [(draw, tier, prize, 0) for prize in prizes]
        if not sums.prizes.isdisjoint(prizes) or not self.states.keys().isdisjoint(subjects):
            return False
        sums.prizes.update(prizes)
        sums.balances["BUDGET"] -= total
        sums.balances["ISSUED"] += total
        sums.moved["reserve"] += total
        sums.moved["issue"] += total
        sums.outstanding += total
        sums.vouchers += len(subjects)
        # between the rows of one voucher no more is exposed than after both
        exposed = sums.moved["issue"] - sums.moved["pass"] + sums.balances["RESERVED"]
        sums.exposed_max = max(sums.exposed_max, exposed)
        held = {amount: ("live", vouchers.ISSUED_AT, amount, currency) for amount in set(amounts)}
        self.states.update(zip(subjects, map(held.__getitem__, amounts), strict=True))
        self.held["live"] += len(subjects)
        self.tip, self.count = tip, self.count + 2 * len(subjects)
        return True

    def state(self, subject: Subject) -> tuple[str, int]:
        """A voucher's state and the number of its last transition, -1 before the first."""
        state, n, _, _ = self.states.get(subject, ("none", -1, 0, ""))
        return state, n

    def sums(self, draw: int) -> dict[tuple[int, str], Sums]:
        """A draw's totals, by tier and currency."""
        return {(group[1], group[2]): sums for group, sums in self.groups.items() if group[0] == draw}

    def begun(self, draw: int) -> bool:
        """Whether a draw's prizes have been dealt out (or returned, where nobody won): all at once."""
        return any(sums.moved["reserve"] or sums.moved["leftover"] for sums in self.sums(draw).values())

    def outstanding(self, draw: int) -> bool:
        """Whether a voucher of the draw may still be spent."""
        return any(sums.prizes for sums in self.sums(draw).values())

    def of(self, draw: int, *states: str) -> list[Subject]:
        """A draw's vouchers in any of these states, in the order of tiers, prizes and alternates."""
        return sorted(
            subject for subject, held in self.states.items() if subject[0] == draw and held[0] in states
        )

    def equations(self) -> list[Equation]:
        """All equations of every draw, tier and currency, in order of these."""
        found = []
        for group in sorted(self.groups):
            sums = self.groups[group]
            held, moved = sums.balances, sums.moved
            debits = sum(amount for amount in held.values() if amount > 0)
            credits_ = -sum(amount for amount in held.values() if amount < 0)
            expired = moved["expire"] + moved["lapse"]
            settled = held["REDEEMED"] + expired + sums.outstanding
            spread = sums.vouchers, len(sums.prizes)
            passed = moved["pass"], moved["promote"]
            found += [
                Equation("debits = credits", *group, debits, credits_, debits == credits_),
                Equation(
                    "issued = redeemed + expired + outstanding",
                    *group,
                    moved["issue"],
                    settled,
                    moved["issue"] == settled,
                ),
                Equation(
                    "issued - passed + reserved <= budget, always",
                    *group,
                    sums.exposed_max,
                    moved["fund"],
                    sums.exposed_max <= moved["fund"],
                ),
                Equation("outstanding vouchers = prizes with one", *group, *spread, spread[0] == spread[1]),
                Equation("passed on = promoted", *group, *passed, passed[0] == passed[1]),
            ]
        return found


def csv(lines: Iterable[str]) -> bytes:
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def parse_line(line: str) -> Row:
    """The row of a CSV line. BadRow unless writing it again gives the same text before its hash."""
    cells = line.split(",")
    if len(cells) != 14:
        raise BadRow(f"row {cells[0]}: 14 cells, not {len(cells)}")
    seq, _, at_ms, draw, tier, prize, alternate, kind, n, _, _, amount, currency, _ = cells
    try:
        row = Row(
            int(seq),
            int(at_ms),
            int(draw),
            int(tier),
            int(prize),
            int(alternate),
            kind,
            int(n),
            int(amount),
            currency,
        )
        written = row.line()
    except (ValueError, KeyError, OverflowError, struct.error) as error:
        raise BadRow(f"row {seq}: malformed") from error
    if not line.startswith(f"{written},"):
        raise BadRow(f"row {seq}: its id or accounts are not its own")
    if not 0 <= row.at_ms < 2**53:
        raise BadRow(f"row {seq}: no time is {row.at_ms}")
    return row
