"""Everybody comes back at once: `gala bench return`."""  # noqa: N999 - named as the command is

import argparse
import json
import sys
import tempfile
from pathlib import Path

import uvloop

from gala.serving import as_many_sockets_as_allowed
from tests.bench.returning import Options, measure


def main(arguments: list[str]) -> int:
    """The command. 0: every goal is met; 1: one is missed."""
    parser = argparse.ArgumentParser(
        prog="gala bench return", description="How soon phones are back whose lines broke all at once."
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON, no table")
    parser.add_argument("--phones", type=int, default=500, help="whose lines break (500)")
    parser.add_argument("--live", type=int, default=50, help="who plays on, twice a second (50)")
    parser.add_argument("--admit-per-s", type=int, default=500, help="GALA_ADMIT_PER_S (500)")
    parser.add_argument("--seed", type=int, default=2019, help="other moments")
    asked = parser.parse_args(arguments)
    options = Options(
        phones=max(1, asked.phones), live=max(1, asked.live), admit_per_s=asked.admit_per_s, seed=asked.seed
    )
    as_many_sockets_as_allowed()
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
        said = uvloop.run(measure(options, Path(folder)))
    if asked.json:
        sys.stdout.write(json.dumps(said) + "\n")
    else:
        goals = said.pop("goals")
        lines = [f"{name:26}{value}" for name, value in said.items()]
        lines += [
            f"{'met' if goal['met'] else 'MISSED':8}{name}: {goal['found']:g} of {goal['goal']:g}"
            for name, goal in goals.items()
        ]
        sys.stdout.write("\n".join(lines) + "\n")
    return 0 if said["met"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
