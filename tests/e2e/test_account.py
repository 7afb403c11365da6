"""A phone that the host app has signed in, and one that it has not; and the doors on the auditor's desk."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import Night, running_night
from tests.e2e.crew import is_clean
from tests.gala.host import token
from tests.gala.test_accounts import with_host

pytestmark = pytest.mark.browser

OPEN, ASKS = "[segments.draw]\n", '[segments.draw]\neligibility = "account"\n'
PLAN = Path("gala/rundowns/short.toml").read_text().replace(OPEN, ASKS)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.toml"
    path.write_text(PLAN)
    return path


@pytest_asyncio.fixture(loop_scope="session")
async def night(tmp_path: Path, plan: Path) -> AsyncIterator[Night]:
    """An evening whose draw is for accounts, and where a number is worked for."""
    async with running_night(tmp_path, plan, settings=with_host(tmp_path) | {"proof_bits": 10}) as found:
        yield found


def signed(account: str) -> str:
    return f"#token={token(account, exp=int(time.time()) + 600)}"


async def opened(browser: Browser, url: str) -> Page:
    page = await browser.new_page(viewport={"width": 390, "height": 844}, locale="en-GB")
    await page.goto(url)
    return page


async def test_a_phone_from_the_app_plays_for_its_account_and_asks_before_it_plays_for_another(
    night: Night, browser: Browser
) -> None:
    page = await opened(browser, night.phone_url + signed("ann"))
    await expect(page.locator("[data-account=verified]")).to_be_visible()
    assert "token" not in page.url
    await page.locator("[data-act=enter]").click()
    await expect(page.locator("[data-act=enter]")).to_have_count(0)
    (ann,) = night.evening.edge.audience
    assert (ann.number, bool(ann.account)) == (0, True)
    await page.goto(night.phone_url + signed("bob"))
    banner = page.locator("[data-banner=account]")
    await expect(banner).to_contain_text("Play with that account")
    await is_clean(page)
    await page.locator("[data-act=stay]").click()
    await expect(banner).to_have_count(0)
    await page.goto(night.phone_url + signed("carol"))
    await page.locator("[data-act=account]").click()
    await page.goto(night.phone_url + "#you")
    await expect(page.locator("[data-account=verified]")).to_be_visible()
    await expect(page.get_by_text("Your number")).to_contain_text("1")


async def test_a_phone_without_an_account_may_play_and_reads_what_vouchers_need(
    night: Night, browser: Browser
) -> None:
    page = await opened(browser, night.phone_url + "#token=rubbish.of.somebodys")
    await expect(page.locator("[data-banner=account]")).to_contain_text("was not accepted")
    await expect(page.locator("[data-account=missing]")).to_contain_text("vouchers need an account")
    await is_clean(page)
    await page.locator("[data-act=enter]").click()
    await expect(page.locator("[data-act=enter]")).to_have_count(0)
    passes = night.evening.passes
    auditor = passes.crew("auditor", "Wu", expires_at_s=int(time.time()) + 3600)
    desk = await browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    await desk.goto(f"http://127.0.0.1:{night.evening.crew_listener.port}/audit#pass={auditor}")
    doors = desk.locator("#doors")
    await expect(doors).to_contain_text("bad token: 1")
    await expect(doors).to_contain_text("proof: hall 1")
    await is_clean(desk)
