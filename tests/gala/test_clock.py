"""Gala time runs on the monotonic clock: paced in rehearsals, never jumping."""

from hypothesis import given
from hypothesis import strategies as st

from gala.clock import GalaClock


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
