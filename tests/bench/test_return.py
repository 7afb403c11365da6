"""`gala bench return` in small: everybody finds what they had left, whether they stood in line, came back
mid-whack, or were sent on by an edge that is replaced."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.bench import away, rolling
from tests.bench.returning import GOALS, Cores, Options, Return, measure, report

CORES = Cores(0.5, 0.4, 0.1)


async def test_phones_that_are_cut_off_all_at_once_find_the_round_and_their_ballots_and_miss_no_cue(
    tmp_path: Path,
) -> None:
    said = await measure(Options(phones=12, live=3, admit_per_s=10, seed=1), tmp_path)
    assert (said["phones"], said["wrong"], said["missed_a_cue"]) == (12, 0, 0)
    assert said["live_acks"] > 0
    assert set(said["goals"]) == set(GOALS)


@pytest.mark.parametrize(
    ("back", "ack_ms", "deaf", "missed"),
    [
        (Return(6_900, 299, 0, True), 900, 0, []),
        (Return(7_100, 50, 1, True), 900, 0, ["95 % back after W"]),
        (Return(10, 301, 0, True), 900, 0, ["right state p95"]),
        (Return(10, 1_001, 0, True), 1_001, 0, ["right state p95", "right state p99", "live ack p99"]),
        (Return(10, 5, 0, False), 1, 0, ["wrong or missing"]),
        (Return(10, 5, 0, True), 1, 1, ["cue missed"]),
    ],
)
def test_a_goal_of_the_return_is_met_or_missed(
    back: Return, ack_ms: float, deaf: int, missed: list[str]
) -> None:
    said = report([back], [ack_ms], 2.0, deaf, CORES)
    assert [name for name, goal in said["goals"].items() if not goal["met"]] == missed
    assert said["met"] is (missed == [])


def test_a_run_in_which_nobody_came_back_or_played_meets_nothing() -> None:
    assert not report([], [1.0], 1.0, 0, CORES)["met"]
    assert not report([Return(1, 1, 0, True)], [], 1.0, 0, CORES)["met"]


async def test_a_restart_by_sighup_costs_each_phone_one_connection_and_no_play(tmp_path: Path) -> None:
    options = rolling.Options(phones=16, workers=2, admit_per_s=500, seed=1)
    said = await rolling.measure(options, tmp_path)
    assert (said["reconnected"], said["reconnects_most"], said["plays_lost"]) == (16, 1, 0)
    assert said["plays"] > 16


async def test_phones_that_were_off_the_network_mid_whack_find_the_round_and_their_hits(
    tmp_path: Path,
) -> None:
    options = away.Options(phones=6, dropped=0.5, away_s=1.0, admit_per_s=500, seed=1)
    said = await away.measure(options, tmp_path)
    assert (said["dropped"], said["hits_lost"], said["wrong"]) == (3, 0, 0)
    assert 0 < said["hits_acknowledged"] <= said["hits_counted"]


def missed(said: dict[str, Any]) -> list[str]:
    """The goals that are."""
    assert said["met"] is all(goal["met"] for goal in said["goals"].values())
    return [name for name, goal in said["goals"].items() if not goal["met"]]


def resident(*gaps_ms: float) -> rolling.Resident:
    return rolling.Resident("", random.Random(1), gaps_ms=list(gaps_ms), plays=1)


@pytest.mark.parametrize(
    ("gaps_ms", "lost", "wanted"),
    [
        ([2_000.0], 0, []),
        ([2_001.0], 0, ["gap p95"]),
        ([1.0, 1.0], 1, ["connections again, at most", "plays lost"]),
    ],
)
def test_a_goal_of_the_rolling_restart_is_met_or_missed(
    gaps_ms: list[float], lost: int, wanted: list[str]
) -> None:
    assert missed(rolling.report([resident(*gaps_ms)], lost, 1.0)) == wanted


def test_a_restart_that_some_phone_did_not_notice_meets_nothing() -> None:
    assert not rolling.report([resident(1.0), resident()], 0, 1.0)["met"]
    assert not rolling.report([], 0, 1.0)["met"]


@pytest.mark.parametrize(
    ("back", "counted", "wanted"),
    [
        (away.Back(2_000, 200, 0, right=True), 6, []),
        (away.Back(2_001, 201, 0, right=True), 5, ["resumed, at most", "time left off, at most"]),
        (away.Back(1, 1, 1, right=True), 5, ["hits lost"]),
        (away.Back(1, 1, 0, right=True), 4, ["hits lost"]),
        (away.Back(1, 1, 0, right=False), 5, ["wrong or missing"]),
    ],
)
def test_a_goal_of_the_return_mid_whack_is_met_or_missed(
    back: away.Back, counted: int, wanted: list[str]
) -> None:
    assert missed(away.report([back], [2, 3], counted)) == wanted
    assert not away.report([back], [2, 0], counted)["met"], "one that hit nothing was not there"
