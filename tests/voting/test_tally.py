"""A counter is the sum over slots of what each contributes; a delta, the difference of two."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.voting.strategies import counts, layouts, slots
from voting.layout import Layout
from voting.tally import (
    Bits,
    By,
    Count,
    Popcount,
    Sum,
    Tally,
    Voters,
    check_counts,
    counts_from_json,
    counts_to_json,
)

POLL = Layout.of(choice="u8")


def test_each_operation_names_its_counters_as_published() -> None:
    layout = Layout.of(choices="u16", points="u32")
    tally = Tally(
        layout,
        [
            Voters("voters"),
            By("channel", ("channel",)),
            By("cross", ("channel", "flags")),
            Bits("choices", "choices"),
            Sum("points", "points"),
            Popcount("named", "choices"),
        ],
    )
    slot = layout.pack({"seq": 9, "channel": 2, "flags": 0, "choices": 0b1_0000_0101, "points": 700})
    assert tally.of(slot) == {
        "voters": 1,
        "channel/2": 1,
        "cross/2/0": 1,
        "choices/0": 1,
        "choices/2": 1,
        "choices/8": 1,
        "points": 700,
        "named": 3,
    }
    assert tally.of(layout.empty) == {}


def test_a_changed_choice_takes_from_one_counter_and_adds_to_another() -> None:
    tally = Tally(POLL, [Voters("voters"), By("choice", ("choice",))])
    first = POLL.pack({"seq": 1, "channel": 0, "flags": 0, "choice": 1})
    second = POLL.pack({"seq": 2, "channel": 0, "flags": 0, "choice": 2})
    assert tally.deltas(POLL.empty, first) == {"voters": 1, "choice/1": 1}
    assert tally.deltas(first, second) == {"choice/1": -1, "choice/2": 1}
    assert tally.deltas(second, POLL.pack({"seq": 3, "channel": 0, "flags": 0, "choice": 2})) == {}


def test_a_played_slot_of_zeros_is_never_taken_for_an_empty_one() -> None:
    tally = Tally(POLL, [Voters("voters"), By("choice", ("choice",))])
    zeros, one = bytes([0, 1, 0, 0, 0]), bytes([0, 2, 0, 0, 1])
    assert tally.deltas(POLL.empty, zeros) == {"voters": 1, "choice/0": 1}
    assert tally.deltas(POLL.empty, POLL.empty) == {}
    assert tally.deltas(POLL.empty, one) == {"voters": 1, "choice/1": 1}
    assert tally.deltas(zeros, one) == {"choice/0": -1, "choice/1": 1}


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_deltas_along_any_path_add_up_to_the_contribution_of_its_end(data: st.DataObject) -> None:
    layout = data.draw(layouts())
    tally = Tally(layout, data.draw(counts(layout)))
    total: Counter[str] = Counter()
    before = layout.empty
    for after in data.draw(st.lists(slots(layout), max_size=6)):
        deltas = tally.deltas(before, after)
        assert 0 not in deltas.values()
        # A second Tally remembers nothing, so the memo cannot have changed the answer.
        assert deltas == Tally(layout, tally.counts).deltas(before, after)
        for counter, delta in deltas.items():
            total[counter] += delta
        before = after
    assert {counter: value for counter, value in total.items() if value} == tally.of(before)


@given(st.data())
@settings(deadline=None)
def test_counts_survive_a_round_trip(data: st.DataObject) -> None:
    listed = data.draw(counts(data.draw(layouts())))
    assert counts_from_json(counts_to_json(listed)) == listed


def test_the_published_form_is_the_agreed_one() -> None:
    assert counts_to_json(
        [Voters("voters"), By("choice", ("choice", "channel")), Bits("bits", "choices")]
    ) == [
        {"name": "voters", "op": "count"},
        {"name": "choice", "op": "by", "fields": ["choice", "channel"]},
        {"name": "bits", "op": "bits", "field": "choices"},
    ]


@pytest.mark.parametrize(
    ("published", "says"),
    [
        ([{"name": "x", "op": "median", "field": "choice"}], "median"),
        ([{"name": "x", "op": "sum"}], "field"),
        ([{"name": "x", "op": "count", "field": "choice"}], "field"),
        ({"name": "x", "op": "count"}, "array"),
    ],
)
def test_published_counts_that_are_none_are_refused_by_name(published: Any, says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        counts_from_json(published)


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        ([Sum("points", "points")], "no field 'points'"),
        ([By("x", ("choice", "points"))], "no field 'points'"),
        ([By("x", ())], "needs a field"),
        ([Voters("a/b")], "count 'a/b'"),
        ([Voters("x"), Sum("x", "choice")], "twice"),
    ],
)
def test_counts_that_do_not_fit_the_layout_are_refused_by_name(listed: list[Count], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_counts(POLL, listed)


def test_what_a_tally_forgets_it_finds_again_the_same() -> None:
    tally = Tally(POLL, [Voters("voters"), By("choice", ("choice",))])
    voted = POLL.pack({**dict.fromkeys(POLL.names, 0), "seq": 1, "choice": 2})
    before = tally.deltas(POLL.empty, voted)
    assert tally.deltas(POLL.empty, voted) is before
    tally.forget()
    assert tally.deltas(POLL.empty, voted) is not before
    assert tally.deltas(POLL.empty, voted) == before
