"""A role's way to the cue log: reads it into states, and calls cues into it."""

import asyncio
from collections.abc import Callable
from typing import Any

from gala.rundown import Rundown
from gala.show.reasons import Reason
from gala.show.refusals import refusal
from gala.show.state import State
from gala.store.log import Entry, Head, ShowLog, Stale
from gala.view import History

TRIES = 32
"""Appends that may lose against another writer before the call gives up; each loss is another's progress."""


class CueRefused(Exception):
    """The cue may not be done now, or (STALE) what it depends on has changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


STALE = "stale"


class Follower:
    """The log as one role has read it. Written by `read` and `call` alone, which take turns."""

    def __init__(self, rundown: Rundown, log: ShowLog) -> None:
        self.rundown = rundown
        self.history = History(rundown)
        self._log = log
        self._head = Head()
        self._by_id: dict[str, Entry] = {}
        self._turn = asyncio.Lock()

    @property
    def state(self) -> State:
        """The newest state read."""
        return self.history.head

    async def read(self) -> list[Entry]:
        """Reads to the log's end; the entries that were new. `Forked` if it is not the log followed."""
        async with self._turn:
            return await self._read()

    async def _read(self) -> list[Entry]:
        new: list[Entry] = []
        while batch := await self._log.read(self._head.version):
            for entry in batch:
                self._take(entry)
            new += batch
        return new

    def _take(self, entry: Entry) -> None:
        self.history.add(entry)
        self._head = entry.head
        self._by_id[entry.id] = entry

    async def call(
        self,
        cue: dict[str, Any],
        *,
        id: str,  # noqa: A002 - the wire's word
        by: str,
        now_ms: int,
        expects: Callable[[State], bool] = lambda _: True,
    ) -> Entry:
        """Appends a cue, once for its `id`, if the fold allows it and `expects` holds for the state it meets.

        Given again with the same id it answers with the entry that is there. Raises `CueRefused`.
        """
        async with self._turn:
            for _ in range(TRIES):
                await self._read()
                if (known := self._by_id.get(id)) is not None:
                    return known
                if not expects(self.state):
                    raise CueRefused(STALE)
                reason = refusal(self.rundown, self.state, cue, max(now_ms, self.state.at_ms))
                if reason is not None:
                    raise CueRefused(STALE if reason is Reason.NOT_STANDBY else reason)
                try:
                    appended = await self._log.append(self._head, cue, id=id, by=by, at_ms=now_ms)
                except Stale:
                    continue
                if not appended.existed:
                    self._take(appended.entry)
                return appended.entry
            raise CueRefused(STALE)

    async def say(self, cue: dict[str, Any], *, id: str, by: str, now_ms: int) -> None:  # noqa: A002
        """As `call`, for what needs no answer: where the cue may not stand any more, somebody was faster or
        the show has moved on, and the log, read to its end, says how."""
        try:
            await self.call(cue, id=id, by=by, now_ms=now_ms)
        except CueRefused:
            await self.read()
