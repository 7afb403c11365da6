"""A poll of 64 choices with pictures, on the smallest phone we know, against a real evening."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.conftest import RUNDOWN, Night, running_night
from tests.e2e.test_story import open_poll

pytestmark = pytest.mark.browser

CHOICES = 64
COLOURS = ("#e4572e", "#17bebb", "#ffc914", "#76b041")


@pytest_asyncio.fixture(loop_scope="session")
async def parade(tmp_path: Path) -> AsyncIterator[Night]:
    """The tests' evening, its poll with as many choices as a poll may have, each with its own picture."""
    plan = tmp_path / "plan"
    (plan / "pictures").mkdir(parents=True)
    choices = ""
    for n in range(CHOICES):
        radius, colour = 10 + n % 30, COLOURS[n % len(COLOURS)]
        (plan / "pictures" / f"{n}.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-40 -40 80 80" width="80" height="80">'
            f'<circle r="{radius}" fill="{colour}"/></svg>'
        )
        choices += (
            f'[[segments.poll.choices]]\nid = "c{n}"\npicture = "pictures/{n}.svg"\n'
            f'label = {{ en = "Choice {n}", zh-CN = "第{n}" }}\n'
        )
    before, _, rest = RUNDOWN.read_text("utf-8").partition("[[segments.poll.choices]]\n")
    after = rest[rest.index("[segments.cues]") :]
    (plan / "hands.toml").write_text(before + choices + after, "utf-8")
    async with running_night(tmp_path / "data", plan / "hands.toml") as found:
        yield found


async def test_the_last_of_64_pictures_is_found_and_counted_at_320_px(
    parade: Night, browser: Browser
) -> None:
    page = await browser.new_page(viewport={"width": 320, "height": 640}, locale="en-GB")
    fetched: set[str] = set()
    page.on("request", lambda request: fetched.add(request.url) if "/pictures/" in request.url else None)
    await page.goto(f"{parade.phone_url}?channel=hall")
    await page.get_by_role("button", name="Take my seat").click()
    await open_poll(parade)
    doors = page.locator(".door")
    await expect(doors).to_have_count(CHOICES)
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    await expect(page.locator(".door img").first).to_have_js_property("naturalWidth", 80)

    last = page.get_by_role("button", name=f"Choice {CHOICES - 1}")
    await last.scroll_into_view_if_needed()
    await expect(last.locator("img")).to_have_js_property("naturalWidth", 80)
    assert len(fetched) <= CHOICES
    await last.click()

    await expect(page.get_by_text("Counted", exact=True)).to_be_visible()
    await parade.to_locked()
    tally = parade.state.rounds["hands/tetris/1"].tally
    assert tally["choices"][f"c{CHOICES - 1}"] == tally["voters"] == 1
