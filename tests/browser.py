"""A real Chromium for page tests: the system's, else the one that playwright brought."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Where none can be had this fails and says what to do: it never skips."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            # No sandbox: test machines are often root in a container, where Chromium refuses to start one.
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            raise RuntimeError(
                "page tests need Chromium: `apt install chromium`, or `python -m playwright install chromium`"
            ) from error
        try:
            yield browser
        finally:
            browser.close()
