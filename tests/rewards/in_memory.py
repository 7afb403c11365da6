"""A bundle as a mapping of paths to bytes: changed, signed again, verified, without a folder or a process."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from rewards import verify
from rewards.evidence import bundle, checks
from rewards.evidence.bundle import Contents
from rewards.log import canonical, tiles
from rewards.log.note import Signer
from rewards.rules.leaves import Leaf
from tests.rewards.evening import KEYS, SHOW

Files = Mapping[str, bytes]


def read(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in bundle.present(folder)}


def audit_says(files: Files) -> str:
    """The first failing line of `rewards.audit`, or nothing; later checks are not made."""
    found = checks.checked(checks.Reading(Contents(files), None))
    return next((str(check) for check in found if not check.ok), "")


def alone_says(files: Files) -> str:
    """The last line of the bundle's own `verify.py`, if it fails."""
    good, lines = verify.verify_files(dict(files))
    return "" if good else lines[-1]


def flipped(files: Files, path: str, bit: int) -> dict[str, bytes]:
    """bit: counted from the first byte's lowest."""
    content = bytearray(files[path])
    content[bit // 8] ^= 1 << bit % 8
    return {**files, path: bytes(content)}


def listed(files: Files) -> dict[str, bytes]:
    """With a manifest to fit."""
    listing = canonical.decode(files[bundle.MANIFEST])
    paths = sorted(set(files) - {bundle.MANIFEST})
    listing["files"] = [
        {"path": path, "size": len(files[path]), "sha256": hashlib.sha256(files[path]).hexdigest()}
        for path in paths
    ]
    return {**files, bundle.MANIFEST: canonical.encode(listing)}


def leaves_of(files: Files) -> list[Leaf]:
    held = {path[4:]: content for path, content in files.items() if path.startswith("log/tile/")}
    size = int(files["log/checkpoint"].split(b"\n")[1])
    return [canonical.decode(body) for body in tiles.read(held, size)]


def signed(files: Files, leaves: Sequence[Leaf | bytes]) -> dict[str, bytes]:
    """What an operator can do: the same key over another log, and a manifest to fit."""
    bodies = [leaf if isinstance(leaf, bytes) else canonical.encode(leaf) for leaf in leaves]
    signer = Signer(f"gala/{SHOW}/rehearsal", KEYS.log)
    kept = {path: content for path, content in files.items() if not path.startswith("log/")}
    return listed({**kept, **bundle.log_files(bodies, signer)})
