"""Who may know what, when: laws over random evenings, on the very bytes that go to phones.

The embargo is proved by interference, not by looking for words: two evenings that differ in nothing but
what is still secret must look the same, byte for byte, until the secret's own instant on that channel.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala import protocol, timing
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.show.state import State
from gala.store.log import Entry
from gala.texts import Texts
from gala.timing import cohort_delay_ms
from gala.view import History, cohort_name, immediate, show
from tests.gala.story import GALA_2019, SHORT, TETRIS, Story, locked_tetris
from tests.gala.test_show import Move, cue_of, drawn_evening, moves

ROUNDS = {rundown.id: Rounds(rundown, bytes(32)) for rundown in (SHORT, GALA_2019)}
TEXTS = {rundown.id: Texts(rundown, b"secret") for rundown in (SHORT, GALA_2019)}

delays = st.sampled_from([0, 500, 3_000, 8_000, 45_000, 90_000])


def evening(rundown: Rundown, steps: list[Move]) -> list[Entry]:
    """The log of a random evening."""
    story = Story(rundown)
    for kind, which, gap_ms in steps:
        story.at_ms += gap_ms
        story.do(cue_of(story, kind, which, {}))
    return story.log


def followed(rundown: Rundown, log: list[Entry]) -> History:
    history = History(rundown)
    for entry in log:
        history.add(entry)
    return history


def view(rundown: Rundown, history: History, now_ms: int, delay_ms: int) -> protocol.Show:
    """What a cohort of the rundown's first channel, `delay_ms` behind, is told."""
    visible = history.visible(now_ms, delay_ms)
    return show(
        rundown,
        visible,
        history.head,
        step=history.step(visible, ROUNDS[rundown.id].beats(visible, history.head, 0, now_ms)),
        delay_ms=delay_ms,
        channel=0,
        public=lambda round_: ROUNDS[rundown.id].public(round_, 0, now_ms),
        text_of=TEXTS[rundown.id].hash_of,
    )


def sent(rundown: Rundown, history: History, now_ms: int, delay_ms: int) -> bytes:
    return msgspec.msgpack.encode(view(rundown, history, now_ms, delay_ms))


def instants(log: list[Entry], delay_ms: int) -> list[int]:
    """Where a view may change, and a millisecond before."""
    return sorted({at for entry in log for at in (entry.at_ms + delay_ms - 1, entry.at_ms + delay_ms)})


rundowns = st.sampled_from([SHORT.id, GALA_2019.id])


def rundown_of(name: str) -> Rundown:
    return SHORT if name == SHORT.id else GALA_2019


@settings(max_examples=60)
@given(name=rundowns, steps=moves, delay_ms=delays, data=st.data())
def test_a_step_never_falls_and_is_the_same_on_every_edge(
    name: str, steps: list[Move], delay_ms: int, data: st.DataObject
) -> None:
    rundown = rundown_of(name)
    log = evening(rundown, steps)
    at = st.sampled_from(instants(log, delay_ms))
    earlier, later = sorted((data.draw(at), data.draw(at)))
    less, more = sorted((data.draw(st.integers(1, len(log))), data.draw(st.integers(1, len(log)))))
    first, second = followed(rundown, log[:less]), followed(rundown, log[:more])
    before = view(rundown, first, earlier, delay_ms)
    after = view(rundown, second, later, delay_ms)
    assert (before.step, before.version) <= (after.step, after.version)
    assert sent(rundown, followed(rundown, log[:less]), earlier, delay_ms) == sent(
        rundown, first, earlier, delay_ms
    ), "another edge that has read as far says the same"


@settings(max_examples=60)
@given(name=rundowns, steps=moves, delay_ms=delays, data=st.data())
def test_of_two_edges_whichever_is_further_in_sight_has_the_greater_step(
    name: str, steps: list[Move], delay_ms: int, data: st.DataObject
) -> None:
    rundown = rundown_of(name)
    log = evening(rundown, steps)
    at, read = st.sampled_from(instants(log, delay_ms)), st.integers(1, len(log))
    one, other = (
        view(rundown, followed(rundown, log[: data.draw(read)]), data.draw(at), delay_ms) for _ in range(2)
    )
    if one.version != other.version:
        assert (one.step < other.step) == (one.version < other.version)
    elif one.step == other.step:
        for seen in (one, other):
            if seen.round is not None:
                seen.round.generation = 0  # of the newest round: it counts re-timings before they show
        assert one == other, "what an edge has read beyond what is in sight tells nothing"


@settings(max_examples=60)
@given(name=rundowns, steps=moves, delay_ms=delays)
def test_one_step_is_one_view(name: str, steps: list[Move], delay_ms: int) -> None:
    rundown = rundown_of(name)
    log = evening(rundown, steps)
    history = followed(rundown, log)
    told: dict[int, protocol.Show] = {}
    for now_ms in instants(log, delay_ms):
        seen = view(rundown, history, now_ms, delay_ms)
        seen.version = 0  # an entry that had been told at once comes into sight and changes nothing else
        assert told.setdefault(seen.step, seen) == seen


@settings(max_examples=60)
@given(name=rundowns, steps=moves, delay_ms=delays)
def test_a_cue_changes_nothing_for_a_cohort_before_its_own_instant_unless_it_locks_holds_or_voids(
    name: str, steps: list[Move], delay_ms: int
) -> None:
    rundown = rundown_of(name)
    log = evening(rundown, steps)
    history = followed(rundown, log[:1])
    for entry in log[1:]:
        now_ms = entry.at_ms + delay_ms - 1
        before, visible = sent(rundown, history, now_ms, delay_ms), history.visible(now_ms, delay_ms)
        history.add(entry)
        if not immediate(rundown, entry.cue):
            assert sent(rundown, history, now_ms, delay_ms) == before
        assert history.visible(now_ms, delay_ms) == visible, "nothing comes into sight before its time"


def with_other_secrets(log: list[Entry]) -> list[Entry]:
    """The same evening with another outcome, other counts, other winners."""
    other: dict[str, Callable[[Any], Any]] = {
        "outcome": lambda value: {"comets": "harbour", "harbour": "comets"}.get(value, value),
        "tally": lambda value: {**value, "voters": value.get("voters", 0) + 7919},
        "counters": lambda value: {**value, "voters": value.get("voters", 0) + 7919},
        "winners": lambda value: value + 7919,
    }
    changed: list[Entry] = []
    for entry in log:
        cue = {name: other[name](value) if name in other else value for name, value in entry.cue.items()}
        changed.append(msgspec.structs.replace(entry, cue=cue))
    return changed


def told_at_ms(rundown: Rundown, log: list[Entry]) -> int:
    """When the hall hears the first secret; never, if it does not."""
    acts = [
        (entry.at_ms, rundown.cue(entry.cue["target"])[1].do)
        for entry in log
        if entry.cue["cue"] in ("go", "fire")
    ]
    return min((at_ms for at_ms, act in acts if act in ("reveal", "announce")), default=1 << 60)


def no_secret_is_out(rundown: Rundown, log: list[Entry], delay_ms: int) -> None:
    plain, other = followed(rundown, log), followed(rundown, with_other_secrets(log))
    until_ms = told_at_ms(rundown, log) + delay_ms
    for now_ms in instants(log, delay_ms):
        if now_ms < until_ms:
            assert sent(rundown, plain, now_ms, delay_ms) == sent(rundown, other, now_ms, delay_ms)


@settings(max_examples=80)
@given(name=rundowns, steps=moves, delay_ms=delays)
def test_no_outcome_count_or_winner_can_be_told_from_a_view_before_its_reveal_on_that_channel(
    name: str, steps: list[Move], delay_ms: int
) -> None:
    rundown = rundown_of(name)
    no_secret_is_out(rundown, evening(rundown, steps), delay_ms)


@pytest.mark.parametrize("delay_ms", [0, 3_000, 8_000, 90_000])
def test_the_whole_story_tells_each_secret_at_its_instant_and_no_sooner(delay_ms: int) -> None:
    story = drawn_evening()
    story.wait(40)
    story.must("drawn", draw=1, winners=77)
    story.wait(5)
    assert story.go("draw.announce") is None
    no_secret_is_out(SHORT, story.log, delay_ms)
    plain, other = story.history, followed(SHORT, with_other_secrets(story.log))
    at_ms = told_at_ms(SHORT, story.log) + delay_ms
    seen = view(SHORT, plain, at_ms, delay_ms)
    if seen.segment is not None and seen.segment.id == "tetris":
        assert sent(SHORT, plain, at_ms, delay_ms) != sent(SHORT, other, at_ms, delay_ms)
    announced_ms = story.at_ms + delay_ms
    before, after = (view(SHORT, plain, now_ms, delay_ms).draw for now_ms in (announced_ms - 1, announced_ms))
    assert before is not None
    assert after is not None
    assert (before.state, before.winners) == ("drawn", 0)
    assert (after.state, after.winners) == ("announced", 77)


@settings(max_examples=60)
@given(name=rundowns, steps=moves, delay_ms=delays)
def test_a_late_cohort_never_sees_a_round_or_a_segment_before_its_instant_and_delay(
    name: str, steps: list[Move], delay_ms: int
) -> None:
    rundown = rundown_of(name)
    log = evening(rundown, steps)
    history = followed(rundown, log)
    for now_ms in instants(log, delay_ms):
        seen = view(rundown, history, now_ms, delay_ms)
        if seen.round is not None:
            round_ = history.head.rounds[seen.round.id]
            opened_at_ms = round_.opened_at_ms
            assert now_ms >= opened_at_ms - timing.OPEN_LEAD_MS + delay_ms
            # where all of a channel play one timetable, it is the channel's as tuned when the round opened,
            # whatever a viewer's own nudge
            own_ms = round_.delays_ms[0] if seen.round.timing == "appear" else delay_ms
            assert seen.round.opens_at_ms == opened_at_ms + own_ms
        if seen.segment is not None:
            assert now_ms >= seen.segment.started_at_ms + delay_ms


# ---------------------------------------------------------------- what does not wait


def watching(story: Story, delay_ms: int) -> protocol.Show:
    return view(SHORT, story.history, story.at_ms, delay_ms)


def opened() -> Story:
    story = Story()
    story.go("tetris.start")
    story.wait(11)
    return story


def test_a_lock_by_hand_is_known_at_once_on_a_slow_channel() -> None:
    story = opened()
    before = watching(story, 8_000)
    assert before.round is not None
    assert before.round.state == "open"
    story.go("tetris.lock")
    after = watching(story, 8_000)
    assert after.round is not None
    assert (after.round.state, after.round.closes_at_ms) == ("locked", story.at_ms)
    assert after.step > before.step
    assert after.version == before.version, "how far the hall is would give a reveal away"


def test_a_hold_is_known_at_once_on_a_slow_channel_and_so_is_the_new_lock() -> None:
    story = opened()
    before = watching(story, 8_000)
    story.must("hold")
    held = watching(story, 8_000)
    assert (held.held, held.round and held.round.closes_at_ms) == (True, 0)
    story.wait(4)
    story.must("resume")
    resumed = watching(story, 8_000)
    assert before.round is not None
    assert resumed.round is not None
    assert resumed.round.closes_at_ms == before.round.closes_at_ms + 4_000
    assert resumed.round.generation > before.round.generation
    assert before.step < held.step < resumed.step


def test_a_void_is_known_at_once_where_the_round_is_in_sight_and_takes_a_result_away() -> None:
    story = locked_tetris()
    story.go("tetris.settle", outcome="comets")
    story.go("tetris.reveal")
    story.wait(3)
    shown = watching(story, 3_000)
    assert shown.round is not None
    assert shown.round.result["outcome"] == "comets"
    story.must("void", target=TETRIS, reason="the wall fell over")
    voided = watching(story, 3_000)
    assert voided.round is not None
    assert (voided.round.state, voided.round.result) == ("void", {})


def test_what_is_told_at_once_brings_nothing_into_sight() -> None:
    story = opened()
    story.go("tetris.lock")
    assert watching(story, 90_000).segment is None
    assert watching(story, 90_000).round is None


# ---------------------------------------------------------------- timing


timings: st.SearchStrategy[Any] = st.sampled_from(["appear", "predict", "influence", "reveal", "absolute"])


@given(st.integers(-200_000, 200_000))
def test_a_cohorts_delay_is_rounded_up_and_never_negative(delay_ms: int) -> None:
    rounded = cohort_delay_ms(delay_ms)
    assert rounded % timing.STEP_MS == 0
    assert max(delay_ms, 0) <= rounded < max(delay_ms, 0) + timing.STEP_MS
    assert cohort_delay_ms(rounded) == rounded


@given(st.sampled_from(GALA_2019.channels), st.none() | st.integers(-(10**9), 10**9))
def test_a_declared_delay_stays_within_the_nudge(channel: Any, delay_ms: int | None) -> None:
    declared = timing.declared_delay_ms(channel.delay_ms, delay_ms)
    assert declared >= 0
    assert abs(declared - channel.delay_ms) <= timing.NUDGE_MS_MAX
    if delay_ms is None:
        assert declared == channel.delay_ms
    elif 0 <= delay_ms <= channel.delay_ms + timing.NUDGE_MS_MAX:
        assert declared == max(delay_ms, channel.delay_ms - timing.NUDGE_MS_MAX)


@given(timings, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 10**5))
def test_a_declared_delay_never_extends_what_may_be_decided(
    timing_class: Any, opened_ms: int, length_ms: int, delay_ms: int, more_ms: int
) -> None:
    closed_ms = opened_ms + length_ms
    closes = timing.closes_at_ms(timing_class, closed_ms, delay_ms)
    window = timing.visible_window_ms(timing_class, opened_ms, closed_ms, delay_ms)
    longer = timing.visible_window_ms(timing_class, opened_ms, closed_ms, delay_ms + more_ms)
    assert longer <= window <= length_ms
    if timing_class in ("predict", "influence"):
        assert closes == closed_ms
    if timing_class in ("appear", "absolute"):
        assert window == length_ms, "everyone gets the same length of play"


@pytest.mark.parametrize(
    ("visible_ms", "level"), [(-1, "red"), (0, "red"), (1, "yellow"), (7_999, "yellow"), (8_000, "ok")]
)
def test_a_window_that_cannot_be_played_is_red_and_a_short_one_yellow(visible_ms: int, level: str) -> None:
    assert timing.window_level(visible_ms) == level


def test_the_slowest_channel_is_the_last_to_see() -> None:
    assert timing.slowest_ms(channel.delay_ms for channel in GALA_2019.channels) == 45_000
    assert timing.slowest_ms(()) == 0
    assert cohort_name(GALA_2019.channels[-1], 45_000) == "abroad:45000"


def test_before_the_beginning_there_is_nothing_to_see() -> None:
    assert History(SHORT).visible(10**15, 0) == State()
