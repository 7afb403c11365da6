"""Laws that hold of every registered game without its asking: a new game only adds its line to `examples`."""

import copy
from collections import Counter
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games import GAMES
from games.game import Already, AnyOpened, Counted, Outcome, Reason, Refused, Window, open_round, play
from tests.games.examples import EXAMPLES
from voting.entries import entries_from_json
from voting.layout import FLAG_CONSENT, SEQ_MAX, Layout
from voting.recount import recount, tickets
from voting.tally import counts_from_json

WINDOW = Window(1_000, 2_000)
SEEDS = st.binary(min_size=32, max_size=32)
# Instants before, in and after the window, its edges among them.
INSTANTS = st.one_of(
    st.integers(1_000, 1_999), st.sampled_from([999, 1_000, 1_999, 2_000]), st.integers(0, 3_000)
)
WILD: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40), st.binary(max_size=8)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["choices", "hits", "total", "x"]), inner),
    ),
    max_leaves=8,
)

every_game = pytest.mark.parametrize("name", list(GAMES))
law = settings(deadline=None, max_examples=60)


def opened_rounds(name: str) -> st.SearchStrategy[AnyOpened]:
    return st.builds(open_round, st.just(GAMES[name]), EXAMPLES[name].settings, SEEDS)


def messages(opened: AnyOpened) -> st.SearchStrategy[dict[str, Any]]:
    """The keyword arguments of `play`, as they might arrive."""
    return st.fixed_dictionaries(
        {
            "seq": st.one_of(
                st.integers(1, 6), st.sampled_from([0, -1, SEQ_MAX, SEQ_MAX + 1, True, None, 1.5, "1"])
            ),
            "channel": st.integers(0, 3),
            "move": EXAMPLES[opened.game.name].moves(opened.settings),
            "at_ms": INSTANTS,
        }
    )


def reached(data: st.DataObject, opened: AnyOpened) -> bytes:
    """A slot some plays lead to."""
    slot = opened.layout.empty
    for message in data.draw(st.lists(messages(opened), max_size=4)):
        outcome = play(opened, WINDOW, slot, **message)
        if isinstance(outcome, Counted):
            slot = outcome.after
    return slot


def test_every_game_has_examples_and_is_listed_under_its_own_name() -> None:
    assert EXAMPLES.keys() == GAMES.keys()
    assert all(game.name == name for name, game in GAMES.items())


@every_game
@given(data=st.data())
@law
def test_the_same_inputs_give_the_same_verdict(name: str, data: st.DataObject) -> None:
    said, seed = data.draw(EXAMPLES[name].settings), data.draw(SEEDS)
    opened, again = open_round(GAMES[name], said, seed), open_round(GAMES[name], said, seed)
    slot, message = reached(data, opened), data.draw(messages(opened))
    kept = copy.deepcopy(message)
    first = play(opened, WINDOW, slot, **message)
    # Neither the round nor the message is changed by being judged.
    assert message == kept
    assert opened.round == again.round
    assert play(opened, WINDOW, slot, **message) == first == play(again, WINDOW, slot, **message)


@every_game
@given(data=st.data())
@law
def test_a_refusal_changes_nothing_and_says_what_the_viewer_has(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    slot = reached(data, opened)
    outcome = play(opened, WINDOW, slot, **data.draw(messages(opened)))
    match outcome:
        case Refused(mine=mine) | Already(mine=mine):
            assert mine == opened.mine(slot)
        case Counted(after=after, mine=mine):
            assert after != slot
            assert mine == opened.mine(after)


@every_game
@given(data=st.data())
@law
def test_an_old_seq_changes_nothing_whenever_it_comes(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    slot = reached(data, opened)
    seq = opened.layout.unpack(slot)["seq"]
    if seq:
        message = data.draw(messages(opened)) | {"seq": data.draw(st.integers(1, seq))}
        assert play(opened, WINDOW, slot, **message) == Already(opened.mine(slot))


@every_game
@given(data=st.data())
@law
def test_nothing_is_counted_outside_the_window(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    slot, message = reached(data, opened), data.draw(messages(opened))
    outcome = play(opened, WINDOW, slot, **message)
    if isinstance(outcome, Counted):
        assert WINDOW.opens_at_ms <= message["at_ms"] < WINDOW.closes_at_ms
    if isinstance(outcome, Refused):
        assert (outcome.reason is Reason.NOT_OPEN) <= (message["at_ms"] < WINDOW.opens_at_ms)
        assert (outcome.reason is Reason.LOCKED) <= (message["at_ms"] >= WINDOW.closes_at_ms)


@every_game
@given(data=st.data())
@law
def test_seq_only_grows_and_the_first_play_s_channel_stays_and_what_happened_too(
    name: str, data: st.DataObject
) -> None:
    opened = data.draw(opened_rounds(name))
    slot, message = reached(data, opened), data.draw(messages(opened))
    before = opened.layout.unpack(slot)
    outcome = play(opened, WINDOW, slot, **message)
    if isinstance(outcome, Counted):
        after = opened.layout.unpack(outcome.after)
        assert type(message["seq"]) is int
        assert before["seq"] < after["seq"] == message["seq"] <= SEQ_MAX
        assert after["channel"] == (before["channel"] if before["seq"] else message["channel"])
        # a flag says what happened, and stays; a consent alone can be taken back
        assert before["flags"] & ~after["flags"] & ~FLAG_CONSENT == 0


@every_game
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_counters_after_any_plays_are_the_fold_of_the_slots(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    slots = [opened.layout.empty] * 4
    counters: Counter[str] = Counter()
    for viewer, message in data.draw(st.lists(st.tuples(st.integers(0, 3), messages(opened)), max_size=20)):
        outcome = play(opened, WINDOW, slots[viewer], **message)
        if isinstance(outcome, Counted):
            slots[viewer] = outcome.after
            for counter, delta in outcome.deltas.items():
                counters[counter] += delta
    page = b"".join(slots)
    fold = recount(opened.layout, opened.tally.counts, [page])
    assert {counter: value for counter, value in counters.items() if value} == fold
    outcomes = EXAMPLES[name].outcomes(opened.settings)
    settled = opened.game.settle(opened.settings, data.draw(st.sampled_from(outcomes))) if outcomes else None
    each = [opened.tickets(slot, settled) for slot in slots]
    assert tickets(opened.layout, opened.entries, page, settled).tolist() == each
    on_the_wire(opened.game.tally(opened.round, fold))


@every_game
@given(data=st.data())
@law
def test_whatever_a_phone_sends_is_judged_and_never_an_error(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    slot = reached(data, opened)
    message = data.draw(messages(opened)) | {"move": data.draw(WILD), "at_ms": 1_500}
    outcome: Outcome = play(opened, WINDOW, slot, **message)
    on_the_wire(outcome.mine)


@every_game
@given(data=st.data())
@law
def test_what_is_shown_reveals_nothing_later(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    channel, elapsed_ms = data.draw(st.integers(0, 3)), data.draw(st.integers(-1_000, 9_000))
    game, beats = opened.game, opened.game.beats(opened.round, elapsed_ms)
    shown = game.public(opened.round, channel, elapsed_ms)
    on_the_wire(shown)
    for twin in EXAMPLES[name].twins(opened.round, channel, elapsed_ms):
        assert game.public(twin, channel, elapsed_ms) == shown
        assert game.beats(twin, elapsed_ms) == beats
    # What is shown changes by time only when a beat says so, and beats never fall.
    later_ms = elapsed_ms + data.draw(st.integers(0, 3_000))
    assert game.beats(opened.round, later_ms) >= beats
    if game.beats(opened.round, later_ms) == beats:
        assert game.public(opened.round, channel, later_ms) == shown


@every_game
@given(data=st.data())
@law
def test_settings_round_and_slot_survive_a_round_trip(name: str, data: st.DataObject) -> None:
    opened = data.draw(opened_rounds(name))
    through_json = msgspec.json.decode(msgspec.json.encode(opened.settings))
    assert opened.game.read_settings(through_json) == opened.settings
    leaf = msgspec.json.decode(msgspec.json.encode(opened.leaf(3)))
    assert leaf == opened.leaf(3)
    assert Layout.from_json(leaf["layout"]) == opened.layout
    assert tuple(counts_from_json(leaf["counts"])) == opened.tally.counts
    assert tuple(entries_from_json(leaf["entries"])) == opened.entries
    slot = reached(data, opened)
    assert opened.layout.pack(opened.layout.unpack(slot)) == slot


@every_game
@given(data=st.data())
@law
def test_an_outcome_that_is_none_is_refused_with_a_sentence(name: str, data: st.DataObject) -> None:
    said = data.draw(EXAMPLES[name].settings)
    with pytest.raises(ValueError, match=" "):
        GAMES[name].settle(said, "no such outcome")


def on_the_wire(content: object) -> None:
    """What goes to phones must pass through msgpack and JSON unchanged."""
    assert msgpack.unpackb(msgpack.packb(content)) == content
    assert msgspec.json.decode(msgspec.json.encode(content)) == content
