"""Boards take a fifth of a core at most, and are the first that is left off when there is too much to do."""

from hypothesis import given
from hypothesis import strategies as st

from gala.edge.pace import FASTEST_MS, FRAME_MS, SHARE, SLOWEST_MS, every_ms

phones = st.integers(0, 20_000)


@given(phones=phones)
def test_boards_take_at_most_their_share_of_a_core(phones: int) -> None:
    found_ms = every_ms(phones, 0)
    assert FASTEST_MS <= found_ms <= SLOWEST_MS
    assert phones * FRAME_MS <= found_ms * SHARE + 1e-9


def test_a_hall_of_ten_thousand_has_two_boards_a_second_and_a_small_one_five() -> None:
    assert every_ms(10_000, 0) == 500
    assert every_ms(1_000, 0) == FASTEST_MS


@given(phones=phones, level=st.sampled_from([1, 3, 4, 5]))
def test_under_load_they_are_as_rare_as_they_get(phones: int, level: int) -> None:
    assert every_ms(phones, level) == SLOWEST_MS
