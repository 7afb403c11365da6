"""`gala recount` over a real store and a real bundle: what it calls equal is, and what is not it names."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gala.cli import app
from gala.store.clients import Clients, connect
from gala.store.valkey import embedded
from tests.gala.hall import STEP_MS, Hall
from tests.gala.story import SONG, TETRIS

RUNDOWN = "tests/gala/polls.toml"
VOTERS = 25  # boxes of fewer than 20 are kept back


def gala(*words: str, **environment: str) -> tuple[int, str]:
    """Exit code, and all that it said."""
    result = CliRunner().invoke(app, ["recount", *words], env={"COLUMNS": "200", **environment})
    return result.exit_code, result.output


def read(*words: str, **environment: str) -> tuple[int, Any]:
    """Exit code, and what it said in JSON."""
    code, said = gala(*words, "--json", **environment)
    return code, json.loads(said)


async def until_open(hall: Hall) -> None:
    """Begins, and opens the first round."""
    await hall.begin()
    await hall.numbers(64)
    conductor = hall.conductor()
    await hall.go("tetris.start")
    await conductor.step(hall.now_ms)
    await hall.desk.read()
    hall.now_ms = hall.state.rounds[TETRIS].opened_at_ms + 2_000
    await conductor.step(hall.now_ms)
    await hall.desk.read()


async def vote(hall: Hall, round_id: str, *choices: str) -> None:
    booth = hall.booth()
    await booth.follower.read()
    plays = [booth.submit(round_id, number, 1, choices[number % len(choices)]) for number in range(VOTERS)]
    assert {reply.status for reply in await booth.flush(*plays)} == {"counted"}


async def test_an_open_round_is_recounted_from_the_store_and_a_counter_that_lies_is_named(
    clients: Clients, valkey_url: str, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path)
    await until_open(hall)
    await vote(hall, TETRIS, "comets", "harbour")
    store = {"GALA_REDIS_URL": valkey_url}
    code, said = await asyncio.to_thread(read, RUNDOWN, **store)
    assert (code, said["equal"], len(said["rounds"])) == (0, True, 1)
    (round_,) = said["rounds"]
    assert (round_["round"], round_["state"], round_["plays"]) == (TETRIS, "open", VOTERS)
    assert round_["said"]["store"] == round_["counters"]
    assert sum(part["voters"] for part in round_["channels"].values()) == VOTERS
    assert list(round_["channels"]) == ["hall"]
    await clients.once.hincrby(f"box:{{{TETRIS}#0}}:counters", "voters", 1)
    code, told = await asyncio.to_thread(gala, RUNDOWN, "--round", "tetris", **store)
    assert code == 1
    assert f"voters: store {VOTERS + 1}, recount {VOTERS}" in told
    assert (await asyncio.to_thread(gala, RUNDOWN, "--round", "nothing", **store))[0] == 2
    code, told = await asyncio.to_thread(gala, **store)
    assert (code, "began with another rundown" in told) == (2, True), "it found the show, and the shipped one"


async def test_the_bundle_of_an_evening_and_its_store_recount_to_the_same(
    clients: Clients, valkey_url: str, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path)
    await hall.begin()
    await hall.numbers(64)
    register, conductor = await hall.register(), hall.conductor()
    notary, voted = hall.notary(register), set[str]()
    for now_ms in hall.evening():
        await hall.direct()
        await conductor.step(now_ms)
        await notary.step(now_ms)
        await hall.desk.read()
        for round_id, choices in ((TETRIS, ("comets", "harbour")), (SONG, ("owl", "hare", "frog"))):
            round_ = hall.state.rounds.get(round_id)
            if round_ is not None and round_id not in voted and now_ms >= round_.opened_at_ms + 4 * STEP_MS:
                voted.add(round_id)
                await vote(hall, round_id, *choices)
        if notary.published.is_set():
            break
    await register.close()
    bundle = tmp_path / "bundle"
    code, of_files = await asyncio.to_thread(read, str(bundle))
    assert (code, [one["round"] for one in of_files["rounds"]]) == (0, [TETRIS, SONG])
    code, of_store = await asyncio.to_thread(read, RUNDOWN, GALA_REDIS_URL=valkey_url)
    assert code == 0
    for one, other in zip(of_files["rounds"], of_store["rounds"], strict=True):
        assert one["state"] == other["state"] == "sealed"
        assert one["counters"] == other["counters"] == other["said"]["sealed"] == other["said"]["locked"]
        assert one["plays"] == VOTERS
    code, told = await asyncio.to_thread(gala, str(bundle), "--round", "tetris/1")
    assert code == 0
    assert "voters" in told
    box = bundle / "boxes" / f"{TETRIS}.bin"
    content = bytearray(box.read_bytes())
    content[-1] ^= 3
    box.write_bytes(content)
    code, of_files = await asyncio.to_thread(read, str(bundle))
    assert (code, of_files["equal"]) == (1, False)
    assert "the box is not the file that was sealed" in of_files["rounds"][0]["wrong"]
    shutil.rmtree(bundle / "boxes")
    assert (await asyncio.to_thread(gala, str(bundle)))[0] == 2


async def test_the_store_of_an_evening_is_read_while_another_runs_it_and_when_nobody_does(
    tmp_path: Path,
) -> None:
    async with embedded(tmp_path / "store", durable=False) as url:
        clients = await connect(url)
        hall = Hall(clients, tmp_path)
        await until_open(hall)
        await vote(hall, TETRIS, "comets")
        running = await asyncio.to_thread(read, RUNDOWN, GALA_DATA=str(tmp_path))
        await clients.close()
    over = await asyncio.to_thread(read, RUNDOWN, GALA_DATA=str(tmp_path))
    assert running == over
    assert over[0] == 0
    assert over[1]["rounds"][0]["plays"] == VOTERS


@pytest.mark.parametrize(
    ("words", "says"),
    [((), "holds no evening"), (("no-such-show",), "no rundown at"), (("FOLDER",), "is no bundle")],
)
def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    found = [str(tmp_path) if word == "FOLDER" else word for word in words]
    code, told = gala(*found, GALA_DATA=str(tmp_path / "none"))
    assert code == 2
    assert says in told
    assert not (tmp_path / "none").exists()
