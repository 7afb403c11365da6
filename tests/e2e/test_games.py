"""Whack and boost in a real Chromium, against a real evening: what a hand does is what the box counts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.conftest import PATIENCE_S
from tests.e2e.conftest import Night, running_night
from tests.e2e.crew import crew_pass, crew_url
from tests.e2e.test_story import phone

pytestmark = pytest.mark.browser

UP = ".hole[data-face=up]"
NUMPAD = (7, 8, 9, 4, 5, 6, 1, 2, 3)  # the number pad's keys as the doors lie


@pytest_asyncio.fixture(loop_scope="session")
async def games(tmp_path: Path) -> AsyncIterator[Night]:
    async with running_night(tmp_path, Path(__file__).parent / "games.toml") as found:
        yield found


async def hit(page: Page, way: str) -> None:
    """One try at whoever is up, the way this person plays."""
    door = await page.wait_for_selector(UP)
    assert door is not None
    if way == "button":
        await page.keyboard.press("Space")
    elif way == "finger":
        await page.locator(UP).first.dispatch_event("pointerdown")
    else:
        hole = await door.get_attribute("data-hole")
        if hole is not None:
            await page.keyboard.press(hole if way == "digits" else f"Numpad{NUMPAD[int(hole) - 1]}")


async def play_until_earned(page: Page, way: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await page.locator("[data-earned]").count():
            await hit(page, way)


async def counted(page: Page) -> int:
    shown = await page.locator("[data-counted-hits]").first.get_attribute("data-counted-hits")
    return int(shown or 0)


@pytest.mark.parametrize("way", ["finger", "numpad", "button"])
async def test_every_way_of_playing_whack_earns_the_same_entry(
    games: Night, browser: Browser, way: str
) -> None:
    page = await phone(browser, games)
    await games.go("welcome.start")
    await games.go("whack.start")
    await games.go("whack.open")
    if way == "button":
        await page.get_by_role("button", name="One button").click()
        await page.locator("body").evaluate("document.activeElement.blur()")

    await play_until_earned(page, way)

    await games.go("whack.lock")
    await games.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
    await games.go("whack.reveal")
    await expect(page.get_by_text("1 entry earned")).to_be_visible()
    tally = games.state.rounds["games/whack/1"].tally
    assert tally["voters"] == 1
    assert tally["hits"] == await counted(page) >= 3, "the phone says what the box holds"


async def test_a_reload_in_the_middle_of_whack_loses_no_counted_hit(games: Night, browser: Browser) -> None:
    page = await phone(browser, games)
    await games.go("welcome.start")
    await games.go("whack.start")
    await games.go("whack.open")
    async with asyncio.timeout(PATIENCE_S):
        while await counted(page) < 1:
            await hit(page, "digits")
    before = await counted(page)

    await page.reload()

    await expect(page.locator("[data-counted-hits]")).to_be_visible()
    assert await counted(page) >= before
    await play_until_earned(page, "digits")


async def test_boosts_are_counted_for_the_stage_until_the_cut_and_for_the_viewer_after_it(
    games: Night, browser: Browser
) -> None:
    page = await phone(browser, games)
    for cue in ("welcome.start", "whack.start", "whack.open", "whack.lock"):
        await games.go(cue)
    await games.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
    for cue in ("whack.reveal", "whack.end", "beam.start", "beam.open"):
        await games.go(cue)
    await page.get_by_role("button", name="Xia Meng").click()
    arch = page.get_by_role("button", name="Tap to boost Xia Meng")
    for _ in range(4):
        await arch.click()
    await expect(page.locator("[data-counted='4']")).to_be_visible()
    await expect(page.get_by_text("Entry earned")).to_be_visible()

    await games.multiply("games/beam/1", 20_000, 60_000)
    await expect(page.locator("[data-spell='20000']")).to_contain_text("×2")
    await arch.click()
    await expect(page.locator("[data-counted='5']")).to_be_visible()
    await games.go("beam.cut")

    await expect(page.locator("[data-state=late]")).to_contain_text("Counts for you, not for the stage")
    for _ in range(9):
        await arch.dispatch_event("pointerdown")
    await expect(page.get_by_text("full: 10 of 10")).to_be_visible()
    await expect(page.locator("[data-counted='10']")).to_be_visible()
    await games.go("beam.lock")
    await games.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
    tally = games.state.rounds["games/beam/1"].tally
    # four taps, one of double weight; then five of double weight after the cut
    assert (tally["choices"]["xia"], tally["own"]["xia"]) == (6, 10), "the cap is exact, the cut divides"
    await games.go("beam.reveal")
    await expect(page.get_by_text("1 entry earned")).to_be_visible()
    await expect(page.locator("[data-stage='6']")).to_be_visible()
    await expect(page.locator("[data-own='10']")).to_be_visible()


async def test_a_seat_is_shown_among_the_top_fans_only_while_its_switch_is_on(
    games: Night, browser: Browser
) -> None:
    page = await phone(browser, games)
    for cue in ("welcome.start", "whack.start", "whack.open", "whack.lock"):
        await games.go(cue)
    await games.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
    for cue in ("whack.reveal", "whack.end", "beam.start", "beam.open"):
        await games.go(cue)
    air = await (await browser.new_context(viewport={"width": 1920, "height": 1080})).new_page()
    await air.goto(crew_url(games, f"/overlay#pass={crew_pass(games, 'overlay')}"))
    await page.get_by_role("button", name="Xia Meng").click()
    switch = page.get_by_role("switch", name="Show my seat among the top fans")
    await expect(switch).not_to_be_checked()
    arch = page.get_by_role("button", name="Tap to boost Xia Meng")
    for _ in range(10):
        await arch.dispatch_event("pointerdown")
    await expect(page.locator("[data-counted='10']")).to_be_visible()
    await expect(air.locator(".lane.lead .sx")).to_have_text("10")
    await expect(air.locator(".fans")).to_have_count(0)

    await switch.click()

    await expect(air.locator(".fans li")).to_have_text(["Seat 0 · 10"])
    await page.reload()
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(air.locator(".fans")).to_have_count(0)
    await expect(switch).not_to_be_checked()
