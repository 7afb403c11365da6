"""The published directory: everything a stranger needs to check an evening, and nothing about a person.

MANIFEST.json                        path, size and SHA-256 of every other file
keys.txt                             the log's verifier key
log/checkpoint, log/tile/…           the signed log (C2SP tlog-checkpoint, tlog-tiles)
boxes/<round>.bin, .counters.json    sealed boxes in public order, counters beside recounts
witness/<size>                       checkpoints that others cosigned
draws/<n>/deck-<tier>.bin, roster.bin, eligible.bin, won.bin, ranking.bin, beacon.json
prizes.csv                           every voucher: the winning ranks, and who was promoted
ledger.csv                           every row, up to the last roll-up in the log
SPEC.md, verify.py                   how to read all this, and a program that does

What is derived (tiles, prizes, beacon) is written by pure functions that the auditor uses too.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewards.arithmetic.ranking import Ranked
from rewards.log import canonical, files, merkle, tiles
from rewards.log.note import Checkpoint, Signer
from rewards.money import books, vouchers
from rewards.money.prizes import Prizes, promoted, read_prizes
from rewards.money.vouchers import IssuingIds
from rewards.rules import boxes
from rewards.rules.history import Draw, History

MANIFEST = "MANIFEST.json"
SCHEMA = "gala/bundle/1"
KEYS = "keys.txt"  # written first: it marks a folder as a bundle
FOLDERS = ("log/", "boxes/", "draws/", "witness/")
FIXED = ("SPEC.md", "verify.py")  # copied from beside this module; every spec leaf holds their hashes
PRIZES_HEADER = "draw,tier,prize,alternate,place,ticket,score,amount,currency,voucher"


class Contents(dict[str, bytes]):
    """A bundle's files by path. Nothing writes them, so each is hashed once."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(files)
        self._digests: dict[str, str] = {}

    def digest(self, path: str) -> str:
        """Its SHA-256, hex."""
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(self[path]).hexdigest()
        return self._digests[path]


def draw_path(draw: int, name: str) -> str:
    return f"draws/{draw}/{name}"


def deck_path(draw: int, tier: int) -> str:
    return draw_path(draw, f"deck-{tier}.bin")


def witness_path(size: int) -> str:
    return f"witness/{size}"


def witness_paths(folder: Path) -> list[str]:
    """The cosigned checkpoints that a register's folder keeps."""
    return sorted(f"witness/{path.name}" for path in (folder / "witness").glob("*[0-9]"))


def fixed_files(folder: Path) -> dict[str, bytes]:
    """The fixed files of an evening. They are kept in its folder from the first call on, so that a later
    version of this program still publishes those the specs promised."""
    found = {}
    for name in FIXED:
        if not (folder / name).is_file():
            files.write_durably(folder / name, (Path(__file__).parents[1] / name).read_bytes())
        found[name] = (folder / name).read_bytes()
    return found


def fixed_hashes(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in fixed_files(folder).items()}


def prizes_csv(found: Sequence[Prizes], rows: Iterable[str], ids: IssuingIds) -> bytes:
    """Every voucher of every finished draw, in order of draws, tiers, prizes and alternates: the winning
    ranks, and who was promoted, as the ledger's rows (CSV lines) tell. Uses up the alternates."""
    heirs: dict[tuple[int, int], list[tuple[int, int, Ranked]]] = {}
    for (draw, tier, prize, alternate), heir in promoted(found, rows):
        heirs.setdefault((draw, tier), []).append((prize, alternate, heir))
    lines = [PRIZES_HEADER]
    for won in found:
        draw = won.spec["draw"]
        for terms, result in zip(won.spec["prizes"], won.results, strict=True):
            tier, currency, faces = result.tier, terms["currency"], won.faces[result.tier]
            records, (_, names) = result.winners.records, ids.of(draw, tier, len(faces))
            places, tickets = records["place"].tolist(), records["ticket"].tolist()
            scores, whose = records["score"].tobytes().hex(), f"{draw},{tier}"
            told = [
                f"{whose},{prize},0,{place},{ticket},{scores[32 * prize : 32 * prize + 32]},"
                f"{face},{currency},{name}"
                for prize, (place, ticket, face, name) in enumerate(
                    zip(places, tickets, faces, names, strict=True)
                )
            ]
            for prize, alternate, heir in heirs.get((draw, tier), ()):  # of one prize, in the order of rows
                name = vouchers.voucher_id(draw, tier, prize, alternate).hex()
                told[prize] += (
                    f"\n{draw},{tier},{prize},{alternate},{heir.place},{heir.ticket},{heir.score.hex()},"
                    f"{faces[prize]},{currency},{name}"
                )
            lines += told
    return ("\n".join(lines) + "\n").encode()


def beacon_json(draw: Draw) -> bytes:
    """The beacon's round as a draw used it, in a form to compare with any relay's."""
    result = draw.stages["result"]
    signature = bytes.fromhex(result["signature"])
    found = {
        "chain": draw.spec["beacon"],
        "rehearsal": draw.spec["rehearsal"],
        "round": result["beacon_round"],
        "signature": result["signature"],
        "randomness": hashlib.sha256(signature).hexdigest(),
    }
    return canonical.encode(found)


def log_files(bodies: Sequence[bytes], signer: Signer) -> dict[str, bytes]:
    """`log/…`: the tiles, and a checkpoint over all of them."""
    root = merkle.root(merkle.leaf_hash(body) for body in bodies)
    note = signer.sign(Checkpoint(signer.name, len(bodies), root).text())
    found = {KEYS: f"{signer.verifier}\n".encode()}
    found |= {f"log/{path}": content for path, content in tiles.files(bodies).items()}
    return found | {"log/checkpoint": note.encode()}


def box_paths(history: History) -> list[str]:
    """The files of every sealed round; a box that is kept back has only its counters."""
    found = []
    for round_id, stages in history.rounds.items():
        if "seal" in stages:
            found.append(boxes.counters_path(round_id))
            if "sha256" in stages["seal"]:
                found.append(boxes.box_path(round_id))
    return found


def draw_paths(history: History) -> list[str]:
    """The files of every draw, as far as it has come; what is derived from others is not among them."""
    found = []
    for number, draw in history.draws.items():
        found += [deck_path(number, prize["tier"]) for prize in draw.spec["prizes"] if "deck" in prize]
        if "roster" in draw.stages:
            found += [draw_path(number, "roster.bin"), draw_path(number, "eligible.bin")]
            found += [draw_path(number, "won.bin")] if "won_sha256" in draw.stages["roster"] else []
        if "result" in draw.stages:
            found.append(draw_path(number, "ranking.bin"))
    return found


def manifest(history: History, found: Mapping[str, bytes]) -> bytes:
    listed = [
        {"path": path, "size": len(found[path]), "sha256": hashlib.sha256(found[path]).hexdigest()}
        for path in sorted(found)
    ]
    head: dict[str, Any] = {"schema": SCHEMA, "show": history.evening["show"]}
    return canonical.encode(head | {"rehearsal": history.evening["rehearsal"], "files": listed})


def write(
    target: Path,
    folder: Path,
    history: History,
    bodies: Sequence[bytes],
    lines: Sequence[str],
    signer: Signer,
) -> None:
    """Writes or refreshes a bundle. folder: the register's; lines: the rows up to the last roll-up.

    Files that did not change are left alone; files of an older state (partial tiles) are removed. The
    manifest comes last, so a bundle that is caught half refreshed says so. ValueError for a folder that
    holds something else.
    """
    found = log_files(bodies, signer) | fixed_files(folder)
    for path in [*box_paths(history), *draw_paths(history), *witness_paths(folder)]:
        found[path] = (folder / path).read_bytes()
    finished = []
    for number, draw in history.draws.items():
        if "result" in draw.stages:
            finished.append(read_prizes(draw, found.__getitem__))
            found[draw_path(number, "beacon.json")] = beacon_json(draw)
    found["prizes.csv"] = prizes_csv(finished, lines, IssuingIds())
    found["ledger.csv"] = books.csv(lines)
    listing = manifest(history, found)
    _clear(target, found)
    for path, content in [*found.items(), (MANIFEST, listing)]:
        file = target / path
        if not (file.is_file() and file.read_bytes() == content):
            files.write_durably(file, content)


def _clear(target: Path, found: Mapping[str, bytes]) -> None:
    """Removes what an older or interrupted refresh left behind."""
    there = present(target)
    if there and not {MANIFEST, KEYS} & set(there):
        raise ValueError(f"{target} holds files and is no bundle")
    for path in there:
        if path not in found and (path.startswith(FOLDERS) or path.endswith(".part")):
            (target / path).unlink()


def present(folder: Path) -> list[str]:
    """Every file below a folder, as sorted paths with slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
