"""The log under the eyes of others: its signed checkpoint at any moment, the cosignatures they bring back."""

import asyncio
from pathlib import Path

from rewards.evidence import bundle
from rewards.keeping.journal import Journal
from rewards.log import files
from rewards.log.note import Checkpoint, Signer
from rewards.rules import witness
from rewards.rules.witness import Cosigned


class Watched:
    """One evening's log towards its witnesses. turn: the register's; methods may be called from any task."""

    def __init__(self, folder: Path, signer: Signer, journal: Journal, turn: asyncio.Lock) -> None:
        self._folder = folder
        self._signer = signer
        self._journal = journal
        self._turn = turn

    @property
    def key(self) -> str:
        """The log's verifier key, as text."""
        return str(self._signer.verifier)

    async def checkpoint(self) -> str:
        """The log as it stands, signed: what a witness looks at."""
        async with self._turn:
            await self._journal.catch_up()
            size, root = len(self._journal.bodies), bytes.fromhex(self._journal.root())
            return self._signer.sign(Checkpoint(self._signer.name, size, root).text())

    async def cosigned(self, note: str) -> list[Cosigned]:
        """Takes in a cosigned checkpoint, and keeps it if it vouches for a leaf that nobody has vouched for.

        BadNote unless it is this log's, with cosignatures of witnesses that a spec names, and no others.
        """
        async with self._turn:
            await self._journal.catch_up()
            found = self._read(note)
            stand = await asyncio.to_thread(self._kept)
            asking = witness.unwitnessed(self._journal.history, stand)
            path = bundle.witness_path(found[0].size)
            # a file stands as it was first kept: another witness of the same size waits for the next leaf
            helps = witness.unwitnessed(self._journal.history, [*stand, *found]) != asking
            if helps and path not in bundle.witness_paths(self._folder):
                await asyncio.to_thread(files.write_durably, self._folder / path, note.encode())
            return found

    async def unwitnessed(self) -> list[int]:
        """The leaves that ask for a witness before a beacon speaks, and have none yet: their indices."""
        async with self._turn:
            await self._journal.catch_up()
            return witness.unwitnessed(self._journal.history, await asyncio.to_thread(self._kept))

    async def vouched(self, draw: int) -> bool:
        """Whether a witness saw the reveals of a draw closed before its beacon spoke."""
        async with self._turn:
            await self._journal.catch_up()
            found = self._journal.history.draws[draw]
            kept = await asyncio.to_thread(self._kept)
            return witness.witnessed(found, found.stages.index("reveals-closed"), kept)

    def _kept(self) -> list[Cosigned]:
        found = []
        for path in bundle.witness_paths(self._folder):
            found += self._read((self._folder / path).read_text("utf-8"))
        return found

    def _read(self, note: str) -> list[Cosigned]:
        hashes = [bytes.fromhex(line.hash) for line in self._journal.lines()]
        known = witness.keys_of(self._journal.history)
        return witness.read_cosigned(note, self._signer.verifier, hashes, known)
