"""What is known by heart is what would be judged: slot, counters and answer, byte for byte."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.edge.broadcast import NAMESPACE
from gala.edge.known import KINDS_MAX, KnownPlays
from gala.edge.waiting import mine_of
from gala.protocol import PlayReply
from gala.wire.packets import AckMould, ack_frame
from games import GAMES
from games.game import AnyOpened, Counted, Timing, Window, open_round, play
from tests.games.examples import EXAMPLES

WINDOW = Window(1_000, 2_000)
TIMELESS = [name for name, game in GAMES.items() if game.timeless]

seqs = st.one_of(st.integers(1, 65_535), st.sampled_from([1, 127, 128, 255, 256, 65_535]))


def opened_rounds(name: str) -> st.SearchStrategy[AnyOpened]:
    return st.builds(open_round, st.just(GAMES[name]), EXAMPLES[name].settings, st.just(bytes(32)))


def answer(counted: Counted, packet: int) -> bytes:
    reply = PlayReply(status="counted", refused=list(counted.refused), mine=mine_of(counted.mine))
    return ack_frame(NAMESPACE, packet, reply)


@pytest.mark.parametrize("name", TIMELESS)
@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_what_is_known_by_heart_is_what_would_be_judged(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    known = KnownPlays(opened)
    moves = [msgspec.msgpack.encode(data.draw(EXAMPLES[name].moves(opened.settings))) for _ in range(3)]
    slots = dict.fromkeys(range(3), opened.layout.empty)
    for _ in range(data.draw(st.integers(1, 12))):
        number, channel = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))
        move, before = data.draw(st.sampled_from(moves)), slots[number]
        seq = int.from_bytes(before[:2], "big") + data.draw(st.integers(1, 300))
        verdict = play(
            opened,
            WINDOW,
            before,
            seq=seq,
            channel=channel,
            move=msgspec.msgpack.decode(move),
            at_ms=data.draw(st.integers(1_000, 1_999)),
        )
        by_heart = known.find((before[2:] if before[:2] != b"\0\0" else channel, move))
        if not isinstance(verdict, Counted):
            assert by_heart is None
            continue
        if by_heart is not None:
            packet = data.draw(st.integers(0, 1 << 32))
            assert seq.to_bytes(2, "big") + by_heart.tail == verdict.after
            assert by_heart.deltas == verdict.deltas
            assert by_heart.mould.frame(seq, packet) == answer(verdict, packet)
        known.learn(before, channel, move, verdict)
        slots[number] = verdict.after


@pytest.mark.parametrize("name", [name for name, game in GAMES.items() if not game.timeless])
@given(data=st.data())
@settings(deadline=None, max_examples=10)
def test_nothing_is_known_of_a_game_that_looks_at_the_time(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    known = KnownPlays(opened)
    counted = Counted(bytes(opened.layout.width), {}, (), {"seq": 1})
    known.learn(opened.layout.empty, 0, b"\x80", counted)
    assert not known.any
    assert known.find((0, b"\x80")) is None


@pytest.mark.parametrize("name", TIMELESS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_timeless_game_gives_one_verdict_whenever_it_is_asked_and_never_appears_by_channel(
    name: str, data: st.DataObject
) -> None:
    opened = data.draw(opened_rounds(name))
    assert opened.game.timing(opened.settings) is not Timing.APPEAR
    said = {
        "seq": 1,
        "channel": data.draw(st.integers(0, 3)),
        "move": data.draw(EXAMPLES[name].moves(opened.settings)),
    }
    windows = [Window(1_000, 2_000), Window(0, 1 << 40, cut_at_ms=5, slack_ms=99, pauses=((3, 9),))]
    verdicts = [
        play(opened, window, opened.layout.empty, at_ms=at_ms, **said)
        for window in windows
        for at_ms in (1_000, data.draw(st.integers(1_000, 1_999)))
    ]
    assert all(verdict == verdicts[0] for verdict in verdicts)


def test_words_invented_for_the_same_ballot_are_forgotten_and_never_more_than_so_many_are_kept() -> None:
    name = TIMELESS[0]
    opened = open_round(GAMES[name], GAMES[name].read_settings(POLL), bytes(32))
    known = KnownPlays(opened)
    for invented in range(KINDS_MAX + 10):
        move: dict[str, Any] = {"choices": ["a"], "more": invented}
        verdict = play(opened, WINDOW, opened.layout.empty, seq=1, channel=0, move=move, at_ms=1_500)
        assert isinstance(verdict, Counted)
        known.learn(opened.layout.empty, 0, msgspec.msgpack.encode(move), verdict)
    last, first = ({"choices": ["a"], "more": more} for more in (KINDS_MAX + 9, 0))
    assert known.find((0, msgspec.msgpack.encode(last))) is not None
    assert known.find((0, msgspec.msgpack.encode(first))) is None
    long = {"choices": ["a"], "more": "x" * 300}
    verdict = play(opened, WINDOW, opened.layout.empty, seq=1, channel=0, move=long, at_ms=1_500)
    assert isinstance(verdict, Counted)
    known.learn(opened.layout.empty, 0, msgspec.msgpack.encode(long), verdict)
    assert known.find((0, msgspec.msgpack.encode(long))) is None


POLL = {"kind": "opinion", "choices": [{"id": "a", "label": {"en": "A"}}, {"id": "b", "label": {"en": "B"}}]}


@given(seq=seqs, packet=st.integers(0, 1 << 63), text=st.text(max_size=300))
@settings(deadline=None, max_examples=100)
def test_an_answer_that_is_cast_is_the_one_that_would_be_encoded(seq: int, packet: int, text: str) -> None:
    def content(value: int) -> dict[str, Any]:
        return {"status": "counted", "mine": {"seq": value, "has": {"text": text}}}

    assert AckMould(NAMESPACE, content).frame(seq, packet) == ack_frame(NAMESPACE, packet, content(seq))


def test_contents_that_differ_in_more_than_one_number_have_no_mould() -> None:
    with pytest.raises(ValueError, match="more than one number"):
        AckMould(NAMESPACE, lambda value: {"first": value, "second": value})
