"""A voucher: its life as a table, its name, and what a till is told of it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from struct import Struct, calcsize, iter_unpack

import numpy as np

from rewards.rules.leaves import Window

# The life of a voucher: from which state, by which kind of row, to which state. Nothing else happens.
TRANSITIONS: dict[tuple[str, str], str] = {
    ("none", "reserve"): "reserved",
    ("none", "promote"): "reserved",
    ("reserved", "issue"): "live",
    ("live", "claim"): "claimed",
    ("claimed", "redeem"): "redeemed",
    ("redeemed", "rollback"): "claimed",
    ("live", "expire"): "expired",
    ("claimed", "lapse"): "expired",
    ("expired", "pass"): "passed",
    ("expired", "return"): "returned",
}
ISSUED_AT = 1  # the issue is a voucher's second row: n counts its transitions from 0
_ID_HEAD = Struct(">I10sIQIQIQIQI")  # the parts of a row's id before its kind, each after its length
_ID_TAIL = Struct(">IQ")
_PRIZE_AT = calcsize(">I10sIQIQI")


class Refusal(StrEnum):
    """Why a till is refused."""

    UNKNOWN = "unknown"  # no such code, or a mistyped one
    NOT_YET = "not_yet"  # before the window
    EXPIRED = "expired"  # after it
    USED = "used"  # redeemed already
    NOT_REDEEMED = "not_redeemed"  # nothing to roll back
    TEST_MONEY = "test_money"  # XTS outside a rehearsal
    CLOSED = "closed"  # the books of its draw are closed


@dataclass(frozen=True, slots=True)
class Voucher:
    """An issued voucher as it stands. `id` (16 bytes) is the row id of its issue; `number` the winner's.

    state: as in `TRANSITIONS`. claim_until_ms: the fixed date on which it passes on unless it is claimed, 0
    if there is none. sealed_code: a partner's code, encrypted (`codes.shown` opens it), or empty.
    """

    id: bytes
    number: int = field(repr=False)
    draw: int
    tier: int
    prize: int
    alternate: int
    name: str
    amount: int
    currency: str
    window: Window
    state: str
    claim_until_ms: int
    sealed_code: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a till is told, always of this shape. status: `done` or `refused`; amount 0 when refused. zone and
    window (ms) are the voucher's; empty and 0 where there is none."""

    status: str
    reason: str
    amount: int
    currency: str
    zone: str
    valid_from_ms: int
    valid_until_ms: int


def row_id(draw: int, tier: int, prize: int, alternate: int, kind: str, n: int) -> bytes:
    """The id of a ledger row, 16 bytes: the same event has the same id however often it is told.

    SHA-256 over the parts, each after its length as u32be; integers as u64be.
    """
    word = kind.encode()
    head = _ID_HEAD.pack(10, b"gala/row/1", 8, draw, 8, tier, 8, prize, 8, alternate, len(word))
    return hashlib.sha256(head + word + _ID_TAIL.pack(8, n)).digest()[:16]


class IssuingIds:
    """The ids, in hex, of the `reserve` and the `issue` rows of a tier's prizes: as `row_id`, at a third of
    its cost, since there are very many of these; and found once, however often they are asked for."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, int], tuple[list[str], list[str]]] = {}

    def of(self, draw: int, tier: int, count: int) -> tuple[Sequence[str], Sequence[str]]:
        """Those of the prizes 0 … count−1: of their `reserve` rows, and of their `issue` rows."""
        asked = (draw, tier, count)
        if asked not in self._found:
            self._found[asked] = (_ids(draw, tier, count, "reserve", 0), _ids(draw, tier, count, "issue", 1))
        return self._found[asked]


def _ids(draw: int, tier: int, count: int, kind: str, n: int) -> list[str]:
    word, sha256 = kind.encode(), hashlib.sha256
    told = (
        _ID_HEAD.pack(10, b"gala/row/1", 8, draw, 8, tier, 8, 0, 8, 0, len(word)) + word + _ID_TAIL.pack(8, n)
    )
    # The same but for the prize, so written in one go: a table of bytes, a message a row.
    messages = np.tile(np.frombuffer(told, dtype=np.uint8), (count, 1))
    messages[:, _PRIZE_AT : _PRIZE_AT + 8] = np.arange(count, dtype=">u8").view(np.uint8).reshape(count, 8)
    digests = [sha256(told).digest() for (told,) in iter_unpack(f"{len(told)}s", messages.tobytes())]
    shown = b"".join(digests).hex()
    return [shown[at : at + 32] for at in range(0, len(shown), 64)]


def voucher_id(draw: int, tier: int, prize: int, alternate: int) -> bytes:
    return row_id(draw, tier, prize, alternate, "issue", ISSUED_AT)
