"""The checks of a bundle: what `python -m rewards.audit` prints. The rules, in order:

manifest     every file is listed with its size and hash, and no other file is there
checkpoint   the log's key has signed its origin, size and root (`--key`: and it is the key you know)
log          the entries give that root; the tiles are exactly theirs
history      each leaf may follow those before it (`history` lists those rules)
files        exactly the files the log speaks of; this SPEC.md and verify.py were promised by every spec
witness      cosignatures: who vouches that the reveals closed before the beacon spoke
round …      the box is what its seal says, the counters are what the box gives
draw …       roster from the sealed boxes; the beacon's signature; ranking and result from the seed
prizes       prizes.csv is what the results give
ledger       rows chain up to the roll-ups, every equation holds, each payout is one winning rank

keys of …    with `--keys`: whose slot became whose tickets, which only the keys of the places can show
"""

import gc
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rewards.arithmetic import decks
from rewards.evidence import accounts, bundle, keyed
from rewards.evidence.bundle import Contents
from rewards.evidence.rounds import Failed, check_box, check_ranking, check_roster
from rewards.log import canonical, merkle, shapes, tiles
from rewards.log.note import ED25519, BadNote, Checkpoint, Verifier, read
from rewards.money.vouchers import IssuingIds
from rewards.rules import witness
from rewards.rules.history import BrokenHistory, Draw, History, Stages


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's outcome. detail: what was counted, or the first thing that is wrong."""

    name: str
    ok: bool
    detail: str

    def __str__(self) -> str:
        return f"{'PASS' if self.ok else 'FAIL'}  {self.name}: {self.detail}"


@dataclass(slots=True)
class Reading:
    """A bundle while it is read; each rule may rely on what those before it found."""

    files: Contents
    key: str | None
    checkpoint: Checkpoint = field(default_factory=lambda: Checkpoint("", 0, b""))
    bodies: list[bytes] = field(default_factory=list)
    history: History = field(default_factory=History)
    ids: IssuingIds = field(default_factory=IssuingIds)


UNCHECKED = "rounds, draws, ledger"  # what stands for all checks that were not made

Rule = Callable[[Reading], str]
Money = Callable[[], Iterable[Check]]


def verify_bundle(
    folder: Path, key: str | None = None, keys: Path | None = None, money: Money | None = None
) -> list[Check]:
    """All checks of a bundle. key: the verifier key the log must be signed with, where one is known.

    keys: the auditor's folder of place keys (see `keyed`), whose checks come last; ValueError if it is none.
    money: gives what `money_of` does of this folder, where another process does that work; asked for once the
    log is known to be good.

    A failed rule stops those that build upon it; they fail as `not checked`.
    """
    reading = _read(folder, key)
    checks = list(checked(reading, money))
    if keys is not None and checks[-1].name != UNCHECKED:
        opened = keyed.Keyed(keys, reading.files, reading.history)
        checks += [_run(name, partial(_keyed, rule), reading) for name, rule in opened.checks()]
    return checks


def _read(folder: Path, key: str | None) -> Reading:
    return Reading(Contents({path: (folder / path).read_bytes() for path in bundle.present(folder)}), key)


def checked(reading: Reading, money: Money | None = None) -> Iterator[Check]:
    """The checks of a bundle's files in their order, each made when it is asked for."""
    for check in _beginning(reading):
        yield check
    if check.ok:
        yield from (_run(name, rule, reading) for name, rule in _claims(reading.history))
        yield from money() if money else _money(reading)


def _beginning(reading: Reading) -> Iterator[Check]:
    """Manifest and log. Where the last of these checks fails, there is nothing to go on with."""
    yield _run("manifest", _manifest, reading)
    for name, rule in (("checkpoint", _checkpoint), ("log", _log), ("history", _history)):
        check = _run(name, rule, reading)
        yield check
        if not check.ok:
            yield Check(UNCHECKED, False, f"not checked: {name} failed")
            return


def money_of(folder: Path) -> list[Check]:
    """The checks of money alone, for a process of their own, which reads the log for itself."""
    paths = [path for path in bundle.present(folder) if not path.startswith("boxes/")]
    reading = Reading(Contents({path: (folder / path).read_bytes() for path in paths}), None)
    gc.disable()  # hundreds of thousands of rows, and nothing among them that only points at itself
    for rule in (_checkpoint, _log, _history):
        rule(reading)
    return list(_money(reading))


def _money(reading: Reading) -> Iterator[Check]:
    yield _run("prizes", _prizes, reading)
    yield _run("ledger", _ledger, reading)


def _claims(history: History) -> Iterator[tuple[str, Rule]]:
    yield "files", _files
    yield "witness", _witness
    for round_id, stages in history.rounds.items():
        if "seal" in stages:
            yield f"round {round_id}", partial(_box, stages)
    for number, draw in history.draws.items():
        if "roster" in draw.stages:
            yield f"draw {number} roster", partial(_roster, number)
        if "result" in draw.stages:
            yield f"draw {number} result", partial(_result, draw)


def _keyed(rule: Callable[[], str], _reading: Reading) -> str:
    return rule()


def _box(stages: Stages, reading: Reading) -> str:
    return check_box(stages, reading.files)


def _roster(number: int, reading: Reading) -> str:
    return check_roster(reading.history, number, reading.files)


def _result(draw: Draw, reading: Reading) -> str:
    return check_ranking(draw, reading.bodies, reading.files)


def _prizes(reading: Reading) -> str:
    return accounts.check_prizes(reading.history, reading.files, reading.ids)


def _ledger(reading: Reading) -> str:
    return accounts.check_ledger(reading.history, reading.files, reading.ids)


def _run(name: str, rule: Rule, reading: Reading) -> Check:
    try:
        return Check(name, True, rule(reading))
    except Failed as failure:
        return Check(name, False, str(failure))
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        struct.error,
    ) as error:
        # Whatever a forger writes, the answer is FAIL and a name, never a traceback.
        return Check(name, False, f"malformed: {error!r}")


def _manifest(reading: Reading) -> str:
    if bundle.MANIFEST not in reading.files:
        raise Failed(f"{bundle.MANIFEST} is missing")
    listing = canonical.decode(reading.files[bundle.MANIFEST])
    if wrong := shapes.part_fault(listing, "manifest", bundle.MANIFEST):
        raise Failed(wrong)
    paths = [item["path"] for item in listing["files"]]
    if listing["schema"] != bundle.SCHEMA or paths != sorted(set(paths)):
        raise Failed(f"{bundle.MANIFEST} is not of version 1, or its paths do not ascend")
    listed = {item["path"]: item for item in listing["files"]}
    present = set(reading.files) - {bundle.MANIFEST}
    for path in sorted(present ^ set(listed)):
        raise Failed(f"{path} is {'not listed' if path in present else 'missing'}")
    for path, item in listed.items():
        if len(reading.files[path]) != item["size"] or reading.files.digest(path) != item["sha256"]:
            raise Failed(f"{path} is not the file that was listed")
    total = sum(len(content) for content in reading.files.values())
    return f"{len(listed)} files, {total} bytes"


def _checkpoint(reading: Reading) -> str:
    keys = reading.files["keys.txt"].decode("utf-8")
    verifier = Verifier.parse(keys.removesuffix("\n"))
    if keys != f"{verifier}\n" or verifier.kind != ED25519:
        raise Failed("keys.txt holds more than the log's key")
    if reading.key is not None and str(verifier) != reading.key:
        raise Failed(f"the log is signed by {verifier}, not by the key you know")
    try:
        text = read(reading.files["log/checkpoint"].decode("utf-8"), verifier)
        reading.checkpoint = Checkpoint.parse(text)
    except BadNote as error:
        raise Failed(f"log/checkpoint: {error}") from error
    if reading.files["log/checkpoint"].count(b"\n\xe2\x80\x94 ") != 1:
        raise Failed("log/checkpoint: signed by others too; cosignatures are in witness/")
    if reading.checkpoint.origin != verifier.name or reading.checkpoint.text() != text:
        raise Failed("log/checkpoint: not the log of its key")
    return f"{reading.checkpoint.origin}, {reading.checkpoint.size} leaves, signed by {verifier.key_id.hex()}"


def _log(reading: Reading) -> str:
    found = {path[4:]: content for path, content in reading.files.items() if path.startswith("log/tile/")}
    reading.bodies = tiles.read(found, reading.checkpoint.size)
    root = merkle.root(merkle.leaf_hash(body) for body in reading.bodies)
    expected = tiles.files(reading.bodies)
    for path in sorted(set(found) ^ set(expected)):
        raise Failed(f"log/{path} is {'not a tile of this log' if path in found else 'missing'}")
    for path, content in expected.items():
        if found[path] != content:
            raise Failed(f"log/{path} is not what the entries give")
    if root != reading.checkpoint.root:
        raise Failed("the entries do not give the root that was signed")
    return f"{len(reading.bodies)} leaves, root {root.hex()[:16]}…"


def _history(reading: Reading) -> str:
    for index, body in enumerate(reading.bodies):
        try:
            reading.history.apply(canonical.decode(body))
        except (BrokenHistory, canonical.NotCanonical) as error:
            raise Failed(f"leaf {index}: {error}") from error
    evening = reading.history.evening
    if not evening or evening["origin"] != reading.checkpoint.origin:
        raise Failed("the evening is not that of the log's origin")
    listing = canonical.decode(reading.files[bundle.MANIFEST])
    if (listing["show"], listing["rehearsal"]) != (evening["show"], evening["rehearsal"]):
        raise Failed(f"{bundle.MANIFEST} speaks of another evening")
    rehearsal = ", a REHEARSAL" if evening["rehearsal"] else ""
    return f"{len(reading.history.rounds)} rounds, {len(reading.history.draws)} draws{rehearsal}"


def _files(reading: Reading) -> str:
    history = reading.history
    expected = {bundle.MANIFEST, "keys.txt", "log/checkpoint", "prizes.csv", "ledger.csv", *bundle.FIXED}
    expected |= {f"log/{path}" for path in tiles.files(reading.bodies)}
    expected |= {*bundle.box_paths(history), *bundle.draw_paths(history)}
    expected |= {path for path in reading.files if path.startswith("witness/")}  # each is checked below
    for number, draw in history.draws.items():
        if "result" in draw.stages:
            expected.add(bundle.draw_path(number, "beacon.json"))
        for name, digest in draw.spec["files"].items():
            if reading.files.digest(name) != digest:
                raise Failed(f"{name} is not the one draw {number}'s spec promised")
        for prize in draw.spec["prizes"]:
            path = bundle.deck_path(number, prize["tier"])
            if "deck" in prize:
                _, counts = decks.decode(reading.files[path])
                if decks.leaf(reading.files[path]) != prize["deck"] or int(counts.sum()) != prize["count"]:
                    raise Failed(f"{path} is not the deck that the spec promised")
    for path in sorted(expected ^ set(reading.files)):
        raise Failed(f"{path} is {'missing' if path in expected else 'no file of this evening'}")
    return f"{len(expected)} files, all of this evening"


def _witness(reading: Reading) -> str:
    history, found = reading.history, []
    hashes = [merkle.leaf_hash(body) for body in reading.bodies]
    verifier = Verifier.parse(reading.files["keys.txt"].decode().removesuffix("\n"))
    for path in sorted(path for path in reading.files if path.startswith("witness/")):
        try:
            cosigned = witness.read_cosigned(
                reading.files[path].decode("utf-8"), verifier, hashes, witness.keys_of(history)
            )
        except BadNote as error:
            raise Failed(f"{path}: {error}") from error
        if path != bundle.witness_path(cosigned[0].size):
            raise Failed(f"{path}: a checkpoint of {cosigned[0].size} leaves")
        found += cosigned
    told = [f"{len(found)} cosignatures"]
    for number, draw in history.draws.items():
        lacks = [
            stage
            for stage in ("reveals-closed", "void")
            if stage in draw.stages and not witness.witnessed(draw, draw.stages.index(stage), found)
        ]
        void = draw.stages["void"]["cause"] if "void" in draw.stages else ""
        if void == "unwitnessed" and "reveals-closed" not in lacks:
            raise Failed(f"draw {number} is void as unwitnessed, but its reveals were cosigned in time")
        if ("reveals-closed" in lacks and "result" in draw.stages) or (
            "void" in lacks and void == "director"
        ):
            if not history.evening["rehearsal"]:
                raise Failed(
                    f"draw {number} is UNWITNESSED: only the operator says what was before the beacon"
                )
            told.append(f"draw {number} UNWITNESSED, which is accepted in a rehearsal only")
    return ", ".join(told)
