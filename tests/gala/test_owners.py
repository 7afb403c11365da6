"""Whoever owns a node of the store counts its plays, one viewer's as a chain, and goes on after a fault."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gala.edge.plays import BUSY_COUNT
from gala.protocol import PlayReply
from gala.store.clients import Clients
from tests.conftest import PATIENCE_S
from tests.gala.hall import Booth, Hall
from tests.gala.story import TETRIS
from voting.box import BATCH_MAX, PAGE, Box


@pytest.fixture
async def booth(clients: Clients, tmp_path: Path) -> Booth:
    """An edge while the first round is open, with its gates for two pages."""
    hall = Hall(clients, tmp_path)
    await hall.begin()
    await hall.go("tetris.start")
    conductor = hall.conductor()
    await conductor.step(hall.now_ms)
    hall.now_ms += 5_000
    await conductor.step(hall.now_ms)
    booth = hall.booth()
    await booth.follower.read()
    return booth


async def steps(booth: Booth) -> None:
    """As in production, until one says that an owner has stumbled."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await booth.plays.step()


async def owned(booth: Booth, waiting: Sequence[asyncio.Task[PlayReply]]) -> list[PlayReply]:
    """Lets owners work, as in production, until these have their answers."""

    stepping = asyncio.create_task(steps(booth))
    either: list[asyncio.Future[Any]] = [stepping, asyncio.gather(*waiting)]
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    stepping.cancel()
    await asyncio.gather(stepping, return_exceptions=True)
    await booth.plays.finish()
    return [task.result() for task in waiting]


async def test_owners_count_more_than_a_batch_of_several_pages(booth: Booth) -> None:
    numbers = [*range(BATCH_MAX + BUSY_COUNT), *range(PAGE, PAGE + 5)]
    plays = [booth.submit(TETRIS, number, 1, "comets") for number in numbers]
    replies = await owned(booth, plays)
    assert {reply.status for reply in replies} == {"counted"}
    box = Box(booth.hall.clients.once, TETRIS, 5)
    assert (await box.counters(range(2)))["voters"] == len(numbers) == booth.plays.counted


async def test_plays_of_one_viewer_in_one_batch_are_a_chain(booth: Booth) -> None:
    calls = 0
    apply = Box.apply

    async def counted(*args: Any) -> list[bytes | None]:
        nonlocal calls
        calls += 1
        return await apply(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Box, "apply", counted)
        choices = ["comets", "harbour", "comets"]
        plays = [booth.submit(TETRIS, 7, seq, choice) for seq, choice in enumerate(choices, start=1)]
        late = booth.submit(TETRIS, 7, 2, "harbour")
        replies = await owned(booth, [*plays, late])
    assert [reply.status for reply in replies] == ["counted"] * 3 + ["already"]
    assert [reply.mine and (reply.mine.seq, reply.mine.has["choices"]) for reply in replies] == [
        (1, ["comets"]),
        (2, ["harbour"]),
        (3, ["comets"]),
        (3, ["comets"]),
    ]
    assert calls == 1
    box = Box(booth.hall.clients.once, TETRIS, 5)
    assert await box.counters(range(1)) == {"choice/1": 1, "choice_channel/1/0": 1, "voters": 1}


async def test_a_fault_costs_the_answers_of_one_page_and_is_told_and_the_others_are_counted(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = booth.submit(TETRIS, 1, 1, "comets")
    await asyncio.sleep(0)
    other = booth.submit(TETRIS, PAGE + 1, 1, "harbour")
    await asyncio.sleep(0)

    def stumbles(*_args: Any) -> Any:
        monkeypatch.undo()
        raise RuntimeError("meant to fail")

    monkeypatch.setattr("gala.edge.table.Table.judge_all", stumbles)
    with pytest.raises(RuntimeError, match="meant to fail"):
        await steps(booth)
    assert [reply.status for reply in await owned(booth, [other])] == ["counted"]
    assert not lost.done(), "its phone sends it again"
    again = booth.submit(TETRIS, 1, 1, "comets")
    assert (await owned(booth, [again]))[0].status == "counted"
    lost.cancel()
