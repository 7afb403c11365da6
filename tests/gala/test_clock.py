"""Gala time runs on the monotonic clock: paced in rehearsals, corrected gently, never jumping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.clock import SLEW_PPM, GalaClock

PPM = 1e-6


class Hand:
    """A monotonic clock turned by hand."""

    def __init__(self) -> None:
        self.ns = 5_000_000_000

    def __call__(self) -> int:
        return self.ns

    def turn(self, ms: float) -> None:
        self.ns += int(ms * 1_000_000)


def test_it_begins_where_it_is_told_and_runs_with_the_world() -> None:
    hand = Hand()
    clock = GalaClock(1_000, monotonic_ns=hand)
    assert (clock.now_ms(), clock.rate) == (1_000, 1.0)
    hand.turn(2_500)
    assert clock.now_ms() == 3_500


def test_a_rehearsals_time_runs_at_its_pace() -> None:
    hand = Hand()
    clock = GalaClock(0, rate=8.0, monotonic_ns=hand)
    hand.turn(1_000)
    assert clock.now_ms() == 8_000


@given(st.lists(st.tuples(st.floats(0, 5_000), st.floats(0.5, 60)), max_size=30))
def test_a_change_of_pace_never_makes_time_jump_or_run_back(turns: list[tuple[float, float]]) -> None:
    hand = Hand()
    clock = GalaClock(1_573_385_400_000, monotonic_ns=hand)
    for turned_ms, rate in turns:
        before = clock.now_ms()
        hand.turn(turned_ms)
        after = clock.now_ms()
        assert abs(after - before - turned_ms * clock.rate) <= 2
        clock.pace(rate)
        assert after <= clock.now_ms() <= after + 1
        assert clock.rate == rate


@given(
    st.lists(
        st.tuples(st.floats(0, 60_000), st.floats(-10_000, 10_000), st.sampled_from([0.5, 1.0, 8.0, 60.0])),
        max_size=30,
    )
)
def test_a_correction_bends_time_by_500_ppm_at_most_and_never_turns_it_back(
    turns: list[tuple[float, float, float]],
) -> None:
    hand = Hand()
    clock = GalaClock(1_573_385_400_000, monotonic_ns=hand)
    for turned_ms, by_ms, rate in turns:
        before, counted = clock.now_ms(), clock.count_ms()
        clock.correct(by_ms)
        assert before <= clock.now_ms() <= before + 1
        assert abs(clock.count_ms() - counted) < 0.001
        hand.turn(turned_ms)
        assert abs(clock.count_ms() - counted - turned_ms) <= turned_ms * SLEW_PPM * PPM + 0.001
        assert abs(clock.now_ms() - before - turned_ms * clock.rate) <= (
            turned_ms * SLEW_PPM * PPM * clock.rate + 2
        )
        assert clock.now_ms() >= before
        clock.pace(rate)


@given(st.floats(-50, 50), st.integers(1, 20), st.sampled_from([1.0, 20.0]))
def test_a_correction_ends_when_it_has_done_what_it_should(by_ms: float, looks: int, rate: float) -> None:
    hand = Hand()
    clock = GalaClock(0, rate, monotonic_ns=hand)
    clock.correct(by_ms)
    needed_ms = abs(by_ms) / (SLEW_PPM * PPM)
    for _ in range(looks):
        hand.turn(needed_ms / looks)
        clock.now_ms()  # looking at a clock does not move it
    hand.turn(1)
    done_ms = (hand.ns - 5_000_000_000) / 1e6 + by_ms
    assert clock.count_ms() == pytest.approx(done_ms, abs=0.01)
    hand.turn(10_000)
    assert clock.count_ms() == pytest.approx(done_ms + 10_000, abs=0.01)


def test_a_new_correction_takes_the_place_of_what_the_old_one_had_left() -> None:
    hand = Hand()
    clock = GalaClock(0, monotonic_ns=hand)
    clock.correct(50)
    hand.turn(20_000)  # 10 of them are done
    clock.correct(0)
    hand.turn(80_000)
    assert clock.count_ms() == pytest.approx(100_010)
