"""The fold of the cue log: laws over random evenings first, then the stories people tell.

A random evening is a list of moves; each is turned into a cue that fits, or nearly fits, the state it meets,
so that deep states are reached and refusals are met on the way.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.rundown import Rundown
from gala.show.ahead import timed
from gala.show.fold import advance
from gala.show.reasons import Reason
from gala.show.refusals import due, refusal
from gala.show.state import State, running_order
from gala.timing import OPEN_LEAD_MS
from tests.gala.story import GALA_2019, SHORT, SONG, TETRIS, Story, entry_of, locked_tetris

Move = tuple[str, int, int]
"""(kind, which, milliseconds before it)."""

KINDS = (
    *("go",) * 10,
    *("fire",) * 8,
    *("locked",) * 5,
    *("multiply",) * 2,
    *("sealed",) * 4,
    *("frozen", "drawn") * 3,
    *("again",) * 2,
    *("any", "standby", "hold", "resume", "resume", "skip", "void", "odd"),
    *("extend", "retime", "swap", "kill", "delay", "ask_clap", "clap"),
)
GAPS_MS = st.sampled_from([0, 0, 1, 500, 1_000, 7_000, 20_000, 90_000])
moves = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 200), GAPS_MS), min_size=20, max_size=80)
values = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)
odd_cues = st.dictionaries(
    st.sampled_from(["cue", "target", "draw", "outcome", "reason"]),
    values
    | st.sampled_from(["begin", "go", "fire", "void", "locked", "sealed", "frozen", "drawn", "skip", TETRIS])
    | st.dictionaries(st.text(max_size=3), values, max_size=2),
)


def cue_of(story: Story, kind: str, which: int, odd: dict[str, Any]) -> dict[str, Any]:
    """The cue that a move stands for in the present state."""
    rundown, state = story.rundown, story.state
    cues = [cue for segment in rundown.segments for cue in segment.cues]
    rounds = list(state.rounds) or ["short/none/1"]
    name = rounds[-1 - which % min(len(rounds), 2)]
    draw = [*state.draws, which % 3][0]
    found, waiting, segments = due(rundown, state, story.at_ms), timed(rundown, state), rundown.segments
    outcome = {"outcome": ("comets", "harbour", "harbour", "nobody")[which % 4]}
    facts = {"root": "00", "entrants": 1, "tickets": 1, "beacon_round": 1, "beacon_at_ms": story.at_ms}
    cues_by_kind: dict[str, Callable[[], dict[str, Any]]] = {
        "go": lambda: {"target": state.standby, **outcome},
        "any": lambda: {"cue": "go", "target": cues[which % len(cues)].id, **outcome},
        "again": lambda: {"cue": "go", "target": f"{name.split('/')[1]}.open"},
        "fire": lambda: {"target": found[0][0] if found else cues[which % len(cues)].id},
        "standby": lambda: {"target": cues[which % len(cues)].id},
        "skip": lambda: {"target": rundown.segments[which % len(rundown.segments)].id},
        "void": lambda: {"target": name, "reason": "wrong" if which % 2 else ""},
        "multiply": lambda: {"target": name, "factor_bp": 20_000, "ms": 1_000 * which or -1},
        "extend": lambda: {"target": name, "ms": 1_000 * (which - 20)},
        "retime": lambda: {
            "target": waiting[which % len(waiting)][0] if waiting else cues[which % len(cues)].id,
            "at_ms": story.at_ms + 1_000 * which,
            "reason": "" if which % 3 else "the guest is late",
        },
        "swap": lambda: {
            "target": segments[which % len(segments)].id,
            "other": segments[which * 7 % len(segments)].id,
        },
        "kill": lambda: {"reason": "fire alarm"},
        "delay": lambda: {
            "target": rundown.channels[which % len(rundown.channels)].id,
            "delay_ms": 250 * which,
        },
        "locked": lambda: {"target": name, "pages": 1, "tally": {"voters": which}, "counters": {}},
        "sealed": lambda: {"target": name, "equal": True},
        "frozen": lambda: {"draw": draw, **facts},
        "drawn": lambda: {"draw": draw, "winners": which},
        "odd": lambda: odd,
    }
    cue = {"cue": kind, **cues_by_kind.get(kind, dict)()}
    if kind in ("any", "again"):
        story.do({"cue": "standby", "target": cue["target"]})
    return cue


def packed(state: State) -> bytes:
    return msgspec.msgpack.encode(state)


def check_step(rundown: Rundown, before: State, after: State, cue: dict[str, Any]) -> None:
    """What holds between the states before and after any entry."""
    runs: dict[str, list[int]] = {}
    for round_ in after.rounds.values():
        runs.setdefault(round_.segment, []).append(round_.run)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in runs.values())
    assert len([r for r in after.rounds.values() if not r.locked_at_ms and not r.void]) <= 1
    for name, old in before.rounds.items():
        new = after.rounds[name]
        assert new.generation >= old.generation
        assert new.shut >= old.shut
        assert new.void >= old.void
        assert new.sealed >= old.sealed
        assert new.delays_ms == old.delays_ms, "a round keeps the delays it opened with"
        if old.locked_at_ms:
            assert (new.locked_at_ms, new.lock_due_at_ms) == (old.locked_at_ms, old.lock_due_at_ms)
        if (new.lock_due_at_ms, new.stage_until_at_ms, new.spells, new.void) != (
            old.lock_due_at_ms, old.stage_until_at_ms, old.spells, old.void,
        ):  # fmt: skip
            assert new.generation > old.generation, (
                "batches judged by the old instants could still be applied"
            )
        if old.cut_at_ms:
            assert new.cut_at_ms == old.cut_at_ms
        assert new.spells[: len(old.spells)] == old.spells
        assert all(a.until_at_ms <= b.from_at_ms for a, b in pairwise(new.spells)), "spells stand apart"
    if after.standby != before.standby and cue["cue"] != "standby":
        assert not after.standby or rundown.cue(after.standby)[1].by == "go"
    assert not after.standby or rundown.cue(after.standby)[0].id not in after.skipped
    running = [name for name, on_air in after.segments.items() if not on_air.ended_at_ms]
    assert running == ([after.on_air] if after.on_air else [])
    for name, at_ms in timed(rundown, after):
        planned = rundown.cue(name)[1]
        moved = name in after.retimed
        assert planned.by != "at" or moved or at_ms == planned.at_ms, "an absolute cue stands where it stands"
    order = [segment.id for segment in running_order(rundown, after)]
    assert sorted(order) == sorted(segment.id for segment in rundown.segments), "nothing is lost by a swap"
    for segment in rundown.segments:
        sources = [name for draw in segment.draws for name in draw.segments]
        assert all(order.index(source) <= order.index(segment.id) for source in sources)
    if after.killed_at_ms:
        assert after.held_at_ms, "what was stopped by the kill switch waits for a person"
        assert after.playable_round() is None


def moved_by_hold(rundown: Rundown, before: State, after: State, at_ms: int) -> None:
    """What was to come when the hold began comes later by exactly the hold's length."""
    then = dict(timed(rundown, msgspec.structs.replace(before, held_at_ms=0)))
    now = dict(timed(rundown, after))
    assert set(then) == set(now)
    for name, due_at_ms in then.items():
        planned = rundown.cue(name)[1]
        predecessor = _before(rundown, before, name)
        if name in before.retimed and planned.by == "after":
            predecessor = before.retimed[name].since_at_ms
        if planned.by == "after" and due_at_ms > before.held_at_ms:
            waited_ms = max(0, at_ms - max(before.held_at_ms, predecessor))  # it may be before the opening
            assert now[name] == due_at_ms + waited_ms
        else:
            assert now[name] == due_at_ms


def _before(rundown: Rundown, state: State, name: str) -> int:
    segment, planned = rundown.cue(name)
    position = segment.cues.index(planned)
    return state.fired[segment.cues[position - 1].id].at_ms if planned.by == "after" else 0


@pytest.mark.parametrize("name", ["short", "2019"])
@settings(max_examples=120)
@given(moves=moves, odd=odd_cues)
def test_the_laws_of_the_fold(name: str, moves: list[Move], odd: dict[str, Any]) -> None:
    rundown = {"short": SHORT, "2019": GALA_2019}[name]
    story = Story(rundown, begun=False)
    story.do(odd)
    story.must("begin", epoch="e", rundown=rundown.digest, rehearsal=True)
    for kind, which, gap_ms in moves:
        story.at_ms += gap_ms
        cue = cue_of(story, kind, which, odd)
        before, entries = story.state, len(story.history.entries)
        frozen = packed(before)
        refused = story.do(cue)
        assert packed(before) == frozen, "a state once told never changes"
        if refused is not None:
            assert story.state is before
            assert len(story.history.entries) == entries
            continue
        check_step(rundown, before, story.state, cue)
        if cue["cue"] == "resume":
            moved_by_hold(rundown, before, story.state, story.at_ms)
        if cue["cue"] == "hold":
            open_round = story.state.playable_round()
            assert open_round is None or 0 <= open_round.lock_due_at_ms <= story.at_ms
        assert all(
            refusal(rundown, story.state, {"cue": "fire", "target": name}, story.at_ms) is None
            for name, _ in due(rundown, story.state, story.at_ms)
        )
    again = State()
    for entry in story.log:
        again = advance(rundown, again, entry)
    assert packed(again) == packed(story.state), "the same log is the same state"
    assert msgspec.msgpack.decode(packed(again), type=State) == again


@settings(max_examples=200)
@given(cue=odd_cues, stage=st.integers(0, 3))
def test_any_mapping_gets_an_answer_and_what_is_let_through_can_be_done(
    cue: dict[str, Any], stage: int
) -> None:
    story = [lambda: Story(begun=False), Story, locked_tetris, drawn_evening][stage]()
    reason = refusal(SHORT, story.state, cue, story.at_ms)
    assert reason is None or isinstance(reason, Reason)
    if reason is None:
        advance(SHORT, story.state, entry_of(story.state.version + 1, story.at_ms, cue))


def drawn_evening() -> Story:
    """The short evening up to a frozen draw."""
    story = sealed_evening()
    assert story.go("draw.start") is None
    story.wait(2)
    story.freeze(1)
    return story


def sealed_evening() -> Story:
    """The short evening up to its draw, all rounds sealed."""
    story = locked_tetris()
    assert story.go("tetris.settle", outcome="comets") is None
    story.seal(TETRIS)
    assert story.go("tetris.reveal") is None
    assert story.go("last-song.start") is None
    story.wait(18)
    story.shut(SONG)
    story.seal(SONG)
    assert story.go("last-song.reveal") is None
    return story


# ---------------------------------------------------------------- stories


def test_nothing_happens_before_the_beginning_and_nothing_begins_twice() -> None:
    story = Story(begun=False)
    assert story.do({"cue": "go", "target": "welcome.start"}) is Reason.NOT_BEGUN
    assert story.do({"cue": "begin", "epoch": "e", "rundown": "", "rehearsal": True}) is None
    assert story.state.standby == "welcome.start"
    again = {"cue": "begin", "epoch": "f", "rundown": "", "rehearsal": False}
    assert story.do(again) is Reason.ALREADY_BEGUN


def test_go_carries_a_poll_from_its_start_to_its_end() -> None:
    story = Story()
    story.must("go", target="welcome.start")
    assert story.state.standby == "tetris.start"
    story.must("go", target="tetris.start")
    assert (story.state.on_air, story.state.standby) == ("tetris", "tetris.settle")
    started_ms = story.at_ms
    story.wait(1)
    opened = story.round(TETRIS)
    assert (opened.opened_at_ms, opened.lock_due_at_ms) == (started_ms + 1_000, started_ms + 19_000)
    assert opened.generation == 1
    story.wait(18)
    assert story.round(TETRIS).locked_at_ms == started_ms + 19_000
    story.shut(TETRIS, voters=5)
    story.must("go", target="tetris.settle", outcome="harbour")
    story.must("go", target="tetris.reveal")
    assert story.round(TETRIS).tally == {"voters": 5}
    story.wait(6)
    assert (story.state.on_air, story.state.standby) == ("", "last-song.start")


def test_go_is_for_the_cue_on_standby_alone() -> None:
    story = Story()
    assert story.do({"cue": "go", "target": "tetris.start"}) is Reason.NOT_STANDBY
    assert story.do({"cue": "go"}) is Reason.NOT_STANDBY
    assert story.do({"cue": "standby", "target": "tetris.nothing"}) is Reason.UNKNOWN_CUE
    assert story.do({"cue": "dance"}) is Reason.BAD_CUE


def test_a_segment_on_air_does_not_start_twice() -> None:
    story = Story()
    assert story.go("welcome.start") is None
    assert story.go("welcome.start") is Reason.ALREADY_DONE
    assert story.go("goodbye.start") is None
    assert story.go("welcome.start") is None, "but later it may come on again"


def test_an_open_round_keeps_the_next_segment_off_the_air() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(2)
    assert story.go("last-song.start") is Reason.ROUND_OPEN
    assert story.go("tetris.end") is Reason.ROUND_OPEN
    assert story.go("tetris.open") is Reason.ROUND_OPEN


def test_a_voided_round_is_played_again_under_the_next_number() -> None:
    story = locked_tetris()
    assert story.do({"cue": "void", "target": TETRIS}) is Reason.REASON_NEEDED
    story.must("void", target=TETRIS, reason="the wall fell over")
    assert story.do({"cue": "void", "target": TETRIS, "reason": "again"}) is Reason.ALREADY_DONE
    assert story.go("tetris.settle", outcome="comets") is Reason.UNKNOWN_ROUND
    assert story.go("tetris.open") is None
    second = story.state.newest_round("tetris")
    assert second is not None
    assert second.id == "short/tetris/2"
    assert story.state.counting_round("tetris") == second
    story.wait(19)  # a second until it opens, and eighteen
    assert story.round("short/tetris/2").locked_at_ms
    assert story.round(TETRIS).void


def test_a_round_voided_while_open_is_shut_and_nothing_else() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(2)
    story.must("void", target=TETRIS, reason="wrong question")
    assert story.round(TETRIS).locked_at_ms == story.at_ms
    assert story.state.playable_round() is None
    story.wait(60)
    assert not story.round(TETRIS).shut
    story.shut(TETRIS)
    locked = {"cue": "locked", "target": TETRIS, "pages": 1, "counters": {}, "tally": {}}
    assert story.do(locked) is Reason.ALREADY_DONE


def test_a_skipped_segment_never_happens_and_standby_moves_on() -> None:
    story = Story()
    story.go("welcome.start")
    assert story.do({"cue": "skip", "target": "tetris"}) is None
    assert story.state.standby == "last-song.start"
    assert story.go("tetris.start") is Reason.NOT_STANDBY
    assert story.do({"cue": "standby", "target": "tetris.start"}) is Reason.SKIPPED
    assert story.do({"cue": "skip", "target": "tetris"}) is Reason.SKIPPED
    assert story.do({"cue": "skip", "target": "welcome"}) is Reason.ALREADY_DONE
    assert story.do({"cue": "skip", "target": "nowhere"}) is Reason.UNKNOWN_SEGMENT


def test_the_show_ends_with_its_last_segment_that_is_not_skipped() -> None:
    story = Story()
    story.must("skip", target="goodbye")
    phases = [story.state.phase]
    for name in ("draw.start", "draw.end"):
        story.go(name)
        phases.append(story.state.phase)
    assert phases == ["before", "live", "ended"]
    assert due(SHORT, story.state, story.at_ms + 10**9) == []


def test_a_hold_moves_the_lock_by_its_length_and_the_generation_with_it() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(2)
    planned = story.round(TETRIS)
    story.must("hold")
    assert story.do({"cue": "hold"}) is Reason.HELD
    assert story.round(TETRIS).lock_due_at_ms == 0
    story.wait(3600)
    assert story.round(TETRIS).locked_at_ms == 0
    story.must("resume")
    assert story.do({"cue": "resume"}) is Reason.NOT_HELD
    moved = story.round(TETRIS)
    assert moved.lock_due_at_ms == planned.lock_due_at_ms + 3_600_000
    assert moved.generation == planned.generation + 2
    story.wait(17)
    assert story.round(TETRIS).locked_at_ms == moved.lock_due_at_ms


def test_a_second_hold_adds_its_length_to_the_first() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(2)
    planned = story.round(TETRIS).lock_due_at_ms
    for seconds in (5, 7):
        story.must("hold")
        story.wait(seconds)
        story.must("resume")
        story.wait(1)
    assert story.round(TETRIS).lock_due_at_ms == planned + 12_000


def test_a_lock_by_hand_is_a_new_generation_so_that_later_plays_are_judged_by_it() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(5)
    before = story.round(TETRIS)
    assert story.go("tetris.lock") is None
    locked = story.round(TETRIS)
    assert locked.locked_at_ms == locked.lock_due_at_ms == story.at_ms
    assert locked.generation == before.generation + 1
    story.wait(60)
    assert story.round(TETRIS) == locked, "the timed lock has nothing left to do"


def test_a_lock_that_is_fired_late_locks_at_its_instant() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(1)
    before = story.round(TETRIS)
    story.at_ms = before.lock_due_at_ms + 900  # the conductor had stopped for a moment
    story.must("fire", target="tetris.lock")
    locked = story.round(TETRIS)
    assert locked.locked_at_ms == before.lock_due_at_ms
    assert locked.generation == before.generation


def test_a_hold_after_the_lock_was_due_does_not_open_the_round_again() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(1)
    due_at_ms = story.round(TETRIS).lock_due_at_ms
    story.at_ms = due_at_ms + 10  # the conductor is about to fire the lock
    story.must("hold")
    # else its gates would stay open through the hold, for whoever has a slow clock
    assert story.round(TETRIS).locked_at_ms == story.round(TETRIS).lock_due_at_ms == due_at_ms
    story.wait(60)
    story.must("resume")
    story.wait(0)
    assert story.round(TETRIS).locked_at_ms == due_at_ms
    assert story.do({"cue": "fire", "target": "tetris.lock"}) is Reason.ALREADY_DONE


def test_a_draw_is_not_frozen_before_its_rounds_are_settled_and_sealed() -> None:
    story = locked_tetris()
    story.go("draw.start")
    assert story.go("draw.freeze") is Reason.NOT_SETTLED
    assert story.do({"cue": "frozen", "draw": 7}) is Reason.UNKNOWN_DRAW
    assert story.go("tetris.settle", outcome="nobody") is Reason.BAD_OUTCOME
    assert story.go("tetris.settle", outcome="comets") is None
    assert story.go("draw.freeze") is Reason.NOT_SEALED
    story.seal(TETRIS)
    assert story.go("draw.announce") is Reason.NOT_DRAWN
    assert story.go("draw.freeze") is None
    assert story.go("draw.freeze") is Reason.ALREADY_DONE
    assert story.do({"cue": "void", "target": TETRIS, "reason": "too late"}) is Reason.ALREADY_DONE


def test_a_frozen_draw_keeps_only_its_own_rounds_from_being_voided() -> None:
    draws = [segment for segment in GALA_2019.segments if segment.kind == "draw"]
    first, last = (segment.draws[0].segments for segment in draws)
    early = GALA_2019.segment(first[0])
    late = next(GALA_2019.segment(name) for name in last if name not in first)
    story = Story(GALA_2019)
    for segment in (early, late):
        story.go(f"{segment.id}.start", reason="a channel only watches")
        if segment.id not in {round_.segment for round_ in story.state.rounds.values()}:
            story.go(f"{segment.id}.open", reason="a channel only watches")
        story.go(f"{segment.id}.lock")
    rounds = {round_.segment: round_.id for round_ in story.state.rounds.values()}
    story.shut(rounds[early.id])
    game = early.game
    if game is not None and game.outcomes:
        story.go(f"{early.id}.settle", outcome=game.outcomes[0])
    for name in first[1:]:
        story.must("skip", target=name)
    story.seal(rounds[early.id])
    story.go(f"{draws[0].id}.start")
    story.go(f"{draws[0].id}.freeze")
    assert story.state.draws[1].frozen_at_ms
    assert story.do({"cue": "void", "target": rounds[early.id], "reason": "late"}) is Reason.ALREADY_DONE
    assert story.do({"cue": "void", "target": rounds[late.id], "reason": "it broke"}) is None


def test_a_timed_freeze_waits_for_the_seal_and_then_happens() -> None:
    story = locked_tetris()
    story.go("tetris.settle", outcome="comets")
    story.go("draw.start")
    story.wait(60)
    assert story.state.draws[1].frozen_at_ms == 0
    story.seal(TETRIS)
    story.wait(0)
    assert story.state.draws[1].frozen_at_ms == story.at_ms


def test_winners_are_announced_once_they_are_drawn() -> None:
    story = drawn_evening()
    assert story.go("draw.announce") is Reason.NOT_DRAWN
    story.must("drawn", draw=1, winners=3)
    assert story.do({"cue": "drawn", "draw": 1, "winners": 4}) is Reason.ALREADY_DONE
    assert story.go("draw.announce") is None
    assert story.go("draw.announce") is Reason.ALREADY_DONE
    assert (story.state.draws[1].state, story.state.draws[1].winners) == ("announced", 3)


def test_a_result_is_revealed_only_when_every_gate_is_shut_and_the_stage_has_decided() -> None:
    story = Story()
    story.go("tetris.start")
    assert story.go("tetris.reveal") is Reason.UNKNOWN_ROUND
    story.wait(2)
    assert story.go("tetris.settle", outcome="comets") is Reason.NOT_LOCKED
    story.wait(30)
    assert story.go("tetris.settle", outcome="comets") is Reason.NOT_LOCKED, "locked is not yet shut"
    story.shut(TETRIS)
    assert story.go("tetris.reveal") is Reason.NOT_SETTLED
    assert story.go("tetris.settle", outcome="comets") is None
    assert story.go("tetris.settle", outcome="harbour") is None, "a slip can be mended before the reveal"
    assert story.go("tetris.reveal") is None
    assert story.go("tetris.settle", outcome="comets") is Reason.ALREADY_DONE
    assert story.round(TETRIS).outcome == "harbour"


def test_a_timed_cue_cannot_be_fired_before_its_instant() -> None:
    story = Story()
    story.go("tetris.start")
    assert story.do({"cue": "fire", "target": "tetris.lock"}) is Reason.ALREADY_DONE
    assert story.do({"cue": "fire", "target": "tetris.open"}) is None, "called a moment before it opens"
    opened_at_ms = story.round(TETRIS).opened_at_ms
    assert opened_at_ms == story.at_ms + OPEN_LEAD_MS
    story.at_ms = opened_at_ms + 17_999
    assert story.do({"cue": "fire", "target": "tetris.lock"}) is Reason.ALREADY_DONE
    story.at_ms += 1
    assert story.do({"cue": "fire", "target": "tetris.lock"}) is None


def test_midnight_comes_at_midnight_whatever_is_held() -> None:
    story = Story(GALA_2019)
    absolute = [cue for segment in GALA_2019.segments for cue in segment.cues if cue.by == "at"]
    assert absolute, "the evening of 2019 counts down to midnight"
    story.must("hold")
    story.at_ms = absolute[0].at_ms - 1
    assert absolute[0].id not in [name for name, _ in due(GALA_2019, story.state, story.at_ms)]
    assert absolute[0].id in [name for name, _ in due(GALA_2019, story.state, story.at_ms + 1)]
