"""A process that behaves towards the one that started it as a worker would, well or badly, and does no work.

``stand_in.py FOLDER … NAME``: FOLDER/plan says, a line each, what the n-th process of a name does (``edge-1 0
dies``); one of which it says nothing does what a worker does. Each leaves a file ``NAME.n`` with its id.
"""

import os
import select
import signal
import sys
from pathlib import Path


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    folder, name = Path(sys.argv[1]), sys.argv[-1]
    count = len(list(folder.glob(f"{name}.*")))
    written = folder / f"being written by {os.getpid()}"
    written.write_text(str(os.getpid()))
    written.rename(folder / f"{name}.{count}")  # whoever sees the file finds the id in it
    plan = [line.split(maxsplit=2) for line in (folder / "plan").read_text().splitlines()]
    does = next((what for who, nth, what in plan if (who, nth) == (name, str(count))), "stays")
    if does == "says why":
        sys.exit(1)
    if does == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    say("here")
    say("ready")
    if does == "dies once it was ready":
        os.kill(os.getpid(), signal.SIGKILL)
    while does == "hangs":
        signal.pause()
    while True:
        if select.select([sys.stdin], [], [], 0.1)[0]:
            word = sys.stdin.readline().strip()
            if word in ("", "leave"):
                return
            say("out")
        say("here")


if __name__ == "__main__":
    main()
