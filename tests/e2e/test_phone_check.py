""" "Check it yourself" on a real phone page: an honest word before the report is out, and proofs after it."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Night
from tests.e2e.crew import is_clean, vote
from tests.e2e.test_story import open_poll, phone

pytestmark = pytest.mark.browser

PUBLISHED_FROM = 20  # plays; a box of fewer is kept back


async def test_a_phone_proves_its_play_and_its_entry_once_the_report_is_out(
    night: Night, browser: Browser
) -> None:
    page = await phone(browser, night)
    await open_poll(night)
    await page.get_by_role("button", name="Comets").click()
    await page.get_by_role("button", name="Change to Harbour").click()
    await expect(page.get_by_role("button", name="Change to Comets")).to_be_visible()
    for _ in range(PUBLISHED_FROM):
        assert (await vote(night, "harbour"))["status"] == "counted"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.evaluate("location.hash = 'check'")
    verdict = page.locator("main [role=status]")
    await expect(verdict).to_contain_text("Nothing is published yet.")
    assert [url for url in asked if "/api/proof" in url] == []

    await night.to_locked()
    await night.go("tetris.settle", "harbour")
    for cue in ("tetris.reveal", "tetris.end", "draw.start", "draw.freeze"):
        await night.go(cue)
    night.evening.clock.pace(20)
    await night.until(lambda state: state.draws[1].state == "drawn")
    night.evening.clock.pace(1)
    await night.go("draw.announce")
    await night.go("draw.end")
    night.evening.clock.pace(20)
    await night.evening.notary.published.wait()
    await page.reload()

    await expect(verdict).to_contain_text("All of it fits.")
    await expect(verdict).to_contain_text("2 proofs, checked on this phone.")
    entry, play = page.locator("[data-verdict]").all_inner_texts, page.locator("[data-verdict=fits]")
    assert "You were in the draw." in (await entry())[0]
    await expect(play.last).to_contain_text("Your play is in the sealed count.")
    await expect(play.last).to_contain_text("Your play number 2")
    await play.first.get_by_text("What was checked").click()
    await expect(play.first).to_contain_text("of the rehearsal’s own beacon; its signature was checked here.")
    await play.last.get_by_text("What was checked").click()
    await expect(play.last).to_contain_text((night.evening.bundle / "keys.txt").read_text().strip())
    await is_clean(page)
    async with page.expect_download() as saving:
        await play.last.get_by_role("button", name="Save the proof").click()
    assert (await saving.value).suggested_filename == "gala-proof-hands-tetris-1.json"
