"""A real Chromium that goes away and comes back: what it finds, and what becomes of what it had not sent.

Between the phones and the service is a network of ours: it can swallow what it is given, break, and lead to
another edge. The time that a page shows is held against the service's own.
"""

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, expect

from gala.store.clients import Clients
from tests.bench.proxy import DelayingProxy, Network, Way
from tests.conftest import emptied
from tests.e2e import test_rain
from tests.e2e.conftest import RUNDOWN, Night, running_night
from tests.e2e.test_story import PHONE, open_poll
from tests.gala.serving import serving_plan, until

pytestmark = pytest.mark.browser

SECRET = "a secret of these tests"
WALL = "hands/wall/1"
LOCK_S = 120
APART_MS = 200
READINGS_MAX = 20  # a page that was kept waiting by the machine is read again
LOST = re.compile(r"\blost\b|not this time|did not answer|caught none", re.IGNORECASE)
FALLS = """lintel => new Promise(done => {
    const light = () => lintel.style.getPropertyValue("--left"), before = light();
    new MutationObserver(() => light() !== before && done(light())).observe(lintel, { attributes: true });
})"""
PLAIN = Network(Way(), Way())


def plan(folder: Path) -> Path:
    """The tests' evening; after its draw, its poll once more, which locks by itself."""
    text = RUNDOWN.read_text("utf-8")
    again = "[[segments]]" + text.split("[[segments]]")[2]
    again = again.replace('id = "tetris"', 'id = "wall"').replace("plan = 19:35:00", "plan = 20:00:00")
    again = again.replace('lock = "go"', f'lock = "after {LOCK_S}s"')
    path = folder / "return.toml"
    path.write_text(f"{text}\n{again}", "utf-8")
    return path


@contextlib.asynccontextmanager
async def another_edge(valkey_url: str, rundown: Path, folder: Path) -> AsyncIterator[int]:
    """One more edge of that evening, in a process of its own; its port."""
    shared = {"GALA_REDIS_URL": valkey_url, "GALA_SECRET": SECRET}
    async with serving_plan(rundown, folder, "--role", "edge", **shared) as service:
        port = int((await service.says(r"^phone +http://127\.0\.0\.1:(\d+)/"))[0])
        async with aiohttp.ClientSession() as http:
            for _ in range(1_000):
                async with http.get(f"http://127.0.0.1:{port}/readyz") as reply:
                    if reply.status == 200:
                        break
        yield port


async def seated(browser: Browser, port: int) -> Page:
    """A phone of its own that has taken its seat; it comes in at that port."""
    context = await browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{port}/?channel=hall")
    await page.get_by_role("button", name="Take my seat").click()
    await expect(page.get_by_text(re.compile("Your seat is kept|Your number"))).not_to_have_count(0)
    await expect(page.locator("[data-banner=rehearsal]")).to_be_visible()
    return page


async def counts(page: Page, choice: str) -> None:
    """The receipt says that this is what counts."""
    await expect(page.locator(f"[data-counted='{choice}']")).to_be_visible()


async def plays_into_nothing(page: Page, button: str, label: str) -> None:
    """A tap that the network swallows: said to be on its way, then, without a link, to be kept."""
    await page.get_by_role("button", name=button).click()
    await expect(page.get_by_text(f"Sending: {label}")).to_be_visible()
    await page.context.set_offline(True)
    await expect(page.get_by_text(f"Kept: {label}")).to_be_visible()
    await expect(page.locator("[data-link=down]")).to_be_visible()
    assert not LOST.search(await page.inner_text("body"))


async def shows_the_time_left(page: Page, night: Night) -> None:
    """The light over the doors falls when the service's clock says so, give or take `APART_MS`."""
    round_ = night.state.rounds[WALL]
    whole_ms = round_.lock_due_at_ms - round_.opened_at_ms
    apart_ms: list[float] = []
    while not apart_ms or min(apart_ms) > APART_MS:
        assert len(apart_ms) < READINGS_MAX, f"never within {APART_MS} ms: {apart_ms}"
        shown = float(await page.locator(".lintel").evaluate(FALLS))
        said_ms = night.evening.clock.now_ms()
        # in half percents, rounded: this is when the light became what it is now
        fell_at_ms = round_.lock_due_at_ms - (shown + 0.25) / 100 * whole_ms
        apart_ms.append(abs(said_ms - fell_at_ms))


async def win_a_voucher(night: Night, page: Page) -> None:
    """The one who plays wins the one prize."""
    await open_poll(night)
    await page.get_by_role("button", name="Comets").click()
    await counts(page, "comets")
    await night.to_locked()
    await night.go("tetris.settle", "comets")
    for cue in ("tetris.reveal", "tetris.end", "draw.start", "draw.freeze"):
        await night.go(cue)
    await night.until(lambda state: state.draws[1].state == "frozen")
    night.evening.clock.pace(20)
    await night.until(lambda state: state.draws[1].state == "drawn")
    night.evening.clock.pace(1)
    await night.go("draw.announce")
    await night.go("draw.end")


@pytest_asyncio.fixture(loop_scope="session")
async def empty(valkey_url: str) -> AsyncIterator[Clients]:
    """The tests' store, emptied in the loop of this folder."""
    async with emptied(valkey_url) as clients:
        yield clients


@pytest.mark.usefixtures("empty")
async def test_a_phone_that_was_offline_and_comes_back_reloaded_at_another_edge_finds_all_that_is_its_own(
    valkey_url: str, tmp_path: Path, browser: Browser
) -> None:
    rundown = plan(tmp_path)
    settings = {"redis_url": valkey_url, "secret": SECRET}
    async with (
        running_night(tmp_path / "night", rundown, settings=settings) as night,
        DelayingProxy(night.evening.public.port, PLAIN, 1) as network,
    ):
        page = await seated(browser, network.port)
        await win_a_voucher(night, page)
        async with another_edge(valkey_url, rundown, tmp_path / "edge") as elsewhere:
            await night.go("wall.start")
            await night.go("wall.open")
            await page.get_by_role("button", name="Comets").click()
            await counts(page, "comets")
            await shows_the_time_left(page, night)

            network.silent = True
            await plays_into_nothing(page, "Change to Harbour", "Harbour")
            with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
                await page.reload()
            network.silent = False
            network.cut()
            network.to_port = elsewhere
            await page.context.set_offline(False)
            await page.goto(f"http://127.0.0.1:{network.port}/")

            await counts(page, "harbour")
            assert len(night.evening.edge.audience) == 0, "it is at the other edge"
            await shows_the_time_left(page, night)
            await page.get_by_role("navigation").get_by_text("Wallet").click()
            await expect(page.locator("[data-voucher]")).to_contain_text("First prize")
            await page.get_by_role("navigation").get_by_text("Stage").click()

            network.to_port = night.evening.public.port
            network.cut()
            await until(lambda: len(night.evening.edge.audience) == 1)
            await counts(page, "harbour")
            await shows_the_time_left(page, night)
            await page.get_by_role("button", name="Change to Comets").click()
            await counts(page, "comets")
        night.evening.clock.pace(20)
        await night.until(lambda state: state.rounds[WALL].sealed)
        assert night.state.rounds[WALL].tally == {"voters": 1, "choices": {"comets": 1, "harbour": 0}}


async def test_what_was_played_where_nobody_could_be_reached_counts_if_it_comes_in_time_and_else_is_told_why(
    tmp_path: Path, browser: Browser
) -> None:
    async with (
        running_night(tmp_path / "night") as night,
        DelayingProxy(night.evening.public.port, PLAIN, 1) as network,
    ):
        soon, late = [await seated(browser, network.port) for _ in range(2)]
        await open_poll(night)
        for page in (soon, late):
            await expect(page.get_by_role("button", name="Comets")).to_be_enabled()
        network.silent = True
        for page in (soon, late):
            await plays_into_nothing(page, "Comets", "Comets")
        network.silent = False
        network.cut()

        await soon.context.set_offline(False)
        await counts(soon, "comets")
        await night.to_locked()
        await expect(late.get_by_role("heading", name="We cannot reach the server.")).to_be_visible()
        await expect(late.get_by_text("Kept: Comets")).to_be_visible()
        await late.context.set_offline(False)
        await expect(late.locator("[data-state=refused]")).to_contain_text("It arrived after the lock.")
        assert not LOST.search(await late.inner_text("body"))

        await night.go("tetris.settle", "comets")
        await night.go("tetris.reveal")
        await expect(soon.get_by_text("You were right")).to_be_visible()
        await expect(late.locator("[data-state=refused]")).to_contain_text("It arrived after the lock.")
        assert not LOST.search(await late.inner_text("body"))
        assert night.state.rounds["hands/tetris/1"].tally["voters"] == 1


async def test_an_envelope_caught_where_nobody_could_be_reached_and_too_late_is_not_called_none(
    tmp_path: Path, browser: Browser
) -> None:
    async with (
        running_night(tmp_path / "night", test_rain.plan(tmp_path)) as night,
        DelayingProxy(night.evening.public.port, PLAIN, 1) as network,
    ):
        page = await seated(browser, network.port)
        await night.go("welcome.start")
        await night.go("red-envelopes.start")
        await expect(page.get_by_role("button", name="Catch the nearest")).to_be_enabled()
        network.silent = True
        await plays_into_nothing(page, "Catch the nearest", "your envelope")
        network.silent = False
        network.cut()
        await night.go("red-envelopes.lock")
        await night.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
        await page.context.set_offline(False)
        await expect(page.locator("[data-state=refused]")).to_contain_text("It arrived after the lock.")
        assert not LOST.search(await page.inner_text("body"))
