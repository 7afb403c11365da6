"""Who may see and decide what, when: pure arithmetic on instants (see docs/timing.md).

``T`` is venue time, what happens in the hall. A cohort watches ``delay_ms`` later. A declared delay may put
off what a viewer *sees*; in `predict` and `influence` it never extends what a viewer may *decide*.
"""

from collections.abc import Sequence
from typing import Literal

from gala.rundown import Channel, TimingClass

STEP_MS = 500  # cohorts: delays rounded up to this, so that at most 64 exist
COHORTS_MAX = 64
NUDGE_MS_MAX = 90_000
CLOCK_SLACK_MS = 150  # a phone's clock error: p95 is 12 ms, and half a round trip of 300 ms bounds it
GRACE_MS = 500  # of real network, after a lock, before the gate shuts
SHORT_WINDOW_MS = 8_000  # a visible window under this is yellow on the director's desk


def cohort_delay_ms(delay_ms: int) -> int:
    """A delay as its cohort has it: rounded up to `STEP_MS`, never negative."""
    return max(0, -(-delay_ms // STEP_MS) * STEP_MS)


def declared_delay_ms(channel: Channel, delay_ms: int | None) -> int:
    """The delay a viewer declares: the channel's, or their own within ±`NUDGE_MS_MAX` of it, at least 0."""
    if delay_ms is None:
        return channel.delay_ms
    low, high = channel.delay_ms - NUDGE_MS_MAX, channel.delay_ms + NUDGE_MS_MAX
    return max(0, min(high, max(low, delay_ms)))


def opens_at_ms(timing: TimingClass, at_ms: int, delay_ms: int) -> int:
    """When a cohort sees open what opened in the hall at `at_ms`."""
    return at_ms if timing == "absolute" else at_ms + delay_ms


def closes_at_ms(timing: TimingClass, at_ms: int, delay_ms: int) -> int:
    """When a play of this cohort is no longer taken; `predict` and `influence` close for everyone at once."""
    return at_ms + delay_ms if timing == "appear" else at_ms


def visible_window_ms(timing: TimingClass, opened_ms: int, closed_ms: int, delay_ms: int) -> int:
    """How long a cohort sees what is open in the hall from `opened_ms` to `closed_ms`; may be negative."""
    return closes_at_ms(timing, closed_ms, delay_ms) - opens_at_ms(timing, opened_ms, delay_ms)


def window_level(visible_ms: int) -> Literal["ok", "yellow", "red"]:
    """How the director sees a window: red cannot be played at all, yellow is short."""
    if visible_ms <= 0:
        return "red"
    return "yellow" if visible_ms < SHORT_WINDOW_MS else "ok"


def slowest_ms(channels: Sequence[Channel]) -> int:
    """The greatest delay of the show's channels, as a cohort has it."""
    return max((cohort_delay_ms(channel.delay_ms) for channel in channels), default=0)
