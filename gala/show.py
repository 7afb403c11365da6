"""The show's state: a pure fold of the cue log over a rundown.

Everyone who reads the same log has the same state, so there is no leader and nothing to synchronise. Three
functions carry it: `refusal` says why a cue may not be done now (or nothing), `advance` does it, `due` names
the timed cues whose moment has come. Times are venue time; what a channel may know of it is `gala.view`'s.

Cues in the log (`cue` names the kind):

=========  ==================================  ==========================================================
begin      epoch, rundown (digest), rehearsal  the first entry
standby    target (cue id)                     arms a cue
go         target, outcome?, reason?           a person does the armed cue
fire       target                              the conductor does a timed cue
hold       –                                   what has not happened yet waits, an open round's lock included
resume     –
skip       target (segment id)                 the segment will not happen
void       target (round id), reason           the round counts for nothing
multiply   target (round id), factor_bp, ms    for so long, points weigh factor_bp ten-thousandths
locked     target, counters, tally, pages      every gate of the round's box is shut (conductor)
sealed     target, equal, plays, sha256        box read, recounted and published (notary)
frozen     draw, root, entrants, tickets,      roster fixed, reveals closed (notary)
           beacon_round, beacon_at_ms
drawn      draw, winners, cutoff               result computed, vouchers issued (notary)
=========  ==================================  ==========================================================
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal, Protocol

import msgspec
from msgspec.structs import replace

from gala.rundown import Cue, Rundown, Segment, TimingClass
from games.game import Spell

FACTOR_BP_MIN, FACTOR_BP_MAX = 10_000, 50_000
SPELL_MS_MAX = 600_000

CueContent = Mapping[str, Any]

NEEDED = {"begin": ("epoch", "rehearsal"), "locked": ("counters", "pages", "tally"), "sealed": ("equal",)}
"""What the fold takes from a cue without asking whether it is there."""


class Reason(StrEnum):
    """Why a cue is refused. Shared with the console, which says it in words."""

    BAD_CUE = "bad_cue"  # no such kind of cue, or a field is missing
    UNKNOWN_CUE = "unknown_cue"  # the rundown has no cue of that id
    UNKNOWN_SEGMENT = "unknown_segment"
    UNKNOWN_ROUND = "unknown_round"
    NOT_STANDBY = "not_standby"  # GO is for the cue on standby
    ALREADY_BEGUN = "already_begun"
    NOT_BEGUN = "not_begun"
    SKIPPED = "skipped"  # the segment was skipped
    NOT_ON_AIR = "not_on_air"  # its segment is not on air
    ROUND_OPEN = "round_open"  # another round is still open
    NO_OPEN_ROUND = "no_open_round"
    NOT_LOCKED = "not_locked"  # not every gate is shut yet
    NOT_SETTLED = "not_settled"  # the stage's outcome is not in yet
    NOT_SEALED = "not_sealed"  # a round that gives tickets is not sealed yet
    NOT_DRAWN = "not_drawn"  # the beacon or the notary is not there yet
    BAD_OUTCOME = "bad_outcome"
    ALREADY_DONE = "already_done"
    REASON_NEEDED = "reason_needed"
    HELD = "held"
    NOT_HELD = "not_held"
    NO_MULTIPLIER = "no_multiplier"  # this game's points cannot be multiplied


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
    the show is on hold.
    """

    id: str
    segment: str
    run: int
    game: str
    timing: TimingClass
    opened_at_ms: int
    lock_due_at_ms: int = 0
    generation: int = 1
    cut_due_at_ms: int = 0
    cut_at_ms: int = 0
    spells: tuple[Spell, ...] = ()
    locked_at_ms: int = 0
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


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A draw under way."""

    number: int
    segment: str
    state: Literal["armed", "frozen", "drawn", "announced"] = "armed"
    frozen_at_ms: int = 0  # the freeze cue; the roster follows
    root: str = ""
    entrants: int = 0
    tickets: int = 0
    beacon_round: int = 0
    beacon_at_ms: int = 0
    winners: int = 0


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The evening after some prefix of the log. Version 0 is before `begin`."""

    version: int = 0
    digest: str = ""
    epoch: str = ""
    at_ms: int = 0
    rehearsal: bool = False
    phase: Literal["before", "live", "ended"] = "before"
    standby: str = ""
    on_air: str = ""
    held_at_ms: int = 0
    holds: tuple[tuple[int, int], ...] = ()  # past holds, [from, to)
    segments: dict[str, OnAir] = msgspec.field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    fired: dict[str, Fired] = msgspec.field(default_factory=dict)
    rounds: dict[str, Round] = msgspec.field(default_factory=dict)  # in the order of opening
    draws: dict[int, Drawing] = msgspec.field(default_factory=dict)

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


# ---------------------------------------------------------------- may it be done?


def refusal(rundown: Rundown, state: State, cue: CueContent, at_ms: int) -> Reason | None:
    """Why this cue may not be appended to the log now; None if it may. Total: any mapping gets an answer."""
    kind = cue.get("cue")
    target = cue.get("target", "")
    if isinstance(kind, str) and any(name not in cue for name in NEEDED.get(kind, ())):
        return Reason.BAD_CUE
    if kind == "begin":
        return Reason.ALREADY_BEGUN if state.version else None
    if not state.version:
        return Reason.NOT_BEGUN
    if kind == "standby":
        return _standby_refusal(rundown, state, target)
    if kind in ("go", "fire"):
        if kind == "go" and (not target or target != state.standby):
            return Reason.NOT_STANDBY
        return _act_refusal(rundown, state, target, cue, at_ms)
    if kind == "hold":
        return Reason.HELD if state.held_at_ms else None
    if kind == "resume":
        return None if state.held_at_ms else Reason.NOT_HELD
    if kind == "skip":
        return _skip_refusal(rundown, state, target)
    if kind in ("void", "locked", "sealed"):
        return _round_refusal(state, kind, target, cue)
    if kind == "multiply":
        return _multiply_refusal(rundown, state, target, cue, at_ms)
    if kind in ("frozen", "drawn"):
        number = cue.get("draw")
        drawing = state.draws.get(number) if isinstance(number, int) else None
        if drawing is None:
            return Reason.UNKNOWN_CUE
        expected = "armed" if kind == "frozen" else "frozen"
        return None if drawing.state == expected else Reason.ALREADY_DONE
    return Reason.BAD_CUE


def _find(rundown: Rundown, target: object) -> tuple[Segment, Cue] | None:
    try:
        return rundown.cue(target) if isinstance(target, str) else None
    except KeyError:
        return None


def _standby_refusal(rundown: Rundown, state: State, target: object) -> Reason | None:
    found = _find(rundown, target)
    if found is None:
        return Reason.UNKNOWN_CUE
    return Reason.SKIPPED if found[0].id in state.skipped else None


def _skip_refusal(rundown: Rundown, state: State, target: object) -> Reason | None:
    if not any(segment.id == target for segment in rundown.segments):
        return Reason.UNKNOWN_SEGMENT
    if target in state.skipped:
        return Reason.SKIPPED
    return Reason.ALREADY_DONE if target in state.segments else None


def _round_refusal(state: State, kind: str, target: object, cue: CueContent) -> Reason | None:
    round_ = state.rounds.get(target) if isinstance(target, str) else None
    if round_ is None:
        return Reason.UNKNOWN_ROUND
    if kind == "void":
        if not cue.get("reason"):
            return Reason.REASON_NEEDED
        frozen = any(drawing.frozen_at_ms for drawing in state.draws.values())
        return Reason.ALREADY_DONE if round_.void or frozen else None
    if kind == "locked":
        if round_.shut:
            return Reason.ALREADY_DONE
        return None if round_.locked_at_ms or round_.void else Reason.NO_OPEN_ROUND
    if round_.sealed:
        return Reason.ALREADY_DONE
    return None if round_.shut else Reason.NOT_LOCKED


def _multiply_refusal(
    rundown: Rundown, state: State, target: object, cue: CueContent, at_ms: int
) -> Reason | None:
    round_ = state.rounds.get(target) if isinstance(target, str) else None
    if round_ is None:
        return Reason.UNKNOWN_ROUND
    game = rundown.segment(round_.segment).game
    if game is None or not game.multiplies:
        return Reason.NO_MULTIPLIER
    if round_.void or round_.locked_at_ms or 0 < round_.stage_until_at_ms <= at_ms:
        return Reason.NO_OPEN_ROUND
    factor_bp, ms = cue.get("factor_bp"), cue.get("ms")
    if type(factor_bp) is not int or type(ms) is not int:
        return Reason.BAD_CUE
    if not (FACTOR_BP_MIN <= factor_bp <= FACTOR_BP_MAX and 0 < ms <= SPELL_MS_MAX):
        return Reason.BAD_CUE
    running = bool(round_.spells) and round_.spells[-1].until_at_ms > at_ms
    return Reason.ALREADY_DONE if running else None


def _act_refusal(
    rundown: Rundown, state: State, target: object, cue: CueContent, at_ms: int
) -> Reason | None:
    found = _find(rundown, target)
    if found is None:
        return Reason.UNKNOWN_CUE
    segment, planned = found
    if segment.id in state.skipped:
        return Reason.SKIPPED
    act = planned.do
    if cue.get("cue") == "fire" and not any(
        name == planned.id and due_at_ms <= at_ms for name, due_at_ms in timed(rundown, state)
    ):
        return Reason.ALREADY_DONE
    if act == "start":
        if state.playable_round() is not None:
            return Reason.ROUND_OPEN
        return Reason.ALREADY_DONE if state.on_air == segment.id else None
    if act in ("open", "cut", "end", "freeze", "announce") and state.on_air != segment.id:
        return Reason.NOT_ON_AIR
    newest = state.newest_round(segment.id)
    if act == "open":
        return Reason.ROUND_OPEN if state.playable_round() is not None else None
    if act == "end":
        return Reason.ROUND_OPEN if state.playable_round() is not None else None
    if act == "cut":
        if newest is None or newest.void or newest.locked_at_ms or newest.timing != "influence":
            return Reason.NO_OPEN_ROUND
        return Reason.ALREADY_DONE if newest.cut_at_ms else None
    if act == "lock":
        if newest is None or newest.void or newest.locked_at_ms:
            return Reason.NO_OPEN_ROUND
        return None
    if act in ("settle", "reveal"):
        if newest is None or newest.void:
            return Reason.UNKNOWN_ROUND
        if not newest.shut:
            return Reason.NOT_LOCKED
        if newest.revealed_at_ms:
            return Reason.ALREADY_DONE
        if act == "settle":
            assert segment.game is not None
            return None if cue.get("outcome") in segment.game.outcomes else Reason.BAD_OUTCOME
        return Reason.NOT_SETTLED if newest.timing == "predict" and not newest.outcome else None
    assert segment.draw is not None, "freeze and announce stand in draw segments only: the loader checked it"
    drawing = state.draws.get(segment.draw.number)
    if act == "freeze":
        if drawing is not None and drawing.frozen_at_ms:
            return Reason.ALREADY_DONE
        return _freeze_refusal(state, segment)
    if drawing is None or drawing.state in ("armed", "frozen"):
        return Reason.NOT_DRAWN
    return Reason.ALREADY_DONE if drawing.state == "announced" else None


def _freeze_refusal(state: State, segment: Segment) -> Reason | None:
    assert segment.draw is not None
    for name in segment.draw.segments:
        round_ = state.counting_round(name)
        if round_ is None:
            continue  # skipped and void rounds give nothing
        if round_.timing == "predict" and not round_.outcome:
            return Reason.NOT_SETTLED
        if not round_.sealed:
            return Reason.NOT_SEALED
    return None


# ---------------------------------------------------------------- doing it


def advance(rundown: Rundown, state: State, entry: LogEntry) -> State:
    """The state after `entry`, which must be one that `refusal` let through: the log holds no others."""
    cue, at_ms = entry.cue, entry.at_ms
    state = replace(state, version=entry.version, digest=entry.digest, at_ms=at_ms)
    kind = cue["cue"]
    target = cue.get("target", "")
    if kind == "begin":
        return replace(
            state,
            epoch=cue["epoch"],
            rehearsal=cue["rehearsal"],
            standby=_next_go(rundown, state, ""),
        )
    if kind == "standby":
        return replace(state, standby=target)
    if kind in ("go", "fire"):
        return _act(rundown, state, entry)
    if kind == "hold":
        return _retime(rundown, replace(state, held_at_ms=at_ms))
    if kind == "resume":
        holds = (*state.holds, (state.held_at_ms, at_ms))
        return _retime(rundown, replace(state, held_at_ms=0, holds=holds))
    if kind == "skip":
        state = replace(state, skipped=(*state.skipped, target))
        if state.standby and rundown.cue(state.standby)[0].id == target:
            state = replace(state, standby=_next_go(rundown, state, state.standby))
        return _maybe_ended(rundown, state)
    if kind in ("frozen", "drawn"):
        facts = {name: value for name, value in cue.items() if name in Drawing.__struct_fields__}
        drawing = replace(state.draws[cue["draw"]], **{**facts, "state": kind})
        return replace(state, draws={**state.draws, drawing.number: drawing})
    round_ = state.rounds[target]
    if kind == "void":
        locked_at_ms = round_.locked_at_ms or at_ms
        round_ = replace(round_, void=True, locked_at_ms=locked_at_ms, generation=round_.generation + 1)
    elif kind == "multiply":
        spell = Spell(at_ms, at_ms + cue["ms"], cue["factor_bp"])
        round_ = replace(round_, spells=(*round_.spells, spell), generation=round_.generation + 1)
    elif kind == "locked":
        round_ = replace(round_, shut=True, pages=cue["pages"], tally=cue["tally"], counters=cue["counters"])
    elif kind == "sealed":
        round_ = replace(round_, sealed=True, recount_equal=cue["equal"])
    return replace(state, rounds={**state.rounds, target: round_})


def _act(rundown: Rundown, state: State, entry: LogEntry) -> State:
    segment, planned = rundown.cue(entry.cue["target"])
    at_ms, act = entry.at_ms, planned.do
    position = segment.cues.index(planned)
    again = {cue.id for cue in segment.cues[position:]}  # doing a cue again makes what follows it undone
    fired = {name: value for name, value in state.fired.items() if name not in again}
    fired[planned.id] = Fired(at_ms, entry.by, entry.version)
    state = replace(state, fired=fired)
    if act == "start":
        segments = dict(state.segments)
        if state.on_air:
            segments[state.on_air] = replace(segments[state.on_air], ended_at_ms=at_ms)
        segments[segment.id] = OnAir(at_ms)
        draws = dict(state.draws)
        if segment.draw is not None:
            draws.setdefault(segment.draw.number, Drawing(number=segment.draw.number, segment=segment.id))
        state = replace(state, segments=segments, on_air=segment.id, phase="live", draws=draws)
    elif act == "end":
        segments = {**state.segments, segment.id: replace(state.segments[segment.id], ended_at_ms=at_ms)}
        state = _maybe_ended(rundown, replace(state, segments=segments, on_air=""))
    elif act == "open":
        assert segment.game is not None
        run = 1 + sum(1 for other in state.rounds.values() if other.segment == segment.id)
        opened = Round(
            id=round_id(rundown.id, segment.id, run),
            segment=segment.id,
            run=run,
            game=segment.game.name,
            timing=segment.game.timing,
            opened_at_ms=at_ms,
        )
        state = _retime(rundown, replace(state, rounds={**state.rounds, opened.id: opened}), first=True)
    elif act in ("cut", "lock", "settle", "reveal"):
        newest = state.newest_round(segment.id)
        assert newest is not None
        if act == "cut":
            # plays were judged by the instant the clock was set to, which the conductor is a moment behind
            newest = replace(newest, cut_at_ms=min(at_ms, newest.cut_due_at_ms or at_ms))
        elif act == "lock":
            # fired late, it locks at the instant that phones and edges went by; by hand, now
            locked_at_ms = min(at_ms, newest.lock_due_at_ms or at_ms)
            generation = newest.generation + (locked_at_ms != newest.lock_due_at_ms)
            newest = replace(
                newest, locked_at_ms=locked_at_ms, lock_due_at_ms=locked_at_ms, generation=generation
            )
        elif act == "settle":
            newest = replace(newest, outcome=entry.cue["outcome"])
        else:
            newest = replace(newest, revealed_at_ms=at_ms)
        state = replace(state, rounds={**state.rounds, newest.id: newest})
        if act == "cut":
            state = _retime(rundown, state)
    else:
        assert segment.draw is not None
        drawing = state.draws[segment.draw.number]
        drawing = (
            replace(drawing, frozen_at_ms=at_ms) if act == "freeze" else replace(drawing, state="announced")
        )
        state = replace(state, draws={**state.draws, drawing.number: drawing})
    if planned.id == state.standby:
        state = replace(state, standby=_next_go(rundown, state, planned.id))
    return state


def _retime(rundown: Rundown, state: State, *, first: bool = False) -> State:
    """Works out again when the open round will be cut and locked; a change is a new generation."""
    round_ = state.playable_round()
    if round_ is None:
        return state
    if 0 < round_.lock_due_at_ms <= state.held_at_ms:
        return state  # it was over when the hold began, though nobody had said so: holding never reopens
    ahead = foreseen(rundown, state)
    due_at_ms = {cue.do: ahead.get(cue.id, 0) for cue in rundown.segment(round_.segment).cues}
    if not 0 < round_.cut_due_at_ms <= state.held_at_ms:
        cut_due_at_ms = 0 if round_.cut_at_ms else due_at_ms.get("cut", 0)
        round_ = replace(round_, cut_due_at_ms=cut_due_at_ms)
    round_ = replace(
        round_,
        lock_due_at_ms=due_at_ms.get("lock", 0),
        generation=round_.generation if first else round_.generation + 1,
    )
    return replace(state, rounds={**state.rounds, round_.id: round_})


def _next_go(rundown: Rundown, state: State, after: str) -> str:
    """The next cue a person does, in the order of the rundown after cue `after` ("" = from the start)."""
    passed = not after
    for segment in rundown.segments:
        for cue in segment.cues:
            if passed and cue.by == "go" and cue.id not in state.fired and segment.id not in state.skipped:
                return cue.id
            passed = passed or cue.id == after
    return ""


def _maybe_ended(rundown: Rundown, state: State) -> State:
    last = next((s for s in reversed(rundown.segments) if s.id not in state.skipped), None)
    on_air = state.segments.get(last.id) if last is not None else None
    return replace(state, phase="ended") if on_air is not None and on_air.ended_at_ms else state


# ---------------------------------------------------------------- what is due


def timed(rundown: Rundown, state: State) -> list[tuple[str, int]]:
    """(cue id, due instant) of every timed cue that waits, in the order of the rundown.

    A cue "after" waits once the cue before it was done; holds since then put it off, and while the show is on
    hold it has no instant and is not listed. A cue "at" stands where it stands.
    """
    waiting: list[tuple[str, int]] = []
    for segment in rundown.segments:
        if segment.id in state.skipped:
            continue
        for position, cue in enumerate(segment.cues):
            if cue.id in state.fired:
                continue
            if cue.by == "at":
                waiting.append((cue.id, cue.at_ms))
            elif cue.by == "after":
                before = state.fired.get(segment.cues[position - 1].id)
                if before is not None and not state.held_at_ms:
                    due_at_ms = before.at_ms + cue.after_ms
                    for hold_from, hold_to in state.holds:
                        # a hold puts off what was still to come when it began
                        if hold_to > before.at_ms and hold_from < due_at_ms:
                            due_at_ms += hold_to - max(hold_from, before.at_ms)
                    waiting.append((cue.id, due_at_ms))
    return waiting


def foreseen(rundown: Rundown, state: State) -> dict[str, int]:
    """As `timed`, and the timed cues that follow these: what happens when if nobody does anything."""
    ahead = dict(timed(rundown, state))
    for segment in rundown.segments:
        for before, cue in pairwise(segment.cues):
            if cue.by == "after" and cue.id not in state.fired and before.id in ahead:
                ahead.setdefault(cue.id, ahead[before.id] + cue.after_ms)
    return ahead


def due(rundown: Rundown, state: State, now_ms: int) -> list[tuple[str, int]]:
    """The timed cues whose moment has come and which may be done, earliest first."""
    if not state.version or state.phase == "ended":
        return []
    found = [(at_ms, name) for name, at_ms in timed(rundown, state) if at_ms <= now_ms]
    return [
        (name, at_ms)
        for at_ms, name in sorted(found, key=lambda pair: pair[0])
        if refusal(rundown, state, {"cue": "fire", "target": name}, now_ms) is None
    ]
