"""``python -m tests.e2e.pictures``: the README's picture, taken of the pages as they are.

A small crowd votes, a person's phone stands before the open poll, the director's desk beside it.
"""

import asyncio
import base64
import contextlib
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from gala.demo import Crowd, Options
from tests.e2e.chromium import chromium_path
from tests.e2e.conftest import Night, running_night

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "evening.png"
VIEWERS = 240
FRAME = """
<style>
  body {{ margin: 0; background: #12070e; display: flex; gap: 28px; padding: 28px; align-items: center; }}
  img {{ display: block; border-radius: 14px; box-shadow: 0 12px 60px rgb(0 0 0/.6), 0 0 0 1px #3a1b30; }}
  .phone {{ height: 620px; border-radius: 30px; }}  .desk {{ height: 560px; }}
</style>
<img class="phone" src="data:image/png;base64,{phone}"><img class="desk" src="data:image/png;base64,{desk}">
"""


async def take(night: Night, browser: Browser, crowd: Crowd) -> None:
    """Brings the evening to an open poll and photographs both sides of it."""
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    phone = await context.new_page()
    await phone.goto(night.phone_url)
    await phone.get_by_role("button", name="Take my seat").click()
    desk = await browser.new_page(viewport={"width": 1440, "height": 900})
    await desk.goto(night.director_url)
    while crowd.newest.get("entered", 0) < VIEWERS * 0.8:
        crowd.spoke.clear()
        await crowd.spoke.wait()
    await night.go("welcome.start")
    await night.go("tetris.start")
    await night.go("tetris.open")
    await phone.get_by_role("button", name="Comets").wait_for()
    await night.until_counted(VIEWERS // 4)
    await desk.get_by_text("ON AIR").first.wait_for()
    await asyncio.sleep(1)  # for the desk to show what is counted; nothing is asserted here
    frame = await browser.new_page(viewport={"width": 1280, "height": 676})
    shots = [await page.screenshot() for page in (phone, desk)]
    encoded = [base64.b64encode(shot).decode() for shot in shots]
    await frame.set_content(FRAME.format(phone=encoded[0], desk=encoded[1]))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    await frame.screenshot(path=PICTURE)


async def main() -> None:
    """Takes the picture."""
    with tempfile.TemporaryDirectory() as folder:
        async with running_night(Path(folder)) as night, async_playwright() as playwright:
            options = Options(viewers=VIEWERS, speed=1, manual=True, as_json=True, seed="picture")
            crowd = await Crowd.start(night.evening, options)
            listening = asyncio.ensure_future(crowd.listen())
            browser = await playwright.chromium.launch(
                executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"]
            )
            try:
                await take(night, browser, crowd)
            finally:
                await browser.close()
                await crowd.stop()
                with contextlib.suppress(asyncio.CancelledError):
                    await listening


if __name__ == "__main__":
    asyncio.run(main())
