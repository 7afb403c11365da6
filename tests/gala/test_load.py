"""The laws of an edge's levels, from what it measures to what it leaves off; no clock, no edge."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.edge.load import (
    ACK_MS,
    DOWN,
    LEVELS,
    QUEUE,
    SHARE_GROWS,
    SHARE_MIN,
    STEP_MS,
    UP,
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
)
bearable = st.builds(
    Measured,
    ack_ms=st.floats(0, ACK_MS, exclude_max=True),
    step_ms=st.floats(0, STEP_MS, exclude_max=True),
    queue=st.floats(0, QUEUE, exclude_max=True),
    crowded=st.just(0),
)
seconds = st.lists(st.just(CALM) | st.just(PRESSED) | measured, max_size=24)


def after(history: Iterable[Measured]) -> Load:
    load = Load()
    for told in history:
        load.take(told)
    return load


def least(a: Measured, b: Measured) -> Measured:
    """Of each figure the smaller."""
    ack_ms, step_ms, queue = (min(x, y) for x, y in zip(a[:3], b[:3], strict=True))
    return Measured(ack_ms, step_ms, queue, min(a.crowded, b.crowded))


def most(a: Measured, b: Measured) -> Measured:
    """Of each figure the greater."""
    ack_ms, step_ms, queue = (max(x, y) for x, y in zip(a[:3], b[:3], strict=True))
    return Measured(ack_ms, step_ms, queue, max(a.crowded, b.crowded))


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
    bound = max((len(LEVELS) - 1) * DOWN, round((1 - SHARE_MIN) / SHARE_GROWS))
    load = after([*history, *[CALM] * bound])
    assert (load.level, load.share) == (0, 1.0)


@settings(max_examples=50)
@given(st.lists(bearable, max_size=24))
def test_an_edge_that_is_never_pressed_leaves_nothing_off(history: list[Measured]) -> None:
    assert set(levels(history)) == {0}
    assert after(history).share == 1.0


@settings(max_examples=40)
@given(st.lists(st.tuples(measured, measured), max_size=24))
def test_more_pressure_never_makes_a_lower_level(pairs: list[tuple[Measured, Measured]]) -> None:
    less = levels(least(a, b) for a, b in pairs)
    more = levels(most(a, b) for a, b in pairs)
    assert all(low <= high for low, high in zip(less, more, strict=True))


@pytest.mark.parametrize(
    "noisy", [Measured(ack_ms=9_000), Measured(step_ms=STEP_MS), Measured(queue=QUEUE), Measured(crowded=1)]
)
def test_one_noisy_second_changes_nothing_and_two_do(noisy: Measured) -> None:
    assert set(levels([CALM, noisy, CALM, CALM, noisy, CALM])) == {0}
    assert after([CALM, *[noisy] * UP]).level == 1


def test_boards_go_first_then_those_at_the_door_and_gathering_then_boosts() -> None:
    load = Load()
    found = []
    for _ in range(4 * UP):
        load.take(PRESSED)
        found.append((load.level, load.share))
    assert found[UP - 1 :: UP] == [(1, 1.0), (3, 0.5), (4, 0.25), (4, 0.125)]


@settings(max_examples=50)
@given(seconds)
def test_somebody_is_let_in_at_any_time_and_never_more_than_usual(history: list[Measured]) -> None:
    load = Load()
    for told in history:
        before = load.share
        load.take(told)
        assert SHARE_MIN <= load.share <= 1.0
        assert before / 2 <= load.share <= before + SHARE_GROWS
