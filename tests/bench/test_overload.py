"""`gala bench overload` in small: an edge that is choked for a moment loses nothing that it acknowledged."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.choke import REST_S_MAX, rest_s
from tests.bench.overload import GOALS, Options, episode, report, table

OPTIONS = Options(phones=12, share=0.5, settle_s=0.5, calm_s=1.5, tight_s=2.5, after_s=0.5, seed=1)
FOUND: dict[str, Any] = {
    "ack_p99_ms": 900.0,
    "cue_most_ms": 900.0,
    "lost": 0,
    "cut_off": 0,
    "home_after_s": 12.0,
    "highest_level": 3,
    "taps_counted": 7,
}


async def test_taps_that_were_acknowledged_by_an_edge_that_was_choked_are_counted_and_no_other(
    tmp_path: Path,
) -> None:
    said = await episode(OPTIONS, tmp_path / "small", deaf=False)
    assert (said["lost"], said["cut_off"]) == (0, 0)
    assert said["taps_counted"] >= OPTIONS.phones
    assert said["seconds"]
    assert len(table(said["seconds"])) == 1 + len(said["seconds"])


@given(st.floats(0, 10), st.floats(0.001, 10), st.floats(0.01, 1))
def test_a_choked_process_stands_still_until_it_has_had_its_share_and_no_longer(
    used_s: float, took_s: float, share: float
) -> None:
    rest = rest_s(used_s, took_s, share)
    assert 0 <= rest <= REST_S_MAX
    if used_s <= share * took_s:
        assert rest == pytest.approx(0)
    elif rest < REST_S_MAX:
        assert used_s == pytest.approx(share * (took_s + rest))


@pytest.mark.parametrize(
    ("worse", "missed"),
    [
        ({}, []),
        ({"ack_p99_ms": 1_001.0}, ["ack p99 once relieved"]),
        ({"cue_most_ms": float("inf")}, ["a cue is with everybody"]),
        ({"lost": 1}, ["acknowledged and not counted"]),
        ({"cut_off": 1}, ["cut off"]),
        ({"home_after_s": float("inf")}, ["nothing left off any more"]),
    ],
)
def test_a_goal_of_the_overload_is_met_or_missed(worse: dict[str, Any], missed: list[str]) -> None:
    said = report(OPTIONS, FOUND | worse, FOUND)
    assert set(said["goals"]) == set(GOALS)
    assert [name for name, goal in said["goals"].items() if not goal["met"]] == missed
    assert said["met"] is (missed == [])


def test_a_run_in_which_no_edge_was_pressed_or_nobody_tapped_meets_nothing() -> None:
    assert not report(OPTIONS, FOUND | {"highest_level": 0}, FOUND)["met"]
    assert not report(OPTIONS, FOUND | {"taps_counted": 0}, FOUND)["met"]
