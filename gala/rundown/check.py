"""`gala check FILE`: what is wrong with a rundown, or the evening as a table."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from gala.rundown import Cue, Draw, Rundown, Segment, Text
from gala.rundown.file import read
from gala.rundown.rules import prizes_minor
from gala.rundown.table import Fault
from gala.rundown.times import shown
from gala.show.planner import planned_windows, window_ms

STYLES = {"fault": "bold red", "red": "red", "yellow": "yellow", "ok": "green", "watch": "dim"}


def check(path: Path, console: Console) -> int:
    """Prints faults and warnings with their lines, or the evening; 0 if it can be used, 1 if not."""
    try:
        source = path.read_bytes()
    except OSError as error:
        console.print(Styled(f"{path}: {error.strerror}", STYLES["fault"]))
        return 1
    reading = read(source, path.parent)
    for fault in sorted(reading.faults + reading.warnings, key=lambda fault: fault.line):
        console.print(_line(path.name, fault), soft_wrap=True)
    if reading.rundown is None:
        console.print(f"{path.name}: {_counted(len(reading.faults), 'fault')}", style=STYLES["fault"])
        return 1
    evening(reading.rundown, console)
    warned = _counted(len(reading.warnings), "warning") if reading.warnings else "no warnings"
    console.print(f"{path.name}: good, {warned}")
    return 0


def evening(rundown: Rundown, console: Console) -> None:
    """Prints a rundown: its segments with their cues, then what each channel sees of each round."""
    languages = rundown.languages
    table = Table(title=f"{_said(rundown.name, languages)}, times of {rundown.zone}", title_justify="left")
    table.add_column("at", no_wrap=True)
    table.add_column("lasts", justify="right", no_wrap=True)
    table.add_column("segment", no_wrap=True)
    table.add_column("")
    table.add_column("cues")
    for segment in rundown.segments:
        table.add_row(
            _clock(rundown, segment.plan_at_ms),
            shown(segment.plan_ms),
            _said(segment.title, languages),
            _what(segment, rundown.currency),
            ", ".join(_cue(rundown, cue) for cue in segment.cues),
        )
    console.print(table)
    _print_windows(rundown, console)
    ends = _clock(rundown, rundown.ends_at_ms)
    total = sum(prizes_minor(segment) for segment in rundown.segments)
    prizes = sum(prize.count for draw in _draws(rundown) for prize in draw.prizes)
    console.print(f"ends {ends} {rundown.zone}; {prizes:,} prizes, {_money(total, rundown.currency)} in all")


def _print_windows(rundown: Rundown, console: Console) -> None:
    planned = [segment for segment in rundown.segments if segment.game and window_ms(segment) is not None]
    if not planned or not rundown.channels:
        return
    table = Table(title="what each channel sees of a round", title_justify="left")
    table.add_column("segment")
    table.add_column("open", justify="right")
    for channel in rundown.channels:
        table.add_column(f"{channel.id} +{shown(channel.delay_ms)}", justify="right")
    delays_ms = [channel.delay_ms for channel in rundown.channels]
    for segment in planned:
        cells = [
            Styled("watches" if window.level == "watch" else shown(window.visible_ms), STYLES[window.level])
            for window in planned_windows(rundown, segment, delays_ms)
        ]
        table.add_row(_said(segment.title, rundown.languages), shown(window_ms(segment) or 0), *cells)
    console.print(table)


def _draws(rundown: Rundown) -> Iterator[Draw]:
    return (draw for segment in rundown.segments for draw in segment.draws)


def _line(name: str, fault: Fault) -> Styled:
    where = f"{name}:{fault.line}: "
    segment = f"{fault.segment}: " if fault.segment else ""
    return Styled.assemble((where, "dim"), segment, (fault.message, STYLES[fault.level]))


def _what(segment: Segment, currency: str) -> str:
    """The kind of a segment in a few words."""
    found = [f"{segment.game.name}, {segment.game.timing}"] if segment.game is not None else []
    found += [_promised(draw, currency) for draw in segment.draws]
    if found:
        return "\n".join(found)
    if segment.kind == "countdown":
        return "countdown"
    return "look up" if segment.look_up else ""


def _promised(draw: Draw, currency: str) -> str:
    """A draw's prizes; of a deck, its odds."""
    count = sum(prize.count for prize in draw.prizes)
    total = sum(prize.budget_minor for prize in draw.prizes)
    said = f"draw {draw.number}, {count:,} prizes, {_money(total, currency)}"
    if draw.channels:
        said += f", for {', '.join(draw.channels)}" + (", dealt apart" if draw.apart else "")
    if draw.accounts:
        said += ", accounts only" + (f", without {len(draw.excluded):,}" if draw.excluded else "")
    for prize in draw.prizes:
        if prize.deck is not None:
            said += (
                f": {prize.deck.least_minor:,} to {prize.deck.most_minor:,}, {total / count:,.2f} on average"
            )
    return said


def _cue(rundown: Rundown, cue: Cue) -> str:
    if cue.by == "after":
        return f"{cue.do} +{shown(cue.after_ms)}"
    return f"{cue.do} at {_clock(rundown, cue.at_ms)}" if cue.by == "at" else f"{cue.do} GO"


def _clock(rundown: Rundown, at_ms: int) -> str:
    moment = dt.datetime.fromtimestamp(at_ms / 1000, ZoneInfo(rundown.zone))
    return moment.strftime("%H:%M:%S")


def _money(minor: int, currency: str) -> str:
    return f"{minor:,} minor units of {currency}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _said(text: Text, languages: tuple[str, ...]) -> str:
    return text.get(languages[0], "") if languages else ""
