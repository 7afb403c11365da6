"""Who is in which namespace and room: python-socketio's client list, laid out for many connections.

Its own list keeps a room for every connection and looks through all of them whenever one leaves, so that
a hall of ten thousand that loses its connections at once would look at a hundred million rooms. Here a
connection has one id, its line's, in every namespace, and is in the namespace's list and in real rooms only.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from socketio.async_manager import AsyncManager

from gala.wire.packets import event_frame

if TYPE_CHECKING:
    from gala.wire.line import Line


class Members(AsyncManager):  # type: ignore[misc]  # python-socketio has no types
    """The lines of one listener. `rooms[namespace][room]` maps ids to lines; room None is everyone."""

    rooms: dict[str, dict[str | None, dict[str, "Line"]]]

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, Line] = {}  # every open line; written by the lines themselves
        self._arriving: set[tuple[str, str]] = set()
        self._leaving: set[tuple[str, str]] = set()

    def of(self, namespace: str, room: str | None = None) -> Iterable["Line"]:
        """The lines of a room, those still in their connect handler among them."""
        return self.rooms.get(namespace, {}).get(room, {}).values()

    def forget(self, sid: str) -> None:
        """A line is gone, also if a handler that was to hear of it failed."""
        self.lines.pop(sid, None)
        for namespace in list(self.rooms):
            self.basic_disconnect(sid, namespace)

    # ------------------------------------------------------------ what python-socketio asks of a client list

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """(id, line's id) of everyone in a room, in several rooms, or of one connection."""
        known = self.rooms.get(namespace, {})
        rooms = [room] if room is None or isinstance(room, str) else room
        found: dict[str, Line] = {}
        for name in rooms:
            everyone = known.get(None, {})
            if name in everyone:
                found[name] = everyone[name]
            found.update(known.get(name, {}))
        yield from ((sid, sid) for sid in found)

    async def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **more: Any,
    ) -> None:
        """An event to a room: encoded once, and written without a task a recipient."""
        if callback:
            await super().emit(event, data, namespace, to or room, skip_sid, callback, **more)
            return
        content = data if isinstance(data, tuple) else () if data is None else (data,)
        frame = event_frame(namespace, event, *content)
        skipped = skip_sid if isinstance(skip_sid, list) else [skip_sid]
        for sid, _ in self.get_participants(namespace, to or room):
            if sid not in skipped and sid in self.lines:
                self.lines[sid].write(frame)

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """A line asks to be let into a namespace; None: it is in already, or gone."""
        line = self.lines.get(eio_sid)
        if line is None or eio_sid in self.rooms.get(namespace, {}).get(None, {}):
            return None
        self._arriving.add((namespace, eio_sid))
        self.rooms.setdefault(namespace, {}).setdefault(None, {})[eio_sid] = line
        return eio_sid

    async def connect(self, sid: str, namespace: str) -> str:
        """It was let in."""
        self._arriving.discard((namespace, sid))
        if sid in self.lines:
            self.lines[sid].enter(namespace)
        return sid

    def is_connected(self, sid: str | None, namespace: str) -> bool:
        """Whether it was let in and has not begun to leave."""
        place = (namespace, sid)
        return (
            sid in self.rooms.get(namespace, {}).get(None, {})
            and place not in self._arriving
            and place not in self._leaving
        )

    def pre_disconnect(self, sid: str, namespace: str) -> str:
        """It begins to leave."""
        self._leaving.add((namespace, sid))
        if sid in self.lines:
            self.lines[sid].leave(namespace)
        return sid

    def basic_disconnect(self, sid: str, namespace: str, **_more: Any) -> None:
        """It has left, or was not let in."""
        self._arriving.discard((namespace, sid))
        self._leaving.discard((namespace, sid))
        self.callbacks.pop(sid, None)
        for room in [name for name, members in self.rooms.get(namespace, {}).items() if sid in members]:
            self.basic_leave_room(sid, namespace, room)

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """The id of a line in a namespace, if it is there: its own."""
        return eio_sid if eio_sid in self.rooms.get(namespace, {}).get(None, {}) else None

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """The other way round: the same."""
        return self.sid_from_eio_sid(sid, namespace)

    def is_sid_room(self, namespace: str, room: str) -> bool:
        """Whether a room's name is that of a connection."""
        return room in self.rooms.get(namespace, {}).get(None, {})

    def basic_enter_room(self, sid: str, namespace: str, room: str, eio_sid: str | None = None) -> None:  # noqa: ARG002
        """Puts a connection into a room."""
        if self.sid_from_eio_sid(sid, namespace) is None:
            raise ValueError("sid is not connected to requested namespace")
        if sid != room and self.is_sid_room(namespace, room):
            raise ValueError("cannot enter a sid room")
        known = self.rooms[namespace]
        known.setdefault(room, {})[sid] = known[None][sid]
