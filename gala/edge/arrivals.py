"""Those who have come, to be welcomed, and those of whom something became true, to be told what they have.

Both need the store, and after a lost line or a reveal thousands need it at once. A step takes the first few
of them, reads for all of these together, and tells them; the others wait, and nobody's cue waits for them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import cast

import msgspec

from gala.clock import Now
from gala.edge.audience import Audience, Cohort, Viewer
from gala.edge.broadcast import Broadcast
from gala.edge.holdings import Holdings
from gala.passes import Passes
from gala.protocol import Mine, Relief, Show, Welcome

STEP_MAX = 200
"""Viewers of either kind in one step."""
SLICE = 50
"""Viewers told before anything else gets its turn."""


class Arrivals:
    """Those of one edge. back_ms, relief: see `Welcome`. tell(cohort, now_ms): has a cohort told what came
    into its sight, if anything did; show_of(cohort, now_ms): its whole view as of then."""

    def __init__(
        self,
        audience: Audience,
        broadcast: Broadcast,
        holdings: Holdings,
        passes: Passes,
        *,
        now: Now,
        rate: Callable[[], float],
        back_ms: Callable[[], int],
        relief: Callable[[], Relief],
        tell: Callable[[Cohort, int], Awaitable[None]],
        show_of: Callable[[Cohort, int], Show],
    ) -> None:
        self._audience = audience
        self._broadcast = broadcast
        self._holdings = holdings
        self._passes = passes
        self._now = now
        self._rate = rate
        self._back_ms = back_ms
        self._relief = relief
        self._tell = tell
        self._show_of = show_of
        self._arrived: deque[Viewer] = deque()
        self._news_for: deque[Viewer] = deque()

    def arrive(self, viewer: Viewer) -> None:
        """A connection was accepted: it is welcomed in the next step, after its CONNECT has gone out."""
        self._audience.arrive(viewer)
        self._arrived.append(viewer)

    def news_for(self, sids: Iterable[str]) -> None:
        """Something became true of these: a result, entries, vouchers. They are told in the steps to come."""
        found = (self._audience.get(sid) for sid in sids)
        self._news_for.extend(viewer for viewer in found if viewer is not None)

    async def step(self, now_ms: int) -> None:
        """Welcomes some, and tells some what they have. Where the store fails, the next step tries again."""
        some = list(islice(self._arrived, STEP_MAX))
        for cohort in dict.fromkeys(viewer.cohort for viewer in some):
            await self._tell(cohort, now_ms)  # it may be new, and have seen nothing yet
        async for read in self._read(self._arrived, [viewer for viewer in some if not viewer.welcomed]):
            shows: dict[Cohort, msgspec.Raw] = {}
            for viewer, mine in read:
                if viewer.cohort not in shows:
                    show = self._show_of(viewer.cohort, now_ms)
                    shows[viewer.cohort] = msgspec.Raw(msgspec.msgpack.encode(show))
                await self._welcome(viewer, shows[viewer.cohort], mine)
        _drop(self._arrived, len(some))

        some = list(islice(self._news_for, STEP_MAX))
        numbered = [viewer for viewer in some if viewer.welcomed and viewer.number >= 0]
        async for read in self._read(self._news_for, numbered):
            for viewer, mine in read:
                await self._broadcast.tell_one(viewer.sid, "mine", mine)
        _drop(self._news_for, len(some))

    async def _read(
        self, waiting: deque[Viewer], viewers: Sequence[Viewer]
    ) -> AsyncIterator[list[tuple[Viewer, Mine]]]:
        """What these have, a slice at a time; without those who are gone by then. For whoever has moved to
        another cohort meanwhile, which may know less, it is read again."""
        asked = [(viewer, viewer.cohort) for viewer in viewers if self._here(viewer)]
        found = await self._holdings.of([viewer for viewer, _ in asked])
        for start in range(0, len(asked), SLICE):
            if start:
                await asyncio.sleep(0)
            part = range(start, min(start + SLICE, len(asked)))
            waiting.extend(asked[at][0] for at in part if asked[at][0].cohort is not asked[at][1])
            stayed = [at for at in part if asked[at][0].cohort is asked[at][1]]
            yield [(asked[at][0], found[at]) for at in stayed if self._here(asked[at][0])]

    def _here(self, viewer: Viewer) -> bool:
        return self._audience.get(viewer.sid) is viewer

    async def _welcome(self, viewer: Viewer, show: msgspec.Raw, mine: Mine) -> None:
        welcome = Welcome(
            viewer=viewer.viewer,
            pass_=self._passes.viewer(viewer.viewer, viewer.number, viewer.account),
            now_ms=self._now(),
            rate=self._rate(),
            show=cast("Show", show),  # encoded once for all of a slice: it is the same and the longest part
            mine=mine,
            cohort=viewer.cohort.name,
            delay_ms=viewer.cohort.exact_ms if viewer.delay_ms is None else viewer.delay_ms,
            rest_ms=viewer.rest_ms,
            back_ms=self._back_ms(),
            relief=self._relief(),
        )
        viewer.welcomed = True
        await self._broadcast.admit(viewer)  # not before: a welcome is the first word
        await self._broadcast.tell_one(viewer.sid, "welcome", welcome)


def _drop(waiting: deque[Viewer], count: int) -> None:
    """Takes the first few off, once they have been served."""
    for _ in range(count):
        waiting.popleft()
