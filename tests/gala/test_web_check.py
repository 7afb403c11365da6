"""The verifier of the pages against that of `rewards/`: two programs, written apart from one specification.

Both read the same folders: the untouched one, some with a byte changed, some that the operator forged and
signed again. They must come to one verdict about each, and only the untouched may pass.
"""

import asyncio
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rewards import bundle, canonical
from rewards.audit import verify_bundle
from tests.gala.test_web_build import load_hook
from tests.rewards.evening import HOUR, START, Told, before_the_draws, begin, draw_one
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


async def publish(folder: Path) -> None:
    register = await begin(folder / "register")
    await before_the_draws(register)
    for draw in (1, 2):
        await draw_one(register, draw, Told())
    await register.publish(folder / "bundle", at_ms=START + 4 * HOUR)
    await register.close()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a small evening."""
    folder = tmp_path_factory.mktemp("published")
    asyncio.run(publish(folder))
    return folder / "bundle"


@pytest.fixture
def copies(published: Path, tmp_path: Path) -> Iterator[Path]:
    """One fresh copy after another."""
    return (Path(shutil.copytree(published, tmp_path / str(number))) for number in range(1000))


def rewards_says(folder: Path) -> str:
    return next((str(check) for check in verify_bundle(folder) if not check.ok), "")


def of_one_mind(folders: list[Path], browser_says: Program) -> int:
    """How many pass. Fails where the two verifiers differ."""
    found = browser_says(folders)
    here = {folder: rewards_says(folder) for folder in folders}
    differing = [
        (folder.name, here[folder], found[folder])
        for folder in folders
        if bool(here[folder]) != bool(found[folder])
    ]
    assert differing == []
    return sum(1 for folder in folders if not found[folder])


def test_the_untouched_evidence_passes(published: Path, browser_says: Program) -> None:
    assert browser_says([published]) == {published: ""}


def test_a_changed_byte_in_any_file_fails_whether_or_not_the_manifest_follows(
    copies: Iterator[Path], browser_says: Program
) -> None:
    chance = random.Random(21)
    changed = []
    for path in bundle.present(first := next(copies)):
        for follows in (False, True):
            copy = next(copies)
            content = bytearray((copy / path).read_bytes())
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            (copy / path).write_bytes(content)
            if follows and path != bundle.MANIFEST:
                write_manifest(copy)
            changed.append(copy)
    assert len(changed) > 40
    assert of_one_mind([first, *changed], browser_says) == 1


def test_a_forgery_signed_by_the_operator_fails(copies: Iterator[Path], browser_says: Program) -> None:
    forged = []
    for _, forge, _ in FORGERIES:
        copy = next(copies)
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
    while len(changed) < 40:
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
    of_one_mind(changed, browser_says)
