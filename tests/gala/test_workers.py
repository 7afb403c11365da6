"""Several processes make one evening: what viewers do is counted once, whoever dies, and nobody is left.

Everything here is as an operator starts it: real processes, sockets and signals.
"""

import asyncio
import os
import random
import signal
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner

from gala.cli import app
from gala.ports import CannotListen, bound, reserve
from gala.store import valkey
from gala.store.clients import Clients
from tests.conftest import PATIENCE_S
from tests.gala.serving import CHOICES, Service, Voter, fold, gone, serving, until, voters


async def opened(service: Service) -> None:
    """Opens the round."""
    await service.up()
    await service.go("tetris.start")
    await service.cued("fire")


async def vote(crowd: list[Voter], seqs: range) -> None:
    """All at once, each one ballot after the other."""

    async def ballots(voter: Voter, chance: random.Random) -> None:
        for seq in seqs:
            await voter.vote(seq, chance.choice(CHOICES))
            await asyncio.sleep(chance.random() / 20)

    await asyncio.gather(*(ballots(voter, random.Random(f"{n}/{seqs}")) for n, voter in enumerate(crowd)))


async def test_votes_through_two_workers_add_up_through_kills_and_who_is_first_leaves_nobody_behind(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path / "d", "--workers", "2") as service:
        await opened(service)
        async with voters(service.port, 40) as crowd:
            await vote(crowd, range(1, 4))
            spread = await service.reported(40)
            assert min(spread) > 0, "the kernel uses both"

            first = await service.pid("edge-1")
            voting = asyncio.create_task(vote(crowd, range(4, 20)))
            await until(lambda: sum(len(voter.statuses) for voter in crowd) > 160)
            os.kill(first, signal.SIGKILL)
            await service.says(r"ended and is replaced.* worker='(edge-1)' code=-9")
            await service.says(r"is ready.* worker='edge-1' pid=(\d+)", times=2)
            store = await service.store()
            os.kill((await store.once.info("server"))["process_id"], signal.SIGKILL)
            await store.close()
            await voting
            await vote(crowd, range(20, 22))
            await service.says(r"(our store is back)")
            assert {len(voter.statuses) for voter in crowd} == {21}
            assert any(voter.connections > 1 for voter in crowd)
            assert await service.counted() == fold(crowd)

        store = await service.store()
        pids = [(await store.once.info("server"))["process_id"]]
        await store.close()
        pids += [await service.pid(name) for name in ("crew", "edge-1", "edge-2")]
        service.process.kill()
        await until(lambda: all(gone(pid) for pid in pids))


async def test_the_show_goes_on_without_the_process_of_the_other_roles_until_it_is_replaced(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path / "d", "--workers", "2") as service:
        await opened(service)
        async with voters(service.port, 10) as crowd:
            await vote(crowd, range(1, 3))
            os.kill(await service.pid("crew"), signal.SIGKILL)
            await vote(crowd, range(3, 6))
            await service.says(r"is ready.* worker='crew' pid=(\d+)", times=2)
            assert await service.counted() == fold(crowd)
            assert all(voter.connections == 1 for voter in crowd)
        assert not any("out of rotation" in line for line in service.said), "the edges' time is still right"


def test_a_taken_port_is_said_once_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # somebody who would share it
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("GALA_DATA", str(tmp_path))
        monkeypatch.setenv("GALA_PUBLIC_PORT", str(port))
        said = CliRunner().invoke(app, ["serve", "short", "--rehearsal", "--workers", "2"])
    assert said.exit_code == 1
    assert said.output.count("\n") == 1
    assert said.output.startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use.")
    assert "GALA_PUBLIC_PORT" in said.output
    assert not valkey.running_at(tmp_path / "store")


def test_two_evenings_cannot_share_a_port_by_mistake() -> None:
    with reserve("127.0.0.1", 0, setting="-") as one:
        port = one.getsockname()[1]
        with pytest.raises(CannotListen):
            reserve("127.0.0.1", port, setting="-")
        with pytest.raises(CannotListen):
            bound("127.0.0.1", port, setting="-")
        with bound("127.0.0.1", port, setting="-", shared=True) as worker:
            worker.listen()
    with reserve("127.0.0.1", port, setting="-"):
        pass


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--role", "edge"], "set GALA_REDIS_URL and GALA_SECRET"),
        (["--role", "stage"], "no role stage: edge, conductor, notary, crew"),
        (["--role", "edge", "--workers", "2"], "choose one"),
    ],
)
def test_roles_that_make_no_sense_are_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str], words: str
) -> None:
    monkeypatch.setenv("GALA_DATA", str(tmp_path))
    said = CliRunner().invoke(app, ["serve", "short", "--rehearsal", *flags])
    assert (said.exit_code, words in said.output) == (2, True), said.output


async def test_an_edge_alone_waits_for_the_show_serves_it_and_sends_its_phones_on_when_it_is_ended(
    clients: Clients, valkey_url: str, tmp_path: Path
) -> None:
    shared: dict[str, Any] = {"GALA_REDIS_URL": valkey_url, "GALA_SECRET": "sixteen characters"}
    async with (
        serving(tmp_path / "edge", "--role", "edge", **shared) as edge,
        aiohttp.ClientSession() as http,
    ):
        port = int((await edge.says(r"^phone +http://127\.0\.0\.1:(\d+)/"))[0])
        async with http.get(f"http://127.0.0.1:{port}/readyz") as response:
            assert (response.status, await response.text()) == (503, "the show has not begun\n")
        others = [part for role in ("conductor", "notary", "crew") for part in ("--role", role)]
        async with serving(tmp_path / "crew", *others, **shared) as crew:
            await crew.says("^(director) ")
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    async with http.get(f"http://127.0.0.1:{port}/readyz") as response:
                        if response.status == 200:
                            break
                    await asyncio.sleep(0.1)
            async with voters(port, 5) as phones:
                edge.process.terminate()
                assert await edge.process.wait() == 0
                assert all(phone.connections == 1 for phone in phones)
            assert any("edge leaves" in line and "phones=5" in line for line in edge.said)
