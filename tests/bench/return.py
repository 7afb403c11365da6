"""Everybody comes back: `gala bench return`."""  # noqa: N999 - named as the command is

import argparse
import json
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import uvloop

from gala.processes.serving import as_many_sockets_as_allowed
from tests.bench import away, returning, rolling
from tests.bench.goals import lines_of


def chosen(asked: argparse.Namespace, folder: Path) -> Coroutine[Any, Any, dict[str, Any]]:
    """The run that is asked for."""
    common = {"phones": max(1, asked.phones), "admit_per_s": asked.admit_per_s, "seed": asked.seed}
    if asked.rolling:
        return rolling.measure(rolling.Options(workers=max(2, asked.workers), **common), folder)
    if asked.whack:
        return away.measure(away.Options(dropped=asked.dropped, away_s=asked.away_s, **common), folder)
    return returning.measure(returning.Options(live=max(1, asked.live), **common), folder)


def main(arguments: list[str]) -> int:
    """The command. 0: every goal is met; 1: one is missed."""
    parser = argparse.ArgumentParser(
        prog="gala bench return", description="How soon phones are back whose lines broke, and with what."
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON, no table")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--rolling", action="store_true", help="all edges are replaced in an open round")
    which.add_argument("--whack", action="store_true", help="some are off the network for a while, mid-whack")
    parser.add_argument("--phones", type=int, default=500, help="whose lines break (500)")
    parser.add_argument("--live", type=int, default=50, help="who plays on, twice a second (50)")
    parser.add_argument("--workers", type=int, default=2, help="with --rolling: how many edges (2)")
    parser.add_argument("--dropped", type=float, default=0.3, help="with --whack: which part of them (0.3)")
    parser.add_argument("--away-s", type=float, default=20.0, help="with --whack: for how long, at most (20)")
    parser.add_argument("--admit-per-s", type=int, default=500, help="GALA_ADMIT_PER_S (500)")
    parser.add_argument("--seed", type=int, default=2019, help="other moments")
    asked = parser.parse_args(arguments)
    as_many_sockets_as_allowed()
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
        said = uvloop.run(chosen(asked, Path(folder)))
    if asked.json:
        sys.stdout.write(json.dumps(said) + "\n")
    else:
        sys.stdout.write("\n".join(lines_of(said)) + "\n")
    return 0 if said["met"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
