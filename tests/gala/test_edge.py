"""The viewers' edge: a real server, real sockets, a client that is not ours; time is turned by hand."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgpack
import pytest
from redis import exceptions
from websockets.asyncio.client import connect

from gala.crowd.line import Line, LineDown, RefusedConnect
from gala.edge import arrivals
from gala.edge.audience import Audience, Tuning, Viewer
from gala.passes import Passes
from gala.protocol import Mine
from gala.show.state import Round
from gala.store.clients import Clients
from gala.store.valkey import EmbeddedValkey
from gala.timing import COHORTS_MAX, OPEN_LEAD_MS
from tests.conftest import PATIENCE_S
from tests.gala.hall import SECRET
from tests.gala.phones import Join, Phone, Refused, Stage, running
from tests.gala.story import SHORT, SONG, TETRIS


async def in_round(stage: Stage, phone: Phone, round_id: str = TETRIS) -> None:
    """Starts the round's segment and waits until this phone sees it open."""
    await stage.go(f"{round_id.split('/')[1]}.start")
    stage.wait(1)
    opens = asyncio.create_task(stage_opens(phone, round_id))
    # gala time is corrected gently while it stands still: a hair may be lacking to the second
    while not (await asyncio.wait({opens}, timeout=2))[0]:
        stage.wait(0.01)
    await opens


async def stage_opens(phone: Phone, round_id: str) -> Any:
    return await phone.hear("show", lambda show: show.get("round", {}).get("id") == round_id)


async def sees(phone: Phone, state: str) -> Any:
    return await phone.hear("show", lambda show: show.get("round", {}).get("state") == state)


# ---------------------------------------------------------------- arriving


async def test_the_first_word_after_connect_is_one_welcome_with_the_whole_state(
    stage: Stage, join: Join
) -> None:
    phone = await join(show="short", channel="hall", lang="en")
    name, welcome, now_ms = phone.heard[0]
    assert name == "welcome"
    assert welcome["now_ms"] == now_ms
    assert welcome["cohort"] == "hall:0"
    assert welcome["show"]["epoch"]
    assert "number" not in welcome["mine"]
    assert stage.evening.passes.read_viewer(welcome["pass"]).viewer == welcome["viewer"]
    await in_round(stage, phone)
    assert phone.count("welcome") == 1


async def test_our_own_line_hears_the_welcome_after_its_connect_too(stage: Stage) -> None:
    line = await Line.open(stage.url.replace("http", "ws"), {"channel": "app"})
    async for event, content in line.events():
        assert (event, content["cohort"]) == ("welcome", "app:8000")
        break
    await line.close()
    with pytest.raises(LineDown):
        await line.ask("sync", {"t0_ms": 1.0})
    with pytest.raises(RefusedConnect):
        await Line.open(stage.url.replace("http", "ws"), {"channel": "nowhere"})


async def test_an_own_delay_makes_a_cohort_of_half_seconds_and_the_phone_is_told_the_rest(join: Join) -> None:
    phone = await join(channel="app", delay_ms=8_200)
    welcome = await phone.hear("welcome")
    assert (welcome["cohort"], welcome["delay_ms"], welcome["rest_ms"]) == ("app:8500", 8_200, 300)
    tuned = await phone.ask("tune", {"delay_ms": 10**9})
    assert tuned["delay_ms"] == 8_000 + 90_000, "a nudge is bounded"
    assert await phone.ask("tune", {}) == {"cohort": "app:8000", "delay_ms": 8_000}


async def test_a_channel_tuned_by_the_director_takes_its_phones_along(stage: Stage, join: Join) -> None:
    app, own = await join(channel="app"), await join(channel="app", delay_ms=30_000)
    await stage.cue("delay", target="app", delay_ms=2_000)
    await stage.go("tetris.start")
    stage.wait(2.1)
    shown = await app.hear("show", lambda show: show.get("segment", {}).get("id") == "tetris")
    assert shown["delay_ms"] == 2_000
    late = await join(channel="app")
    assert (await late.hear("welcome"))["cohort"] == "app:2000"
    assert not any("segment" in content for event, content, _ in own.heard if event == "show"), (
        "whoever says for themselves how late they are is believed"
    )


async def test_a_sync_measures_its_connections_round_trip_by_our_own_clock(stage: Stage, join: Join) -> None:
    phone = await join()
    first = await phone.ask("sync", {"t0_ms": 1.0})
    stage.wait(0.35)
    await phone.ask("sync", {"t0_ms": 2.0, "told_ms": first["t2_ms"], "since_ms": 100.0})
    (viewer,) = stage.evening.edge.audience
    assert viewer.bound_ms == pytest.approx(250, abs=1)
    await phone.ask("sync", {"t0_ms": 3.0, "told_ms": 1.0, "since_ms": 0.0})
    assert viewer.bound_ms == 500, "whatever a phone says, no further back than the grace"
    await phone.ask("sync", {"t0_ms": 4.0, "told_ms": 1e300, "since_ms": -1e300})
    assert viewer.bound_ms == 500


async def test_numbers_are_dense_and_a_viewer_keeps_theirs(stage: Stage, join: Join) -> None:
    phones = [await join() for _ in range(4)]
    replies = [await phone.ask("enter", {}) for phone in phones]
    assert [reply["mine"]["number"] for reply in replies] == [0, 1, 2, 3]
    again = await phones[2].ask("enter", {})
    assert again["mine"]["number"] == 2
    back = await join(pass_=replies[2]["pass"])
    assert (await back.hear("welcome"))["mine"]["number"] == 2
    assert (await back.ask("enter", {}))["mine"]["number"] == 2


async def test_a_rush_of_viewers_is_numbered_without_gaps(stage: Stage, join: Join) -> None:
    phones = await asyncio.gather(*(join() for _ in range(20)))
    replies = await asyncio.gather(*(phone.ask("enter", {}) for phone in phones))
    assert sorted(reply["mine"]["number"] for reply in replies) == list(range(20))


async def test_when_all_numbers_are_given_out_the_hall_is_full(
    stage: Stage, join: Join, clients: Clients
) -> None:
    await clients.once.set("numbers:{short}", SHORT.numbers_max)
    reply = await (await join()).ask("enter", {})
    assert reply["reason"] == "hall_full"
    assert reply["retry_after_ms"] > 0


@pytest.mark.parametrize(
    ("auth", "reason"),
    [
        ({"pass_": "forged.forged.forged"}, "bad_pass"),
        ({"pass_": Passes(SECRET, "another-show").viewer("v", 0)}, "bad_pass"),
        ({"pass_": Passes(b"not the secret of this show", "short").viewer("v", 0)}, "bad_pass"),
        ({"pass_": Passes(SECRET, "short").crew("director", "Mei", expires_at_s=1 << 40)}, "bad_pass"),
        ({"pass_": 7}, "bad_auth"),
        ({"channel": "nowhere"}, "unknown_channel"),
        ({"show": "another-show"}, "unknown_show"),
        ({"delay_ms": "soon"}, "bad_auth"),
        ({"lang": ["en"]}, "bad_auth"),
    ],
)
async def test_a_connect_that_cannot_be_is_refused_with_a_reason(
    stage: Stage, auth: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused) as refused:
        await Phone.connect(stage, **auth)
    assert refused.value.content["data"]["reason"] == reason


async def test_sync_says_when_it_came_and_when_it_went(stage: Stage, join: Join) -> None:
    phone = await join()
    stage.wait(3)
    reply = await phone.ask("sync", {"t0_ms": 12.5})
    now_ms = stage.evening.clock.now_ms()
    assert reply == {"t0_ms": 12.5, "t1_ms": now_ms, "t2_ms": now_ms}
    assert "reason" in await phone.ask("sync", {"t0_ms": "noon"})
    assert "reason" in await phone.ask("sync", None)


# ---------------------------------------------------------------- playing


async def test_a_vote_is_counted_and_found_again_over_another_edge(
    stage: Stage, join: Join, valkey_url: str, tmp_path: Path
) -> None:
    phone = await join()
    entered = await phone.ask("enter", {})
    await in_round(stage, phone)
    reply = await phone.play(TETRIS, 1, "comets")
    assert reply["status"] == "counted"
    assert reply["mine"] == {"seq": 1, "has": {"choices": ["comets"]}}
    await phone.close()
    async with running(valkey_url, tmp_path / "two", beside=stage) as other:
        other.wait(1)
        back = await join(on=other, pass_=entered["pass"])
        mine = (await back.hear("welcome"))["mine"]
        assert mine["number"] == 0
        assert mine["rounds"][TETRIS] == {"seq": 1, "has": {"choices": ["comets"]}}
        old = await back.play(TETRIS, 1, "harbour")
        assert (old["status"], old["mine"]["has"]) == ("already", {"choices": ["comets"]})
        new = await back.play(TETRIS, 2, "harbour")
        assert (new["status"], new["mine"]["seq"]) == ("counted", 2)
        await back.close()


async def test_two_tabs_are_one_viewer_and_an_old_move_never_undoes_a_newer_one(
    stage: Stage, join: Join
) -> None:
    one = await join()
    entered = await one.ask("enter", {})
    two = await join(pass_=entered["pass"])
    await in_round(stage, one)
    await stage_opens(two, TETRIS)
    assert (await one.play(TETRIS, 5, "comets"))["status"] == "counted"
    late = await two.play(TETRIS, 4, "harbour")
    assert (late["status"], late["mine"]["has"]["choices"]) == ("already", ["comets"])
    both = await asyncio.gather(one.play(TETRIS, 6, "comets"), two.play(TETRIS, 6, "harbour"))
    assert sorted(reply["status"] for reply in both) == ["already", "counted"]
    counted = next(reply for reply in both if reply["status"] == "counted")
    already = next(reply for reply in both if reply["status"] == "already")
    assert already["mine"] == counted["mine"]


async def test_without_a_number_nothing_is_counted(stage: Stage, join: Join) -> None:
    phone = await join()
    await in_round(stage, phone)
    reply = await phone.play(TETRIS, 1, "comets")
    assert (reply["status"], reply["reason"]) == ("refused", "enter_first")


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        ({"round": "short/nowhere/1"}, "unknown_round"),
        ({"round": SONG}, "unknown_round"),
        ({"round": {"id": TETRIS}}, "bad_move"),
        ({"seq": 0}, "bad_move"),
        ({"seq": 65_536}, "bad_move"),
        ({"seq": -1}, "bad_move"),
        ({"seq": 10**30}, "bad_move"),
        ({"seq": 1.5}, "bad_move"),
        ({"seq": True}, "bad_move"),
        ({"move": {"choices": ["nobody"]}}, "bad_move"),
        ({"move": {"choices": ["comets", "harbour"]}}, "bad_move"),
        ({"move": {"choices": []}}, "bad_move"),
        ({"move": {"choices": "comets"}}, "bad_move"),
        ({"move": {"choices": [["comets"]]}}, "bad_move"),
        ({"move": {"choices": ["x" * 33]}}, "bad_move"),
        ({"move": {"choices": ["comets"] * 65}}, "bad_move"),
        ({"move": {}}, "bad_move"),
        ({"move": []}, "bad_move"),
        ({"move": {"choices": {"a": [{"b": [[[[]]]]}]}}}, "bad_move"),
        ({"at_ms": "now"}, "bad_move"),
    ],
    ids=str,
)
async def test_a_move_that_is_none_is_refused_and_nothing_is_lost(
    stage: Stage, join: Join, play: dict[str, Any], reason: str
) -> None:
    phone = await join()
    await phone.ask("enter", {})
    await in_round(stage, phone)
    whole = {"round": TETRIS, "seq": 2, "at_ms": 0, "move": {"choices": ["comets"]}}
    if play.get("seq") == 10**30:  # no msgpack has such a number: the next best that no box holds
        play = {"seq": (1 << 64) - 1}
    reply = await phone.ask("play", {**whole, **play})
    assert (reply["status"], reply["reason"]) == ("refused", reason)
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "counted"


@pytest.mark.parametrize("said", [None, 7, "x", [], [[]], ("two", "things"), {"round": 1}, {"": {"": []}}])
async def test_rubbish_gets_an_answer_and_the_line_stays_up(stage: Stage, join: Join, said: Any) -> None:
    phone = await join()
    for event in ("play", "tune", "sync", "enter"):
        reply = await phone.ask(event, said)
        assert reply.get("reason") or reply.get("pass") or reply.get("cohort"), event
    assert (await phone.ask("sync", {"t0_ms": 1}))["t0_ms"] == 1


async def test_an_event_that_calls_itself_connect_or_disconnect_is_no_second_arrival(
    stage: Stage, join: Join
) -> None:
    phone = await join()
    for event in ("connect", "disconnect", "connect", "on_play", "nothing", "close_room"):
        await phone.send(event, {"asgi.scope": {}}, {"channel": "app"})
    await in_round(stage, phone)
    assert phone.count("welcome") == 1
    assert (await phone.ask("enter", {}))["mine"]["number"] == 0
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "counted"


@pytest.mark.parametrize(
    "frame",
    [
        b"\xc1",
        b"",
        b"\x81\xa4type",
        msgpack.packb({"type": 99, "nsp": "/viewer", "data": []}),
        msgpack.packb({"type": 2, "nsp": 7, "data": ["play"]}),
        msgpack.packb({"type": 2, "nsp": "/viewer", "data": []}),
        msgpack.packb({"type": 2, "nsp": "/viewer", "data": [7]}),
        msgpack.packb({"type": 2, "nsp": "/viewer", "data": {"a": 1}}),
        msgpack.packb({"type": 3, "nsp": "/viewer", "data": [], "id": 5}),
        msgpack.packb([[[[]]]]),
        "4not msgpack",
        "9",
        "x" * 20,
    ],
    ids=lambda frame: repr(frame)[:40],
)
async def test_a_frame_that_is_no_message_harms_nobody(stage: Stage, join: Join, frame: bytes | str) -> None:
    other = await join()
    socket = await connect(f"{stage.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket")
    await socket.recv()
    await socket.send(msgpack.packb({"type": 0, "nsp": "/viewer", "data": {}}))
    await socket.recv()
    await socket.send(frame)
    await socket.close()
    assert (await other.ask("enter", {}))["mine"]["number"] == 0


async def test_an_oversized_message_ends_its_own_line_and_no_other(stage: Stage, join: Join) -> None:
    rude, other = await join(), await join()
    await rude.send("play", {"move": "x" * 17_000})
    async with asyncio.timeout(PATIENCE_S):
        await rude.gone.wait()
    assert (await other.ask("sync", {"t0_ms": 1}))["t0_ms"] == 1
    assert (await other.ask("enter", {}))["mine"]["number"] == 0


async def test_a_play_after_the_lock_is_refused_and_one_before_it_stands(stage: Stage, join: Join) -> None:
    phone = await join()
    await phone.ask("enter", {})
    await in_round(stage, phone)
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "counted"
    stage.wait(OPEN_LEAD_MS / 1000 + 18)
    late = await phone.play(TETRIS, 2, "harbour")  # even before anyone has fired the lock
    assert (late["status"], late["reason"]) == ("refused", "locked")
    assert late["mine"]["has"]["choices"] == ["comets"]
    stage.wait(1)
    await sees(phone, "locked")
    assert (await phone.play(TETRIS, 1, "comets"))["status"] == "already", "a lost ack is still answered"


# ---------------------------------------------------------------- who sees what when


async def test_a_slow_channel_sees_the_round_later_and_cannot_play_it_before(
    stage: Stage, join: Join
) -> None:
    hall, app = await join(channel="hall"), await join(channel="app")
    await app.ask("enter", {})
    await in_round(stage, hall)
    early = await app.play(TETRIS, 1, "comets")
    assert (early["status"], early["reason"]) == ("refused", "unknown_round")
    stage.wait(7.999)
    assert (await app.ask("sync", {"t0_ms": 0}))["t1_ms"] == stage.evening.clock.now_ms()
    assert all(content.get("round") is None for name, content, _ in app.heard if name == "show")
    stage.wait(0.001)
    show = await stage_opens(app, TETRIS)
    opened_at_ms = stage.evening.edge.state.rounds[TETRIS].opened_at_ms
    assert show["round"]["opens_at_ms"] == opened_at_ms + 8_000
    assert show["round"]["closes_at_ms"] == opened_at_ms + 18_000, "a prediction closes for all at once"
    assert (await app.play(TETRIS, 1, "comets"))["status"] == "counted"


async def test_a_lock_and_a_hold_reach_a_slow_channel_at_once(stage: Stage, join: Join) -> None:
    hall, app = await join(channel="hall"), await join(channel="app")
    await in_round(stage, hall)
    stage.wait(8)
    await stage_opens(app, TETRIS)
    await stage.cue("hold")
    held = await app.hear("show", lambda show: show.get("held"))
    assert held["round"].get("closes_at_ms", 0) == 0
    await stage.cue("resume")
    await app.hear("show", lambda show: not show.get("held") and show["step"] > held["step"])
    await stage.go("tetris.lock")
    await sees(app, "locked")


async def test_tune_moves_a_phone_to_another_cohort_and_shows_what_is_seen_there(
    stage: Stage, join: Join
) -> None:
    phone = await join(channel="hall")
    await in_round(stage, phone)
    assert await phone.ask("tune", {"channel": "app"}) == {"cohort": "app:8000", "delay_ms": 8_000}
    shown = await phone.hear("show", lambda show: "segment" not in show)
    assert "round" not in shown
    assert await phone.ask("tune", {"channel": "nowhere"}) == {
        "cohort": "app:8000",
        "reason": "unknown_channel",
    }
    assert await phone.ask("tune", {"delay_ms": 700}) == {
        "cohort": "app:1000",
        "delay_ms": 700,
        "rest_ms": 300,
    }
    assert await phone.ask("tune", {"delay_ms": 10**9}) == {"cohort": "app:98000", "delay_ms": 98_000}
    assert await phone.ask("tune", {"delay_ms": -5}) == {"cohort": "app:0"}


async def test_a_predictions_counts_are_shown_to_no_phone_before_the_reveal(stage: Stage, join: Join) -> None:
    phone = await join()
    await phone.ask("enter", {})
    await in_round(stage, phone)
    await phone.play(TETRIS, 1, "comets")
    stage.wait(19)
    await sees(phone, "locked")
    stage.wait(1)
    await phone.ask("sync", {"t0_ms": 1})
    assert phone.count("tally") == 0
    assert all("result" not in (c.get("round") or {}) for name, c, _ in phone.heard if name == "show")


async def test_an_opinions_counts_run_live_each_channel_in_its_own_time(stage: Stage, join: Join) -> None:
    hall, app = await join(channel="hall"), await join(channel="app")
    await hall.ask("enter", {})
    await in_round(stage, hall, SONG)
    stage.wait(8)
    await stage_opens(app, SONG)
    counted_ms = stage.evening.clock.now_ms()
    assert (await hall.play(SONG, 1, "owl"))["status"] == "counted"
    stage.wait(1)
    tally = await stage.until(hall.hear("tally", lambda tally: tally["counters"]["voters"] == 1))
    assert tally["counters"]["choices"]["owl"] == 1
    assert tally["seq"] >= counted_ms
    await stage.until(app.hear("tally", lambda tally: tally["counters"]["voters"] == 1))
    for name, content, now_ms in app.heard:
        if name == "tally":
            assert content["seq"] + 8_000 <= now_ms, "no channel is told what its picture does not show yet"

    boards = stage.evening.edge._boards
    stage.wait(18)
    async with asyncio.timeout(PATIENCE_S):
        while not stage.evening.crew.state.rounds[SONG].sealed:
            await asyncio.sleep(0.02)
    await stage.go("last-song.reveal")
    await sees(hall, "revealed")
    assert SONG in boards._rings, "the app's picture is still before the result"
    stage.wait(8)
    await sees(app, "revealed")
    async with asyncio.timeout(PATIENCE_S):
        while boards._rings:
            await asyncio.sleep(0.02)


async def test_the_phones_that_a_board_tells_of_are_those_of_all_edges(
    stage: Stage, other: Stage, join: Join
) -> None:
    here, _there = await join(channel="hall"), await join(channel="hall", on=other)
    await here.ask("enter", {})
    await in_round(stage, here, SONG)
    assert (await here.play(SONG, 1, "owl"))["status"] == "counted"
    await stage.until(here.hear("tally", lambda tally: tally["online"] == 2))


# ---------------------------------------------------------------- the store fails


async def test_whoever_arrives_while_the_store_does_not_answer_is_welcomed_when_it_does(
    stage: Stage, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    holdings = stage.evening.edge.holdings
    of, failed = holdings.of, asyncio.Event()

    async def fails_once(viewers: Sequence[Viewer]) -> list[Mine]:
        if not failed.is_set():
            failed.set()
            raise exceptions.ConnectionError
        return await of(viewers)

    monkeypatch.setattr(holdings, "of", fails_once)
    phones = await asyncio.gather(*(join() for _ in range(3)))  # each hears its welcome
    assert failed.is_set()
    assert [phone.count("welcome") for phone in phones] == [1, 1, 1]


async def test_whoever_moves_while_their_wallet_is_read_is_told_what_their_new_cohort_knows(
    stage: Stage, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = stage.evening.edge
    of, asked = edge.holdings.of, list[str]()

    async def moves_once(viewers: Sequence[Viewer]) -> list[Mine]:
        found = await of(viewers)
        for viewer in viewers if not asked else []:
            await edge.retune(viewer, edge.audience.seat(Tuning("app", None)))
        asked.extend(viewer.cohort.name for viewer in viewers)
        return found

    monkeypatch.setattr(edge.holdings, "of", moves_once)
    phone = await join(channel="hall")
    assert (await phone.hear("welcome"))["cohort"] == "app:8000"
    assert asked == ["app:8000", "app:8000"], "once before, once after it had moved"
    assert phone.count("welcome") == 1


async def test_a_rush_is_welcomed_and_told_its_news_a_few_in_a_step(
    stage: Stage, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "STEP_MAX", 3)
    monkeypatch.setattr(arrivals, "SLICE", 2)
    phones = await asyncio.gather(*(join() for _ in range(8)))
    for seq, phone in enumerate(phones, 1):
        await phone.ask("enter", {})
        if seq == 1:
            await in_round(stage, phone)
        assert (await phone.play(TETRIS, seq, "comets"))["status"] == "counted"
    await sealed(stage, phones[0])
    await stage.go("tetris.settle", outcome="comets")
    await stage.go("tetris.reveal")
    for seq, phone in enumerate(phones, 1):
        mine = await phone.hear("mine")
        assert (mine["rounds"][TETRIS]["seq"], phone.count("welcome")) == (seq, 1)


def test_an_edge_has_at_most_64_cohorts_and_finds_everyone_a_later_one() -> None:
    audience = Audience(
        SHORT, lambda name: {channel.id: channel.delay_ms for channel in SHORT.channels}[name]
    )
    found = []
    for place, delay_ms in enumerate(range(60_000, 0, -500)):
        seat = audience.seat(Tuning("app", delay_ms))
        audience.arrive(Viewer(f"{place}", "v", -1, seat))
        found.append((delay_ms, seat.cohort.delay_ms))
    assert len(set(audience.cohorts)) == COHORTS_MAX
    assert all(delay_ms >= wanted_ms for wanted_ms, delay_ms in found), "nothing is shown before its time"
    for place in range(100):
        audience.leave(f"{place}")
    assert audience.seat(Tuning("app", 500)).cohort.delay_ms == 500, "cohorts that nobody is in make room"


@contextlib.asynccontextmanager
async def three_in_round(stage: Stage) -> AsyncIterator[list[Phone]]:
    """Viewers with numbers who see the round open; the first has a vote for comets."""
    phones = [await Phone.connect(stage) for _ in range(3)]
    try:
        for phone in phones:
            await phone.ask("enter", {})
        await in_round(stage, phones[0])
        for phone in phones[1:]:
            await stage_opens(phone, TETRIS)
        assert (await phones[0].play(TETRIS, 1, "comets"))["status"] == "counted"
        yield phones
    finally:
        for phone in phones:
            await phone.close()


async def sealed(stage: Stage, phone: Phone) -> Round:
    """Lets the round end; it, as the desk has it. The desk too comes back in its own time."""
    stage.wait(19)
    await sees(phone, "locked")
    stage.wait(1)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            round_ = stage.evening.crew.state.rounds.get(TETRIS)
            if round_ is not None and round_.sealed:
                return round_
            await asyncio.sleep(0)


async def test_a_store_killed_in_a_round_loses_no_acknowledged_vote_and_counts_none_twice(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("s")
    server = await asyncio.to_thread(EmbeddedValkey(folder / "v").start)
    try:
        async with running(server.url, folder / "data") as stage, three_in_round(stage) as phones:
            os.kill(server.pid, signal.SIGKILL)
            down = await asyncio.gather(*(phone.play(TETRIS, 2, "harbour") for phone in phones))
            assert {reply["status"] for reply in down} == {"retry"}
            assert all(reply["retry_after_ms"] > 0 for reply in down)
            await asyncio.to_thread(server.stop)
            server = await asyncio.to_thread(EmbeddedValkey(folder / "v").start)
            assert server.url == f"unix://{folder}/v/valkey.sock"
            for number, phone in enumerate(phones):
                reply = await phone.play_until_told(TETRIS, 2, "harbour")
                assert reply["status"] == "counted", number
                assert (await phone.play(TETRIS, 2, "comets"))["status"] == "already"
            round_ = await sealed(stage, phones[0])
            assert round_.tally == {"voters": 3, "choices": {"comets": 0, "harbour": 3}}
            assert round_.recount_equal
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_store_of_our_own_killed_twice_in_a_round_comes_back_by_itself_with_every_acked_vote(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with running("", tmp_path_factory.mktemp("s")) as stage, three_in_round(stage) as phones:
        for seq, choice in ((2, "harbour"), (3, "comets")):
            server = (await stage.evening.clients.once.info("server"))["process_id"]
            os.kill(server, signal.SIGKILL)
            for phone in phones:
                reply = await phone.play_until_told(TETRIS, seq, choice)
                # already: it was written as the store died, and only the answer was lost
                assert reply["status"] in ("counted", "already")
                assert (await phone.play(TETRIS, seq, "harbour"))["status"] == "already"
        round_ = await sealed(stage, phones[0])
        assert round_.tally == {"voters": 3, "choices": {"comets": 3, "harbour": 0}}
        assert round_.recount_equal


async def test_refused_plays_are_told_by_reason_and_by_the_channel_they_came_from(
    stage: Stage, join: Join
) -> None:
    hall, app = await join(channel="hall"), await join(channel="app")
    await in_round(stage, hall)
    assert (await hall.play(TETRIS, 1, "comets"))["reason"] == "enter_first"
    for seq in (1, 2):
        assert (await app.play(TETRIS, seq, "comets"))["reason"] == "unknown_round", "it opens 8 s later"
    told = {"enter_first": {"hall": 1}, "unknown_round": {"app": 2}}
    async with asyncio.timeout(PATIENCE_S):
        while True:
            stage.wait(1)
            shown = stage.evening.crew.evidence(stage.evening.clock.now_ms()).rounds
            if shown and shown[0].refused_by_channel == told:
                break
            await asyncio.sleep(0)
    assert shown[0].refused == {"enter_first": 1, "unknown_round": 2}
