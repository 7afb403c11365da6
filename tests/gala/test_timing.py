"""When a round that all play for equally long is on each channel's phones: acceptance A1 without a network.

What networks and clocks add to it is measured by `gala bench sync`.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from gala import protocol
from gala.rounds import Rounds
from gala.rundown import Channel
from gala.texts import Texts
from gala.timing import OPEN_LEAD_MS, STEP_MS
from gala.view import show
from tests.gala.story import GALA_2019, Story

WHACK = f"{GALA_2019.id}/whack/1"
LENGTH_MS = 33_000
ROUNDS = Rounds(GALA_2019, bytes(32))
TEXTS = Texts(GALA_2019, b"secret")
CHANNELS = GALA_2019.channels


def told(story: Story, channel: Channel, now_ms: int) -> protocol.RoundView | None:
    """What the phones of a channel, which watch it as it comes, know of a round by then."""
    index = CHANNELS.index(channel)
    return show(
        GALA_2019,
        story.history.visible_on(now_ms, channel.id),
        story.state,
        step=0,
        delay_ms=story.history.delay_ms(channel.id),
        channel=index,
        public=lambda round_: ROUNDS.public(round_, index, now_ms),
        text_of=TEXTS.hash_of,
    ).round


def opened(delays_ms: list[int]) -> Story:
    """The evening with its channels tuned, two minutes later, and whack a millisecond after its GO."""
    story = Story(GALA_2019)
    for channel, delay_ms in zip(CHANNELS, delays_ms, strict=True):
        story.must("delay", target=channel.id, delay_ms=delay_ms)
    story.wait(120)
    assert story.go("whack.start") is None
    assert story.go("whack.open") is None
    return story


delays = st.lists(st.integers(0, 60_000), min_size=len(CHANNELS), max_size=len(CHANNELS))


@settings(max_examples=50)
@given(delays_ms=delays)
def test_it_starts_on_every_channel_when_that_channel_sees_it_and_lasts_equally_long(
    delays_ms: list[int],
) -> None:
    story = opened(delays_ms)
    at_ms = story.round(WHACK).opened_at_ms
    story.wait(60)  # the hall has locked; far channels have yet to begin
    for channel, delay_ms in zip(CHANNELS, delays_ms, strict=True):
        seen = told(story, channel, at_ms + delay_ms)
        assert seen is not None
        assert seen.opens_at_ms == at_ms + delay_ms
        assert seen.closes_at_ms - seen.opens_at_ms == LENGTH_MS


@settings(max_examples=50)
@given(delays_ms=delays)
def test_every_phone_is_told_in_time_for_a_round_trip_of_a_second(delays_ms: list[int]) -> None:
    story = opened(delays_ms)
    at_ms = story.round(WHACK).opened_at_ms
    for channel, delay_ms in zip(CHANNELS, delays_ms, strict=True):
        seen = told(story, channel, at_ms + delay_ms - (OPEN_LEAD_MS - STEP_MS))
        assert seen is not None
        assert seen.id == WHACK
        # ... and not before what the channel shows lets anyone guess it
        assert told(story, channel, at_ms + delay_ms - OPEN_LEAD_MS - 1) is None
