"""What is counted over the slots of a box, as data, and what one play changes.

The published form is a list such as

    {"name": "voters", "op": "count"}                              slots that are not empty
    {"name": "choice", "op": "by", "fields": ["choice"]}           one counter a value (or a tuple of values)
    {"name": "choices", "op": "bits", "field": "choices"}          one counter a set bit, bit 0 the lowest
    {"name": "points", "op": "sum", "field": "stage_points"}
    {"name": "points", "op": "sum", "field": "stage_points", "by": ["star"]}
                                                                   one sum a value (or a tuple of values)
    {"name": "hits", "op": "popcount", "field": "hits"}            set bits, added up

Empty slots count nowhere. A counter is called `name`, or `name/3`, `name/3/1` where there is one a value. A
counter that is zero is not listed. Counters are margins: a `by` over every field would be the box again.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from voting.layout import NAME, Layout

MEMO_MAX = 4096  # pairs of slots remembered by a Tally: a poll has a few hundred, a wide game gains nothing

Values = Mapping[str, int]
Counters = Mapping[str, int]


class _Op(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True):
    name: str


class Voters(_Op, frozen=True, tag="count"):
    """How many slots are not empty."""


class By(_Op, frozen=True, tag="by"):
    """How many slots have each value of a field, or each tuple of values of several."""

    fields: tuple[str, ...]


class Bits(_Op, frozen=True, tag="bits"):
    """How many slots have each bit of a mask set."""

    field: str


class Sum(_Op, frozen=True, tag="sum", omit_defaults=True):
    """A field added up; with `by`, for each value of these fields, or tuple of values, of its own."""

    field: str
    by: tuple[str, ...] = ()


class Popcount(_Op, frozen=True, tag="popcount"):
    """The set bits of a field, added up."""

    field: str


Count = Voters | By | Bits | Sum | Popcount


def counts_to_json(counts: Sequence[Count]) -> list[dict[str, Any]]:
    """The published form of `counts`."""
    return msgspec.json.decode(msgspec.json.encode(counts), type=list[dict[str, Any]])


def counts_from_json(published: object) -> list[Count]:
    """Counts read from an opening leaf; msgspec.ValidationError names the place when they are not counts."""
    return msgspec.convert(published, list[Count])


def fields_read(count: Count) -> tuple[str, ...]:
    """The fields whose values decide this count."""
    match count:
        case Voters():
            return ()
        case By(fields=fields):
            return fields
        case Sum(field=field, by=by):
            return (field, *by)
        case _:
            return (count.field,)


def check_counts(layout: Layout, counts: Sequence[Count]) -> None:
    """ValueError when a name is no word or comes twice, or a count reads what the layout does not have."""
    names = [count.name for count in counts]
    for name in names:
        if not NAME.fullmatch(name):
            raise ValueError(f"count {name!r}: a name is a lower-case word of at most 32 characters")
    if len(set(names)) != len(names):
        raise ValueError(f"a count's name comes twice in {names}")
    for count in counts:
        fields = fields_read(count)
        if isinstance(count, By) and not fields:
            raise ValueError(f"count {count.name!r}: by needs a field")
        for field in fields:
            if field not in layout.names:
                raise ValueError(f"count {count.name!r}: no field {field!r} in the layout")


class Tally:
    """The counts of one round, made ready for the hot path.

    Pure but for a bounded memo: the same two slots always give the same deltas.
    """

    def __init__(self, layout: Layout, counts: Sequence[Count]) -> None:
        check_counts(layout, counts)
        self.layout = layout
        self.counts = tuple(counts)
        self._contributions = [_contribution(count) for count in counts]
        # No count of ours reads `seq`, and leaving it out of the memo's key is what makes the memo hit.
        self._from = 0 if any("seq" in fields_read(count) for count in counts) else 2
        self._memo: dict[tuple[bytes, bytes, bool, bool], Counters] = {}  # written by deltas and forget

    def of(self, slot: bytes) -> dict[str, int]:
        """What one slot alone contributes to the counters; nothing when it is empty."""
        values = self.layout.unpack(slot)
        counters: dict[str, int] = {}
        if values["seq"]:
            for contribute in self._contributions:
                contribute(values, counters)
        return counters

    def deltas(self, before: bytes, after: bytes) -> Counters:
        """What the counters change by when a slot goes from `before` to `after`; no zeros, read-only."""
        skip = self._from
        key = (before[skip:], after[skip:], before[:2] == b"\0\0", after[:2] == b"\0\0")
        known = self._memo.get(key)
        if known is not None:
            return known
        changed = self.of(after)
        for counter, present in self.of(before).items():
            changed[counter] = changed.get(counter, 0) - present
        deltas = MappingProxyType({counter: delta for counter, delta in changed.items() if delta})
        if len(self._memo) >= MEMO_MAX:
            self._memo.clear()
        self._memo[key] = deltas
        return deltas

    def forget(self) -> None:
        """Empties the memo; the answers stay the same."""
        self._memo.clear()


def _contribution(count: Count) -> Callable[[Values, dict[str, int]], None]:
    """A function adding one slot's part of `count` to a dict of counters, leaving zeros out."""
    name = count.name
    match count:
        case Voters():

            def contribute(values: Values, counters: dict[str, int]) -> None:
                if values["seq"]:
                    counters[name] = 1

        case By(fields=fields):

            def contribute(values: Values, counters: dict[str, int]) -> None:
                counters["/".join([name, *(str(values[field]) for field in fields)])] = 1

        case Bits(field=field):

            def contribute(values: Values, counters: dict[str, int]) -> None:
                mask = values[field]
                while mask:
                    lowest = mask & -mask
                    counters[f"{name}/{lowest.bit_length() - 1}"] = 1
                    mask ^= lowest

        case Sum(field=field, by=by):

            def contribute(values: Values, counters: dict[str, int]) -> None:
                if values[field]:
                    counters["/".join([name, *(str(values[part]) for part in by)])] = values[field]

        case Popcount(field=field):

            def contribute(values: Values, counters: dict[str, int]) -> None:
                if values[field]:
                    counters[name] = values[field].bit_count()

    return contribute
