"""Agreement with slower, obvious versions: a loop over slots in Python, one at a time."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.voting.strategies import counts, entries, layouts, slots
from voting.entries import Entry, check_entries, entries_from_json, entries_to_json
from voting.entries import tickets as tickets_of_a_slot
from voting.layout import Layout
from voting.recount import recount, tickets
from voting.tally import Bits, By, Count, Sum, Tally, Voters

POLL = Layout.of(choice="u8")


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_the_recount_is_the_sum_of_what_each_slot_contributes(data: st.DataObject) -> None:
    layout = data.draw(layouts())
    listed = data.draw(counts(layout))
    pages = data.draw(st.lists(st.lists(slots(layout), max_size=8).map(b"".join), max_size=3))
    tally = Tally(layout, listed)
    slowly: Counter[str] = Counter()
    for page in pages:
        for at in range(0, len(page), layout.width):
            slowly.update(tally.of(page[at : at + layout.width]))
    counters = recount(layout, listed, pages)
    assert counters == {name: value for name, value in slowly.items() if value}
    assert list(counters) == sorted(counters)


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_a_page_s_tickets_are_those_of_each_slot(data: st.DataObject) -> None:
    layout = data.draw(layouts())
    rules = data.draw(entries(layout))
    settled = data.draw(st.one_of(st.none(), st.integers(0, 3), st.integers(-(2**65), 2**65)))
    each = data.draw(st.lists(slots(layout), max_size=8))
    expected = [tickets_of_a_slot(rules, layout.unpack(slot), settled) for slot in each]
    assert tickets(layout, rules, b"".join(each), settled).tolist() == expected


@given(st.data())
@settings(deadline=None)
def test_entry_rules_survive_a_round_trip(data: st.DataObject) -> None:
    layout = data.draw(layouts())
    rules = data.draw(entries(layout))
    check_entries(layout, rules)
    assert entries_from_json(entries_to_json(rules)) == rules


def test_a_slot_whose_seq_is_zero_counts_nowhere_whatever_else_it_holds() -> None:
    page = bytes([0, 0, 7, 7, 7]) + POLL.pack({"seq": 1, "channel": 0, "flags": 0, "choice": 2})
    listed: list[Count] = [
        Voters("voters"),
        By("choice", ("choice",)),
        Sum("sum", "choice"),
        Bits("bits", "choice"),
    ]
    assert recount(POLL, listed, [page]) == {"bits/1": 1, "choice/2": 1, "sum": 2, "voters": 1}
    assert tickets(POLL, [Entry(["ge", "choice", 0], 3)], page, None).tolist() == [0, 3]


def test_sums_of_a_full_page_of_the_largest_numbers_do_not_overflow() -> None:
    layout = Layout.of(points="u64")
    slot = layout.pack({"seq": 1, "channel": 0, "flags": 0, "points": 2**64 - 1})
    assert recount(layout, [Sum("points", "points")], [slot * 65_536]) == {"points": 65_536 * (2**64 - 1)}


def test_nobody_has_a_ticket_of_a_rule_that_waits_for_its_settlement() -> None:
    rules = [Entry(["and", ["ge", "seq", 1], ["eq", "choice", "@settled"]], 1), Entry(["ge", "seq", 1], 5)]
    page = b"".join(POLL.pack({"seq": 1, "channel": 0, "flags": 0, "choice": choice}) for choice in (0, 1, 2))
    assert tickets(POLL, rules, page, None).tolist() == [5, 5, 5]
    assert tickets(POLL, rules, page, 2).tolist() == [5, 5, 6]


def test_bytes_that_are_not_whole_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="not whole slots of 5"):
        recount(POLL, [Voters("voters")], [bytes(6)])


@pytest.mark.parametrize(
    "when",
    [
        [],
        ["and"],
        ["or", ["ge", "seq", 1]],
        ["eq", "choice"],
        ["eq", "choice", 1, 2],
        ["eq", "choice", 1.0],
        ["eq", "choice", True],
        ["eq", "choice", "@other"],
        ["eq", "points", 1],
        ["and", ["and", ["and", ["and", ["and", ["and", ["and", ["and", ["ge", "seq", 1]]]]]]]]],
    ],
)
def test_what_is_not_on_the_closed_list_is_no_entry_rule(when: list[Any]) -> None:
    with pytest.raises(ValueError, match="entry rule"):
        check_entries(POLL, [Entry(when, 1)])


@pytest.mark.parametrize("given_tickets", [-1, 65_536])
def test_a_rule_gives_as_many_tickets_as_a_roster_can_hold(given_tickets: int) -> None:
    with pytest.raises(ValueError, match="tickets"):
        check_entries(POLL, [Entry(["ge", "seq", 1], given_tickets)])


def test_a_published_rule_with_an_unknown_part_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="weight"):
        entries_from_json([{"when": ["ge", "seq", 1], "tickets": 1, "weight": 2}])
