"""`gala bench draw`, in small: every figure is taken, and both verifiers pass what was played."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from tests.bench.draw import CHECKOUT, GOALS, Size
from tests.bench.draw_evening import play


def test_every_figure_is_taken_from_the_files_of_a_whole_evening(tmp_path: Path) -> None:
    size = Size(tmp_path, viewers=3_000, large=5_000, prizes=60, rows=200, envelopes=2_000, times=1)
    asyncio.run(play(tmp_path / "books", tmp_path / "bundle", viewers=size.viewers, prizes=size.prizes))
    for name, goal in GOALS.items():
        assert goal.measure(size).value > 0, name


def test_the_command_takes_a_figure_in_a_process_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.draw", "--only", "deck", "--envelopes", "2000"]
    command += ["--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["value"] > 0
    assert told["memory_mb"] > 0
