"""Our own store's file is written anew when that wins something and little is going on, and loses nothing."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.store import rewriting, valkey
from gala.store.clients import CannotConnect, connect
from gala.store.rewriting import QUIET_BYTES_PER_S, WORTH_BYTES, File, worth_it
from tests.conftest import PATIENCE_S

sizes = st.integers(0, 10 * WORTH_BYTES)


@given(sizes, st.integers(0, 2 * QUIET_BYTES_PER_S), st.integers(1, 60))
def test_it_is_worth_it_when_the_file_is_long_and_grows_slowly(size: int, per_s: int, seconds: int) -> None:
    before = File(size, 0, 0.0)
    now = File(size + per_s * seconds, 0, float(seconds))
    assert worth_it(before, now) == (now.bytes > WORTH_BYTES and per_s < QUIET_BYTES_PER_S)
    assert not worth_it(before, File(now.bytes, now.bytes, now.at_s)), "it is as short as it can be"
    assert not worth_it(now, File(0, 0, now.at_s + 1)), "it is another file than the one before"


async def test_a_file_of_many_writes_becomes_short_and_all_is_there_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriting, "WORTH_BYTES", 100_000)
    monkeypatch.setattr(rewriting, "LOOK_S", 0.2)
    async with valkey.embedded(tmp_path, durable=False) as url:
        clients = await connect(url)
        for start in range(0, 20_000, 1_000):
            pipeline = clients.once.pipeline(transaction=False)
            for number in range(start, start + 1_000):
                pipeline.set("votes", number)
            await pipeline.execute()
        async with asyncio.timeout(PATIENCE_S):
            while (await clients.once.info("persistence"))["aof_current_size"] > 100_000:
                await asyncio.sleep(0.05)
        await clients.once.set("after", "it")
        os.kill((await clients.once.info("server"))["process_id"], signal.SIGKILL)
        await clients.close()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    clients = await connect(url)
                    break
                except CannotConnect:
                    await asyncio.sleep(0.05)
        assert await clients.once.mget("votes", "after") == [b"19999", b"it"]
        await clients.close()


async def test_who_looks_after_the_file_ends_when_told_to_wherever_that_falls(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriting, "LOOK_S", 0.001)  # looks nearly all the time
    for turn in range(0, 400, 7):
        looking = asyncio.create_task(rewriting.keep_short(valkey_url))
        for _ in range(turn):
            await asyncio.sleep(0)
        told = 0
        while not looking.done():
            looking.cancel()
            told += 1
            await asyncio.wait([looking], timeout=PATIENCE_S)
        assert told == 1
