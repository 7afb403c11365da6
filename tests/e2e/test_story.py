"""The story in a real Chromium: one person's evening, and the director's hand on it."""

import os
import re
import signal

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import Night

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


async def phone(browser: Browser, night: Night, *, channel: str = "hall") -> Page:
    """A phone of its own (storage and all) that has taken its seat."""
    context = await browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{night.phone_url}?channel={channel}")
    await page.get_by_role("button", name="Take my seat").click()
    await expect(page.get_by_text(re.compile("Your seat is kept|Your number"))).not_to_have_count(0)
    return page


async def open_poll(night: Night) -> None:
    await night.go("welcome.start")
    await night.go("tetris.start")
    await night.go("tetris.open")


async def test_a_person_votes_reloads_mid_round_and_finds_the_vote(night: Night, browser: Browser) -> None:
    page = await phone(browser, night)
    await open_poll(night)
    await page.get_by_role("button", name="Comets").click()
    await expect(page.get_by_text("Counted", exact=True)).to_be_visible()

    await page.reload()

    await expect(page.get_by_text("Counted", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Change to Harbour")).to_be_visible()
    await night.to_locked()
    assert night.state.rounds["hands/tetris/1"].tally == {"voters": 1, "choices": {"comets": 1, "harbour": 0}}


async def test_a_changed_mind_counts_once_and_the_last_word_stands(night: Night, browser: Browser) -> None:
    page = await phone(browser, night)
    await open_poll(night)
    await page.get_by_role("button", name="Comets").click()
    await page.get_by_role("button", name="Change to Harbour").click()
    await expect(page.get_by_role("button", name="Change to Comets")).to_be_visible()
    await night.to_locked()
    assert night.state.rounds["hands/tetris/1"].tally == {"voters": 1, "choices": {"comets": 0, "harbour": 1}}


async def test_the_director_presses_go_and_two_phones_show_the_poll_together(
    night: Night, browser: Browser
) -> None:
    first, second = await phone(browser, night), await phone(browser, night)
    context = await browser.new_context(viewport=DESK)  # type: ignore[arg-type]
    desk = await context.new_page()
    await desk.goto(night.director_url)
    await night.go("welcome.start")
    await night.go("tetris.start")
    go = desk.get_by_role("button", name=re.compile("^GO"))
    await expect(go).to_contain_text("2.2")

    await go.click()

    for page in (first, second):
        await expect(page.get_by_role("heading", name="Which team is still standing")).to_be_visible()
    assert "pass" not in desk.url, "the pass stays out of the address bar"
    assert [fired.by for fired in night.state.fired.values()].count("director Mei") == 3


async def test_two_tabs_of_one_browser_are_one_viewer_with_one_vote(night: Night, browser: Browser) -> None:
    first = await phone(browser, night)
    second = await first.context.new_page()
    await second.goto(night.phone_url)
    await open_poll(night)
    await first.get_by_role("button", name="Comets").click()
    await expect(first.get_by_text("Counted", exact=True)).to_be_visible()
    await second.reload()
    await expect(second.get_by_role("button", name="Change to Harbour")).to_be_visible()
    await second.get_by_role("button", name="Change to Harbour").click()
    await expect(second.get_by_role("button", name="Change to Comets")).to_be_visible()
    await night.to_locked()
    assert night.state.rounds["hands/tetris/1"].tally == {"voters": 1, "choices": {"comets": 0, "harbour": 1}}


async def test_a_slow_channel_sees_the_result_only_after_its_delay(night: Night, browser: Browser) -> None:
    cable = await phone(browser, night, channel="cable")
    hall = await phone(browser, night)
    await open_poll(night)
    await hall.get_by_role("button", name="Comets").click()
    await expect(hall.get_by_text("Counted", exact=True)).to_be_visible()
    await night.to_locked()
    await night.go("tetris.settle", "comets")
    await night.go("tetris.reveal")
    await expect(hall.get_by_text("You were right")).to_be_visible()
    assert "Comets" not in await cable.inner_text("body"), "the cable is still 20 s behind"
    night.evening.clock.pace(10)
    await expect(cable.get_by_role("heading", name="Comets")).to_be_visible()


async def test_a_winner_finds_the_voucher_in_the_wallet_and_a_loser_an_honest_word(
    night: Night, browser: Browser
) -> None:
    pages = [await phone(browser, night), await phone(browser, night)]
    await open_poll(night)
    for page in pages:
        await page.get_by_role("button", name="Comets").click()
        await expect(page.get_by_text("Counted", exact=True)).to_be_visible()
    await night.to_locked()
    await night.go("tetris.settle", "comets")
    await night.go("tetris.reveal")
    await night.go("tetris.end")
    await night.go("draw.start")
    await night.go("draw.freeze")
    await night.until(lambda state: state.draws[1].state == "frozen")
    for page in pages:
        await expect(page.get_by_text("The list is frozen")).to_be_visible()
    night.evening.clock.pace(20)
    await night.until(lambda state: state.draws[1].state == "drawn")
    night.evening.clock.pace(1)
    await night.go("draw.announce")

    won = []
    for page in pages:
        await expect(page.get_by_role("heading", name=re.compile("You won|Not this time"))).to_be_visible()
        won.append("You won" in await page.inner_text("body"))
    assert sorted(won) == [False, True], "one prize, two entries"
    winner = pages[won.index(True)]
    code = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}-[0-9A-Z*~$=]")
    await expect(winner.get_by_text(code)).to_be_visible()
    await winner.get_by_role("navigation").get_by_text("Wallet").click()
    await expect(winner.get_by_text("claim by Nov 11, 12:00")).to_be_visible()
    await winner.get_by_text("First prize").click()
    await winner.get_by_role("button", name="Claim it").click()
    await expect(winner.get_by_text("Claimed: it is yours")).to_be_visible()
    await winner.reload()
    await expect(winner.get_by_text("Claimed: it is yours")).to_be_visible()
    loser = pages[won.index(False)]
    await loser.get_by_role("navigation").get_by_text("Wallet").click()
    await expect(loser.get_by_text(code)).to_have_count(0)


async def test_without_a_link_the_doors_are_closed_and_say_so(night: Night, browser: Browser) -> None:
    page = await phone(browser, night)
    await open_poll(night)
    comets = page.get_by_role("button", name="Comets")
    await expect(comets).to_be_enabled()
    await page.context.set_offline(True)
    await expect(comets).to_be_disabled()
    await expect(page.get_by_text("No link").first).to_be_visible()
    await page.context.set_offline(False)
    await comets.click()
    await expect(page.get_by_text("Counted", exact=True)).to_be_visible()


async def test_a_play_whose_answer_was_lost_is_kept_on_the_phone_and_counted_once(
    night: Night, browser: Browser
) -> None:
    page = await phone(browser, night)
    await open_poll(night)
    comets = page.get_by_role("button", name="Comets")
    await expect(comets).to_be_enabled()
    store = (await night.evening.clients.once.info("server"))["process_id"]
    os.kill(store, signal.SIGSTOP)
    try:
        await comets.click()
        await expect(page.get_by_text("Sending").first).to_be_visible()
        await page.reload()
    finally:
        os.kill(store, signal.SIGCONT)
    await expect(page.get_by_text("Counted", exact=True)).to_be_visible()
    await night.to_locked()
    assert night.state.rounds["hands/tetris/1"].tally["voters"] == 1
