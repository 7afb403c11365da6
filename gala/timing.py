"""Who may see and decide what, when: pure arithmetic on instants (see docs/timing.md).

``T`` is venue time, what happens in the hall. A cohort watches ``delay_ms`` later. A declared delay may put
off what a viewer *sees*; in `predict` and `influence` it never extends what a viewer may *decide*. The view,
the judge of plays, the gate, the planner and the desk all ask here.
"""

from collections.abc import Iterable
from typing import Literal

from gala.rundown import TimingClass
from games.game import Pauses

STEP_MS = 500  # cohorts: delays rounded up to this, so that at most 64 exist
COHORTS_MAX = 64
NUDGE_MS_MAX = 90_000
CLOCK_SLACK_MS = 150  # a phone's clock error where its round trip is unknown: half of 300 ms
CLOCK_OWN_MS = 25  # what a phone's clock may be off beside half its round trip: p95 is 12 ms in all
GRACE_MS = 500  # of real network, after a lock, before the gate shuts
OPEN_LEAD_MS = 1_000
"""How long after its cue a round opens. Every phone has been told by then, over the slowest network that is
of use (half a round trip of 400 ms, a cohort's rounding of 500 ms), and all of a channel open together."""
DELAY_MS_MAX = 600_000  # of a channel
SHORT_WINDOW_MS = 8_000  # a visible window under this is yellow on the director's desk


def cohort_delay_ms(delay_ms: int) -> int:
    """A delay as its cohort has it: rounded up to `STEP_MS`, never negative."""
    return max(0, -(-delay_ms // STEP_MS) * STEP_MS)


def declared_delay_ms(channel_ms: int, delay_ms: int | None) -> int:
    """The delay a viewer declares: the channel's, or their own within ±`NUDGE_MS_MAX` of it, at least 0."""
    if delay_ms is None:
        return channel_ms
    return max(0, min(channel_ms + NUDGE_MS_MAX, max(channel_ms - NUDGE_MS_MAX, delay_ms)))


def opens_at_ms(timing: TimingClass, at_ms: int, delay_ms: int) -> int:
    """When a cohort sees open what opened in the hall at `at_ms`."""
    return at_ms if timing == "absolute" else at_ms + delay_ms


def closes_at_ms(timing: TimingClass, at_ms: int, delay_ms: int) -> int:
    """When a play of this cohort is no longer taken; `predict` and `influence` close for everyone at once."""
    return at_ms + delay_ms if timing == "appear" else at_ms


def plays_from_ms(timing: TimingClass, at_ms: int, delay_ms: int) -> int:
    """From when a play of this cohort is taken, of a round that opened in the hall at `at_ms`.

    Where all close together, being a moment early wins nothing, and a phone whose clock is a few milliseconds
    ahead shall not be refused; where all have the same length of play, nobody begins before it.
    """
    opens_ms = opens_at_ms(timing, at_ms, delay_ms)
    return opens_ms if timing == "appear" else opens_ms - OPEN_LEAD_MS


def play_at_ms(arrived_ms: int, claimed_ms: int, bound_ms: int) -> int:
    """When a play was made, as far as the service believes it: within its connection's round trip, not later
    than it came. `claimed_ms` 0: the phone does not say."""
    if not claimed_ms or claimed_ms >= arrived_ms:
        return arrived_ms
    earliest_ms = arrived_ms - bound_ms
    return max(earliest_ms, claimed_ms)


def slack_ms(bound_ms: float) -> float:
    """How far a phone's clock may be off, given its round trip's bound, real ms; 0: never measured."""
    return min(GRACE_MS / 2, bound_ms / 2 + CLOCK_OWN_MS) if bound_ms else CLOCK_SLACK_MS


def shuts_at_ms(timing: TimingClass, locked_at_ms: int, slowest_ms: int, grace_ms: int) -> int:
    """When the gate shuts: every play that arrived in time, on the slowest channel too, has been applied."""
    return closes_at_ms(timing, locked_at_ms, slowest_ms) + grace_ms


def later(pauses: Pauses, delay_ms: int) -> Pauses:
    """The hall's pauses as a channel sees them."""
    return tuple((from_ms + delay_ms, to_ms and to_ms + delay_ms) for from_ms, to_ms in pauses)


def visible_window_ms(timing: TimingClass, opened_ms: int, closed_ms: int, delay_ms: int) -> int:
    """How long a cohort sees what is open in the hall from `opened_ms` to `closed_ms`; may be negative."""
    return closes_at_ms(timing, closed_ms, delay_ms) - opens_at_ms(timing, opened_ms, delay_ms)


def window_level(visible_ms: int) -> Literal["ok", "yellow", "red"]:
    """How the director sees a window: red cannot be played at all, yellow is short."""
    if visible_ms <= 0:
        return "red"
    return "yellow" if visible_ms < SHORT_WINDOW_MS else "ok"


def slowest_ms(delays_ms: Iterable[int]) -> int:
    """The greatest of the channels' delays, as a cohort has it."""
    return max(map(cohort_delay_ms, delays_ms), default=0)
