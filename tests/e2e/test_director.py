"""The director's console in a real Chromium, against a real evening on a real Valkey."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Request, Route, WebSocketRoute, expect

from gala.evening import Evening
from tests.e2e.booth import console, gos, link, press_go
from tests.e2e.conftest import running_night
from tests.e2e.crew import is_clean

pytestmark = pytest.mark.browser

PAGES = Path("gala/web/dist/director.html")


@pytest.fixture
def plan() -> Path:
    assert PAGES.is_file(), "the pages are not built: run `make pages`"
    return Path("tests/gala/polls.toml")


@pytest_asyncio.fixture(loop_scope="session")
async def evening(tmp_path: Path, plan: Path) -> AsyncIterator[Evening]:
    """The short evening, ten seconds before its start; gala time runs eight times as fast."""
    async with running_night(tmp_path, plan, before_ms=10_000, rate=8.0) as night:
        yield night.evening


async def test_a_console_without_a_pass_says_how_to_get_one(evening: Evening, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(link(evening, "Mei").split("#")[0])
    await expect(page.get_by_text("gala pass --role director --name NAME")).to_be_visible()
    await page.goto(link(evening, "Mei").split("#")[0] + "#pass=forged")
    await expect(page.get_by_role("alert")).to_contain_text("not of this show")


async def test_the_pass_leaves_the_address_bar_and_is_never_sent_in_an_address(
    evening: Evening, browser: Browser
) -> None:
    page = await browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    address = link(evening, "Mei")
    held = address.split("#pass=")[1]
    await page.goto(address)
    await expect(page.locator(".key.go")).to_be_visible()
    assert page.url.endswith("/director")
    assert len(asked) > 3
    assert not [url for url in asked if held in url.split("#")[0] or "pass=" in url.split("#")[0]]


async def test_go_pressed_twice_at_once_fires_one_cue(evening: Evening, browser: Browser) -> None:
    page = await console(browser, evening, "Mei")
    await page.locator(".key.go").dblclick()
    await expect(page.locator(".now")).to_contain_text("1 Welcome")
    await expect(page.locator(".key.go")).to_have_attribute("aria-disabled", "false")
    assert gos(evening) == ["start · Welcome"]


async def test_a_lost_reply_is_one_transition(evening: Evening, browser: Browser) -> None:
    page = await console(browser, evening, "Mei")
    sent: list[str] = []

    async def lose_the_first(route: Route, request: Request) -> None:
        sent.append((request.post_data_json or {})["id"])
        if len(sent) == 1:
            await route.fetch()  # it was done …
            await route.abort()  # … and nobody hears of it
        else:
            await route.continue_()

    await page.route("**/api/cues", lose_the_first)
    await press_go(page)
    await expect(page.locator(".now")).to_contain_text("1 Welcome")
    await expect(page.locator(".key.go")).not_to_contain_text("SENDING")
    assert len(sent) == 2
    assert len(set(sent)) == 1
    assert gos(evening) == ["start · Welcome"]


async def test_of_two_consoles_one_go_is_taken_and_the_other_is_told_who_was_first(
    evening: Evening, browser: Browser
) -> None:
    context = await browser.new_context()
    behind = await context.new_page()
    late: list[bool] = []

    def fall_behind(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: None if late else socket.send(message))

    await behind.route_web_socket("**/socket.io/**", fall_behind)
    await behind.goto(link(evening, "Tomás"))
    await expect(behind.locator(".cue .nx")).to_contain_text("1.1")
    ahead = await console(browser, evening, "Mei")
    late.append(True)
    await press_go(ahead)
    await expect(ahead.locator(".now")).to_contain_text("1 Welcome")
    await press_go(behind)
    notice = behind.locator(".notice.stale")
    await expect(notice).to_contain_text("came too late and did nothing")
    await expect(notice).to_contain_text("start · Welcome")
    await expect(notice).to_contain_text("Mei")
    assert gos(evening) == ["start · Welcome"]


async def test_without_a_link_the_keys_are_dead_and_say_so_and_the_page_comes_back_by_itself(
    evening: Evening, browser: Browser
) -> None:
    page = await console(browser, evening, "Mei")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/api/cues" in request.url else None)
    await page.context.set_offline(True)
    await expect(page.get_by_role("alert").filter(has_text="NO LINK")).to_be_visible()
    await expect(page.locator(".key.go")).to_have_attribute("aria-disabled", "true")
    await page.keyboard.press("Space")
    await page.locator(".key.go").click(force=True)  # it says that it is disabled: a hand tries all the same
    await expect(page.locator(".notice")).to_contain_text("No link")
    assert sent == []
    await page.context.set_offline(False)
    await expect(page.locator(".banner.nolink")).to_have_count(0)
    await press_go(page)
    await expect(page.locator(".now")).to_contain_text("1 Welcome")


async def test_an_auditor_may_watch_and_is_told_that_the_keys_are_not_theirs(
    evening: Evening, browser: Browser
) -> None:
    page = await console(browser, evening, "Ada", "auditor")
    await press_go(page)
    await expect(page.locator(".notice.refused")).to_contain_text("may watch")
    assert gos(evening) == []


async def test_a_segment_from_go_to_reveal_asks_for_the_outcome_unseen_and_before_the_reveal(
    evening: Evening, browser: Browser
) -> None:
    page = await console(browser, evening, "Mei")
    go, sheet, live = page.locator(".key.go"), page.locator("dialog"), page.locator(".live")
    await press_go(page)
    await expect(page.locator(".now")).to_contain_text("1 Welcome")
    await press_go(page)
    await expect(page.locator(".now")).to_contain_text("2 Human Tetris")
    await expect(page.locator(".plan .ch")).to_have_count(3)
    await expect(live.locator(".chip")).to_contain_text("locked")

    await press_go(page)
    await expect(sheet).to_contain_text("what did the stage decide?")
    await expect(live).to_contain_text("Hidden while you choose")
    await page.keyboard.press("Enter")  # nothing chosen: nothing happens
    await page.keyboard.press("Space")
    assert len(gos(evening)) == 2
    await page.keyboard.press("2")
    await page.keyboard.press("Enter")
    await expect(sheet).to_have_count(0)
    await expect(live.locator(".chip")).to_contain_text("settled")

    await expect(go).to_contain_text("asks first")
    await press_go(page)
    await expect(sheet).to_contain_text("Reveal the result to three channels?")
    await page.keyboard.press("Space")  # a second Space must not be an answer
    await page.keyboard.press("Space")
    await is_clean(page)
    assert len(gos(evening)) == 3
    await page.keyboard.press("Enter")
    await expect(live.locator(".chip")).to_contain_text("revealed")
    assert gos(evening)[-2:] == ["settle · Human Tetris: harbour", "reveal · Human Tetris"]
    await is_clean(page)


async def test_a_hold_stops_the_clock_to_the_lock_and_space_resumes(
    evening: Evening, browser: Browser
) -> None:
    evening.clock.pace(1.0)
    page = await console(browser, evening, "Mei")
    for title in ("1 Welcome", "2 Human Tetris"):
        await press_go(page)
        await expect(page.locator(".now")).to_contain_text(title)
    await expect(page.locator(".now .tl")).to_contain_text("to lock")
    await page.keyboard.press("h")
    await expect(page.locator(".now .air")).to_have_text("ON AIR, HELD")
    stopped = await page.locator(".now .t").inner_text()
    await expect(page.locator(".now .tl")).to_contain_text("stopped 0:01")
    assert await page.locator(".now .t").inner_text() == stopped
    await page.keyboard.press("h")  # pressing it again does not let go
    await expect(page.locator(".notice")).to_contain_text("Already held")
    await press_go(page)
    await expect(page.locator(".now .air")).to_have_text("ON AIR")


async def test_voiding_needs_a_reason_which_stands_in_the_as_run(evening: Evening, browser: Browser) -> None:
    page = await console(browser, evening, "Mei")
    for title in ("1 Welcome", "2 Human Tetris"):
        await press_go(page)
        await expect(page.locator(".now")).to_contain_text(title)
    await expect(page.locator(".live .chip")).to_contain_text("locked")
    await page.keyboard.press("v")
    confirm = page.locator("dialog .yes")
    await expect(confirm).to_have_attribute("aria-disabled", "true")
    await page.get_by_label("Why?", exact=False).fill("the wrong question")
    await page.keyboard.press("Enter")
    await expect(page.locator(".live .chip")).to_contain_text("void")
    await expect(page.locator(".asrun")).to_contain_text("the wrong question")
