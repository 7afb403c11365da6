"""Who is here: one record a connection, grouped in cohorts that get the same bytes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from gala import timing
from gala.rundown import Channel, Rundown
from gala.show.state import State
from gala.view import cohort_name

TRIPS = 8  # of a connection are remembered: those of its first burst, then two minutes of single ones


class Cohort:
    """All who watch one channel with one delay. Written by the edge's step alone, but for `members`.

    declared_ms: the delay they declare, already rounded; None: they watch the channel as it comes, and go
    along when it is tuned. delay_ms: what comes into their sight waits so long, a multiple of
    `timing.STEP_MS`. exact_ms: the delay from which their instants are told. room: a name that stays.
    """

    __slots__ = (
        "channel",
        "channel_index",
        "declared_ms",
        "delay_ms",
        "exact_ms",
        "members",
        "room",
        "tally_seq",
        "told_step",
        "visible",
    )

    def __init__(
        self, channel: Channel, channel_index: int, declared_ms: int | None, channel_ms: int
    ) -> None:
        self.channel = channel
        self.channel_index = channel_index
        self.declared_ms = declared_ms
        self.room = _room(channel, declared_ms)
        self.follow(channel_ms)
        self.members: dict[str, None] = {}  # in the order they came: whoever came first is told first
        self.visible = State()
        self.told_step = -1
        self.tally_seq = 0

    @property
    def name(self) -> str:
        """``CHANNEL:DELAY``."""
        return cohort_name(self.channel, self.delay_ms)

    def follow(self, channel_ms: int) -> None:
        """The channel runs so far behind the hall from now on."""
        self.exact_ms = channel_ms if self.declared_ms is None else self.declared_ms
        self.delay_ms = timing.cohort_delay_ms(self.exact_ms)


def _room(channel: Channel, declared_ms: int | None) -> str:
    return channel.id if declared_ms is None else f"{channel.id}:{declared_ms}"


class Seat(NamedTuple):
    """Where a viewer belongs. delay_ms: their own, as far as it is believed; None: the channel's."""

    cohort: Cohort
    delay_ms: int | None


class Viewer:
    """One connection of a viewer. Written by that connection's handlers and, on arrival, by the step."""

    __slots__ = (
        *("_trips_ms", "account", "bound_ms", "came_at_ms", "challenge", "cohort", "delay_ms", "number"),
        *("sid", "viewer", "welcomed"),
    )

    def __init__(self, sid: str, viewer: str, number: int, seat: Seat, account: str = "") -> None:
        self.sid = sid
        self.viewer = viewer
        self.number = number
        self.account = account  # its pseudonym, where the host app has vouched for one
        self.challenge = ""  # what is to be solved before a number, or `PROVEN` (`gala.edge.doors.admission`)
        self.came_at_ms = 0
        self.cohort, self.delay_ms = seat
        self.welcomed = False
        self._trips_ms: tuple[float, ...] = ()  # the newest round trips of this connection
        self.bound_ms = 0.0  # how long its messages may have been under way, real ms; 0: never measured

    def took(self, trip_ms: float) -> None:
        """Takes in one round trip of this connection, real ms.

        The phone has a say in what is measured, so it is bounded by the grace that ends before any outcome.
        """
        self._trips_ms = (*self._trips_ms[1 - TRIPS :], max(0.0, trip_ms))
        self.bound_ms = min(float(timing.GRACE_MS), max(self._trips_ms))

    @property
    def rest_ms(self) -> int:
        """How much later than at this viewer's own delay their cohort's instants are."""
        return 0 if self.delay_ms is None else self.cohort.exact_ms - self.delay_ms


class Tuning(msgspec.Struct, frozen=True):
    """How a viewer says they watch. `delay_ms` None: as the channel has it."""

    channel: str = ""
    delay_ms: int | None = None


class Audience:
    """Everyone connected to this edge. `delay_of(channel id)`: its delay as tuned by now."""

    def __init__(self, rundown: Rundown, delay_of: Callable[[str], int]) -> None:
        self._rundown = rundown
        self._delay_of = delay_of
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

    def by_channel(self) -> dict[str, int]:
        """How many are connected on each channel that anybody watches."""
        found: Counter[str] = Counter()
        for cohort in self._cohorts.values():
            found[cohort.channel.id] += len(cohort.members)
        return dict(+found)

    def knows(self, channel: str) -> bool:
        """Whether the rundown has a channel of that id."""
        return channel in self._index

    def follow(self) -> None:
        """Takes every cohort along with its channel's delay."""
        for cohort in self._cohorts.values():
            cohort.follow(self._delay_of(cohort.channel.id))

    def seat(self, tuning: Tuning) -> Seat:
        """The place for a tuning; an unknown or empty channel is the rundown's first."""
        index = self._index.get(tuning.channel, 0)
        channel_ms = self._delay_of(self._rundown.channels[index].id)
        if tuning.delay_ms is None:
            return Seat(self._cohort(index, None, channel_ms), None)
        delay_ms = timing.declared_delay_ms(channel_ms, tuning.delay_ms)
        return Seat(self._cohort(index, timing.cohort_delay_ms(delay_ms), channel_ms), delay_ms)

    def _cohort(self, index: int, declared_ms: int | None, channel_ms: int) -> Cohort:
        """That cohort; when `timing.COHORTS_MAX` have members, the nearest later one of the channel has to
        do, or else its last.
        """
        channel = self._rundown.channels[index]
        found = self._cohorts.get(_room(channel, declared_ms))
        if found is not None:
            return found
        wanted = Cohort(channel, index, declared_ms, channel_ms)
        if len(self._cohorts) >= timing.COHORTS_MAX:
            self._cohorts = {room: cohort for room, cohort in self._cohorts.items() if cohort.members}
        if len(self._cohorts) >= timing.COHORTS_MAX:
            same = sorted(
                (cohort for cohort in self._cohorts.values() if cohort.channel_index == index),
                key=lambda cohort: cohort.delay_ms,
            )
            later = [cohort for cohort in same if cohort.delay_ms >= wanted.delay_ms]
            found = later[0] if later else (same[-1] if same else None)
        if found is None:
            found = self._cohorts[wanted.room] = wanted
        return found

    def arrive(self, viewer: Viewer) -> None:
        """Adds a connection."""
        self._viewers[viewer.sid] = viewer
        viewer.cohort.members[viewer.sid] = None

    def leave(self, sid: str) -> None:
        """Removes a connection; unknown ones are no fault (it may have been refused)."""
        viewer = self._viewers.pop(sid, None)
        if viewer is not None:
            viewer.cohort.members.pop(sid, None)

    def move(self, viewer: Viewer, seat: Seat) -> None:
        """Puts a viewer into another cohort."""
        viewer.cohort.members.pop(viewer.sid, None)
        viewer.cohort, viewer.delay_ms = seat
        viewer.cohort.members[viewer.sid] = None

    def get(self, sid: str) -> Viewer | None:
        """The connection of that socket id, if it is still here."""
        return self._viewers.get(sid)
