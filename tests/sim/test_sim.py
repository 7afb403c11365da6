"""Evenings in which much goes wrong, each from its seed: what phones were told is so, and so is the rest.

The last tests try the simulation itself: it says the same thing twice, and it sees every safeguard that is
broken.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.breaking import BROKEN, BROKEN_MONEY
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


@pytest.mark.parametrize("seed", range(EVENINGS))
def test_whatever_goes_wrong_receipts_boxes_views_draws_and_money_agree(
    seed: int, server: Server, tmp_path: Path
) -> None:
    found = evening(str(seed), tmp_path, server)
    told = "\n".join(found.faults)
    assert not found.faults, f"{told}\n\nagain: make sim SEED={seed}"
    assert found.acked


def test_a_seed_makes_the_same_evening_to_the_byte_in_another_process_with_another_store(
    server: Server, tmp_path: Path
) -> None:
    seed = next(seed for seed in map(str, range(EVENINGS)) if tonight(seed) is WHOLE)
    found = evening(seed, tmp_path, server)
    again = subprocess.run(
        [sys.executable, "-m", "tests.sim", seed, "--digest"],
        env={**os.environ, "PYTHONHASHSEED": "1123"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert again.stdout.strip() == found.digest != ""


@pytest.mark.parametrize("safeguard", [*BROKEN, *BROKEN_MONEY])
def test_without_this_safeguard_the_simulation_finds_a_fault(
    safeguard: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for break_it in (BROKEN | BROKEN_MONEY)[safeguard]:
        break_it(monkeypatch)
    rundown = WHOLE if safeguard in BROKEN_MONEY else SHORT
    for seed in range(TRIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        if evening(str(seed), folder, server, rundown).faults:
            return
    pytest.fail(f"nothing was found in {TRIES} evenings")
