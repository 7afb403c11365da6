"""`gala bench sync` in small: that it measures what it says. How well phones do is for the bench to say."""

import itertools
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gala.cli import BENCHES, CHECKOUT, app
from gala.clock import GalaClock
from tests.bench.proxy import NETWORKS
from tests.bench.sync import Looks, Options, measure
from tests.bench.sync_report import GOALS, Play, report, share, skews_ms, table, verdicts

FAST = Options(phones=8, seconds=1, seed=1, channels_s={"hall": 0, "aerial": 1})


def play(
    phone: int, error_ms: float, *, cue: str = "one", length_ms: float = 0.0, spare_ms: float = 500
) -> Play:
    return Play(phone, cue, "wifi", "hall", error_ms, length_ms, 1.0, spare_ms)


async def test_every_phone_starts_and_ends_each_cue_once(tmp_path: Path) -> None:
    said = await measure(FAST, tmp_path)
    assert (said["phones"], said["cues"], said["expected"]) == (8, 1, 8)
    assert said["lost"] == []
    assert said["all"]["starts"] == 8
    assert {name: found["starts"] for name, found in said["networks"].items()} == dict.fromkeys(NETWORKS, 2)
    assert {name: found["starts"] for name, found in said["channels"].items()} == {"hall": 4, "aerial": 4}
    assert len(said["cells"]) == 8
    assert set(said["goals"]) == set(GOALS)
    table(said)


def test_a_share_is_a_value_that_was_measured() -> None:
    assert share([], 0.95) == 0
    assert share([5, 1, 3], 0.5) == 3
    assert share(range(100), 0.95) == 95
    assert share([1, 2], 1) == 2


def test_skew_is_between_phones_of_one_cue() -> None:
    plays = [play(1, -3), play(2, 4), play(3, 5), play(1, 100, cue="two")]
    assert sorted(skews_ms(plays)) == [1, 7, 8]


@pytest.mark.parametrize(
    ("plays", "missed"),
    [
        ([play(1, 3), play(2, -20)], []),
        ([play(1, 3), play(2, 31)], ["error p95", "pairwise skew p95"]),
        ([play(1, -20), play(2, 20)], ["pairwise skew p95"]),
        ([play(1, 151), play(2, 151)], ["error p95", "error p99"]),
        ([play(1, 0), play(2, 0, length_ms=-51)], ["length"]),
    ],
)
def test_a_goal_is_met_or_missed(plays: list[Play], missed: list[str]) -> None:
    said = report(plays, 2)
    assert [name for name, goal in said["goals"].items() if not goal["met"]] == missed
    assert said["met"] == (not missed)
    assert sum(line.startswith("MISSED") for line in verdicts(said)) == len(missed)


def test_a_start_that_never_came_is_a_miss_and_one_told_too_late_is_named() -> None:
    said = report([play(1, 0), play(2, 0, spare_ms=-1)], 3)
    assert not said["met"]
    assert said["all"]["late"] == 1
    assert verdicts(said)[-1] == "MISSED  1 starts of 3 never came"


def test_the_schedule_is_the_gala_clock_on_the_machines_own() -> None:
    hand = itertools.count(7_000_000_000, 130_001)  # ns, a little later at every look
    clock = GalaClock(1_000_000, monotonic_ns=lambda: next(hand))
    looks = Looks(clock, lambda: next(hand))
    for _ in range(2_000):
        looks.look()
    for gala_ms in (1_000_000, 1_000_300, 1_000_700):
        assert abs(looks.monotonic_ns(gala_ms) - 7_000_000_000 - (gala_ms - 1_000_000) * 1e6) < 0.2e6
    with pytest.raises(AssertionError, match="nobody looked"):
        looks.monotonic_ns(1_010_000)


def test_every_bench_has_a_door() -> None:
    with_door = {
        path.stem
        for path in (CHECKOUT / "tests/bench").glob("*.py")
        if '\nif __name__ == "__main__":' in path.read_text()
    }
    assert with_door == set(BENCHES)


def test_the_door_hands_on_what_stands_behind_the_name(capfd: pytest.CaptureFixture[str]) -> None:
    assert CliRunner().invoke(app, ["bench", "sync", "--help"]).exit_code == 0
    assert "usage: gala bench sync" in capfd.readouterr().out
    unknown = CliRunner().invoke(app, ["bench", "sink"])
    assert unknown.exit_code == 2
    assert "no bench sink" in unknown.output
