"""What the crew may change while the show runs: delays, locks, instants, the order, and all off at once."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.desk import desk
from gala.evidence import Books
from gala.protocol import RoundView
from gala.protocol.crew import Desk
from gala.rounds import Rounds, ran_ms
from gala.rundown import Rundown
from gala.rundown.file import read
from gala.show.ahead import timed
from gala.show.reasons import Reason
from gala.timing import OPEN_LEAD_MS, STEP_MS, cohort_delay_ms, play_at_ms, shuts_at_ms
from gala.view import show
from games.game import running_ms
from tests.gala.story import GALA_2019, SHORT, TETRIS, Story

WHACK = "countdown-gala-2019/whack/1"
ROUNDS = {rundown.id: Rounds(rundown, bytes(32)) for rundown in (SHORT, GALA_2019)}
SLOW = len(GALA_2019.channels) - 1
SLOW_MS = GALA_2019.channels[SLOW].delay_ms


def whacking() -> Story:
    """The 2019 evening, its whack called a second ago: it opens now."""
    story = Story(GALA_2019)
    segment = next(s for s in GALA_2019.segments if s.game is not None and s.game.name == "whack")
    assert story.go(f"{segment.id}.start") is None
    if not story.state.rounds:
        assert story.go(f"{segment.id}.open") is None
    story.at_ms = next(iter(story.state.rounds.values())).opened_at_ms
    return story


def only(story: Story) -> Any:
    return next(iter(story.state.rounds.values()))


def view_of(story: Story, channel: int, rundown: Rundown = GALA_2019) -> Any:
    visible = story.history.visible_on(story.at_ms, rundown.channels[channel].id)
    return show(
        rundown,
        visible,
        story.state,
        step=story.history.step(visible),
        delay_ms=story.history.delay_ms(rundown.channels[channel].id),
        channel=channel,
        public=lambda round_: ROUNDS[rundown.id].public(round_, channel, story.at_ms),
        text_of=lambda _: "",
    )


def round_view(story: Story, channel: int) -> RoundView:
    found = view_of(story, channel).round
    assert isinstance(found, RoundView)
    return found


def desk_of(story: Story) -> Desk:
    return desk(
        story.rundown,
        ROUNDS[story.rundown.id],
        story.state,
        story.history.entries,
        now_ms=story.at_ms,
        rate=1.0,
        crew="Mei",
        counters={},
        gates={},
        edges={},
        books=Books(),
    )


# ---------------------------------------------------------------- pauses

instants = st.integers(0, 10**6)
spans = st.lists(st.integers(0, 10**5), max_size=8).map(
    lambda gaps: [1 + sum(gaps[: place + 1]) for place in range(len(gaps))]  # an end of 0: it pauses still
)


@given(since=instants, cuts=spans, at=instants, more=instants)
def test_what_runs_stands_still_in_a_pause_and_never_goes_back(
    since: int, cuts: list[int], at: int, more: int
) -> None:
    pauses = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    ran, later = running_ms(since, pauses, at), running_ms(since, pauses, at + more)
    assert ran <= at - since
    if at >= since:
        assert 0 <= later - ran <= more
    for from_ms, to_ms in pauses:
        if from_ms >= since:
            assert running_ms(since, pauses, from_ms) == running_ms(since, pauses, to_ms)
    if cuts and cuts[-1] >= since:
        held = (*pauses, (cuts[-1], 0))
        assert running_ms(since, held, cuts[-1] + more) == running_ms(since, held, cuts[-1])


def test_a_hold_reaches_an_appear_round_with_each_channels_picture() -> None:
    story = whacking()
    opened_ms = only(story).opened_at_ms
    story.wait(10)
    story.must("hold")
    held_ms = story.at_ms
    assert view_of(story, 0).held
    assert round_view(story, 0).pauses == [[held_ms, 0]]
    story.wait(40)
    story.must("resume")
    assert ran_ms(only(story), 0, story.at_ms) == 10_000, "in the hall it stood still"
    assert view_of(story, SLOW).round.pauses == [], (
        "the slow channel plays on: its picture does not pause yet"
    )
    ahead = GALA_2019.channels[SLOW].delay_ms
    assert ran_ms(only(story), SLOW, held_ms + ahead) == 10_000
    assert ran_ms(only(story), SLOW, story.at_ms + ahead) == 10_000, "and then it stands still as long"
    story.at_ms = held_ms + cohort_delay_ms(ahead)
    assert view_of(story, SLOW).held
    pauses = round_view(story, SLOW).pauses
    assert pauses == [[held_ms + ahead, 0]]
    story.at_ms += 40_000
    assert not view_of(story, SLOW).held
    seen = round_view(story, SLOW)
    assert seen.pauses == [[held_ms + ahead, held_ms + 40_000 + ahead]]
    assert seen.closes_at_ms == only(story).lock_due_at_ms + ahead
    assert running_ms(opened_ms, only(story).pauses, only(story).lock_due_at_ms) == (
        only(story).lock_due_at_ms - opened_ms - 40_000
    ), "everyone plays for equally long"


def test_an_early_lock_by_hand_ends_an_appear_round_on_each_channel_with_its_picture() -> None:
    story = whacking()
    story.wait(5)
    lock = next(cue.id for cue in story.rundown.segment(only(story).segment).cues if cue.do == "lock")
    assert story.go(lock) is None
    locked_ms = story.at_ms
    story.wait(1)
    assert round_view(story, 0).state == "locked"
    slow = view_of(story, SLOW).round
    assert slow is None or slow.state == "open"
    assert only(story).closes_at_ms(SLOW_MS) == locked_ms + SLOW_MS
    story.at_ms = locked_ms + cohort_delay_ms(SLOW_MS)
    assert round_view(story, SLOW).state == "locked"


# ---------------------------------------------------------------- extend, re-time, swap


def test_an_extension_moves_the_open_rounds_lock_and_what_follows_it() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(5)
    lock_ms = story.round(TETRIS).lock_due_at_ms
    generation = story.round(TETRIS).generation
    story.must("extend", target=TETRIS, ms=15_000)
    assert story.round(TETRIS).lock_due_at_ms == lock_ms + 15_000
    assert story.round(TETRIS).generation == generation + 1, "batches are judged again"
    story.must("hold")
    story.wait(7)
    story.must("resume")
    assert story.round(TETRIS).lock_due_at_ms == lock_ms + 22_000, "a hold puts off what was put off"
    story.must("extend", target=TETRIS, ms=-20_000)
    assert story.round(TETRIS).lock_due_at_ms == lock_ms + 2_000
    story.wait(60)
    assert story.round(TETRIS).locked_at_ms == lock_ms + 2_000
    assert story.do({"cue": "extend", "target": TETRIS, "ms": 5_000}) is Reason.NO_OPEN_ROUND


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"ms": 0}, Reason.BAD_CUE),
        ({"ms": "5000"}, Reason.BAD_CUE),
        ({"ms": 600_001}, Reason.BAD_CUE),
        ({"ms": -60_000}, Reason.TOO_SOON),
        ({"target": "short/tetris/9"}, Reason.NO_OPEN_ROUND),
    ],
)
def test_an_extension_that_is_none_is_refused(said: dict[str, Any], reason: Reason) -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(5)
    before = story.state
    assert story.do({"cue": "extend", "target": TETRIS, "ms": 5_000, **said}) is reason
    assert story.state is before


def test_what_has_locked_by_the_clock_cannot_be_extended_before_anyone_has_said_so() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(5)
    story.at_ms = story.round(TETRIS).lock_due_at_ms
    assert story.do({"cue": "extend", "target": TETRIS, "ms": 5_000}) is Reason.TOO_SOON


def test_midnight_is_moved_by_nobody_by_accident() -> None:
    story = Story(GALA_2019)
    midnight = next(c for s in GALA_2019.segments for c in s.cues if c.by == "at")
    segment = next(s for s in GALA_2019.segments if midnight in s.cues)
    story.must("hold")
    story.wait(60)
    story.must("resume")
    assert dict(timed(GALA_2019, story.state))[midnight.id] == midnight.at_ms, "a hold does not move it"
    later_ms = midnight.at_ms + 60_000
    assert story.do({"cue": "retime", "target": midnight.id, "at_ms": later_ms}) is Reason.ABSOLUTE
    other = next(s.id for s in GALA_2019.segments if s is not segment and not s.draws)
    assert story.do({"cue": "swap", "target": segment.id, "other": other}) is Reason.ABSOLUTE
    story.must("retime", target=midnight.id, at_ms=later_ms, reason="the president speaks")
    assert dict(timed(GALA_2019, story.state))[midnight.id] == later_ms
    assert "the president speaks" in desk_of(story).as_run[-1].what


def test_what_was_moved_on_the_clock_stays_moved_when_its_segment_begins() -> None:
    story = Story(GALA_2019)
    segment = next(s for s in GALA_2019.segments if s.cues[0].by == "at" and s.cues[-1].by == "at")
    first, last = segment.cues[0], segment.cues[-1]
    story.go("opening.start")
    later_ms = last.at_ms + 60_000
    story.must("retime", target=last.id, at_ms=later_ms, reason="the president speaks")
    story.wait((first.at_ms - story.at_ms) // 1000)
    assert story.state.on_air == segment.id
    assert dict(timed(GALA_2019, story.state))[last.id] == later_ms


def test_a_hold_before_anyone_has_called_the_cut_leaves_its_round_open() -> None:
    story = Story(GALA_2019)
    segment = next(s for s in GALA_2019.segments if any(cue.do == "cut" for cue in s.cues))
    story.go(f"{segment.id}.start")
    story.go(f"{segment.id}.open")
    between_ms = only(story).lock_due_at_ms - only(story).cut_due_at_ms
    story.at_ms = only(story).cut_due_at_ms + 40  # the conductor is a moment behind
    story.must("hold")
    story.wait(300)
    story.must("resume")
    assert only(story).lock_due_at_ms == story.at_ms - 40 + between_ms
    story.wait(0)
    assert only(story).cut_at_ms == story.at_ms - 300_040
    assert only(story).lock_due_at_ms == story.at_ms + between_ms


def test_a_lock_tied_to_the_clock_is_extended_only_with_a_reason() -> None:
    text = Path("tests/gala/steps.toml").read_text(encoding="utf-8")
    found = read(text.replace('lock = "after 40s"', 'lock = "at 19:30:45"').encode())
    assert found.rundown is not None
    story = Story(found.rundown)
    story.go("song.start")
    story.wait(5)
    extend = {"cue": "extend", "target": only(story).id, "ms": 5_000}
    assert story.do(extend) is Reason.ABSOLUTE
    due_at_ms = only(story).lock_due_at_ms
    assert story.do({**extend, "reason": "the song goes on"}) is None
    assert only(story).lock_due_at_ms == due_at_ms + 5_000


def test_a_swap_changes_places_times_and_what_is_on_standby() -> None:
    story = Story(GALA_2019)
    story.go("opening.start")
    names = [s.id for s in GALA_2019.segments]
    free = [
        s
        for s in GALA_2019.segments
        if s.id != "opening" and s.kind != "draw" and all(c.by != "at" for c in s.cues)
    ]
    first, second = free[0], free[2]
    plan_ms = {segment.id: segment.plan_at_ms for segment in desk_of(story).segments}
    before_end = desk_of(story).expected_end_at_ms
    assert story.rundown.cue(story.state.standby)[0].id == first.id
    story.must("swap", target=first.id, other=second.id)
    shown = desk_of(story)
    order = [segment.id for segment in shown.segments]
    assert order.index(second.id) == names.index(first.id)
    assert story.rundown.cue(story.state.standby)[0].id == second.id
    assert shown.expected_end_at_ms == before_end
    planned = {segment.id: segment.plan_at_ms for segment in shown.segments}
    assert planned[second.id] == plan_ms[first.id]
    outside = set(names[: names.index(first.id)]) | set(names[names.index(second.id) + 1 :])
    assert all(planned[name] == plan_ms[name] for name in outside), "the rest of the evening stays"
    assert story.do({"cue": "swap", "target": "opening", "other": second.id}) is Reason.STARTED
    draw = next(s for s in GALA_2019.segments if s.kind == "draw")
    source = draw.draws[0].segments[-1]
    if source in order:
        assert story.do({"cue": "swap", "target": draw.id, "other": source}) is Reason.DRAW_FIRST


def test_neither_a_swap_nor_a_skip_leaves_the_evening_without_an_end() -> None:
    endless = [segment.id for segment in GALA_2019.segments if segment.cues[-1].do != "end"]
    before, last = (segment.id for segment in GALA_2019.segments[-2:])
    story = Story(GALA_2019)
    swap = {"cue": "swap", "target": endless[0], "other": last}
    assert story.do(swap) is Reason.NO_END
    story.must("skip", target=last)
    assert GALA_2019.segments[-3].id in endless
    assert story.do({"cue": "skip", "target": before}) is Reason.NO_END


# ---------------------------------------------------------------- channels


def test_tuning_a_channel_moves_what_is_seen_and_never_unshows() -> None:
    story = Story()
    app = SHORT.channels[-1]
    index = len(SHORT.channels) - 1
    story.go("tetris.start")
    started = story.state.version
    story.at_ms += cohort_delay_ms(app.delay_ms)
    assert story.history.visible_on(story.at_ms, app.id).version >= started
    seen = story.history.visible_on(story.at_ms, app.id).version
    story.must("delay", target=app.id, delay_ms=app.delay_ms + 30_000)
    assert story.history.visible_on(story.at_ms, app.id).version == seen
    story.go("tetris.start")
    tuned_ms = story.at_ms
    story.wait(1)
    head = story.state.version
    story.at_ms = tuned_ms + app.delay_ms + 29_000
    assert story.history.visible_on(story.at_ms, app.id).version < head
    story.at_ms = tuned_ms + app.delay_ms + 32_000
    assert story.history.visible_on(story.at_ms, app.id).version == head
    assert desk_of(story).channels[index].delay_ms == app.delay_ms + 30_000
    assert desk_of(story).channels[index].planned_ms == app.delay_ms


@given(
    delays=st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 30_000)), max_size=5),
    waits=st.lists(st.integers(0, 20_000), max_size=12),
)
def test_however_a_channel_is_tuned_it_only_ever_sees_more(
    delays: list[tuple[int, int]], waits: list[int]
) -> None:
    story = Story()
    story.go("welcome.start")
    name = SHORT.channels[-1].id
    seen = 0
    for place, wait_ms in enumerate(waits):
        story.at_ms += wait_ms
        if place < len(delays):
            story.must("delay", target=name, delay_ms=delays[place][0])
        else:
            story.must("standby", target="tetris.start")
        now = story.history.visible_on(story.at_ms, name).version
        assert now >= seen
        assert now <= story.state.version
        seen = now
    last_ms = story.history.delay_ms(name)
    assert story.history.visible_on(story.at_ms + cohort_delay_ms(last_ms), name) == story.state


def test_a_round_keeps_the_delays_it_opened_with() -> None:
    story = whacking()
    name = GALA_2019.channels[SLOW].id
    closes_ms = only(story).closes_at_ms(only(story).delays_ms[SLOW])
    story.must("delay", target=name, delay_ms=SLOW_MS + 20_000)
    assert only(story).delays_ms[SLOW] == SLOW_MS
    assert only(story).closes_at_ms(only(story).delays_ms[SLOW]) == closes_ms


@pytest.mark.parametrize("delay_ms", [-1, 600_001, "7000", None, True])
def test_a_delay_that_is_none_is_refused(delay_ms: Any) -> None:
    story = Story()
    cue = {"cue": "delay", "target": SHORT.channels[0].id, "delay_ms": delay_ms}
    assert story.do(cue) is Reason.BAD_CUE
    assert story.do({**cue, "target": "nowhere", "delay_ms": 0}) is Reason.UNKNOWN_CHANNEL


# ---------------------------------------------------------------- kill


def test_the_kill_switch_ends_every_play_at_once_on_every_channel_until_resume() -> None:
    story = whacking()
    story.wait(5)
    assert story.do({"cue": "kill"}) is Reason.REASON_NEEDED
    story.must("kill", reason="a light fell down")
    killed_ms = story.at_ms
    for channel, delay_ms in enumerate(only(story).delays_ms):
        assert only(story).closes_at_ms(delay_ms) == killed_ms
        assert view_of(story, channel).quiet
        seen = view_of(story, channel).round
        assert seen is None or (seen.state, seen.closes_at_ms) == ("locked", killed_ms)
    story.wait(600)
    assert story.state.held_at_ms == killed_ms, "nothing goes on by itself"
    segment = only(story).segment
    assert story.go(f"{segment}.open") is Reason.KILLED
    story.must("resume")
    assert not view_of(story, 0).quiet
    assert only(story).locked_at_ms == killed_ms, "what was locked stays locked"


def test_after_the_kill_switch_nobody_is_asked_to_lock_what_is_locked() -> None:
    text = Path("tests/gala/polls.toml").read_text(encoding="utf-8")
    by_hand = read(text.replace('lock = "after 18s"', 'lock = "go"', 1).encode()).rundown
    assert by_hand is not None
    story = Story(by_hand)
    story.go("tetris.start")
    story.wait(5)
    assert story.state.standby == "tetris.lock"
    story.must("kill", reason="a light fell down")
    assert story.state.standby == "tetris.settle"
    story.shut(TETRIS)
    story.must("resume")
    assert story.do({"cue": "go", "target": "tetris.settle", "outcome": "comets"}) is None


# ---------------------------------------------------------------- red windows and claps


def test_go_on_a_red_window_needs_a_reason_and_the_reason_is_on_record() -> None:
    story = Story()
    app = SHORT.channels[-1]
    story.must("delay", target=app.id, delay_ms=60_000)
    assert story.go("tetris.start") is Reason.RED_WINDOW
    waiting = next(c for s in desk_of(story).segments if s.id == "tetris" for c in s.cues)
    assert waiting.needs == "reason"
    assert story.go("tetris.start", reason="they watch only") is None
    assert "they watch only" in desk_of(story).as_run[-1].what


def test_a_channel_that_only_watches_makes_nothing_red() -> None:
    text = Path("tests/gala/polls.toml").read_text(encoding="utf-8")
    app = SHORT.channels[-1].id
    found = read(text.replace('id = "tetris"\n', f'id = "tetris"\nwatch_only = ["{app}"]\n', 1).encode())
    assert found.rundown is not None
    story = Story(found.rundown)
    story.must("delay", target=app, delay_ms=60_000)
    assert story.go("tetris.start") is None
    strange = read(text.replace('id = "tetris"\n', 'id = "tetris"\nwatch_only = ["moon"]\n', 1).encode())
    assert any("there is no channel 'moon'" in fault.message for fault in strange.faults)


def test_a_clap_is_asked_for_before_it_is_heard_and_reaches_everybody_at_once() -> None:
    story = Story()
    assert story.do({"cue": "clap"}) is Reason.NOT_ASKED
    story.must("ask_clap")
    story.wait(3)
    story.must("clap")
    assert story.do({"cue": "clap"}) is Reason.ALREADY_DONE
    clap = view_of(story, len(SHORT.channels) - 1, SHORT).clap
    assert (clap.asked_at_ms, clap.at_ms) == (story.at_ms - 3_000, story.at_ms)
    story.must("ask_clap")
    assert view_of(story, 0, SHORT).clap.at_ms == 0


# ---------------------------------------------------------------- what is believed


@given(arrived=instants, claimed=st.integers(-(10**7), 10**7), bound=st.integers(0, 500))
def test_a_phone_is_believed_within_its_round_trip_and_never_ahead(
    arrived: int, claimed: int, bound: int
) -> None:
    at_ms = play_at_ms(arrived, claimed, bound)
    assert arrived - bound <= at_ms <= arrived
    if claimed and arrived - bound <= claimed <= arrived:
        assert at_ms == claimed


@given(
    timing=st.sampled_from(["appear", "predict", "influence"]),
    locked=instants,
    delay=st.integers(0, 60_000),
    slower=st.integers(0, 60_000),
)
def test_the_gate_shuts_after_the_slowest_and_for_decisions_right_after_the_lock(
    timing: Any, locked: int, delay: int, slower: int
) -> None:
    shuts = shuts_at_ms(timing, locked, delay + slower, 500)
    assert shuts == locked + 500 + (delay + slower if timing == "appear" else 0)


def test_a_round_opens_late_enough_for_the_slowest_phone() -> None:
    assert OPEN_LEAD_MS >= STEP_MS + 400 // 2 + 100
