"""The laws of an edge's levels, from what it measures to what it leaves off; no clock, no edge."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.edge.load import (
    ACK_MS,
    DOWN,
    DOWN_MAX,
    HARD,
    LATE_MS,
    LEVELS,
    QUEUE,
    SHARE_GROWS,
    SHARE_MIN,
    STEP_MS,
    UP,
    UP_GATHERING,
    Load,
    Measured,
)

CALM = Measured(ack_ms=20, step_ms=60)
PRESSED = Measured(ack_ms=ACK_MS)
measured = st.builds(
    Measured,
    ack_ms=st.sampled_from([0, ACK_MS / 2, ACK_MS * 0.99, ACK_MS]) | st.floats(0, 3_000),
    step_ms=st.floats(0, 1_000),
    queue=st.floats(0, 1),
    crowded=st.sampled_from([0, 0, 0, 1, 500]),
    late_ms=st.sampled_from([0, LATE_MS / 2, LATE_MS]) | st.floats(0, 2_000),
)
bearable = st.builds(
    Measured,
    ack_ms=st.floats(0, ACK_MS, exclude_max=True),
    step_ms=st.floats(0, STEP_MS, exclude_max=True),
    queue=st.floats(0, QUEUE, exclude_max=True),
    crowded=st.just(0),
    late_ms=st.floats(0, LATE_MS, exclude_max=True),
)
seconds = st.lists(st.just(CALM) | st.just(PRESSED) | measured, max_size=24)


def after(history: Iterable[Measured]) -> Load:
    load = Load()
    for told in history:
        load.take(told)
    return load


def least(a: Measured, b: Measured) -> Measured:
    """Of each figure the smaller."""
    return Measured._make(min(x, y) for x, y in zip(a, b, strict=True))


def most(a: Measured, b: Measured) -> Measured:
    """Of each figure the greater."""
    return Measured._make(max(x, y) for x, y in zip(a, b, strict=True))


def levels(history: Iterable[Measured]) -> list[int]:
    load = Load()
    found = [load.level]
    for told in history:
        load.take(told)
        found.append(load.level)
    return found


@settings(max_examples=40)
@given(seconds)
def test_no_rung_is_left_out_on_the_way_up_or_down(history: list[Measured]) -> None:
    rungs = [LEVELS.index(level) for level in levels(history)]
    assert all(abs(now - before) <= 1 for before, now in pairwise(rungs))


@settings(max_examples=40)
@given(seconds)
def test_after_calm_for_a_bounded_time_nothing_is_left_off_and_everybody_let_in(
    history: list[Measured],
) -> None:
    bound = max((len(LEVELS) - 1) * DOWN_MAX, round((1 - SHARE_MIN) / SHARE_GROWS))
    load = after([*history, *[CALM] * bound])
    assert (load.level, load.share) == (0, 1.0)


@settings(max_examples=50)
@given(st.lists(bearable, max_size=24))
def test_an_edge_that_is_never_pressed_leaves_nothing_off(history: list[Measured]) -> None:
    assert set(levels(history)) == {0}
    assert after(history).share == 1.0


@settings(max_examples=40)
@given(st.lists(st.tuples(measured, measured), max_size=24))
def test_more_pressure_never_makes_a_lower_level_before_one_has_fallen(
    pairs: list[tuple[Measured, Measured]],
) -> None:
    less = levels(least(a, b) for a, b in pairs)
    more = levels(most(a, b) for a, b in pairs)
    for at, (low, high) in enumerate(zip(less, more, strict=True)):
        if at and (low < less[at - 1] or high < more[at - 1]):
            break
        assert low <= high


@pytest.mark.parametrize(
    "noisy",
    [
        Measured(ack_ms=9_000),
        Measured(step_ms=STEP_MS),
        Measured(queue=QUEUE),
        Measured(crowded=1),
        Measured(late_ms=9_000),
    ],
)
def test_one_noisy_second_changes_nothing_and_two_do(noisy: Measured) -> None:
    assert set(levels([CALM, noisy, CALM, CALM, noisy, CALM])) == {0}
    assert after([CALM, *[noisy] * UP]).level == 1


def test_boards_go_first_then_those_at_the_door_and_gathering_then_boosts() -> None:
    load = Load()
    found = []
    for _ in range(3 * UP + UP_GATHERING):
        load.take(PRESSED)
        found.append((load.level, load.share))
    rungs = [one for at, one in enumerate(found) if at and one != found[at - 1]]
    assert rungs == [(1, 1.0), (3, 0.5), (4, 0.25), (4, 0.125)]


@settings(max_examples=50)
@given(seconds)
def test_somebody_is_let_in_at_any_time_and_never_more_than_usual(history: list[Measured]) -> None:
    load = Load()
    for told in history:
        before = load.share
        load.take(told)
        assert SHARE_MIN <= load.share <= 1.0
        assert before / 2 <= load.share <= before + SHARE_GROWS


def test_where_boards_are_far_from_enough_phones_gather_a_second_later() -> None:
    hard = Measured(late_ms=HARD * LATE_MS)
    assert levels([hard] * 6) == [0, 0, 1, 3, 3, 3, 4]
    assert levels([PRESSED] * 7) == [0, 0, 1, 1, 3, 3, 3, 4]


def test_a_second_that_is_neither_pressed_nor_calm_puts_nothing_off() -> None:
    between = Measured(late_ms=0.7 * LATE_MS)
    assert after([*[PRESSED] * UP, *[between] * 100]).level == 1
    assert after([*[PRESSED] * UP, *[CALM, between] * DOWN]).level == 0
    assert after([*[PRESSED] * UP, *[CALM, PRESSED] * DOWN]).level == 1


def swings(seconds: int, bears: int) -> list[int]:
    """The levels of an edge that is calm from that level on and pressed below it."""
    load = Load()
    found = []
    for _ in range(seconds):
        load.take(CALM if load.level >= bears else PRESSED)
        found.append(load.level)
    return found


@pytest.mark.parametrize("bears", LEVELS[1:])
def test_an_edge_that_needs_a_level_tries_without_it_ever_more_seldom(bears: int) -> None:
    found = swings(300, bears)
    falls = [at for at, (before, now) in enumerate(pairwise(found)) if now < before]
    waits = [later - earlier for earlier, later in pairwise(falls)]
    assert waits == sorted(waits)
    assert waits[-1] >= DOWN_MAX
    assert sum(level < bears for level in found[-100:]) <= 100 * UP / DOWN_MAX + UP


@pytest.mark.parametrize("bears", LEVELS[1:])
def test_what_an_edge_needed_once_is_forgotten_when_it_has_been_calm_without_it(bears: int) -> None:
    load = Load()
    for _ in range(200):
        load.take(CALM if load.level >= bears else PRESSED)
    for _ in range((len(LEVELS) - 1) * DOWN_MAX + DOWN):
        load.take(CALM)
    for _ in range(2 * UP + UP_GATHERING):
        load.take(PRESSED)
    assert load.level == LEVELS[-1]
    for _ in range((len(LEVELS) - 1) * DOWN):
        load.take(CALM)
    assert load.level == 0
