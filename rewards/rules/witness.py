"""Who vouches for "before": cosigners of the log, from both sides.

Times in the log are the operator's own. A witness is somebody else with a key of their own, who follows the
log and cosigns its checkpoints, each only if the log has grown and nothing in it was changed since the last.
A cosignature says when it was made; so what stands in a log cosigned before a beacon spoke was decided
before. Formats: C2SP `tlog-cosignature`, `tlog-checkpoint`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rewards.log import merkle
from rewards.log.note import BadNote, Checkpoint, Cosigner, Verifier, cosigned_at_s, read
from rewards.rules.history import Draw, History


class NotCosigned(ValueError):
    """A checkpoint that a witness may not cosign; says what the log did."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """One cosignature: over the first `size` leaves, by `key` (its text form), made at `at_s` (POSIX)."""

    size: int
    key: str
    at_s: int


def keys_of(history: History) -> list[str]:
    """The witnesses that the specs name so far, in text form, sorted."""
    return sorted({key for draw in history.draws.values() for key in draw.spec["witnesses"]})


def read_cosigned(
    note: str, log_key: Verifier, hashes: Sequence[bytes], known: Iterable[str]
) -> list[Cosigned]:
    """The cosignatures under a checkpoint of this log, one at least.

    hashes: of the log's leaves, at least as many as the checkpoint covers; known: the witnesses' keys.
    BadNote if the log's key did not sign it, it is of another tree, or a line is neither the log's nor a
    witness's.
    """
    text = read(note, log_key)
    checkpoint = Checkpoint.parse(text)
    if checkpoint.text() != text:
        raise BadNote("a checkpoint has three lines and no more")
    if checkpoint.origin != log_key.name or not 0 < checkpoint.size <= len(hashes):
        raise BadNote(f"a checkpoint of {checkpoint.origin}, {checkpoint.size} leaves")
    if merkle.root(hashes[: checkpoint.size]) != checkpoint.root:
        raise BadNote(f"another tree than this log's first {checkpoint.size} leaves")
    found = []
    for key in known:
        at_s = cosigned_at_s(note, Verifier.parse(key))
        if at_s is not None:
            found.append(Cosigned(checkpoint.size, key, at_s))
    if not found or note.count("\n— ") != 1 + len(found):
        raise BadNote("a line that is neither the log's nor a known witness's, or no cosignature at all")
    return found


def witnessed(draw: Draw, index: int, found: Iterable[Cosigned]) -> bool:
    """Whether one of the draw's witnesses saw the leaf at `index` before the beacon that decides the draw."""
    return any(
        one.size > index and one.key in draw.spec["witnesses"] and one.at_s * 1000 < draw.decided_at_ms
        for one in found
    )


def unwitnessed(history: History, found: Sequence[Cosigned]) -> list[int]:
    """The leaves that ask for a witness and have none: of draws closed, or void by their director."""
    asking = []
    for draw in history.draws.values():
        stages = [stage for stage in ("reveals-closed", "void") if stage in draw.stages]
        if "void" in stages and draw.stages["void"]["cause"] != "director":
            stages = []
        asking += [draw.stages.index(s) for s in stages if not witnessed(draw, draw.stages.index(s), found)]
    return sorted(asking)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness remembers of a log between two looks: never less than it has cosigned."""

    origin: str
    size: int
    root: bytes


def look(seen: Seen | None, note: str, log_key: Verifier, hashes: Sequence[bytes]) -> Seen:
    """Checks that a log has only grown since. NotCosigned, in words for the newspapers, if it has not.

    hashes: the leaves' hashes as the log serves them, at least as many as the checkpoint says.
    """
    try:
        checkpoint = Checkpoint.parse(read(note, log_key))
    except BadNote as error:
        raise NotCosigned(f"its checkpoint: {error}") from error
    if checkpoint.origin != log_key.name or (seen is not None and seen.origin != checkpoint.origin):
        raise NotCosigned(f"it is another log: {checkpoint.origin}")
    if len(hashes) < checkpoint.size:
        raise NotCosigned(f"it says {checkpoint.size} leaves and shows {len(hashes)}")
    if merkle.root(hashes[: checkpoint.size]) != checkpoint.root:
        raise NotCosigned("its leaves do not give the root it signed")
    if seen is not None:
        if checkpoint.size < seen.size:
            raise NotCosigned(f"it has shrunk from {seen.size} leaves to {checkpoint.size}")
        proof = merkle.consistency(hashes[: checkpoint.size], seen.size) if seen.size else []
        grown = merkle.verify_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, proof)
        if seen.size and not grown:
            raise NotCosigned(f"its first {seen.size} leaves are not those it had shown: it was rewritten")
    return Seen(checkpoint.origin, checkpoint.size, checkpoint.root)


def cosign(note: str, cosigner: Cosigner, at_s: int) -> str:
    """The cosignature line over a checkpoint that `look` has found good, as of `at_s` (POSIX seconds)."""
    return cosigner.cosign(note.rpartition("\n\n")[0] + "\n", at_s)
