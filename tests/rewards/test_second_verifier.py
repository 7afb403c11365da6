"""The verifier of the pages against that of `rewards/`: two programs, written apart from one specification.

Both read the same folders: the untouched one, some with a byte changed, some that the operator forged and
signed again. They must come to one verdict about each, and only the untouched may pass.
"""

import asyncio
import random
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rewards import bundle, canonical, decks, leaves, witness
from rewards.audit import verify_bundle
from rewards.leaves import Prize, RoundOpening, TicketRound
from rewards.note import Cosigner
from rewards.register import Register
from tests.gala.test_web_build import load_hook
from tests.rewards.evening import (
    BEACON,
    COUNTS,
    DATES,
    HOUR,
    POLL,
    RIGHT,
    SECRETS,
    SHOW,
    START,
    Told,
    begin,
    crowd,
    issued,
    spec,
    tally,
)
from tests.rewards.test_bundle import FORGERIES, members, read_leaves, sign_again, write_manifest

BUILD = """
import { build } from "vite";
const [outDir] = process.argv.slice(1);
await build({
  configFile: false, logLevel: "error", ssr: { noExternal: true },
  build: { ssr: "src/check/cli.ts", outDir, minify: false, copyPublicDir: false },
});
"""

Verdicts = dict[Path, str]
Program = Callable[[list[Path]], Verdicts]


@pytest.fixture(scope="module")
def browser_says(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """What the pages' verifier says of folders: the first failing line of each, or nothing."""
    hook = load_hook()
    hook.install()
    node = hook.npm_command()[1]
    built = tmp_path_factory.mktemp("check")
    (built / "package.json").write_text('{"type": "module"}')
    script = [node, "--input-type=module", "-e", BUILD, built / "out"]
    subprocess.run(script, cwd=hook.WEB, check=True)

    def verdicts(folders: list[Path]) -> Verdicts:
        command = [node, built / "out" / "cli.js", *folders]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert told.stderr == ""
        found: Verdicts = {}
        failed = ""
        for line in told.stdout.splitlines():
            if line.startswith("FAIL"):
                failed = failed or line
            elif not line.startswith("PASS"):
                found[Path(line.rsplit(": ", 1)[0])] = failed
                assert line.endswith("does not pass" if failed else "passes")
                failed = ""
        assert list(found) == folders
        return found

    return verdicts


AUDITOR = Cosigner("auditor.example/w1", b"w" * 32)
VIEWERS = 70


def deck(budget: int, count: int) -> tuple[bytes, Prize]:
    file = decks.encode(*decks.deal_out(budget, count, 10, budget // 4, "lucky"))
    return file, Prize(1, "Envelopes", count, 0, "XTS", 0, decks.leaf(file))


async def specified(register: Register) -> None:
    """Four draws: a deck for two channels, a cap over draws, one called off, more cards than viewers."""
    tetris, candy = (TicketRound(f"short/{name}/1", RIGHT) for name in ("tetris", "candy"))
    few, dealt = deck(3_000, 12)
    many, rest = deck(9_000, 90)
    silver = Prize(2, "Silver", 4, 700, "XTS", 3)
    cosigned = {"witnesses": [str(AUDITOR.verifier)]}
    some = [TicketRound(tetris.round_id, RIGHT, channels=(0, 2))]
    for made, files in (
        (spec(1, prizes=[dealt, silver], rounds=some, **cosigned), {1: few}),
        (
            spec(
                2, prizes=[replace(silver, tier=1, count=9)], rounds=[tetris, candy], cap_with=[1], **cosigned
            ),
            {},
        ),
        (spec(3, rounds=[candy]), {}),
        (spec(4, prizes=[rest], rounds=[candy], eligibility="account", cap=2, cap_with=[1, 2, 3]), {1: many}),
    ):
        await register.specify(made, at_ms=START, decks=files)
        for party, secret in SECRETS.items():
            sealed = leaves.commitment(leaves.draw_id(SHOW, made.draw), party, secret)
            await register.commit(made.draw, party, sealed, at_ms=START + 1)


async def drawn(register: Register, draw: int) -> None:
    at = START + draw * HOUR - 60_000
    barred = range(0, VIEWERS, 9) if draw == 4 else ()
    await register.freeze(draw, issued=issued(VIEWERS), at_ms=at, barred=barred)
    await register.reveal(draw, "operator", SECRETS["operator"], at_ms=at)
    chosen = await register.close_reveals(draw, at_ms=at + 1)
    if draw != 4:
        seen = await register.watched.checkpoint()
        await register.watched.cosigned(seen + witness.cosign(seen, AUDITOR, (at + 1_000) // 1000))
    await register.finish(draw, BEACON.signature(chosen), at_ms=START + draw * HOUR + 1)
    for voucher in (await register.issue(draw, at_ms=START + draw * HOUR + 2))[::3]:
        await register.cashier.claim(voucher.id, number=voucher.number, at_ms=START + draw * HOUR + 3)


async def publish(folder: Path) -> None:
    """Everything a bundle can hold, but for what needs the true beacon."""
    register = await begin(folder / "register")
    await specified(register)
    for seed, name in enumerate(("tetris", "candy")):
        round_id, choices = f"short/{name}/1", crowd(seed, VIEWERS)
        told = RoundOpening(round_id, POLL, COUNTS, RIGHT, "", {}, game="poll", settings={"choices": ["a"]})
        await register.round_opened(told, at_ms=START + 10)
        await register.round_locked(round_id, at_ms=START + 20)
        await register.round_settled(round_id, 2, by="director", reason="the jury", at_ms=START + 30)
        slots = (
            struct.pack(">HBBB", 1, number % 3, 0, choice) if choice else bytes(5)
            for number, choice in enumerate(choices)
        )
        await register.round_sealed(round_id, [b"".join(slots)], tally(choices), at_ms=START + 40)
    await register.void(3, "director", "the sponsor left", at_ms=START + 60)
    for draw in (1, 2, 4):
        await drawn(register, draw)
    for at_ms in (*DATES, START + 9 * HOUR):
        await register.payouts.do_due(at_ms=at_ms)
    await register.publish(folder / "bundle", at_ms=START + 10 * HOUR)
    await register.close()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    asyncio.run(publish(folder))
    return folder / "bundle"


@pytest.fixture
def copies(published: Path, tmp_path: Path) -> Iterator[Path]:
    """One fresh copy after another."""
    return (Path(shutil.copytree(published, tmp_path / str(number))) for number in range(1000))


def rewards_says(folder: Path) -> str:
    return next((str(check) for check in verify_bundle(folder) if not check.ok), "")


def test_the_untouched_evidence_passes(published: Path, browser_says: Program) -> None:
    assert browser_says([published]) == {published: rewards_says(published)} == {published: ""}


def test_a_changed_byte_in_any_file_fails_whether_or_not_the_manifest_follows(
    copies: Iterator[Path], browser_says: Program
) -> None:
    chance = random.Random(21)
    changed = []
    for path in bundle.present(next(copies)):
        for follows in (False, True):
            copy = next(copies)
            content = bytearray((copy / path).read_bytes())
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            (copy / path).write_bytes(content)
            if follows and path != bundle.MANIFEST:
                write_manifest(copy)
            changed.append(copy)
    assert len(changed) > 60
    assert [folder for folder, failed in browser_says(changed).items() if not failed] == []


def test_a_forgery_signed_by_the_operator_fails(
    evening: tuple[Path, Told], tmp_path: Path, browser_says: Program
) -> None:
    forged = []
    for number, (_, forge, _) in enumerate(FORGERIES):
        copy = Path(shutil.copytree(evening[0], tmp_path / str(number)))
        found = read_leaves(copy)
        forge(copy, found)
        sign_again(copy, found)
        forged.append(copy)
    assert [folder for folder, failed in browser_says(forged).items() if not failed] == []


def test_both_judge_any_leaf_an_operator_could_sign_alike(
    copies: Iterator[Path], published: Path, browser_says: Program
) -> None:
    chance = random.Random(22)
    good = read_leaves(published)
    changed: list[Path] = []
    while len(changed) < 30:
        found = canonical.decode(canonical.encode(good))
        *path, last = chance.choice(members(found))
        target = found
        for key in path:
            target = target[key]
        old = target[last]
        wrong = [0, -1, True, "", [], {}, str(old), old * 2 if isinstance(old, int) else 1]
        target[last] = chance.choice(wrong)
        copy = next(copies)
        try:
            sign_again(copy, found)
        except ValueError:
            continue  # no canonical leaf at all
        changed.append(copy)
    found = browser_says(changed)
    differing = [(found[one], here) for one in changed if bool(here := rewards_says(one)) != bool(found[one])]
    assert differing == []
