"""The metrics that processes tell of themselves: edges, clocks, steps, what they hold of the machine."""

from collections import Counter
from collections.abc import Mapping

from prometheus_client.metrics_core import Metric

from gala.edge.figures import ACK_MS, BATCH
from gala.edge.report import Report
from gala.metrics.families import counter, gauge, histogram
from gala.timekeeping import Standing
from gala.vitals import Vitals

ROTATION = ("clock", "log", "store")
CLOCKS = ("store", "system")


def of_edges(edges: Mapping[str, Report]) -> list[Metric]:
    refused = {name: Counter[str]() for name in edges}
    for name, report in edges.items():
        for reasons in report.refused.values():
            refused[name].update(reasons)
    return [
        gauge(
            "sockets",
            "Phones connected, by the channel they watch.",
            [((name, channel), n) for name, one in edges.items() for channel, n in one.channels.items()],
            "edge",
            "channel",
        ),
        gauge(
            "edge_out",
            "Whether an edge takes no plays, and why.",
            [((n, why), float(one.rotation == why)) for n, one in edges.items() for why in ROTATION],
            "edge",
            "reason",
        ),
        gauge(
            "edge_level",
            "What an edge leaves off because it is pressed, 0 to 4; 5: it counts nothing.",
            [((name,), one.level) for name, one in edges.items()],
            "edge",
        ),
        gauge(
            "edge_share",
            "The share of its rate for newcomers at which an edge lets them in.",
            [((name,), one.share) for name, one in edges.items()],
            "edge",
        ),
        counter(
            "plays",
            "Plays answered.",
            [((name, answer), n) for name, one in edges.items() for answer, n in one.answers.items()],
            "edge",
            "answer",
        ),
        counter(
            "play_refusals",
            "Plays refused.",
            [((name, reason), n) for name, reasons in refused.items() for reason, n in reasons.items()],
            "edge",
            "reason",
        ),
        counter(
            "turned_away",
            "Who asked for a number or a pass and was given none, by reason.",
            [((name, reason), n) for name, one in edges.items() for reason, n in one.turned_away.items()],
            "edge",
            "reason",
        ),
        histogram(
            "play_seconds",
            "From a play's arrival to its durable count.",
            [bound / 1000 for bound in ACK_MS],
            [(name, one.acks, 1e-3) for name, one in edges.items()],
        ),
        histogram(
            "batch_plays",
            "Plays that went to the store together.",
            BATCH,
            [(name, one.batches, 1) for name, one in edges.items()],
        ),
        gauge(
            "plays_waiting",
            "Plays without an answer yet.",
            [((n,), one.waiting) for n, one in edges.items()],
            "edge",
        ),
        gauge(
            "edge_log_lag_seconds",
            "How old an edge's knowledge of the log may be.",
            [((name,), one.log_lag_ms / 1e3) for name, one in edges.items()],
            "edge",
        ),
        counter(
            "connections_dropped",
            "Connections an edge ended against their will.",
            [((name, reason), n) for name, one in edges.items() for reason, n in one.dropped.items()],
            "edge",
            "reason",
        ),
        counter(
            "frames_shed",
            "Shows and boards that slow readers never got, for a newer one.",
            [((name,), one.shed) for name, one in edges.items()],
            "edge",
        ),
    ]


def of_clocks(clocks: Mapping[str, Standing]) -> list[Metric]:
    return [
        gauge(
            "clock_right",
            "Whether a process knows the time.",
            [((n,), c.right) for n, c in clocks.items()],
            "process",
        ),
        gauge(
            "clock_keeps",
            "Whether it is the show's clock.",
            [((n,), c.keeps) for n, c in clocks.items()],
            "process",
        ),
        gauge(
            "clock_off_seconds",
            "A process's gala clock minus the show's.",
            [((name,), clock.off_ms / 1e3) for name, clock in clocks.items()],
            "process",
        ),
        gauge(
            "clock_alarm",
            "Whether the store's or the system's clock is too far off to be followed.",
            [
                ((name, source), float(source in clock.alarm))
                for name, clock in clocks.items()
                for source in CLOCKS
            ],
            "process",
            "source",
        ),
    ]


def of_vitals(vitals: Mapping[str, Vitals]) -> list[Metric]:
    steps = [((name, step), one) for name, found in vitals.items() for step, one in found.steps.items()]
    on_linux = [(name, one) for name, one in vitals.items() if one.resident_bytes]
    return [
        gauge(
            "role",
            "Which roles a process has.",
            [((name, role), 1) for name, one in vitals.items() for role in one.roles],
            "process",
            "role",
        ),
        counter("steps", "Steps done.", [(names, one.done) for names, one in steps], "process", "step"),
        counter(
            "step_misses",
            "Steps not done because the store did not answer in time.",
            [(names, one.missed) for names, one in steps],
            "process",
            "step",
        ),
        counter(
            "step_faults",
            "Steps that failed by a fault of ours.",
            [(names, one.failed) for names, one in steps],
            "process",
            "step",
        ),
        gauge(
            "step_longest_seconds",
            "The longest step within the last two seconds.",
            [(names, one.longest_ms / 1e3) for names, one in steps],
            "process",
            "step",
        ),
        gauge(
            "process_late_seconds",
            "How late the event loop came to what was due, at worst within the last two seconds.",
            [((name,), one.late_ms / 1e3) for name, one in vitals.items()],
            "process",
        ),
        counter(
            "process_cpu_seconds",
            "Processor time used.",
            [((n,), one.cpu_s) for n, one in vitals.items()],
            "process",
        ),
        gauge(
            "process_tasks",
            "Tasks of the event loop.",
            [((n,), one.tasks) for n, one in vitals.items()],
            "process",
        ),
        gauge(
            "process_resident_bytes",
            "Memory resident.",
            [((name,), one.resident_bytes) for name, one in on_linux],
            "process",
        ),
        gauge(
            "process_open_fds",
            "Open files and sockets.",
            [((n,), one.open_files) for n, one in vitals.items()],
            "process",
        ),
        gauge(
            "process_max_fds",
            "How many may be open.",
            [((n,), one.files_max) for n, one in vitals.items()],
            "process",
        ),
    ]
