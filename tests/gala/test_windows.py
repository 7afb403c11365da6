"""What each channel can play: an equal length for all (A1), and windows too short are said aloud (A4)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gala.desk import desk
from gala.evidence import Books
from gala.protocol import RoundView
from gala.protocol.crew import Desk
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.rundown.file import read
from gala.show.reasons import Reason
from gala.timing import cohort_delay_ms
from gala.view import show
from games.game import running_ms
from tests.gala.gates import GATES, TEXT
from tests.gala.story import Story

APPEAR = "gates/appear/1"

delays = st.lists(st.integers(0, 60_000), min_size=3, max_size=3)
changes = st.lists(
    st.tuples(
        st.sampled_from(["hold", "resume", "extend", "shorten", "delay"]), st.sampled_from([300, 900, 1_700])
    ),
    max_size=4,
)


def watched(delays_ms: list[int]) -> Rundown:
    """The evening on three channels with these delays."""
    channels = tuple(
        replace(channel, delay_ms=delay_ms)
        for channel, delay_ms in zip(GATES.channels, delays_ms, strict=True)
    )
    return replace(GATES, channels=channels)


def seen_on(story: Story, rounds: Rounds, channel: int, delay_ms: int) -> RoundView | None:
    """The round as the phones of a channel are told of it now."""
    visible = story.history.visible(story.at_ms, cohort_delay_ms(delay_ms))
    told = show(
        story.rundown,
        visible,
        story.state,
        step=1,
        delay_ms=delay_ms,
        channel=channel,
        public=lambda round_: rounds.public(round_, channel, story.at_ms),
        text_of=lambda name: name,
    )
    return told.round


@settings(max_examples=60)
@given(delays_ms=delays, done=changes)
def test_an_appear_round_opens_on_every_channel_by_its_delay_and_is_equally_long_on_all(
    delays_ms: list[int], done: list[tuple[str, int]]
) -> None:
    story = Story(watched(delays_ms))
    rounds = Rounds(story.rundown, bytes(32))
    story.go("appear.start", reason="whatever the windows")
    story.wait(1)
    for kind, ms in done:
        story.wait(ms / 1000)
        match kind:
            case "extend" | "shorten":
                story.do({"cue": "extend", "target": APPEAR, "ms": ms if kind == "extend" else -ms})
            case "delay":  # tuned while it runs: the round keeps the delays it opened with
                story.do({"cue": "delay", "target": "app", "delay_ms": 10 * ms})
            case _:
                story.do({"cue": kind})
    story.do({"cue": "resume"})
    story.wait(150)  # every channel has seen all of it
    played = []
    opened_ms = story.round(APPEAR).opened_at_ms
    for channel, delay_ms in enumerate(delays_ms):
        seen = seen_on(story, rounds, channel, delay_ms)
        assert seen is not None
        assert seen.opens_at_ms == opened_ms + delay_ms
        pauses = tuple((from_ms, to_ms) for from_ms, to_ms in seen.pauses)
        played.append(running_ms(seen.opens_at_ms, pauses, seen.closes_at_ms))
    assert len(set(played)) == 1, "everyone gets the same length of play"
    assert played[0] > 0


def desk_of(story: Story) -> Desk:
    return desk(
        story.rundown,
        Rounds(story.rundown, bytes(32)),
        story.state,
        story.log,
        now_ms=story.at_ms,
        rate=1.0,
        crew="Mei",
        counters={},
        gates={},
        edges={},
        books=Books(),
    )


@pytest.mark.parametrize(
    ("delay_s", "level", "words"),
    [(4, "ok", ""), (5, "yellow", "app sees only 7 s"), (12, "red", "app"), (15, "red", "app")],
)
def test_check_desk_and_go_agree_on_what_a_channel_can_play(delay_s: int, level: str, words: str) -> None:
    text = TEXT.replace('delay = "8s"', f'delay = "{delay_s}s"')
    reading = read(text.encode())
    assert reading.rundown is not None
    said = [fault for fault in reading.warnings if fault.segment == "predict" and "app" in fault.message]
    assert [fault.level for fault in said] == ([] if level == "ok" else [level])
    assert all(words in fault.message for fault in said)
    story = Story(reading.rundown)
    shown = next(segment for segment in desk_of(story).segments if segment.id == "predict")
    window = next(window for window in shown.windows if window.channel == "app")
    assert (window.level, window.visible_ms) == (level, 12_000 - 1_000 * delay_s)
    refused = story.go("predict.start")
    assert refused is (Reason.RED_WINDOW if level == "red" else None)
    if refused:
        assert story.go("predict.start", reason="the app only watches tonight") is None
        assert desk_of(story).as_run[-1].what.endswith("the app only watches tonight")
