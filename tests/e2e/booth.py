"""What tests of the director's console share: a short evening that runs, and consoles before it."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from gala.clock import GalaClock
from gala.evening import Evening, open_evening
from gala.notary import chain_and_signature
from gala.rundown_file import load
from gala.settings import Settings

RUNDOWN = Path("tests/gala/polls.toml")
SECRET = b"a secret of sixteen bytes or more"


@contextlib.asynccontextmanager
async def short_evening(valkey_url: str, folder: Path) -> AsyncIterator[Evening]:
    """The short evening, ten seconds before its start; gala time runs eight times as fast."""
    rundown = load(RUNDOWN)
    chain, signature = chain_and_signature(rundown, SECRET)
    settings = Settings(data=folder, redis_url=valkey_url, public_port=0, crew_port=0)
    async with open_evening(
        settings,
        rundown,
        rehearsal=True,
        clock=GalaClock(rundown.starts_at_ms - 10_000, rate=8.0),
        chain=chain,
        signature=signature,
        secret=SECRET,
        entropy=os.urandom,
        wall_s=lambda: int(time.time()),
    ) as opened:
        running = asyncio.create_task(opened.run())
        yield opened
        opened.stop()
        await running


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
