"""Every screen of the phone, drawn from fixtures in a real browser: nothing a person cannot use.

The screens come from ``gala/web/dev/states.html``, which Vite serves from the sources; axe judges them, and
two things that axe does not: nothing scrolls sideways, and everything one may press is 48 px high.
"""

import re
import subprocess
from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.e2e.chromium import chromium_path
from tests.gala.test_web_build import WEB, load_hook

SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")]
    .filter((e) => !e.closest("label") && !e.classList.contains("inline"))
    .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.height < 47.5 || box.width < 44))
    .map(([html]) => html)"""


@pytest.fixture(scope="module")
def states_url() -> Iterator[str]:
    """Vite's address, for as long as this module's tests run."""
    hook = load_hook()
    hook.install()
    _npm, node = hook.npm_command()
    vite = WEB / "node_modules" / "vite" / "bin" / "vite.js"
    command = [str(node), str(vite), "--config", "dev/vite.config.ts", "--port", "0", "--logLevel", "info"]
    with subprocess.Popen(command, cwd=WEB, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            for line in server.stdout:
                found = re.search(r"http://127\.0\.0\.1:\d+/", re.sub(r"\x1b\[\d+m", "", line))
                if found:
                    yield f"{found[0]}dev/states.html"
                    break
            else:
                raise RuntimeError("Vite ended before it served anything")
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield found
        found.close()


def shape(page: Page, width: int) -> list[str]:
    """What is wrong with a screen's measures."""
    found = [f"too small to press: {html}" for html in page.evaluate(SMALL)]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("scrolls sideways")
    return found


def barriers(page: Page) -> list[str]:
    """What axe, which the page has, finds: WCAG 2.2 A and AA and its good-practice rules."""
    violations = page.evaluate("axe.run({ resultTypes: ['violations'] }).then((found) => found.violations)")
    return [f"{violation['id']}: {violation['nodes'][0]['html'][:120]}" for violation in violations]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "height", "lang", "judged"),
    [(390, 844, "en", True), (320, 640, "es", False), (320, 640, "ar", False), (1280, 800, "zh-CN", False)],
)
def test_every_screen_can_be_used_by_anyone(
    browser: Browser, states_url: str, width: int, height: int, lang: str, judged: bool
) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(states_url)
    page.wait_for_function("window.STATES")
    page.add_script_tag(path=AXE_FILE_PATH)  # once: it is half a megabyte, and the screens are many
    states = page.evaluate("window.STATES")
    assert len(states) > 40
    found = {}
    for state in states:
        page.evaluate("([state, lang]) => window.draw(state, lang)", [state, lang])
        found[state] = shape(page, width) + (barriers(page) if judged else [])
    page.close()
    assert {state: what for state, what in found.items() if what} == {}
    assert errors == []


BOXES = """() => [...document.querySelectorAll(".door")].map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    return [x, y, width, height].map(Math.round);
})"""


@pytest.mark.browser
@pytest.mark.parametrize("state", ["poll-pictures-two", "poll-pictures-four", "poll-pictures-full"])
def test_nothing_moves_when_a_picture_comes(browser: Browser, states_url: str, state: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    held: list[Route] = []
    page.route("**/pictures/*", lambda route: held.append(route))  # noqa: PLW0108 - playwright cannot mark a builtin
    page.goto(f"{states_url}?state={state}", wait_until="commit")  # loaded it is only with its pictures
    page.wait_for_function("document.querySelector('.door .pic img')")
    page.evaluate("document.fonts.ready")
    before = page.evaluate(BOXES)
    while page.locator(".door img").evaluate_all("all => !all[0].complete"):
        for route in held:
            route.continue_()
        held.clear()
        page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.locator(".door img").first.evaluate("one => one.naturalWidth") > 0
    assert page.evaluate(BOXES) == before
    page.close()


@pytest.mark.browser
def test_a_picture_that_does_not_come_leaves_the_large_shape(browser: Browser, states_url: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{states_url}?state=poll-pictures-missing")
    page.wait_for_function("document.querySelectorAll('.door .pic').length === 2")
    doors = page.locator(".door")
    assert doors.count() == 4
    for door in doors.all():
        assert door.locator(".em svg, .shape-by svg").count() == 1, "each has its shape exactly once"
        assert door.inner_text().strip(), "and its name"
    page.close()
