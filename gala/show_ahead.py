"""What the show will do by itself: the timed cues that wait, and when each is due. Pure, on the state."""

from itertools import pairwise

from gala.rundown import Rundown
from gala.show_state import State


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
