"""The rain: one envelope a viewer, whenever it is caught while it falls where they watch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games import rain
from games.game import Already, Counted, Reason, Refused, Window, open_round, play
from voting.recount import recount

WINDOW = Window(1_000, 16_000)
RAIN = open_round(rain.GAME, rain.GAME.read_settings({}), bytes(32))


def test_the_first_grab_counts_and_later_ones_are_answered_with_it() -> None:
    first = play(RAIN, WINDOW, RAIN.layout.empty, seq=1, channel=2, move={}, at_ms=1_000)
    assert isinstance(first, Counted)
    assert first.mine == {"seq": 1, "grabbed": True}
    assert RAIN.tickets(first.after, None) == 1
    again = play(RAIN, WINDOW, first.after, seq=2, channel=0, move={}, at_ms=9_000)
    assert again == Already({"seq": 1, "grabbed": True})


@given(st.integers(1_000, 15_999), st.integers(1_000, 15_999), st.integers(1, 60_000))
def test_when_and_how_often_somebody_grabs_changes_nothing_in_the_box(
    early: int, late: int, seq: int
) -> None:
    slots = {}
    for at_ms, number in ((early, seq), (late, 1)):
        found = play(RAIN, WINDOW, RAIN.layout.empty, seq=number, channel=1, move={}, at_ms=at_ms)
        assert isinstance(found, Counted)
        slots[at_ms] = found.after[2:]  # but for seq, the phone's own counter
    assert len(set(slots.values())) == 1


@pytest.mark.parametrize(("at_ms", "reason"), [(999, Reason.NOT_OPEN), (16_000, Reason.LOCKED)])
def test_nothing_is_caught_before_or_after_it_falls(at_ms: int, reason: Reason) -> None:
    found = play(RAIN, WINDOW, RAIN.layout.empty, seq=1, channel=0, move={}, at_ms=at_ms)
    assert found == Refused(reason, None)


def test_envelopes_are_counted_by_channel() -> None:
    page = b""
    for channel in (0, 2, 2):
        found = play(RAIN, WINDOW, RAIN.layout.empty, seq=1, channel=channel, move={}, at_ms=2_000)
        assert isinstance(found, Counted)
        page += found.after
    counters = recount(RAIN.layout, RAIN.tally.counts, [page])
    assert counters == {"voters": 3, "channel/0": 1, "channel/2": 2}
    assert rain.tally(RAIN.settings, counters) == {"voters": 3}


def test_a_rain_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        rain.settle(RAIN.settings, "luck")
