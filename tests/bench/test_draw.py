"""`gala bench draw`, in small: every figure is taken, and both verifiers pass what was played."""

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.draw import CHECKOUT, GOALS


def test_every_figure_is_taken_from_the_files_of_a_whole_evening(tmp_path: Path) -> None:
    small = {"viewers": 3_000, "large": 5_000, "prizes": 60, "rows": 200, "envelopes": 2_000, "times": 1}
    sizes = [part for name, value in small.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "tests.bench.draw", "--json", "--folder", str(tmp_path), *sizes]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert set(told["figures"]) == set(GOALS)
    assert all(figure["value"] > 0 for figure in told["figures"].values())
    assert done.returncode == (0 if told["met"] else 1)
