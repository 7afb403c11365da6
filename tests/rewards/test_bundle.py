"""The published directory: a good one passes both verifiers; whatever is changed, both say FAIL and name it.

Two kinds of change. A stranger flips bytes, with or without writing the manifest anew. The operator, who
holds the log's key, rewrites leaves and files and signs everything again: then only the rules can find it.
"""

import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewards import audit, verify
from rewards.arithmetic import roster
from rewards.evidence import bundle, checks
from rewards.evidence.checks import verify_bundle
from rewards.log import canonical, merkle
from rewards.log.note import Signer
from rewards.money import books
from rewards.rules.leaves import Leaf
from tests.rewards.evening import BEACON, KEYS, SHOW, START, Told, begin, spec
from tests.rewards.example import worked


@pytest.fixture
def copy(evening: tuple[Path, Told], tmp_path: Path) -> Path:
    return Path(shutil.copytree(evening[0], tmp_path / "bundle"))


def failing(folder: Path) -> str:
    """The first failing check in words; both verifiers must agree that there is one."""
    checks = [str(check) for check in verify_bundle(folder) if not check.ok]
    good, lines = verify.verify(folder)
    assert good == (not checks), (checks, lines[-1])
    return checks[0] if checks else ""


def write_manifest(folder: Path) -> None:
    listing = canonical.decode((folder / bundle.MANIFEST).read_bytes())
    listing["files"] = [
        {
            "path": path,
            "size": (folder / path).stat().st_size,
            "sha256": hashlib.sha256((folder / path).read_bytes()).hexdigest(),
        }
        for path in bundle.present(folder)
        if path != bundle.MANIFEST
    ]
    (folder / bundle.MANIFEST).write_bytes(canonical.encode(listing))


def read_leaves(folder: Path) -> list[Leaf]:
    reading = checks._read(folder, None)
    checks._checkpoint(reading)
    checks._log(reading)
    return [canonical.decode(body) for body in reading.bodies]


def sign_again(folder: Path, found: list[Leaf]) -> None:
    """What an operator can do: the same key over another log, and a manifest to fit."""
    shutil.rmtree(folder / "log")
    signer = Signer(f"gala/{SHOW}/rehearsal", KEYS.log)
    for path, content in bundle.log_files([canonical.encode(leaf) for leaf in found], signer).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    write_manifest(folder)


def at(found: list[Leaf], schema: str, draw: int = 1) -> int:
    return next(
        index
        for index, leaf in enumerate(found)
        if leaf["schema"] == f"gala/{schema}/1" and leaf.get("draw", draw) == draw
    )


def test_a_good_bundle_passes_both_verifiers(evening: tuple[Path, Told]) -> None:
    folder, _ = evening
    checks = verify_bundle(folder)
    assert [str(check) for check in checks if not check.ok] == []
    assert "UNWITNESSED" in str([check for check in checks if check.name == "witness"])
    assert any("REHEARSAL" in check.detail for check in checks)
    assert verify.verify(folder)[0]


def test_both_verifiers_run_as_programs_and_say_so_by_their_exit(copy: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-B", *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert run("-m", "rewards.audit", str(copy))[0] == 0
    assert run(str(copy / "verify.py"))[0] == 0
    key = (copy / "keys.txt").read_text().strip()
    assert run("-m", "rewards.audit", str(copy), "--key", key)[0] == 0
    assert run(str(copy / "verify.py"), "--key", key)[0] == 0
    other = str(Signer("gala/other", bytes(32)).verifier)
    assert run("-m", "rewards.audit", str(copy), "--key", other)[0] == 1
    assert run(str(copy / "verify.py"), "--key", other)[0] == 1
    (copy / "prizes.csv").write_bytes(b"")
    assert run("-m", "rewards.audit", str(copy))[0] == 1
    code, told = run(str(copy / "verify.py"))
    assert code == 1
    assert "FAIL  manifest: prizes.csv" in told
    assert run("-m", "rewards.audit", str(copy / "absent"))[0] == 2


@pytest.mark.parametrize("wrong", ["", "prizes.csv", "ledger.csv", "log/checkpoint"])
def test_money_read_by_a_process_of_its_own_gives_the_same_verdicts(
    copy: Path, wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if wrong:
        (copy / wrong).write_bytes((copy / wrong).read_bytes()[:-2] + b"\n\n")
        write_manifest(copy)
    code, told = audit.main([str(copy)]), capsys.readouterr().out
    monkeypatch.setattr(audit, "LONG", 0)
    assert (audit.main([str(copy)]), capsys.readouterr().out) == (code, told)
    assert code == bool(wrong)


def end(_folder: Path) -> list[checks.Check]:
    os._exit(9)


def test_a_money_process_that_is_killed_leaves_no_verdict(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "LONG", 0)
    monkeypatch.setattr(audit, "_money_of", end)
    assert audit.main([str(copy)]) == 2
    told = capsys.readouterr()
    assert (told.out, "Run it again" in told.err) == ("", True)


def test_the_bundle_names_no_viewer_and_no_code(evening: tuple[Path, Told]) -> None:
    folder, told = evening
    assert not [path for path in bundle.present(folder) if "private" in path or "sqlite" in path]
    header = (folder / "prizes.csv").read_text().splitlines()[0]
    assert "number" not in header
    assert "code" not in header
    assert not (folder / "boxes" / "short" / "candy" / "1.bin").exists()
    assert told.issued[1]


def test_a_file_that_is_missing_cut_short_or_added_fails(copy: Path) -> None:
    for path in bundle.present(copy):
        content = (copy / path).read_bytes()
        (copy / path).unlink()
        if path != bundle.MANIFEST:
            assert path in failing(copy)
            write_manifest(copy)
        assert failing(copy), path
        (copy / path).write_bytes(content[:-1])
        write_manifest(copy) if path != bundle.MANIFEST else None
        assert failing(copy), path
        (copy / path).write_bytes(content)
        write_manifest(copy)
    assert not failing(copy)
    (copy / "extra.txt").write_text("x")
    assert "extra.txt" in failing(copy)
    write_manifest(copy)
    assert "extra.txt" in failing(copy)


def swap_winners(folder: Path, found: list[Leaf]) -> None:
    path = folder / "draws/1/ranking.bin"
    content = path.read_bytes()
    changed = content[:28] + content[56:84] + content[28:56] + content[84:]
    path.write_bytes(changed)
    found[at(found, "result")] |= {"sha256": hashlib.sha256(changed).hexdigest()}


def give_a_place_more_tickets(folder: Path, found: list[Leaf]) -> None:
    spec, leaf = found[at(found, "spec")], found[at(found, "roster")]
    path = folder / "draws/1/roster.bin"
    draw_id32 = bytes.fromhex(hashlib.sha256(b"gala/draw-id/1\x00" + spec["draw_id"].encode()).hexdigest())
    tickets = roster.decode(path.read_bytes(), draw_id32)
    tickets[0] += 1
    content = roster.encode(draw_id32, tickets)
    path.write_bytes(content)
    leaf |= {
        "sha256": hashlib.sha256(content).hexdigest(),
        "root": roster.root(content).hex(),
        "tickets_total": int(tickets.sum()),
        "eligible_tickets": int(tickets.sum()),
        "histogram": roster.histogram(tickets),
    }


def bar_a_place(folder: Path, found: list[Leaf]) -> None:
    leaf = found[at(found, "roster")]
    path = folder / "draws/1/eligible.bin"
    flags = roster.decode_flags(path.read_bytes(), leaf["places"])
    draw_id32 = hashlib.sha256(b"gala/draw-id/1\x00short/draw/1").digest()
    tickets = roster.decode((folder / "draws/1/roster.bin").read_bytes(), draw_id32)
    flags[3] = False
    content = roster.encode_flags(flags)
    path.write_bytes(content)
    leaf |= {
        "eligible_sha256": hashlib.sha256(content).hexdigest(),
        "eligible_places": int(flags.sum()),
        "eligible_tickets": int(np.sum(tickets[flags])),
    }


def second_result(folder: Path, found: list[Leaf]) -> None:
    found.append(found[at(found, "result")] | {"signature": BEACON.signature(1).hex()})


def another_beacon_round(folder: Path, found: list[Leaf]) -> None:
    closed, result = found[at(found, "reveals-closed")], found[at(found, "result")]
    later = found[at(found, "spec")]["reserve_rounds"][1]
    closed["beacon_round"] = result["beacon_round"] = later
    result["signature"] = BEACON.signature(later).hex()


def drop_a_row(folder: Path, found: list[Leaf]) -> None:
    lines = (folder / "ledger.csv").read_text().splitlines()
    rechain(folder, found, lines[1:6] + lines[7:])


def raise_an_amount(folder: Path, found: list[Leaf]) -> None:
    lines = (folder / "ledger.csv").read_text().splitlines()
    rechain(folder, found, [lines[1].replace(",100000,", ",900000,"), *lines[2:]])


def pay_a_voucher_to_nobody(folder: Path, found: list[Leaf]) -> None:
    lines = (folder / "ledger.csv").read_text().splitlines()[1:]
    extra = [
        books.Row(len(lines) + n + 1, 0, 2, 2, 99, 0, kind, n, 500, "XTS").line() + ",00"
        for n, kind in enumerate(("reserve", "issue"))
    ]
    rechain(folder, found, [*lines, *extra])


def rechain(folder: Path, found: list[Leaf], lines: list[str]) -> None:
    """Rows renumbered and chained anew, roll-ups to fit."""
    tip, written, tips = books.CHAIN_START, [], {}
    for seq, line in enumerate(lines, 1):
        cells = line.split(",")[:-1]
        text = ",".join([str(seq), *cells[1:]])
        tip = books.chain(tip, text)
        tips[seq] = tip.hex()
        written.append(f"{text},{tip.hex()}")
    (folder / "ledger.csv").write_bytes(books.csv(written))
    roll_ups = [leaf for leaf in found if leaf["schema"] == "gala/ledger/1"]
    roll_ups[-1]["rows"] = len(lines)
    for leaf in roll_ups:
        leaf["hash"] = tips[leaf["rows"]]


def change_a_vote(folder: Path, found: list[Leaf]) -> None:
    path = folder / "boxes/short/tetris/2.bin"
    content = bytearray(path.read_bytes())
    content[4] = 3 if content[4] != 3 else 1
    path.write_bytes(content)
    seal = next(
        leaf for leaf in found if leaf["schema"] == "gala/seal/1" and leaf["round"] == "short/tetris/2"
    )
    seal |= {
        "sha256": hashlib.sha256(content).hexdigest(),
        "root": merkle.chunked_root(bytes(content), 5).hex(),
    }


def hide_a_difference(folder: Path, found: list[Leaf]) -> None:
    path = folder / "boxes/short/tetris/2.counters.json"
    tallies = canonical.decode(path.read_bytes())
    tallies["counters"]["voters"] += 1
    path.write_bytes(canonical.encode(tallies))
    seal = next(
        leaf for leaf in found if leaf["schema"] == "gala/seal/1" and leaf["round"] == "short/tetris/2"
    )
    seal["counters_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()


def settle_otherwise(folder: Path, found: list[Leaf]) -> None:
    next(leaf for leaf in found if leaf.get("round") == "short/tetris/2" and "settled" in leaf)["settled"] = 3


def swap_leaves(first: str, second: str) -> Callable[[Path, list[Leaf]], None]:
    def forge(_: Path, found: list[Leaf]) -> None:
        one, other = at(found, first), at(found, second)
        found[one], found[other] = found[other], found[one]

    return forge


def drop_leaf(schema: str) -> Callable[[Path, list[Leaf]], None]:
    def forge(_: Path, found: list[Leaf]) -> None:
        del found[at(found, schema)]

    return forge


def set_in(leaf: str, /, **values: Any) -> Callable[[Path, list[Leaf]], None]:
    def forge(_: Path, found: list[Leaf]) -> None:
        found[at(found, leaf)] |= values

    return forge


def cap_above_a_byte(_: Path, found: list[Leaf]) -> None:
    found[at(found, "spec", draw=2)]["cap"] = {"draws": [1, 2], "prizes": 256}


def shorten(folder: Path, found: list[Leaf]) -> None:
    del found[-1]


FORGERIES: list[tuple[str, Callable[[Path, list[Leaf]], None], str]] = [
    ("swapped winners", swap_winners, "draw 1 result: draws/1/ranking.bin: tier"),
    ("a place with more tickets", give_a_place_more_tickets, "draw 1 roster: the boxes give"),
    ("a barred place", bar_a_place, "draw 1 roster: place 3 is barred"),
    ("a number of no minute", set_in("roster", numbers_count=151), "draw 1 roster: 150 numbers were issued"),
    (
        "minutes out of order",
        set_in("roster", issued=[[60_000, 100], [0, 50]]),
        "draw 1 roster: the numbers issued are told in whole minutes",
    ),
    ("a second result", second_result, "draw/1/result stands twice"),
    ("a later reserve round", another_beacon_round, "is not the first reserve"),
    ("a dropped row", drop_a_row, "ledger: row"),
    ("another budget", raise_an_amount, "ledger: row 1: draw 1 tier 1: fund of 900000 XTS"),
    ("a payout to nobody", pay_a_voucher_to_nobody, "ledger: row"),
    ("a changed vote", change_a_vote, "round short/tetris/2"),
    ("a hidden difference", hide_a_difference, "round short/tetris/2: the seal does not say truly"),
    ("another outcome", settle_otherwise, "draw 1 roster: round short/tetris/2 gives"),
    ("seal before lock", swap_leaves("lock", "seal"), "seal without lock"),
    ("roster after the reveals", swap_leaves("roster", "reveals-closed"), "history: leaf"),
    ("spec after the round", swap_leaves("spec", "open"), "history: leaf"),
    ("no commitment", drop_leaf("commit"), "operator has not committed"),
    ("no seal", drop_leaf("seal"), "roster"),
    ("no void", drop_leaf("round-void"), "the roster's rounds are not the sealed ones"),
    (
        "a void after the roster",
        lambda _, found: found.append(found.pop(at(found, "round-void"))),
        "history: leaf",
    ),
    ("no evening", drop_leaf("evening"), "history: leaf 0"),
    ("a shortened log", shorten, "ledger:"),
    ("more prizes", set_in("spec", budget={"XTS": 1}), "budget"),
    ("real money in a rehearsal", set_in("evening", rehearsal=False), "history"),
    ("another cap", set_in("spec", cap={"draws": [1], "prizes": 9}), "draw 1 result"),
    ("a cap over draws above a byte", cap_above_a_byte, "draw 2: a cap over several draws is at most 255"),
    ("another seed", set_in("result", seed="00" * 32), "draw 1 result: the result's leaf says another seed"),
    ("another algorithm", set_in("evening", algorithm="gala-draw/2"), "leaf 0"),
    ("a leaf nobody knows", set_in("lock", schema="gala/unlock/1"), "unknown leaf"),
    ("other heads than promised", set_in("seal", heads=["00" * 32] * 3), "channel 0 does not lead to"),
    ("a head kept back", set_in("seal", heads=["00" * 32]), "1 heads of 3 chains"),
    ("heads kept back", lambda _, found: found[at(found, "seal")].pop("heads"), "opens the chains"),
    ("a chain of another length", set_in("open", chains={"length": 8, "commitments": []}), "chains of 1"),
    ("a float in a leaf", set_in("lock", at_ms="soon"), "at_ms is not natural"),
    (
        "another verifier promised",
        set_in("spec", files={"SPEC.md": "00" * 32, "verify.py": "00" * 32}),
        "files: SPEC.md",
    ),
]


@pytest.mark.parametrize(("forge", "named"), [pytest.param(f, n, id=i) for i, f, n in FORGERIES])
def test_a_forgery_signed_by_the_operator_is_found_and_named(
    copy: Path, forge: Callable[[Path, list[Leaf]], None], named: str
) -> None:
    found = read_leaves(copy)
    forge(copy, found)
    sign_again(copy, found)
    failures = [str(check) for check in verify_bundle(copy) if not check.ok]
    assert failing(copy)
    assert any(named in failure for failure in failures), failures


def members(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every member within a leaf."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    return found + [deeper for key, one in inner for deeper in members(one, (*path, key))]


def test_both_verifiers_agree_about_any_leaf_an_operator_could_sign(copy: Path) -> None:
    chance = random.Random(10)
    good = read_leaves(copy)
    for _ in range(40):
        found = canonical.decode(canonical.encode(good))
        *path, last = chance.choice(members(found))
        target = found
        for key in path:
            target = target[key]
        old = target[last]
        target[last] = chance.choice(
            [0, -1, True, "", [], {}, str(old), old * 2 if isinstance(old, int) else 1]
        )
        try:
            sign_again(copy, found)
        except ValueError:
            continue  # no canonical leaf at all
        failing(copy)  # says that they agree, or fails


@pytest.mark.parametrize(("prizes", "stops"), [(255, False), (256, True)])
def test_the_standalone_verifier_takes_a_cap_over_several_draws_up_to_a_byte(
    copy: Path, prizes: int, stops: bool
) -> None:
    found = read_leaves(copy)
    found[at(found, "spec", draw=2)]["cap"] = {"draws": [1, 2], "prizes": prizes}
    sign_again(copy, found)
    _, lines = verify.verify(copy)
    assert ("a cap over several draws is above 255" in lines[-1]) == stops, lines[-1]


def test_the_forger_s_tools_alone_change_nothing(copy: Path) -> None:
    sign_again(copy, read_leaves(copy))
    assert not failing(copy)


async def test_a_refresh_leaves_what_is_not_its_own_and_clears_what_is(tmp_path: Path) -> None:
    register = await begin(tmp_path / "register")
    await register.specify(spec(1), at_ms=START)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("dear diary")
    with pytest.raises(ValueError, match="is no bundle"):
        await register.publish(mine, at_ms=START)
    await register.publish(tmp_path / "bundle", at_ms=START)
    (tmp_path / "bundle" / "prizes.csv.part").write_text("torn")
    await register.commit(1, "operator", bytes(32), at_ms=START)
    await register.publish(tmp_path / "bundle", at_ms=START)
    await register.close()
    assert not failing(tmp_path / "bundle")


def test_the_worked_example_in_the_specification_is_what_the_code_computes() -> None:
    text = (Path(bundle.__file__).parents[1] / "SPEC.md").read_text()
    stated = dict(line.split(" = ", 1) for line in text.split("```")[1].strip().splitlines())
    assert stated == worked()
