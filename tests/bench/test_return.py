"""`gala bench return` in small: everybody finds what they had left, whether they stood in line or not."""

from pathlib import Path

import pytest

from tests.bench.returning import GOALS, Cores, Options, Return, measure, report

CORES = Cores(0.5, 0.4)


async def test_phones_that_are_cut_off_all_at_once_find_the_round_and_their_ballots(tmp_path: Path) -> None:
    said = await measure(Options(phones=12, live=3, admit_per_s=10, seed=1), tmp_path)
    assert (said["phones"], said["wrong"]) == (12, 0)
    assert said["live_acks"] > 0
    assert set(said["goals"]) == set(GOALS)


@pytest.mark.parametrize(
    ("back", "ack_ms", "missed"),
    [
        (Return(6_900, 299, 0, True), 900, []),
        (Return(7_100, 50, 1, True), 900, ["95 % back after W"]),
        (Return(10, 301, 0, True), 900, ["right state p95"]),
        (Return(10, 1_001, 0, True), 1_001, ["right state p95", "right state p99", "live ack p99"]),
        (Return(10, 5, 0, False), 1, ["wrong or missing"]),
    ],
)
def test_a_goal_of_the_return_is_met_or_missed(back: Return, ack_ms: float, missed: list[str]) -> None:
    said = report([back], [ack_ms], 2.0, CORES)
    assert [name for name, goal in said["goals"].items() if not goal["met"]] == missed
    assert said["met"] is (missed == [])


def test_a_run_in_which_nobody_came_back_or_played_meets_nothing() -> None:
    assert not report([], [1.0], 1.0, CORES)["met"]
    assert not report([Return(1, 1, 0, True)], [], 1.0, CORES)["met"]
