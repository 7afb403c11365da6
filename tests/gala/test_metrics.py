"""A scrape of the crew's listener says how tonight goes: everything it needs, and nothing of any viewer."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from gala.edge.figures import ACK_MS, Figures
from tests.conftest import PATIENCE_S
from tests.gala.phones import Join, Stage, running
from tests.gala.scrapes import Samples, samples, scraped, total
from tests.gala.story import TETRIS


async def until(stage: Stage, holds: Callable[[Samples], Any]) -> Samples:
    """Scrapes, a tenth of a gala second apart, until this holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds(found := await samples(stage)):
            stage.wait(0.1)
            await asyncio.sleep(0.05)
    return found


async def test_a_scrape_takes_a_pass_of_its_own_role(stage: Stage) -> None:
    assert [(await scraped(stage, role))[0] for role in ("", "overlay", "merchant")] == [401, 403, 403]
    assert [(await scraped(stage, role))[0] for role in ("metrics", "director", "auditor")] == [200] * 3


async def test_a_scrape_counts_what_phones_were_answered(stage: Stage, join: Join) -> None:
    phone = await join()
    await phone.ask("enter", {})
    assert (await phone.play("short/nowhere/1", 1, "comets"))["reason"] == "unknown_round"
    await stage.go("tetris.start")
    stage.wait(1)
    await stage.until(phone.hear("show", lambda show: (show.get("round") or {}).get("state") == "open"))
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "counted"
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "already"
    assert (await phone.play(TETRIS, 2, "nobody"))["status"] == "refused"

    found = await until(
        stage,
        lambda found: (
            total(found, "gala_plays_total", answer="refused") == 2 and total(found, "gala_numbers") > 0
        ),
    )
    answers = {
        answer: total(found, "gala_plays_total", answer=answer) for answer in ("counted", "already", "retry")
    }
    assert answers == {"counted": 1, "already": 1, "retry": 0}
    assert total(found, "gala_play_refusals_total", reason="bad_move") == 1
    assert total(found, "gala_sockets") == 1
    assert total(found, "gala_play_seconds_count") == 1
    assert total(found, "gala_batch_plays_sum") == 3
    assert total(found, "gala_rounds", state="open") == 1


def processes(found: Samples) -> set[str]:
    return {dict(key)["process"] for key in found.get("gala_process_tasks", {})}


async def test_a_scrape_tells_of_every_process_and_forgets_one_that_left(
    stage: Stage, valkey_url: str, tmp_path: Path
) -> None:
    here = stage.evening.timekeeper.name
    async with running(valkey_url, tmp_path / "other", beside=stage) as other:
        both = {here, other.evening.timekeeper.name}
        steps = ("conductor", "notary", "edge", "crew", "monitor")
        found = await until(
            stage,
            lambda found: (
                processes(found) == both
                and len(found.get("gala_edge_log_lag_seconds", {})) == 2
                and all(total(found, "gala_steps_total", step=step) > 0 for step in steps)
            ),
        )
        assert total(found, "gala_role", role="notary") == 2
        assert total(found, "gala_clock_right") == 2
        assert total(found, "gala_clock_keeps") == 1
        assert total(found, "gala_step_faults_total") == 0
        assert total(found, "gala_process_open_fds") > 0
    await until(stage, lambda found: processes(found) == {here})


async def test_a_scrape_counts_who_was_turned_away_at_a_door(stage: Stage) -> None:
    async with aiohttp.ClientSession() as http:
        for body in ("7", '{"token": "of.no.house"}', '{"token": "of.no.house"}'):
            async with http.post(f"{stage.url}/api/join", data=body) as reply:
                assert reply.status == 422
    found = await until(stage, lambda found: total(found, "gala_turned_away_total") == 3)
    assert total(found, "gala_turned_away_total", reason="no_host") == 2


async def test_an_overdue_cue_is_told_from_the_log_alone(stage: Stage) -> None:
    """Were the conductor gone, whoever reads the log would see it."""
    assert stage.evening.booth is not None
    await stage.go("tetris.start")
    await until(stage, lambda found: total(found, "gala_rounds", state="open") == 1)
    now_ms = stage.evening.clock.now_ms()
    page = stage.evening.booth.monitor.exposition(now_ms + 60_000).decode()
    overdue = next(line for line in page.splitlines() if line.startswith("gala_cue_overdue_seconds "))
    assert float(overdue.split()[1]) > 30


def test_answers_are_spread_over_bounds_in_real_time() -> None:
    figures = Figures()
    assert figures.newest() == (0, 0)
    figures.took([8_000, 40], 8)
    figures.took([60], 8)
    assert figures.newest() == (7.5, 1_000)
    figures.took([ACK_MS[-1] + 1], 1)
    assert figures.newest() == (5_001, 5_001)
    assert figures.acks.counts == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1]
    assert figures.acks.total == 5 + 7.5 + 1_000 + 5_001


def test_batches_are_spread_by_how_many_plays_they_had() -> None:
    figures = Figures()
    for count in (0, 1, 2, 512, 513):
        figures.flushed(count)
    assert figures.batches.counts == [1, 1, 0, 0, 0, 0, 1, 1]
    assert figures.batches.total == 1_028
