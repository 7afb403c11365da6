"""Whether a cue may be done now, or why not. Pure and total; the log holds only what was let through here."""

from collections.abc import Sequence

from gala.rundown import Cue, Rundown, Segment
from gala.show import apart as show_apart
from gala.show import draws as show_draws
from gala.show.ahead import called_at_ms, timed
from gala.show.planner import opens_red
from gala.show.reasons import Reason
from gala.show.state import CueContent, Round, State, running_order
from gala.timing import DELAY_MS_MAX

FACTOR_BP_MIN, FACTOR_BP_MAX = 10_000, 50_000
SPELL_MS_MAX = 600_000
EXTEND_MS_MAX = 600_000

NEEDED = {"begin": ("epoch", "rehearsal"), "locked": ("counters", "pages", "tally"), "sealed": ("equal",)}
"""What the fold takes from a cue without asking whether it is there."""


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
    if not_caller(state, cue):
        return Reason.NOT_CALLER
    if kind == "call":
        return _call_refusal(state, cue)
    if kind == "standby":
        return _standby_refusal(rundown, state, target)
    if kind in ("go", "fire"):
        if kind == "go" and (not target or target != state.standby):
            return Reason.NOT_STANDBY
        found = _act_refusal(rundown, state, target, cue, at_ms)
        if found is None and kind == "go" and not cue.get("reason") and opens_red(rundown, state, target):
            return Reason.RED_WINDOW
        return found
    if kind == "hold":
        return Reason.HELD if state.held_at_ms else None
    if kind == "resume":
        return None if state.held_at_ms else Reason.NOT_HELD
    if kind == "skip":
        return _skip_refusal(rundown, state, target)
    if kind in ("void", "locked", "sealed"):
        return _round_refusal(rundown, state, kind, target, cue)
    if kind == "multiply":
        return _multiply_refusal(rundown, state, target, cue, at_ms)
    if kind == "kill":
        if not cue.get("reason"):
            return Reason.REASON_NEEDED
        return Reason.ALREADY_DONE if state.killed_at_ms else None
    if kind == "delay":
        return _delay_refusal(rundown, target, cue)
    if kind == "extend":
        return _extend_refusal(rundown, state, target, cue, at_ms)
    if kind == "retime":
        return _retime_refusal(rundown, state, target, cue, at_ms)
    if kind == "swap":
        return _swap_refusal(rundown, state, target, cue)
    if kind == "ask_clap":
        return None
    if kind == "clap":
        if state.clap is None:
            return Reason.NOT_ASKED
        return Reason.ALREADY_DONE if state.clap.at_ms else None
    if isinstance(kind, str) and kind in show_draws.CUES:
        return show_draws.refusal(rundown, state, cue)
    if isinstance(kind, str) and kind in show_apart.CUES:
        return show_apart.refusal(rundown, state, cue)
    return Reason.BAD_CUE


def not_caller(state: State, cue: CueContent) -> bool:
    """Whether it was pressed on a console while another has the call.

    Anybody may take the call, and anybody quiets the screens: danger waits for nobody's turn. What names no
    console was pressed on none: the conductor, the notary and the parties of a draw go on as they do.
    """
    if state.caller is None or "console" not in cue or cue.get("cue") in ("call", "kill"):
        return False
    return bool(cue["console"] != state.caller.console)


def _call_refusal(state: State, cue: CueContent) -> Reason | None:
    console = cue.get("console")
    if not isinstance(console, str) or not console:
        return Reason.BAD_CUE
    return Reason.ALREADY_DONE if state.caller is not None and state.caller.console == console else None


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
    if target in state.segments:
        return Reason.ALREADY_DONE
    left = [segment for segment in running_order(rundown, state) if segment.id not in state.skipped]
    return None if _can_end([segment for segment in left if segment.id != target]) else Reason.NO_END


def _can_end(order: Sequence[Segment]) -> bool:
    """Whether the evening has an end if these segments run: that of the last, as it has in the rundown."""
    return bool(order) and any(planned.do == "end" for planned in order[-1].cues)


def _round_refusal(
    rundown: Rundown, state: State, kind: str, target: object, cue: CueContent
) -> Reason | None:
    round_ = state.rounds.get(target) if isinstance(target, str) else None
    if round_ is None:
        return Reason.UNKNOWN_ROUND
    if kind == "void":
        if not cue.get("reason"):
            return Reason.REASON_NEEDED
        # a roster stands as it was frozen; the rounds of later draws may still be voided
        frozen = any(
            round_.segment in draw.segments
            and draw.number in state.draws
            and state.draws[draw.number].frozen_at_ms
            for segment in rundown.segments
            for draw in segment.draws
        )
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


def _delay_refusal(rundown: Rundown, target: object, cue: CueContent) -> Reason | None:
    if all(channel.id != target for channel in rundown.channels):
        return Reason.UNKNOWN_CHANNEL
    delay_ms = cue.get("delay_ms")
    return None if type(delay_ms) is int and 0 <= delay_ms <= DELAY_MS_MAX else Reason.BAD_CUE


def _open_round(state: State, target: object) -> Round | None:
    round_ = state.rounds.get(target) if isinstance(target, str) else None
    return None if round_ is None or round_.void or round_.locked_at_ms else round_


def _extend_refusal(
    rundown: Rundown, state: State, target: object, cue: CueContent, at_ms: int
) -> Reason | None:
    round_ = _open_round(state, target)
    if round_ is None:
        return Reason.NO_OPEN_ROUND
    if state.held_at_ms:
        return Reason.HELD
    ms = cue.get("ms")
    if type(ms) is not int or not 0 < abs(ms) <= EXTEND_MS_MAX:
        return Reason.BAD_CUE
    if not round_.lock_due_at_ms:
        return Reason.NOT_TIMED
    first_ms = round_.cut_due_at_ms if round_.cut_due_at_ms > at_ms else round_.lock_due_at_ms
    # what is over stays over, though the conductor may be a moment behind
    if round_.lock_due_at_ms <= at_ms or first_ms + ms <= at_ms:
        return Reason.TOO_SOON
    moved = ("cut", "lock") if round_.cut_due_at_ms > at_ms else ("lock",)
    tied = any(planned.by == "at" and planned.do in moved for planned in rundown.segment(round_.segment).cues)
    return Reason.ABSOLUTE if tied and not cue.get("reason") else None


def _retime_refusal(
    rundown: Rundown, state: State, target: object, cue: CueContent, at_ms: int
) -> Reason | None:
    found = _find(rundown, target)
    if found is None:
        return Reason.UNKNOWN_CUE
    segment, planned = found
    if segment.id in state.skipped:
        return Reason.SKIPPED
    due_at_ms = cue.get("at_ms")
    if type(due_at_ms) is not int:
        return Reason.BAD_CUE
    if state.held_at_ms and planned.by == "after":
        return Reason.HELD
    present_ms = dict(timed(rundown, state)).get(planned.id)
    if present_ms is None:
        return Reason.ALREADY_DONE if planned.id in state.fired else Reason.NOT_TIMED
    if min(called_at_ms(planned, present_ms), called_at_ms(planned, due_at_ms)) <= at_ms:
        return Reason.TOO_SOON
    return Reason.ABSOLUTE if planned.by == "at" and not cue.get("reason") else None


def _swap_refusal(rundown: Rundown, state: State, target: object, cue: CueContent) -> Reason | None:
    order = [segment.id for segment in running_order(rundown, state)]
    other = cue.get("other")
    if target not in order or other not in order or target == other:
        return Reason.UNKNOWN_SEGMENT
    swapped = [str({target: other, other: target}.get(name, name)) for name in order]
    for name in (target, other):
        if name in state.segments:
            return Reason.STARTED
        if any(planned.by == "at" for planned in rundown.segment(str(name)).cues) and not cue.get("reason"):
            return Reason.ABSOLUTE
    for segment in rundown.segments:
        if any(
            swapped.index(source) > swapped.index(segment.id)
            for draw in segment.draws
            for source in draw.segments
        ):
            return Reason.DRAW_FIRST
    left = [rundown.segment(name) for name in swapped if name not in state.skipped]
    return None if _can_end(left) else Reason.NO_END


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
        name == planned.id and called_at_ms(planned, due_at_ms) <= at_ms
        for name, due_at_ms in timed(rundown, state)
    ):
        return Reason.ALREADY_DONE
    if act == "start":
        if state.playable_round() is not None:
            return Reason.ROUND_OPEN
        return Reason.ALREADY_DONE if state.on_air == segment.id else None
    if act in ("open", "cut", "end") and state.on_air != segment.id:
        return Reason.NOT_ON_AIR
    if act in ("freeze", "announce") and not _holds_draws(state, segment):
        return Reason.NOT_ON_AIR
    newest = state.newest_round(segment.id)
    if act == "open":
        if state.killed_at_ms:
            return Reason.KILLED
        if any(state.draws[draw.number].frozen_at_ms for draw in segment.draws):
            return Reason.ALREADY_DONE  # what is played from now on would be in no roster
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
    assert segment.draws, "freeze and announce stand in segments with draws only: the loader checked it"
    drawings = [state.draws[draw.number] for draw in segment.draws]
    if all(drawing.state == "void" for drawing in drawings):
        return Reason.ALREADY_DONE
    if act == "freeze":
        if any(drawing.frozen_at_ms for drawing in drawings):  # they are frozen together
            return Reason.ALREADY_DONE
        return _freeze_refusal(rundown, state, segment)
    if any(drawing.state in ("armed", "frozen") for drawing in drawings):
        return Reason.NOT_DRAWN
    return Reason.ALREADY_DONE if any(drawing.state == "announced" for drawing in drawings) else None


def _holds_draws(state: State, segment: Segment) -> bool:
    """Whether its draws may be frozen and announced: while it is on air; an envelope caught in a game's
    segment is opened a minute later, whatever is on air by then."""
    return state.on_air == segment.id or (segment.game is not None and segment.id in state.segments)


def _freeze_refusal(rundown: Rundown, state: State, segment: Segment) -> Reason | None:
    for draw in segment.draws:
        if not state.rehearsal and show_draws.missing(rundown, state, draw.number):
            return Reason.NOT_COMMITTED  # a rehearsal plays the parts of those who are not there
        if not all(number in state.draws and state.draws[number].decided for number in draw.cap_with):
            return Reason.DRAW_FIRST
    for name in sorted({name for draw in segment.draws for name in draw.segments}):
        round_ = state.counting_round(name)
        if round_ is None and name == segment.id and state.newest_round(name) is None:
            return Reason.UNKNOWN_ROUND  # its own is still to come
        if round_ is None:
            continue  # skipped and void rounds give nothing
        if round_.timing == "predict" and not round_.outcome:
            return Reason.NOT_SETTLED
        if not round_.sealed:
            return Reason.NOT_SEALED
    return None


def due(rundown: Rundown, state: State, now_ms: int) -> list[tuple[str, int]]:
    """The timed cues that are to be called by now and may be, with when that was to be, earliest first.

    When the evening has ended, envelopes that are still sealed open as they would have before.
    """
    if not state.version:
        return []
    calls = [(called_at_ms(rundown.cue(name)[1], at_ms), name) for name, at_ms in timed(rundown, state)]
    found = [(at_ms, name) for at_ms, name in calls if at_ms <= now_ms]
    if state.phase == "ended":
        found = [call for call in found if rundown.cue(call[1])[1].do in ("freeze", "announce")]
    return [
        (name, at_ms)
        for at_ms, name in sorted(found, key=lambda pair: pair[0])
        if refusal(rundown, state, {"cue": "fire", "target": name}, now_ms) is None
    ]
