"""What a role may know at an instant: the one place that decides it, which everything that tells asks.

Viewers and overlays know what has come into their sight (`in_sight`, folded by `gala.view`), and of that a
round's counters only where they may show while it runs, its result from the reveal on, a draw's winners from
the announcement on. The bundle holds all of it, so it waits for the last of these on the slowest channel. A
round that was voided tells nothing any more, to nobody, at once. Only `KNOW_BEFORE` are shown the hall's log
and figures as they are.

`seen` is a round or a state as one's own sight has it, `newest` and `head` the same at the log's end.
"""

from gala.passes import CrewRole
from gala.rundown import Rundown
from gala.show.state import Drawing, Round, State, delays_of
from gala.timing import slowest_ms

KNOW_BEFORE: tuple[CrewRole, ...] = ("director", "auditor")
"""Who may know what no channel has seen yet: the desk, the as-run, the evidence."""

BUNDLE_GRACE_MS = 1_000  # the slowest phones are told first


def in_sight(at_ms: int, delay_ms: int, now_ms: int) -> bool:
    """Whether what happened in the hall at `at_ms` has come to those who watch so far behind it."""
    return at_ms + delay_ms <= now_ms


def counters(seen: Round, newest: Round, *, live: bool) -> bool:
    """Whether a round's counters may be shown before its reveal; never a prediction's, whatever its game
    says. `live`: `gala.rounds.Rounds.live` of it."""
    return live and seen.timing != "predict" and not newest.void


def result(seen: Round, newest: Round) -> bool:
    """Whether a round's final counters and its outcome may be shown, and what a slot earned by them."""
    return bool(seen.revealed_at_ms) and not newest.void


def winners(seen: Drawing) -> bool:
    """Whether it may be shown who won, and how many; that a draw is computed says nothing."""
    return seen.state == "announced"


def results(seen: State, head: State) -> list[Round]:
    """The rounds whose result may be shown."""
    return [round_ for round_ in seen.rounds.values() if result(round_, head.rounds[round_.id])]


def announced(seen: State) -> list[Drawing]:
    """The draws whose winners may be shown."""
    return [drawing for drawing in seen.draws.values() if winners(drawing)]


def awaited(rundown: Rundown, head: State) -> bool:
    """Whether envelopes that were caught are still to be opened, which they are by themselves: the bundle, in
    which anybody could look, waits for them."""
    for drawing in head.draws.values():
        segment = rundown.segment(drawing.segment)
        by_itself = any(cue.do == "announce" and cue.by == "after" for cue in segment.cues)
        by_itself = by_itself or any(draw.apart for draw in segment.draws)
        under_way = drawing.frozen_at_ms and drawing.state in ("armed", "frozen", "drawn")
        if segment.game is not None and by_itself and under_way and not head.held_at_ms:
            return True
    return False


def bundle_at_ms(rundown: Rundown, head: State) -> int:
    """From when on the bundle may be there; 0 while the show runs.

    A result can be revealed after the last segment has ended, and is waited for like the end itself.
    """
    if head.phase != "ended":
        return 0
    last_ms = max(
        *(segment.ended_at_ms for segment in head.segments.values()),
        *(round_.revealed_at_ms for round_ in head.rounds.values()),
        *(drawing.announced_at_ms for drawing in head.draws.values()),
        0,
    )
    return last_ms + slowest_ms(delays_of(rundown, head)) + BUNDLE_GRACE_MS
