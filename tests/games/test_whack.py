"""Whack: what counts as a hit, what a bot gains, and what one channel tells of another.

A round opens at OPENS. Players here are small: they see what `public` shows, when it shows it, and send all
hits so far about once a second, as phones do.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games import whack
from games.chains import Chains
from games.game import Already, AnyOpened, Counted, Outcome, Reason, Refused, Timing, Window, open_round, play
from tests.games.examples import ForgedChains
from voting.layout import Layout

OPENS = 1_573_390_000_000
SEED = bytes(range(32))
SAID = {"waves": 8, "wave_ms": 3_000, "moles": 5, "up_ms": 1_300, "threshold": 12}
# As dense as it gets: nine moles in every 1.1 s.
DENSE = {"waves": 7, "wave_ms": 1_100, "moles": 9, "up_ms": 500, "threshold": 20}
TRIP_MS = 40  # from the phone to the edge

Hits = list[list[int]]
Player = Callable[[dict[str, Any], int], Hits]
"""What a player claims on seeing `public` for the first time, at an instant: [[mole, at_ms], …]."""


def opened(said: dict[str, Any] = SAID, seed: bytes = SEED) -> AnyOpened:
    return open_round(whack.GAME, whack.GAME.read_settings(said), seed)


def window(round_: AnyOpened, slack_ms: int = 0) -> Window:
    return Window(OPENS, OPENS + round_.settings.length_ms + 1_000, slack_ms=slack_ms)


def send(
    round_: AnyOpened,
    slot: bytes,
    hits: Hits,
    at_ms: int,
    *,
    seq: int = 1,
    channel: int = 0,
    slack_ms: int = 0,
) -> Outcome:
    move = {"hits": hits}
    return play(round_, window(round_, slack_ms), slot, seq=seq, channel=channel, move=move, at_ms=at_ms)


def moles(round_: AnyOpened, channel: int = 0) -> list[whack.Mole]:
    """All moles of a channel in the order of rising; their times are since the opening."""
    return [mole for wave in round_.round.timetable(channel) for mole in wave]


def evening(
    round_: AnyOpened, player: Player, *, channel: int = 0, every_ms: int = 1_000
) -> tuple[dict[str, Any], Counter[Reason]]:
    """What a player has in the end, and the reasons of all refusals on the way."""
    slot, seq, seen = round_.layout.empty, 0, -1
    planned: Hits = []
    sent: Hits = []
    reasons: Counter[Reason] = Counter()
    length_ms = round_.settings.length_ms
    for elapsed_ms in range(0, length_ms + every_ms, 20):
        beats = round_.game.beats(round_.round, elapsed_ms)
        if beats != seen:
            seen = beats
            planned += player(round_.game.public(round_.round, channel, elapsed_ms), OPENS + elapsed_ms)
        if elapsed_ms % every_ms == 0:
            told = sorted((hit for hit in planned if hit[1] <= OPENS + elapsed_ms), key=lambda hit: hit[1])
            if told != sent:
                sent, seq = told, seq + 1
                at_ms = OPENS + elapsed_ms + TRIP_MS
                match send(round_, slot, told[-128:], at_ms, seq=seq, channel=channel, slack_ms=150):
                    case Counted(after=after, refused=refused):
                        slot = after
                        reasons.update(reason for _, reason in refused)
                    case Refused(reason=reason):
                        reasons[reason] += 1
    return round_.mine(slot) or {"hits": 0}, reasons


def newest(public: dict[str, Any]) -> list[Sequence[int]]:
    """[mole, hole, up_ms, down_ms, mascot] of the wave that was just told."""
    return list(public["waves"][-1]["moles"]) if public["waves"] else []


# ---------------------------------------------------------------- what a hit is


def test_a_hit_counts_while_its_mole_is_up_and_not_before_a_person_could_see_it() -> None:
    round_ = opened()
    mole = moles(round_)[7]

    def at(since_ms: int, slack_ms: int = 0) -> Outcome:
        hits = [[mole.mole, OPENS + since_ms]]
        return send(round_, round_.layout.empty, hits, OPENS + since_ms + TRIP_MS, slack_ms=slack_ms)

    first, last = mole.up_ms + whack.REACTION_MS, mole.down_ms
    assert isinstance(at(first), Counted)
    assert isinstance(at(last), Counted)
    assert isinstance(at(last + 150, 150), Counted)  # the phone's clock may be off by so much
    assert at(first - 1) == Refused(Reason.TOO_EARLY)
    assert at(first - 1, 150) == Refused(Reason.TOO_EARLY)
    assert at(last + 1) == Refused(Reason.TOO_LATE)
    assert at(last + 151, 150) == Refused(Reason.TOO_LATE)


def test_a_hit_counts_once_however_often_it_is_told() -> None:
    round_ = opened()
    mole = moles(round_)[0]
    hit = [mole.mole, OPENS + mole.up_ms + 200]
    first = send(round_, round_.layout.empty, [hit, hit, [hit[0], hit[1] + 90]], hit[1] + 150)
    assert isinstance(first, Counted)
    assert first.refused == [(mole.mole, Reason.BAD_MOVE)] * 2
    assert first.mine is not None
    assert first.mine["hits"] == 1
    assert send(round_, first.after, [hit], hit[1] + 300, seq=2) == Already(first.mine)


def test_what_was_told_is_counted_from_its_batch_on_and_the_list_may_grow() -> None:
    round_ = opened()
    first, second = moles(round_)[:2]
    told = [[first.mole, OPENS + first.up_ms + 200]]
    counted = send(round_, round_.layout.empty, told, told[0][1] + 20)
    assert isinstance(counted, Counted)
    told.append([second.mole, OPENS + second.up_ms + 300])
    again = send(round_, counted.after, told, told[1][1] + 20, seq=2)
    assert isinstance(again, Counted)
    assert again.mine == {"seq": 2, "hits": 2, "moles": sorted([first.mole, second.mole]), "threshold": 12}
    values = round_.layout.unpack(again.after)
    assert values["last_hit_cs"] == (second.up_ms + 300) // 10


def test_the_good_part_of_a_move_counts_and_the_rest_is_named() -> None:
    round_ = opened()
    first, second, third = moles(round_)[:3]
    at_ms = OPENS + second.up_ms + 400
    told = [
        [first.mole, OPENS + first.up_ms + 30],
        [second.mole, OPENS + second.up_ms + 350],
        [third.mole, at_ms + 5_000],
        [63, at_ms],
    ]
    outcome = send(round_, round_.layout.empty, told, at_ms)
    assert isinstance(outcome, Counted)
    assert outcome.refused == [
        (first.mole, Reason.TOO_EARLY),
        (third.mole, Reason.TOO_EARLY),  # of a time that has not come
        (63, Reason.BAD_MOVE),
    ]
    assert outcome.mine is not None
    assert outcome.mine["moles"] == [second.mole]


@pytest.mark.parametrize(
    "hits",
    [
        [[0]],
        [[0, 1, 2]],
        [[-1, OPENS]],
        [[65_536, OPENS]],
        [[0, -5]],
        [[0, 1 << 60]],
        [["0", OPENS]],
        [[[[[]]], OPENS]],
        [[0, OPENS]] * 129,
        {"0": OPENS},
        None,
    ],
)
def test_a_move_that_is_none_is_refused_whole(hits: Any) -> None:
    round_ = opened()
    move = {"hits": hits}
    outcome = play(
        round_, window(round_), round_.layout.empty, seq=1, channel=0, move=move, at_ms=OPENS + 2_000
    )
    assert outcome == Refused(Reason.BAD_MOVE)


def test_a_move_without_a_hit_takes_no_part() -> None:
    round_ = opened()
    assert send(round_, round_.layout.empty, [], OPENS + 2_000) == Already(None)


# ---------------------------------------------------------------- people and bots


def fast_human(chance: random.Random, gap_ms: tuple[int, int], reaction_ms: int) -> Player:
    """Two thumbs: taps `gap_ms` apart, sometimes together, each on what has been up for long enough."""
    last_ms = [0]

    def player(public: dict[str, Any], _now_ms: int) -> Hits:
        hits = []
        for mole, _, up_ms, down_ms, _ in newest(public):
            least_ms = OPENS + up_ms + reaction_ms + chance.randrange(60)
            at_ms = max(least_ms, last_ms[0] + chance.randint(*gap_ms))
            if at_ms <= OPENS + down_ms:
                last_ms[0] = at_ms
                hits.append([mole, at_ms])
        return hits

    return player


@pytest.mark.parametrize("seed", range(8))
def test_an_honest_fast_human_is_never_refused_and_scores_in_full(seed: int) -> None:
    """9 to 11 taps a second on the densest timetable there is: every mole that was hit counts."""
    round_ = opened(DENSE, bytes([seed]) * 32)
    made: Hits = []
    human = fast_human(random.Random(seed), (0, 110), 180)

    def remembering(public: dict[str, Any], now_ms: int) -> Hits:
        found = human(public, now_ms)
        made.extend(found)
        return found

    mine, reasons = evening(round_, remembering)
    assert not reasons
    assert mine["hits"] == len(made) >= 0.9 * round_.settings.total


def frenzy(public: dict[str, Any], now_ms: int) -> Hits:
    """Sixty taps a second, on every mole it knows of, in turn."""
    known = [mole for mole, *_ in newest(public)]
    return [[known[n % len(known)], now_ms + n * 16] for n in range(60)] if known else []


def before_the_mole(public: dict[str, Any], _now_ms: int) -> Hits:
    return [[mole, OPENS + up_ms + whack.REACTION_MS - 1] for mole, _, up_ms, _, _ in newest(public)]


def back_dated(public: dict[str, Any], now_ms: int) -> Hits:
    """What was there three seconds ago, claimed now."""
    if len(public["waves"]) < 2:
        return []
    gone = public["waves"][0]["moles"]
    return [[mole, OPENS + up_ms + 200] for mole, _, up_ms, _, _ in gone if OPENS + up_ms + 3_200 < now_ms]


def perfect(public: dict[str, Any], _now_ms: int) -> Hits:
    return [[mole, OPENS + up_ms + whack.REACTION_MS] for mole, _, up_ms, _, _ in newest(public)]


def test_hits_before_the_mole_score_nothing_and_the_rule_is_named() -> None:
    mine, reasons = evening(opened(), before_the_mole)
    assert mine["hits"] == 0
    assert set(reasons) <= {Reason.TOO_EARLY, Reason.TOO_LATE}
    assert reasons[Reason.TOO_EARLY]


def test_hits_back_dated_by_three_seconds_score_nothing_and_the_rule_is_named() -> None:
    round_ = opened()
    for mole in moles(round_)[:30]:
        claimed_ms = OPENS + mole.up_ms + 200
        for slack_ms in (0, 150):
            outcome = send(
                round_, round_.layout.empty, [[mole.mole, claimed_ms]], claimed_ms + 3_000, slack_ms=slack_ms
            )
            assert outcome == Refused(Reason.TOO_LATE)
    mine, reasons = evening(opened(SAID | {"wave_ms": 4_000}), back_dated)
    assert mine["hits"] == 0
    assert set(reasons) == {Reason.TOO_LATE}


def test_sixty_taps_a_second_score_no_more_than_twelve_in_any_second() -> None:
    """Against a wall of moles that are all up at once: the thirteenth tap of a second is no hand's."""
    said = {"waves": 4, "wave_ms": 4_000, "moles": 16, "holes": 16, "up_ms": 3_000, "threshold": 60}
    round_ = opened(said)
    up = moles(round_)[:16]
    start_ms = max(mole.up_ms for mole in up) + whack.REACTION_MS
    told = [[mole.mole, OPENS + start_ms + n * 16] for n, mole in enumerate(up)]
    outcome = send(round_, round_.layout.empty, told, told[-1][1])
    assert isinstance(outcome, Counted)
    assert outcome.mine is not None
    assert outcome.mine["hits"] == whack.TAPS_PER_S
    assert {reason for _, reason in outcome.refused} == {Reason.TOO_FAST}


def test_a_burst_is_no_faster_for_being_cut_into_two_moves() -> None:
    said = {"waves": 4, "wave_ms": 2_000, "moles": 16, "holes": 16, "up_ms": 1_000, "threshold": 60}
    round_ = opened(said)
    up = moles(round_)[:16]
    late_ms = OPENS + max(mole.up_ms for mole in up) + whack.REACTION_MS
    told = [[mole.mole, late_ms + n] for n, mole in enumerate(up) if mole.down_ms + OPENS > late_ms + 20]
    whole = send(round_, round_.layout.empty, told, told[-1][1])
    first = send(round_, round_.layout.empty, told[:12], told[-1][1])
    assert isinstance(whole, Counted)
    assert isinstance(first, Counted)
    second = send(round_, first.after, told, told[-1][1] + 1, seq=2)
    hits = second.mine["hits"] if second.mine else 0
    assert whole.mine is not None
    assert hits == whole.mine["hits"] == whack.TAPS_PER_S


@pytest.mark.parametrize("bot", [frenzy, before_the_mole, back_dated, perfect])
def test_a_bot_gains_nothing_over_the_threshold(bot: Player) -> None:
    """A perfect machine earns what an honest person with seven hits in ten earns: the one entry."""
    round_ = opened()
    mine, _ = evening(round_, bot)
    slot = round_.layout.empty
    honest = random.Random(4)

    def person(public: dict[str, Any], _now_ms: int) -> Hits:
        seen = [mole for mole in newest(public) if honest.random() < 0.7]
        return [[mole, OPENS + up_ms + honest.randint(350, 800)] for mole, _, up_ms, _, _ in seen]

    theirs, reasons = evening(round_, person)
    assert not reasons
    assert theirs["hits"] >= round_.settings.threshold
    for hits in (mine["hits"], theirs["hits"], round_.settings.total):
        values = round_.layout.unpack(slot) | {"seq": 1, "hits": (1 << hits) - 1}
        earned = round_.tickets(round_.layout.pack(values), None)
        assert earned == (1 if hits >= round_.settings.threshold else 0)


def test_traffic_replayed_by_somebody_else_or_again_scores_what_it_scored_once() -> None:
    round_ = opened()
    told = [[mole.mole, OPENS + mole.up_ms + 300] for mole in moles(round_)[:4]]
    at_ms = told[-1][1] + 30
    first = send(round_, round_.layout.empty, told, at_ms)
    assert isinstance(first, Counted)
    assert send(round_, first.after, told, at_ms + 10, seq=1) == Already(first.mine)
    assert send(round_, first.after, told, at_ms + 10, seq=2) == Already(first.mine)
    # Sent by another viewer of the channel seconds later, the same bytes are stale.
    assert send(round_, round_.layout.empty, told, at_ms + 6_000) == Refused(Reason.TOO_LATE)


# ---------------------------------------------------------------- what is told to whom


def test_waves_are_told_one_by_one_a_short_lead_before_they_begin() -> None:
    round_ = opened()
    game, wave_ms = round_.game, SAID["wave_ms"]
    assert game.public(round_.round, 0, -1)["waves"] == []
    for index in range(SAID["waves"]):
        before = game.public(round_.round, 0, index * wave_ms - 1)["waves"]
        assert index not in [wave["index"] for wave in before]
        told = game.public(round_.round, 0, index * wave_ms)["waves"][-1]
        assert told["index"] == index
        assert min(up_ms for _, _, up_ms, _, _ in told["moles"]) >= index * wave_ms + whack.LEAD_MS
        assert len(msgspec.msgpack.encode(game.public(round_.round, 0, index * wave_ms))) < 512


@given(st.binary(min_size=32, max_size=32), st.integers(0, 255), st.integers(0, 2))
@settings(deadline=None, max_examples=40)
def test_a_timetable_can_be_played_by_people(seed: bytes, channel: int, which: int) -> None:
    """Each mole its own bit, no two in one hole at once, none up longer than said, six mascots."""
    said = (SAID, DENSE, {"waves": 3, "wave_ms": 900, "moles": 2, "holes": 2, "up_ms": 700, "threshold": 1})
    round_ = opened(said[which], seed)
    found = moles(round_, channel)
    assert sorted(mole.mole for mole in found) == list(range(round_.settings.total))
    assert [mole.up_ms for mole in found] == sorted(mole.up_ms for mole in found)
    assert all(0 <= mole.mascot < len(whack.MASCOTS) for mole in found)
    assert found[-1].down_ms <= round_.settings.length_ms
    for hole in range(round_.settings.holes):
        there = [mole for mole in found if mole.hole == hole]
        for one, following in pairwise(there):
            assert following.up_ms >= one.down_ms + whack.GAP_MS


def test_an_oracle_on_a_fast_channel_has_seen_what_fits_every_timetable_of_a_slow_one() -> None:
    """All that channel 0 is ever told goes with whatever channel 1 will be told: the twins law, across."""
    true = opened().round
    for other in range(20):
        forged = ForgedChains(
            bytes([other]) * 32, SAID["waves"], true=true.chains, channel=0, kept=SAID["waves"]
        )
        twin = whack.Round(true.settings, forged)
        for elapsed_ms in range(0, true.settings.length_ms, SAID["wave_ms"]):
            assert whack.public(twin, 0, elapsed_ms) == whack.public(true, 0, elapsed_ms)
        assert whack.public(twin, 1, 0) != whack.public(true, 1, 0)


def test_another_channel_s_schedule_hits_as_well_as_any_stranger_s() -> None:
    """An oracle that plays channel 1 by what channel 0 was told, against one that plays by another evening.

    Over 300 rounds of 40 moles the two hit alike, and holes and mascots agree by chance alone: a ninth, a
    sixth. Fixed seeds, so the bounds (four standard deviations) hold always or never.
    """
    rounds, total, same_hole, same_mascot = 300, 0, 0, 0
    oracle = stranger = 0
    for n in range(rounds):
        round_, elsewhere = opened(seed=n.to_bytes(32, "big")), opened(seed=(n + 999).to_bytes(32, "big"))
        fast = {mole.mole: mole for mole in moles(round_, 0)}
        other = {mole.mole: mole for mole in moles(elsewhere, 0)}
        for mole in moles(round_, 1):
            total += 1
            same_hole += fast[mole.mole].hole == mole.hole
            same_mascot += fast[mole.mole].mascot == mole.mascot
            for told in (fast, other):
                hit = mole.up_ms + whack.REACTION_MS <= told[mole.mole].up_ms + 200 <= mole.down_ms
                oracle += hit and told is fast
                stranger += hit and told is other
    assert abs(same_hole / total - 1 / 9) < 4 * (1 / 9 * 8 / 9 / total) ** 0.5
    assert abs(same_mascot / total - 1 / 6) < 4 * (1 / 6 * 5 / 6 / total) ** 0.5
    assert abs(oracle - stranger) < 4 * (2 * total * 0.25) ** 0.5


def test_the_channel_of_the_first_play_is_the_one_that_is_judged() -> None:
    round_ = opened()
    mole = moles(round_, 1)[0]
    first = send(
        round_,
        round_.layout.empty,
        [[mole.mole, OPENS + mole.up_ms + 200]],
        OPENS + mole.up_ms + 250,
        channel=1,
    )
    assert isinstance(first, Counted)
    later = moles(round_, 1)[1]
    told = [[later.mole, OPENS + later.up_ms + 200]]
    again = send(round_, first.after, told, told[0][1] + 50, seq=2, channel=0)
    assert isinstance(again, Counted)
    assert round_.layout.unpack(again.after)["channel"] == 1


# ---------------------------------------------------------------- as data


def test_what_is_published_of_a_round() -> None:
    round_ = opened()
    leaf = round_.leaf(3)
    assert Layout.from_json(leaf["layout"]).width == 14
    assert leaf["entries"] == [{"when": ["popcount_ge", "hits", 12], "tickets": 1}]
    assert leaf["chains"] == Chains(SEED, 8).to_json(3)
    assert round_.heads(3) == Chains(SEED, 8).heads(3)
    assert len(set(round_.heads(256))) == 256
    assert round_.game.timing(round_.settings) is Timing.APPEAR
    assert round_.game.tally(round_.round, {"voters": 3, "hits": 17}) == {"voters": 3, "hits": 17}
    with pytest.raises(ValueError, match="the hits decide"):
        round_.game.settle(round_.settings, "hare")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"waves": 20}, "at most 64"),
        ({"moles": 10, "waves": 6}, "as many holes"),
        ({"wave_ms": 1_000}, "need 1650 ms"),
        ({"threshold": 41}, "41 hits of 40"),
        ({"waves": 12, "wave_ms": 60_000}, "at most 600000"),
        ({"up_ms": 100}, "up_ms"),
        ({"speed": 9}, "speed"),
    ],
)
def test_settings_nobody_could_play_are_refused_with_the_reason(wrong: dict[str, int], named: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=named):
        whack.GAME.read_settings(SAID | wrong)
