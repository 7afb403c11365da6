"""Evenings in which much goes wrong, each from its seed: what phones were told is so, and so is the rest.

The last tests try the simulation itself: it says the same thing twice, and it sees every safeguard that is
broken.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.__main__ import RAM
from tests.sim.breaking import BROKEN
from tests.sim.evening import SHORT, WHOLE, evening, tonight
from tests.sim.world import Server

EVENINGS = 24
TRIES = 12  # evenings in which a broken safeguard has to show


@pytest.fixture(scope="module")
def server(valkey_url: str) -> Iterator[Server]:
    """A line to the store that the evenings of this file share."""
    line = Server(valkey_url)
    yield line
    line.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where an evening is written down; in memory where that can be, since it is not for long."""
    with tempfile.TemporaryDirectory(prefix="gala-sim-", dir=RAM if RAM.is_dir() else None) as name:
        yield Path(name)


@pytest.mark.parametrize("seed", range(EVENINGS))
def test_whatever_goes_wrong_receipts_boxes_views_draws_and_money_agree(
    seed: int, server: Server, folder: Path
) -> None:
    found = evening(str(seed), folder, server)
    told = "\n".join(found.faults)
    assert not found.faults, f"{told}\n\nagain: make sim SEED={seed}"
    assert found.acked


def test_a_seed_makes_the_same_evening_to_the_byte_in_another_process_with_another_store(
    server: Server, folder: Path
) -> None:
    seed = next(seed for seed in map(str, range(EVENINGS)) if tonight(seed) is WHOLE)
    found = evening(seed, folder, server)
    again = subprocess.run(
        [sys.executable, "-m", "tests.sim", seed, "--digest"],
        env={**os.environ, "PYTHONHASHSEED": "1123"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert again.stdout.strip() == found.digest != ""


@pytest.mark.parametrize("safeguard", BROKEN)
def test_without_this_safeguard_the_simulation_finds_a_fault(
    safeguard: str, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = BROKEN[safeguard]
    for break_it in broken.lines:
        break_it(monkeypatch)
    for seed in range(broken.seed, broken.seed + TRIES):
        own = folder / str(seed)
        own.mkdir()
        if evening(str(seed), own, server, WHOLE if broken.money else SHORT).faults:
            return
    pytest.fail(f"nothing was found in {TRIES} evenings")
