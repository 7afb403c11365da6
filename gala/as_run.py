"""The as-run: what the log says was done, in words for the crew, whose language is English."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from gala.protocol import crew as protocol_crew
from gala.rundown import Rundown, words
from gala.rundown.times import shown
from gala.show.state import LogEntry, State


def as_run(rundown: Rundown, entries: Sequence[LogEntry]) -> list[protocol_crew.AsRun]:
    """The log in words, oldest first."""
    return [
        protocol_crew.AsRun(version=entry.version, at_ms=entry.at_ms, by=entry.by, what=_what(rundown, entry))
        for entry in entries
    ]


def call_taken(rundown: Rundown, state: State) -> str:
    """Who has the call, and since when; empty: nobody."""
    if state.caller is None:
        return ""
    return f"{person(state.caller.by)} took the call at {_time_of_day(rundown, state.caller.at_ms)}"


def person(by: str) -> str:
    """Who did it, without their role: of `director Mei` Mei."""
    return by.partition(" ")[2] or by


def _what(rundown: Rundown, entry: LogEntry) -> str:
    cue = entry.cue
    kind, target = cue["cue"], cue.get("target", "")
    if kind in ("go", "fire"):
        segment, planned = rundown.cue(target)
        done = f"{planned.do} · {words(segment.title)}"
        if cue.get("reason"):
            return f"{done}: OVERRIDE {cue['reason']}"
        return f"{done}: {cue['outcome']}" if cue.get("outcome") else done
    if kind in ("frozen", "drawn", "rostered", "void_draw"):
        return f"draw {cue['draw']} {'void' if kind == 'void_draw' else kind}{_because(cue)}"
    if kind in ("commit", "reveal"):
        return f"draw {cue['draw']}: {cue['party']} {kind}s"
    if kind == "beacon":
        return f"draw {cue['draw']}: the beacon's signature by hand"
    if kind == "freeze_draw":
        return f"draw {cue['draw']} is frozen: its channels have closed"
    if kind in ("close", "closed"):
        where = ", ".join(rundown.channels[place].id for place in cue["channels"])
        return f"{kind} {target} on {where}"
    if kind == "void":
        return f"void {target}: {cue['reason']}"
    if kind == "multiply":
        return f"multiply {target} ×{cue['factor_bp'] / 10_000:g} for {shown(cue['ms'])}"
    if kind == "extend":
        return (
            f"{'extend' if cue['ms'] > 0 else 'shorten'} {target} by {shown(abs(cue['ms']))}{_because(cue)}"
        )
    if kind == "delay":
        return f"channel {target} runs {shown(cue['delay_ms'])} behind"
    if kind == "retime":
        return f"{target} moved to {_time_of_day(rundown, cue['at_ms'])}{_because(cue)}"
    if kind == "swap":
        return f"swap {target} and {cue['other']}{_because(cue)}"
    if kind == "kill":
        return f"kill switch{_because(cue)}"
    if kind == "call":
        return f"{person(entry.by)} took the call on {cue['console']}"
    if kind in ("ask_clap", "clap"):
        return "phones watch for the clap" if kind == "ask_clap" else "the host claps"
    return f"{kind} {target}".strip()


def _time_of_day(rundown: Rundown, at_ms: int) -> str:
    return f"{dt.datetime.fromtimestamp(at_ms / 1000, ZoneInfo(rundown.zone)):%H:%M:%S}"


def _because(cue: Mapping[str, Any]) -> str:
    return f": {cue['reason']}" if cue.get("reason") else ""
