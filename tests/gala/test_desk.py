"""The desk is laid out by a pure function: the log is written out here, entry by entry."""

from pathlib import Path
from typing import Any

import pytest

from gala.desk import desk
from gala.evidence import Books
from gala.protocol import crew as protocol_crew
from gala.rounds import Rounds
from gala.rundown.file import load
from gala.show.fold import advance
from gala.show.refusals import refusal
from gala.show.state import State
from gala.store.log import Entry

RUNDOWN = load(Path("tests/gala/polls.toml"))
ROUNDS = Rounds(RUNDOWN, bytes(32))
BEGAN_MS = RUNDOWN.starts_at_ms
GAME = next(segment for segment in RUNDOWN.segments if segment.game is not None)


def after(*steps: tuple[int, dict[str, Any]]) -> tuple[State, list[Entry]]:
    """The state after cues at so many seconds into the show, and the log that led there."""
    state, entries = State(), list[Entry]()
    begin = {"cue": "begin", "epoch": "e", "rundown": RUNDOWN.digest, "rehearsal": True}
    for version, (at_s, cue) in enumerate([(0, begin), *steps], 1):
        at_ms = BEGAN_MS + 1000 * at_s
        assert refusal(RUNDOWN, state, cue, at_ms) is None, cue
        entry = Entry(
            version=version, id=f"{version}", at_ms=at_ms, by="director Mei", cue=cue, prev="", digest=""
        )
        state = advance(RUNDOWN, state, entry)
        entries.append(entry)
    return state, entries


def shown(at_s: int, *steps: tuple[int, dict[str, Any]]) -> protocol_crew.Desk:
    state, entries = after(*steps)
    return desk(
        RUNDOWN,
        ROUNDS,
        state,
        entries,
        now_ms=BEGAN_MS + 1000 * at_s,
        rate=1.0,
        crew="Mei",
        counters={},
        gates={},
        edges={},
        books=Books(),
    )


def standby(name: str) -> dict[str, Any]:
    return {"cue": "standby", "target": f"{GAME.id}.{name}"}


def go(name: str, **more: str) -> dict[str, Any]:
    return {"cue": "go", "target": f"{GAME.id}.{name}", **more}


OPEN = [(1, standby("start")), (1, go("start")), (2, standby("open")), (2, go("open"))]


def test_before_a_round_opens_its_segment_says_what_each_channel_would_see() -> None:
    segment = next(found for found in shown(0).segments if found.id == GAME.id)
    assert segment.window_ms > 0
    seen = {window.channel: window.visible_ms for window in segment.windows}
    assert seen == {channel.id: segment.window_ms - channel.delay_ms for channel in RUNDOWN.channels}


def test_segments_without_a_round_have_no_window() -> None:
    for segment in shown(0).segments:
        assert bool(segment.windows) == (RUNDOWN.segment(segment.id).game is not None)


@pytest.mark.parametrize("held_for_s", [0, 3, 600])
def test_on_hold_an_open_round_keeps_the_lock_it_had_when_the_hold_began(held_for_s: int) -> None:
    running = shown(5, *OPEN).rounds[0]
    held = shown(6 + held_for_s, *OPEN, (6, {"cue": "hold"}))
    assert running.closes_at_ms > 0
    assert held.rounds[0].closes_at_ms == running.closes_at_ms
    assert held.rounds[0].windows == running.windows


def test_after_a_hold_the_lock_has_moved_by_its_length() -> None:
    running = shown(5, *OPEN).rounds[0]
    resumed = shown(20, *OPEN, (6, {"cue": "hold"}), (16, {"cue": "resume"}))
    assert resumed.rounds[0].closes_at_ms == running.closes_at_ms + 10_000


def test_the_reason_of_an_override_is_in_the_as_run() -> None:
    steps = [*OPEN[:3], (2, go("open", reason="window override: abroad"))]
    assert shown(3, *steps).as_run[-1].what.endswith("window override: abroad")


def test_an_override_is_said_to_be_one_and_an_outcome_is_not() -> None:
    steps = [*OPEN[:3], (2, go("open", reason="cable cannot wait"))]
    assert shown(3, *steps).as_run[-1].what == f"open · {GAME.title['en']}: OVERRIDE cable cannot wait"
    assert "OVERRIDE" not in shown(3, *OPEN).as_run[-1].what
