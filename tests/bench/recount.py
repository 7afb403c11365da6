"""How long a recount of ten million slots takes, once they are read: `python -m tests.bench.recount`."""

import argparse
import json
import sys
import time
from statistics import median

import numpy as np

from tests.bench.box import POLL, POLL_COUNTS, WHACK, WHACK_COUNTS
from voting.box import PAGE
from voting.layout import Layout
from voting.recount import recount
from voting.tally import Bits, By, Count, Voters

SLOTS = 10_000_000
GOAL_S = 0.3
MASKS = Layout.of(choices="u64")
MASK_COUNTS: list[Count] = [Voters("voters"), Bits("choices", "choices"), By("channel", ("channel",))]
BOXES = {"poll": (POLL, POLL_COUNTS), "whack": (WHACK, WHACK_COUNTS), "masks": (MASKS, MASK_COUNTS)}


def pages_of(layout: Layout) -> list[bytes]:
    """Ten million slots, nine in ten of them played."""
    chance = np.random.default_rng(2019)
    pages = []
    for _ in range(SLOTS // PAGE):
        slots = np.zeros(PAGE, layout.dtype)
        played = chance.random(PAGE) < 0.9
        slots["seq"] = played
        slots["channel"] = chance.integers(0, 5, PAGE) * played
        body = layout.names[3]
        slots[body] = chance.integers(1, 5 if layout.bits(body) == 8 else 1 << 62, PAGE) * played
        pages.append(slots.tobytes())
    return pages


def main() -> int:
    """The command. 0: the goal is met, for polls; 1: it is missed."""
    parser = argparse.ArgumentParser(prog="gala bench recount", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one line of JSON, and nothing else")
    as_json = parser.parse_args().json
    found: dict[str, float] = {}
    for name, (layout, counts) in BOXES.items():
        pages = pages_of(layout)
        took_s = []
        for _ in range(5):
            start = time.perf_counter()
            recount(layout, counts, pages)
            took_s.append(time.perf_counter() - start)
        found[name] = round(median(took_s), 2)
    met = found["poll"] <= GOAL_S
    slots = SLOTS // PAGE * PAGE
    if as_json:
        sys.stdout.write(json.dumps({"slots": slots, "seconds": found, "goal_s": GOAL_S, "met": met}) + "\n")
        return 0 if met else 1
    sys.stdout.write(f"recount of {slots:,} slots, the median of five\n")
    for name, (layout, counts) in BOXES.items():
        words = ", ".join(count.name for count in counts)
        sys.stdout.write(f"  {name:6} {layout.width:2} bytes a slot, {words}: {found[name]:.2f} s\n")
    sys.stdout.write(f"{'met' if met else 'MISSED'}: {GOAL_S} s, a poll's\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
