"""Signed notes and checkpoints: C2SP `signed-note` and `tlog-checkpoint`, Ed25519 (RFC 8032).

A note is a text ending in a newline, an empty line, and signature lines

    — <key name> base64(key id, 4 bytes ‖ signature, 64 bytes)

The key id is the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key); a verifier key is
written `name+id in hex+base64(0x01 ‖ public key)`. A checkpoint's text is three lines: the log's
origin, its size in decimal, its root in base64. Lines of keys we do not know are passed over, as the
specification asks; a known key with a wrong signature fails.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+]+")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


class BadNote(ValueError):
    """A note, key or checkpoint that is malformed, unsigned or wrongly signed."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name. `public` is 32 bytes."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        key = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, line: str) -> "Verifier":
        """Reads a verifier key; BadNote if it is malformed or its id is not that of its key."""
        parts = line.split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise BadNote("not a verifier key")
        key = _base64(parts[2])
        if len(key) != 33 or key[:1] != ED25519:
            raise BadNote("not an Ed25519 verifier key")
        found = cls(parts[0], key[1:])
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
        if not _NAME.fullmatch(self.name):
            raise BadNote(f"key name {self.name!r} holds a space or a plus")
        if not text.endswith("\n"):
            raise BadNote("a note's text ends in a newline")
        signature = Ed25519PrivateKey.from_private_bytes(self.private).sign(text.encode())
        line = base64.b64encode(self.verifier.key_id + signature).decode()
        return f"{text}\n— {self.name} {line}\n"


def read(note: str, verifier: Verifier) -> str:
    """The text of a note signed by `verifier`; BadNote otherwise."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise BadNote("no signature block")
    text += "\n"
    signed = False
    for line in lines[:-1].split("\n"):
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise BadNote("malformed signature line")
        signature = _base64(match[2])
        if match[1] != verifier.name or signature[:4] != verifier.key_id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature[4:], text.encode())
        except (InvalidSignature, ValueError) as error:
            raise BadNote(f"wrong signature by {verifier.name}") from error
        signed = True
    if not signed:
        raise BadNote(f"no signature by {verifier.name}")
    return text


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
