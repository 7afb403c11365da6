"""A proof that a phone saved, brought to the auditor: checked line by line in the browser, against what is
published, down to the beacon's signature. Whatever else is brought is refused in words."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rewards.evidence.proofs import NoProof, Proofs
from rewards.log.note import Signer
from tests.rewards import in_memory
from tests.rewards.browser import Browser
from tests.rewards.evening import BEACON
from tests.rewards.in_memory import leaves_of, signed

ROUND = "short/tetris/1"


def saved(folder: Path, number: int, *, draw: int = 0) -> dict[str, Any]:
    proofs = Proofs(folder, folder.parent / "register")
    return proofs.of_draw(draw, number) if draw else proofs.of_round(ROUND, number)


@pytest.fixture(scope="module")
def player(published: Path) -> int:
    """A number that played the round and is in the roster of draw 2."""
    for number in range(70):
        try:
            saved(published, number)
            saved(published, number, draw=2)
        except NoProof:
            continue
        return number
    raise AssertionError("nobody played")


def names(lines: list[str]) -> list[str]:
    return [line.partition(":")[0] for line in lines]


ALL = ["PASS  proof", "PASS  key", "PASS  log", "PASS  published", "PASS  file"]


def test_a_saved_proof_passes_line_by_line(published: Path, player: int, browser: Browser) -> None:
    files = in_memory.read(published)
    key = files["keys.txt"].decode().strip()
    proofs = [json.dumps(saved(published, player)), json.dumps(saved(published, player, draw=2))]
    play, entry = browser.says_of_proofs(files, [(proof, "") for proof in proofs])
    assert names(play) == ALL
    assert names(entry) == [*ALL, "PASS  result", "PASS  beacon"]
    assert "REHEARSAL beacon, whose signature is good" in entry[-1]
    # a laptop that has only the proof and the key, years later
    alone, blind = browser.says_of_proofs(None, [(proofs[1], key), (proofs[1], "")])
    assert names(alone) == ["PASS  proof", "PASS  key", "PASS  log", "PASS  file", "PASS  result"]
    assert blind[-1] == (
        "FAIL  key: nothing is published here: give the log’s key, as you know it from elsewhere"
    )


def test_whatever_is_no_saved_proof_is_refused_in_words(published: Path, browser: Browser) -> None:
    files = in_memory.read(published)
    brought = ["", "not a proof", "[]", files["MANIFEST.json"].decode(), '{"schema": "gala/proof/1"}']
    said = browser.says_of_proofs(files, [(one, "") for one in brought])
    assert [len(lines) for lines in said] == [1] * len(brought)
    assert "no JSON, so it is no proof that a phone saved" in said[0][0]
    assert "no proof that a phone saved (its schema is not gala/proof/1)" in said[3][0]
    assert "the proof has no" in said[4][0]


def test_a_saved_proof_that_was_changed_fails_at_the_line_that_it_belies(
    published: Path, player: int, browser: Browser
) -> None:
    files = in_memory.read(published)
    play, entry = saved(published, player), saved(published, player, draw=2)
    other = str(Signer("gala/short/rehearsal", bytes(32)).verifier)
    changed = [
        (play | {"round": "short/candy/1"}, "", "FAIL  log"),
        (play | {"place": 10_000}, "", "FAIL  file"),
        (play | {"chunk": play["chunk"][:-8] + "AAAAAA=="}, "", "FAIL  file"),
        (play | {"leaf": entry["leaf"]}, "", "FAIL  log"),
        (entry | {"result": entry["result"].replace('"draw":2', '"draw":1')}, "", "FAIL  result"),
        (play, other, "FAIL  log"),
    ]
    said = browser.says_of_proofs(files, [(json.dumps(proof), key) for proof, key, _ in changed])
    for lines, (_, _, line) in zip(said, changed, strict=True):
        assert next(name for name in names(lines) if name.startswith("FAIL")) == line, lines


def test_a_proof_of_another_log_than_the_published_one_says_so(
    published: Path, player: int, browser: Browser
) -> None:
    files = in_memory.read(published)
    leaves = leaves_of(files)
    leaves[0]["at_ms"] += 1
    (lines,) = browser.says_of_proofs(signed(files, leaves), [(json.dumps(saved(published, player)), "")])
    assert "FAIL  published: the proof is of another log than the published one" in lines


def test_a_result_that_the_beacon_did_not_sign_fails_though_every_proof_of_it_holds(
    published: Path, player: int, tmp_path: Path, browser: Browser
) -> None:
    shutil.copytree(published.parent / "register", tmp_path / "register")
    files = in_memory.read(published)
    leaves = leaves_of(files)
    result = next(leaf for leaf in leaves if leaf["schema"] == "gala/result/1" and leaf["draw"] == 2)
    result["signature"] = BEACON.signature(1).hex()
    forged = signed(files, leaves)
    for path, content in forged.items():
        (tmp_path / "bundle" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bundle" / path).write_bytes(content)
    proof = json.dumps(saved(tmp_path / "bundle", player, draw=2))
    (lines,) = browser.says_of_proofs(forged, [(proof, "")])
    assert names(lines) == [*ALL, "PASS  result", "FAIL  beacon"]
    assert "the signature is not the beacon's for round" in lines[-1]
