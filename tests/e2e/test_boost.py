"""A boost on the director's console: the double minute and the cut, in a real Chromium."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Night, running_night
from tests.e2e.crew import is_clean
from tests.gala.stars import TEXT

pytestmark = pytest.mark.browser

BEAM = "stars/beam/1"


@pytest_asyncio.fixture(loop_scope="session")
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    plan = tmp_path / "stars.toml"
    plan.write_text(TEXT)
    async with running_night(tmp_path / "data", plan) as found:
        yield found


async def test_m_doubles_an_open_boost_after_asking_and_the_board_counts_down_to_its_cut(
    night: Night, browser: Browser
) -> None:
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    await page.goto(night.director_url)
    await expect(page.get_by_role("button", name=re.compile("^GO"))).to_be_visible()
    await page.keyboard.press("m")
    await expect(page.get_by_text("No boost is open")).to_be_visible()
    await night.go("beam.start")
    await night.go("beam.open")
    await expect(page.get_by_text("Points on stage, live")).to_be_visible()
    await expect(page.get_by_text("Stage cut in")).to_be_visible()

    await page.keyboard.press("m")
    question = page.get_by_role("dialog")
    await expect(question).to_contain_text("×2 for 60 s: Beam?")
    await expect(question).to_contain_text("gives two points in place of one")
    assert night.state.rounds[BEAM].spells == (), "a question is not an answer"
    await is_clean(page)
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("×2 runs", exact=True)).to_be_visible()
    assert [spell.factor_bp for spell in night.state.rounds[BEAM].spells] == [20_000]
    await page.keyboard.press("m")
    await expect(page.get_by_text("×2 runs already")).to_be_visible()
    night.evening.clock.pace(10)
    await expect(page.get_by_text("Cut: these points stand on stage")).to_be_visible()
