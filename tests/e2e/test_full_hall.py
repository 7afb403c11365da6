"""The full hall on a real phone: its place in line, which falls and outlives a reload, and the way in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from gala.crowd.line import Line, RefusedConnect
from tests.e2e.conftest import Night, running_night
from tests.e2e.crew import is_clean

pytestmark = pytest.mark.browser

AHEAD = 9  # in line


@pytest_asyncio.fixture(loop_scope="session")
async def crowded(tmp_path: Path) -> AsyncIterator[Night]:
    """Two phones a second are let in, and a few more have come already."""
    async with running_night(tmp_path, settings={"admit_per_s": 2}) as night:
        waiting = 0
        while waiting < AHEAD:
            try:
                line = await Line.open(f"ws://127.0.0.1:{night.evening.public.port}", {})
            except RefusedConnect:
                waiting += 1
            else:
                await line.close()
        yield night


async def place(page: Page) -> int:
    return int(await page.locator("[data-queue]").get_attribute("data-queue") or 0)


async def test_a_phone_before_a_full_hall_sees_its_place_fall_keeps_it_and_comes_in(
    crowded: Night, browser: Browser
) -> None:
    page = await browser.new_page(viewport={"width": 390, "height": 844}, locale="en-GB")
    await page.goto(crowded.phone_url)
    await expect(page.locator("h1")).to_have_text("The hall is full at this moment.")
    first = await place(page)
    assert 2 <= first <= AHEAD + 1
    await is_clean(page)
    await expect(page.locator(f"[data-queue='{first}']")).to_have_count(0)
    slot = await page.evaluate("localStorage['gala.slot']")
    await page.reload()
    await expect(page.locator("[data-queue]")).to_be_visible()
    assert await place(page) < first
    assert await page.evaluate("localStorage['gala.slot']") == slot
    await expect(page.locator("[data-act=enter]")).to_be_visible()
    assert await page.evaluate("localStorage['gala.slot']") == "", "one slot lets in one phone, once"
    await page.close()
