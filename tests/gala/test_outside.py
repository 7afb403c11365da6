"""Parties and a witness on machines of their own, over the crew's real listener."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gala.draws import outside
from gala.draws.outside import CrewDoor, Mistaken, Unreachable, Watcher
from gala.store import keys
from gala.store.clients import Clients
from rewards.log.note import Cosigner
from rewards.rules import leaves
from rewards.rules.witness import NotCosigned
from tests.gala.phones import Stage, running
from tests.gala.story import SHORT

WITNESS = Cosigner("auditor.example/w1", b"w" * 32)
WATCHED = msgspec.structs.replace(SHORT, witnesses=(str(WITNESS.verifier),))


def door(stage: Stage, role: str = "auditor") -> CrewDoor:
    return CrewDoor(stage.crew_url, stage.crew_pass(role))


async def until(stage: Stage, holds: Callable[[], bool]) -> None:
    """Lets gala time pass until it does; the test's own limit ends it otherwise."""
    while not holds():
        stage.wait(0.1)
        await asyncio.sleep(0.02)


async def test_a_party_commits_and_reveals_from_a_file_of_its_own(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "auditor.secret"
    sealed = await asyncio.to_thread(outside.commit, door(stage), 1, "auditor", path, lambda n: b"r" * n)
    name = leaves.draw_id("short", 1)
    assert sealed == leaves.commitment(name, "auditor", b"r" * 32).hex()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "72727272" not in repr(msgspec.json.decode(path.read_bytes(), type=outside.Secret))
    again = await asyncio.to_thread(outside.commit, door(stage), 1, "auditor", path, lambda n: b"x" * n)
    assert again == sealed, "its file is its secret, however often it is told"
    await until(stage, lambda: stage.evening.crew.state.commits.get("1/auditor") == sealed)
    with pytest.raises(Unreachable, match="not_frozen"):
        await asyncio.to_thread(outside.reveal, door(stage), 1, "auditor", path)
    with pytest.raises(Mistaken, match="is not there"):
        await asyncio.to_thread(outside.reveal, door(stage), 1, "auditor", tmp_path / "lost")
    with pytest.raises(Mistaken, match="is the secret of auditor for short/draw/1"):
        await asyncio.to_thread(outside.reveal, door(stage), 2, "auditor", path)
    path.write_text("nonsense")
    with pytest.raises(Mistaken, match="is no secret"):
        await asyncio.to_thread(outside.reveal, door(stage), 1, "auditor", path)


async def test_who_may_not_speak_for_a_party_is_told_why(stage: Stage, tmp_path: Path) -> None:
    for asking, why in (
        (door(stage, "overlay"), "wrong_role"),
        (CrewDoor(stage.crew_url, "forged"), "bad_pass"),
        (CrewDoor("http://127.0.0.1:1", "x"), "does not answer"),
    ):
        with pytest.raises(Unreachable, match=why):
            await asyncio.to_thread(outside.commit, asking, 1, "auditor", tmp_path / "secret", bytes)
    with pytest.raises(Unreachable, match="only a director"):
        await asyncio.to_thread(outside.give_up, door(stage), 1, "a whim")
    with pytest.raises(Mistaken, match="48 bytes in hex"):
        await asyncio.to_thread(outside.bring_beacon, door(stage), 1, "zero")
    with pytest.raises(Mistaken, match="is no address"):
        await asyncio.to_thread(CrewDoor("crew.gala.example", "x").show)
    await asyncio.to_thread(outside.give_up, door(stage, "director"), 1, "the prizes were misprinted")
    await until(stage, lambda: stage.evening.crew.state.draws[1].state == "void")


async def test_a_witness_cosigns_a_log_that_grows_and_the_notary_hears_it(
    clients: Clients, valkey_url: str, tmp_path: Path
) -> None:
    state = tmp_path / "witness.json"
    async with running(valkey_url, tmp_path, rundown=WATCHED) as stage:

        def watcher(log_key: str = "") -> Watcher:
            return Watcher(door(stage), WITNESS, state, log_key, lambda: 1_700_000_000)

        await until(stage, lambda: bool(stage.evening.crew.books.checkpoint))
        first = watcher()
        seen = await asyncio.to_thread(first.look)
        assert seen is not None
        assert await asyncio.to_thread(first.look) is None, "nothing is new"
        told = await stage.evening.clients.once.hget(keys.cosigned("short"), WITNESS.name)
        assert told is not None
        await until(stage, lambda: WITNESS.name in stage.evening.crew.books.witnesses)
        await stage.go("tetris.start")
        await until(stage, lambda: len(stage.evening.crew.books.leaves) > seen.size)
        grown = await asyncio.to_thread(watcher(first.log_key).look)  # another process, from the file
        assert grown is not None
        assert grown.size > seen.size
        with pytest.raises(Mistaken, match="another key"):
            watcher("gala/other+00000000+AQ==")
        kept = json.loads(state.read_text())
        state.write_text(json.dumps(kept | {"root": bytes(32).hex()}))
        with pytest.raises(NotCosigned, match="rewritten"):
            await asyncio.to_thread(watcher().look)
        state.write_text(json.dumps(kept | {"size": kept["size"] + 100}))
        with pytest.raises(NotCosigned, match="shrunk"):
            await asyncio.to_thread(watcher().look)
        with pytest.raises(Unreachable, match="bad_note"):
            await asyncio.to_thread(door(stage).post, "/api/log/cosigned", b"nonsense")
        with pytest.raises(Unreachable, match="wrong_role"):
            await asyncio.to_thread(door(stage, "overlay").get, "/api/log/checkpoint")
        with pytest.raises(Unreachable, match="no_tile"):
            await asyncio.to_thread(door(stage).get, "/api/log/tile/0/007")
