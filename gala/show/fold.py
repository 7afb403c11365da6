"""The show's state: a pure fold of the cue log over a rundown.

Everyone who reads the same log has the same state, so there is no leader and nothing to synchronise. Three
functions carry it: `refusal` says why a cue may not be done now (or nothing), `advance` does it, `due` names
the timed cues whose moment has come. Times are venue time; what a channel may know of it is `gala.view`'s.

Cues in the log (`cue` names the kind):

=========  ==================================  ==========================================================
begin      epoch, rundown (digest), rehearsal  the first entry
standby    target (cue id)                     arms a cue
go         target, outcome?, reason?           a person does the armed cue; with a reason, in spite of red
fire       target                              the conductor does a timed cue
hold       –                                   what has not happened yet waits, an open round's lock included
resume     –
skip       target (segment id)                 the segment will not happen
void       target (round id), reason           the round counts for nothing
multiply   target (round id), factor_bp, ms    for so long, points weigh factor_bp ten-thousandths
locked     target, counters, tally, pages      every gate of the round's box is shut (conductor)
extend     target (round id), ms, reason?      the open round locks, and is cut, so much later (or earlier)
retime     target (cue id), at_ms, reason?     a timed cue is due then
swap       target, other (segment ids),        two segments that have not begun change places
           reason?
kill       reason                              all plays end and all screens go quiet at once, until resume
delay      target (channel id), delay_ms       a channel's picture runs so far behind the hall
ask_clap   –                                   phones ask their viewers to tap when they see the host clap
clap       –                                   the host claps now
call       console                             from now on only this console moves the show
close      target, channels                    the round ends for good on these (places; conductor)
closed     target, channels                    no gate lets a play of theirs through any more (conductor)
sealed     target, equal, plays, sha256        box read, recounted and published (notary)
commit     draw, party, commitment             a party commits to a secret, before the freeze
freeze_draw  draw, numbers                     its channels have closed: the roster follows (notary)
rostered   draw, root, entrants, tickets       the roster is fixed (notary)
reveal     draw, party, r                      a party opens its commitment
frozen     draw, beacon_round, beacon_at_ms    the reveals are closed, the beacon will decide (notary)
beacon     draw, signature                     the beacon's word, brought by hand
drawn      draw, winners                       result computed, vouchers issued (notary)
void_draw  draw, cause, reason                 the draw ends without a result
=========  ==================================  ==========================================================

What a person posts also names the `console` it was pressed on; `call` makes that the caller's.
"""

from msgspec.structs import replace

from gala.rundown import Rundown
from gala.show import apart as show_apart
from gala.show import draws as show_draws
from gala.show.ahead import foreseen
from gala.show.state import (
    Caller,
    Clap,
    Drawing,
    Fired,
    LogEntry,
    OnAir,
    Retimed,
    Round,
    State,
    delays_of,
    round_id,
    running_order,
)
from gala.timing import OPEN_LEAD_MS
from games.game import Spell


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
        return _retime(rundown, _pause(_overdue(rundown, state, entry), at_ms))
    if kind == "resume":
        holds = (*state.holds, (state.held_at_ms, at_ms))
        rounds = {
            name: replace(round_, pauses=(*round_.pauses[:-1], (round_.pauses[-1][0], at_ms)))
            if round_.pauses and not round_.pauses[-1][1]
            else round_
            for name, round_ in state.rounds.items()
        }
        state = replace(state, held_at_ms=0, killed_at_ms=0, holds=holds, rounds=rounds)
        return _retime(rundown, state)
    if kind == "kill":
        return _kill(rundown, state, entry)
    if kind == "delay":
        return replace(state, delays_ms={**state.delays_ms, target: cue["delay_ms"]})
    if kind == "extend":
        return _extend(rundown, state, state.rounds[target], cue["ms"])
    if kind == "retime":
        retimed = {**state.retimed, target: Retimed(cue["at_ms"], at_ms)}
        return _retime(rundown, replace(state, retimed=retimed))
    if kind == "swap":
        return _swap(rundown, state, target, cue["other"])
    if kind == "ask_clap":
        return replace(state, clap=Clap(at_ms))
    if kind == "clap":
        assert state.clap is not None
        return replace(state, clap=replace(state.clap, at_ms=at_ms))
    if kind == "call":
        return replace(state, caller=Caller(cue["console"], entry.by, at_ms))
    if kind == "skip":
        state = replace(state, skipped=(*state.skipped, target))
        if state.standby and rundown.cue(state.standby)[0].id == target:
            state = replace(state, standby=_next_go(rundown, state, state.standby))
        return _maybe_ended(rundown, state)
    if kind in show_draws.CUES:
        return show_draws.advance(rundown, state, cue)
    if kind in show_apart.CUES:
        return show_apart.advance(state, cue)
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
    # a round opens a moment after its cue, and what follows follows the opening
    takes_at_ms = at_ms + OPEN_LEAD_MS if act == "open" else at_ms
    fired[planned.id] = Fired(takes_at_ms, entry.by, entry.version)
    # what is tied to the clock on the wall stays where it was moved, whatever is done before it
    stays = {cue.id for cue in segment.cues[position + 1 :] if cue.by == "at"}
    retimed = {name: moved for name, moved in state.retimed.items() if name not in again or name in stays}
    state = replace(state, fired=fired, retimed=retimed)
    if act == "start":
        segments = dict(state.segments)
        if state.on_air:
            segments[state.on_air] = replace(segments[state.on_air], ended_at_ms=at_ms)
        segments[segment.id] = OnAir(at_ms)
        draws = dict(state.draws)
        for draw in segment.draws:
            draws.setdefault(draw.number, Drawing(number=draw.number, segment=segment.id))
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
            opened_at_ms=takes_at_ms,
            delays_ms=delays_of(rundown, state),
            pauses=((takes_at_ms, 0),) if state.held_at_ms else (),
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
        drawings = [state.draws[draw.number] for draw in segment.draws]
        changed = {
            drawing.number: replace(drawing, frozen_at_ms=at_ms)
            if act == "freeze"
            else replace(drawing, state="announced", announced_at_ms=at_ms)
            for drawing in drawings
            if drawing.state != "void"
        }
        state = replace(state, draws={**state.draws, **changed})
    if planned.id == state.standby:
        state = replace(state, standby=_next_go(rundown, state, planned.id))
    return state


def _retime(rundown: Rundown, state: State, *, first: bool = False) -> State:
    """Works out again when the open round will be cut and locked; a change is a new generation."""
    round_ = state.playable_round()
    if round_ is None:
        return state
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


def _pause(state: State, at_ms: int) -> State:
    """Every round that may run still on some channel pauses; where it is over, that changes nothing."""
    rounds = {
        name: replace(round_, pauses=(*round_.pauses, (max(at_ms, round_.opened_at_ms), 0)))
        if not round_.locked_at_ms and not round_.void
        else round_
        for name, round_ in state.rounds.items()
    }
    return replace(state, held_at_ms=at_ms, rounds=rounds)


def _overdue(rundown: Rundown, state: State, entry: LogEntry) -> State:
    """Locks the open round if it was over by now and nobody had said so: a hold begins after its lock, and
    neither reopens it nor keeps its gates open."""
    round_ = state.playable_round()
    if round_ is None or not 0 < round_.lock_due_at_ms <= entry.at_ms:
        return state
    return _lock(rundown, state, round_, entry)


def _lock(rundown: Rundown, state: State, round_: Round, entry: LogEntry) -> State:
    """Locks a round without its cue, which is done then: what follows the lock follows this."""
    locked_at_ms = min(entry.at_ms, round_.lock_due_at_ms or entry.at_ms)
    locked = replace(round_, locked_at_ms=locked_at_ms, lock_due_at_ms=locked_at_ms)
    done = {
        cue.id: Fired(locked_at_ms, entry.by, entry.version)
        for cue in rundown.segment(round_.segment).cues
        if cue.do in ("cut", "lock") and cue.id not in state.fired
    }
    rounds = {**state.rounds, round_.id: locked}
    state = replace(state, rounds=rounds, fired={**state.fired, **done})
    if state.standby in done:
        state = replace(state, standby=_next_go(rundown, state, state.standby))
    return state


def _kill(rundown: Rundown, state: State, entry: LogEntry) -> State:
    """Ends every round that is still open on some channel, and holds the show."""
    at_ms = entry.at_ms
    for round_ in state.rounds.values():
        if round_.shut or round_.void:
            continue
        killed = replace(round_, killed_at_ms=at_ms, generation=round_.generation + 1)
        if round_.locked_at_ms:
            state = replace(state, rounds={**state.rounds, round_.id: killed})
        else:
            state = _lock(rundown, state, killed, entry)
    state = replace(state, killed_at_ms=at_ms)
    return state if state.held_at_ms else _pause(state, at_ms)


def _extend(rundown: Rundown, state: State, round_: Round, ms: int) -> State:
    due_at_ms = {"lock": round_.lock_due_at_ms}
    if round_.cut_due_at_ms > state.at_ms:
        due_at_ms["cut"] = round_.cut_due_at_ms
    moved = {
        cue.id: Retimed(due_at_ms[cue.do] + ms, state.at_ms)
        for cue in rundown.segment(round_.segment).cues
        if cue.do in due_at_ms
    }
    return _retime(rundown, replace(state, retimed={**state.retimed, **moved}))


def _swap(rundown: Rundown, state: State, target: str, other: str) -> State:
    present = [segment.id for segment in running_order(rundown, state)]
    order = tuple({target: other, other: target}.get(name, name) for name in present)
    state = replace(state, order=order)
    if not state.standby or rundown.cue(state.standby)[0].id in state.segments:
        return state  # armed for what is on air: that stays
    begun = [name for name in order if name in state.segments]
    last = rundown.segment(begun[-1]).cues[-1].id if begun else ""
    return replace(state, standby=_next_go(rundown, state, last))


def _next_go(rundown: Rundown, state: State, after: str) -> str:
    """The next cue a person does, in the running order after cue `after` ("" = from the start)."""
    passed = not after
    for segment in running_order(rundown, state):
        for cue in segment.cues:
            if passed and cue.by == "go" and cue.id not in state.fired and segment.id not in state.skipped:
                return cue.id
            passed = passed or cue.id == after
    return ""


def _maybe_ended(rundown: Rundown, state: State) -> State:
    last = next((s for s in reversed(running_order(rundown, state)) if s.id not in state.skipped), None)
    on_air = state.segments.get(last.id) if last is not None else None
    return replace(state, phase="ended") if on_air is not None and on_air.ended_at_ms else state
