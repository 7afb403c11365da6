"""Reads a bundle and checks every claim in it: `python -m rewards.audit DIR`.

One line a check, PASS or FAIL, with the numbers, or the item that fails; `checks` has the rules. Exit 0 when
all pass, 1 otherwise, 2 where it cannot be told: no directory, or somebody has ended it.

The money of a large evening is as much work as all the rest, and is read by a process of its own. Starting
Python and numpy is a tenth of the whole, so that process begins before this one has imported the rules.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewards.evidence.checks import Check, Money

LONG = 4 << 20  # bytes of a ledger.csv that is worth a second process


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m rewards.audit", description="Verify a published bundle.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--key", help="the log's verifier key, as published elsewhere")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="the auditor's folder of place keys")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"{options.folder} is no directory", file=sys.stderr)
        return 2
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads for matrices: here they only wait
    with _beside(options.folder) as money:
        from rewards.evidence.checks import verify_bundle

        try:
            checks = verify_bundle(options.folder, options.key, options.keys, money)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        except BrokenExecutor:
            print(
                "The process that read the money was ended, and has said nothing. Run it again.",
                file=sys.stderr,
            )
            return 2
    for check in checks:
        print(check)
    failed = sum(not check.ok for check in checks)
    print(f"{len(checks)} checks, {failed} failed")
    return 1 if failed else 0


@contextmanager
def _beside(folder: Path) -> Iterator["Money | None"]:
    """The checks of money from a process of their own, if there is so much of it."""
    ledger = folder / "ledger.csv"
    if not ledger.is_file() or ledger.stat().st_size < LONG:
        yield None
        return
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        yield process.submit(_money_of, folder).result


def _money_of(folder: Path) -> "list[Check]":
    from rewards.evidence.checks import money_of

    return money_of(folder)


if __name__ == "__main__":
    sys.exit(main())
