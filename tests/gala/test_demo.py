"""`gala demo` as a person starts it: a process of its own, with a crowd, to its end or to Ctrl-C."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from gala.cli import app

DEMO = (sys.executable, "-m", "gala", "demo", "--rundown", "short")
QUICK = ("--viewers", "40", "--speed", "20", "--json")
END_S = 90


def environment(data: Path, **more: str) -> dict[str, str]:
    """This process's, without settings of its own, and without what only tests need."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GALA_")}
    ports = {"GALA_PUBLIC_PORT": "0", "GALA_CREW_PORT": "0"}
    found = os.pathsep.join([str(Path("tests/installed").resolve()), str(Path.cwd())])
    return {**kept, "GALA_DATA": str(data), "PYTHONPATH": found, **ports, **more}


def start(data: Path, *flags: str, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*DEMO, *flags],
        env=environment(data, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """(exit code, what it said, what it complained of) of a process that ends by itself."""
    try:
        out, err = process.communicate(timeout=END_S)
    finally:
        process.kill()
    return process.returncode, out, err


def says(*command: str, data: Path, **more: str) -> tuple[int, str, str]:
    """As `ended`, of ``python -m COMMAND``."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=environment(data, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return ended(process)


def servers(data: Path) -> list[int]:
    """Processes whose command line names this data folder and that are not ours to start."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(data).encode() in words and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, Any], Path]]:
    """Two demos at once over one data folder, played to their end: what each printed, and its bundle."""
    data = tmp_path_factory.mktemp("demo")
    demos = [start(data, *QUICK), start(data, *QUICK, "--seed", "another crowd")]
    played = [ended(demo) for demo in demos]
    summaries = []
    for code, out, err in played:
        assert (code, err) == (0, "")
        assert len(out.splitlines()) == 1
        summary = json.loads(out)
        summaries.append((summary, Path(summary["bundle"])))
    assert servers(data) == []
    return summaries


def test_a_demo_ends_by_itself_with_every_equality_holding(
    played: list[tuple[dict[str, Any], Path]],
) -> None:
    for summary, _ in played:
        assert summary["problems"] == []
        assert summary["verified"] is True
        assert summary["ledger_balanced"] is True
        assert summary["vouchers_issued"] == 10
        assert set(summary["rounds"]) == {"short/tetris/1", "short/whack/1", "short/last-song/1"}
        for round_ in summary["rounds"].values():
            assert round_["recount_equal"] is True
            assert 0 < round_["counters"]["voters"] <= 40
        refused = sum(summary["plays_refused"].values())
        assert summary["plays_sent"] == summary["plays_counted"] + refused + summary["plays_unanswered"]
        assert summary["plays_counted"] >= sum(r["counters"]["voters"] for r in summary["rounds"].values())


def test_two_demos_at_once_are_two_evenings(played: list[tuple[dict[str, Any], Path]]) -> None:
    (one, first), (two, second) = played
    assert first != second
    assert one["rounds"] != two["rounds"], "another crowd wants other things"


def test_a_bundle_verifies_with_either_verifier_and_with_one_byte_changed_by_neither(
    played: list[tuple[dict[str, Any], Path]], tmp_path: Path
) -> None:
    for code, out in verified(played[0][1], tmp_path):
        assert code == 0, out
        assert "FAIL" not in out
    changed = tmp_path / "bundle"
    shutil.copytree(played[0][1], changed)
    box = min(path for path in (changed / "boxes").rglob("*") if path.is_file())
    content = bytearray(box.read_bytes())
    content[len(content) // 2] ^= 1
    box.write_bytes(content)
    for code, out in verified(changed, tmp_path):
        assert code == 1
        failed = [line for line in out.splitlines() if line.startswith("FAIL")]
        assert [line for line in failed if box.name in line], out


def verified(bundle: Path, data: Path) -> list[tuple[int, str]]:
    """(exit code, words) of both commands that check a bundle."""
    result = CliRunner().invoke(app, ["audit", "verify", str(bundle)])
    code, out, _ = says("rewards.audit", str(bundle), data=data)
    return [(result.exit_code, result.stdout), (code, out)]


def test_ctrl_c_ends_a_demo_cleanly_with_its_figures_and_leaves_nothing_running(tmp_path: Path) -> None:
    process = start(tmp_path, "--viewers", "20", "--speed", "2", GALA_LOG="error")
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "start · " in line:
                break
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Stopped" in rest
    assert "Traceback" not in rest + err
    assert err == ""
    assert servers(tmp_path) == []


def refused(data: Path, *arguments: str, **more: str) -> tuple[int, str]:
    """(exit code, complaint) of a command that ends before it has begun: no process of its own is needed."""
    try:
        result = CliRunner().invoke(app, list(arguments), env={"GALA_DATA": str(data), **more})
    finally:
        structlog.reset_defaults()  # the command had logs set up on the runner's own stderr
    assert "Traceback" not in result.output
    assert not list(data.iterdir()), "nothing was begun"
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--speed", "0"), "--speed"),
        (("--viewers", "many"), "--viewers"),
        (("--viewers", "-1"), "--viewers"),
        (("--colour", "blue"), "--colour"),
        (("--manual", "--json"), "--manual"),
        (("--rundown", "nowhere"), "no rundown at nowhere; shipped are: countdown-gala-2019, rain, short"),
    ],
)
def test_a_demo_that_cannot_be_meant_ends_with_2_and_words(
    tmp_path: Path, flags: tuple[str, ...], words: str
) -> None:
    code, said = refused(tmp_path, "demo", *flags)
    assert (code, words in said) == (2, True), said


def test_wrong_settings_are_all_named_at_once(tmp_path: Path) -> None:
    code, said = refused(tmp_path, "demo", *QUICK, GALA_CREW_PORT="x", GALA_COLOUR="blue")
    assert code == 2
    assert "GALA_CREW_PORT" in said
    assert "GALA_COLOUR" in said


def test_a_broken_rundown_is_shown_with_its_faults(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text(
        Path("gala/rundowns/short.toml").read_text().replace('kind = "predict"', 'kind = "bet"')
    )
    (tmp_path / "data").mkdir()
    code, said = refused(tmp_path / "data", "demo", "--rundown", str(broken))
    assert code == 1
    assert "tetris" in said


def test_a_port_that_is_taken_is_said_with_the_setting_that_chose_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = ended(start(tmp_path, *QUICK, GALA_CREW_PORT=str(port)))
    assert code == 1
    assert f":{port}" in err
    assert "GALA_CREW_PORT" in err
    assert "Traceback" not in err
    assert servers(tmp_path) == []


def test_a_verifier_pointed_at_nothing_says_so(tmp_path: Path) -> None:
    code, said = refused(tmp_path, "audit", "verify", str(tmp_path / "none"))
    assert (code, "no folder" in said) == (2, True)
    assert refused(tmp_path, "audit", "verify", str(tmp_path)) == (1, "")
