"""What tests of the director's console share: consoles before an evening, GO, and what was fired."""

import time
from typing import Any

from playwright.async_api import Browser, Page, expect

from gala.evening import Evening


def link(evening: Evening, name: str, role: Any = "director") -> str:
    held = evening.passes.crew(role, name, expires_at_s=int(time.time()) + 600)
    return f"http://127.0.0.1:{evening.crew_listener.port}/director#pass={held}"


async def console(browser: Browser, evening: Evening, name: str, role: Any = "director") -> Page:
    """A console of its own, as on a machine of its own."""
    page = await (await browser.new_context(viewport={"width": 1440, "height": 900})).new_page()
    await page.goto(link(evening, name, role))
    await expect(page.get_by_role("button", name="GO", exact=False).first).to_be_visible()
    return page


async def press_go(page: Page) -> None:
    """Space, once the cue on standby has stood there long enough to be read."""
    await expect(page.locator(".key.go")).to_have_attribute("aria-disabled", "false")
    await page.keyboard.press("Space")


def gos(evening: Evening) -> list[str]:
    """What people fired, in order."""
    return [line.what for line in evening.crew.as_run() if line.by.startswith("director")]
