"""``python -m tests.soak [FAULT …] [--scale 0.1] [--seed S]``: campaigns of faults, at length.

A row a fault; then what else each has to say. Exit 1: something does not hold; then the history, the boxes
and the service's words are kept, and said where. The same seed makes the same crowd and the same faults; what
the network and the machine make of them is theirs.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from tests.soak.campaigns import FAULTS, campaign
from tests.soak.scene import Outcome

WIDTH = 130  # of the table in a file
LEAST = 2  # of each fault: one in each game
COLUMNS = ("fault", "runs", "sent", "acked", "lost", "doubled", "worst pause", "RSS", "took", "verdict")


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make soak SOAK=…", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("fault", nargs="*", help=f"of {', '.join(FAULTS)}; all without any")
    parser.add_argument("--scale", type=float, default=1.0, help="so much of each campaign (default 1)")
    parser.add_argument("--seed", default="", help="of the crowd and the faults (default: any)")
    asked = parser.parse_args(arguments)
    unknown = sorted({*asked.fault} - {*FAULTS})
    if unknown:
        parser.error(f"no fault {', '.join(unknown)}: {', '.join(FAULTS)}")
    seed = asked.seed or secrets.token_hex(4)
    err = Console(stderr=True, highlight=False)
    kept = Path(tempfile.mkdtemp(prefix="gala-soak-"))
    rows: list[tuple[Outcome, float]] = []
    for name in asked.fault or FAULTS:
        size = max(LEAST, FAULTS[name].size * asked.scale)
        err.print(f"{name}: {FAULTS[name].words}, size {size:g}, seed {seed} …")
        began_s = time.monotonic()
        folder = kept / name
        folder.mkdir()
        outcome = uvloop.run(campaign(name, folder, seed, size))
        rows.append((outcome, time.monotonic() - began_s))
        for fault in outcome.wrong[:10]:
            err.print(f"  {fault}", style="red", soft_wrap=True)
        if not outcome.wrong:
            shutil.rmtree(folder)
    _show(rows, seed)
    if any(outcome.wrong for outcome, _ in rows):
        err.print(f"what was written down is kept in {kept}", style="red", soft_wrap=True)
        return 1
    kept.rmdir()
    return 0


def _show(rows: Sequence[tuple[Outcome, float]], seed: str) -> None:
    out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    table = Table(title=f"seed {seed}", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("fault", "verdict") else "right")
    for outcome, took_s in rows:
        verdict = "NOT EXACT" if outcome.wrong else "skipped" if outcome.skipped else "exact"
        table.add_row(
            outcome.fault,
            *(str(n) for n in (outcome.runs, outcome.sent, outcome.acked, outcome.lost, outcome.doubled)),
            f"{outcome.pause_ms / 1000:.1f} s",
            "" if outcome.rss_kib is None else f"{outcome.rss_kib / 1024:+.1f} MB",
            f"{took_s:.0f} s",
            verdict,
        )
    out.print(table)
    for outcome, _ in rows:
        for said in [*([outcome.skipped] if outcome.skipped else []), *outcome.said]:
            out.print(f"{outcome.fault}: {said}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
