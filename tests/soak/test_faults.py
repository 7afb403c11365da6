"""A small part of every campaign; the whole is ``make soak``. Evenings are shared, for the sake of time.

Each test plays two games through its faults, and in the end the checker holds what the phones wrote down
against the boxes: acknowledged is in counted, counted in sent, and nothing counts twice.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.soak.campaigns import Act, NotHere, small_disk
from tests.soak.edge_acts import edge_killed, lines_cut, two_directors, two_tabs
from tests.soak.phone_acts import churned
from tests.soak.scene import Outcome, scene
from tests.soak.store_acts import (
    disk_full,
    lost_replies,
    memory_full,
    power_cut,
    scripts_forgotten,
    store_frozen,
    store_killed,
)

SEED = "a small part"
Parts = Sequence[tuple[Act, float]]


async def _evening(
    folder: Path, vote: Parts, cheer: Parts, *, own_store: bool = False, edges: int = 1, pace_s: float = 0.1
) -> None:
    outcome = Outcome(fault="some", seed=SEED)
    async with scene(folder, SEED, phones=40, edges=edges, own_store=own_store, pace_s=pace_s) as on:
        for segment, parts in (("vote", vote), ("cheer", cheer)):
            await on.open(segment)
            for act, size in parts:
                await act(on, size, outcome)
            await on.lock()
        await on.judge(outcome)
    assert outcome.wrong == []
    assert outcome.acked


async def test_plays_are_exact_when_the_store_loses_replies_memory_scripts_power_or_its_life(
    tmp_path: Path,
) -> None:
    await _evening(
        tmp_path,
        vote=[(scripts_forgotten, 2), (lost_replies, 200), (power_cut, 4)],
        cheer=[(store_frozen, 1.5), (store_killed, 2), (memory_full, 1), (lost_replies, 100)],
    )


async def test_plays_are_exact_when_edges_die_lines_break_and_viewers_have_two_tabs(tmp_path: Path) -> None:
    await _evening(
        tmp_path,
        vote=[(two_directors, 3), (two_tabs, 200)],
        cheer=[(edge_killed, 2), (lines_cut, 60)],
        edges=2,
        pace_s=0.3,
    )


async def test_the_service_brings_its_own_store_back_and_keeps_nothing_of_those_who_left(
    tmp_path: Path,
) -> None:
    await _evening(tmp_path, vote=[(store_killed, 5)], cheer=[(churned, 3)], own_store=True)


async def test_voting_pauses_while_the_disk_is_full_and_goes_on_by_itself(tmp_path: Path) -> None:
    try:
        with small_disk(tmp_path / "edge-0"):
            await _evening(tmp_path, vote=[(disk_full, 1)], cheer=[], own_store=True)
    except NotHere as reason:
        pytest.skip(str(reason))
