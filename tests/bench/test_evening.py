"""`gala bench evening` in small: phones that lose their lines hear every show, and leave nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.bench.evening import GOALS, Options, grown, measure, report
from tests.bench.evening_phones import Crowd, Life

SAMPLE = {
    "version": 1,
    "sockets": 10,
    "resident_kib": 1_000,
    "blocks": 100,
    "open_files": 50,
    "tasks": 20,
    "cpu_s": 1.0,
}
SUMMARY: dict[str, Any] = {"seconds": 1, "dropped": {}, "shed": 0, "problems": []}


async def test_phones_that_come_and_go_hear_every_show_of_an_evening(tmp_path: Path) -> None:
    options = Options(phones=30, rundown="short", speed=40, churn_per_minute=800, seed=1)
    said = await measure(options, tmp_path)
    assert said["returns"] > 0
    assert said["answers"]["counted"] > 0
    assert said["shows_told"] > 30 * len(said["samples"])
    goals = {name: goal["met"] for name, goal in said["goals"].items()}
    assert goals == dict.fromkeys(GOALS, True)


def heard(*lives: Life) -> Crowd:
    """Phones of a channel that was told the steps 3, 4 and 7."""
    crowd = Crowd(0, "short", 1, 1.0)
    crowd.told["hall"] = {3: 1, 4: 2, 7: 3}
    crowd.lives = list(lives)
    return crowd


@pytest.mark.parametrize(
    ("life", "missed"),
    [(Life("hall", 3, 7, 3), 0), (Life("hall", 4, 4, 1), 0), (Life("hall", 3, 7, 2), 1)],
)
def test_a_show_that_came_between_two_others_is_missed(life: Life, missed: int) -> None:
    assert heard(life).missed() == missed


def test_what_is_held_at_the_end_is_compared_with_the_segment_after_the_first_round() -> None:
    last = SAMPLE | {"resident_kib": 11_240, "blocks": 170, "open_files": 44, "sockets": 5, "tasks": 19}
    assert grown([SAMPLE | {"resident_kib": 1}, SAMPLE, SAMPLE, last]) == {
        "grown_kib": 10_240,
        "grown_kib_a_phone": 409.6,
        "blocks_grown": 70,
        "descriptors_spread": 1,
        "tasks_grown": -1,
    }


def test_an_evening_in_which_nobody_came_back_or_played_meets_nothing() -> None:
    crowd = heard(Life("hall", 3, 7, 3))
    said = report(crowd, 0, [SAMPLE] * 4, SUMMARY)
    assert all(goal["met"] for goal in said["goals"].values())
    assert not said["met"]
    crowd.returns, crowd.answers["counted"] = 1, 1
    assert report(crowd, 0, [SAMPLE] * 4, SUMMARY)["met"]
