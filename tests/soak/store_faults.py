"""The store fails: replies lost, killed, power cut, frozen, scripts forgotten."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import redis

from tests.soak.between import Commands, applies
from tests.soak.scene import Outcome, Scene, scene

LOSE = 0.3  # of the replies to batches of plays
FROZEN_RSS_KIB = 50 * 1024


async def lost_replies(folder: Path, seed: str, plays: int) -> Outcome:
    """The store applies a batch, and its answer never comes: nobody may count twice who sends again."""
    outcome = Outcome(fault="store's reply lost after it applied", seed=seed, runs=0)
    async with scene(folder, seed, phones=100, pace_s=0.05) as on:
        proxy = on.proxies[0]

        async def replied(commands: Commands) -> bool:
            return not (applies(commands) and on.chance.random() < LOSE)

        proxy.replied = replied
        for segment in ("vote", "cheer"):
            await on.open(segment)
            await on.crowd.more(plays // 2)
            await on.lock()
        await on.judge(outcome)
        outcome.runs = proxy.lost
        outcome.said.append(f"{on.crowd.statuses['already']} plays sent again were there already")
        if not proxy.lost or not on.crowd.statuses["already"]:
            outcome.wrong.append("no reply was lost: this proves nothing")
    return outcome


async def store_killed(folder: Path, seed: str, kills: int) -> Outcome:
    """kill -9 at any instant; the service brings its own store back."""
    outcome = Outcome(fault="store killed", seed=seed, runs=kills)
    back_s = 0.0
    async with scene(folder, seed, phones=100, own_store=True) as on:
        await on.open("vote")
        for kill in range(kills):
            if kill == kills // 2:
                await on.lock()
                await on.open("cheer")
            await asyncio.sleep(on.chance.uniform(0.05, 0.6))
            os.kill(_pid(on), signal.SIGKILL)
            killed_s = time.monotonic()
            while not _pid(on):
                await asyncio.sleep(0.01)
            back_s = max(back_s, time.monotonic() - killed_s)
            await on.crowd.more(20)
        await on.lock()
        await on.judge(outcome)
    outcome.said.append(f"the store was back after {back_s:.2f} s at most")
    return outcome


def _pid(on: Scene) -> int:
    """The service's own store, 0 while it does not answer."""
    url = on.store_url
    if not url:
        return 0
    with (
        contextlib.suppress(redis.RedisError, OSError),
        redis.Redis.from_url(url, socket_timeout=1.0) as client,
    ):
        return int(client.info("server")["process_id"])
    return 0


async def power_cut(folder: Path, seed: str, cuts: int) -> Outcome:
    """The store and what it had not yet synced are gone.

    The campaign keeps, at each reply and before the edge has it, how long the store's file is: all of it is
    synced then, since the store syncs before it answers and is asked one thing at a time. A cut kills it and
    shortens the file to any length between that and what was there, in the middle of a write too. That a sync
    reaches the disk is the system's promise, and is not tried here.
    """
    outcome = Outcome(fault="power cut (file cut to its last sync)", seed=seed, runs=cuts)
    torn = 0
    async with scene(folder, seed, phones=100) as on:
        assert on.server is not None
        proxy, server = on.proxies[0], on.server
        with redis.Redis(unix_socket_path=server.url.removeprefix("unix://")) as client:
            assert client.config_get("appendfsync") == {"appendfsync": "always"}
        synced, cutting = 0, False
        down = asyncio.Event()

        async def replied(commands: Commands) -> bool:
            nonlocal synced
            if cutting and applies(commands):
                os.kill(server.pid, signal.SIGKILL)
                down.set()
                return False
            synced = _file(on).stat().st_size
            return True

        proxy.replied = replied
        await on.open("vote")
        for cut in range(cuts):
            if cut == cuts // 2:
                await on.lock()
                await on.open("cheer")
            await asyncio.sleep(on.chance.uniform(0.05, 0.6))
            down.clear()
            if cut % 2:  # after a batch was written, before anybody knows
                cutting = True
                await down.wait()
            else:
                os.kill(server.pid, signal.SIGKILL)
            while server.pid:
                await asyncio.sleep(0.001)
            cutting = False
            there = _file(on).stat().st_size
            length = on.chance.randint(synced, there)
            torn += length < there
            os.truncate(_file(on), length)
            await asyncio.to_thread(server.revive)
            await on.crowd.more(20)
        await on.lock()
        await on.judge(outcome)
    outcome.said.append(f"{torn} cuts took something that was written")
    return outcome


def _file(on: Scene) -> Path:
    """The store's append-only file."""
    assert on.server is not None
    return next((on.server.folder / "appendonlydir").glob("*.incr.aof"))


async def store_frozen(folder: Path, seed: str, seconds: float) -> Outcome:
    """The store stops in the middle of everything, and goes on later as if nothing had been."""
    outcome = Outcome(fault=f"store frozen {seconds:g} s", seed=seed, runs=1)
    async with scene(folder, seed, phones=200) as on:
        assert on.server is not None
        await on.open("vote")
        await on.crowd.more(400)
        before_kib = on.theatre.rss_kib()
        os.kill(on.server.pid, signal.SIGSTOP)
        stopped_ms = time.monotonic() * 1000
        try:
            await asyncio.sleep(seconds)
        finally:
            goes_on_ms = time.monotonic() * 1000
            os.kill(on.server.pid, signal.SIGCONT)
        await on.crowd.more(400)
        outcome.rss_kib = on.theatre.rss_kib() - before_kib
        await on.lock()
        await on.judge(outcome)
        meanwhile = [a for a in on.crowd.history if stopped_ms < a.sent_ms and a.heard_ms < goes_on_ms]
    statuses = {attempt.status for attempt in meanwhile}
    answered_ms = max((a.heard_ms - a.sent_ms for a in meanwhile), default=0.0)
    outcome.said.append(
        f"{len(meanwhile)} plays meanwhile were told {sorted(statuses)} in {answered_ms:.0f} ms at most"
    )
    if statuses != {"retry"}:
        outcome.wrong.append(f"plays were told {sorted(statuses)} while the store was frozen")
    if outcome.rss_kib > FROZEN_RSS_KIB:
        outcome.wrong.append(f"the edge grew by {outcome.rss_kib} KiB")
    return outcome


async def scripts_forgotten(folder: Path, seed: str, times: int) -> Outcome:
    """SCRIPT FLUSH while plays come: no phone may notice."""
    outcome = Outcome(fault="SCRIPT FLUSH", seed=seed, runs=times)
    async with scene(folder, seed, phones=100) as on:
        assert on.server is not None
        for segment in ("vote", "cheer"):
            await on.open(segment)
            with redis.Redis(unix_socket_path=on.server.url.removeprefix("unix://")) as client:
                for _ in range(times // 2):
                    await on.crowd.more(40)
                    client.script_flush("SYNC")
            await on.crowd.more(40)
            await on.lock()
        await on.judge(outcome)
        unlike = {status: n for status, n in on.crowd.statuses.items() if status in ("retry", "none") and n}
    if unlike:
        outcome.wrong.append(f"phones noticed: {unlike}")
    return outcome
