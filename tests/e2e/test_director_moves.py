"""What a director moves while the show runs: delays, locks, the order, every screen. In a real Chromium."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from gala.evening import Evening
from tests.e2e.booth import console, gos, press_go
from tests.e2e.conftest import running_night
from tests.e2e.crew import is_clean

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="session")
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    """The short evening, ten seconds before its start; gala time runs eight times as fast."""
    async with running_night(tmp_path, Path("tests/gala/polls.toml"), before_ms=10_000, rate=8.0) as night:
        yield night.evening


async def ready(page: Page) -> None:
    """Until the press before has its answer and the line is up."""
    await expect(page.locator(".key.go")).not_to_contain_text("SENDING")


async def test_a_channel_tuned_too_late_makes_go_ask_why_and_the_override_is_in_the_as_run(
    evening: Evening, browser: Browser
) -> None:
    page = await console(browser, evening, "Mei")
    sheet, app = page.locator("dialog"), page.locator(".tunings li").filter(has_text="App")
    await page.keyboard.press("d")
    await sheet.get_by_role("button", name="App").click()
    await page.get_by_label("Seconds behind the hall").fill("20")
    await page.keyboard.press("ArrowUp")
    await expect(sheet).to_contain_text("it would see none of it: −3 s")
    await page.keyboard.press("Enter")
    await expect(app).to_contain_text("+20.5 s")
    await expect(app).to_contain_text("plan 8 s")
    await press_go(page)
    await expect(page.locator(".now")).to_contain_text("1 Welcome")

    await press_go(page)
    await expect(sheet).to_contain_text("App sees none of it: −3 s. Open 11 s earlier, or go on without it.")
    await page.keyboard.press("Enter")  # without a reason nothing happens
    await expect(sheet).to_be_visible()
    await page.get_by_label("Why go on?", exact=False).fill("the app has its own show")
    await page.keyboard.press("Enter")
    await expect(page.locator(".now")).to_contain_text("2 Human Tetris")
    assert gos(evening)[-1] == "start · Human Tetris: OVERRIDE the app has its own show"
    await expect(page.locator(".asrun")).to_contain_text("OVERRIDE the app has its own show")

    await app.get_by_role("button").click()
    await sheet.get_by_role("button", name="As planned").click()
    await page.keyboard.press("Enter")
    await expect(app).not_to_contain_text("plan 8 s")
    assert evening.crew.state.delays_ms == {"app": 8_000}


async def test_a_lock_is_moved_a_clap_told_and_every_screen_made_quiet_and_brought_back(
    evening: Evening, browser: Browser
) -> None:
    evening.clock.pace(1.0)
    page = await console(browser, evening, "Mei")
    sheet, lock = page.locator("dialog"), page.locator(".lockkeys b")
    for title in ("1 Welcome", "2 Human Tetris"):
        await press_go(page)
        await expect(page.locator(".now")).to_contain_text(title)
    await expect(lock).to_be_visible()
    due_at_ms = evening.crew.state.rounds["short/tetris/1"].lock_due_at_ms
    stood = await lock.inner_text()
    await page.get_by_role("button", name="+15 s").click()
    await expect(lock).not_to_have_text(stood)
    await page.keyboard.press("t")
    await page.get_by_label("A time in", exact=False).fill("+30")
    await expect(sheet).to_contain_text("0:30 later")
    await page.keyboard.press("Enter")
    await expect(sheet).to_have_count(0)
    await ready(page)
    assert evening.crew.state.rounds["short/tetris/1"].lock_due_at_ms == due_at_ms + 45_000

    await page.keyboard.press("a")
    clap = page.locator(".clap-now button")  # the GO key says "clap" too, while it is under way
    await expect(clap).to_be_visible()
    await clap.click(delay=600)  # a press that came with the first one would not be the clap
    await expect(page.locator(".tunings")).to_contain_text("Clap at")

    await page.keyboard.press("x")
    await page.keyboard.press("Enter")  # it needs a reason
    await expect(sheet).to_contain_text("Quiet every screen now?")
    await page.keyboard.press("1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="KILLED at")).to_contain_text("RESUME")
    await expect(page.locator(".asrun")).to_contain_text("kill switch: Danger in the hall")
    await expect(page.locator(".live .chip")).to_contain_text("locked")
    await press_go(page)
    await expect(sheet).to_contain_text("Bring every screen back?")
    await page.keyboard.press("Enter")
    await expect(page.locator(".now .air")).to_have_text("ON AIR")


async def test_a_swap_shows_the_new_order_first_and_is_refused_in_words_where_a_draw_would_come_too_soon(
    evening: Evening, browser: Browser
) -> None:
    page = await console(browser, evening, "Mei")
    sheet, rows = page.locator("dialog"), page.locator(".rd li b")
    await page.locator(".rd li").filter(has_text="The last song").get_by_role("button").click()
    await page.keyboard.press("w")
    await expect(sheet.locator(".order b").nth(2)).to_have_text("The draw")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.refused")).to_contain_text(
        "a draw would come before a round it draws from"
    )
    await page.keyboard.press("w")
    await sheet.get_by_role("button", name="The draw").click()  # not this one
    await sheet.get_by_role("button", name="Human Tetris").click()
    await expect(sheet.locator(".order b").nth(1)).to_have_text("The last song")
    await page.keyboard.press("Enter")
    await expect(rows.nth(1)).to_have_text("The last song")
    await expect(rows.nth(2)).to_have_text("Human Tetris")


async def test_everyone_can_use_the_console_on_a_tablet_and_a_phone_looking_ahead_and_being_asked(
    evening: Evening, browser: Browser
) -> None:
    page = await console(browser, evening, "Mei")
    for width, height in ((820, 1180), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.locator(".rd li").filter(has_text="Human Tetris").get_by_role("button").click()
        await expect(page.locator(".cl").first).to_contain_text("Looking at 2 Human Tetris")
        await page.locator(".rd li").last.scroll_into_view_if_needed()
        await is_clean(page)
        assert await page.evaluate("document.documentElement.scrollWidth") == width
    await page.keyboard.press("d")
    await expect(page.locator("dialog")).to_be_visible()
    await is_clean(page)


async def test_a_draw_is_void_only_by_a_reason_and_its_name_typed_out(
    evening: Evening, browser: Browser
) -> None:
    page = await console(browser, evening, "Mei")
    section = page.locator(".sec", has=page.get_by_role("heading", name="Draw 1"))
    await expect(section).to_contain_text("GO")
    await page.keyboard.press("n")
    sheet = page.locator("dialog")
    await expect(sheet).to_contain_text("Void draw 1")
    await is_clean(page)
    await page.get_by_label("Why?", exact=False).fill("the prizes were misprinted")
    await page.keyboard.press("Enter")
    await expect(sheet).to_contain_text("Type VOID 1 first")
    await page.get_by_label("to confirm", exact=False).fill("void 1")
    await page.keyboard.press("Enter")
    await expect(section).to_contain_text("Void: its prizes return to the budget.")
    await expect(page.locator(".asrun")).to_contain_text("draw 1 void: the prizes were misprinted")
    assert evening.crew.state.draws[1].state == "void"
