"""The evidence as it goes out, and again whenever the books have grown: bundle, its checks, the statement.

Weeks after the show money still moves, so the bundle is refreshed: a new roll-up of the ledger, a new
checkpoint over it. Each state is checked by the verifier and told in the statement, ``statement.html`` beside
the bundle, for the crew's eyes.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from gala.settings import STATEMENT
from gala.statement import chronicle, statement
from gala.statement.reckoning import reckoning
from rewards.evidence import bundle
from rewards.evidence.checks import Check, verify_bundle
from rewards.keeping.register import Register

REFRESH_MS = 60_000  # at most so often: a checkpoint a redemption would be many, and tell when each was

log = structlog.get_logger("gala")


def write_statement(data: Path, checks: list[Check], *, made_at_ms: int, to: Path | None = None) -> Path:
    """The statement of the bundle in a data folder, written there or to a file of one's own."""
    found = reckoning(data / "bundle", checks)
    page = statement(found, chronicle.kept(data / "books"), made_at_ms=made_at_ms)
    path = to or data / STATEMENT
    part = path.with_name(f"{path.name}.part")
    part.write_text(page, "utf-8")
    part.replace(path)
    return path


class Publishing:
    """The outgoing side of one set of books. `data` holds bundle, books and statement.

    wall_ms: the world's time, for the statement's date.
    """

    def __init__(self, register: Register, data: Path, wall_ms: Callable[[], int]) -> None:
        self._register = register
        self._data = data
        self._wall_ms = wall_ms
        self.grown = False  # the books have, since the bundle went out; set by whoever writes them
        self.signed = (0, 0)  # leaves under the newest checkpoint that is out, and when (ms); by `publish`
        self.checks: list[Check] = []  # of the newest bundle; by `check`
        self._checked = True

    @property
    def notes(self) -> Path:
        """The folder of what only the operator keeps."""
        return self._data / "books"

    @property
    def out(self) -> bool:
        """Whether there is a bundle, of this process's making or an earlier one's."""
        return (self._data / "bundle" / bundle.MANIFEST).is_file()

    async def publish(self, now_ms: int) -> None:
        """Writes or refreshes the bundle."""
        self.grown = False  # before: what is written meanwhile goes out with the next
        await self._register.publish(self._data / "bundle", at_ms=now_ms)
        note = await asyncio.to_thread((self._data / "bundle" / "log" / "checkpoint").read_text, "utf-8")
        self.signed = (int(note.split("\n")[1]), now_ms)
        self._checked = False

    async def step(self, now_ms: int) -> bool:
        """Refreshes a bundle that is out when the books have grown, or checks the one that went out last and
        writes the statement of it; whether there was anything to do."""
        if not self._checked:
            self._checked = True
            self.checks = await asyncio.to_thread(verify_bundle, self._data / "bundle")
            for check in self.checks:
                if not check.ok:
                    log.error("the bundle does not hold", check=check.name, detail=check.detail)
            await asyncio.to_thread(write_statement, self._data, self.checks, made_at_ms=self._wall_ms())
            return True
        if self.grown and self.out and now_ms >= self.signed[1] + REFRESH_MS:
            await self.publish(now_ms)
            return True
        return False
