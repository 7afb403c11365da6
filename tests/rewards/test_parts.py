"""Decks dealt apart: drawn from a part of a box while the rest is still played, and checked by the whole.

The evening has one rain on three ways of watching and a deck for each. The first two are drawn, and their
vouchers issued, before the third has closed; then the box is sealed. Whatever an operator could have done
between a part and its box, all verifiers find.
"""

import asyncio
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewards import verify
from rewards.arithmetic import decks
from rewards.evidence.checks import verify_bundle
from rewards.keeping.register import Register
from rewards.log import merkle
from rewards.rules import boxes, leaves, parts
from rewards.rules.history import BrokenHistory
from rewards.rules.leaves import BadSpec, Leaf, Prize, RoundOpening, TicketRound
from tests.rewards.evening import BEACON, HOUR, SECRETS, SHOW, START, begin, issued, spec
from tests.rewards.test_bundle import at, failing, read_leaves, sign_again
from tests.rewards.test_envelopes import COUNTS, LAYOUT, RAIN, RULE, slots

CHANNELS = [0] * 50 + [1] * 7 + [2] * 40
"""The second has so few that its part is kept back, though the box is published."""
BOX = slots([1] * len(CHANNELS), CHANNELS)
COUNTERS = {"voters": 97, "channel/0": 50, "channel/1": 7, "channel/2": 40}
DRAWS = {1: (0,), 2: (1,), 3: (2,)}


async def promised(register: Register, *, apart: bool = True) -> None:
    for number, channels in DRAWS.items():
        content = decks.encode(*decks.deal_out(20_000, 20, 1, 4_000, "lucky"))
        made = spec(
            number,
            prizes=[Prize(1, "Envelope", 20, 0, "XTS", deck=decks.leaf(content))],
            rounds=[TicketRound(RAIN, RULE, channels, apart)],
            alternates_at_ms=[],
        )
        await register.specify(made, at_ms=START, decks={1: content})
        for party, secret in SECRETS.items():
            sealed = leaves.commitment(leaves.draw_id(SHOW, number), party, secret)
            await register.commit(number, party, sealed, at_ms=START + 1)
    await register.round_opened(RoundOpening(RAIN, LAYOUT, COUNTS, RULE), at_ms=START + 10)
    await register.round_locked(RAIN, at_ms=START + 20)


def closed(*channels: int) -> bytes:
    """The box as it stands when these have closed: of the others, half have grabbed by then."""
    grabbed = [n % 2 == 0 or channel in channels for n, channel in enumerate(CHANNELS)]
    found = np.frombuffer(BOX, dtype="V5").copy()
    found[~np.array(grabbed)] = bytes(5)
    return found.tobytes()


async def drawn(register: Register, number: int, at_ms: int) -> None:
    await register.freeze(number, issued=issued(len(CHANNELS)), at_ms=at_ms)
    for party, secret in SECRETS.items():
        await register.reveal(number, party, secret, at_ms=at_ms)
    chosen = await register.close_reveals(number, at_ms=at_ms)
    await register.finish(number, BEACON.signature(chosen), at_ms=START + number * HOUR)
    await register.issue(number, at_ms=START + number * HOUR + 1)


async def play(folder: Path) -> None:
    register = await begin(folder / "register")
    await promised(register)
    for number in (1, 2):
        page = closed(*range(number))
        await register.round_parted(RAIN, DRAWS[number], [page], at_ms=START + 30 + number)
        await drawn(register, number, START + 40)
    await register.round_parted(RAIN, DRAWS[3], [BOX], at_ms=START + 50)
    await register.round_sealed(RAIN, [BOX], COUNTERS, at_ms=START + 60)
    await drawn(register, 3, START + 70)
    await register.publish(folder / "bundle", at_ms=START + 4 * HOUR)
    await register.export_keys(folder / "keys")
    await register.close()


@pytest.fixture(scope="module")
def rained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rained")
    asyncio.run(play(folder))
    return folder


@pytest.fixture
def copy(rained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rained / "bundle", tmp_path / "bundle"))


def test_a_deck_is_dealt_while_others_still_play_and_every_check_passes(rained: Path) -> None:
    checks = verify_bundle(rained / "bundle", None, rained / "keys")
    assert [str(check) for check in checks if not check.ok] == []
    assert verify.verify(rained / "bundle")[0]
    found = read_leaves(rained / "bundle")
    assert at(found, "result", 1) < at(found, "result", 2) < at(found, "seal")
    assert [leaf["plays"] for leaf in found if leaf["schema"] == "gala/part/1"] == [50, 7, 40]
    assert [found[at(found, "roster", number)]["places"] for number in DRAWS] == [50, 7, 40]


def parted(found: list[Leaf], channel: int) -> Leaf:
    return next(leaf for leaf in found if leaf.get("channels") == [channel])


def seal_again(copy: Path, found: list[Leaf], box: bytes, counters: dict[str, int]) -> None:
    """Another box, honestly counted, under the same leaves before it."""
    seal = found[at(found, "seal")]
    opening = found[at(found, "open")]
    made = boxes.seal(opening, bytes(32), [box], counters)
    seal |= {name: made.leaf[name] for name in ("plays", "counters_sha256", "size", "sha256", "root")}
    (copy / boxes.box_path(RAIN)).write_bytes(made.content)
    (copy / boxes.counters_path(RAIN)).write_bytes(made.counters)


def a_grab_more(copy: Path, found: list[Leaf]) -> None:
    counters = COUNTERS | {"voters": 98, "channel/0": 51}
    seal_again(copy, found, BOX + slots([1], [0]), counters)


def a_grab_less(copy: Path, found: list[Leaf]) -> None:
    counters = COUNTERS | {"voters": 96, "channel/1": 6}
    seal_again(copy, found, BOX[: 50 * 5] + bytes(5) + BOX[51 * 5 :], counters)


def another_seq(copy: Path, found: list[Leaf]) -> None:
    seal_again(copy, found, b"\0\2" + BOX[2:], COUNTERS)


def another_part_s_roster(_: Path, found: list[Leaf]) -> None:
    index = found.index(parted(found, 1))
    found[at(found, "roster", 2)]["rounds"][0]["seal"] = index - 1


def not_apart(_: Path, found: list[Leaf]) -> None:
    found[at(found, "spec")]["rounds"][0].pop("apart")


def apart_without_channels(_: Path, found: list[Leaf]) -> None:
    found[at(found, "spec")]["rounds"][0].pop("channels")


def never_sealed(copy: Path, found: list[Leaf]) -> None:
    # another round opens in its place, so that all indices stay
    found[at(found, "seal")] = found[at(found, "open")] | {"round": f"{SHOW}/other/1"}
    (copy / boxes.box_path(RAIN)).unlink()
    (copy / boxes.counters_path(RAIN)).unlink()


def before_the_lock(_: Path, found: list[Leaf]) -> None:
    found.insert(at(found, "lock"), found.pop(found.index(parted(found, 0))))


def after_the_seal(_: Path, found: list[Leaf]) -> None:
    part = found.pop(found.index(parted(found, 2)))
    found.insert(at(found, "roster", 3), part)


def void_after_a_roster(_: Path, found: list[Leaf]) -> None:
    void = {"schema": "gala/round-void/1", "at_ms": START + 55, "round": RAIN, "reason": "the feed"}
    found.insert(at(found, "seal"), void)


def told_of_few(_: Path, found: list[Leaf]) -> None:
    part = parted(found, 1)
    part.pop("withheld_mac")
    content = BOX[50 * 5 : 57 * 5]
    part["size"], part["sha256"] = len(content), hashlib.sha256(content).hexdigest()
    part["root"] = merkle.chunked_root(content, 5).hex()


def in_two_parts(_: Path, found: list[Leaf]) -> None:
    parted(found, 2)["channels"] = [0, 2]


def no_channel(_: Path, found: list[Leaf]) -> None:
    parted(found, 2)["channels"] = []


FORGERIES: dict[str, tuple[Callable[[Path, list[Leaf]], None], str]] = {
    "a grab after the close": (a_grab_more, "50 plays when they closed, 51 in the box"),
    "a grab lost after the close": (a_grab_less, "7 plays when they closed, 6 in the box"),
    "another play in its place": (another_seq, "other plays in the box than when they closed"),
    "a roster of another part": (another_part_s_roster, "the roster's rounds are not the sealed ones"),
    "dealt apart against the promise": (not_apart, "is not sealed"),
    "apart from no channels": (apart_without_channels, "what is drawn apart is drawn from some channels"),
    "a box that is never sealed": (never_sealed, "a part of its box was drawn from, and no box"),
    "a part before the lock": (before_the_lock, "part without lock"),
    "a part after its box": (after_the_seal, "a part of a box that is sealed or void"),
    "void after a roster": (void_after_a_roster, "round-void after the roster of draw 1"),
    "a small part told": (told_of_few, "a part of 7 plays is kept back"),
    "a channel in two parts": (in_two_parts, "a channel in two parts of its box"),
    "a part of nobody": (no_channel, "a part of channels that are none"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_an_operator_could_do_between_a_part_and_its_box_is_found(copy: Path, name: str) -> None:
    forge, said = FORGERIES[name]
    found = read_leaves(copy)
    forge(copy, found)
    sign_again(copy, found)
    assert failing(copy)
    failures = [str(check) for check in verify_bundle(copy) if not check.ok]
    assert any(said in failure for failure in failures), failures


def test_the_keys_show_whose_plays_a_part_sealed(rained: Path, copy: Path) -> None:
    """Seven plays of one channel are kept back: another viewer's in their place, only the auditor sees."""
    found = read_leaves(copy)
    parted(found, 1)["withheld_mac"] = "00" * 32
    sign_again(copy, found)
    failures = [str(check) for check in verify_bundle(copy, None, rained / "keys") if not check.ok]
    assert any("channels 1: other viewers or plays than when they closed" in one for one in failures), (
        failures
    )


async def test_a_roster_waits_for_its_own_part_and_no_other(tmp_path: Path) -> None:
    register = await begin(tmp_path)
    await promised(register)
    await register.round_parted(RAIN, (1,), [BOX], at_ms=START + 30)
    with pytest.raises(BrokenHistory, match="is not sealed"):
        await register.freeze(1, issued=issued(len(CHANNELS)), at_ms=START + 31)
    await register.freeze(2, issued=issued(len(CHANNELS)), at_ms=START + 31)
    await register.close()


async def test_a_part_asked_for_twice_is_written_once_and_another_is_refused(tmp_path: Path) -> None:
    register = await begin(tmp_path)
    await promised(register)
    for at_ms in (START + 30, START + 99):
        await register.round_parted(RAIN, (0,), [closed(0)], at_ms=at_ms)
    with pytest.raises(Exception, match="was written before with another"):
        await register.round_parted(RAIN, (0,), [closed(1)], at_ms=START + 30)
    await register.close()


def test_only_some_channels_are_drawn_apart() -> None:
    good = spec(1, rounds=[TicketRound(RAIN, RULE, (0,), True)])
    good.check(rehearsal=True)
    assert TicketRound.from_json(good.rounds[0].to_json()) == replace(good.rounds[0], channels=[0])
    for wrong in ({"apart": True}, {"apart": False, "channels": [0]}, {"apart": 1, "channels": [0]}):
        with pytest.raises(BadSpec):
            TicketRound.from_json({"round": RAIN, "entries": RULE} | wrong)


def test_a_part_is_the_box_without_the_other_channels() -> None:
    opening = RoundOpening(RAIN, LAYOUT, COUNTS, RULE).leaf(rehearsal=True, key_commitment=bytes(32))
    box = boxes.seal(opening, bytes(32), [BOX], COUNTERS)
    part = parts.seal(opening, bytes(32), [BOX], [0, 2])
    kept = [box.content[n : n + 5] for n in range(0, len(box.content), 5) if box.content[n + 2] != 1]
    assert part.content == b"".join(kept)
