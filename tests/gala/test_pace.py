"""Boards take a fifth of a core at most, and are what is thinned when there is too much to do."""

from hypothesis import given
from hypothesis import strategies as st

from gala.edge.pace import FASTEST_MS, FRAME_MS, SHARE, SLOWEST_MS, Pace

phones = st.integers(0, 20_000)


@given(phones=phones)
def test_boards_take_at_most_their_share_of_a_core(phones: int) -> None:
    every_ms = Pace().next_ms(phones, 0)
    assert FASTEST_MS <= every_ms <= SLOWEST_MS
    assert phones * FRAME_MS <= every_ms * SHARE + 1e-9


def test_a_hall_of_ten_thousand_has_two_boards_a_second_and_a_small_one_five() -> None:
    assert Pace().next_ms(10_000, 0) == 500
    assert Pace().next_ms(1_000, 0) == FASTEST_MS


@given(late=st.lists(st.sampled_from([0, 50, 10_000]), max_size=12), phones=phones)
def test_a_process_that_is_behind_thins_them_step_by_step_and_comes_back(
    late: list[int], phones: int
) -> None:
    pace = Pace()
    usual = Pace().next_ms(phones, 0)
    before = usual
    for late_ms in late:
        now = pace.next_ms(phones, late_ms)
        if late_ms > usual:
            assert now == min(max(before * 2, usual), SLOWEST_MS)
        else:
            assert now <= before
        assert usual <= now <= SLOWEST_MS
        before = now
    for _ in range(4):
        now = pace.next_ms(phones, 0)
    assert now == usual
