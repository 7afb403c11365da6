"""Who is here: one record a connection, grouped in cohorts that get the same bytes."""

from collections.abc import Iterable, Iterator

import msgspec

from gala import timing
from gala.rundown import Channel, Rundown
from gala.show_state import State
from gala.view import cohort_name


class Cohort:
    """All who watch one channel with one delay. Written by the edge's step alone, but for `members`."""

    __slots__ = (
        "channel",
        "channel_index",
        "delay_ms",
        "members",
        "name",
        "tally_seq",
        "told_step",
        "visible",
    )

    def __init__(self, channel: Channel, channel_index: int, delay_ms: int) -> None:
        self.channel = channel
        self.channel_index = channel_index
        self.delay_ms = delay_ms
        self.name = cohort_name(channel, delay_ms)
        self.members: set[str] = set()
        self.visible = State()
        self.told_step = -1
        self.tally_seq = 0


class Viewer:
    """One connection of a viewer. Written by that connection's handlers and, on arrival, by the step."""

    __slots__ = ("cohort", "number", "sid", "viewer", "welcomed")

    def __init__(self, sid: str, viewer: str, number: int, cohort: Cohort) -> None:
        self.sid = sid
        self.viewer = viewer
        self.number = number
        self.cohort = cohort
        self.welcomed = False


class Tuning(msgspec.Struct, frozen=True):
    """How a viewer says they watch. `delay_ms` None: as the channel has it."""

    channel: str = ""
    delay_ms: int | None = None


class Audience:
    """Everyone connected to this edge."""

    def __init__(self, rundown: Rundown) -> None:
        self._rundown = rundown
        self._index = {channel.id: index for index, channel in enumerate(rundown.channels)}
        self._viewers: dict[str, Viewer] = {}
        self._cohorts: dict[str, Cohort] = {}

    def __len__(self) -> int:
        return len(self._viewers)

    def __iter__(self) -> Iterator[Viewer]:
        return iter(tuple(self._viewers.values()))

    @property
    def cohorts(self) -> Iterable[Cohort]:
        """The cohorts of this edge, members or not."""
        return tuple(self._cohorts.values())

    def knows(self, channel: str) -> bool:
        """Whether the rundown has a channel of that id."""
        return channel in self._index

    def cohort(self, tuning: Tuning) -> Cohort:
        """The cohort for a tuning; an unknown or empty channel is the rundown's first.

        When `timing.COHORTS_MAX` have members, the nearest later one of the channel has to do, else its last.
        """
        index = self._index.get(tuning.channel, 0)
        channel = self._rundown.channels[index]
        delay_ms = timing.cohort_delay_ms(timing.declared_delay_ms(channel, tuning.delay_ms))
        name = cohort_name(channel, delay_ms)
        found = self._cohorts.get(name)
        if found is None and len(self._cohorts) >= timing.COHORTS_MAX:
            self._cohorts = {name: cohort for name, cohort in self._cohorts.items() if cohort.members}
        if found is None and len(self._cohorts) >= timing.COHORTS_MAX:
            same = sorted(
                (cohort for cohort in self._cohorts.values() if cohort.channel_index == index),
                key=lambda cohort: cohort.delay_ms,
            )
            later = [cohort for cohort in same if cohort.delay_ms >= delay_ms]
            found = later[0] if later else (same[-1] if same else None)
        if found is None:
            found = self._cohorts[name] = Cohort(channel, index, delay_ms)
        return found

    def arrive(self, viewer: Viewer) -> None:
        """Adds a connection."""
        self._viewers[viewer.sid] = viewer
        viewer.cohort.members.add(viewer.sid)

    def leave(self, sid: str) -> None:
        """Removes a connection; unknown ones are no fault (it may have been refused)."""
        viewer = self._viewers.pop(sid, None)
        if viewer is not None:
            viewer.cohort.members.discard(sid)

    def move(self, viewer: Viewer, cohort: Cohort) -> None:
        """Puts a viewer into another cohort."""
        viewer.cohort.members.discard(viewer.sid)
        viewer.cohort = cohort
        cohort.members.add(viewer.sid)

    def get(self, sid: str) -> Viewer | None:
        """The connection of that socket id, if it is still here."""
        return self._viewers.get(sid)
