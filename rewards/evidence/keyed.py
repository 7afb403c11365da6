"""What only the keys of the places show: every viewer's way from box to roster, checked by the auditor.

The operator hands out a folder beside the bundle (`export`), for the auditor's eyes:

keys.json          the place key of every sealed round and every draw with a roster, in hex
boxes/<round>.bin  the numbers behind a box's slots, u32be in public order
kept/<round>.bin   the slots of a box that was kept back
draws/<n>.bin      the numbers behind a roster's places
excluded/<n>.bin   32 secret bytes, then the accounts that may not win the draw, each by its hash

and `check` finds, with the bundle: each key is the one that was committed to; each order is its key's; the
numbers are those that were sealed; every ticket of every number is in the roster, and no other; what was won
before is counted; the accounts that may not win are those committed to; a box that was kept back is the one
that was sealed, and its recount is its own.
"""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rewards.arithmetic import places, roster, slots
from rewards.evidence import bundle
from rewards.evidence.rounds import Failed
from rewards.log import canonical, files
from rewards.rules import draws, leaves, parts
from rewards.rules.boxes import Numbers, box_path, counters_path, read_numbers
from rewards.rules.history import Draw, History, Stages

SCHEMA = "gala/place-keys/1"


def export(
    target: Path,
    folder: Path,
    history: History,
    round_key: Callable[[str], bytes],
    draw_key: Callable[[int], bytes],
) -> None:
    """Writes the auditor's folder. folder: the register's. FileExistsError for one that holds anything."""
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty")
    found: dict[str, Any] = {"schema": SCHEMA, "show": history.evening["show"], "rounds": {}, "draws": {}}
    for round_id, stages in history.rounds.items():
        if "seal" not in stages:
            continue
        found["rounds"][round_id] = round_key(round_id).hex()
        content = (folder / "private" / box_path(round_id)).read_bytes()
        files.write_durably(target / box_path(round_id), content)
        if "withheld_mac" in stages["seal"]:
            files.write_durably(target / f"kept/{round_id}.bin", (folder / box_path(round_id)).read_bytes())
    for number, draw in history.draws.items():
        if draw.spec["exclusions"]["count"]:
            content = (folder / "private" / bundle.draw_path(number, "excluded.bin")).read_bytes()
            files.write_durably(target / f"excluded/{number}.bin", content)
        if "roster" in draw.stages:
            found["draws"][str(number)] = draw_key(number).hex()
            content = (folder / "private" / bundle.draw_path(number, "roster.bin")).read_bytes()
            files.write_durably(target / f"draws/{number}.bin", content)
    # last: a folder without it is one that was not finished
    files.write_durably(target / "keys.json", canonical.encode(found))


class Keyed:
    """The auditor's folder, opened beside a bundle that was found good."""

    def __init__(self, folder: Path, published: Mapping[str, bytes], history: History) -> None:
        """ValueError if the folder is none, or of another show."""
        try:
            keys = json.loads((folder / "keys.json").read_bytes())
            self._rounds = {name: bytes.fromhex(key) for name, key in keys["rounds"].items()}
            self._draws = {int(name): bytes.fromhex(key) for name, key in keys["draws"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{folder} is no folder of `gala audit keys`: {error}") from error
        if keys.get("schema") != SCHEMA or keys.get("show") != history.evening["show"]:
            raise ValueError(f"{folder} holds the keys of another show")
        self._folder = folder
        self._published = published
        self._history = history
        self._won: dict[int, Numbers] = {}  # draw -> the number of each winner; written by `check_draw`

    def checks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Name and rule of each check, in order; a rule answers with what it counted, or raises Failed."""
        for round_id, stages in self._history.rounds.items():
            if "seal" in stages:
                yield f"keys of round {round_id}", partial(self.check_round, round_id, stages)
        for number, draw in self._history.draws.items():
            if draw.spec["exclusions"]["count"]:
                yield f"exclusions of draw {number}", partial(self.check_excluded, number, draw)
            if "roster" in draw.stages:
                yield f"keys of draw {number}", partial(self.check_draw, number, draw)

    def check_round(self, round_id: str, stages: Stages) -> str:
        opening, seal = stages["open"], stages["seal"]
        key = _committed(self._rounds.get(round_id), opening["place_key_commitment"], round_id)
        numbers = self._numbers(box_path(round_id))
        if len(numbers) != seal["plays"]:
            raise Failed(f"{len(numbers)} numbers for {seal['plays']} plays")
        _in_order(key, numbers, seal["numbers_mac"], round_id)
        try:
            for part in stages.parts():
                layout = slots.Layout.from_json(opening["layout"])
                parts.check_keyed(part, key, slots.records(layout, self._slots(round_id, stages)), numbers)
        except parts.BadPart as error:
            raise Failed(str(error)) from error
        if "withheld_mac" not in seal:
            return f"{len(numbers)} numbers in the order of their key"
        content = self._slots(round_id, stages)
        layout = slots.Layout.from_json(opening["layout"])
        found = slots.recount(layout, opening["counts"], slots.records(layout, content))
        recount = canonical.decode(self._published[counters_path(round_id)])["recount"]
        if len(content) != seal["plays"] * layout.width or found != recount:
            raise Failed(f"the box of {round_id} that was kept back gives another recount than was published")
        return f"{len(numbers)} numbers, and the box that was kept back gives the published recount"

    def check_draw(self, number: int, draw: Draw) -> str:
        leaf = draw.stages["roster"]
        key = _committed(self._draws.get(number), draw.spec["place_key_commitment"], f"draw {number}")
        numbers = self._numbers(f"draws/{number}.bin")
        _in_order(key, numbers, leaf["numbers_mac"], f"draw {number}")
        tickets = roster.decode(
            self._published[bundle.draw_path(number, "roster.bin")], leaves.draw_id32(draw.spec["draw_id"])
        )
        if len(numbers) != len(tickets):
            raise Failed(f"{len(numbers)} numbers for {len(tickets)} places")
        held = np.zeros(leaf["numbers_count"], dtype=np.int64)
        held[numbers] = tickets
        earned = self._earned(number, leaf["numbers_count"])
        if not np.array_equal(held, earned):
            at = int(np.flatnonzero(held != earned)[0])
            raise Failed(
                f"number {at} earned {earned[at]} tickets in its boxes and has {held[at]} in the roster"
            )
        told = f"{len(numbers)} viewers, each with exactly the tickets of their plays"
        if "won_sha256" in leaf:
            told += f", {self._check_won(number, draw, numbers)} prizes of theirs counted from before"
        if "result" in draw.stages:
            ranked = draws.read_ranking(
                draw.stages["result"], self._published[bundle.draw_path(number, "ranking.bin")]
            )
            won = [numbers[tier.winners.places] for tier in ranked]
            self._won[number] = np.concatenate([np.empty(0, dtype=np.int64), *won])
        return told

    def check_excluded(self, number: int, draw: Draw) -> str:
        path = self._folder / f"excluded/{number}.bin"
        if not path.is_file():
            raise Failed(f"{path.name} of the accounts that may not win is missing")
        content = path.read_bytes()
        hashes = [content[at : at + 32] for at in range(32, len(content), 32)]
        found = leaves.Exclusions.of(content)
        if (
            found != leaves.Exclusions(**draw.spec["exclusions"])
            or hashes != sorted(set(hashes))
            or len(content) % 32
        ):
            raise Failed(f"the accounts that may not win draw {number} are not those committed to")
        return f"{found.count} accounts may not win, as committed to"

    def _earned(self, number: int, count: int) -> roster.Tickets:
        total = np.zeros(count, dtype=np.int64)
        draw = self._history.draws[number]
        for round_id in [named["round"] for named in draw.stages["roster"]["rounds"]]:
            stages = self._history.rounds[round_id]
            behind = self._numbers(box_path(round_id))
            if len(behind) and int(behind.max()) >= count:
                raise Failed(f"round {round_id}: number {behind.max()} was never given out")
            channels = draws.channels_of(draw.spec, self._history.original(round_id))
            total[behind] += draws.round_tickets(stages, self._slots(round_id, stages), channels)
        return total

    def _check_won(self, number: int, draw: Draw, numbers: Numbers) -> int:
        *earlier, _ = draw.spec["cap"]["draws"]
        times = np.zeros(draw.stages["roster"]["numbers_count"], dtype=np.int64)
        for one in earlier:
            if one in self._won:
                known = self._won[one][self._won[one] < len(times)]
                np.add.at(times, known, 1)
        said = np.frombuffer(self._published[bundle.draw_path(number, "won.bin")], dtype=np.uint8)
        right = np.minimum(times[numbers], 255)
        if not np.array_equal(said, right):
            at = int(np.flatnonzero(said != right)[0])
            raise Failed(f"place {at} won {right[at]} prizes before, not {said[at]}")
        return int(said.sum())

    def _numbers(self, path: str) -> Numbers:
        if not (self._folder / path).is_file():
            raise Failed(f"{path} is missing")
        return read_numbers(self._folder / path)

    def _slots(self, round_id: str, stages: Stages) -> bytes:
        if "withheld_mac" not in stages["seal"]:
            return self._published[box_path(round_id)]
        path = f"kept/{round_id}.bin"
        if not (self._folder / path).is_file():
            raise Failed(f"{path} is missing")
        content = (self._folder / path).read_bytes()
        said = hmac.digest(self._rounds[round_id], b"gala/box/1\x00" + content, "sha256").hex()
        if said != stages["seal"]["withheld_mac"]:
            raise Failed(f"{path} is not the box that was sealed")
        return content


def _committed(key: bytes | None, commitment: str, whose: str) -> bytes:
    if key is None or places.key_commitment(key).hex() != commitment:
        raise Failed(f"the key of {whose} is not the one that was committed to")
    return key


def _in_order(key: bytes, numbers: Numbers, mac: str, whose: str) -> None:
    if len(np.unique(numbers)) != len(numbers):
        raise Failed(f"a number stands twice in {whose}")
    if places.numbers_mac(key, numbers).hex() != mac:
        raise Failed(f"the numbers of {whose} are not those that were sealed")
    if not np.array_equal(places.public_order(key, numbers), np.arange(len(numbers))):
        raise Failed(f"{whose} is not in the order of its key")
