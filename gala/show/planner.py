"""What each channel sees of a round between its opening and its lock: for `gala check`, the desk and GO.

A window under `timing.SHORT_WINDOW_MS` is yellow, none at all is red: that channel's audience cannot play.
Where a rundown says so (`watch_only`), a channel is not meant to.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from gala.rundown import Channel, Cue, Rundown, Segment, TimingClass
from gala.show.ahead import set_off
from gala.show.state import State, delays_of
from gala.timing import visible_window_ms, window_level

Level = Literal["ok", "yellow", "red", "watch"]


class Window(msgspec.Struct, frozen=True):
    """What `channel`, so far behind the hall, sees of a segment's round; ``visible_ms`` may be negative."""

    segment: str
    channel: Channel
    delay_ms: int
    visible_ms: int
    level: Level


def window_ms(segment: Segment) -> int | None:
    """From `open` to `lock` in the hall, as planned; None where a person decides it."""
    opened: Cue | None = None
    length_ms = 0
    for cue in segment.cues:
        if opened is not None:
            if cue.by == "go":
                return None
            if cue.by == "at":
                return cue.at_ms - opened.at_ms if cue.do == "lock" and opened.by == "at" else None
            length_ms += cue.after_ms
            if cue.do == "lock":
                return length_ms
        if cue.do == "open":
            opened = cue
    return None


def windows(
    rundown: Rundown, segment: Segment, timing: TimingClass, length_ms: int, delays_ms: Sequence[int]
) -> Iterator[Window]:
    """Every channel's window of a round that is open in the hall for `length_ms`."""
    for channel, delay_ms in zip(rundown.channels, delays_ms, strict=True):
        visible_ms = visible_window_ms(timing, 0, length_ms, delay_ms)
        level: Level = "watch" if channel.id in segment.watch_only else window_level(visible_ms)
        yield Window(segment.id, channel, delay_ms, visible_ms, level)


def planned_windows(rundown: Rundown, segment: Segment, delays_ms: Sequence[int]) -> Iterator[Window]:
    """Every channel's window of a segment's round, if its length is planned."""
    length_ms = window_ms(segment)
    if segment.game is not None and length_ms is not None:
        yield from windows(rundown, segment, segment.game.timing, length_ms, delays_ms)


def opens_red(rundown: Rundown, state: State, cue_id: str) -> list[Window]:
    """The red windows of the round that GO for this cue would open, itself or by what follows by itself."""
    segment, cue = rundown.cue(cue_id)
    if not any(one.do == "open" for one in set_off(segment, cue)):
        return []
    found = planned_windows(rundown, segment, delays_of(rundown, state))
    return [window for window in found if window.level == "red"]
