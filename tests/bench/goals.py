"""What a bench found, against what it is to be at most: for those whose figures are many."""

from collections.abc import Mapping
from typing import Any

Goals = Mapping[str, tuple[str, float]]  # name: (the figure, at most)


def judged(figures: dict[str, Any], goals: Goals, *, ran: bool) -> dict[str, Any]:
    """The figures with the goals that they meet or miss; met: all of them are, in a run that did anything."""
    told = {
        name: {"found": figures[figure], "goal": most, "met": figures[figure] <= most}
        for name, (figure, most) in goals.items()
    }
    return {**figures, "goals": told, "met": ran and all(goal["met"] for goal in told.values())}


def lines_of(said: Mapping[str, Any]) -> list[str]:
    """What was judged, to read: a line a figure, then a line a goal."""
    return [
        *(f"{name:26}{value}" for name, value in said.items() if name != "goals"),
        *(
            f"{'met' if goal['met'] else 'MISSED':8}{name}: {goal['found']:g} of {goal['goal']:g}"
            for name, goal in said["goals"].items()
        ),
    ]
