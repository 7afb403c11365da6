"""Signed notes, checkpoints, cosignatures, proofs: C2SP `signed-note`, `tlog-checkpoint`, `tlog-cosignature`,
`tlog-proof`, all with Ed25519 (RFC 8032).

A note is a text ending in a newline, an empty line, and signature lines

    — <key name> base64(key id, 4 bytes ‖ signature, 64 bytes)

The key id is the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key); a verifier key is
written `name+id in hex+base64(0x01 ‖ public key)`. A checkpoint's text is three lines: the log's
origin, its size in decimal, its root in base64. Lines of keys we do not know are passed over, as the
specification asks; a known key with a wrong signature fails.

A cosigner says that it saw the log grow consistently up to this checkpoint, and when: its key is of type
0x04, its signature u64be(POSIX seconds) ‖ 64 bytes, over "cosignature/v1\ntime SECONDS\n" ‖ the
checkpoint's text.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
COSIGNATURE = b"\x04"
_PROOF = "c2sp.org/tlog-proof@v1"
_NAME = re.compile(r"[^\s+]+")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


class BadNote(ValueError):
    """A note, key or checkpoint that is malformed, unsigned or wrongly signed."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name. `public` is 32 bytes; `kind` says whether it signs or cosigns."""

    name: str
    public: bytes
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def __str__(self) -> str:
        key = base64.b64encode(self.kind + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, line: str) -> "Verifier":
        """Reads a verifier key; BadNote if it is malformed or its id is not that of its key."""
        parts = line.split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise BadNote("not a verifier key")
        key = _base64(parts[2])
        if len(key) != 33 or key[:1] not in (ED25519, COSIGNATURE):
            raise BadNote("not an Ed25519 verifier key")
        found = cls(parts[0], key[1:], key[:1])
        if found.key_id.hex() != parts[1]:
            raise BadNote(f"key id {parts[1]} is not that of the key")
        return found


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key (32 bytes) with its name; never printed."""

    name: str
    private: bytes

    @property
    def verifier(self) -> Verifier:
        key = Ed25519PrivateKey.from_private_bytes(self.private)
        return Verifier(self.name, key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note of a text (which ends in a newline). Ed25519 is deterministic: so is the note."""
        if not text.endswith("\n"):
            raise BadNote("a note's text ends in a newline")
        signature = Ed25519PrivateKey.from_private_bytes(self.private).sign(text.encode())
        return f"{text}\n{_line(self.verifier, signature)}"


@dataclass(frozen=True, slots=True, repr=False)
class Cosigner:
    """A witness's private key (32 bytes) with its name; never printed."""

    name: str
    private: bytes

    @property
    def verifier(self) -> Verifier:
        key = Ed25519PrivateKey.from_private_bytes(self.private)
        return Verifier(self.name, key.public_key().public_bytes_raw(), COSIGNATURE)

    def cosign(self, text: str, at_s: int) -> str:
        """The signature line, with its newline, over a checkpoint's text, as of `at_s` (POSIX seconds)."""
        signature = Ed25519PrivateKey.from_private_bytes(self.private).sign(_cosigned(text, at_s))
        return _line(self.verifier, at_s.to_bytes(8, "big") + signature)


def read(note: str, verifier: Verifier) -> str:
    """The text of a note signed by `verifier`; BadNote otherwise."""
    text, lines = _split(note)
    signed = False
    for signature in _of(lines, verifier):
        _check(verifier, signature, text.encode())
        signed = True
    if not signed:
        raise BadNote(f"no signature by {verifier.name}")
    return text


def cosigned_at_s(note: str, verifier: Verifier) -> int | None:
    """When `verifier` cosigned this checkpoint, POSIX seconds (its first time, if more); None if it did not.

    BadNote for a line of its that does not hold.
    """
    text, lines = _split(note)
    times = []
    for signature in _of(lines, verifier):
        at_s = int.from_bytes(signature[:8], "big")
        _check(verifier, signature[8:], _cosigned(text, at_s))
        times.append(at_s)
    return min(times, default=None)


def cosigner_names(note: str) -> list[str]:
    """Under a checkpoint: the names on lines that are not the log's own. Nothing is verified; BadNote if it
    is none."""
    text, lines = _split(note)
    return [name for name, _ in lines if name != Checkpoint.parse(text).origin]


def _cosigned(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def _line(verifier: Verifier, signature: bytes) -> str:
    if not _NAME.fullmatch(verifier.name):
        raise BadNote(f"key name {verifier.name!r} holds a space or a plus")
    return f"— {verifier.name} {base64.b64encode(verifier.key_id + signature).decode()}\n"


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text, and (name, key id ‖ signature) of each of its lines."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise BadNote("no signature block")
    found = []
    for line in lines[:-1].split("\n"):
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise BadNote("malformed signature line")
        found.append((match[1], _base64(match[2])))
    return f"{text}\n", found


def _of(lines: Sequence[tuple[str, bytes]], verifier: Verifier) -> Iterator[bytes]:
    for name, signature in lines:
        if name == verifier.name and signature[:4] == verifier.key_id:
            yield signature[4:]


def _check(verifier: Verifier, signature: bytes, message: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise BadNote(f"wrong signature by {verifier.name}") from error


def proof_text(index: int, path: Sequence[bytes], note: str) -> str:
    """A `tlog-proof`: that a leaf stands at `index` of the log whose checkpoint `note` is.

    path: RFC 6962 inclusion, the leaf's neighbour first.
    """
    steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    return f"{_PROOF}\nindex {index}\n{steps}\n{note}"


def read_proof(text: str) -> tuple[int, list[bytes], str]:
    """Index, path and checkpoint note of a `tlog-proof` (its `extra` passed over); BadNote otherwise."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if len(lines) > 1 and lines[1].startswith("extra "):
        del lines[1]
    if not gap or len(lines) < 2 or lines[0] != _PROOF or not re.fullmatch(r"index (0|[1-9]\d*)", lines[1]):
        raise BadNote("not a tlog-proof")
    path = [_base64(line) for line in lines[2:]]
    if any(len(step) != 32 for step in path):
        raise BadNote("a step of a proof has 32 bytes")
    return int(lines[1].removeprefix("index ")), path, note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's name, size in leaves and root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0]:
            raise BadNote("a checkpoint has three lines")
        if not re.fullmatch(r"0|[1-9][0-9]*", lines[1]):
            raise BadNote("a checkpoint's size is a decimal without leading zeros")
        found = _base64(lines[2])
        if len(found) != 32:
            raise BadNote("a checkpoint's root has 32 bytes")
        return cls(lines[0], int(lines[1]), found)


def _base64(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadNote("malformed base64") from error
    # Spare bits of the last letter may differ and decode alike; only one spelling is accepted.
    if base64.b64encode(found).decode() != text:
        raise BadNote("base64 is not in its one form")
    return found
