"""Whether tonight is all right, in figures: what the crew's listener knows, as Prometheus has it.

Pure. Everything here is what processes have told through the store (`gala.edge.report`, `gala.vitals`,
`gala.timekeeping`), what the log says, and what the notary tells of the books. No figure is of one viewer: no
number, no nick, no address, no code. Labels are names of processes, channels, draws, witnesses and words from
closed lists. Counters are of one process each and begin with it. Times are real seconds, unless gala time
hurries in a rehearsal: then what a cue or a lock is overdue by is divided by its rate.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gala import readiness
from gala.edge.report import Report
from gala.evidence import Books
from gala.metrics.families import gauge, one
from gala.metrics.processes import of_clocks, of_edges, of_vitals
from gala.rundown import Rundown
from gala.show.refusals import due
from gala.show.state import LogEntry, Round, State
from gala.timekeeping import Standing, StoreTrouble
from gala.timing import GRACE_MS, shuts_at_ms, slowest_ms
from gala.vitals import Vitals


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What there is to show. edges, clocks, vitals: of the processes that are there, by name."""

    rundown: Rundown
    state: State
    entries: Sequence[LogEntry]
    books: Books
    edges: Mapping[str, Report]
    clocks: Mapping[str, Standing]
    vitals: Mapping[str, Vitals]
    store: StoreTrouble
    numbers: int
    now_ms: int
    rate: float


def exposition(watched: Watched) -> bytes:
    """The page of a scrape: Prometheus's text format 0.0.4."""

    class Once(Collector):
        def collect(self) -> Iterable[Metric]:
            yield from [*_show(watched), *_draws(watched), *_books(watched.books)]
            yield from [*of_edges(watched.edges), *of_clocks(watched.clocks), *of_vitals(watched.vitals)]

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Once())
    return generate_latest(registry)


def _show(watched: Watched) -> list[Metric]:
    state, rate = watched.state, watched.rate
    rounds = Counter(_stands(round_) for round_ in state.rounds.values())
    states = ("open", "locking", "locked", "sealed", "void")
    unequal = sum(r.sealed and not r.void and not r.recount_equal for r in state.rounds.values())
    return [
        one("show_version", "The newest cue of the log, as the crew has read it.", state.version),
        gauge(
            "show_phase",
            "1 for the phase the show is in.",
            [((phase,), float(state.phase == phase)) for phase in ("before", "live", "ended")],
            "phase",
        ),
        one("show_rehearsal", "Whether this is a rehearsal.", state.rehearsal),
        one("show_held", "Whether the show is on hold.", bool(state.held_at_ms)),
        one("show_killed", "Whether the kill switch is on: every screen is quiet.", bool(state.killed_at_ms)),
        gauge(
            "store_trouble",
            "Why nothing can be written to the store now, as the crew's process sees it.",
            [((kind,), float(watched.store == kind)) for kind in ("silent", "full")],
            "kind",
        ),
        one("numbers", "Numbers handed out to edges, in blocks: viewers who play.", watched.numbers),
        one("numbers_max", "Numbers there are, as the rundown says.", watched.rundown.numbers_max),
        gauge("rounds", "Rounds by state.", [((name,), rounds[name]) for name in states], "state"),
        one("recounts_unequal", "Sealed rounds whose recount is not what the counters say.", unequal),
        one(
            "cue_overdue_seconds",
            "How long a timed cue that may be called waits.",
            _cue_ms(watched) / rate / 1e3,
        ),
        one(
            "lock_overdue_seconds",
            "How long a round's gates should have been shut.",
            _lock_ms(watched) / rate / 1e3,
        ),
        one(
            "seal_overdue_seconds",
            "How long a round with shut gates waits for its seal.",
            _seal_ms(watched) / rate / 1e3,
        ),
    ]


def _stands(round_: Round) -> str:
    if round_.void:
        return "void"
    if round_.sealed:
        return "sealed"
    if round_.locked_at_ms:
        return "locked" if round_.shut else "locking"
    return "open"


def _cue_ms(watched: Watched) -> int:
    found = due(watched.rundown, watched.state, watched.now_ms)
    return max((watched.now_ms - at_ms for _, at_ms in found), default=0)


def _lock_ms(watched: Watched) -> int:
    late = [0]
    for round_ in watched.state.rounds.values():
        if round_.locked_at_ms and not round_.shut:
            grace_ms, slowest = int(GRACE_MS * watched.rate), slowest_ms(round_.delays_ms)
            shuts_ms = shuts_at_ms(round_.timing, round_.locked_at_ms, slowest, grace_ms)
            if round_.void or round_.killed_at_ms:
                shuts_ms = min(shuts_ms, (round_.killed_at_ms or round_.locked_at_ms) + grace_ms)
            late.append(watched.now_ms - shuts_ms)
    return max(late)


def _seal_ms(watched: Watched) -> int:
    waiting = {r.id for r in watched.state.rounds.values() if r.shut and not r.sealed and not r.void}
    if not waiting:
        return 0
    shut_at_ms = [
        entry.at_ms
        for entry in watched.entries
        if entry.cue["cue"] == "locked" and entry.cue["target"] in waiting
    ]
    return max(0, watched.now_ms - min(shut_at_ms, default=watched.now_ms))


def _draws(watched: Watched) -> list[Metric]:
    state, books, rate = watched.state, watched.books, watched.rate
    planned = [draw.number for segment in watched.rundown.segments for draw in segment.draws]
    stands = dict.fromkeys(planned, "ahead") | {n: drawing.state for n, drawing in state.draws.items()}
    counted = Counter(stands.values())
    states = ("ahead", "armed", "frozen", "drawn", "announced", "void")
    missing, lapses, waits = [], [], []
    for number in planned:
        drawing = state.draws.get(number)
        if drawing is not None and drawing.decided:
            continue
        held = readiness.parties(watched.rundown, books.leaves, number)
        missing.append(((str(number),), float(sum(party.state == "missing" for party in held))))
        if (at_ms := books.lapses.get(number, 0)) and drawing is not None and drawing.state != "frozen":
            lapses.append(((str(number),), (at_ms - watched.now_ms) / rate / 1e3))
        if drawing is not None and drawing.state == "frozen":
            waits.append(((str(number),), max(0, watched.now_ms - drawing.beacon_at_ms) / rate / 1e3))
    heard = readiness.witnesses(watched.rundown, books.witnesses, watched.now_ms)
    return [
        gauge("draws", "Draws by state.", [((name,), counted[name]) for name in states], "state"),
        gauge("draw_parties_missing", "Parties that have not committed to a draw.", missing, "draw"),
        gauge("draw_lapses_in_seconds", "When a draw whose reveals are open will be void.", lapses, "draw"),
        gauge(
            "draw_overdue_seconds", "How long a draw's beacon is out and its result is not.", waits, "draw"
        ),
        gauge(
            "witness_awake",
            "Whether a witness has cosigned within the last minute.",
            [((one.name,), float(one.awake)) for one in heard],
            "witness",
        ),
        gauge(
            "witness_age_seconds",
            "How old a witness's last word is; absent: it never said one.",
            [((one.name,), (watched.now_ms - one.at_ms) / rate / 1e3) for one in heard if one.at_ms],
            "witness",
        ),
    ]


def _books(books: Books) -> list[Metric]:
    holds: dict[str, bool] = {}
    for equation in books.equations:
        holds[equation.name] = holds.get(equation.name, True) and equation.holds
    failed = sum(not check.ok for check in books.checks)
    return [
        one("log_leaves", "Leaves of the public log.", len(books.leaves)),
        one("log_leaves_unwitnessed", "Leaves that ask for a witness and have none.", len(books.unwitnessed)),
        one("ledger_rows", "Rows of the ledger.", books.rows),
        gauge(
            "vouchers", "Vouchers by state.", [((s,), n) for s, n in sorted(books.vouchers.items())], "state"
        ),
        gauge(
            "equation_holds",
            "Whether an equation of the ledger holds, for every draw and tier.",
            [((name,), float(ok)) for name, ok in holds.items()],
            "equation",
        ),
        gauge(
            "bundle_checks",
            "Checks of the published bundle by result.",
            [(("ok",), len(books.checks) - failed), (("failed",), failed)],
            "result",
        ),
    ]
