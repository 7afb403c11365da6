"""How much of everything an audience needs, from what was measured on one machine. Pure arithmetic.

Each line says what it is made from, so that a reader can do it again by hand, with figures of another
machine. The rates are those of the README and docs/capacity.md, with the commands that repeat them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gala.edge.pace import EDGE_S, SHARE, every_ms

PAGE = 65_536
OVERHEAD_BYTES = 70
"""Around each message on the wire: TCP and IP 40 to 52, TLS 22."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """µs of processor time, and bytes. A durable call costs the store `call_us`, and each vote in it
    `vote_store_us`."""

    vote_us: float = 28.9
    board_us: float = 9.3
    connect_us: float = 254
    connection_bytes: float = 2.8 * 1024
    board_bytes: int = 155
    show_bytes: int = 1_024
    call_us: float = 300
    vote_store_us: float = 4
    log_read_us: float = 35
    report_us: float = 205
    report_read_us: float = 0.95  # for each edge's word in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """vote_s: within how long all of them vote. per_edge: phones a process. busy: how full a core may be."""

    viewers: int
    vote_s: float = 30
    per_edge: int = 10_000
    busy: float = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """What is needed, how much of it, and the arithmetic."""

    what: str
    amount: str
    how: str


def edges_max(measured: Measured, busy: float) -> int:
    """How many edges the one node carries that has the log: each reads it at every step, and tells and reads
    the reports once a second, which grow with the edges."""
    one_us = measured.log_read_us / EDGE_S + measured.report_us
    each_us = measured.report_read_us
    return int((math.sqrt(one_us**2 + 4 * each_us * busy * 1e6) - one_us) / (2 * each_us))


def lines(audience: Audience, measured: Measured) -> Iterator[Line]:
    """The table, line by line."""
    viewers, edge = audience.viewers, audience.per_edge
    edges = math.ceil(viewers / edge)
    votes_s = viewers / audience.vote_s
    yield Line("edges", f"{edges:,}", f"{viewers:,} phones / {edge:,} a process")
    memory = edge * measured.connection_bytes
    yield Line(
        "memory of an edge's connections",
        f"{memory / 1e6:.0f} MB",
        f"{edge:,} × {measured.connection_bytes / 1024:.1f} KiB",
    )
    yield Line("votes a second", f"{votes_s:,.0f}", f"{viewers:,} / {audience.vote_s:g} s")
    vote_cores = votes_s * measured.vote_us / 1e6
    yield Line("cores at work on votes", f"{vote_cores:,.1f}", f"{votes_s:,.0f} × {measured.vote_us} µs")
    board_ms = every_ms(edge, 0)
    board_cores = edges * min(SHARE, edge * measured.board_us / 1e3 / board_ms)
    yield Line(
        "cores at work on boards",
        f"{board_cores:,.0f}",
        f"{edges:,} × {edge:,} × {measured.board_us} µs every {board_ms} ms",
    )
    cores = (vote_cores + board_cores) / audience.busy
    yield Line(
        "cores for edges",
        f"{cores:,.0f}",
        f"({vote_cores:,.1f} + {board_cores:,.0f}) / {audience.busy:g}, at least one for two edges",
    )
    back_s = edge * measured.connect_us / 1e6 / audience.busy
    yield Line(
        "an edge's phones back elsewhere",
        f"{back_s:.1f} s of one core",
        f"{edge:,} × {measured.connect_us:g} µs / {audience.busy:g}",
    )
    boards = viewers * (measured.board_bytes + OVERHEAD_BYTES) * 8 * 1000 / board_ms
    yield Line(
        "out, boards",
        f"{boards / 1e9:,.1f} Gbit/s",
        f"{viewers:,} × ({measured.board_bytes} + {OVERHEAD_BYTES}) B × 8 every {board_ms} ms",
    )
    shows = viewers * (measured.show_bytes + OVERHEAD_BYTES) * 8
    yield Line(
        "out, a cue within a second",
        f"{shows / 1e9:,.1f} Gbit/s",
        f"{viewers:,} × ({measured.show_bytes:,} + {OVERHEAD_BYTES}) B × 8",
    )
    pages = math.ceil(viewers / PAGE)
    yield Line("pages", f"{pages:,}", f"{viewers:,} / {PAGE:,} numbers")
    together = votes_s * (measured.vote_store_us + measured.call_us / 200) / 1e6
    yield Line(
        "primaries, batches of 200",
        f"{math.ceil(together / audience.busy):,}",
        f"{votes_s:,.0f} × ({measured.vote_store_us:g} + {measured.call_us:g} / 200) µs / {audience.busy:g}",
    )
    batch = max(1.0, votes_s / (edges * pages))
    spread = votes_s * (measured.vote_store_us + measured.call_us / batch) / 1e6
    yield Line(
        "primaries, as numbers lie today",
        f"{math.ceil(spread / audience.busy):,}",
        f"in a second an edge has {batch:.0f} for a page: {votes_s:,.0f} × "
        f"({measured.vote_store_us:g} + {measured.call_us:g} / {batch:.0f}) µs / {audience.busy:g}",
    )
    reads = edges / EDGE_S
    reports_us = edges * (measured.report_us + edges * measured.report_read_us)
    yield Line(
        "cores of the node with the log",
        f"{(reads * measured.log_read_us + reports_us) / 1e6:,.2f}",
        f"{reads:,.0f} reads × {measured.log_read_us:g} µs + {edges:,} × ({measured.report_us:g} + "
        f"{edges:,} × {measured.report_read_us:g}) µs; it has one",
    )
    most = edges_max(measured, audience.busy)
    yield Line(
        "edges that node carries",
        f"{most:,}",
        f"so {most * edge:,} phones, as it is built: {'enough' if most >= edges else 'not enough'}",
    )
