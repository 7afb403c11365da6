"""`gala witness` and `gala draw` as somebody types them: what they print, and how they end."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gala.cli import app
from rewards.log.note import COSIGNATURE, Verifier

NOBODY = ("--crew", "http://127.0.0.1:9", "--pass", "x")


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_witness_prints_the_key_for_the_rundown_and_keeps_its_own(elsewhere: Path) -> None:
    code, told = run("witness", "--name", "auditor.example/w1")
    assert code == 0
    assert Verifier.parse(told.strip()).kind == COSIGNATURE
    assert (elsewhere / "witness.key").stat().st_mode & 0o777 == 0o600
    assert run("witness", "--name", "auditor.example/w1") == (0, told), "the same key each time"
    assert (elsewhere / "witness.key").read_text().strip() not in told


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("witness", "--name", "two words"), "not a verifier key"),
        (("witness", "--name", "w", "--once", *NOBODY), "does not answer"),
        (("draw", "commit", "--draw", "1", *NOBODY), "does not answer"),
        (("draw", "reveal", "--draw", "1", "--crew", "nowhere", "--pass", "x"), "is no address"),
        (("draw", "reveal", "--draw", "1", *NOBODY[:2], "--pass", "@lost.pass"), "lost.pass"),
        (("draw", "beacon", "zero", "--draw", "1", *NOBODY), "48 bytes in hex"),
        (("draw", "void", "--draw", "1", "--reason", "x", *NOBODY), "does not answer"),
    ],
)
def test_what_cannot_be_done_is_said_in_words_and_ends_with_2(words: tuple[str, ...], why: str) -> None:
    code, told = run(*words)
    assert code == 2
    assert why in told


def test_a_key_that_is_none_is_not_written_over(elsewhere: Path) -> None:
    (elsewhere / "witness.key").write_text("my shopping list\n")
    code, told = run("witness", "--name", "auditor.example/w1")
    assert code == 2
    assert "is no key of `gala witness`" in told
    assert (elsewhere / "witness.key").read_text() == "my shopping list\n"
