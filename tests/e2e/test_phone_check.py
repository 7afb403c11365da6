""" "Check it yourself" on a real phone page: an honest word before the report is out, and proofs after it."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Night
from tests.e2e.crew import is_clean
from tests.e2e.test_story import open_poll, phone

pytestmark = pytest.mark.browser


async def test_before_the_report_is_out_the_phone_says_so_and_checks_nothing(
    night: Night, browser: Browser
) -> None:
    page = await phone(browser, night)
    await open_poll(night)
    await page.get_by_role("button", name="Comets").click()
    await expect(page.get_by_text("Counted", exact=True)).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.evaluate("location.hash = 'check'")
    await expect(page.locator("main [role=status]")).to_contain_text("Nothing is published yet.")
    assert [url for url in asked if "/api/proof" in url] == []
    await is_clean(page)
