"""Edges and conductors that do not know the time, or the log, keep out of the way; and come back.

Two processes of one evening stand on one store; gala time is turned by one hand, and the second's clock is
made wrong. How long it takes to find out is real time.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis import exceptions

from gala.ports import reserve
from gala.protocol.crew import CuePost, DeskClock, DeskEdge
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.store.valkey import EmbeddedValkey
from tests.conftest import PATIENCE_S
from tests.gala.hall import Hall
from tests.gala.phones import NOW_S, Join, Phone, Refused, Stage, running
from tests.gala.story import TETRIS


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.02)


async def is_out(stage: Stage, reason: str) -> None:
    """Waits until its edge is out of rotation for this reason; empty: until it is in."""
    await until(lambda: stage.evening.edge.rotation.reason == reason)


async def ready(stage: Stage) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(f"{stage.url}/readyz") as response:
        return response.status, await response.text()


async def crew_ready(stage: Stage) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(f"{stage.crew_url}/readyz") as response:
        return response.status, await response.text()


def desk_edge(at: Stage, of: Stage) -> DeskEdge | None:
    """How the desk of one process shows the edge of another."""
    edges = at.evening.crew.desk(at.evening.clock.now_ms(), "Mei").edges
    return next((edge for edge in edges if edge.name == f"edge-{of.evening.timekeeper.name}"), None)


def desk_clock(at: Stage, of: Stage) -> DeskClock:
    clocks = at.evening.crew.desk(at.evening.clock.now_ms(), "Mei").clocks
    return next(clock for clock in clocks if clock.name == of.evening.timekeeper.name)


async def opened(stage: Stage, *phones: Phone) -> None:
    """Enters these phones, and opens the round for all."""
    for phone in phones:
        assert (await phone.ask("enter", {})).get("reason", "") == ""
    await stage.go("tetris.start")
    stage.wait(1)
    for phone in phones:
        await stage.until(phone.hear("show", lambda show: (show.get("round") or {}).get("state") == "open"))


# ---------------------------------------------------------------- the clock


async def test_an_edge_whose_clock_is_60_ms_off_answers_retry_tells_nothing_new_and_comes_back(
    stage: Stage, other: Stage, join: Join
) -> None:
    here, there, newcomer = await join(), await join(on=other), await join(on=other)
    await opened(stage, here, there)
    assert (await there.play(TETRIS, 1, "comets"))["status"] == "counted"
    assert await ready(other) == (200, "ok\n")

    other.watch.ahead_ms = 60
    await is_out(other, "clock")
    assert await ready(other) == (503, "clock\n")
    reply = await there.play(TETRIS, 2, "harbour")
    assert (reply["status"], reply["retry_after_ms"] > 0) == ("retry", True)
    assert (await newcomer.ask("enter", {}))["reason"] == "retry"
    assert (await there.ask("tune", {"channel": "app"}))["reason"] == "retry"
    with pytest.raises(Refused) as refused:
        await Phone.connect(other)
    assert "starting" in str(refused.value)
    held = other.evening.passes.read_crew(other.crew_pass("director"), NOW_S)
    status, said = await other.evening.crew.post(CuePost(id="late", cue="hold"), held)
    assert (status, said.reason) == (422, "clock")
    assert await crew_ready(other) == (503, "clock\n")
    assert await crew_ready(stage) == (200, "ok\n")
    await stage.until(
        until(lambda: (e := desk_edge(stage, other)) and (e.rotation, e.clock_ms) == ("clock", 60))
    )
    await stage.until(until(lambda: not desk_clock(stage, other).right))
    assert desk_clock(stage, stage).keeps

    told = there.count("show")
    await stage.cue("hold")
    await here.hear("show", lambda show: show.get("held"))
    await until(lambda: other.evening.edge.state.version == stage.evening.edge.state.version)
    assert there.count("show") == told

    assert await ready(stage) == (200, "ok\n")
    other.watch.ahead_ms = 0
    await is_out(other, "")
    await there.hear("show", lambda show: show.get("held"))
    await stage.cue("resume")
    assert (await there.play(TETRIS, 2, "harbour"))["status"] == "counted"
    assert await ready(other) == (200, "ok\n")


async def test_of_two_conductors_only_the_one_with_the_right_clock_fires(
    stage: Stage, other: Stage, join: Join, clients: Clients
) -> None:
    other.watch.ahead_ms = 60_000  # by its clock the whole round would be over at once
    await is_out(other, "clock")
    phone = await join()
    await opened(stage, phone)
    await until(lambda: TETRIS in other.evening.edge.state.rounds)
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "counted"
    await stage.until(phone.hear("show", lambda show: (show.get("round") or {}).get("state") == "locked"))
    await stage.until(until(lambda: stage.evening.edge.state.rounds[TETRIS].shut))
    entries = {e.cue["target"]: e for e in await ShowLog(clients, "short").read(0) if "target" in e.cue}
    right = f"conductor {stage.evening.timekeeper.name}"
    assert {entries[name].by for name in ("tetris.open", "tetris.lock", TETRIS)} == {right}
    assert entries["tetris.lock"].at_ms - entries["tetris.open"].at_ms >= 18_000


# ---------------------------------------------------------------- the log


@pytest.mark.parametrize("how", ["hangs", "fails"])
async def test_an_edge_that_cannot_read_the_log_takes_no_plays_until_it_can(
    stage: Stage, join: Join, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    phone = await join()
    await opened(stage, phone)
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "counted"
    edge, again = stage.evening.edge, asyncio.Event()

    async def blind() -> Any:
        if how == "fails":
            raise exceptions.ConnectionError
        await again.wait()
        return []

    with monkeypatch.context() as patched:
        patched.setattr(edge.follower, "read", blind)
        await is_out(stage, "log")
        assert (await phone.play(TETRIS, 2, "harbour"))["status"] == "retry"
        assert await ready(stage) == (503, "log\n")
        await stage.until(until(lambda: (e := desk_edge(stage, stage)) and e.rotation == "log"))
        shown = desk_edge(stage, stage)
        assert shown is not None
        assert shown.log_lag_ms > 1_000
    again.set()
    await is_out(stage, "")
    assert (await phone.play(TETRIS, 2, "harbour"))["status"] == "counted"
    assert await ready(stage) == (200, "ok\n")


async def test_a_desk_that_does_not_hear_the_log_is_not_ready_until_it_does(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blind() -> Any:
        raise exceptions.ConnectionError

    assert stage.evening.booth is not None
    rotation = stage.evening.booth.rotation
    assert await crew_ready(stage) == (200, "ok\n")
    with monkeypatch.context() as patched:
        patched.setattr(stage.evening.crew._follower, "read", blind)
        await until(lambda: rotation.reason == "log")
        assert await crew_ready(stage) == (503, "log\n")
    await until(lambda: not rotation.reason)
    assert await crew_ready(stage) == (200, "ok\n")


async def test_at_a_shared_port_it_lets_nobody_in_meanwhile_so_that_others_do(
    clients: Clients, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reserve("127.0.0.1", 0, setting="-") as reserved:
        port = reserved.getsockname()[1]
        async with (
            running(valkey_url, tmp_path / "one", port=port) as one,
            running(valkey_url, tmp_path / "two", port=port, beside=one) as two,
        ):
            await until(lambda: one.evening.public.open and two.evening.public.open)

            async def blind() -> Any:
                raise exceptions.ConnectionError

            with monkeypatch.context() as patched:
                patched.setattr(one.evening.edge.follower, "read", blind)
                await until(lambda: not one.evening.public.open)
                phones = [await Phone.connect(two) for _ in range(8)]
                for phone in phones:
                    await phone.hear("welcome")
                assert (len(one.evening.edge.audience), len(two.evening.edge.audience)) == (0, 8)
            await until(lambda: one.evening.public.open)
            for phone in phones:
                await phone.close()


async def test_an_edge_whose_store_is_frozen_says_that_it_is_the_store(tmp_path: Path) -> None:
    server = await asyncio.to_thread(EmbeddedValkey(tmp_path / "v", durable=False).start)
    try:
        async with running(server.url, tmp_path / "data") as stage:
            os.kill(server.pid, signal.SIGSTOP)
            try:
                await is_out(stage, "store")
                assert await ready(stage) == (503, "store\n")
                assert await crew_ready(stage) == (200, "ok\n"), "the desk says it, and is needed now"
            finally:
                os.kill(server.pid, signal.SIGCONT)
            await is_out(stage, "")
            assert await ready(stage) == (200, "ok\n")
    finally:
        await asyncio.to_thread(server.stop)


async def test_plays_that_wait_when_their_edge_leaves_rotation_are_sent_back_uncounted(
    clients: Clients, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path)
    await hall.begin()
    conductor, booth = hall.conductor(), hall.booth()
    await hall.numbers(2)
    await hall.go("tetris.start")
    for _ in range(4):
        hall.now_ms += 1_000
        await conductor.step(hall.now_ms)
    await booth.follower.read()
    assert (await booth.play(TETRIS, 0, 1, "comets")).status == "counted"
    waiting = booth.submit(TETRIS, 1, 1, "comets")
    await asyncio.sleep(0)
    booth.out = True
    (reply,) = await booth.flush(waiting)
    assert (reply.status, reply.retry_after_ms > 0) == ("retry", True)
    booth.out = False
    assert (await booth.play(TETRIS, 1, 1, "comets")).status == "counted", "it was not in the box"
