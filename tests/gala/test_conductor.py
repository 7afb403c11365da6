"""Conductors on a real store: however many, however slow, whenever they die, the evening is the same."""

import asyncio
import datetime as dt
import random
from collections import Counter
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from redis.asyncio import Redis

from gala.conductor import Conductor
from gala.rundown.file import read
from gala.store import keys
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.timing import GRACE_MS
from tests.gala.hall import STEP_MS, Booth, Hall, Killed, Life, submit
from tests.gala.story import TETRIS
from voting.box import Box, GateState


@pytest.fixture
async def hall(clients: Clients, tmp_path: Path) -> Hall:
    hall = Hall(clients, tmp_path)
    await hall.begin()
    return hall


def box_of(hall: Hall, round_id: str) -> Box:
    return Box(hall.clients.once, round_id, hall.rounds.opened(hall.state.rounds[round_id]).layout.width)


async def opened(hall: Hall, conductor: Conductor) -> None:
    """The first round is open, ten seconds before its lock."""
    await hall.go("tetris.start")
    await conductor.step(hall.now_ms)  # opens a second from now
    hall.now_ms += 1_000 + 8_000
    await hall.desk.read()
    assert hall.state.rounds[TETRIS].lock_due_at_ms == hall.now_ms + 10_000


def after_lock(hall: Hall) -> None:
    hall.now_ms = hall.state.rounds[TETRIS].lock_due_at_ms + GRACE_MS


@pytest.mark.parametrize("seed", range(4))
async def test_two_conductors_in_any_order_fire_each_cue_once_and_shut_each_round_once(
    hall: Hall, seed: int
) -> None:
    chance = random.Random(seed)
    conductors = [hall.conductor("one"), hall.conductor("two")]
    rounds = {"short/tetris/1", "short/last-song/1"}
    for now_ms in hall.evening():
        await hall.direct()
        steps = [c.step(now_ms) for c in conductors if chance.random() < 0.6]
        chance.shuffle(steps)
        await asyncio.gather(*steps)
        if hall.state.on_air == "draw":
            break
    await hall.desk.read()
    fired = Counter(
        e.cue.get("target") for e in hall.desk.history.entries if e.cue["cue"] in ("fire", "locked")
    )
    assert {"tetris.open", "tetris.lock", "tetris.end", "last-song.lock", *rounds} <= set(fired)
    assert set(fired.values()) == {1}
    assert {e.by for e in hall.desk.history.entries} > {"conductor one", "conductor two"}, "both worked"
    for round_id in rounds:
        gates = await box_of(hall, round_id).gates(range(2))
        assert [gate and gate.state for gate in gates] == [GateState.LOCKED] * 2


class Asleep:
    """A store client whose owner falls asleep at its next `get` or script, until woken."""

    def __init__(self, inner: Redis) -> None:
        self._inner = inner
        self.sleeps = asyncio.Event()
        self.wakes = asyncio.Event()

    async def _nap(self) -> None:
        self.sleeps.set()
        await self.wakes.wait()

    async def get(self, key: str) -> Any:
        await self._nap()
        return await self._inner.get(key)

    def register_script(self, text: str) -> Any:
        script = self._inner.register_script(text)

        async def call(**given: Any) -> Any:
            await self._nap()
            return await script(**given)

        return call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


async def test_a_conductor_that_slept_through_the_lock_opens_nothing(hall: Hall) -> None:
    await opened(hall, hall.conductor("one"))
    sleepy = Asleep(hall.clients.once)
    late = Conductor(
        hall.rundown,
        hall.rounds,
        ShowLog(hall.clients, hall.rundown.id),
        cast("Redis", sleepy),
        name="late",
        grace_ms=GRACE_MS,
    )
    step = asyncio.create_task(late.step(hall.now_ms))
    await sleepy.sleeps.wait()  # it has read that the round is open, and is about to open gates
    after_lock(hall)
    await hall.conductor("two").step(hall.now_ms)
    booth = hall.booth()
    await hall.desk.read()
    before = (hall.state, await box_of(hall, TETRIS).gates(range(2)))
    sleepy.wakes.set()
    await step
    await hall.desk.read()
    assert (hall.state, await box_of(hall, TETRIS).gates(range(2))) == before
    await booth.follower.read()
    assert (await booth.play(TETRIS, 0, 1, "comets")).reason == "locked"


async def test_what_an_edge_knew_of_a_round_is_forgotten_once_its_gates_are_shut_and_no_answer_changes(
    hall: Hall,
) -> None:
    conductor, booth = hall.conductor(), hall.booth()
    await hall.numbers(1)
    await opened(hall, conductor)
    await booth.follower.read()
    await booth.play(TETRIS, 0, 1, "comets")
    table, kind = booth.plays.tables[TETRIS], (0, msgspec.msgpack.encode({"choices": ["comets"]}))
    booth.plays.forget()
    assert table.slots
    assert table.known.find(kind)
    after_lock(hall)
    await conductor.step(hall.now_ms)
    await booth.follower.read()
    booth.plays.forget()
    assert not table.slots
    assert table.known.find(kind) is None
    assert (await booth.play(TETRIS, 0, 1, "comets")).status == "already"
    assert (await booth.play(TETRIS, 0, 2, "harbour")).reason == "locked"


async def test_a_conductor_that_dies_anywhere_around_the_lock_loses_no_vote(
    clients: Clients, tmp_path: Path
) -> None:
    calls, died = 0, True
    while died:
        await clients.once.flushall()
        hall = Hall(clients, tmp_path)
        await hall.begin()
        await hall.numbers(3)
        await opened(hall, hall.conductor("one"))
        booth = hall.booth()
        await booth.follower.read()
        replies = [await booth.play(TETRIS, number, 1, "comets") for number in range(3)]
        assert [reply.status for reply in replies] == ["counted"] * 3
        after_lock(hall)
        mortal = hall.conductor("mortal", Life(calls))
        try:
            await mortal.step(hall.now_ms)
            died = False
        except Killed:
            calls += 1
        await hall.conductor("two").step(hall.now_ms)
        await hall.desk.read()
        round_ = hall.state.rounds[TETRIS]
        assert round_.shut
        assert round_.counters["voters"] == 3
        assert round_.tally["choices"] == {"comets": 3, "harbour": 0}
        told = [e for e in hall.desk.history.entries if e.cue["cue"] == "locked"]
        assert len(told) == 1
    assert calls > 4, "it could die in more than a few places"


async def test_plays_that_arrived_before_a_lock_by_hand_are_counted_and_later_ones_are_not(
    hall: Hall,
) -> None:
    conductor = hall.conductor()
    await opened(hall, conductor)
    booth = hall.booth()
    await booth.follower.read()
    in_time = booth.submit(TETRIS, 1, 1, "comets")
    await asyncio.sleep(0)
    hall.now_ms += 100
    await hall.go("tetris.lock")  # eight seconds early: this booth has not read it
    hall.now_ms += 50
    too_late = booth.submit(TETRIS, 2, 1, "comets")
    await asyncio.sleep(0)
    await conductor.step(hall.now_ms)
    await booth.plays.flush()
    assert not in_time.done(), "judged under the old generation: to be judged again"
    assert not too_late.done()
    await booth.follower.read()
    replies = await booth.flush(in_time, too_late)
    assert [(r.status, r.reason) for r in replies] == [("counted", ""), ("refused", "locked")]
    hall.now_ms += GRACE_MS
    await conductor.step(hall.now_ms)
    await hall.desk.read()
    assert hall.state.rounds[TETRIS].counters["voters"] == 1


async def test_a_tap_before_the_lock_counts_within_its_connections_round_trip_and_no_further_back(
    hall: Hall,
) -> None:
    conductor = hall.conductor()
    await opened(hall, conductor)
    booth = hall.booth()
    await booth.follower.read()
    lock_ms = hall.state.rounds[TETRIS].lock_due_at_ms
    hall.now_ms = lock_ms + 300
    claims = [  # (number, when it says it was made, how long it may have been under way)
        (1, lock_ms - 1, 400.0),
        (2, lock_ms - 1, 200.0),
        (3, lock_ms + 1, 400.0),
        (4, 0, 400.0),
        (5, lock_ms - 10**9, 250.0),
        (6, lock_ms + 10**9, 400.0),
    ]
    waiting = [
        asyncio.ensure_future(
            submit(
                booth.plays, TETRIS, number, 1, booth.cohort, {"choices": ["comets"]}, claimed_ms, bound_ms
            )
        )
        for number, claimed_ms, bound_ms in claims
    ]
    replies = await booth.flush(*waiting)
    assert [reply.status for reply in replies] == ["counted"] + ["refused"] * 5


async def test_after_the_grace_even_a_play_that_arrived_in_time_is_refused(hall: Hall) -> None:
    conductor = hall.conductor()
    await opened(hall, conductor)
    booth = hall.booth()
    await booth.follower.read()
    in_time = booth.submit(TETRIS, 1, 1, "comets")
    await asyncio.sleep(0)
    after_lock(hall)
    await conductor.step(hall.now_ms)
    replies = await booth.flush(in_time)
    assert (replies[0].status, replies[0].reason) == ("refused", "locked")
    assert await box_of(hall, TETRIS).counters(range(2)) == {}


async def test_a_batch_judged_before_a_hold_is_judged_again_and_counted_once(hall: Hall) -> None:
    conductor = hall.conductor()
    await opened(hall, conductor)
    booth = hall.booth()
    await booth.follower.read()
    plays = [booth.submit(TETRIS, number, 1, "harbour") for number in range(5)]
    await hall.call({"cue": "hold"}, "hold")
    await conductor.step(hall.now_ms)
    await asyncio.sleep(0)
    await booth.plays.flush()
    assert not any(play.done() for play in plays)
    await booth.follower.read()
    assert {reply.status for reply in await booth.flush(*plays)} == {"counted"}
    assert (await box_of(hall, TETRIS).counters(range(2)))["voters"] == 5
    again = [await booth.play(TETRIS, number, 1, "comets") for number in range(5)]
    assert {reply.status for reply in again} == {"already"}


async def test_a_play_that_counts_is_never_called_late_by_another_edge(hall: Hall) -> None:
    conductor = hall.conductor()
    await opened(hall, conductor)
    here, there = hall.booth(), hall.booth()
    await here.follower.read()
    await there.follower.read()
    assert (await here.play(TETRIS, 1, 1, "comets")).status == "counted"
    assert (await there.play(TETRIS, 1, 2, "harbour")).status == "counted"
    after_lock(hall)
    await conductor.step(hall.now_ms)
    # the answer to the second play was lost: the phone sends it to the first edge, before and after that
    # edge knows of the lock
    for _ in range(2):
        reply = await here.play(TETRIS, 1, 2, "harbour")
        assert reply.status == "already"
        assert reply.mine is not None
        assert reply.mine.has == {"choices": ["harbour"]}
        await here.follower.read()
    assert (await there.play(TETRIS, 1, 3, "comets")).reason == "locked"


async def test_plays_of_a_round_that_opens_while_a_batch_is_under_way_disturb_nothing(hall: Hall) -> None:
    conductor = hall.conductor()
    await opened(hall, conductor)
    slow = Asleep(hall.clients.once)
    booth = Booth(hall, cast("Redis", slow))
    await booth.follower.read()
    first = booth.submit(TETRIS, 1, 1, "comets")
    await asyncio.sleep(0)
    flushing = asyncio.create_task(booth.plays.flush())
    await slow.sleeps.wait()
    await hall.call({"cue": "void", "target": TETRIS, "reason": "again"}, "void")
    await hall.go("tetris.open")
    await conductor.step(hall.now_ms)
    await booth.follower.read()
    second = booth.submit("short/tetris/2", 1, 1, "comets")
    await asyncio.sleep(0)
    slow.wakes.set()
    await flushing
    replies = await booth.flush(first, second)
    assert [(r.status, r.reason) for r in replies] == [("refused", "locked"), ("counted", "")]


async def test_gates_are_open_for_every_number_given_out_and_a_page_ahead(hall: Hall) -> None:
    conductor = hall.conductor()
    await hall.numbers(70_000)
    await opened(hall, conductor)
    assert hall.rundown.numbers_max == 100_000
    gates = await box_of(hall, TETRIS).gates(range(3))
    assert [gate and gate.state for gate in gates] == [GateState.OPEN, GateState.OPEN, None]


async def test_a_snapshot_of_the_counters_is_at_hand_while_a_round_runs(hall: Hall) -> None:
    conductor = hall.conductor()
    await opened(hall, conductor)
    assert await hall.clients.once.get(keys.tally(TETRIS)) is not None
    hall.now_ms += STEP_MS
    booth = hall.booth()
    await booth.follower.read()
    await booth.play(TETRIS, 0, 1, "comets")
    before = await hall.clients.once.get(keys.tally(TETRIS))
    await conductor.step(hall.now_ms)
    assert await hall.clients.once.get(keys.tally(TETRIS)) != before


LATE = """
[show]
id = "late"
name = { en = "A long evening" }
languages = ["en"]
zone = "Asia/Shanghai"
date = 2019-11-10
starts = 19:30:00
ends = 00:45:00
currency = "XTS"
numbers_max = 100

[[channels]]
id = "hall"
name = { en = "In the hall" }
delay = "0s"

[[segments]]
id = "eve"
plan = 19:30:00
title = { en = "The eve" }
card = { en = "Before midnight." }

[[segments]]
id = "midnight"
plan = 23:58:00
title = { en = "Midnight" }
card = { en = "Ten, nine, eight." }
countdown = 00:00:00
[segments.cues]
start = "at 00:00:00"

[[segments]]
id = "after"
plan = 00:10:00
title = { en = "After" }
card = { en = "Good night." }
[segments.cues]
start = "go"
end = "at 00:45:00"
"""


async def test_what_is_tied_to_midnight_in_a_named_zone_is_done_once_at_that_instant_by_whoever_is_there(
    clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rundown = read(LATE.encode()).rundown
    assert rundown is not None
    midnight_ms = int(dt.datetime(2019, 11, 10, 16, tzinfo=dt.UTC).timestamp() * 1000)
    assert rundown.ends_at_ms == midnight_ms + 45 * 60_000, "the evening ends on the next day"
    hall = Hall(clients, tmp_path, rundown)
    await hall.begin()
    await hall.go("eve.start")
    conductors = [hall.conductor("one"), hall.conductor("two")]
    hall.now_ms = midnight_ms - 15 * 60_000
    await hall.call({"cue": "hold"}, "hold")
    hall.now_ms += 60_000
    await hall.call({"cue": "resume"}, "resume")
    for before_ms in range(-2_000, 2_000, 40):
        hall.now_ms = midnight_ms + before_ms
        for conductor in conductors:
            await conductor.step(hall.now_ms)
    await hall.go("after.start")
    hall.now_ms = rundown.ends_at_ms + 20
    for conductor in conductors:
        await conductor.step(hall.now_ms)
    await hall.desk.read()
    fired = [(e.cue["target"], e.at_ms) for e in hall.desk.history.entries if e.cue["cue"] == "fire"]
    assert [name for name, _ in fired] == ["midnight.start", "after.end"], "each once, in the right order"
    assert 0 <= fired[0][1] - midnight_ms <= 100
    assert hall.state.phase == "ended"
