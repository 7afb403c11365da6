"""The evening as a value: what the fold of the cue log makes (`gala.show.fold`), and nothing that changes it.

Instants are venue time, integer milliseconds UTC.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from gala.rundown import Cue, Rundown, Segment, TimingClass
from gala.timing import closes_at_ms
from games.game import Pauses, Spell

CueContent = Mapping[str, Any]


class LogEntry(Protocol):
    """What this module needs of an entry of the log (`gala.store.log.Entry`)."""

    @property
    def version(self) -> int: ...
    @property
    def at_ms(self) -> int: ...
    @property
    def by(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def cue(self) -> dict[str, Any]: ...


class Fired(msgspec.Struct, frozen=True):
    """A cue that was done: when, by whom, in which entry."""

    at_ms: int
    by: str
    version: int


class OnAir(msgspec.Struct, frozen=True):
    """A segment's time on air; ``ended_at_ms`` 0 while it runs."""

    started_at_ms: int
    ended_at_ms: int = 0


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One opening of a game in a segment.

    ``generation`` changes whenever its timing does, so that a batch judged before is judged again.
    ``lock_due_at_ms`` and ``cut_due_at_ms`` are when it will lock and be cut, 0 while a person will do it or
    the show is on hold. ``delays_ms``: the channels' delays when it opened, in the rundown's order; a round
    keeps them, for its timetable is derived from them. ``pauses``: the holds since it opened.
    """

    id: str
    segment: str
    run: int
    game: str
    timing: TimingClass
    opened_at_ms: int
    delays_ms: tuple[int, ...] = ()
    lock_due_at_ms: int = 0
    generation: int = 1
    cut_due_at_ms: int = 0
    cut_at_ms: int = 0
    spells: tuple[Spell, ...] = ()
    pauses: Pauses = ()
    locked_at_ms: int = 0
    killed_at_ms: int = 0  # closed at once, on every channel
    closing: tuple[int, ...] = ()  # channels (their places) on which nothing is taken any more ...
    closed: tuple[int, ...] = ()  # ... and of these, those whose plays no batch on its way can change
    shut: bool = False
    pages: int = 0  # gates that were shut
    tally: dict[str, Any] = msgspec.field(default_factory=dict)
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    outcome: str = ""
    revealed_at_ms: int = 0
    void: bool = False
    sealed: bool = False
    recount_equal: bool = False

    @property
    def stage_until_at_ms(self) -> int:
        """From when on nothing counts for the stage; 0 while nobody knows."""
        return self.cut_at_ms or self.cut_due_at_ms

    def closes_at_ms(self, delay_ms: int) -> int:
        """When it takes no more plays of somebody so far behind the hall; 0 while nobody knows."""
        closes_ms = self.lock_due_at_ms and closes_at_ms(self.timing, self.lock_due_at_ms, delay_ms)
        return min(closes_ms or self.killed_at_ms, self.killed_at_ms) if self.killed_at_ms else closes_ms


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A draw under way."""

    number: int
    segment: str
    state: Literal["armed", "frozen", "drawn", "announced", "void"] = "armed"
    frozen_at_ms: int = 0  # the freeze cue; the roster follows, then the reveals, then the state is `frozen`
    rostered_at_ms: int = 0
    root: str = ""
    entrants: int = 0
    tickets: int = 0
    beacon_round: int = 0
    beacon_at_ms: int = 0
    winners: int = 0
    announced_at_ms: int = 0

    @property
    def decided(self) -> bool:
        """Whether it has its result, or is void: nothing more will be decided."""
        return self.state in ("drawn", "announced", "void")


class Retimed(msgspec.Struct, frozen=True):
    """A timed cue that somebody moved at `since_at_ms`: holds after that put it off again."""

    due_at_ms: int
    since_at_ms: int


class Clap(msgspec.Struct, frozen=True):
    """The host claps, so that viewers can say how late they see it. ``at_ms`` 0: it is only announced."""

    asked_at_ms: int
    at_ms: int = 0


class Caller(msgspec.Struct, frozen=True):
    """The one console whose presses move the show, and who took the call there, when."""

    console: str
    by: str
    at_ms: int


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The evening after some prefix of the log. Version 0 is before `begin`.

    ``delays_ms`` holds the channels that were tuned, ``order`` the segments' ids if some were swapped,
    ``killed_at_ms`` since when every screen is quiet, ``caller`` whose console alone presses, if anybody's.
    """

    version: int = 0
    digest: str = ""
    epoch: str = ""
    at_ms: int = 0
    rehearsal: bool = False
    phase: Literal["before", "live", "ended"] = "before"
    standby: str = ""
    on_air: str = ""
    held_at_ms: int = 0
    holds: Pauses = ()  # past holds, [from, to)
    killed_at_ms: int = 0
    order: tuple[str, ...] = ()
    retimed: dict[str, Retimed] = msgspec.field(default_factory=dict)
    delays_ms: dict[str, int] = msgspec.field(default_factory=dict)
    clap: Clap | None = None
    caller: Caller | None = None
    segments: dict[str, OnAir] = msgspec.field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    fired: dict[str, Fired] = msgspec.field(default_factory=dict)
    rounds: dict[str, Round] = msgspec.field(default_factory=dict)  # in the order of opening
    draws: dict[int, Drawing] = msgspec.field(default_factory=dict)
    commits: dict[str, str] = msgspec.field(default_factory=dict)  # ``DRAW/PARTY`` -> commitment, hex
    reveals: dict[str, str] = msgspec.field(default_factory=dict)  # ``DRAW/PARTY`` -> secret, hex

    def newest_round(self, segment_id: str) -> Round | None:
        """The last opened round of a segment."""
        found = None
        for round_ in self.rounds.values():
            if round_.segment == segment_id:
                found = round_
        return found

    def playable_round(self) -> Round | None:
        """The round that has not locked in the hall yet, if any; there is at most one."""
        for round_ in self.rounds.values():
            if not round_.locked_at_ms and not round_.void:
                return round_
        return None

    def counting_round(self, segment_id: str) -> Round | None:
        """The round of a segment that counts: the newest that is not void."""
        found = None
        for round_ in self.rounds.values():
            if round_.segment == segment_id and not round_.void:
                found = round_
        return found


def running_order(rundown: Rundown, state: State) -> tuple[Segment, ...]:
    """The segments in the order in which they will run."""
    if not state.order:
        return rundown.segments
    return tuple(rundown.segment(name) for name in state.order)


def delays_of(rundown: Rundown, state: State) -> tuple[int, ...]:
    """The channels' delays as tuned by now, in the rundown's order, ms."""
    return tuple(state.delays_ms.get(channel.id, channel.delay_ms) for channel in rundown.channels)


def round_id(show: str, segment: str, run: int) -> str:
    """``SHOW/SEGMENT/RUN``, the name a round has everywhere: keys, files, leaves, wire."""
    return f"{show}/{segment}/{run}"


def timing_of(segment: Segment, cue: Cue) -> TimingClass:
    """A cue's timing class: the game's for its round, `reveal` for what spoils, else `appear`."""
    if cue.do in ("reveal", "announce"):
        return "reveal"
    if cue.by == "at":
        return "absolute"
    if segment.game is not None and cue.do in ("open", "cut", "lock", "settle"):
        return segment.game.timing
    return "appear"
