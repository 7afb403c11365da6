"""The overlay: what it is told is searched byte by byte, what it shows is looked at in a real Chromium."""

import json
import urllib.error
import urllib.request
from asyncio import to_thread
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from gala.passes import CrewRole
from tests.e2e.conftest import RUNDOWN, Night, running_night
from tests.e2e.crew import crew_pass, crew_url, is_clean, play, vote, wire
from tests.e2e.test_story import open_poll

pytestmark = pytest.mark.browser

METERS = """
[[segments]]
id = "race"
plan = 19:35:00
title = { en = "Balance beam" }
card = { en = "Three stars, one beam." }
question = { en = "Who wins time?" }
[segments.boost]
cap = 500
tickets = 0
choices = [
  { id = "xia", label = { en = "Xia Meng" }, shape = "triangle" },
  { id = "jun", label = { en = "Jun Park" }, shape = "square" },
  { id = "malee", label = { en = "Malee" }, shape = "hexagon" },
]
[segments.cues]
start = "go"
open = "go"
cut = "go"
lock = "go"
reveal = "go"

[[segments]]
id = "song"
plan = 19:40:00
title = { en = "The last song" }
card = { en = "You choose who sings it." }
question = { en = "Who sings the last song?" }
[segments.poll]
kind = "opinion"
tally = "live"
choices = [
  { id = "a", label = { en = "Ada" } },
  { id = "b", label = { en = "Bo" } },
  { id = "c", label = { en = "Cy" } },
]
[segments.cues]
start = "go"
open = "go"
lock = "go"
reveal = "go"
end = "go"
"""

ON_AIR = {"width": 1920, "height": 1080}


def get(night: Night, path: str, token: str = "") -> tuple[int, bytes]:
    """Status and body of a request to the crew's listener."""
    asked = urllib.request.Request(crew_url(night, path), headers={"authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(asked, timeout=5) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()


async def overlay(browser: Browser, night: Night, more: str = "") -> Page:
    """An overlay of its own, as in a vision mixer of its own."""
    page = await (await browser.new_context(viewport=ON_AIR)).new_page()  # type: ignore[arg-type]
    await page.goto(crew_url(night, f"/overlay#pass={crew_pass(night, 'overlay')}{more}"))
    return page


@pytest.mark.parametrize("role", ["auditor", "merchant", "metrics"])
async def test_a_pass_for_another_role_does_not_open_the_overlay(night: Night, role: CrewRole) -> None:
    async with wire(crew_url(night), "/overlay") as line:
        assert (await line.connect({"pass": crew_pass(night, role)}))["reason"] == "wrong_role"


async def test_a_viewers_pass_is_none_for_the_crew_and_the_overlays_none_for_the_desk(night: Night) -> None:
    for namespace in ("/overlay", "/crew"):
        async with wire(crew_url(night), namespace) as line:
            viewer = night.evening.passes.viewer("someone", 7)
            assert (await line.connect({"pass": viewer}))["reason"] == "bad_pass"
    async with wire(crew_url(night), "/crew") as line:
        assert (await line.connect({"pass": crew_pass(night, "overlay")}))["reason"] == "wrong_role"


async def test_the_overlay_is_not_on_the_viewers_listener(night: Night) -> None:
    async with wire(night.phone_url.rstrip("/"), "/overlay") as line:
        await line._socket.recv()  # a refusal of the namespace has no words of ours
        await line._socket.send(b"\x83\xa4type\x00\xa3nsp\xa8/overlay\xa4data\x80")
        assert (await line._packet())["type"] == 4


async def test_an_overlay_is_told_nothing_of_a_prediction_or_a_draw_before_its_time(night: Night) -> None:
    token = crew_pass(night, "overlay")
    await night.until(lambda state: state.version > 0)
    async with wire(crew_url(night), "/overlay") as air:
        assert await air.connect({"pass": token}) == {}
        await open_poll(night)
        assert (await vote(night, "comets"))["status"] == "counted"
        await night.to_locked()
        await night.go("tetris.settle", "comets")
        await air.until_version(night.state.version)
        _, flat = await to_thread(get, night, "/api/state", token)
        state = json.loads(flat)
        assert state["round_state"] == "settled"
        assert (state["round_voters"], [name for name in state if "count" in name]) == (0, [])
        for secret in (b"voters", b"outcome", b"tally\xde", b"\xa5tally\x83"):
            assert secret not in air.heard
        assert [name for name, _ in air.events if name == "tally"] == []

        await night.go("tetris.reveal")
        await air.until_version(night.state.version)
        assert b"voters" in air.heard
        assert b"outcome" in air.heard
        _, flat = await to_thread(get, night, "/api/state", token)
        assert json.loads(flat)["round_count_comets"] == 1

        await night.go("tetris.end")
        await night.go("draw.start")
        await night.go("draw.freeze")
        await night.until(lambda state: state.draws[1].state == "frozen")
        night.evening.clock.pace(20)
        await night.until(lambda state: state.draws[1].state == "drawn")
        await air.until_version(night.state.version)
        assert b"winners" not in air.heard
        night.evening.clock.pace(1)
        await night.go("draw.announce")
        await air.until_version(night.state.version)
        assert b"winners" in air.heard


async def test_the_overlay_invites_then_shows_the_vote_without_numbers_and_the_result_with_them(
    night: Night, browser: Browser
) -> None:
    air = await overlay(browser, night)
    code = air.get_by_role("img", name=f"Code that opens {night.evening.join_url}")
    await expect(code).to_be_visible()
    assert await code.evaluate("image => image.complete && image.naturalWidth > 0")
    await is_clean(air)

    await open_poll(night)
    await expect(air.get_by_role("heading", name="Which team is still standing")).to_be_visible()
    assert (await vote(night, "comets"))["status"] == "counted"
    await night.to_locked()
    await expect(air.get_by_text("The vote is closed")).to_be_visible()
    assert "%" not in await air.inner_text("main")
    await is_clean(air)

    await night.go("tetris.settle", "comets")
    await night.go("tetris.reveal")
    await expect(air.get_by_text("100%")).to_be_visible()
    await expect(air.locator(".won")).to_contain_text("Comets")
    await is_clean(air)
    see_through = await air.evaluate("getComputedStyle(document.body).backgroundColor")
    assert see_through == "rgba(0, 0, 0, 0)", "the picture is behind it"


@pytest_asyncio.fixture(loop_scope="session")
async def meters(tmp_path: Path) -> AsyncIterator[Night]:
    """An evening of rounds whose counters are live: a race, then an opinion."""
    head = RUNDOWN.read_text("utf-8").split("[[segments]]")[0]
    plan = tmp_path / "meters.toml"
    plan.write_text(head + METERS, "utf-8")
    async with running_night(tmp_path / "data", plan) as found:
        yield found


async def test_a_race_moves_while_it_runs_and_says_until_when_the_stage_counts(
    meters: Night, browser: Browser
) -> None:
    air = await overlay(browser, meters)
    await meters.go("race.start")
    await meters.go("race.open")
    await expect(air.get_by_role("heading", name="Who wins time?")).to_be_visible()
    assert (await play(meters, {"total": 3, "for": "xia"}))["status"] == "counted"
    await expect(air.locator(".lane.lead")).to_contain_text("Xia Meng")
    assert (await play(meters, {"total": 7, "for": "malee"}))["status"] == "counted"
    await expect(air.locator(".lane.lead")).to_contain_text("Malee")
    await expect(air.locator(".lane.lead .sx")).to_have_text("7")
    await is_clean(air)
    await meters.go("race.cut")
    await expect(air.get_by_text("The stage has counted")).to_be_visible()
    assert (await play(meters, {"total": 9, "for": "xia"}))["status"] == "counted"
    await meters.go("race.lock")
    await meters.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
    await meters.go("race.reveal")
    await expect(air.locator(".lane.lead .sx")).to_have_text("7")


async def test_a_race_shows_the_top_fans_who_agree_and_nobody_else(meters: Night, browser: Browser) -> None:
    air = await overlay(browser, meters)
    await meters.go("race.start")
    await meters.go("race.open")
    for total, fan in ((3, True), (9, False), (5, True), (6, True), (4, True)):
        move = {"total": total, "for": "xia" if total < 6 else "malee", "fan": fan}
        assert (await play(meters, move))["status"] == "counted"
    await expect(air.locator(".fans li")).to_have_text(["Seat 3 · 6", "Seat 2 · 5", "Seat 4 · 4"])
    assert "Seat 1" not in await air.inner_text("main"), "who gave most does not agree"
    await is_clean(air)
    await meters.go("race.cut")
    await meters.go("race.lock")
    await meters.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
    await meters.go("race.reveal")
    await expect(air.locator(".lane.lead .sx")).to_have_text("15")
    await expect(air.locator(".fans")).to_have_count(0)


async def test_an_opinion_that_is_live_has_its_bars_on_air(meters: Night, browser: Browser) -> None:
    await meters.go("race.start")
    await meters.go("race.open")
    await meters.go("race.cut")
    await meters.go("race.lock")
    await meters.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
    await meters.go("race.reveal")
    await meters.go("song.start")
    await meters.go("song.open")
    for choice in ("b", "b", "c"):
        assert (await vote(meters, choice))["status"] == "counted"
    air = await overlay(browser, meters)  # the snapshot comes first
    bo = air.get_by_role("listitem").filter(has_text="Bo")
    await expect(bo).to_contain_text("67%")
    await is_clean(air)


async def test_the_overlay_speaks_the_language_it_is_asked_for(night: Night, browser: Browser) -> None:
    air = await overlay(browser, night, "&lang=zh-CN")
    await expect(air.get_by_role("heading", name="扫码参与")).to_be_visible()
    await open_poll(night)
    await expect(air.get_by_role("heading", name="最后一面墙前，哪一队还站着？")).to_be_visible()


async def test_the_last_permitted_frame_outlives_a_restart_and_no_error_goes_on_air(
    night: Night, browser: Browser
) -> None:
    air = await overlay(browser, night)
    await open_poll(night)
    question = air.get_by_role("heading", name="Which team is still standing")
    await expect(question).to_be_visible()
    before = await air.inner_text("main")
    shut: list[Any] = []

    async def refuse(socket: WebSocketRoute) -> None:
        shut.append(socket)
        await socket.close()

    await air.route_web_socket("**/socket.io/**", refuse)
    await air.route("**/texts/**", lambda route: route.abort())
    await air.reload()  # as a mixer does that was started again while the service is away
    await expect(question).to_be_visible()
    assert shut, "it asked for the service, which was not there"
    assert await air.inner_text("main") == before


async def test_a_frame_kept_under_another_pass_is_never_put_on_air(night: Night, browser: Browser) -> None:
    air = await overlay(browser, night)
    await open_poll(night)
    await expect(air.get_by_role("heading", name="Which team is still standing")).to_be_visible()
    second = await air.context.new_page()
    await second.goto(crew_url(night, "/overlay#pass=of.another.evening"))
    await expect(second.get_by_role("heading")).to_have_text("On air")
    assert (await second.inner_text("main")).strip() == "On air", "neither the old frame nor a complaint"
