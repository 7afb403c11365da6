"""Worked examples first, since others read these bytes; then the round trip for every layout."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.voting.strategies import layouts, slots
from voting.layout import Layout


def test_a_poll_s_slot_is_five_big_endian_bytes() -> None:
    layout = Layout.of(choice="u8")
    assert layout.width == 5
    assert layout.pack({"seq": 258, "channel": 3, "flags": 1, "choice": 2}) == bytes([1, 2, 3, 1, 2])
    assert layout.unpack(bytes([1, 2, 3, 1, 2])) == {"seq": 258, "channel": 3, "flags": 1, "choice": 2}
    assert layout.to_json() == {
        "width": 5,
        "fields": [["seq", "u16"], ["channel", "u8"], ["flags", "u8"], ["choice", "u8"]],
    }


def test_fields_follow_each_other_without_gaps_in_numpy_too() -> None:
    layout = Layout.of(last_hit_cs="u16", hits="u64", level="u8")
    assert layout.width == 15
    assert layout.dtype.itemsize == 15


@given(st.data())
@settings(deadline=None)
def test_slot_and_layout_survive_a_round_trip(data: st.DataObject) -> None:
    layout = data.draw(layouts())
    slot = data.draw(slots(layout))
    assert layout.pack(layout.unpack(slot)) == slot
    assert Layout.from_json(layout.to_json()) == layout


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"seq": 1, "channel": 0, "flags": 0, "choice": 256}, "out of range .*'choice': 256"),
        ({"seq": -1, "channel": 0, "flags": 0, "choice": 1}, "out of range .*'seq': -1"),
        ({"seq": 1, "channel": 0, "flags": 0}, "a slot has the fields"),
        ({"seq": 1, "channel": 0, "flags": 0, "choise": 1}, "a slot has the fields"),
        ({"seq": 1, "channel": 0, "flags": 0, "choice": 1, "more": 1}, "a slot has the fields"),
    ],
)
def test_values_that_do_not_fit_are_named(values: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Layout.of(choice="u8").pack(values)


@pytest.mark.parametrize("length", [0, 4, 6])
def test_a_slot_of_another_width_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="a slot has 5 bytes"):
        Layout.of(choice="u8").unpack(bytes(length))


HEAD = [["seq", "u16"], ["channel", "u8"], ["flags", "u8"]]


@pytest.mark.parametrize(
    ("published", "says"),
    [
        (None, "a layout is"),
        ({"width": 4}, "a layout is"),
        ({"width": 4, "fields": HEAD, "more": 1}, "a layout is"),
        ({"width": 3, "fields": HEAD[:2]}, "begins with the head"),
        ({"width": 5, "fields": [["choice", "u8"], *HEAD]}, "begins with the head"),
        ({"width": 6, "fields": [*HEAD, ["choice", "u8"]]}, "says 6 bytes, its fields have 5"),
        ({"width": 5, "fields": [*HEAD, ["choice", "u24"]]}, "kind 'u24'"),
        ({"width": 5, "fields": [*HEAD, ["Choice", "u8"]]}, "field 'Choice'"),
        ({"width": 5, "fields": [*HEAD, ["seq", "u8"]]}, "comes twice"),
        ({"width": 5, "fields": [*HEAD, ["choice"]]}, "a field is"),
        ({"width": 68, "fields": [*HEAD, *([f"b{i}", "u64"] for i in range(8))]}, "wider than 64"),
    ],
)
def test_a_published_layout_that_is_none_is_refused_by_name(published: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Layout.from_json(published)
