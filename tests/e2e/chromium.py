"""The browser of the page tests: where it is, and how to get one.

``python -m tests.e2e.chromium`` looks for a Chromium that starts and gets one where there is none: from apt
when we are root on Debian or a relative of it, else playwright's own build. Exit 0: there is one; 1: none can
be had, and why. Tests ask `chromium_path`, which installs nothing.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FONTS = ("fonts-noto-core", "fonts-noto-cjk")  # without them, Chinese, Thai and Arabic are empty boxes
STARTS_WITHIN_S = 60
APT_S = 900


class NoChromium(Exception):
    """There is no Chromium here that starts; the text says what to do."""


def starts(path: str) -> bool:
    """Whether this browser runs: on Ubuntu the name may be a script that only asks for snap."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=STARTS_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def playwrights_own() -> str:
    """Where playwright keeps its Chromium, whether or not it was ever fetched."""
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


@cache
def chromium_path() -> str:
    """A Chromium that starts: the system's, else playwright's own. NoChromium where there is none."""
    for found in (*map(shutil.which, NAMES), *MAC):
        if found is not None and Path(found).is_file() and starts(found):
            return found
    own = playwrights_own()
    if Path(own).is_file() and starts(own):
        return own
    raise NoChromium(
        "no Chromium that starts: install one (as root on Debian: apt-get install chromium), "
        "or run `python -m tests.e2e.chromium`"
    )


def has_fonts() -> bool:
    """Whether the fonts that show all our languages are installed, as far as Debian's tools can say."""
    done = subprocess.run(["dpkg", "-s", *FONTS], capture_output=True, check=False)
    return done.returncode == 0


def apt(*arguments: str) -> bool:
    """Runs apt-get without questions; whether it succeeded. What it says goes to standard error."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        timeout=APT_S,
        check=False,
    )
    return done.returncode == 0


def install() -> None:
    """Gets a Chromium where none starts, and the fonts for its pictures where apt can. Says what it does."""
    root_with_apt = os.geteuid() == 0 and shutil.which("apt-get") is not None
    have = _comes_up()
    wanted = [*(() if have else ("chromium",)), *(() if has_fonts() else FONTS)] if root_with_apt else []
    if wanted:
        sys.stderr.write(f"the page tests want {' '.join(wanted)}: asking apt\n")
        apt("update")
        for package in wanted:  # one by one: where Chromium is missing, the fonts may still be there
            apt("install", "--yes", "--no-install-recommends", package)
    if not have and not _comes_up():
        sys.stderr.write("no Chromium on this system: fetching playwright's\n")
        asked = ["install", *(["--with-deps"] if root_with_apt else []), "chromium"]
        subprocess.run([sys.executable, "-m", "playwright", *asked], stdout=sys.stderr, check=False)


def _comes_up() -> bool:
    try:
        chromium_path()
    except NoChromium:
        return False
    return True


def main() -> int:
    """The script."""
    install()
    try:
        sys.stderr.write(f"page tests use {chromium_path()}\n")
    except NoChromium as problem:
        sys.stderr.write(f"{problem}\nTHE PAGE TESTS WILL FAIL.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
