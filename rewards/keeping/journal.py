"""The log while it grows: each leaf checked, made durable, and written once.

A leaf's key decides between a retry and a contradiction. Files come to rest before the leaf that holds their
hash; a spec's budget rows are of the same transaction as its leaf.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from rewards.keeping.told import Line
from rewards.log import canonical, files, merkle
from rewards.money.cashier import Cashier
from rewards.money.ledger import Ledger, Overtaken
from rewards.rules import history, leaves
from rewards.rules.leaves import Leaf


class Contradiction(ValueError):
    """A leaf that was written before with other content."""


class Journal:
    """One evening's leaves with their fold. Its owner lets one task in at a time."""

    def __init__(self, folder: Path, ledger: Ledger, cashier: Cashier, evening: Leaf) -> None:
        """evening: the first leaf, without its time; a log that begins otherwise is a Contradiction."""
        self._folder = folder
        self._ledger = ledger
        self._cashier = cashier
        self._evening = evening
        self.history = history.History()  # the fold; written by `catch_up` and `_write`
        self.bodies: list[bytes] = []  # the log itself; written by `_remember`
        self._index: dict[str, int] = {}  # a leaf's key -> its index; written by `_remember`
        self._lines: list[Line] = []  # as `bodies`, in outline; written by `_remember`

    async def append(
        self,
        leaf: Leaf,
        at_ms: int,
        found: Mapping[str, bytes] | None = None,
    ) -> Leaf:
        """The leaf as it stands in the log: this one now, or the same as it was written before.

        found: the files it speaks of, path below the folder to content, made durable first.
        """
        while True:
            try:
                return await self._append(leaf, at_ms, found or {})
            except Overtaken:
                continue  # another process wrote this place of the log; what it wrote is read first

    async def _append(self, leaf: Leaf, at_ms: int, found: Mapping[str, bytes]) -> Leaf:
        await self.catch_up()
        if not self.bodies:
            await self._write(self._evening | {"at_ms": at_ms}, {})
        key = leaves.key_of(leaf)
        if key in self._index:
            stands: Leaf = canonical.decode(self.bodies[self._index[key]])
            names = sorted({*leaf, *stands} - {"at_ms"})
            differing = [name for name in names if leaf.get(name) != stands.get(name)]
            if differing:
                raise Contradiction(f"{key} was written before with another {differing[0]}")
            return stands
        return await self._write(leaf | {"at_ms": at_ms}, found)

    async def append_with_rows(
        self, head: Leaf, at_ms: int, write: Callable[[AsyncConnection], Awaitable[Leaf]]
    ) -> Leaf:
        """The leaf as it stands, written in one transaction with the ledger's rows it speaks of.

        head: what decides its key. write: writes the rows and returns what else the leaf says; it is not
        asked when the leaf stands already, and again when another process was faster.
        """
        while True:
            try:
                return await self._append_with_rows(head, at_ms, write)
            except Overtaken:
                continue  # as above

    async def _append_with_rows(
        self, head: Leaf, at_ms: int, write: Callable[[AsyncConnection], Awaitable[Leaf]]
    ) -> Leaf:
        await self.catch_up()
        key = leaves.key_of(head)
        if key in self._index:
            stands: Leaf = canonical.decode(self.bodies[self._index[key]])
            return stands
        try:
            async with self._ledger.transaction() as db:
                body = canonical.encode(head | {"at_ms": at_ms} | await write(db))
                leaf: Leaf = canonical.decode(body)
                self.history.apply(leaf)
                await self._ledger.add_leaf(db, len(self.bodies), key, body)
        except BaseException:
            self._forget()
            raise
        self._remember(body, leaf)
        return leaf

    async def _write(self, leaf: Leaf, found: Mapping[str, bytes]) -> Leaf:
        body = canonical.encode(leaf)
        leaf = canonical.decode(body)
        index = len(self.bodies)
        self.history.apply(leaf)
        try:
            async with self._ledger.transaction() as db:
                await self._ledger.add_leaf(db, index, leaves.key_of(leaf), body)
                # Within the transaction: durable before the leaf is, and never touched by a leaf that fails.
                for name, content in found.items():
                    await asyncio.to_thread(files.write_durably, self._folder / name, content)
                if leaf["schema"] == "gala/spec/1":
                    await self._cashier.fund(db, leaf, leaf["at_ms"])
        except BaseException:
            self._forget()
            raise
        self._remember(body, leaf)
        return leaf

    async def catch_up(self) -> None:
        """Folds the leaves that stand and are not folded yet (after a start, or a step that failed)."""
        async with self._ledger.transaction() as db:
            stored = await self._ledger.leaves(db, len(self.bodies))
        for _, body in stored:
            leaf = canonical.decode(body)
            self.history.apply(leaf)
            self._remember(body, leaf)
        evening = self.history.evening
        for name, value in self._evening.items():
            if evening and evening[name] != value:
                raise Contradiction(f"{self._folder} holds another evening, {evening['origin']!r}")

    def lines(self) -> list[Line]:
        """The leaves in outline, in order."""
        return list(self._lines)

    def root(self) -> str:
        """The root over the leaves so far, hex."""
        return merkle.root(bytes.fromhex(line.hash) for line in self._lines).hex()

    def _forget(self) -> None:
        """The fold may have run ahead of the log: the next turn folds again what stands."""
        self.history, self.bodies, self._index, self._lines = history.History(), [], {}, []

    def _remember(self, body: bytes, leaf: Leaf) -> None:
        index, key = len(self.bodies), leaves.key_of(leaf)
        self._index[key] = index
        self._lines.append(Line(index, leaf["schema"], key, merkle.leaf_hash(body).hex(), leaf["at_ms"]))
        self.bodies.append(body)
