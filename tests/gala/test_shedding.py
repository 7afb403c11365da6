"""An edge that is pressed says so, leaves off what is to be left off first, and never an answer to a vote.

The edge, its store and its phones are real; how long its answers took is put in where it measures that, and
that its loop is in time (`in_time`), which is else the machine's business.
"""

import asyncio
import time
from pathlib import Path

from gala.edge.load import ACK_MS, LATE_MS, Load, Measured
from gala.edge.pace import BEAT_S
from gala.edge.shedding import GATHER_MS, Shedding
from gala.store.clients import Clients
from tests.conftest import PATIENCE_S
from tests.gala.phones import Join, Phone, Stage, running
from tests.gala.scrapes import samples, total
from tests.gala.story import TETRIS


async def in_time(stage: Stage) -> None:
    """From now on the edge's loop is never late, and what it was before is forgotten."""
    shedding = stage.evening.edge.shedding
    shedding.beat = shedding.stepped = lambda mark: None  # type: ignore[method-assign]
    shedding.load = Load()
    async with asyncio.timeout(PATIENCE_S):
        while shedding.told.level:
            await told(stage, 5)


async def told(stage: Stage, ack_ms: float) -> None:
    """A second passes in which an answer took so long."""
    plays = stage.evening.edge.plays
    plays.ack_ms.append(ack_ms)
    stage.wait(1)
    async with asyncio.timeout(PATIENCE_S):
        while plays.ack_ms:
            await asyncio.sleep(0.01)


def reliefs(phone: Phone) -> list[tuple[int, int]]:
    """What a phone was told, in order."""
    return [
        (said.get("level", 0), said.get("gather_ms", 0))
        for event, said, _ in phone.heard
        if event == "relief"
    ]


async def pressed(stage: Stage, phone: Phone, level: int, ack_ms: float = 2 * ACK_MS) -> None:
    """Seconds pass with slow answers until this phone is told of that level."""
    hearing = asyncio.create_task(phone.hear("relief", lambda said: said.get("level", 0) == level))
    while not hearing.done():
        await told(stage, ack_ms)
    await hearing


async def hard_pressed(stage: Stage, phone: Phone) -> None:
    """As if that had gone on for a while."""
    for _ in range(5):
        stage.evening.edge.shedding.load.take(Measured(ack_ms=2 * ACK_MS))
    await pressed(stage, phone, 4)


async def test_phones_are_told_each_rung_and_whoever_comes_is_told_where_it_stands(
    stage: Stage, join: Join
) -> None:
    await in_time(stage)
    phone = await join()
    assert "relief" in (await phone.hear("welcome"))
    await pressed(stage, phone, 4)
    assert reliefs(phone) == [(1, 0), (3, GATHER_MS), (4, GATHER_MS)]
    newcomer = await join()
    assert (await newcomer.hear("welcome"))["relief"] == {"level": 4, "gather_ms": GATHER_MS}
    phone.heard.clear()
    await pressed(stage, phone, 1, ack_ms=5)
    assert reliefs(phone) == [(3, GATHER_MS), (1, 0)]


async def test_a_vote_is_counted_and_answered_at_every_level(stage: Stage, join: Join) -> None:
    await in_time(stage)
    phone = await join()
    await phone.hear("welcome")
    await phone.ask("enter", {})
    await stage.go("tetris.start")
    await stage.until(phone.hear("show", lambda show: (show.get("round") or {}).get("state") == "open"))
    await hard_pressed(stage, phone)
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "counted"


async def test_the_director_and_a_scrape_see_which_edge_is_pressed_and_how_many_it_lets_in(
    stage: Stage, other: Stage, join: Join
) -> None:
    for one in (stage, other):
        await in_time(one)
    phone = await join()
    await phone.hear("welcome")
    await pressed(stage, phone, 3)
    name = stage.evening.edge.name
    async with asyncio.timeout(PATIENCE_S):
        while (desk := other.evening.crew.desk(other.evening.clock.now_ms(), "Mei")).level != 3:
            stage.wait(0.2)
            await asyncio.sleep(0.05)
    shown = {edge.name: (edge.level, edge.share < 1) for edge in desk.edges}
    assert shown == {name: (3, True), other.evening.edge.name: (0, False)}
    async with asyncio.timeout(PATIENCE_S):
        while total(found := await samples(stage), "gala_edge_level", edge=name) != 3:
            stage.wait(0.2)
    assert 0.5 <= total(found, "gala_edge_share", edge=name) < 1


async def test_fewer_are_let_in_while_an_edge_is_pressed(
    clients: Clients, valkey_url: str, tmp_path: Path
) -> None:
    async with running(valkey_url, tmp_path, settings={"admit_per_s": 8}) as stage:
        await in_time(stage)
        phone = await Phone.connect(stage)
        await phone.hear("welcome")
        await hard_pressed(stage, phone)
        stage.wait(1)
        came = await asyncio.gather(*(Phone.connect(stage) for _ in range(8)), return_exceptions=True)
        let_in = [one for one in came if isinstance(one, Phone)]
        assert 1 <= len(let_in) <= 4, "a quarter of eight, and what becomes free meanwhile"
        assert all("queue" in str(one) for one in came if not isinstance(one, Phone))
        for one in [phone, *let_in]:
            await one.close()


async def test_phones_of_an_edge_that_is_out_of_rotation_are_told_that_nothing_is_counted(
    stage: Stage, other: Stage, join: Join
) -> None:
    phone = await join(on=other)
    await phone.hear("welcome")
    other.watch.ahead_ms = 60
    hearing = asyncio.create_task(phone.hear("relief", lambda said: said.get("level", 0) == 5))
    async with asyncio.timeout(PATIENCE_S):
        while not hearing.done():
            stage.wait(0.2)
            await asyncio.sleep(0.05)
    other.watch.ahead_ms = 0
    hearing = asyncio.create_task(phone.hear("relief", lambda said: said.get("level", 0) < 5))
    async with asyncio.timeout(PATIENCE_S):
        while not hearing.done():
            stage.wait(0.2)
            await asyncio.sleep(0.05)


def hold_up() -> None:
    """Nothing else of this process gets its turn, for as long as its loop may be late after it was due."""
    time.sleep(BEAT_S + 1.05 * LATE_MS / 1000)


async def test_an_edge_whose_loop_comes_late_is_pressed_although_no_answer_was_slow(
    stage: Stage, join: Join
) -> None:
    phone = await join()
    await phone.hear("welcome")
    async with asyncio.timeout(PATIENCE_S):
        while not any(level for level, _ in reliefs(phone)):
            hold_up()
            stage.wait(1)
            await asyncio.sleep(0.15)


async def test_out_of_rotation_a_late_loop_presses_and_a_silent_store_neither_presses_nor_calms(
    stage: Stage,
) -> None:
    plays, shares = stage.evening.edge.plays, list[float]()
    shedding, mark = Shedding(shares.append), 0

    def second(late_ms: float, out: str) -> int:
        """The level of the ladder when a second has passed whose step took as long as that."""
        nonlocal mark
        for _ in range(2):
            shedding.beat(mark)
            shedding.stepped(mark)
            mark += int((BEAT_S * 1e3 + late_ms) * 1e6)
        shedding.beat(mark)
        shedding.news(plays, 0.0, out)
        return shedding.load.level

    assert [second(0, "store") for _ in range(4)] == [0] * 4
    assert [second(LATE_MS, "log") for _ in range(4)] == [0, 1, 1, 3]
    assert [second(0, "store") for _ in range(40)] == [3] * 40
    assert [second(0, "") for _ in range(40)][-1] == 0
    assert shares[-1] == 1.0
