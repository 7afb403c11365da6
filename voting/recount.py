"""Counting a whole box from its bytes: the truth that counters are a cache of.

numpy over one page (or one published box) at a time, so that memory stays flat and columns stay in the
processor's cache. `tally.Tally.of` is the slow, obvious version of `recount`; `entries.tickets` that of
`tickets`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voting.entries import SETTLED, Entry, Expr, check_entries
from voting.layout import Layout
from voting.tally import Bits, By, Count, Popcount, Sum, Voters, check_counts

TABLE_BITS_MAX = 16  # up to here a table of every value is smaller than sorting the values that occur

Records = NDArray[np.void]
Column = NDArray[Any]

_BITS_OF_A_BYTE = (np.arange(256)[:, None] >> np.arange(8)) & 1


def records(layout: Layout, page: bytes) -> Records:
    """A page's slots as numpy records, without copying; ValueError when it is not whole slots."""
    if len(page) % layout.width:
        raise ValueError(f"{len(page)} bytes are not whole slots of {layout.width}")
    return np.frombuffer(page, layout.dtype)


def recount(layout: Layout, counts: Sequence[Count], pages: Iterable[bytes]) -> dict[str, int]:
    """All counters of a box, sorted by name, zeros left out.

    pages: each any number of whole slots, in any order; ValueError otherwise.
    """
    check_counts(layout, counts)
    counters: dict[str, int] = {}
    for page in pages:
        slots = records(layout, page)
        occupied = slots["seq"] != 0
        voters = int(np.count_nonzero(occupied))
        if not voters:
            continue
        chosen = None if voters == len(slots) else occupied
        for count in counts:
            for counter, value in _of_page(layout, count, slots, chosen, voters):
                counters[counter] = counters.get(counter, 0) + value
    return {counter: counters[counter] for counter in sorted(counters) if counters[counter]}


def _of_page(
    layout: Layout, count: Count, slots: Records, chosen: NDArray[np.bool_] | None, voters: int
) -> Iterable[tuple[str, int]]:
    def column(field: str) -> Column:
        return slots[field] if chosen is None else slots[field][chosen]

    match count:
        case Voters(name=name):
            return [(name, voters)]
        case By(name=name, fields=fields):
            return _by(name, [column(field) for field in fields], [layout.bits(field) for field in fields])
        case Bits(name=name, field=field):
            return _bits(name, column(field))
        case Sum(name=name, field=field, by=()):
            return [(name, _sum(column(field)))]
        case Sum(name=name, field=field, by=by):
            widths = [layout.bits(part) for part in by]
            return _sum_by(name, column(field), [column(part) for part in by], widths)
        case Popcount(name=name, field=field):
            return [(name, int(np.bitwise_count(column(field)).sum(dtype=np.int64)))]


def _by(name: str, columns: list[Column], widths: list[int]) -> Iterable[tuple[str, int]]:
    group, values_of = _grouped(columns, widths)
    table = np.bincount(group)
    for found in np.flatnonzero(table).tolist():
        yield "/".join([name, *map(str, values_of(found))]), int(table[found])


def _sum_by(name: str, column: Column, columns: list[Column], widths: list[int]) -> Iterable[tuple[str, int]]:
    group, values_of = _grouped(columns, widths)
    whole, low = column.astype(np.uint64), np.uint64(0xFFFF)
    # numpy adds weights as floats. Pieces of 16 bits add up exactly there: far below 2^53 for any box.
    pieces = [
        (shift, np.bincount(group, (whole >> np.uint64(shift)) & low))
        for shift in range(0, column.dtype.itemsize * 8, 16)
    ]
    for found in np.flatnonzero(np.bincount(group)).tolist():
        total = sum(int(piece[found]) << shift for shift, piece in pieces)
        yield "/".join([name, *map(str, values_of(found))]), total


def _grouped(
    columns: list[Column], widths: list[int]
) -> tuple[NDArray[np.intp], Callable[[int], Sequence[int]]]:
    """A number for each slot, equal where the columns are, and which values a number stands for."""
    if sum(widths) > TABLE_BITS_MAX:
        rows = np.column_stack([column.astype(np.uint64) for column in columns])
        found_rows, group = np.unique(rows, axis=0, return_inverse=True)
        return group.reshape(-1), found_rows.tolist().__getitem__
    code = columns[0].astype(np.intp)
    for column, width in zip(columns[1:], widths[1:], strict=True):
        code = (code << width) | column

    def values_of(found: int) -> Sequence[int]:
        values: list[int] = []
        for width in reversed(widths):
            values.append(found & ((1 << width) - 1))
            found >>= width
        return values[::-1]

    return code, values_of


def _bits(name: str, column: Column) -> Iterable[tuple[str, int]]:
    # A histogram of each byte, then the bits of 256 values, instead of a pass over the column for every bit.
    width = column.dtype.itemsize
    as_bytes = np.ascontiguousarray(column).view(np.uint8).reshape(-1, width)
    for position in range(width):
        table = np.bincount(as_bytes[:, position], minlength=256)
        lowest = 8 * (width - 1 - position)
        for bit, value in enumerate((table @ _BITS_OF_A_BYTE).tolist()):
            yield f"{name}/{lowest + bit}", value


def _sum(column: Column) -> int:
    if column.dtype.itemsize < 8:
        return int(column.sum(dtype=np.uint64))
    # Two halves: 65 536 slots of 64 bits would overflow a 64-bit sum.
    whole = column.astype(np.uint64)
    high = int((whole >> np.uint64(32)).sum(dtype=np.uint64))
    low = int((whole & np.uint64(0xFFFF_FFFF)).sum(dtype=np.uint64))
    return (high << 32) + low


def tickets(layout: Layout, entries: Sequence[Entry], page: bytes, settled: int | None) -> NDArray[np.int64]:
    """The tickets of every slot of a page, in slot order. `settled` is None until the round is settled."""
    check_entries(layout, entries)
    slots = records(layout, page)
    given = np.zeros(len(slots), np.int64)
    for entry in entries:
        given += entry.tickets * _holding(entry.when, slots, settled)
    given[slots["seq"] == 0] = 0
    return given


def _holding(when: Expr, slots: Records, settled: int | None) -> NDArray[np.bool_]:
    op, *rest = when
    if op == "and":
        holding = np.ones(len(slots), np.bool_)
        for part in rest:
            holding &= _holding(part, slots, settled)
        return holding
    field, bound = rest
    wanted = settled if bound == SETTLED else bound
    column: Column = slots[field]
    if wanted is None:
        return np.zeros(len(slots), np.bool_)
    if op == "eq":
        return np.asarray(column == wanted)
    if op == "popcount_ge":
        column = np.bitwise_count(column)
    return np.asarray(column >= wanted)
