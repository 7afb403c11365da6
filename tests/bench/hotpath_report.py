"""What `hotpath` found, as JSON and as a table, and how it compares with the goals."""

import math
import platform
from dataclasses import dataclass, field
from statistics import median
from typing import Any

OURS = "gala"
ROWS = {
    "gala": "gala serve (Python)",
    "node_socketio": "socket.io on Node, ws",
    "bun_socketio": "socket.io on Bun, bun-engine",
    "node_ws": "plain ws on Node (no Socket.IO)",
    "bun_serve": "plain Bun.serve (no Socket.IO)",
}
FIGURES = {"vote_us": "vote", "frame_us": "frame", "connect_us": "connect"}
GOALS = {
    "vote_vs_node_socketio": 0.55,
    "vote_vs_bun_socketio": 1.0,
    "frame_vs_node_socketio": 0.75,
    "frame_vs_bun_socketio": 1.0,
    "connect_vs_node_socketio": 0.7,
    "kib_per_connection": 4.5,
    "ack_p50_ms": 10.0,
    "ack_p99_ms": 30.0,
}
"""At most: KiB, ms at 5 000 votes a second, and otherwise a share of the peer's."""


@dataclass
class Cost:
    """One server's: CPU µs a vote and a delivered frame, by round; once, a connection's µs and KiB.

    enter_us: what only ours does after a connection: the welcome and the viewer's number. ack_p50_ms,
    ack_p99_ms: how long a vote waits for its answer, of ours alone.
    """

    vote_us: list[float] = field(default_factory=list)
    frame_us: list[float] = field(default_factory=list)
    connect_us: float = 0.0
    enter_us: float = 0.0
    kib_per_connection: float = 0.0
    ack_p50_ms: list[float] = field(default_factory=list)
    ack_p99_ms: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """The medians."""
        return {
            "vote_us": round(median(self.vote_us), 1),
            "frame_us": round(median(self.frame_us), 1),
            "connect_us": round(self.connect_us, 1),
            "enter_us": round(self.enter_us, 1),
            "kib_per_connection": round(self.kib_per_connection, 1),
            "ack_p50_ms": round(median(self.ack_p50_ms or [0]), 1),
            "ack_p99_ms": round(median(self.ack_p99_ms or [0]), 1),
        }


def report(costs: dict[str, Cost], said: list[str]) -> dict[str, Any]:
    """Everything, as JSON has it. said: words about what could not be had."""
    found = {name: cost.figures() for name, cost in costs.items()}
    ours = found.pop(OURS)
    ratios = {
        f"{word}_vs_{peer}": round(ours[figure] / theirs[figure], 2)
        for peer, theirs in found.items()
        for figure, word in FIGURES.items()
        if theirs[figure]
    }
    own = ("kib_per_connection", "ack_p50_ms", "ack_p99_ms")
    measured = {**ratios, **{name: ours[name] for name in own}}
    goals = {
        name: {"goal": goal, "found": measured.get(name), "met": measured.get(name, math.inf) <= goal}
        for name, goal in GOALS.items()
    }
    return {
        "python": platform.python_version(),
        "gala": ours,
        "peers": found,
        "ratios": ratios,
        "goals": goals,
        "met": all(goal["met"] for goal in goals.values()),
        "said": said,
    }


def table(said: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{'Python ' + said['python']:34}{'µs a vote':>12}{'µs a frame':>12}{'µs a connect':>14}{'KiB':>8}"
    ]
    for name, cost in {OURS: said[OURS], **said["peers"]}.items():
        lines.append(
            f"{ROWS[name]:34}{cost['vote_us']:12}{cost['frame_us']:12}{cost['connect_us']:14}"
            f"{cost['kib_per_connection']:8}"
        )
    lines.append(f"ours, to welcome a viewer and give a number: {said[OURS]['enter_us']} µs more\n")
    for name, goal in said["goals"].items():
        verdict = "met   " if goal["met"] else "MISSED"
        found = "not measured" if goal["found"] is None else goal["found"]
        lines.append(f"{verdict}  {name.replace('_', ' ')}: {found} (at most {goal['goal']})")
    return "\n".join([*lines, *said["said"]]) + "\n"
