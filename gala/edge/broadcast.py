"""The one place that sends to viewers: a message becomes one frame, and its bytes go to everyone it is for.

Of a `show` and of a `tally` only the newest counts, so a phone that reads slowly gets no older one. All else
reaches everyone whom the wire has not cut off.
"""

from typing import Any

import msgspec

from gala.edge.audience import Cohort, Viewer
from gala.wire.exchange import Exchange
from gala.wire.outlet import BOARD, SHOW
from gala.wire.packets import event_frame

NAMESPACE = "/viewer"
NEWEST = {"show": SHOW, "tally": BOARD}


def plain(message: msgspec.Struct) -> Any:
    """A message as the maps and lists that msgpack knows."""
    return msgspec.to_builtins(message)


class Broadcast:
    """Sends to viewers. Rooms are cohorts'."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def dropped(self) -> dict[str, int]:
        """Connections that we ended against their will since this process began, by reason."""
        return dict(self._exchange.dropped)

    @property
    def shed(self) -> int:
        """Shows and boards that slow readers never got, because a newer one took their place."""
        return self._exchange.shed

    async def admit(self, viewer: Viewer) -> None:
        """From now on this connection gets what its cohort is told."""
        await self._exchange.enter(viewer.sid, NAMESPACE, viewer.cohort.room)

    async def dismiss(self, viewer: Viewer) -> None:
        """From now on it does not."""
        await self._exchange.leave(viewer.sid, NAMESPACE, viewer.cohort.room)

    async def tell(self, cohort: Cohort, event: str, message: msgspec.Struct) -> None:
        """The same bytes to all of a cohort."""
        frame = event_frame(NAMESPACE, event, message)
        kind = NEWEST.get(event)
        if kind is None:
            await self._exchange.tell(NAMESPACE, cohort.room, frame)
        else:
            await self._exchange.tell_newest(NAMESPACE, cohort.room, kind, frame)

    async def tell_all(self, event: str, message: msgspec.Struct) -> None:
        """To everyone connected."""
        await self._exchange.tell(NAMESPACE, None, event_frame(NAMESPACE, event, message))

    async def tell_one(self, sid: str, event: str, message: msgspec.Struct) -> None:
        """To one connection."""
        self._exchange.tell_one(sid, event_frame(NAMESPACE, event, message), NEWEST.get(event))
