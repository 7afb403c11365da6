"""Who starts workers keeps them: those that end or hang are replaced, those that never get up are given up.

The workers here are real processes that do no work (`tests.gala.stand_in`); `test_workers` has those that do.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gala.processes import workers
from gala.processes.workers import NotUp, Workers
from tests.conftest import PATIENCE_S
from tests.gala.serving import gone, until

STAND_IN = Path(__file__).with_name("stand_in.py")


@contextlib.asynccontextmanager
async def kept(folder: Path, *plan: str, count: int = 2) -> AsyncIterator[tuple[Workers, asyncio.Task[None]]]:
    """Workers, and the task that runs them; stopped in the end."""
    (folder / "plan").write_text("\n".join(plan))
    # -I and -S: they start in no time
    found = Workers([sys.executable, "-I", "-S", str(STAND_IN), str(folder)], os.environ, count)
    running = asyncio.create_task(found.run())
    try:
        async with asyncio.timeout(2 * PATIENCE_S):
            yield found, running
            found.stop()
            await asyncio.wait({running})
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert all(gone(found) for found in pids(folder))


def started(folder: Path, name: str) -> int:
    """How many of that name have been started."""
    return len(list(folder.glob(f"{name}.*")))


def pids(folder: Path) -> list[int]:
    """All that were ever started."""
    return [int(path.read_text()) for path in folder.glob("*.[0-9]*")]


def pid(folder: Path, name: str, nth: int) -> int:
    return int((folder / f"{name}.{nth}").read_text())


async def test_all_are_started_and_ended(tmp_path: Path) -> None:
    async with kept(tmp_path) as (found, running):
        assert await found.up()
        assert [started(tmp_path, name) for name in ("crew", "edge-1", "edge-2", "edge-3")] == [1, 1, 1, 0]
    assert running.exception() is None


async def test_one_that_ends_is_replaced_however_often_if_it_was_ever_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "AGAIN_S", 0.001)
    plan = ["edge-1 0 dies once it was ready", *(f"edge-1 {nth} dies" for nth in range(1, 6))]
    async with kept(tmp_path, *plan) as (found, running):
        assert await found.up()
        await until(lambda: started(tmp_path, "edge-1") == 7)
        assert (started(tmp_path, "edge-2"), started(tmp_path, "crew")) == (1, 1)
    assert running.exception() is None


async def test_one_that_says_what_is_wrong_at_the_start_is_not_asked_again(tmp_path: Path) -> None:
    async with kept(tmp_path, "crew 0 says why") as (found, running):
        assert not await found.up()
    with pytest.raises(NotUp, match="the process 'crew' does not get up: it ended with 1"):
        running.result()
    assert started(tmp_path, "crew") == 1


async def test_one_that_dies_three_times_before_any_was_ready_is_given_up(tmp_path: Path) -> None:
    async with kept(tmp_path, "crew 0 dies", "crew 1 dies", "crew 2 dies") as (found, running):
        assert not await found.up()
    with pytest.raises(NotUp, match="it ended with -9"):
        running.result()
    assert started(tmp_path, "crew") == 3


async def test_one_that_hangs_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SILENT_S", 1.0)
    async with kept(tmp_path, "edge-2 0 hangs") as (found, _):
        assert await found.up()
        await until(lambda: started(tmp_path, "edge-2") == 2)


async def test_one_that_does_not_end_when_told_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "STOP_S", 0.2)
    async with kept(tmp_path, "crew 0 hangs", "edge-1 0 hangs") as (found, running):
        assert await found.up()
    assert running.exception() is None


async def test_a_restart_replaces_the_edges_and_nobody_else(tmp_path: Path) -> None:
    async with kept(tmp_path) as (found, _):
        assert await found.up()
        found.restart()
        await until(lambda: started(tmp_path, "edge-3") == started(tmp_path, "edge-4") == 1)
        await until(lambda: all(gone(pid(tmp_path, name, 0)) for name in ("edge-1", "edge-2")))
        assert started(tmp_path, "crew") == 1
        os.kill(pid(tmp_path, "edge-3", 0), signal.SIGKILL)
        await until(lambda: started(tmp_path, "edge-3") == 2)


async def test_when_the_new_edges_do_not_get_up_the_old_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept(tmp_path, *(f"edge-3 {nth} says why" for nth in range(100))) as (found, _):
        assert await found.up()
        monkeypatch.setattr(workers, "START_S", 1.0)
        found.restart()
        await until(lambda: started(tmp_path, "edge-4") == 1)
        await until(lambda: gone(pid(tmp_path, "edge-4", 0)))
        assert not any(gone(pid(tmp_path, name, 0)) for name in ("edge-1", "edge-2"))
        os.kill(pid(tmp_path, "edge-1", 0), signal.SIGKILL)
        await until(lambda: started(tmp_path, "edge-1") == 2)
