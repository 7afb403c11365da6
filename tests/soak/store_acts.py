"""The store fails while a round is played: replies lost, killed, power cut, frozen, full, scripts forgotten.

Each act does its fault so many times to a scene in which a crowd plays, and leaves the scene whole again.
"""

import asyncio
import os
import signal
import time
from pathlib import Path

from tests.soak.between import Commands, applies, pass_on
from tests.soak.scene import Outcome, Scene
from tests.soak.theatre import PATIENCE_S

LOSE = 0.3  # of the replies to batches of plays
REST_S = (0.05, 0.6)  # of play before the next fault
FROZEN_RSS_KIB = 50 * 1024
ACKS = 20  # that show that voting goes on


async def lost_replies(on: Scene, plays: int, outcome: Outcome) -> None:
    """The store applies a batch, and its answer never comes: nobody may count twice who sends again."""
    lost, already = 0, on.crowd.statuses["already"]

    async def replied(commands: Commands) -> bool:
        nonlocal lost
        losing = applies(commands) and on.chance.random() < LOSE
        lost += losing
        return not losing

    on.listen(replied)
    await on.crowd.more(plays)
    await on.crowd.until(lambda: lost > 0 and on.crowd.statuses["already"] > already)
    on.listen(pass_on)
    outcome.runs += lost
    again = on.crowd.statuses["already"] - already
    outcome.said.append(f"{again} plays sent again were there already")


async def store_killed(on: Scene, kills: int, outcome: Outcome) -> None:
    """kill -9 at any instant; whoever runs the store brings it back."""
    back_s = 0.0
    for _ in range(kills):
        await asyncio.sleep(on.chance.uniform(*REST_S))
        os.kill(on.store_pid, signal.SIGKILL)
        killed_s = time.monotonic()
        if on.server is not None:
            await _ended(on)
            await asyncio.to_thread(on.server.revive)
        while not on.store_pid:
            await asyncio.sleep(0.01)
        back_s = max(back_s, time.monotonic() - killed_s)
        await on.crowd.more(ACKS)
    outcome.runs += kills
    outcome.said.append(f"the store was back after {back_s:.2f} s at most")


async def power_cut(on: Scene, cuts: int, outcome: Outcome) -> None:
    """The store is gone, and so is what it had not synced.

    At each reply, before the edge has it, we keep how long the store's file is: all of that is synced, since
    the store syncs before it answers and is asked one thing at a time. A cut kills the store and shortens the
    file to any length between that and what was there, in the middle of a write too. Every other one comes
    when a batch was written and nobody knows yet. That a sync reaches the disk is the system's promise, and
    not tried here.
    """
    assert on.server is not None
    with on.ask_store() as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
    server, synced, torn = on.server, 0, 0
    cutting, down = False, asyncio.Event()

    async def replied(commands: Commands) -> bool:
        nonlocal synced
        if cutting and applies(commands):
            os.kill(server.pid, signal.SIGKILL)
            down.set()
        if down.is_set():
            return False  # nobody hears any more of a store that is dead
        synced = _file(on).stat().st_size
        return True

    on.listen(replied)
    while not synced:
        await asyncio.sleep(0.01)
    for cut in range(cuts):
        await asyncio.sleep(on.chance.uniform(*REST_S))
        if cut % 2:
            cutting = True
            await down.wait()
            cutting = False
        else:
            os.kill(server.pid, signal.SIGKILL)
            down.set()
        await _ended(on)
        there = _file(on).stat().st_size
        length = on.chance.randint(synced, there)
        torn += length < there
        os.truncate(_file(on), length)
        await asyncio.to_thread(server.revive)
        down.clear()
        await on.crowd.more(ACKS)
    on.listen(pass_on)
    outcome.runs += cuts
    outcome.said.append(f"{torn} cuts took something that was written")


async def _ended(on: Scene) -> None:
    """Waits until the campaign's own store is dead."""
    assert on.server is not None
    while on.server.pid:
        await asyncio.sleep(0.001)


def _file(on: Scene) -> Path:
    """The store's append-only file."""
    assert on.server is not None
    return next((on.server.folder / "appendonlydir").glob("*.incr.aof"))


async def store_frozen(on: Scene, seconds: float, outcome: Outcome) -> None:
    """The store stops in the middle of everything, and goes on later as if nothing had been."""
    await on.crowd.more(len(on.crowd.phones))
    before_kib = on.theatre.rss_kib()
    pid = on.store_pid
    os.kill(pid, signal.SIGSTOP)
    stopped_ms = time.monotonic() * 1000
    try:
        await asyncio.sleep(seconds)
        await _told(on, outcome)
        await on.crowd.until(lambda: on.crowd.history[-1].sent_ms > stopped_ms)
    finally:
        goes_on_ms = time.monotonic() * 1000
        os.kill(pid, signal.SIGCONT)
    await on.crowd.more(ACKS)
    outcome.grew(on.theatre.rss_kib() - before_kib)
    told = [a for a in on.crowd.history if stopped_ms < a.sent_ms and a.heard_ms < goes_on_ms]
    outcome.runs += 1
    answered_ms = max((a.heard_ms - a.sent_ms for a in told), default=0.0)
    statuses = sorted({attempt.status for attempt in told})
    outcome.said.append(
        f"frozen {seconds:g} s: {len(told)} plays were told {statuses}, the slowest in {answered_ms:.0f} ms"
    )
    if "retry" not in statuses or {"counted", "already"} & {*statuses}:
        outcome.wrong.append(f"plays were told {statuses} while the store was frozen")
    if outcome.rss_kib is not None and outcome.rss_kib > FROZEN_RSS_KIB:
        outcome.wrong.append(f"the edge grew by {outcome.rss_kib} KiB")


async def scripts_forgotten(on: Scene, times: int, outcome: Outcome) -> None:
    """SCRIPT FLUSH while plays come: nobody may notice, but for those whom a busy machine asks to wait."""
    before = on.crowd.statuses["retry"] + on.crowd.statuses["none"]
    for _ in range(times):
        await on.crowd.more(ACKS)
        with on.ask_store() as client:
            client.script_flush("SYNC")
    await on.crowd.more(ACKS)
    outcome.runs += times
    noticed = on.crowd.statuses["retry"] + on.crowd.statuses["none"] - before
    outcome.said.append(f"{noticed} plays were not counted at once")
    if noticed >= times:  # at least one each time
        outcome.wrong.append(f"{noticed} plays were not counted at once, of {times} times")


async def memory_full(on: Scene, times: int, outcome: Outcome) -> None:
    """The store has no memory left: it must refuse to write rather than throw anything away."""
    for _ in range(times):
        with on.ask_store() as client:
            client.config_set("maxmemory", 1)
        await _paused(on, outcome)
        with on.ask_store() as client:
            client.config_set("maxmemory", 0)
            evicted = client.info("stats")["evicted_keys"]
        if evicted:
            outcome.wrong.append(f"{evicted} keys were thrown away")
        await _resumed(on, outcome)
    outcome.runs += times


async def disk_full(on: Scene, times: int, outcome: Outcome) -> None:
    """The store's disk has no byte left, and has some again later."""
    filler = on.theatre.folder / "filler"
    for _ in range(times):
        _fill(filler)
        await _paused(on, outcome)
        filler.unlink()
        await _resumed(on, outcome)
    outcome.runs += times


def _fill(filler: Path) -> None:
    """To the last byte."""
    with filler.open("wb", buffering=0) as file:
        for piece in (1 << 20, 1 << 12, 1):
            try:
                while file.write(bytes(piece)) == piece:
                    pass
            except OSError:
                continue


async def _paused(on: Scene, outcome: Outcome) -> None:
    """Waits until nothing is counted any more: phones stay where they are, and are told to try again.

    The last page of a file on a full disk may still take a few batches, and what they bring is safe.
    """
    statuses = {"counted"}
    async with asyncio.timeout(PATIENCE_S):
        while "counted" in statuses:
            since_ms = time.monotonic() * 1000
            await on.crowd.tried()
            await on.crowd.tried()
            statuses = {attempt.status for attempt in on.crowd.history if attempt.sent_ms > since_ms}
    if "retry" not in statuses:
        outcome.wrong.append(f"plays were told {sorted(statuses)} while the store could not write")
    online = on.crowd.online
    if online < len(on.crowd.phones):
        outcome.wrong.append(f"{len(on.crowd.phones) - online} phones lost their line")
    await _told(on, outcome)


async def _told(on: Scene, outcome: Outcome) -> None:
    """Waits until the director's desk says what is the matter."""
    async with asyncio.timeout(PATIENCE_S):
        while not (words := (await on.theatre.state() or {}).get("store")):
            await asyncio.sleep(0.1)
    outcome.said.append(f"the desk says of the store: {words}")


async def _resumed(on: Scene, outcome: Outcome) -> None:
    since_s = time.monotonic()
    await on.crowd.more(ACKS)
    outcome.said.append(f"voting went on by itself after {time.monotonic() - since_s:.1f} s")
