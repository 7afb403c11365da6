"""Cues called into the log by several at once: each id once, each expectation kept, on a real store."""

import asyncio
import os
from pathlib import Path

import pytest

from gala.beginning import OtherRundown, begin
from gala.edge.crew import Crew
from gala.follower import STALE, CueRefused, Follower
from gala.passes import CrewPass, Passes
from gala.protocol.crew import CuePost
from gala.store.clients import Clients
from gala.store.log import Forked, ShowLog
from tests.gala.hall import SECRET, Hall
from tests.gala.story import GALA_2019, SHORT

MEI = CrewPass("director", "Mei", "short")
TOMAS = CrewPass("director", "Tomás", "short")


@pytest.fixture
async def hall(clients: Clients, tmp_path: Path) -> Hall:
    hall = Hall(clients, tmp_path)
    await hall.begin()
    return hall


def follower(hall: Hall) -> Follower:
    return Follower(SHORT, ShowLog(hall.clients, "short"))


def crew(hall: Hall) -> Crew:
    return Crew(
        SHORT,
        hall.rounds,
        ShowLog(hall.clients, "short"),
        hall.clients.once,
        Passes(SECRET, "short"),
        now=lambda: hall.now_ms,
        rate=lambda: 1.0,
        wall_s=lambda: 0,
        knows_the_time=lambda: True,
    )


def go(cue_id: str, target: str) -> CuePost:
    return CuePost(id=cue_id, cue="go", expect={"standby": target})


async def test_of_many_who_call_the_same_cue_one_appends_and_all_get_its_entry(hall: Hall) -> None:
    followers = [follower(hall) for _ in range(5)]
    cue = {"cue": "go", "target": "welcome.start"}
    entries = await asyncio.gather(
        *(f.call(cue, id="the-same", by=f"desk {n}", now_ms=hall.now_ms) for n, f in enumerate(followers))
    )
    assert len({entry.digest for entry in entries}) == 1
    await hall.desk.read()
    assert hall.state.version == 2


async def test_of_many_different_cues_called_at_once_each_has_its_place_or_its_reason(hall: Hall) -> None:
    followers = [follower(hall) for _ in range(6)]
    kinds = ["hold", "resume"] * 3

    async def call(n: int) -> str:
        try:
            await followers[n].call({"cue": kinds[n]}, id=f"{n}", by="desk", now_ms=hall.now_ms)
        except CueRefused as refused:
            return refused.reason
        return "done"

    answers = await asyncio.gather(*(call(n) for n in range(6)))
    await hall.desk.read()
    assert hall.state.version == 1 + answers.count("done")
    assert set(answers) <= {"done", "held", "not_held"}


async def test_a_cue_whose_expectation_no_longer_holds_is_stale_and_changes_nothing(hall: Hall) -> None:
    with pytest.raises(CueRefused) as refused:
        await hall.desk.call(
            {"cue": "hold"}, id="h", by="desk", now_ms=hall.now_ms, expects=lambda state: state.version == 9
        )
    assert refused.value.reason == STALE
    assert hall.state.version == 1


async def test_a_cue_keeps_its_first_answer_even_when_it_could_not_be_done_any_more(hall: Hall) -> None:
    cue = {"cue": "go", "target": "welcome.start"}
    first = await follower(hall).call(cue, id="x", by="desk", now_ms=hall.now_ms)
    again = await follower(hall).call(cue, id="x", by="desk", now_ms=hall.now_ms + 5_000)
    assert again == first


async def test_time_in_the_log_never_runs_back_whoever_writes(hall: Hall) -> None:
    await hall.desk.call({"cue": "hold"}, id="a", by="desk", now_ms=hall.now_ms + 1_000)
    entry = await follower(hall).call({"cue": "resume"}, id="b", by="desk", now_ms=hall.now_ms - 9_000)
    assert entry.at_ms == hall.now_ms + 1_000


async def test_a_store_that_lost_its_log_is_noticed(hall: Hall) -> None:
    await hall.clients.once.flushall()
    with pytest.raises(Forked):
        await hall.desk.read()


async def test_an_evening_goes_on_with_its_own_rundown_and_with_no_other(hall: Hall) -> None:
    log = ShowLog(hall.clients, "short")
    await begin(SHORT, log, rehearsal=True, now_ms=hall.now_ms, entropy=os.urandom)
    with pytest.raises(OtherRundown):
        await begin(SHORT, log, rehearsal=False, now_ms=hall.now_ms, entropy=os.urandom)
    with pytest.raises(OtherRundown):
        await begin(GALA_2019, log, rehearsal=True, now_ms=hall.now_ms, entropy=os.urandom)


# ---------------------------------------------------------------- the desk's door


async def test_a_cue_posted_twice_at_once_over_two_consoles_is_one_entry(hall: Hall) -> None:
    one, two = crew(hall), crew(hall)
    answers = await asyncio.gather(*(c.post(go("press-1", "welcome.start"), MEI) for c in (one, two)))
    assert [status for status, _ in answers] == [200, 200]
    assert {reply.version for _, reply in answers} == {2}


async def test_of_two_who_press_go_for_the_same_cue_one_is_told_that_it_is_stale(hall: Hall) -> None:
    one, two = crew(hall), crew(hall)
    answers = await asyncio.gather(
        one.post(go("mei-1", "welcome.start"), MEI), two.post(go("tomas-1", "welcome.start"), MEI)
    )
    assert sorted(status for status, _ in answers) == [200, 409]
    stale = next(reply for status, reply in answers if status == 409)
    assert stale.reason == STALE
    assert stale.show is not None
    assert stale.show.standby == "tetris.start", "with what stands there now"


async def test_what_a_console_armed_before_it_died_another_fires_and_back_again_it_can_do_nothing_with_it(
    hall: Hall,
) -> None:
    dead, other = crew(hall), crew(hall)
    armed = CuePost(id="mei-1", cue="standby", target="welcome.start")
    assert (await dead.post(armed, MEI))[0] == 200
    del dead
    await other.step(hall.now_ms)
    assert other.state.standby == "welcome.start", "it is the show's, and no console's"
    assert (await other.post(go("tomas-1", "welcome.start"), TOMAS))[0] == 200
    status, reply = await crew(hall).post(go("mei-2", "welcome.start"), MEI)
    assert (status, reply.reason) == (409, STALE)


async def test_a_timed_cue_in_between_makes_nothing_stale(hall: Hall) -> None:
    desk = crew(hall)
    await desk.post(go("1", "welcome.start"), MEI)
    await desk.post(go("2", "tetris.start"), MEI)
    hall.now_ms += 1_000
    await hall.conductor().step(hall.now_ms)  # opens the round
    status, _ = await desk.post(CuePost(id="3", cue="standby", target="tetris.lock"), MEI)
    assert status == 200
    round_ = desk.state.rounds["short/tetris/1"]
    expect = {"standby": "tetris.lock", "round": round_.id, "generation": round_.generation}
    status, _ = await desk.post(CuePost(id="4", cue="go", expect=expect), MEI)
    assert status == 200
    void = {"round": round_.id, "generation": round_.generation}
    post = CuePost(id="5", cue="void", target=round_.id, reason="r", expect=void)
    assert (await desk.post(post, MEI))[0] == 409, "the lock made it another generation"


@pytest.mark.parametrize(
    "post",
    [
        CuePost(id="", cue="hold"),
        CuePost(id="x" * 81, cue="hold"),
        CuePost(id="1", cue="dance"),
        CuePost(id="1", cue="fire", target="tetris.open"),
        CuePost(id="1", cue="locked", target="short/tetris/1"),
        CuePost(id="1", cue="go"),
        CuePost(id="1", cue="go", expect={"standby": 7}),
        CuePost(id="1", cue="hold", expect={"weather": "fine"}),
        CuePost(id="1", cue="hold", expect={"round": ["a"]}),
        CuePost(id="1", cue="void", target="short/tetris/1", reason="never opened"),
        CuePost(id="1", cue="skip", target="nowhere"),
        CuePost(id="1", cue="resume"),
    ],
    ids=lambda post: f"{post.cue}-{post.target}-{post.expect}",
)
async def test_a_cue_that_makes_no_sense_is_refused_with_a_reason(hall: Hall, post: CuePost) -> None:
    desk = crew(hall)
    status, reply = await desk.post(post, MEI)
    assert (status, bool(reply.reason)) == (422, True)
    await hall.desk.read()
    assert hall.state.version == 1
