"""The director's desk: the head of the log, laid out against the plan. The crew sees it before anyone."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from gala import protocol, readiness
from gala.as_run import as_run
from gala.edge.report import Report, refused_by_channel, shown
from gala.evidence import Books, so_far
from gala.protocol import crew as protocol_crew
from gala.rounds import Rounds
from gala.rundown import Cue, Draw, Rundown, Segment, TimingClass, words
from gala.show import planner
from gala.show.ahead import foreseen, timed
from gala.show.planner import opens_red, window_ms
from gala.show.state import Drawing, LogEntry, Round, State, delays_of, running_order, timing_of
from games.game import running_ms

AS_RUN_MAX = 50


class Gates(NamedTuple):
    """How many pages of a round's box are shut by now, and how many there are."""

    shut: int
    all: int


def plan_at_ms(rundown: Rundown, state: State) -> dict[str, int]:
    """When each segment is planned; those that were swapped, and what lies between, share their time anew."""
    found: dict[str, int] = {}
    at_ms = 0
    for place, segment in zip(rundown.segments, running_order(rundown, state), strict=True):
        in_place = sum(other.id in found for other in rundown.segments[: len(found)]) == len(found)
        at_ms = place.plan_at_ms if in_place else at_ms
        found[segment.id] = at_ms
        at_ms += segment.plan_ms
    return found


def over_ms(rundown: Rundown, state: State, now_ms: int) -> int:
    """How far the show is behind its plan, negative when ahead.

    Known at the start of a segment; while one overruns its planned length, it grows.
    """
    if not state.segments:
        return max(0, now_ms - rundown.starts_at_ms) if state.version else 0
    newest = max(state.segments, key=lambda name: state.segments[name].started_at_ms)
    segment, on_air = rundown.segment(newest), state.segments[newest]
    at_start = on_air.started_at_ms - plan_at_ms(rundown, state)[newest]
    ran_ms = (on_air.ended_at_ms or now_ms) - on_air.started_at_ms
    return at_start + max(0, ran_ms - segment.plan_ms)


def expected(rundown: Rundown, state: State, now_ms: int) -> dict[str, int]:
    """When each segment started or is expected to; ``""`` is the end of the show.

    The rest of the show keeps its planned lengths; a segment with an absolute cue never starts before it.
    """
    found: dict[str, int] = {}
    at_ms = rundown.starts_at_ms
    for segment in running_order(rundown, state):
        on_air = state.segments.get(segment.id)
        if on_air is not None:
            found[segment.id] = on_air.started_at_ms
            at_ms = on_air.ended_at_ms or max(now_ms, on_air.started_at_ms + segment.plan_ms)
        elif segment.id in state.skipped:
            found[segment.id] = plan_at_ms(rundown, state)[segment.id]
        else:
            absolute = [
                state.retimed[cue.id].due_at_ms if cue.id in state.retimed else cue.at_ms
                for cue in segment.cues
                if cue.by == "at"
            ]
            at_ms = max(at_ms, now_ms if state.version else at_ms, *absolute, 0)
            if not state.segments:
                at_ms = max(at_ms, plan_at_ms(rundown, state)[segment.id])
            found[segment.id] = at_ms
            at_ms += segment.plan_ms
    found[""] = at_ms
    return found


def due_at_ms(rundown: Rundown, state: State) -> dict[str, int]:
    """When each timed cue is due; on hold as if it had ended at once, so that clocks stand still there."""
    return dict(timed(rundown, replace(state, held_at_ms=0)))


def windows(
    rundown: Rundown, segment: Segment, timing: TimingClass, length_ms: int, delays_ms: Sequence[int]
) -> list[protocol_crew.DeskWindow]:
    """What each channel sees of a round that is open in the hall for so long."""
    return [
        protocol_crew.DeskWindow(
            channel=window.channel.id,
            name=words(window.channel.name),
            delay_ms=window.delay_ms,
            visible_ms=window.visible_ms,
            level=window.level,
        )
        for window in planner.windows(rundown, segment, timing, length_ms, delays_ms)
    ]


def desk(
    rundown: Rundown,
    rounds: Rounds,
    state: State,
    entries: Sequence[LogEntry],
    *,
    now_ms: int,
    rate: float,
    crew: str,
    counters: Mapping[str, Mapping[str, int]],
    gates: Mapping[str, Gates],
    edges: Mapping[str, Report],
    books: Books,
) -> protocol_crew.Desk:
    """Everything the console shows. `counters`: live ones by round; `gates`: of rounds that are locking;
    `edges`: their newest reports by name; `books`: as the notary told them last.
    """
    when = expected(rundown, state, now_ms)
    timed_at_ms = due_at_ms(rundown, state)
    ahead = foreseen(rundown, replace(state, held_at_ms=0))
    labels = {segment.id: str(number) for number, segment in enumerate(rundown.segments, 1)}
    planned = plan_at_ms(rundown, state)
    segments = [
        _segment(rundown, state, labels[name], segment, planned[name], when[name], timed_at_ms)
        for segment in running_order(rundown, state)
        for name in (segment.id,)
    ]
    waiting = [segment.expected_at_ms for segment in segments if segment.state == "waiting"]
    return protocol_crew.Desk(
        epoch=state.epoch,
        version=state.version,
        now_ms=now_ms,
        rate=rate,
        show=rundown.id,
        name=words(rundown.name),
        zone=rundown.zone,
        phase=state.phase,
        rehearsal=state.rehearsal,
        crew=crew,
        held_at_ms=state.held_at_ms,
        killed_at_ms=state.killed_at_ms,
        clap=None if state.clap is None else protocol.ClapView(state.clap.asked_at_ms, state.clap.at_ms),
        caller=None
        if state.caller is None
        else protocol_crew.DeskCaller(state.caller.console, state.caller.by, state.caller.at_ms),
        channels=_tunings(rundown, state, edges),
        on_air=state.on_air,
        standby=state.standby,
        over_ms=over_ms(rundown, state, now_ms),
        next_at_ms=waiting[0] if waiting else 0,
        expected_end_at_ms=when[""],
        online=sum(report.phones for report in edges.values()),
        level=max((report.level for report in edges.values()), default=0),
        segments=segments,
        rounds=[
            _round(
                rundown,
                rounds,
                round_,
                counters.get(round_.id, {}),
                gates.get(round_.id, Gates(0, 0)),
                edges,
                ahead,
                now_ms,
            )
            for round_ in state.rounds.values()
        ],
        draws=[
            _draw(rundown, segment.id, draw, state.draws.get(draw.number), books)
            for segment, draw in _draws_shown(rundown, state)
        ],
        witnesses=readiness.witnesses(rundown, books.witnesses, now_ms),
        edges=[shown(name, report) for name, report in sorted(edges.items())],
        as_run=as_run(rundown, entries[-AS_RUN_MAX:]),
    )


def _draws_shown(rundown: Rundown, state: State) -> list[tuple[Segment, Draw]]:
    """Every draw that its segment has begun, and the next one to come."""
    found = [
        (rundown.segment(drawing.segment), draw)
        for drawing in state.draws.values()
        for draw in rundown.segment(drawing.segment).draws
        if draw.number == drawing.number
    ]
    ahead = [
        (segment, draw)
        for segment in running_order(rundown, state)
        if segment.id not in state.skipped and state.phase != "ended"
        for draw in segment.draws
        if draw.number not in state.draws
    ]
    return found + ahead[:1]


def _draw(
    rundown: Rundown, segment: str, draw: Draw, drawing: Drawing | None, books: Books
) -> protocol_crew.DeskDraw:
    found = protocol_crew.DeskDraw(
        draw=draw.number,
        segment=segment,
        state="ahead",
        prizes=sum(prize.count for prize in draw.prizes),
        budget_minor=sum(prize.budget_minor for prize in draw.prizes),
        currency=rundown.currency,
        parties=readiness.parties(rundown, books.leaves, draw.number),
        lapses_at_ms=books.lapses.get(draw.number, 0),
        unseen=readiness.unseen_close(books.leaves, books.unwitnessed, draw.number),
    )
    return so_far(found, drawing)


def _tunings(rundown: Rundown, state: State, edges: Mapping[str, Report]) -> list[protocol_crew.DeskTuning]:
    return [
        protocol_crew.DeskTuning(
            channel=channel.id,
            name=words(channel.name),
            delay_ms=delay_ms,
            planned_ms=channel.delay_ms,
            region=channel.region,
            phones=sum(report.channels.get(channel.id, 0) for report in edges.values()),
        )
        for channel, delay_ms in zip(rundown.channels, delays_of(rundown, state), strict=True)
    ]


def _segment(
    rundown: Rundown,
    state: State,
    label: str,
    segment: Segment,
    planned_at_ms: int,
    expected_at_ms: int,
    timed_at_ms: Mapping[str, int],
) -> protocol_crew.DeskSegment:
    on_air = state.segments.get(segment.id)
    length_ms = window_ms(segment) or 0
    planned = segment.game is not None and length_ms > 0
    if segment.id in state.skipped:
        stands = "skipped"
    elif segment.id == state.on_air:
        stands = "on_air"
    else:
        stands = "waiting" if on_air is None else "done"
    return protocol_crew.DeskSegment(
        id=segment.id,
        label=label,
        title=words(segment.title),
        kind=segment.kind,
        state=stands,  # type: ignore[arg-type]  # one of the four literals above
        plan_at_ms=planned_at_ms,
        plan_ms=segment.plan_ms,
        expected_at_ms=expected_at_ms,
        note=segment.note,
        started_at_ms=on_air.started_at_ms if on_air is not None else 0,
        ended_at_ms=on_air.ended_at_ms if on_air is not None else 0,
        absolute=any(cue.by == "at" for cue in segment.cues),
        cues=[
            _cue(rundown, state, segment, f"{label}.{position}", cue, timed_at_ms)
            for position, cue in enumerate(segment.cues, 1)
        ],
        window_ms=length_ms if planned else 0,
        windows=windows(rundown, segment, segment.game.timing, length_ms, delays_of(rundown, state))
        if segment.game and planned
        else [],
    )


def _cue(
    rundown: Rundown, state: State, segment: Segment, label: str, cue: Cue, timed_at_ms: Mapping[str, int]
) -> protocol_crew.DeskCue:
    fired = state.fired.get(cue.id)
    if segment.id in state.skipped:
        stands = "skipped"
    elif cue.id == state.standby:
        stands = "standby"
    else:
        stands = "waiting" if fired is None else "done"
    return protocol_crew.DeskCue(
        id=cue.id,
        label=label,
        do=cue.do,
        timing=timing_of(segment, cue),
        by=cue.by,
        state=stands,  # type: ignore[arg-type]  # one of the four literals above
        note=cue.note,
        after_ms=cue.after_ms,
        due_at_ms=timed_at_ms.get(cue.id, 0),
        fired_at_ms=fired.at_ms if fired is not None else 0,
        fired_by=fired.by if fired is not None else "",
        needs="outcome"
        if cue.do == "settle"
        else "reason"
        if fired is None and cue.by == "go" and opens_red(rundown, state, cue.id)
        else "",
    )


def _round(
    rundown: Rundown,
    rounds: Rounds,
    round_: Round,
    live: Mapping[str, int],
    gates: Gates,
    edges: Mapping[str, Report],
    ahead: Mapping[str, int],
    now_ms: int,
) -> protocol_crew.DeskRound:
    counters = round_.counters if round_.shut else live
    tally = round_.tally if round_.shut else rounds.tally(round_, dict(live))
    counts, own = tally.get("choices", {}), tally.get("own", {})
    by_channel = rounds.by_channel(round_, counters)
    game = rundown.segment(round_.segment).game
    spell = round_.spells[-1] if round_.spells and round_.spells[-1].until_at_ms > now_ms else None
    refused: dict[str, int] = {}
    for report in edges.values():
        for reason, count in report.refused.get(round_.id, {}).items():
            refused[reason] = refused.get(reason, 0) + count
    if round_.void:
        stands = "void"
    elif round_.revealed_at_ms:
        stands = "revealed"
    elif round_.outcome:
        stands = "settled"
    elif round_.locked_at_ms:
        stands = "locked" if round_.shut else "locking"
    else:
        stands = "open"
    due = {cue.do: ahead.get(cue.id, 0) for cue in rundown.segment(round_.segment).cues}
    closes_at_ms = round_.locked_at_ms or due.get("lock", 0)
    # a hold that lasts still is taken as if it ended at once, as the lock is
    pauses = tuple(pause for pause in round_.pauses if pause[1])
    length_ms = running_ms(round_.opened_at_ms, pauses, closes_at_ms)
    return protocol_crew.DeskRound(
        id=round_.id,
        segment=round_.segment,
        game=round_.game,
        timing=round_.timing,
        state=stands,  # type: ignore[arg-type]  # one of the literals above
        opened_at_ms=round_.opened_at_ms,
        closes_at_ms=closes_at_ms,
        generation=round_.generation,
        cut_at_ms=round_.cut_at_ms or due.get("cut", 0),
        multiplies=game is not None and game.multiplies,
        factor_bp=spell.factor_bp if spell is not None else 0,
        spell_until_at_ms=spell.until_at_ms if spell is not None else 0,
        pages=round_.pages if round_.shut else gates.all,
        pages_locked=round_.pages if round_.shut else gates.shut,
        voters=tally.get("voters", 0),
        channels=[
            protocol_crew.DeskChannel(channel=channel.id, name=words(channel.name), voters=voters)
            for channel, voters in zip(rundown.channels, by_channel.voters, strict=False)
        ],
        tied=tally.get("tied", []),
        allowance=rounds.allowance(round_),
        choices=[
            protocol_crew.DeskChoice(
                id=name,
                label=words(label),
                shape=shape,
                count=counts.get(name, 0),
                own=own.get(name, 0),
                channels=by_channel.choices.get(name, []),
            )
            for name, label, shape in rounds.choices(round_)
        ],
        outcome=round_.outcome,
        sealed=round_.sealed,
        recount_equal=round_.recount_equal,
        refused=refused,
        refused_by_channel=refused_by_channel(edges.values(), round_.id),
        windows=windows(rundown, rundown.segment(round_.segment), round_.timing, length_ms, round_.delays_ms)
        if closes_at_ms
        else [],
    )
