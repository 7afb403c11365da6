"""A pressed edge as viewer and director see it, in a real Chromium: what stayed on the phone goes out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from gala.edge.load import ACK_MS, DOWN, Measured
from tests.e2e.conftest import Night, running_night
from tests.e2e.test_story import phone
from tests.gala.stars import TEXT

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="session")
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    plan = tmp_path / "stars.toml"
    plan.write_text(TEXT)
    async with running_night(tmp_path / "data", plan) as found:
        yield found


@contextlib.asynccontextmanager
async def hard_pressed(night: Night) -> AsyncIterator[None]:
    """The edge measures slow answers: it has for a while, and goes on to; then quick ones, likewise."""
    edge = night.evening.edge
    for _ in range(6):
        edge.shedding.load.take(Measured(ack_ms=2 * ACK_MS))

    async def on() -> None:
        while True:
            edge.plays.ack_ms.append(2 * ACK_MS)
            await asyncio.sleep(0.05)

    pressing = asyncio.create_task(on())
    yield
    pressing.cancel()
    edge.plays.ack_ms.clear()
    for _ in range(DOWN - 1):
        edge.shedding.load.take(Measured())


async def test_boosts_stay_on_the_phone_at_level_4_and_are_counted_when_it_falls(
    night: Night, browser: Browser
) -> None:
    page = await phone(browser, night)
    await night.go("beam.start")
    await night.go("beam.open")
    await page.get_by_role("button", name="Mei").click()
    arch = page.get_by_role("button", name="Tap to boost Mei")
    await arch.click()
    await expect(page.locator("[data-counted='1']")).to_be_visible()
    desk = await browser.new_page(viewport={"width": 1440, "height": 900})
    await desk.goto(night.director_url)
    async with hard_pressed(night):
        await expect(page.locator("[data-banner=level]")).to_contain_text("Boosts stay on your phone")
        await expect(desk.locator("[data-level='4']")).to_contain_text("L4 boosts stay on phones")
        for _ in range(6):
            await arch.click()
        await expect(page.locator("[data-state=kept]")).to_contain_text("wait on this phone")
        await expect(page.locator("[data-total='7'][data-counted='1']")).to_be_visible()
    await expect(page.locator("[data-counted='7']")).to_be_visible()
    await expect(page.locator("[data-state=kept]")).to_have_count(0)
