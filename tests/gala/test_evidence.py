"""The auditor's page is laid out by a pure function: nothing is called equal that does not agree."""

from pathlib import Path
from typing import Any

import pytest

from gala.desk import desk
from gala.edge.report import Report
from gala.evidence import Books, evidence
from gala.protocol import crew as protocol_crew
from gala.rounds import Rounds
from gala.rundown.file import load
from gala.show.fold import advance
from gala.show.state import Drawing, State
from gala.store.log import Entry
from tests.gala.story import SHORT

RUNDOWN = load(Path("tests/gala/polls.toml"))
GAME = next(segment for segment in RUNDOWN.segments if segment.game is not None)
ROUND = f"{RUNDOWN.id}/{GAME.id}/1"
COUNTED = {"voters": 3, "choice/1": 2, "choice/2": 1}


def after(*cues: dict[str, Any]) -> tuple[State, list[Entry]]:
    """The state after these cues, a second apart, once a round has opened."""
    begin: dict[str, Any] = {"cue": "begin", "epoch": "e", "rundown": RUNDOWN.digest, "rehearsal": True}
    opened: list[dict[str, Any]] = [{"cue": "go", "target": f"{GAME.id}.{act}"} for act in ("start", "open")]
    state, entries = State(), list[Entry]()
    for version, cue in enumerate((begin, *opened, *cues), 1):
        at_ms = RUNDOWN.starts_at_ms + 1000 * version
        entry = Entry(
            version=version, id=f"{version}", at_ms=at_ms, by="director Mei", cue=cue, prev="", digest=""
        )
        state = advance(RUNDOWN, state, entry)
        entries.append(entry)
    return state, entries


LOCK: dict[str, Any] = {"cue": "go", "target": f"{GAME.id}.lock"}
LOCKED: dict[str, Any] = {"cue": "locked", "target": ROUND, "pages": 1, "counters": COUNTED, "tally": {}}


def sealed(recount: dict[str, int], *, equal: bool) -> dict[str, Any]:
    return {
        "cue": "sealed",
        "target": ROUND,
        "equal": equal,
        "plays": 3,
        "sha256": "",
        "recount": recount,
        "numbers": 3,
    }


def shown(
    *cues: dict[str, Any],
    seals: dict[str, bool] | None = None,
    counters: dict[str, int] | None = None,
    edges: tuple[Report, ...] = (),
) -> protocol_crew.EvidenceRound:
    state, entries = after(*cues)
    leaves = [
        protocol_crew.EvidenceLeaf(
            index=6, schema="gala/seal/1", key=f"round/{ROUND}/seal", hash="00" * 32, at_ms=1
        )
    ]
    written = Books(seals=seals or {}, leaves=leaves if seals else [])
    live = {ROUND: counters or {}}
    found = evidence(RUNDOWN, state, entries, written, now_ms=0, counters=live, edges=edges)
    assert len(found.rounds) == 1
    return found.rounds[0]


def test_a_sealed_round_is_equal_when_counters_box_and_log_say_the_same() -> None:
    round_ = shown(LOCK, LOCKED, sealed(COUNTED, equal=True), seals={ROUND: True})
    assert (round_.state, round_.equal, round_.plays, round_.sealed_leaf) == ("sealed", True, 3, 6)
    assert round_.counters == round_.recount == COUNTED


@pytest.mark.parametrize(
    ("recount", "cue_says", "seal_says"),
    [
        (COUNTED | {"choice/1": 3}, True, True),  # the cue lies, and so does the log
        (COUNTED | {"choice/3": 1}, True, True),
        (COUNTED, False, True),
        (COUNTED, True, False),
    ],
)
def test_a_round_is_not_called_equal_because_somebody_says_so(
    recount: dict[str, int], cue_says: bool, seal_says: bool
) -> None:
    assert not shown(LOCK, LOCKED, sealed(recount, equal=cue_says), seals={ROUND: seal_says}).equal


def test_before_the_seal_nothing_is_called_equal_and_counters_are_the_live_ones() -> None:
    assert shown(counters={"voters": 2, "choice/1": 0}).counters == {"voters": 2}
    locked = shown(LOCK, LOCKED, counters={"voters": 1})
    assert (locked.state, locked.equal, locked.counters) == ("locked", False, COUNTED)


def test_a_void_round_stays_in_sight() -> None:
    assert shown({"cue": "void", "target": ROUND, "reason": "the wrong question"}).state == "void"


def test_refusals_of_all_edges_are_added_up_also_of_those_that_are_gone() -> None:
    def report(at_ms: int, **reasons: int) -> Report:
        return Report(
            phones=1,
            ack_p50_ms=0,
            ack_p99_ms=0,
            plays_per_s=0,
            seen_at_ms=at_ms,
            refused={ROUND: reasons},
            refused_by_channel={ROUND: {reason: {"app": 1, "hall": n - 1} for reason, n in reasons.items()}},
        )

    edges = (report(0, locked=2, bad_move=1), report(RUNDOWN.starts_at_ms, locked=5))
    round_ = shown(edges=edges)
    assert round_.refused == {"locked": 7, "bad_move": 1}
    assert round_.refused_by_channel == {"locked": {"app": 2, "hall": 5}, "bad_move": {"app": 1, "hall": 0}}


def test_the_auditor_and_the_desk_are_told_the_same_of_a_draw_and_the_auditor_its_root() -> None:
    drawing = Drawing(
        number=1,
        segment="draw",
        state="drawn",
        root="ab" * 32,
        entrants=5,
        tickets=7,
        beacon_round=9,
        beacon_at_ms=11,
        winners=3,
    )
    state = State(draws={1: drawing})
    (audited,) = evidence(SHORT, state, [], Books(), now_ms=0, counters={}, edges=()).draws
    rounds = Rounds(SHORT, bytes(32))
    page = desk(
        SHORT,
        rounds,
        state,
        [],
        now_ms=0,
        rate=1.0,
        crew="Mei",
        counters={},
        gates={},
        edges={},
        books=Books(),
    )
    (on_desk,) = page.draws
    said = ("state", "entrants", "tickets", "beacon_round", "beacon_at_ms", "winners")
    for told in (audited, on_desk):
        assert all(getattr(told, name) == getattr(drawing, name) for name in said)
    assert audited.root == drawing.root
