"""Two phones, twenty seconds apart, looked at in the same instants of the hall."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import Night, running_night
from tests.e2e.test_games import UP
from tests.e2e.test_story import phone

pytestmark = pytest.mark.browser

PLAN = Path(__file__).parent / "two-channels.toml"
QUICKLY = 4.0
STILL = 0.01  # a second of the gala takes more than a minute: time to look


@pytest_asyncio.fixture(loop_scope="session")
async def apart(tmp_path: Path) -> AsyncIterator[Night]:
    async with running_night(tmp_path, PLAN) as found:
        yield found


async def whack_over_in_the_hall(night: Night, browser: Browser) -> tuple[Page, Page]:
    """(hall, abroad) a moment after the hall's moles have gone; gala time all but stands still."""
    hall, abroad = await phone(browser, night), await phone(browser, night, channel="abroad")
    await night.go("whack.start")
    await night.go("whack.open")
    night.evening.clock.pace(QUICKLY)
    for _ in range(3):
        await hall.wait_for_selector(UP)
        await hall.locator(UP).first.dispatch_event("pointerdown")
    await night.until(lambda state: bool(state.rounds["apart/whack/1"].locked_at_ms))
    night.evening.clock.pace(STILL)
    return hall, abroad


async def poll_told_in_the_hall(night: Night, hall: Page, abroad: Page) -> None:
    """Goes on to the moment in which the hall sees a poll's result."""
    night.evening.clock.pace(QUICKLY)
    await night.cue("standby", target="tetris.start")  # the whack's own result waits for the slow channel
    await night.go("tetris.start")
    await night.go("tetris.open")
    await hall.get_by_role("button", name="Comets").click()
    await abroad.get_by_role("button", name="Harbour").click()
    await night.until(lambda state: state.rounds["apart/tetris/1"].shut)
    await night.go("tetris.settle", outcome="comets")
    await night.go("tetris.reveal")
    night.evening.clock.pace(STILL)


async def test_one_phone_plays_on_while_the_other_has_its_result_and_none_is_told_early(
    apart: Night, browser: Browser
) -> None:
    hall, abroad = await whack_over_in_the_hall(apart, browser)
    await expect(hall.get_by_role("heading", name="The doors are shut.")).to_be_visible()
    await expect(abroad.locator("[data-hole]").first).to_be_visible()
    await expect(abroad.get_by_role("heading", name="The doors are shut.")).to_have_count(0)

    await poll_told_in_the_hall(apart, hall, abroad)
    await expect(hall.get_by_text("You were right").first).to_be_visible()
    await expect(abroad.get_by_role("heading", name="Locked for everyone.")).to_be_visible()
    for word in ("You were right", "Not this time", "Comets", "%"):
        await expect(abroad.get_by_text(word)).to_have_count(0)

    apart.evening.clock.pace(QUICKLY)
    await expect(abroad.get_by_text("Not this time").first).to_be_visible()
