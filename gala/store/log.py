"""The cue log: one ordered, gapless, hash-chained history of a show, in a stream.

Entry n of ``log:{SHOW}`` is stream id ``n-0``; n is the show's version. Each entry holds the digest of
the one before it, so that two readers who hold the same digest hold the same history, and an append names
the digest it follows: of two writers one wins, without lock or leader. A cue carries an id of its own;
appending that id again gives the entry that is there, so whoever did not get the reply asks again.

``digest(n) = SHA-256("gala/cue/1\\0" ‖ digest(n-1), 32 bytes ‖ framed fields)``, digest(0) is 32 zero
bytes. The fields are version and at_ms (decimal), id and by (UTF-8), cue (msgpack, map keys sorted), in
the order version, id, at_ms, by, cue; each is preceded by its length as u32, big-endian.

Redis refuses no gaps by itself and its clock is nobody's business, so ids are never ``*`` and times are
arguments.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gala.store import keys
from gala.store.clients import Clients

GENESIS = "0" * 64

READ_COUNT = 512
"""Entries in one reply: an evening has a few hundred, so one read usually has them all."""

_APPEND = (Path(__file__).parent / "lua" / "append.lua").read_text("utf-8")
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


class Head(msgspec.Struct, frozen=True):
    """How far a reader or writer has the log. No entry after it is earlier than `at_ms`."""

    version: int = 0
    digest: str = GENESIS
    at_ms: int = 0


class Entry(msgspec.Struct, frozen=True):
    """One cue as it stands in the log. `prev` and `digest` are hex; `by` is a crew member or a role."""

    version: int
    id: str
    at_ms: int
    by: str
    cue: dict[str, Any]
    prev: str
    digest: str

    @property
    def head(self) -> Head:
        """The log as of this entry."""
        return Head(self.version, self.digest, self.at_ms)


class Appended(msgspec.Struct, frozen=True):
    """`existed`: the id was there already, and `entry` is what was appended then."""

    entry: Entry
    existed: bool


class Stale(Exception):
    """The log is not at the expected version and digest; nothing was written. Read on and decide anew."""

    def __init__(self, version: int, digest: str) -> None:
        super().__init__(f"the log is at version {version}")
        self.version = version
        self.digest = digest


class Forked(Exception):
    """The log does not continue what this reader knows: another history, or one that was tampered with."""


def chain(prev: str, entry: Entry) -> str:
    """The digest (hex) of `entry` after `prev` (hex). `entry`'s own prev and digest are not looked at."""
    fields = (
        str(entry.version).encode(),
        entry.id.encode(),
        str(entry.at_ms).encode(),
        entry.by.encode(),
        _encode(entry.cue),
    )
    framed = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return hashlib.sha256(b"gala/cue/1\0" + bytes.fromhex(prev) + framed).hexdigest()


def verify(head: Head, entries: Sequence[Entry]) -> Head:
    """The head after `entries`, if they continue `head` without gap or change. Raises Forked otherwise."""
    for entry in entries:
        if entry.version != head.version + 1:
            raise Forked(f"entry {entry.version} follows entry {head.version}")
        if entry.prev != head.digest:
            raise Forked(f"entry {entry.version} continues another history")
        if entry.digest != chain(entry.prev, entry):
            raise Forked(f"entry {entry.version} is not what its digest says")
        if entry.at_ms < head.at_ms:
            raise Forked(f"entry {entry.version} is earlier than the one before it")
        head = entry.head
    return head


class ShowLog:
    """The log of one show. Many processes may hold one each; none of them leads."""

    def __init__(self, clients: Clients, show: str) -> None:
        self._clients = clients
        self._log = keys.log(show)
        self._ids = keys.log_ids(show)
        self._append = clients.once.register_script(_APPEND)

    async def begin(self, epoch: str, cue: dict[str, Any], *, id: str, by: str, at_ms: int) -> Entry:  # noqa: A002
        """Writes the first entry, `cue` with ``epoch`` in it: a random name of this numbering.

        Again with the same id it gives the entry there is. Raises Stale if the log began otherwise.
        """
        return (await self.append(Head(), {"epoch": epoch, **cue}, id=id, by=by, at_ms=at_ms)).entry

    async def append(self, head: Head, cue: dict[str, Any], *, id: str, by: str, at_ms: int) -> Appended:  # noqa: A002
        """Appends `cue` after `head`, no earlier than the entry there.

        cue: msgpack's types with str keys (else TypeError). Raises Stale if the log has moved on, and
        redis-py's errors if no reply came: the cue may be in the log then, and appending the same id again
        tells.
        """
        packed = _encode(cue)
        # Unpacked again, so that the writer holds what every reader will.
        entry = Entry(head.version + 1, id, max(head.at_ms, at_ms), by, _decode(packed), head.digest, "")
        digest = chain(head.digest, entry)
        verdict, version, fields = await self._append(
            keys=[self._log, self._ids],
            args=[head.version, head.digest, id, by, entry.at_ms, packed, digest],
        )
        if verdict == b"stale":
            raise Stale(int(version), fields[0].decode())
        if verdict == b"existing":
            pairs = dict(zip(fields[::2], fields[1::2], strict=True))
            return Appended(_entry(int(version), pairs), existed=True)
        return Appended(msgspec.structs.replace(entry, digest=digest), existed=False)

    async def read(self, after: int, count: int = READ_COUNT) -> list[Entry]:
        """At most `count` entries from version `after` + 1 on, their chain checked from entry `after` on.

        Raises Forked if the chain is broken, or if there is no entry `after`.
        """
        found = await self._range(max(after, 1), count + 1 if after else count)
        if found and found[-1].version > after:
            await self._clients.settle(self._log)  # nobody is told of a cue that could still vanish
        if not after:
            verify(Head(), found)
            return found
        if not found or found[0].version != after:
            raise Forked(f"the log has no entry {after}")
        if found[0].digest != chain(found[0].prev, found[0]):
            raise Forked(f"entry {after} is not what its digest says")
        verify(found[0].head, found[1:])
        return found[1:]

    async def _range(self, first: int, count: int) -> list[Entry]:
        found: Any = await self._clients.once.xrange(self._log, min=f"{first}-0", max="+", count=count)
        return [_entry_of(one) for one in found]


def _entry_of(found: Any) -> Entry:
    stream_id, fields = found
    version, _, part = stream_id.decode().partition("-")
    if part != "0":
        raise Forked(f"{stream_id.decode()} is no entry of ours")
    return _entry(int(version), fields)


def _entry(version: int, fields: dict[bytes, bytes]) -> Entry:
    try:
        return Entry(
            version=version,
            id=fields[b"id"].decode(),
            at_ms=int(fields[b"at_ms"]),
            by=fields[b"by"].decode(),
            cue=_decode(fields[b"cue"]),
            prev=fields[b"prev"].decode(),
            digest=fields[b"digest"].decode(),
        )
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        raise Forked(f"entry {version} cannot be read: {error!r}") from error
