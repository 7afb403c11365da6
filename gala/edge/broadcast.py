"""The one place that sends: a message is encoded once and goes to everyone it is for.

python-socketio does the sending for now; a faster way replaces this module and nothing else.
"""

from typing import Any

import msgspec
import socketio

from gala.edge.audience import Cohort, Viewer

NAMESPACE = "/viewer"


def plain(message: msgspec.Struct) -> Any:
    """A message as the maps and lists that msgpack knows."""
    return msgspec.to_builtins(message)


class Broadcast:
    """Sends to viewers. Rooms are cohorts'."""

    def __init__(self, sockets: socketio.AsyncServer) -> None:
        self._sockets = sockets

    async def admit(self, viewer: Viewer) -> None:
        """From now on this connection gets what its cohort is told."""
        await self._sockets.enter_room(viewer.sid, viewer.cohort.room, namespace=NAMESPACE)

    async def dismiss(self, viewer: Viewer) -> None:
        """From now on it does not."""
        await self._sockets.leave_room(viewer.sid, viewer.cohort.room, namespace=NAMESPACE)

    async def tell(self, cohort: Cohort, event: str, message: msgspec.Struct) -> None:
        """The same bytes to all of a cohort."""
        await self._sockets.emit(event, plain(message), room=cohort.room, namespace=NAMESPACE)

    async def tell_all(self, event: str, message: msgspec.Struct) -> None:
        """To everyone connected."""
        await self._sockets.emit(event, plain(message), namespace=NAMESPACE)

    async def tell_one(self, sid: str, event: str, message: msgspec.Struct) -> None:
        """To one connection."""
        await self._sockets.emit(event, plain(message), to=sid, namespace=NAMESPACE)
