"""What the show will do by itself: the timed cues that wait, and when each is due. Pure, on the state."""

from itertools import pairwise

from gala.rundown import Cue, Rundown, Segment
from gala.show.state import State, running_order
from gala.timing import OPEN_LEAD_MS


def timed(rundown: Rundown, state: State) -> list[tuple[str, int]]:
    """(cue id, due instant) of every timed cue that waits, in the order of the rundown.

    A cue "after" waits once the cue before it was done; holds since then put it off, and while the show is on
    hold it has no instant and is not listed. A cue "at" stands where it stands. Somebody may have moved
    either (`State.retimed`). The instant is that of the effect: `called_at_ms` says when to call it.
    """
    waiting: list[tuple[str, int]] = []
    for segment in running_order(rundown, state):
        if segment.id in state.skipped:
            continue
        for position, cue in enumerate(segment.cues):
            if cue.id in state.fired:
                continue
            moved = state.retimed.get(cue.id)
            if cue.by == "at":
                waiting.append((cue.id, moved.due_at_ms if moved is not None else cue.at_ms))
            elif cue.by == "after" and not state.held_at_ms:
                before = state.fired.get(segment.cues[position - 1].id)
                if before is None:
                    continue
                if moved is not None:
                    waiting.append((cue.id, _put_off(state, moved.due_at_ms, moved.since_at_ms)))
                else:
                    waiting.append((cue.id, _put_off(state, before.at_ms + cue.after_ms, before.at_ms)))
    return waiting


def _put_off(state: State, due_at_ms: int, since_at_ms: int) -> int:
    """An instant that was planned at `since_at_ms`, after the holds since then."""
    for hold_from, hold_to in state.holds:
        # a hold puts off what was still to come when it began
        if hold_to > since_at_ms and hold_from < due_at_ms:
            due_at_ms += hold_to - max(hold_from, since_at_ms)
    return due_at_ms


def called_at_ms(cue: Cue, due_at_ms: int) -> int:
    """When a cue is to be called for its effect to come at `due_at_ms`: a round opens a moment after."""
    return due_at_ms - OPEN_LEAD_MS if cue.do == "open" else due_at_ms


def set_off(segment: Segment, cue: Cue) -> tuple[Cue, ...]:
    """A cue and those that follow it by themselves."""
    position = segment.cues.index(cue)
    found = [cue]
    for after in segment.cues[position + 1 :]:
        if after.by != "after":
            break
        found.append(after)
    return tuple(found)


def foreseen(rundown: Rundown, state: State) -> dict[str, int]:
    """As `timed`, and the timed cues that follow these: what happens when if nobody does anything."""
    ahead = dict(timed(rundown, state))
    for segment in rundown.segments:
        for before, cue in pairwise(segment.cues):
            if cue.by == "after" and cue.id not in state.fired and before.id in ahead:
                # what it follows may have been due before a hold, and nobody had done it yet
                due_at_ms = ahead[before.id] + cue.after_ms
                ahead.setdefault(cue.id, _put_off(state, due_at_ms, ahead[before.id]))
    return ahead
