"""Any byte that changes anywhere is found: bits flipped at random in every file of a bundle, by the thousand.

A stranger's flip is found by the manifest's hashes. Where the manifest is written anew to fit, the rules must
find it. Nothing here touches a disk: a flip costs what it takes to reach the first FAIL.
"""

import random
from pathlib import Path

import pytest

from rewards.evidence import bundle
from tests.rewards import in_memory
from tests.rewards.browser import Browser
from tests.rewards.in_memory import Files, alone_says, audit_says, flipped, listed


def flips(files: Files, each: int, seed: int) -> list[tuple[str, int]]:
    """(path, bit): at least `each` in every file, and no two alike."""
    chance = random.Random(seed)
    return [
        (path, bit)
        for path in sorted(files)
        for bit in sorted(chance.sample(range(8 * len(files[path])), min(each, 8 * len(files[path]))))
    ]


@pytest.fixture(scope="module")
def files(published: Path) -> dict[str, bytes]:
    return in_memory.read(published)


def test_two_thousand_flips_over_every_file_all_fail_and_name_the_file(files: dict[str, bytes]) -> None:
    tried = flips(files, 72, 8)
    assert len(tried) >= 2_000
    for path, bit in tried:
        changed = flipped(files, path, bit)
        for failure in (audit_says(changed), alone_says(changed)):
            assert failure.startswith("FAIL  manifest"), (path, bit, failure)
            assert path in failure or path == bundle.MANIFEST, (path, bit, failure)


def test_a_flip_fails_even_under_a_manifest_written_to_fit(files: dict[str, bytes]) -> None:
    for path, bit in flips(files, 3, 9):
        if path != bundle.MANIFEST:
            changed = listed(flipped(files, path, bit))
            assert audit_says(changed), (path, bit)
            assert alone_says(changed), (path, bit)


def test_a_flip_fails_in_the_browser_too(files: dict[str, bytes], browser: Browser) -> None:
    tried = flips(files, 7, 21)
    deep = [(path, bit) for path, bit in flips(files, 2, 22) if path != bundle.MANIFEST]
    assert len(tried) >= 200
    changed = [flipped(files, *one) for one in tried] + [listed(flipped(files, *one)) for one in deep]
    says = browser.says(files, changed)
    assert [one for one, failed in zip([*tried, *deep], says, strict=True) if not failed] == []
