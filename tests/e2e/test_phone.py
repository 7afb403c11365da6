"""The phone at the door: what it fetches, a pass or a channel that does not fit, two tabs, a language."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Response, expect

from tests.e2e.conftest import Night

pytestmark = pytest.mark.browser

SEAT = re.compile("Take my seat")


async def new_phone(browser: Browser) -> BrowserContext:
    return await browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")


async def number_of(page: Page) -> str:
    """What the page says is this viewer's number."""
    return await page.locator(".note b.num").inner_text()


async def test_joining_asks_only_its_own_server_for_at_most_150_kb(night: Night, browser: Browser) -> None:
    context = await new_phone(browser)
    page = await context.new_page()
    came: list[Response] = []

    def note(response: Response) -> None:
        came.append(response)

    page.on("response", note)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda line: faults.append(line.text) if line.type in {"error", "warning"} else None)

    await page.goto(night.phone_url)
    await page.get_by_role("button", name=SEAT).click()
    await expect(page.locator(".note b.num")).to_be_visible()

    assert {response.url.startswith(night.phone_url) for response in came} == {True}
    sizes = [await response.request.sizes() for response in came]
    assert 20_000 < sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes) < 150_000
    assert faults == []


async def test_two_tabs_that_take_a_seat_at_once_share_one_number(night: Night, browser: Browser) -> None:
    context = await new_phone(browser)
    tabs = [await context.new_page() for _ in range(2)]
    await asyncio.gather(*(tab.goto(night.phone_url) for tab in tabs))
    for tab in tabs:
        await expect(tab.get_by_role("button", name=SEAT)).to_be_enabled()
    # By script, as a tab whose neighbour was quicker has no button left to wait for.
    press = "document.querySelector('[data-act=enter]')?.click()"
    await asyncio.gather(*(tab.evaluate(press) for tab in tabs))
    for tab in tabs:
        await expect(tab.locator(".note b.num")).to_be_visible()
    assert await number_of(tabs[0]) == await number_of(tabs[1])


async def test_a_pass_that_does_not_fit_is_said_to_and_a_fresh_one_lets_in(
    night: Night, browser: Browser
) -> None:
    context = await new_phone(browser)
    await context.add_init_script(
        "if (!localStorage['gala.pass']) localStorage['gala.pass'] = 'of.another.show'"
    )
    page = await context.new_page()
    await page.goto(night.phone_url)
    await expect(page.get_by_role("heading", name="This pass does not fit here.")).to_be_visible()
    await page.get_by_role("button", name="Get a fresh pass").click()
    await expect(page.get_by_role("button", name=SEAT)).to_be_enabled()


async def test_an_address_cannot_bring_a_channel_or_a_language_that_is_not_there(
    night: Night, browser: Browser
) -> None:
    context = await new_phone(browser)
    page = await context.new_page()
    await page.goto(f"{night.phone_url}?channel=%3Cscript%3E&lang=klingon")
    await expect(page.get_by_role("button", name=SEAT)).to_be_enabled()
    await expect(page.get_by_role("radio", name="In the hall")).to_be_checked()


async def test_a_chosen_language_is_spoken_at_once_and_after_a_reload(night: Night, browser: Browser) -> None:
    context = await new_phone(browser)
    page = await context.new_page()
    await page.goto(f"{night.phone_url}#you")
    await page.get_by_role("combobox").select_option("ar")
    await expect(page.get_by_role("heading", name="أنت ومقعدك")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="أنت ومقعدك")).to_be_visible()
    assert await page.locator("html").get_attribute("dir") == "rtl"
