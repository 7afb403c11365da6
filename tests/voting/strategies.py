"""Layouts, counts, rules and slots of any shape, for laws that must hold of all of them."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from voting.entries import SETTLED, Entry
from voting.layout import BITS, Layout
from voting.tally import Bits, By, Count, Popcount, Sum, Voters

KINDS = st.sampled_from(list(BITS))
# Small values meet each other and the rules; large ones meet the edges of a field.
NUMBERS = st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1))


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    kinds = draw(st.lists(KINDS, max_size=3))
    return Layout.of(**{f"body{i}": kind for i, kind in enumerate(kinds)})


@st.composite
def slots(draw: st.DrawFn, layout: Layout) -> bytes:
    """A slot of this layout, one in four of them empty."""
    if draw(st.integers(0, 3)) == 0:
        return layout.empty
    values = {name: draw(NUMBERS) % (1 << layout.bits(name)) for name in layout.names}
    values["seq"] = values["seq"] or 1
    return layout.pack(values)


@st.composite
def counts(draw: st.DrawFn, layout: Layout) -> list[Count]:
    field = st.sampled_from(layout.names)
    kinds: Sequence[str] = draw(
        st.lists(st.sampled_from(["count", "by", "bits", "sum", "popcount"]), max_size=5)
    )
    listed: list[Count] = []
    for place, kind in enumerate(kinds):
        name = f"count{place}"
        match kind:
            case "count":
                listed.append(Voters(name))
            case "by":
                listed.append(By(name, tuple(draw(st.lists(field, min_size=1, max_size=3)))))
            case "bits":
                listed.append(Bits(name, draw(field)))
            case "sum":
                listed.append(Sum(name, draw(field), tuple(draw(st.lists(field, max_size=2)))))
            case "popcount":
                listed.append(Popcount(name, draw(field)))
    return listed


def expressions(layout: Layout) -> st.SearchStrategy[list[Any]]:
    comparison = st.tuples(
        st.sampled_from(["eq", "ge", "popcount_ge"]),
        st.sampled_from(layout.names),
        st.one_of(st.integers(0, 3), st.integers(-(2**70), 2**70), st.just(SETTLED)),
    ).map(list)
    return st.recursive(
        comparison,
        lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda p: ["and", *p]),
        max_leaves=4,
    )


def entries(layout: Layout) -> st.SearchStrategy[list[Entry]]:
    return st.lists(st.builds(Entry, when=expressions(layout), tickets=st.integers(0, 65_535)), max_size=3)
