"""What makes a rundown playable, beyond being well written: pure rules over the typed rundown.

The same rules serve `gala check` and the director's console. A *fault* must be mended before the rundown
can be used; a warning should be looked at: it is *yellow*, or *red* where a channel could not play at all.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from gala.rundown import Act, Draw, Rundown, Segment
from gala.show.planner import Window, planned_windows
from gala.timing import SHORT_WINDOW_MS
from games import GAMES
from rewards.arithmetic.roster import WON_MAX
from rewards.rules.leaves import TEST_CURRENCY

Level = Literal["fault", "yellow", "red"]

ORDER: tuple[Act, ...] = ("start", "open", "cut", "lock", "settle", "reveal", "freeze", "announce", "end")

NEEDS: dict[Act, Act] = {
    "cut": "open",
    "lock": "open",
    "settle": "lock",
    "reveal": "lock",
    "announce": "freeze",
}
"""What must stand before an act in the same segment."""

FOLLOWS: dict[Act, Act] = {"open": "lock", "lock": "reveal", "freeze": "announce"}
"""What must stand after an act in the same segment, so that nothing begun stays unfinished."""


class Finding(msgspec.Struct, frozen=True):
    """`segment` and `cue` (an act, or a key of the segment) say where; both may be empty."""

    level: Level
    segment: str
    cue: str
    message: str


def findings(rundown: Rundown) -> Iterator[Finding]:
    """Everything the rules have to say, in the order of the rundown."""
    before: Segment | None = None
    for segment in rundown.segments:
        yield from _place_findings(rundown, segment, before)
        yield from _cue_findings(segment)
        for draw in segment.draws:
            yield from _draw_findings(rundown, segment, draw)
        yield from _shared_findings(rundown, segment)
        before = segment
    delays_ms = [channel.delay_ms for channel in rundown.channels]
    for segment in rundown.segments:
        for window in planned_windows(rundown, segment, delays_ms):
            if window.level in ("yellow", "red"):
                yield _window_finding(window)
    if before is not None and "end" not in {cue.do for cue in before.cues}:
        yield Finding("fault", before.id, "cues", "the last segment needs an `end`: the evening ends with it")


def prizes_minor(segment: Segment) -> int:
    """The face value of all prizes of a segment's draws, in minor units."""
    return sum(prize.budget_minor for draw in segment.draws for prize in draw.prizes)


def _place_findings(rundown: Rundown, segment: Segment, before: Segment | None) -> Iterator[Finding]:
    if segment.plan_at_ms > rundown.ends_at_ms:
        yield Finding("fault", segment.id, "plan", "the plan is outside the show, which has ended by then")
    elif before is not None and segment.plan_at_ms < before.plan_at_ms:
        yield Finding(
            "fault", segment.id, "plan", f"planned earlier than {before.id}, which stands before it"
        )
    elif before is not None and segment.plan_at_ms == before.plan_at_ms:
        yield Finding("fault", segment.id, "plan", f"planned for the same moment as {before.id}")
    if segment.countdown_at_ms and segment.countdown_at_ms < segment.plan_at_ms:
        yield Finding("fault", segment.id, "countdown", "counts down to a moment before the segment begins")


def _cue_findings(segment: Segment) -> Iterator[Finding]:
    acts = [cue.do for cue in segment.cues]
    if not acts or acts[0] != "start":
        yield Finding("fault", segment.id, "cues", "the first cue is `start`")
    for position, cue in enumerate(segment.cues):
        where = (segment.id, cue.do)
        if cue.by == "after" and position == 0:
            yield Finding(
                "fault", *where, f"`{cue.do}` comes after nothing: the first cue is by GO or `at` a time"
            )
        if cue.do in ("open", "cut", "lock", "settle", "reveal") and segment.game is None:
            yield Finding("fault", *where, f"`{cue.do}` is for a game, and this segment has none")
            continue
        if cue.do in ("freeze", "announce") and not segment.draws:
            yield Finding("fault", *where, f"`{cue.do}` is for a draw, and this segment has none")
            continue
        needed = NEEDS.get(cue.do)
        if needed and needed not in acts[:position]:
            yield Finding("fault", *where, f"`{cue.do}` needs `{needed}` before it")
        elif position and ORDER.index(cue.do) < ORDER.index(acts[position - 1]):
            yield Finding("fault", *where, f"`{cue.do}` cannot come after `{acts[position - 1]}`")
        due = FOLLOWS.get(cue.do)
        if due and due not in acts:
            yield Finding("fault", *where, f"`{cue.do}` without `{due}`: what is begun is never finished")
        if cue.do == "cut" and segment.game is not None and segment.game.timing != "influence":
            yield Finding(
                "fault", *where, "`cut` is for what changes the stage: no play of this game counts for it"
            )
        if cue.do == "settle" and cue.by != "go":
            yield Finding("fault", *where, "`settle` is by GO: a person names the outcome")
        if cue.do == "settle" and segment.game is not None and not segment.game.outcomes:
            yield Finding("fault", *where, "`settle` is for predictions: here the stage decides nothing")
    if segment.game is not None:
        if "open" not in acts:
            yield Finding("fault", segment.id, "cues", f"a {segment.game.name} needs a cue `open`")
        if segment.game.outcomes and "lock" in acts and "settle" not in acts:
            yield Finding(
                "fault", segment.id, "cues", "a prediction needs `settle` between `lock` and `reveal`"
            )
    if any(draw.apart for draw in segment.draws):
        for act in ("freeze", "announce"):
            if act in acts:
                yield Finding(
                    "fault", segment.id, act, f"`{act}`: draws that are `apart` are dealt by themselves"
                )
    elif segment.draws and "freeze" not in acts:
        yield Finding("fault", segment.id, "cues", "a draw needs a cue `freeze`")


def _shared_findings(rundown: Rundown, segment: Segment) -> Iterator[Finding]:
    """A segment's draws share out the channels between them."""
    if segment.game is not None and segment.game.name == "rain" and not segment.draws:
        yield Finding("fault", segment.id, "", "a rain needs a draw: what is in its envelopes")
    apart = [draw.apart for draw in segment.draws]
    if any(apart) and not all(apart):
        yield Finding("fault", segment.id, "draw", "`apart`: all of a segment's draws are, or none")
    if len(segment.draws) < 2 and not any(draw.channels for draw in segment.draws):
        return
    if not all(draw.channels for draw in segment.draws):
        yield Finding("fault", segment.id, "draw", "each of several draws names the `channels` it is for")
    for channel in rundown.channels:
        draws = [str(draw.number) for draw in segment.draws if channel.id in draw.channels]
        if len(draws) > 1:
            yield Finding(
                "fault", segment.id, "draw", f"`{channel.id}` is in draws {' and '.join(draws)} at once"
            )
        elif not draws:
            yield Finding(
                "yellow", segment.id, "draw", f"`{channel.id}` is in no draw of it, and can win nothing here"
            )


def _draw_findings(rundown: Rundown, segment: Segment, draw: Draw) -> Iterator[Finding]:
    before = [(other.id, one) for other in rundown.segments for one in other.draws]
    for name, one in before[: next(n for n, (_, one) in enumerate(before) if one is draw)]:
        if one.number == draw.number:
            yield Finding("fault", segment.id, "draw", f"draw number {draw.number} is {name}'s already")
    places = {other.id: place for place, other in enumerate(rundown.segments)}
    for name in sorted({name for name in draw.segments if draw.segments.count(name) > 1}):
        yield Finding("fault", segment.id, "draw", f"`{name}` is named twice")
    for name in draw.segments:
        source = rundown.segments[places[name]] if name in places else None
        if source is None:
            yield Finding("fault", segment.id, "draw", f"there is no segment `{name}` to draw from")
        elif source.game is None or not GAMES[source.game.name].entries(source.game.settings):
            yield Finding("fault", segment.id, "draw", f"`{name}` gives no entries to draw from")
        elif places[name] > places[segment.id]:
            yield Finding("fault", segment.id, "draw", f"`{name}` comes only after the draw")
    earlier = {one.number for other in rundown.segments[: places[segment.id]] for one in other.draws}
    for number in draw.cap_with:
        if number not in earlier:
            yield Finding("fault", segment.id, "draw", f"`cap_with` names {number}, which is no earlier draw")
    if draw.apart:
        timing = segment.game.timing if segment.game is not None else ""
        if draw.segments != (segment.id,) or timing != "appear" or not draw.channels or draw.cap_with:
            yield Finding(
                "fault",
                segment.id,
                "draw",
                "`apart` is for `channels` of the segment's own rain or whack, without `cap_with`",
            )
    if draw.cap_with and draw.cap > WON_MAX:
        yield Finding(
            "fault", segment.id, "draw", f"a `cap` with earlier draws is at most {WON_MAX}, not {draw.cap}"
        )
    dates = draw.alternates_at_ms
    if list(dates) != sorted(set(dates)) or any(date >= draw.valid_until_at_ms for date in dates):
        yield Finding(
            "fault", segment.id, "draw", "`alternates_at` must ascend, and lie before the end of the vouchers"
        )
    if rundown.currency != TEST_CURRENCY and not rundown.witnesses:
        yield Finding(
            "fault", segment.id, "draw", "a show with draws needs `witnesses`: see docs/auditing.md"
        )
    prizes = sum(prize.count for prize in draw.prizes)
    if draw.cap > max(prizes, 1):
        yield Finding(
            "fault", segment.id, "draw", f"a cap of {draw.cap} prizes a viewer, and there are {prizes}"
        )
    if draw.valid_until_at_ms <= draw.valid_from_at_ms:
        yield Finding("fault", segment.id, "draw", "the vouchers end before they begin to be valid")


def _window_finding(window: Window) -> Finding:
    sees = f"{window.visible_ms / 1000:g} s"
    short_ms = SHORT_WINDOW_MS - window.visible_ms
    advice = f"open {-(-short_ms // 1000)} s earlier"
    name = window.channel.id
    if window.level == "red":
        message = f"{name} cannot play: it sees {sees} of the window; {advice} or mark it `watch_only`"
        return Finding("red", window.segment, "open", message)
    return Finding("yellow", window.segment, "open", f"{name} sees only {sees} of the window: {advice}")
