"""The roster of a draw: how many tickets stand at each place.

`roster.bin` is a 64-byte header, then u16be tickets for places 0 … N-1; only places with tickets are
listed. Header: "GALAROST" ‖ u32be(1) ‖ draw_id32 ‖ u64be(places) ‖ u64be(tickets) ‖ four zero bytes.
`eligible.bin` is one bit a place, the first in the highest bit: places of viewers barred from this draw
(no verified account) keep their tickets in the roster, so its sum is always that of the boxes, but draw
nothing. `won.bin`, where a cap runs over several draws, is one byte a place: the prizes this viewer had won
in the earlier ones when the roster was frozen.
"""

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from rewards.log import merkle

_HEADER = struct.Struct(">8sI32sQQ4x")
_MAGIC = b"GALAROST"
TICKETS_MAX = 65535  # a place's tickets are a u16
WON_MAX = 255  # what a place had won before is a u8

Tickets = npt.NDArray[np.integer[Any]]  # by place; u16, or wider while they are added up
Flags = npt.NDArray[np.bool_]
Won = npt.NDArray[np.uint8]  # prizes won in earlier draws, by place


class BadRoster(ValueError):
    """A roster file that is not what its header says, or tickets it cannot hold."""


def encode(draw_id32: bytes, tickets: Tickets) -> bytes:
    """The file of the tickets by place, each 1 to 65535 (BadRoster otherwise)."""
    if len(tickets) and not (int(tickets.min()) >= 1 and int(tickets.max()) <= TICKETS_MAX):
        raise BadRoster(f"a place holds 1 to {TICKETS_MAX} tickets")
    header = _HEADER.pack(_MAGIC, 1, draw_id32, len(tickets), int(tickets.sum()))
    return header + tickets.astype(">u2").tobytes()


def decode(content: bytes, draw_id32: bytes) -> Tickets:
    """The tickets by place; BadRoster naming what is wrong."""
    if len(content) < _HEADER.size:
        raise BadRoster("shorter than its header")
    magic, version, found_id, count, total = _HEADER.unpack_from(content)
    if (magic, version) != (_MAGIC, 1) or content[60:64] != bytes(4):
        raise BadRoster("not a roster of version 1")
    if found_id != draw_id32:
        raise BadRoster("the roster of another draw")
    if len(content) != _HEADER.size + 2 * count:
        raise BadRoster(f"header says {count} places, the file holds {(len(content) - _HEADER.size) / 2}")
    tickets = np.frombuffer(content, dtype=">u2", offset=_HEADER.size).astype(np.uint16)
    held = int(tickets.sum(dtype=np.int64))
    if held != total:
        raise BadRoster(f"header says {total} tickets, the places hold {held}")
    if count and not int(tickets.min()):
        raise BadRoster(f"place {int(tickets.argmin())} has no tickets")
    return tickets


def root(content: bytes) -> bytes:
    """Merkle root over the places: 512 of them, 1 KiB, to a leaf; the header is bound by its hash."""
    return merkle.chunked_root(content[_HEADER.size :], 2)


def encode_flags(flags: Flags) -> bytes:
    return np.packbits(flags).tobytes()


def decode_flags(content: bytes, count: int) -> Flags:
    """`count` flags; BadRoster unless the file is exactly theirs, spare bits zero."""
    flags = np.unpackbits(np.frombuffer(content, dtype=np.uint8)).astype(np.bool_)
    if len(content) != -(-count // 8) or bool(flags[count:].any()):
        raise BadRoster(f"not one flag for each of {count} places")
    return flags[:count]


def encode_won(won: npt.NDArray[np.int64]) -> bytes:
    """Prizes won before by place; more than 255 are written as 255, where every cap is full."""
    return np.minimum(won, WON_MAX).astype(np.uint8).tobytes()


def decode_won(content: bytes, count: int) -> Won:
    """`count` bytes; BadRoster if the file holds another number of them."""
    if len(content) != count:
        raise BadRoster(f"not one byte of prizes won for each of {count} places")
    return np.frombuffer(content, dtype=np.uint8)


def histogram(tickets: Tickets) -> list[list[int]]:
    """[tickets, places that hold so many], ascending: what the leaf publishes of the spread."""
    counts = np.zeros(TICKETS_MAX + 1, dtype=np.int64)
    for first in range(0, len(tickets), 1 << 20):
        counts += np.bincount(tickets[first : first + (1 << 20)], minlength=TICKETS_MAX + 1)
    return [[held, int(counts[held])] for held in np.flatnonzero(counts).tolist()]
