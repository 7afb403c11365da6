"""Double entry: rows that are only ever added, and the equations they must satisfy.

Each row moves an amount from one account to another, within one draw, tier and currency; both accounts
follow from its kind. A `Book` is the pure fold of rows: it refuses a row that repeats, skips or contradicts,
and states its equations at any moment. The ledger keeps one beside its tables, the auditor folds one from
`ledger.csv`, so both mean the same.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from rewards import vouchers

HEADER = "seq,id,at_ms,draw,tier,prize,alternate,kind,n,source,target,amount,currency,hash"
CHAIN_START = bytes(32)

# kind of row -> (account it leaves, account it reaches)
MOVES: dict[str, tuple[str, str]] = {
    "fund": ("OUTSIDE", "BUDGET"),
    "reserve": ("BUDGET", "RESERVED"),
    "issue": ("RESERVED", "ISSUED"),
    "redeem": ("ISSUED", "REDEEMED"),
    "rollback": ("REDEEMED", "ISSUED"),
    "expire": ("ISSUED", "EXPIRED"),
}

Group = tuple[int, int, str]  # draw, tier, currency
Subject = tuple[int, int, int, int]  # draw, tier, prize, alternate: one voucher


class BadRow(ValueError):
    """A row that may not follow those before it; names the row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One movement of money. n: the voucher's own transition number; `fund` rows have no voucher."""

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

    def line(self) -> str:
        """The row in `ledger.csv` without its hash; ASCII, never quoted."""
        source, target = MOVES[self.kind]
        return (
            f"{self.seq},{self.id.hex()},{self.at_ms},{self.draw},{self.tier},{self.prize},{self.alternate},"
            f"{self.kind},{self.n},{source},{target},{self.amount},{self.currency}"
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


@dataclass(slots=True)
class Sums:
    """One group's totals. exposed_max: the most that was issued and reserved at any prefix."""

    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    issued: int = 0
    budget: int = 0
    exposed_max: int = 0


@dataclass(slots=True)
class Book:
    """The fold of the rows so far. Only `add` writes it."""

    count: int = 0
    tip: bytes = CHAIN_START
    states: dict[Subject, tuple[str, int, int, str]] = field(
        default_factory=dict
    )  # state, n, amount, currency
    funded: set[tuple[int, int]] = field(default_factory=set)
    groups: dict[Group, Sums] = field(default_factory=dict)

    def add(self, row: Row) -> str:
        """Takes the next row and returns its whole CSV line. BadRow leaves everything as it was."""
        if row.seq != self.count + 1:
            raise BadRow(f"row {row.seq}: the next is {self.count + 1}")
        if row.kind not in MOVES or row.amount < 1:
            raise BadRow(f"row {row.seq}: {row.kind} of {row.amount}")
        line = row.line()
        source, target = MOVES[row.kind]
        sums = self.groups.get((row.draw, row.tier, row.currency), Sums())
        if row.kind == "fund":
            if (row.draw, row.tier) in self.funded or row.prize or row.alternate or row.n:
                raise BadRow(f"row {row.seq}: draw {row.draw} tier {row.tier} is funded once")
        else:
            if sums.balances[source] < row.amount:
                raise BadRow(f"row {row.seq}: {source} holds {sums.balances[source]}, not {row.amount}")
            self._transit(row)
        if row.kind == "fund":
            self.funded.add((row.draw, row.tier))
            sums.budget += row.amount
        sums.balances[source] -= row.amount
        sums.balances[target] += row.amount
        sums.issued += row.amount if row.kind == "issue" else 0
        sums.exposed_max = max(sums.exposed_max, sums.issued + sums.balances["RESERVED"])
        self.groups[row.draw, row.tier, row.currency] = sums
        self.tip = chain(self.tip, line)
        self.count = row.seq
        return f"{line},{self.tip.hex()}"

    def _transit(self, row: Row) -> None:
        state, n, amount, currency = self.states.get(row.subject, ("none", -1, row.amount, row.currency))
        following = vouchers.TRANSITIONS.get((state, row.kind))
        if following is None or row.n != n + 1:
            raise BadRow(f"row {row.seq}: {row.kind} {row.n} of a voucher that is {state} after {n}")
        if (row.amount, row.currency) != (amount, currency):
            raise BadRow(f"row {row.seq}: a voucher's whole face value moves, {amount} {currency}")
        self.states[row.subject] = (following, row.n, row.amount, row.currency)

    def state(self, subject: Subject) -> tuple[str, int]:
        """A voucher's state and the number of its last transition, -1 before the first."""
        state, n, _, _ = self.states.get(subject, ("none", -1, 0, ""))
        return state, n

    def equations(self) -> list[Equation]:
        """All equations of every draw, tier and currency, in order of these."""
        live: dict[Group, int] = defaultdict(int)
        live_prizes: dict[Group, list[int]] = defaultdict(list)
        for (draw, tier, prize, _), (state, _, amount, currency) in self.states.items():
            if state == "live":
                live[draw, tier, currency] += amount
                live_prizes[draw, tier, currency].append(prize)
        found = []
        for group in sorted(self.groups):
            sums = self.groups[group]
            held = sums.balances
            debits = sum(amount for amount in held.values() if amount > 0)
            credits_ = -sum(amount for amount in held.values() if amount < 0)
            settled = held["REDEEMED"] + held["EXPIRED"] + live[group]
            spread = len(live_prizes[group]), len(set(live_prizes[group]))
            found += [
                Equation("debits = credits", *group, debits, credits_, debits == credits_),
                Equation(
                    "issued = redeemed + expired + outstanding",
                    *group,
                    sums.issued,
                    settled,
                    sums.issued == settled,
                ),
                Equation(
                    "issued + reserved <= budget, always",
                    *group,
                    sums.exposed_max,
                    sums.budget,
                    sums.exposed_max <= sums.budget,
                ),
                Equation("live vouchers = prizes with one", *group, *spread, spread[0] == spread[1]),
            ]
        return found


def csv(lines: Iterable[str]) -> bytes:
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def parse_line(line: str) -> Row:
    """The row of a CSV line. BadRow unless writing it again gives the same text before its hash."""
    cells = line.split(",")
    if len(cells) != 14:
        raise BadRow(f"row {cells[0]}: 14 cells, not {len(cells)}")
    try:
        seq, at_ms, draw, tier, prize, alternate, n, amount = (
            int(cells[at]) for at in (0, 2, 3, 4, 5, 6, 8, 11)
        )
        row = Row(seq, at_ms, draw, tier, prize, alternate, cells[7], n, amount, cells[12])
        written = row.line()
    except (ValueError, KeyError, OverflowError) as error:
        raise BadRow(f"row {cells[0]}: malformed") from error
    if written != ",".join(cells[:13]):
        raise BadRow(f"row {cells[0]}: its id or accounts are not its own")
    return row
