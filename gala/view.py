"""What a cohort is told: the hall's show as far as it has come into its sight (`gala.embargo` says what may).

A cohort sees the hall ``delay_ms`` later, so its view is the fold of the log's prefix up to then. A few
facts do not wait (`immediate`): when a round locks for everyone, pauses, is extended or void, that all is
quiet, that the host claps. They are laid over what the cohort already sees, and never bring anything into
sight. An `appear` round, which everyone plays for equally long, waits for its channel in all of this but
the kill switch.

Each view has a `step` of its own, the same on every edge, which never falls: the visible version, then the
number of immediate entries, then the beats of games whose rounds unfold in time. They are digits of one
number, and not a sum: of two edges one may have read more of the log and the other be further in time, and
whoever goes from the one to the other must not be shown less than they have seen.
"""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from gala import embargo, protocol
from gala.rundown import Channel, Draw, Rundown, Segment
from gala.show.fold import advance
from gala.show.state import CueContent, LogEntry, Round, State
from gala.timing import cohort_delay_ms, later, opens_at_ms

DIGIT = 1 << 16
"""A step's digits stay below this: an evening has a few hundred entries and beats. Browsers count to 2^53."""

WAYS = ("armed", "frozen", "drawn", "announced", "void")
"""How far a draw has come, in order."""

Public = Callable[[Round], dict[str, Any]]
"""What a game shows of a round, without texts: `games.Game.public` under this evening's settings and seed."""


def immediate(rundown: Rundown, cue: CueContent) -> bool:
    """Whether a cue changes at once, for every cohort, something it already sees."""
    kind = cue["cue"]
    if kind in ("hold", "resume", "void", "kill", "extend", "retime", "delay", "ask_clap", "clap"):
        return True
    return kind in ("go", "fire") and rundown.cue(cue["target"])[1].do in ("cut", "lock")


class History:
    """The log as one edge has read it, with the state after each entry.

    Written by the edge that follows the log; an evening has a few hundred entries, so all states are kept.
    """

    def __init__(self, rundown: Rundown) -> None:
        self._rundown = rundown
        self.states: list[State] = [State()]
        self.entries: list[LogEntry] = []
        self._immediate = 0  # entries
        self._delays: dict[str, list[tuple[int, int]]] = {  # channel: (from when on, delay)
            channel.id: [(0, channel.delay_ms)] for channel in rundown.channels
        }

    @property
    def head(self) -> State:
        """The state after the newest entry."""
        return self.states[-1]

    def add(self, entry: LogEntry) -> State:
        """Appends the next entry (AssertionError if it is not the next) and returns the new head."""
        assert entry.version == len(self.states), f"entry {entry.version} after {len(self.states) - 1}"
        self.states.append(advance(self._rundown, self.head, entry))
        self.entries.append(entry)
        self._immediate += immediate(self._rundown, entry.cue)
        if entry.cue["cue"] == "delay":
            self._delays[entry.cue["target"]].append((entry.at_ms, entry.cue["delay_ms"]))
        return self.head

    def visible(self, now_ms: int, delay_ms: int) -> State:
        """The newest state that a cohort `delay_ms` behind the hall may know at `now_ms`."""
        index = len(self.states) - 1
        while index and not embargo.in_sight(self.states[index].at_ms, delay_ms, now_ms):
            index -= 1
        return self.states[index]

    def visible_on(self, now_ms: int, channel: str) -> State:
        """The newest state that those may know who watch a channel as it comes.

        When its delay was tuned up, what they knew before is still known: tuning never un-shows.
        """
        spans = self._delays[channel]
        ends = [*(from_ms for from_ms, _ in spans[1:]), now_ms]
        seen = (
            self.visible(min(end_ms, now_ms), cohort_delay_ms(delay_ms))
            for (from_ms, delay_ms), end_ms in zip(spans, ends, strict=True)
            if from_ms <= now_ms
        )
        return max(seen, key=lambda state: state.version)

    def delay_ms(self, channel: str) -> int:
        """How far a channel's picture runs behind the hall, as tuned by now."""
        return self._delays[channel][-1][1]

    def step(self, visible: State, beats: int = 0) -> int:
        """The view's own number, see the module's text. `beats`: `Rounds.beats` of what is visible."""
        return (visible.version * DIGIT + self._immediate) * DIGIT + beats


def cohort_name(channel: Channel, delay_ms: int) -> str:
    """``CHANNEL:DELAY``; all who have it get the same bytes."""
    return f"{channel.id}:{delay_ms}"


def show(
    rundown: Rundown,
    visible: State,
    head: State,
    *,
    step: int,
    delay_ms: int,
    channel: int,
    public: Public,
    text_of: Callable[[str], str],
) -> protocol.Show:
    """The whole `show` message of a cohort on the channel with that index, or (-1) of the hall itself.

    `text_of` gives a segment's text hash, and the show's for "".
    """
    segment = rundown.segment(visible.on_air) if visible.on_air else None
    round_ = visible.newest_round(segment.id) if segment is not None else None
    draws = _draws_of(rundown, segment, channel) if segment is not None else []
    return protocol.Show(
        epoch=head.epoch,
        step=step,
        version=visible.version,
        phase=visible.phase,
        show=rundown.id,
        text=text_of(""),
        rehearsal=head.rehearsal,
        delay_ms=delay_ms,
        held=_held(visible, head, round_),
        quiet=bool(head.killed_at_ms),
        clap=None if head.clap is None else protocol.ClapView(head.clap.asked_at_ms, head.clap.at_ms),
        segment=None if segment is None else _segment(segment, visible, text_of(segment.id)),
        round=None
        if round_ is None
        else _round(rundown, round_, head.rounds[round_.id], delay_ms, channel, public),
        draw=_draw(rundown, draws, visible, head.rehearsal) if draws else None,
        envelopes=list(_envelopes(rundown, visible, head, channel)) if channel >= 0 else [],
    )


def _held(visible: State, head: State, round_: Round | None) -> bool:
    """A hold reaches at once whoever plays against the hall's clock, and the others when their picture
    does.
    """
    if round_ is not None and round_.timing != "appear" and not head.rounds[round_.id].locked_at_ms:
        return bool(head.held_at_ms)
    return bool(visible.held_at_ms)


def _segment(segment: Segment, visible: State, text: str) -> protocol.SegmentView:
    return protocol.SegmentView(
        id=segment.id,
        kind=segment.kind,
        text=text,
        started_at_ms=visible.segments[segment.id].started_at_ms,
        look_up=segment.look_up,
        countdown_at_ms=segment.countdown_at_ms,
    )


def _round(
    rundown: Rundown, seen: Round, newest: Round, delay_ms: int, channel: int, public: Public
) -> protocol.RoundView:
    timed = newest  # whose instants are told
    if seen.timing == "appear":
        # a channel plays one timetable, whatever a viewer's own nudge, and learns of changes with its picture
        timed = replace(seen, killed_at_ms=newest.killed_at_ms)
        delay_ms = seen.delays_ms[channel] if channel >= 0 else 0
    result: dict[str, Any] = {}
    if newest.void:
        state = "void"
    elif embargo.result(seen, newest):
        state = "revealed"
        result = {"tally": seen.tally, "outcome": seen.outcome}
    else:
        state = "locked" if timed.locked_at_ms or newest.killed_at_ms else "open"
    return protocol.RoundView(
        id=seen.id,
        game=seen.game,
        timing=seen.timing,
        state=state,  # type: ignore[arg-type]  # one of the four literals above
        opens_at_ms=opens_at_ms(seen.timing, seen.opened_at_ms, delay_ms),
        closes_at_ms=timed.closes_at_ms(delay_ms),
        generation=timed.generation,
        cut_at_ms=newest.stage_until_at_ms,
        pauses=[list(pause) for pause in later(timed.pauses, delay_ms)] if seen.timing == "appear" else [],
        watch_only=channel >= 0 and rundown.channels[channel].id in rundown.segment(seen.segment).watch_only,
        spells=[[spell.from_at_ms, spell.until_at_ms, spell.factor_bp] for spell in seen.spells],
        public=public(newest),
        result=result,
    )


def _draws_of(rundown: Rundown, segment: Segment, channel: int) -> list[Draw]:
    """Which of a segment's draws a channel is told of: the one it is in; the hall's picture, all of them."""
    if channel < 0:
        return list(segment.draws)
    name = rundown.channels[channel].id
    return [draw for draw in segment.draws if not draw.channels or name in draw.channels][:1]


def _envelopes(
    rundown: Rundown, visible: State, head: State, channel: int
) -> Iterator[protocol.EnvelopeView]:
    """The rains that this channel has seen and that are not on air: who caught one waits for its opening."""
    for segment in rundown.segments:
        round_ = visible.counting_round(segment.id)
        if round_ is None or segment.id == visible.on_air or head.rounds[round_.id].void:
            continue
        for draw in _draws_of(rundown, segment, channel):
            drawing = visible.draws[draw.number]
            yield protocol.EnvelopeView(
                round=round_.id,
                draw=drawing.number,
                state=drawing.state,
                beacon_at_ms=drawing.beacon_at_ms,
                announced_at_ms=drawing.announced_at_ms,
            )


def _draw(rundown: Rundown, draws: list[Draw], visible: State, rehearsal: bool) -> protocol.DrawView:
    """Several are told as one, by the one that has come least far: no more is said than is true of all."""
    drawings = [visible.draws[draw.number] for draw in draws]
    alive = [drawing for drawing in drawings if drawing.state != "void"]
    first = min(alive or drawings, key=lambda drawing: WAYS.index(drawing.state))
    return protocol.DrawView(
        draw=first.number,
        state=first.state,
        prizes=[
            protocol.PrizeView(
                tier=prize.tier,
                title=prize.title,
                count=prize.count,
                face_minor=prize.face_minor,
                least_minor=prize.deck.least_minor if prize.deck is not None else 0,
                currency=rundown.currency,
            )
            for draw in draws
            for prize in draw.prizes
        ],
        rehearsal_beacon=rehearsal,
        entrants=sum(drawing.entrants for drawing in drawings),
        tickets=sum(drawing.tickets for drawing in drawings),
        root=first.root,
        beacon_round=first.beacon_round,
        beacon_at_ms=first.beacon_at_ms,
        winners=sum(drawing.winners for drawing in drawings) if embargo.winners(first) else 0,
    )
