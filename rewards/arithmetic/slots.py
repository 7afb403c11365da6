"""Boxes as data: what a slot holds, what is counted, what earns tickets.

A round's opening leaf declares three lists, and everything here evaluates them on numpy, so a box
is recounted and turned into tickets without running a game. The voting side has an evaluator of its
own; `tests/vectors/counts.json` holds both to one meaning.

layout   `{"width": 5, "fields": [["seq","u16"],["channel","u8"],["flags","u8"],["choice","u8"]]}`:
         big-endian fields of u8 u16 u32 u64, packed in order; the first three are always the head.
         A slot whose `seq` is 0 is empty: it is counted nowhere and earns nothing.
counts   `{"name": N, "op": "count"}`, `{"op": "by", "fields": [F, …]}`, `{"op": "bits", "field": F}` (one
         counter for each bit), `{"op": "sum", "field": F}`, `{"op": "popcount", "field": F}` (of all slots);
         a sum may have `"by": [F, …]`: then one sum for each value, or tuple of values, of these.
         A counter's key is `N`, or `N/3` and `N/3/1` where it is of a value. Zero counters are not listed.
entries  `{"when": E, "tickets": n}`; E is `["eq", F, v]`, `["ge", F, v]`, `["popcount_ge", F, v]` or
         `["and", E, …]`; v an integer or "@settled", the integer of the round's settle leaf. Without one,
         a rule that asks for it gives nothing. Tickets of matching rules add up.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rewards.arithmetic.stretches import stretches

HEAD = (("seq", "u16"), ("channel", "u8"), ("flags", "u8"))
AT_ONCE = 1 << 16  # slots: their columns stay in the processor's cache
_SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}

Records = npt.NDArray[Any]  # structured: one record a slot, one field a name
Counts = Sequence[Mapping[str, Any]]
Entries = Sequence[Mapping[str, Any]]


class BadRules(ValueError):
    """A layout, a count or an entry rule outside the closed lists above."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a slot, in order: (name, kind)."""

    fields: tuple[tuple[str, str], ...]

    @property
    def width(self) -> int:
        return sum(_SIZES[kind] for _, kind in self.fields)

    def bits(self, field: str) -> int:
        """A field's width in bits; BadRules if there is no such field."""
        for name, kind in self.fields:
            if name == field:
                return _SIZES[kind] * 8
        raise BadRules(f"no field {field!r} in the layout")

    def to_json(self) -> dict[str, Any]:
        return {"width": self.width, "fields": [list(field) for field in self.fields]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Layout":
        fields = tuple((str(name), str(kind)) for name, kind in data["fields"])
        if not all(name for name, _ in fields):
            raise BadRules("a field without a name")
        if fields[:3] != HEAD:
            raise BadRules("a slot begins with seq u16, channel u8, flags u8")
        if len({name for name, _ in fields}) != len(fields):
            raise BadRules("a field's name stands twice")
        if any(kind not in _SIZES for _, kind in fields):
            raise BadRules("a field is u8, u16, u32 or u64")
        found = cls(fields)
        if data["width"] != found.width:
            raise BadRules(f"width {data['width']} is not the sum of the fields, {found.width}")
        return found


def records(layout: Layout, box: bytes) -> Records:
    """The slots of a page or box as numpy records. BadRules unless they fill it exactly."""
    if len(box) % layout.width:
        raise BadRules(f"{len(box)} bytes are no whole number of slots of {layout.width}")
    kinds = [(name, f">u{_SIZES[kind]}") for name, kind in layout.fields]
    return np.frombuffer(box, dtype=np.dtype(kinds))


def played(slots: Records) -> Records:
    """Only the slots that hold a play."""
    full = slots["seq"] != 0
    found: Records = slots if bool(full.all()) else slots[full]
    return found


def recount(layout: Layout, counts: Counts, slots: Records) -> dict[str, int]:
    """All counters of the played slots, by key, zero ones left out, keys sorted."""
    parts = stretches(
        max(1, len(slots)), AT_ONCE, lambda first, last: _recount(layout, counts, slots[first:last])
    )
    found: Counter[str] = Counter()
    for part in parts:
        found.update(part)
    return {key: found[key] for key in sorted(found) if found[key]}


def _recount(layout: Layout, counts: Counts, slots: Records) -> dict[str, int]:
    full = played(slots)
    found: dict[str, int] = {}
    for count in counts:
        name, op = str(count["name"]), count["op"]
        if op == "count":
            found[name] = len(full)
        elif op == "by":
            found |= _by(layout, name, [str(field) for field in count["fields"]], full)
        elif op == "bits":
            values = _column(layout, full, str(count["field"]))
            for bit in range(layout.bits(str(count["field"]))):
                found[f"{name}/{bit}"] = int(np.count_nonzero(values & np.uint64(1 << bit)))
        elif op == "sum":
            values = _column(layout, full, str(count["field"]))
            if "by" in count:
                fields = [str(field) for field in count["by"]]
                joined = _joined(layout, name, fields, full)
                for value in np.unique(joined).tolist():
                    found[_key(layout, name, fields, value)] = _sum(values[joined == np.uint64(value)])
            else:
                found[name] = _sum(values)
        elif op == "popcount":
            values = _column(layout, full, str(count["field"]))
            found[name] = int(np.bitwise_count(values).sum(dtype=np.uint64))
        else:
            raise BadRules(f"no count {op!r}")
    return found


def _sum(values: npt.NDArray[np.uint64]) -> int:
    # Halves, since ten million u64 would overflow one u64 of sum.
    high, low = values >> np.uint64(32), values & np.uint64(0xFFFFFFFF)
    return (int(high.sum()) << 32) + int(low.sum())


def _by(layout: Layout, name: str, fields: list[str], full: Records) -> dict[str, int]:
    joined = _joined(layout, name, fields, full)
    if sum(layout.bits(field) for field in fields) <= 16:
        tallied = np.bincount(joined.view(np.int64), minlength=1)
        values, sums = np.flatnonzero(tallied), tallied[tallied > 0]
    else:
        values, sums = np.unique(joined, return_counts=True)
    return {
        _key(layout, name, fields, value): int(total)
        for value, total in zip(values.tolist(), sums.tolist(), strict=True)
    }


def _joined(layout: Layout, name: str, fields: list[str], full: Records) -> npt.NDArray[np.uint64]:
    """The fields of each slot side by side in one number, the last in the lowest bits."""
    widths = [layout.bits(field) for field in fields]
    if not fields or sum(widths) > 64:
        raise BadRules(f"count {name!r}: by takes one or more fields of together at most 64 bits")
    joined = _column(layout, full, fields[0])
    for field, bits in zip(fields[1:], widths[1:], strict=True):
        joined <<= np.uint64(bits)
        joined |= full[field]
    return joined


def _key(layout: Layout, name: str, fields: list[str], joined: int) -> str:
    parts, rest = [], joined
    for field in reversed(fields):
        bits = layout.bits(field)
        parts.append(str(rest & ((1 << bits) - 1)))
        rest >>= bits
    return "/".join([name, *reversed(parts)])


def tickets(
    layout: Layout,
    entries: Entries,
    slots: Records,
    settled: int | None,
    channels: Sequence[int] | None = None,
) -> npt.NDArray[np.int32]:
    """Tickets of each slot, in the slots' order; empty slots have none. channels: whose slots alone earn any
    (None: all of them)."""
    parts = stretches(
        max(1, len(slots)),
        AT_ONCE,
        lambda first, last: _tickets(layout, entries, slots[first:last], settled, channels),
    )
    return np.concatenate(parts)


def _tickets(
    layout: Layout, entries: Entries, slots: Records, settled: int | None, channels: Sequence[int] | None
) -> npt.NDArray[np.int32]:
    found = np.zeros(len(slots), dtype=np.int32)
    full = np.asarray(slots["seq"] != 0)
    if channels is not None:
        full &= np.isin(slots["channel"], channels)
    for rule in entries:
        earned = rule["tickets"]
        if not isinstance(earned, int) or isinstance(earned, bool) or earned < 0:
            raise BadRules("tickets are a natural number")
        found += np.multiply(full & _matches(layout, rule["when"], slots, settled), earned, dtype=np.int32)
    return found


def check_rules(layout: Layout, counts: Counts, entries: Entries) -> None:
    """BadRules unless every count and entry is of the closed lists and names fields there are."""
    if any(not isinstance(count["name"], str) or "/" in count["name"] for count in counts):
        raise BadRules("a count's name is text without a slash")
    if len({count["name"] for count in counts}) != len(counts):
        raise BadRules("a count's name stands twice")
    nothing = records(layout, b"")
    recount(layout, counts, nothing)
    tickets(layout, entries, nothing, settled=0)


def tickets_max(entries: Entries) -> int:
    """The most one slot can earn: every rule at once."""
    return sum(int(rule["tickets"]) for rule in entries)


def _matches(layout: Layout, when: Any, slots: Records, settled: int | None) -> npt.NDArray[np.bool_]:
    if not isinstance(when, list | tuple) or not when:
        raise BadRules("an entry's condition is a list that begins with its operator")
    op = when[0]
    if op == "and":
        found = np.ones(len(slots), dtype=np.bool_)
        for part in when[1:]:
            found &= _matches(layout, part, slots, settled)
        return found
    if op not in ("eq", "ge", "popcount_ge") or len(when) != 3:
        raise BadRules(f"no condition {op!r} with {len(when) - 1} arguments")
    layout.bits(str(when[1]))
    column, value = slots[str(when[1])], when[2]
    if value == "@settled":
        if settled is None:
            return np.zeros(len(slots), dtype=np.bool_)
        value = settled
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
        raise BadRules("a condition compares with a natural number or @settled")
    if op == "eq":
        return np.asarray(column == value)
    if op == "ge":
        return np.asarray(column >= value)
    return np.asarray(np.bitwise_count(column) >= value)


def _column(layout: Layout, slots: Records, field: str) -> npt.NDArray[np.uint64]:
    layout.bits(field)
    return np.asarray(slots[field].astype(np.uint64))
