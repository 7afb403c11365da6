"""``python -m tests.e2e.pictures``: the papers' pictures, taken of the pages as they are.

evening.png: a small crowd votes, a person's phone stands before the open poll, the director's desk beside it.
two-channels.png: two phones, twenty seconds apart, in two instants of the hall.
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
from tests.e2e.test_two_channels import PLAN, poll_told_in_the_hall, whack_over_in_the_hall

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
VIEWERS = 240
FRAME = """
<style>
  body { margin: 0; background: #12070e; display: flex; gap: 28px; padding: 28px; align-items: center; }
  img { display: block; border-radius: 14px; box-shadow: 0 12px 60px rgb(0 0 0/.6), 0 0 0 1px #3a1b30; }
  .phone { height: 620px; border-radius: 30px; }  .desk { height: 560px; }
</style>
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
    shots = [("phone", await phone.screenshot()), ("desk", await desk.screenshot())]
    await hang(browser, "evening.png", shots, width=1280)


async def hang(browser: Browser, name: str, shots: list[tuple[str, bytes]], *, width: int) -> None:
    """Writes a picture of screens beside each other; each is a phone or a desk."""
    frame = await browser.new_page(viewport={"width": width, "height": 676})
    images = [
        f'<img class="{kind}" src="data:image/png;base64,{base64.b64encode(shot).decode()}">'
        for kind, shot in shots
    ]
    await frame.set_content(FRAME + "".join(images))
    PICTURES.mkdir(parents=True, exist_ok=True)
    await frame.screenshot(path=PICTURES / name)


async def take_two_channels(night: Night, browser: Browser) -> None:
    """Two phones, twenty seconds apart: one plays on while the other is through; one knows the result."""
    hall, abroad = await whack_over_in_the_hall(night, browser)
    await hall.get_by_role("heading", name="The doors are shut.").wait_for()
    shots = [("phone", await page.screenshot()) for page in (hall, abroad)]
    await poll_told_in_the_hall(night, hall, abroad)
    await hall.get_by_text("You were right").first.wait_for()
    await abroad.get_by_role("heading", name="Locked for everyone.").wait_for()
    shots += [("phone", await page.screenshot()) for page in (hall, abroad)]
    await hang(browser, "two-channels.png", shots, width=1288)


async def main() -> None:
    """Takes the pictures."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"]
        )
        with tempfile.TemporaryDirectory() as folder:
            async with running_night(Path(folder)) as night:
                options = Options(viewers=VIEWERS, speed=1, manual=True, as_json=True, seed="picture")
                crowd = await Crowd.start(night.evening, options)
                listening = asyncio.ensure_future(crowd.listen())
                try:
                    await take(night, browser, crowd)
                finally:
                    await crowd.stop()
                    with contextlib.suppress(asyncio.CancelledError):
                        await listening
        with tempfile.TemporaryDirectory() as folder:
            async with running_night(Path(folder), PLAN) as night:
                await take_two_channels(night, browser)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
