"""The verifier of the pages against that of `rewards/`: two programs, written apart from one specification.

Both read the same bundles: the untouched one, some that the operator forged and signed again. They must come
to one verdict about each, and only the untouched may pass.
"""

import asyncio
import random
import shutil
from pathlib import Path

from rewards.log import canonical
from tests.rewards import in_memory, test_parts
from tests.rewards.browser import Browser
from tests.rewards.evening import Told
from tests.rewards.in_memory import audit_says, leaves_of, signed
from tests.rewards.test_bundle import FORGERIES, members, read_leaves, sign_again


def test_the_untouched_evidence_passes(published: Path, browser: Browser) -> None:
    assert browser.says_of_folders([published]) == {published: ""}
    assert audit_says(in_memory.read(published)) == ""


def test_a_forgery_signed_by_the_operator_fails(
    evening: tuple[Path, Told], tmp_path: Path, browser: Browser
) -> None:
    forged = []
    for number, (_, forge, _) in enumerate(FORGERIES):
        copy = Path(shutil.copytree(evening[0], tmp_path / str(number)))
        found = read_leaves(copy)
        forge(copy, found)
        sign_again(copy, found)
        forged.append(in_memory.read(copy))
    says = browser.says(in_memory.read(evening[0]), forged)
    assert [name for (name, _, _), failed in zip(FORGERIES, says, strict=True) if not failed] == []


def test_what_is_forged_between_a_part_and_its_box_fails(tmp_path: Path, browser: Browser) -> None:
    asyncio.run(test_parts.play(tmp_path))
    forged = []
    for number, (forge, _) in enumerate(test_parts.FORGERIES.values()):
        copy = Path(shutil.copytree(tmp_path / "bundle", tmp_path / str(number)))
        found = read_leaves(copy)
        forge(copy, found)
        sign_again(copy, found)
        forged.append(in_memory.read(copy))
    good = in_memory.read(tmp_path / "bundle")
    untouched, *says = browser.says(good, [good, *forged])
    assert untouched == ""
    assert [name for name, failed in zip(test_parts.FORGERIES, says, strict=True) if not failed] == []


def test_both_judge_any_leaf_an_operator_could_sign_alike(published: Path, browser: Browser) -> None:
    chance = random.Random(22)
    base = in_memory.read(published)
    good = leaves_of(base)
    changed: list[dict[str, bytes]] = []
    while len(changed) < 30:
        found = canonical.decode(canonical.encode(good))
        *path, last = chance.choice(members(found))
        target = found
        for key in path:
            target = target[key]
        old = target[last]
        wrong = [0, -1, True, "", [], {}, str(old), old * 2 if isinstance(old, int) else 1]
        target[last] = chance.choice(wrong)
        try:
            changed.append(signed(base, found))
        except ValueError:
            continue  # no canonical leaf at all
    pairs = zip(browser.says(base, changed), map(audit_says, changed), strict=True)
    assert [pair for pair in pairs if bool(pair[0]) != bool(pair[1])] == []
