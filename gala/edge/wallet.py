"""What the notary leaves in the store for each viewer, and how an edge reads it to its owner."""

import msgspec

from gala.protocol import Standing, Text, VoucherView
from rewards.codes import voucher_code


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher without its code: the code is worked out for its owner alone, and stored nowhere."""

    id: str
    draw: int
    tier: int
    title: Text
    face_minor: int
    currency: str
    valid_from_at_ms: int
    valid_until_at_ms: int
    zone: str
    state: str = "issued"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One viewer's outcome of one draw: ``wallet:{SHOW}``, field ``NUMBER/DRAW``, msgpack."""

    standing: Standing
    vouchers: list[Held] = msgspec.field(default_factory=list)


def field(number: int, draw: int) -> str:
    """The hash field of a viewer's page."""
    return f"{number}/{draw}"


def shown(held: Held, code_key: bytes, *, rehearsal: bool) -> VoucherView:
    """The voucher as its owner sees it, with its code."""
    return msgspec.convert(
        {
            **msgspec.structs.asdict(held),
            "code": voucher_code(code_key, bytes.fromhex(held.id)),
            "rehearsal": rehearsal,
        },
        VoucherView,
    )
