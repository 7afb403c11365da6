"""What the register answers: a sealed round, a frozen roster, the books in outline."""

from dataclasses import dataclass

from rewards.money.books import Equation
from rewards.rules.leaves import Leaf


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed round: what numpy counts in the box, and whether the live counters say the same."""

    recount: dict[str, int]
    equal: bool
    plays: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen roster: places with tickets, their tickets, and how many of both may win."""

    places: int
    tickets_total: int
    eligible_places: int
    eligible_tickets: int
    root: str  # hex


def frozen_of(leaf: Leaf) -> Frozen:
    """What a `roster` leaf says of it."""
    return Frozen(*(leaf[name] for name in Frozen.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Line:
    """A leaf as anyone may be told of it while the log grows: where, which, its hash in the tree (hex)."""

    index: int
    schema: str
    key: str
    hash: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The books as they stand, without what is secret or not published yet.

    root: over the leaves so far, hex. seals: by round, what its seal says: whether the recount was equal.
    rows, chain: of the ledger; the running hash is hex. vouchers: how many there are in each state.
    """

    origin: str
    leaves: list[Line]
    root: str
    seals: dict[str, bool]
    rows: int
    chain: str
    equations: list[Equation]
    vouchers: dict[str, int]
