"""A rain over real sockets and on a real page: one touch, an envelope sealed, and opened with its amount.

It is opened while another segment is on air: the stage's own opening is among the drawn states.
"""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from gala.crowd.line import Line
from rewards.evidence.checks import verify_bundle
from tests.conftest import PATIENCE_S
from tests.e2e.conftest import running_night
from tests.e2e.crew import is_clean

pytestmark = pytest.mark.browser

ROUND = "rain/red-envelopes/1"
HANDS = 12


def plan(folder: Path) -> Path:
    """The shipped rain, without delays; a person locks and ends it. The app has one envelope."""
    text = Path("gala/rundowns/rain.toml").read_text("utf-8")
    text = re.sub(r'delay = "\ds"', 'delay = "0s"', text)
    for timed in ('lock = "after 15s"', 'end = "after 10s"'):
        text = text.replace(timed, f'{timed.split(" ")[0]} = "go"')
    first, second = text.split("number = 2")
    second = second.replace("budget_minor = 100_00", "budget_minor = 8_88").replace(
        "envelopes = 20", "envelopes = 1"
    )
    path = folder / "rain.toml"
    path.write_text(f"{first}number = 2{second}", "utf-8")
    return path


class Hand:
    """One viewer of the app, by script. `vouchers` is what it was told it holds."""

    def __init__(self) -> None:
        self.vouchers: dict[str, dict[str, Any]] = {}
        self.dealt = asyncio.Event()

    async def join(self, port: int, tasks: asyncio.TaskGroup) -> None:
        self.line = await Line.open(f"ws://127.0.0.1:{port}", {"channel": "app", "show": "rain"})
        self.listening = tasks.create_task(self._listen())
        async with asyncio.timeout(PATIENCE_S):
            while "pass" not in await self.line.ask("enter", {}):
                await asyncio.sleep(0.1)  # asked to come again

    async def _listen(self) -> None:
        async for event, content in self.line.events():
            if event == "mine" and content.get("draws"):
                self.vouchers = {one["id"]: one for one in content.get("vouchers", [])}
                self.dealt.set()

    async def grab(self, seq: int) -> str:
        play = {"round": ROUND, "seq": seq, "at_ms": 0, "move": {}}
        return str((await self.line.ask("play", play))["status"])


async def test_an_envelope_is_caught_by_one_touch_and_opens_with_its_amount_whatever_is_on_air(
    tmp_path: Path, browser: Browser
) -> None:
    async with running_night(tmp_path / "data", plan(tmp_path)) as night, asyncio.TaskGroup() as tasks:
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        still = await browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
        calm = await still.new_page()
        for one in (page, calm):
            await one.goto(f"{night.phone_url}?channel=hall&lang=en")
            await one.get_by_role("button", name="Take my seat").click()
        hands = [Hand() for _ in range(HANDS)]
        for hand in hands:
            await hand.join(night.evening.public.port, tasks)

        await night.go("welcome.start")
        await night.go("red-envelopes.start")
        await expect(page.locator("[data-sky]")).to_be_visible()
        await expect(page.get_by_text("40 envelopes, from")).to_be_visible()
        envelopes = page.locator("[data-sky] .env")
        await expect(page.get_by_role("button", name="Catch the nearest")).to_be_enabled()
        await envelopes.nth(3).dispatch_event("pointerdown")
        await expect(page.locator("[data-gift=sealed]")).to_be_visible()
        await expect(page.get_by_role("heading", name="You have one. It is sealed.")).to_be_visible()
        await is_clean(page)

        await calm.get_by_role("button", name="Envelope 4").focus()
        await calm.keyboard.press("Enter")
        await expect(calm.locator("[data-gift=sealed]")).to_be_visible()
        assert set(await asyncio.gather(*(hand.grab(1) for hand in hands))) == {"counted"}
        assert set(await asyncio.gather(*(hand.grab(2) for hand in hands))) == {"already"}
        await night.until_counted(HANDS + 2)

        await night.go("red-envelopes.lock")
        await expect(page.get_by_text("seconds until it opens")).to_be_visible()
        await night.go("red-envelopes.end")
        await night.go("goodbye.start")
        second = await still.new_page()
        await second.goto(f"{night.phone_url}?lang=en#wallet")
        await calm.reload()
        for one in (page, calm, second):
            await expect(one.locator("[data-envelope=sealed]")).to_contain_text("opens in")
        await is_clean(page)
        night.evening.clock.pace(20)
        for one in (page, calm, second):
            await expect(one.locator("[data-envelope=opened]")).to_be_visible()
            amount = one.locator("[data-amount]")
            await expect(amount).to_be_visible()
            assert 1_00 <= int(await amount.get_attribute("data-amount") or 0) <= 50_00
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(hand.dealt.wait() for hand in hands))
        dealt = [voucher["face_minor"] for hand in hands for voucher in hand.vouchers.values()]
        assert dealt == [8_88], "one envelope, however many hands"
        bundle = tmp_path / "published"
        await night.evening.register.publish(bundle, at_ms=night.evening.clock.now_ms())
        assert [str(check) for check in verify_bundle(bundle) if not check.ok] == []
        for hand in hands:
            await hand.line.close()
        await asyncio.gather(*(hand.listening for hand in hands))
