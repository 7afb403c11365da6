"""What the notary leaves in the store for each viewer, and how an edge reads it to its owner.

``wallet:{SHOW}`` has two fields for a viewer and a draw, both msgpack: ``NUMBER/DRAW``, how they did in it,
and ``NUMBER/DRAW/vouchers``, what they hold from it (which may come later, when a prize passes on).
"""

from collections.abc import Sequence

import msgspec

from gala.protocol import Standing, Text, VoucherView
from rewards.money import codes


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher without its code: that is worked out for its owner alone, from its id or from what is sealed
    here, which only the holder of the key of codes can open."""

    id: str
    draw: int
    tier: int
    prize: int
    alternate: int
    title: Text
    face_minor: int
    currency: str
    valid_from_at_ms: int
    valid_until_at_ms: int
    zone: str
    state: str
    claim_until_at_ms: int
    sealed: bytes = b""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """How one viewer did in one draw."""

    standing: Standing


_page = msgspec.msgpack.Decoder(Page).decode
_held = msgspec.msgpack.Decoder(list[Held]).decode


def field(number: int, draw: int) -> str:
    """The hash field of a viewer's page."""
    return f"{number}/{draw}"


def vouchers_field(number: int, draw: int) -> str:
    """The hash field of what they hold."""
    return f"{number}/{draw}/vouchers"


def fields(number: int, draws: Sequence[int]) -> list[str]:
    """Both fields of each of these draws, for `read`."""
    return [name for draw in draws for name in (field(number, draw), vouchers_field(number, draw))]


def read(found: Sequence[bytes | None]) -> tuple[list[Standing], list[Held]]:
    """What stands in these fields."""
    standings = [_page(content).standing for content in found[::2] if content is not None]
    return standings, [one for content in found[1::2] if content is not None for one in _held(content)]


def shown(held: Held, code_key: bytes, *, rehearsal: bool) -> VoucherView:
    """The voucher as its owner sees it, with its code."""
    return msgspec.convert(
        {
            **msgspec.structs.asdict(held),
            "code": codes.shown(code_key, bytes.fromhex(held.id), held.sealed),
            "rehearsal": rehearsal,
        },
        VoucherView,
    )
