"""What a slot holds, as data: named fixed-width fields, big-endian, packed without gaps.

The published form is `{"width": 5, "fields":
[["seq","u16"],["channel","u8"],["flags","u8"],["choice","u8"]]}`. The first three fields are always the
head.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

BITS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}
HEAD = (("seq", "u16"), ("channel", "u8"), ("flags", "u8"))
SEQ_MAX = 65_535
WIDTH_MAX = 64

FLAG_LATE = 0b0000_0001
"""The play came after the stage's cut: counted for the viewer, not for the stage."""
FLAG_CONSENT = 0b0000_0010
"""The viewer agrees to be named on air."""
FLAG_SOURCE = 0b0000_0100
"""The play came through a host app instead of the open page."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_STRUCT_CODE = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}
_NUMPY_CODE = {"u8": "u1", "u16": ">u2", "u32": ">u4", "u64": ">u8"}


@dataclass(frozen=True)
class Layout:
    """The fields of a slot in order, each `(name, kind)` with kind one of u8 u16 u32 u64.

    ValueError when the head is missing, a name is not a lower-case word or comes twice, a kind is unknown,
    or the slot is wider than 64 bytes.
    """

    fields: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if self.fields[:3] != HEAD:
            raise ValueError(f"a layout begins with the head {HEAD}, not {self.fields[:3]}")
        for name, kind in self.fields:
            if kind not in BITS:
                raise ValueError(f"field {name!r}: kind {kind!r} is none of {', '.join(BITS)}")
            if not NAME.fullmatch(name):
                raise ValueError(f"field {name!r}: a name is a lower-case word of at most 32 characters")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"a field name comes twice in {self.names}")
        if self.width > WIDTH_MAX:
            raise ValueError(f"a slot of {self.width} bytes is wider than {WIDTH_MAX}")

    @classmethod
    def of(cls, **body: str) -> Self:
        """The head followed by these fields: `Layout.of(choice="u8")`."""
        return cls(HEAD + tuple(body.items()))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.fields)

    @cached_property
    def width(self) -> int:
        """Bytes a slot."""
        return sum(BITS[kind] for _, kind in self.fields) // 8

    @cached_property
    def empty(self) -> bytes:
        """The slot of a viewer who has not played: all zero."""
        return bytes(self.width)

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        """A page read as records: `numpy.frombuffer(page, layout.dtype)`."""
        return np.dtype([(name, _NUMPY_CODE[kind]) for name, kind in self.fields])

    @cached_property
    def _struct(self) -> struct.Struct:
        return struct.Struct(">" + "".join(_STRUCT_CODE[kind] for _, kind in self.fields))

    def bits(self, field: str) -> int:
        """Width of one field in bits; ValueError when there is no such field."""
        for name, kind in self.fields:
            if name == field:
                return BITS[kind]
        raise ValueError(f"no field {field!r} among {', '.join(self.names)}")

    def pack(self, values: Mapping[str, int]) -> bytes:
        """The slot with exactly these values; ValueError when one is missing, unknown or out of range."""
        try:
            if len(values) == len(self.fields):
                return self._struct.pack(*[values[name] for name in self.names])
        except (struct.error, KeyError):
            pass
        if set(values) != set(self.names):
            raise ValueError(f"a slot has the fields {', '.join(self.names)}, not {', '.join(values)}")
        wrong = {name: values[name] for name, kind in self.fields if not 0 <= values[name] < 1 << BITS[kind]}
        raise ValueError(f"out of range for the layout: {wrong}")

    def unpack(self, slot: bytes) -> dict[str, int]:
        """All fields of one slot; ValueError when it is not `width` bytes."""
        if len(slot) != self.width:
            raise ValueError(f"a slot has {self.width} bytes, not {len(slot)}")
        return dict(zip(self.names, self._struct.unpack(slot), strict=True))

    def to_json(self) -> dict[str, Any]:
        return {"width": self.width, "fields": [list(field) for field in self.fields]}

    @classmethod
    def from_json(cls, published: object) -> Self:
        """A layout read from an opening leaf; ValueError when it is none, or its width is not its fields'."""
        match published:
            case {"width": int(width), "fields": [*fields], **rest} if not rest:
                pass
            case _:
                raise ValueError('a layout is {"width": int, "fields": [[name, kind], …]}')
        pairs: list[tuple[str, str]] = []
        for field in fields:
            match field:
                case [str(name), str(kind)]:
                    pairs.append((name, kind))
                case _:
                    raise ValueError(f"a field is [name, kind], not {field!r}")
        layout = cls(tuple(pairs))
        if layout.width != width:
            raise ValueError(f"the layout says {width} bytes, its fields have {layout.width}")
        return layout


def channel_of(slot: bytes) -> int | None:
    """The channel of a slot's first play, of any layout; None when it is empty."""
    return slot[2] if slot[:2] != b"\0\0" else None
