"""The right second on a real phone: its delay, by hand, by clap and by the host app; holds, the kill."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from gala.edge.audience import Viewer
from tests.e2e.conftest import Night, running_night
from tests.e2e.crew import is_clean
from tests.e2e.test_games import hit, play_until_earned
from tests.e2e.test_story import open_poll, phone

pytestmark = pytest.mark.browser

# Far from 1: what takes a second of the gala takes half a minute here, so a test can look at it.
SLOWLY = 0.03


@pytest_asyncio.fixture(loop_scope="session")
async def games(tmp_path: Path) -> AsyncIterator[Night]:
    async with running_night(tmp_path, Path(__file__).parent / "games.toml") as found:
        yield found


def viewer(night: Night) -> Viewer:
    """The one viewer who is here, as the service has them."""
    (found,) = night.evening.edge.audience
    return found


@contextlib.asynccontextmanager
async def serving(body: str) -> AsyncIterator[str]:
    """The address of a page on a listener, and so of an origin, of its own."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = [
            "HTTP/1.1 200 OK",
            "content-type: text/html",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        writer.write("\r\n".join([*head, "", body]).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def shown_delay_ms(page: Page) -> int:
    """How late the picker says that this picture is."""
    return int(await page.locator("[data-delay]").get_attribute("data-delay") or -1)


async def test_a_host_page_tells_the_phone_it_frames_how_late_its_picture_is(
    night: Night, browser: Browser
) -> None:
    framed = f'<iframe src="{night.phone_url}" style="width:100%;height:90vh"></iframe>'
    listens = "<script>heard = []; addEventListener('message', e => heard.push([e.data, e.origin]))</script>"
    async with serving(listens + framed) as address:
        host = await browser.new_page(viewport={"width": 390, "height": 844}, locale="en-GB")
        await host.goto(address)
        await tunes_its_phone(night, host)


async def tunes_its_phone(night: Night, host: Page) -> None:
    await host.wait_for_function("heard.some(([said]) => said.type === 'gala:ready')")
    origin = night.phone_url.rstrip("/")
    say = f"message => frames[0].postMessage(message, '{origin}')"

    await host.evaluate(say, {"type": "gala:tune", "delay_ms": 23_400, "channel": "cable"})

    await host.wait_for_function("heard.length === 2")
    assert await host.evaluate("heard[1]") == [
        {"type": "gala:tuned", "cohort": "cable:23500", "delay_ms": 23_400},
        origin,
    ]
    assert (viewer(night).cohort.name, viewer(night).delay_ms, viewer(night).rest_ms) == (
        "cable:23500",
        23_400,
        100,
    )

    await host.evaluate(say, {"type": "gala:tune", "delay_ms": 23_400, "channel": "moon"})
    await host.wait_for_function("heard.length === 3")
    assert await host.evaluate("heard[2][0]") == {"type": "gala:tuned", "reason": "bad_tune"}
    assert viewer(night).delay_ms == 23_400


async def test_a_tap_at_the_clap_moves_the_phone_to_its_own_delay(night: Night, browser: Browser) -> None:
    page = await phone(browser, night)
    await night.go("welcome.start")
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    await night.cue("ask_clap")
    card = page.locator(".clap")
    await expect(card).to_contain_text("Tap when you see the host clap.")
    await page.get_by_role("button", name="Clap!").click()
    await expect(card).to_contain_text("We have your tap.")
    await night.cue("clap")
    await page.get_by_role("button", name="Tap again").click()
    await expect(card).to_contain_text("behind the hall")
    await is_clean(page)

    await page.get_by_role("button", name="Use it").click()

    await expect(card).to_contain_text("Set:")
    await expect(page.locator("[data-clap=used]")).to_be_visible()
    await page.get_by_role("link", name="Change it under You").click()
    await expect(page.locator("[data-own=true]")).to_be_visible()
    delay_ms = await shown_delay_ms(page)
    assert viewer(night).delay_ms == delay_ms
    assert viewer(night).cohort.name == f"hall:{-(-delay_ms // 500) * 500}"
    await page.get_by_role("button", name="Close").click()
    await expect(card).to_have_count(0)
    await page.reload()
    await expect(page.locator(f"[data-delay='{delay_ms}'][data-own=true]")).to_be_visible()
    await expect(card).to_have_count(0)


async def test_the_picker_nudges_by_half_a_second_and_survives_a_reload(
    night: Night, browser: Browser
) -> None:
    page = await phone(browser, night)  # its address says `hall`
    await page.get_by_role("navigation").get_by_text("You").click()
    await page.get_by_role("radio", name="Cable").check()
    await expect(page.locator("[data-delay='20000'][data-own=false]")).to_be_visible()
    for _ in range(3):
        await page.get_by_role("button", name="0.5 s later").click()
    await page.get_by_role("button", name="0.5 s earlier").click()
    await expect(page.locator("[data-delay='21000'][data-own=true]")).to_be_visible()
    await is_clean(page)

    await page.reload()

    await expect(page.locator("[data-delay='21000'][data-own=true]")).to_be_visible()
    assert viewer(night).cohort.name == "cable:21000"
    await page.get_by_role("button", name=re.compile("Back to")).click()
    await expect(page.locator("[data-delay='20000'][data-own=false]")).to_be_visible()
    await page.get_by_role("radio", name="In the hall").check()
    await expect(page.locator("[data-delay='0']")).to_be_visible()
    await expect(page.get_by_role("button", name="0.5 s earlier")).to_be_disabled()


async def test_whoever_picks_a_slower_channel_sees_its_picture_and_not_the_one_they_left(
    night: Night, browser: Browser
) -> None:
    page = await phone(browser, night)
    await open_poll(night)
    comets = page.get_by_role("button", name="Comets")
    await expect(comets).to_be_enabled()
    night.evening.clock.pace(SLOWLY)
    await page.get_by_role("navigation").get_by_text("You").click()
    await page.get_by_role("radio", name="Cable").check()
    await expect(page.locator("[data-delay='20000'][data-own=false]")).to_be_visible()
    await page.get_by_role("navigation").get_by_text("Stage").click()
    await expect(comets).to_have_count(0)


async def test_doors_stand_dark_until_the_very_instant_a_round_opens(night: Night, browser: Browser) -> None:
    page = await phone(browser, night)
    await night.go("welcome.start")
    await night.go("tetris.start")
    night.evening.clock.pace(SLOWLY)
    await night.go("tetris.open")
    await expect(page.get_by_text("Get ready").first).to_be_visible()
    comets = page.get_by_role("button", name="Comets")
    await expect(comets).to_be_disabled()
    before = await comets.bounding_box()
    night.evening.clock.pace(1)
    await expect(comets).to_be_enabled()
    assert await comets.bounding_box() == before, "nothing moves under the thumb"
    await comets.click()
    await expect(page.get_by_text("Counted", exact=True)).to_be_visible()


async def test_the_kill_switch_leaves_nothing_to_play_and_the_wallet_open(
    night: Night, browser: Browser
) -> None:
    page = await phone(browser, night, channel="hall")
    await open_poll(night)
    await expect(page.get_by_role("button", name="Comets")).to_be_enabled()

    await night.cue("kill", reason="the wall is on fire")

    await expect(page.get_by_role("heading", name="Please look at the stage.")).to_be_visible()
    await expect(page.locator(".door")).to_have_count(0)
    await is_clean(page)
    await page.get_by_role("link", name="Open my wallet").click()
    await expect(page.get_by_role("heading", name="Your wallet")).to_be_visible()
    await page.get_by_role("navigation").get_by_text("Stage").click()
    await night.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
    await night.cue("resume")
    await expect(page.locator("[data-quiet]")).to_have_count(0)


async def test_on_hold_the_mascots_stand_still_and_after_it_hits_count_as_before(
    games: Night, browser: Browser
) -> None:
    page = await phone(browser, games)
    await games.go("welcome.start")
    await games.go("whack.start")
    await games.go("whack.open")
    await hit(page, "digits")

    await games.cue("hold")

    await expect(page.locator("[data-still]")).to_be_visible()
    await expect(page.locator(".hole:enabled")).to_have_count(0)
    await games.cue("resume")
    await expect(page.locator("[data-still]")).to_have_count(0)
    await play_until_earned(page, "digits")
    assert await page.locator("[data-state=refused]").count() == 0, "pauses are reckoned alike here and there"
