"""libfaketime, which gives a process a system clock that a test may step; and how to get it.

``python -m tests.gala.faketime`` looks for it and gets it where it is missing, from apt when we are root on
Debian or a relative of it. Exit 0: it is there; 1: it cannot be had. Making a `SystemClock` installs nothing.
"""

import os
import shutil
import sys
from pathlib import Path

from tests.e2e.chromium import apt

NAME = "faketime/libfaketimeMT.so.1"
FOLDERS = (*Path("/usr/lib").glob("*-linux-*"), Path("/usr/lib64"), Path("/usr/lib"), Path("/usr/local/lib"))


class NoFaketime(Exception):
    """There is no libfaketime here; the text says what to do."""


def library() -> Path:
    """Where it is. NoFaketime where it is not."""
    for folder in FOLDERS:
        if (folder / NAME).is_file():
            return folder / NAME
    raise NoFaketime(
        "no libfaketime on this system: install it (as root on Debian: apt-get install libfaketime), "
        "or run `python -m tests.gala.faketime`"
    )


# Python sleeps until an instant of the monotonic clock; libfaketime 0.9.10 takes it for one of the system's.
_SITE = """import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


class SystemClock:
    """A system clock for one process and what it starts, as a test sets it; their monotonic clock is real.

    environment: the variables of that process. `folder` is this clock's own.
    """

    def __init__(self, folder: Path) -> None:
        self._steps = folder / "steps"
        self.environment = {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._steps),
            "FAKETIME_CACHE_DURATION": "1",  # seconds until the file is read again: a step is seen within one
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # its name until 0.9.8
            "PYTHONPATH": os.pathsep.join([str(folder), str(Path.cwd())]),
        }
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(_SITE)
        self.step(0)

    def step(self, seconds: int) -> None:
        """From now on the clock is so far ahead of the machine's."""
        written = self._steps.with_suffix(".new")
        written.write_text(f"{seconds:+d}")
        written.replace(self._steps)  # at once: whoever looks finds the old or the new


def main() -> int:
    """The script."""
    try:
        library()
    except NoFaketime:
        if os.geteuid() == 0 and shutil.which("apt-get") is not None:
            sys.stderr.write("the test of a stepped clock wants libfaketime: asking apt\n")
            apt("update")
            apt("install", "--yes", "--no-install-recommends", "libfaketime")
    try:
        sys.stderr.write(f"the test of a stepped clock uses {library()}\n")
    except NoFaketime as problem:
        sys.stderr.write(f"{problem}\nTHE TEST OF A STEPPED CLOCK WILL FAIL.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
