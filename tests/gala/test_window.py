"""The window to come back in is known before it is needed, and not told at every arrival."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gala.edge.doors.window import SMALL_MS, Window

crowds = st.lists(st.integers(0, 30_000), min_size=1, max_size=40)


@settings(max_examples=50)
@given(crowds)
def test_what_phones_know_is_never_more_than_twice_or_less_than_half_of_the_truth(crowd: list[int]) -> None:
    window = Window(lambda online: online)
    known_ms = 0
    for online in crowd:
        news = window.news(online)
        known_ms = known_ms if news is None else news
        true_ms = window.ms(online)
        assert known_ms / 2 <= true_ms <= known_ms * 2


def test_a_hall_that_fills_up_is_told_once_a_doubling() -> None:
    window = Window(lambda online: online)
    told = [news for online in range(20_001) if (news := window.news(online)) is not None]
    assert told == [1_001, 2_002, 4_004, 8_008, 16_016]
    assert window.ms(SMALL_MS) == 0
