"""The call: one console presses, the others watch. Its law over random evenings, then a laptop that dies.

A move of a random evening is pressed on one of two consoles, and held against the same move pressed on none.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.as_run import as_run
from gala.cue_post import malformed
from gala.protocol.crew import CuePost
from gala.show.reasons import Reason
from gala.show.refusals import refusal
from gala.show.state import Caller
from tests.conftest import PATIENCE_S
from tests.gala.hall import Hall
from tests.gala.phones import NOW_S, Phone, Stage
from tests.gala.story import SHORT, Story
from tests.gala.test_follower import MEI, TOMAS, crew, go, hall
from tests.gala.test_show import KINDS, cue_of, packed

__all__ = ["hall"]
CONSOLES = ("laptop", "tablet")
pressed = st.tuples(st.sampled_from((*KINDS, *("call",) * 6)), st.integers(0, 200), st.sampled_from(CONSOLES))


@settings(max_examples=60)
@given(moves=st.lists(pressed, min_size=10, max_size=40))
def test_with_a_caller_no_other_consoles_cue_does_anything_but_call_and_kill(
    moves: list[tuple[str, int, str]],
) -> None:
    story = Story()
    story.must("call", console="laptop")
    for kind, which, console in moves:
        story.at_ms += 7_000
        cue = cue_of(story, kind, which, {})
        caller, before = story.state.caller, packed(story.state)
        assert caller is not None, "once taken it is always somebody's"
        alone = refusal(SHORT, story.state, cue, story.at_ms)
        said = story.do({**cue, "console": console})
        if console != caller.console and kind not in ("call", "kill"):
            assert said is Reason.NOT_CALLER
            assert packed(story.state) == before
        elif kind == "call":
            assert (said is None) == (console != caller.console)
            assert story.state.caller == (caller if said else Caller(console, "director Mei", story.at_ms))
        else:
            assert said is alone, "the caller, and whoever kills, may do what they might have"
            assert story.state.caller == caller


def test_before_anybody_takes_the_call_every_console_presses() -> None:
    story = Story()
    for console in CONSOLES:
        story.must("standby", target="welcome.start", console=console)
    assert story.state.caller is None


@pytest.mark.parametrize("console", [{}, {"console": ""}, {"console": 7}, {"console": ["laptop"]}], ids=str)
def test_a_call_names_its_console(console: dict[str, Any]) -> None:
    assert Story().do({"cue": "call", **console}) is Reason.BAD_CUE


def test_the_as_run_says_who_took_the_call_and_where() -> None:
    story = Story()
    story.must("call", console="k7mq")
    assert as_run(SHORT, story.log)[-1].what == "Mei took the call on k7mq"


@pytest.mark.parametrize("console", ["x" * 41, "two\nlines"])
def test_a_consoles_name_is_short_and_can_be_read(console: str) -> None:
    assert "console" in malformed(CuePost(id="1", cue="hold", console=console))


# ---------------------------------------------------------------- at the desk's door


def call(cue_id: str, console: str, **expect: Any) -> CuePost:
    return CuePost(id=cue_id, cue="call", console=console, expect=expect)


@pytest.mark.parametrize("expect", [{"caller": ""}, {"version": 1}], ids=str)
async def test_of_two_who_take_the_call_at_once_one_has_it_and_the_other_is_told(
    hall: Hall, expect: dict[str, Any]
) -> None:
    one, two = crew(hall), crew(hall)
    answers = await asyncio.gather(
        one.post(call("a", "laptop", **expect), MEI), two.post(call("b", "tablet", **expect), TOMAS)
    )
    assert sorted(status for status, _ in answers) == [200, 409]
    shown = {reply.show.caller.console for _, reply in answers if reply.show and reply.show.caller}
    assert len(shown) == 1, "both are shown the same caller"


async def test_a_post_without_a_console_is_of_the_console_named_like_its_pass(hall: Hall) -> None:
    desk = crew(hall)
    assert (await desk.post(CuePost(id="a", cue="call"), MEI))[0] == 200
    status, reply = await desk.post(go("b", "welcome.start"), TOMAS)
    assert (status, reply.reason) == (409, Reason.NOT_CALLER)
    assert (await desk.post(go("c", "welcome.start"), MEI))[0] == 200


async def test_a_party_of_a_draw_is_heard_whoever_has_the_call(hall: Hall) -> None:
    desk = crew(hall)
    assert (await desk.post(call("a", "laptop"), MEI))[0] == 200
    commit = CuePost(id="b", cue="commit", draw=9, party="nobody", commitment="00")
    status, reply = await desk.post(commit, TOMAS)
    assert (status, reply.reason) == (422, Reason.UNKNOWN_DRAW)


# ---------------------------------------------------------------- the laptop dies


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S)) as session:
        yield session


async def test_a_tablet_takes_the_call_from_a_dead_laptop_which_is_back_read_only(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    async def press(name: str, **content: Any) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {stage.crew_pass('director', name)}"}
        async with http.post(f"{stage.crew_url}/api/cues", headers=headers, json=content) as response:
            return response.status, await response.json()

    async def desk_of(name: str) -> Phone:
        held = stage.crew_pass("director", name)
        return await Phone.connect(stage, url=stage.crew_url, namespace="/crew", pass_=held)

    laptop, tablet = await desk_of("Mei"), await desk_of("Tomás")
    assert (await press("Mei", id="1", cue="call", console="laptop"))[0] == 200
    armed = {"cue": "standby", "target": "welcome.start", "console": "laptop"}
    assert (await press("Mei", id="2", **armed))[0] == 200
    assert (await tablet.hear("desk", lambda desk: desk.get("caller")))["caller"]["by"] == "director Mei"
    await laptop.close()
    going = {"cue": "go", "expect": {"standby": "welcome.start"}}
    status, said = await press("Tomás", id="3", console="tablet", **going)
    assert (status, said["reason"]) == (409, "not_caller")
    assert said["detail"].startswith("Mei took the call at ")

    taken = await press("Tomás", id="4", cue="call", console="tablet", expect={"caller": "laptop"})
    assert (await press("Tomás", id="5", console="tablet", **going))[0] == taken[0] == 200

    back = await desk_of("Mei")
    try:
        first = await back.hear("desk")
        assert (first["caller"]["console"], first["caller"]["by"]) == ("tablet", "director Tomás")
        status, said = await press("Mei", id="6", console="laptop", **going)
        assert (status, said["reason"]) == (409, "not_caller"), "and not stale: it has to take the call first"
        assert said["show"]["on_air"] == "welcome"
        state = stage.evening.crew.state
        assert (await press("Mei", id="7", cue="hold", console="laptop"))[0] == 409
        assert stage.evening.crew.state.version == state.version == 5
        pass_ = stage.evening.passes.crew("overlay", "mixer", expires_at_s=NOW_S + 60)
        auth = {"authorization": f"Bearer {pass_}"}
        async with http.get(f"{stage.crew_url}/api/state", headers=auth) as response:
            flat = await response.json()
        assert (flat["caller"], flat["caller_console"]) == ("Tomás", "tablet")
        assert (await press("Mei", id="8", cue="kill", reason="smoke", console="laptop"))[0] == 200
    finally:
        await back.close()
        await tablet.close()
