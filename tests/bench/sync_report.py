"""What a run of `gala bench sync` says: figures, goals, and both as a table. Pure."""

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any, NamedTuple

from rich.table import Table

GOALS = {  # name: (what it bounds, ms); an error p99 and a length are of acceptance A1
    "error p95": ("p95_ms", 30.0),
    "error p99": ("p99_ms", 150.0),
    "pairwise skew p95": ("skew_p95_ms", 25.0),
    "length": ("length_max_ms", 50.0),
}


class Play(NamedTuple):
    """One phone's share in one cue, ms.

    error_ms: how much later than the service's schedule its clock came to the cue's start; where it was told
    too late, when it was told. length_ms: how much longer than planned the cue lasted by that clock. over_ms:
    how late its timer then was. Many phones share this machine, and each alone would have its own, so that is
    kept apart: it says how busy the machine was. spare_ms: how long before the start it had been told.
    """

    phone: int
    round: str
    network: str
    channel: str
    error_ms: float
    length_ms: float
    over_ms: float
    spare_ms: float


def share(values: Iterable[float], part: float) -> float:
    """The value that `part` of them do not exceed; 0 of none."""
    ascending = sorted(values)
    return ascending[min(len(ascending) - 1, int(len(ascending) * part))] if ascending else 0.0


def skews_ms(plays: Iterable[Play]) -> list[float]:
    """How far apart any two phones were in a cue, channel delay aside."""
    cues: dict[str, list[float]] = {}
    for play in plays:
        cues.setdefault(play.round, []).append(play.error_ms)
    return [abs(one - other) for errors in cues.values() for one, other in combinations(errors, 2)]


def figures(plays: list[Play]) -> dict[str, float]:
    """The figures of a group of plays, ms."""
    errors = [abs(play.error_ms) for play in plays]
    lengths = [abs(play.length_ms) for play in plays]
    return {
        "starts": len(plays),
        "late": sum(play.spare_ms < 0 for play in plays),
        "lean_ms": share((play.error_ms for play in plays), 0.5),
        "p50_ms": share(errors, 0.5),
        "p95_ms": share(errors, 0.95),
        "p99_ms": share(errors, 0.99),
        "max_ms": max(errors, default=0.0),
        "skew_p95_ms": share(skews_ms(plays), 0.95),
        "length_p95_ms": share(lengths, 0.95),
        "length_max_ms": max(lengths, default=0.0),
        "timer_p95_ms": share((play.over_ms for play in plays), 0.95),
        "with_timers_p95_ms": share((abs(play.error_ms + play.over_ms) for play in plays), 0.95),
    }


def rounded(found: dict[str, float]) -> dict[str, float]:
    """A hundredth of a millisecond says more than was measured."""
    return {name: round(value, 2) for name, value in found.items()}


def report(plays: list[Play], expected: int) -> dict[str, Any]:
    """The whole: all plays, then by network and channel, and whether each goal is met.

    expected: how many starts there should be; one that is missing misses a goal.
    """

    def by(name: Callable[[Play], str]) -> dict[str, dict[str, float]]:
        groups: dict[str, list[Play]] = {}
        for play in plays:
            groups.setdefault(name(play), []).append(play)
        return {group: rounded(figures(members)) for group, members in groups.items()}

    whole = figures(plays)
    goals = {
        name: {"goal_ms": goal, "found_ms": round(whole[figure], 2), "met": whole[figure] <= goal}
        for name, (figure, goal) in GOALS.items()
    }
    return {
        "expected": expected,
        "all": rounded(whole),
        "networks": by(lambda play: play.network),
        "channels": by(lambda play: play.channel),
        "cells": by(lambda play: f"{play.network} {play.channel}"),
        "goals": goals,
        "met": len(plays) == expected and all(goal["met"] for goal in goals.values()),
    }


COLUMNS = {
    "starts": "starts",
    "late": "told late",
    "lean_ms": "lean",
    "p50_ms": "p50",
    "p95_ms": "p95",
    "p99_ms": "p99",
    "max_ms": "max",
    "skew_p95_ms": "skew p95",
    "length_max_ms": "length ±",
    "with_timers_p95_ms": "with timers p95",
}


def table(said: dict[str, Any]) -> Table:
    """The figures for people, ms."""
    shown = Table(title="a cue's start on each phone against the service's schedule, ms")
    shown.add_column("")
    for heading in COLUMNS.values():
        shown.add_column(heading, justify="right")
    for part in ("networks", "channels"):
        for name, found in said[part].items():
            shown.add_row(name, *_cells(found))
        shown.add_section()
    shown.add_row("all", *_cells(said["all"]))
    return shown


def _cells(found: dict[str, float]) -> list[str]:
    return [f"{found[name]:.1f}" if name.endswith("_ms") else f"{found[name]:.0f}" for name in COLUMNS]


def verdicts(said: dict[str, Any]) -> list[str]:
    """A line for each goal."""
    missing = said["expected"] - int(said["all"]["starts"])
    lines = [
        f"{'met' if goal['met'] else 'MISSED':6}  {name}: {goal['found_ms']:.1f} ms of {goal['goal_ms']:g} ms"
        for name, goal in said["goals"].items()
    ]
    return [*lines, *([f"MISSED  {missing} starts of {said['expected']} never came"] if missing else [])]
