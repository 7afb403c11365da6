"""SPEC.md is exact: every object of the bundle's JSON, however deep, has the members it names and no others.

The operator writes leaves that mean what they meant and are not what they must be, signs everything again,
and each of the three verifiers says FAIL and names it: `rewards.audit`, `verify.py`, and the browser's.
"""

import asyncio
import copy
import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rewards.evidence import bundle
from rewards.log import canonical
from rewards.log.note import Signer
from rewards.money import books
from rewards.rules.leaves import Leaf
from tests.rewards import in_memory
from tests.rewards.browser import Browser
from tests.rewards.evening import HOUR, KEYS, SHOW, START, Told, begin, drawn_folder
from tests.rewards.in_memory import Files, alone_says, audit_says, leaves_of, listed, signed

FREE = ("budget", "redeemed", "returned", "settings", "counters", "recount")  # with keys of their own


@pytest.fixture(scope="module")
def files(published: Path) -> dict[str, bytes]:
    return in_memory.read(published)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a value, itself first; not within `settings`, which nobody reads."""
    yield path
    if path[-1:] != ("settings",) and isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def kind_of(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """A path without the places in lists."""
    return tuple("[]" if isinstance(key, int) else key for key in path)


def first_of_each_kind(values: list[Any]) -> list[tuple[int, tuple[Any, ...]]]:
    """(which value, path): every different path in all values, where it first stands."""
    found: dict[tuple[Any, ...], tuple[int, tuple[Any, ...]]] = {}
    for which, value in enumerate(values):
        for path in places(value):
            found.setdefault((value.get("schema"), *kind_of(path)), (which, path))
    return list(found.values())


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def another_type(value: Any) -> Any:
    """What a careless reader takes for the same: true for 1, 1 for true, a text for a list."""
    if isinstance(value, bool):
        return int(value)
    return {int: value == 1 or -1, str: 7, list: {}, dict: []}[type(value)]


def test_a_member_too_many_anywhere_in_the_log_fails_by_name(
    files: dict[str, bytes], browser: Browser
) -> None:
    leaves, forged, where = leaves_of(files), [], []
    bodies = [canonical.encode(leaf) for leaf in leaves]
    for which, path in first_of_each_kind(leaves):
        if isinstance(at(leaves[which], path), dict) and path[-1:] not in [(name,) for name in FREE]:
            changed = copy.deepcopy(leaves[which])
            at(changed, path)["more"] = True
            forged.append(signed(files, [*bodies[:which], changed, *bodies[which + 1 :]]))
            where.append((leaves[which]["schema"], path))
    assert len(where) == 30
    for one, files_, page in zip(where, forged, browser.says(files, forged), strict=True):
        for failure in (audit_says(files_), alone_says(files_), page):
            assert "FAIL  history" in failure or "FAIL  log" in failure, (one, failure)
            assert "more" in failure, (one, failure)


def test_a_member_of_another_type_anywhere_in_the_log_fails_by_name(
    files: dict[str, bytes], browser: Browser
) -> None:
    leaves, forged, where = leaves_of(files), [], []
    bodies = [canonical.encode(leaf) for leaf in leaves]
    for which, path in first_of_each_kind(leaves):
        if path:
            changed = copy.deepcopy(leaves[which])
            at(changed, path[:-1])[path[-1]] = another_type(at(leaves[which], path))
            forged.append(signed(files, [*bodies[:which], changed, *bodies[which + 1 :]]))
            where.append((leaves[which]["schema"], path))
    assert len(where) > 150
    for one, files_, page in zip(where, forged, browser.says(files, forged), strict=True):
        for failure in (audit_says(files_), alone_says(files_), page):
            assert failure, one
            if one[1][-1] != "schema":
                named = next(key for key in reversed(one[1]) if isinstance(key, str))
                assert named in failure, (one, failure)


@dataclass
class Forger:
    """A bundle while it is forged; `sign` puts the leaves into a log of their own."""

    files: dict[str, bytes]
    leaves: list[Leaf]

    def leaf(self, kind: str, **members: Any) -> Leaf:
        """The first of a kind with these members."""
        schema = {"schema": f"gala/{kind}/1"} | members
        return next(one for one in self.leaves if schema.items() <= one.items())

    def sign(self) -> dict[str, bytes]:
        return signed(self.files, self.leaves)


def kept_back_and_shown(forger: Forger) -> None:
    forger.leaf("seal", round="short/candy/1")["size"] = 5


def shown_and_kept_back(forger: Forger) -> None:
    forger.leaf("seal", round="short/mole/1")["withheld_mac"] = "00" * 32


def a_zero_counter(forger: Forger) -> None:
    path = "boxes/short/candy/1.counters.json"
    tallies = canonical.decode(forger.files[path])
    for one in ("counters", "recount"):
        tallies[one]["choice/9"] = 0
    forger.files[path] = canonical.encode(tallies)
    digest = hashlib.sha256(forger.files[path]).hexdigest()
    forger.leaf("seal", round="short/candy/1")["counters_sha256"] = digest


def a_note_beside_the_counters(forger: Forger) -> None:
    path = "boxes/short/candy/1.counters.json"
    tallies = canonical.decode(forger.files[path]) | {"more": {}}
    forger.files[path] = canonical.encode(tallies)
    digest = hashlib.sha256(forger.files[path]).hexdigest()
    forger.leaf("seal", round="short/candy/1")["counters_sha256"] = digest


def counting(*counts: Leaf) -> Callable[[Forger], None]:
    def forge(forger: Forger) -> None:
        forger.leaf("open", round="short/mole/1")["counts"] = list(counts)

    return forge


def a_field_without_a_name(forger: Forger) -> None:
    opening = forger.leaf("open", round="short/mole/1")
    opening["layout"]["fields"][3][0] = ""
    opening["counts"], opening["entries"] = [], []
    for spec in (forger.leaf("spec", draw=1), forger.leaf("spec", draw=2)):
        spec["rounds"] = [one for one in spec["rounds"] if one["round"] != "short/mole/1"]


def no_chain(forger: Forger) -> None:
    forger.leaf("open", round="short/mole/1")["chains"]["commitments"] = []


def a_rerun_that_a_spec_names(forger: Forger) -> None:
    rounds = forger.leaf("spec", draw=1)["rounds"]
    rounds.append({"round": "short/tetris/2", "entries": rounds[0]["entries"]})


def a_rerun_after_a_roster(forger: Forger) -> None:
    opening = forger.leaf("open", round="short/mole/1")
    again = opening | {"round": "short/mole/2", "rerun_of": "short/mole/1"}
    forger.leaves.append(again)


def no_prizes(forger: Forger) -> None:
    forger.leaf("spec", draw=2).update(prizes=[], budget={})


def a_currency_left_out(forger: Forger) -> None:
    del forger.leaf("close-out", draw=2)["redeemed"]["XTS"]


def a_row_before_time_began(forger: Forger) -> None:
    lines, tips = forger.files["ledger.csv"].decode().splitlines(), {}
    tip, written = books.CHAIN_START, lines[:1]
    for seq, line in enumerate(lines[1:], 1):
        cells = line.split(",")[:-1]
        text = ",".join([*cells[:2], "-1" if seq == 1 else cells[2], *cells[3:]])
        tip = tips[seq] = books.chain(tip, text)
        written.append(f"{text},{tip.hex()}")
    forger.files["ledger.csv"] = "".join(f"{line}\n" for line in written).encode()
    for leaf in forger.leaves:
        if leaf["schema"] == "gala/ledger/1":
            leaf["hash"] = tips[leaf["rows"]].hex()


CHOICE = {"name": "choice", "op": "by", "fields": ["choice"]}
UNSAID = [
    ("a box kept back and published", kept_back_and_shown, "of 5 plays"),
    ("a box published and kept back", shown_and_kept_back, "plays"),
    ("a zero counter", a_zero_counter, "choice/9"),
    ("a note beside the counters", a_note_beside_the_counters, "more"),
    ("two counts of one name", counting(CHOICE, CHOICE), "name"),
    ("a count with a slash", counting(CHOICE | {"name": "a/b"}), "slash"),
    ("a count by nothing", counting(CHOICE | {"fields": []}), "64 bits"),
    ("a count by too much", counting(CHOICE | {"fields": ["seq"] * 5}), "64 bits"),
    ("a count without its field", counting({"name": "sum", "op": "sum"}), "field"),
    ("a field without a name", a_field_without_a_name, "field"),
    ("no chain", no_chain, "chains"),
    ("a rerun that a spec names", a_rerun_that_a_spec_names, "rerun"),
    ("a rerun after a roster", a_rerun_after_a_roster, "roster"),
    ("no prizes", no_prizes, "prizes"),
    ("a currency left out", a_currency_left_out, "redeemed"),
    ("a row before time began", a_row_before_time_began, "row 1: "),
]


def test_what_only_a_careful_reader_of_the_rules_would_refuse_fails_by_name(
    evening: tuple[Path, Told], browser: Browser
) -> None:
    files, forged = in_memory.read(evening[0]), []
    for _, forge, _ in UNSAID:
        forger = Forger(dict(files), leaves_of(files))
        forge(forger)
        forged.append(forger.sign())
    says = browser.says(files, forged)
    for (name, _, word), bundle_, page in zip(UNSAID, forged, says, strict=True):
        for failure in (audit_says(bundle_), alone_says(bundle_), page):
            assert failure.startswith("FAIL"), name
            assert word in failure, (name, failure)


def out_of_order(files: Files) -> dict[str, bytes]:
    listing = canonical.decode(files[bundle.MANIFEST])
    listing["files"].reverse()
    return {**files, bundle.MANIFEST: canonical.encode(listing)}


def listing_more(files: Files, **members: Any) -> dict[str, bytes]:
    listing = canonical.decode(files[bundle.MANIFEST])
    return {**files, bundle.MANIFEST: canonical.encode(listing | members)}


def witnessed_otherwise(files: Files, change: Callable[[str], str]) -> dict[str, bytes]:
    path = min(path for path in files if path.startswith("witness/"))
    return listed({**files, path: change(files[path].decode()).encode()})


def test_a_manifest_or_a_note_that_says_too_much_fails_by_name(
    files: dict[str, bytes], browser: Browser
) -> None:
    last = "\n".join(
        files[min(path for path in files if path.startswith("witness/"))].decode().split("\n")[-2:]
    )
    text = files["log/checkpoint"].decode().partition("\n\n")[0]
    long = Signer(f"gala/{SHOW}/rehearsal", KEYS.log).sign(f"{text}\nmore\n")
    forged = {
        "order": out_of_order(files),
        "more": listing_more(files, more=1),
        "MANIFEST": listing_more(files, schema="gala/bundle/2"),
        "witness/": witnessed_otherwise(files, lambda note: note + last),
        "witness": witnessed_otherwise(files, lambda note: note.replace("\n\n", "\nmore\n\n")),
        "log": listed({**files, "log/checkpoint": long.encode()}),
    }
    says = browser.says(files, forged.values())
    for (word, bundle_), page in zip(forged.items(), says, strict=True):
        for failure in (audit_says(bundle_), alone_says(bundle_), page):
            assert failure.startswith("FAIL"), word
            assert word in failure or word == "order", (word, failure)


def test_a_round_that_opens_after_a_roster_goes_on_and_gives_it_nothing(
    evening: tuple[Path, Told], browser: Browser
) -> None:
    files = in_memory.read(evening[0])
    forger = Forger(dict(files), leaves_of(files))
    for one in ("open", "lock"):
        forger.leaves.append(forger.leaf(one, round="short/mole/1") | {"round": "short/late/1"})
    rounds = forger.leaf("spec", draw=1)["rounds"]
    rounds.append({"round": "short/late/1", "entries": rounds[0]["entries"]})
    late = forger.sign()
    # its spec is another now, so the result is too; but no rule on what may follow what is broken
    for failure in (audit_says(late), alone_says(late), *browser.says(files, [late])):
        assert "seed" in failure or "ranking.bin" in failure, failure


def test_the_prizes_of_a_draw_of_which_nothing_is_issued_are_listed(tmp_path: Path, browser: Browser) -> None:
    async def publish() -> None:
        register = await begin(tmp_path / "register")
        await register.publish(tmp_path / "bundle", at_ms=START + 3 * HOUR)
        await register.close()

    shutil.copytree(drawn_folder(), tmp_path / "register")
    asyncio.run(publish())
    files = in_memory.read(tmp_path / "bundle")
    lines = files["prizes.csv"].splitlines(keepends=True)
    assert len(lines) > 10
    assert files["ledger.csv"].count(b"issue") == 0
    unlisted = listed({**files, "prizes.csv": lines[0]})
    assert (audit_says(files), alone_says(files), *browser.says(files, [files])) == ("", "", "")
    for failure in (audit_says(unlisted), alone_says(unlisted), *browser.says(files, [unlisted])):
        assert "prizes.csv" in failure


def test_dates_are_held_in_the_order_of_their_rows_whatever_their_order_in_the_log(
    files: dict[str, bytes], browser: Browser
) -> None:
    leaves = leaves_of(files)
    dates = [at for at, leaf in enumerate(leaves) if leaf["schema"] == "gala/alternate/1"]
    one, other = next(
        (a, b)
        for a, b in itertools.pairwise(dates)
        if leaves[a]["draw"] != leaves[b]["draw"] and leaves[a]["first"] < leaves[b]["first"]
    )
    leaves[one], leaves[other] = leaves[other], leaves[one]
    swapped = signed(files, leaves)
    assert (audit_says(swapped), alone_says(swapped), *browser.says(files, [swapped])) == ("", "", "")
