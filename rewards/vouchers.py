"""A voucher: its life as a table, its name, and the code its winner shows at a till.

Code: 80 bits of HMAC-SHA256 under a key that only the operator holds, in Crockford's base32 (16 letters)
with the check symbol of his scheme (value mod 37), written in groups of four: `7KX0-…-…-…-C`. It is derived
again whenever its winner asks, so it is stored nowhere; a till's code is looked up by another HMAC. Neither
appears in log, bundle, SQL or repr.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum

from rewards.leaves import Window

# The life of a voucher: from which state, by which kind of row, to which state. Nothing else happens.
TRANSITIONS: dict[tuple[str, str], str] = {
    ("none", "reserve"): "reserved",
    ("reserved", "issue"): "live",
    ("live", "redeem"): "redeemed",
    ("redeemed", "rollback"): "live",
    ("live", "expire"): "expired",
}
ISSUED_AT = 1  # the issue is a voucher's second row: n counts its transitions from 0

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK = _ALPHABET + "*~$=U"


class Refusal(StrEnum):
    """Why a till is refused."""

    UNKNOWN = "unknown"  # no such code, or a mistyped one
    NOT_YET = "not_yet"  # before the window
    EXPIRED = "expired"  # after it
    USED = "used"  # redeemed already
    NOT_REDEEMED = "not_redeemed"  # nothing to roll back
    TEST_MONEY = "test_money"  # XTS outside a rehearsal


@dataclass(frozen=True, slots=True)
class Voucher:
    """An issued voucher. `id` (16 bytes) is the row id of its issue; `number` the winner's."""

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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a till is told, always of this shape. status: `done` or `refused`; amount 0 when refused."""

    status: str
    reason: str
    amount: int
    currency: str
    zone: str


def row_id(draw: int, tier: int, prize: int, alternate: int, kind: str, n: int) -> bytes:
    """The id of a ledger row, 16 bytes: the same event has the same id however often it is told.

    SHA-256 over the parts, each after its length as u32be; integers as u64be.
    """
    parts = [b"gala/row/1", *(value.to_bytes(8, "big") for value in (draw, tier, prize, alternate))]
    parts += [kind.encode(), n.to_bytes(8, "big")]
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(framed).digest()[:16]


def voucher_id(draw: int, tier: int, prize: int, alternate: int) -> bytes:
    return row_id(draw, tier, prize, alternate, "issue", ISSUED_AT)


def voucher_code(code_key: bytes, voucher: bytes) -> str:
    """The code of a voucher id, e.g. `7K3M-Q9TB-0H5W-2ZJD-4`: 80 bits and a check symbol. Pure."""
    digest = hmac.digest(code_key, b"gala/code/1\x00" + voucher, "sha256")
    value = int.from_bytes(digest[:10], "big")
    letters = "".join(_ALPHABET[value >> shift & 31] for shift in range(75, -1, -5))
    groups = [letters[at : at + 4] for at in range(0, 16, 4)]
    return "-".join([*groups, _CHECK[value % 37]])


def read_code(text: str) -> str | None:
    """A typed code in its one form, or None if it is none: case and hyphens do not matter, O reads as 0,
    I and L as 1, and a wrong check symbol is a typing mistake."""
    plain = text.upper().translate(str.maketrans("OIL", "011", "- "))
    if len(plain) != 17 or any(letter not in _ALPHABET for letter in plain[:16]):
        return None
    value = 0
    for letter in plain[:16]:
        value = value << 5 | _ALPHABET.index(letter)
    if plain[16] != _CHECK[value % 37]:
        return None
    return "-".join([plain[0:4], plain[4:8], plain[8:12], plain[12:16], plain[16]])


def code_lookup(code_key: bytes, code: str) -> bytes:
    """What SQL knows of a code (in its one form): enough to find it, useless to spend it."""
    return hmac.digest(code_key, b"gala/code-lookup/1\x00" + code.encode(), "sha256")
