"""The boost's own rules, as a fan, a bot and a director meet them (A13 of the acceptance list)."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.show.refusals import FACTOR_BP_MAX
from games import GAMES
from games.boost import CAP_MAX
from games.game import (
    Already,
    AnyOpened,
    Counted,
    Outcome,
    Reason,
    Refused,
    Spell,
    Timing,
    Window,
    open_round,
    play,
)
from voting.layout import FLAG_CONSENT, FLAG_LATE
from voting.recount import recount

STARS: list[dict[str, Any]] = [
    {"id": "mei", "label": {"en": "Mei", "zh-CN": "梅"}, "shape": "disc"},
    {"id": "ana", "label": {"en": "Ana", "zh-CN": "安娜"}, "shape": "diamond"},
]
SAID = {"choices": STARS, "cap": 200, "threshold": 30, "tickets": 1}
LATER = 60_000  # an instant at which thumbs could have reached any cap
WINDOW = Window(0, 100_000)
CUT = Window(0, 100_000, cut_at_ms=70_000)


def opened(**more: Any) -> AnyOpened:
    game = GAMES["boost"]
    return open_round(game, game.read_settings(SAID | more), bytes(32))


BOOST = opened()


def tap(
    before: bytes,
    seq: int,
    total: int,
    *,
    star: str = "mei",
    at_ms: int = LATER,
    window: Window = WINDOW,
    boost: AnyOpened = BOOST,
    fan: bool | None = None,
) -> Outcome:
    move = {"total": total, "for": star} | ({} if fan is None else {"fan": fan})
    return play(boost, window, before, seq=seq, channel=0, move=move, at_ms=at_ms)


def counted(before: bytes, seq: int, total: int, **more: Any) -> Counted:
    outcome = tap(before, seq, total, **more)
    assert isinstance(outcome, Counted)
    return outcome


def has(outcome: Counted) -> dict[str, int]:
    assert outcome.mine is not None
    return {name: outcome.mine[name] for name in ("total", "stage", "own")}


def test_a_total_counts_whole_and_a_later_one_adds_only_what_is_new() -> None:
    first = counted(BOOST.layout.empty, 1, 20)
    assert first.mine == {
        "seq": 1,
        "for": "mei",
        "total": 20,
        "stage": 20,
        "own": 0,
        "cap": 200,
        "fan": False,
    }
    second = counted(first.after, 2, 50)
    assert has(second) == {"total": 50, "stage": 50, "own": 0}
    assert second.deltas == {"taps": 30, "stage/1": 300_000}


def test_the_cap_is_exact_and_the_first_tap_beyond_it_is_named() -> None:
    reached = counted(BOOST.layout.empty, 1, 237)
    assert has(reached) == {"total": 200, "stage": 200, "own": 0}
    assert reached.refused == ((201, Reason.OVER_CAP),)
    assert tap(reached.after, 2, 238) == Refused(Reason.OVER_CAP, reached.mine)
    exactly = counted(BOOST.layout.empty, 1, 200)
    assert exactly.refused == ()


@pytest.mark.parametrize(
    "move",
    [
        {"total": 5, "for": "nobody"},
        {"total": 5, "for": ""},
        {"total": 5},
        {"for": "mei"},
        {"total": 0, "for": "mei"},
        {"total": -1, "for": "mei"},
        {"total": 65_536, "for": "mei"},
        {"total": 2**80, "for": "mei"},
        {"total": 5.5, "for": "mei"},
        {"total": True, "for": "mei"},
        {"total": "5", "for": "mei"},
        {"total": 5, "for": ["mei"]},
        {"total": [[[[5]]]], "for": "mei"},
        [],
    ],
)
def test_what_is_no_total_for_a_star_is_a_bad_move_and_changes_nothing(move: Any) -> None:
    before = counted(BOOST.layout.empty, 1, 3)
    outcome = play(BOOST, WINDOW, before.after, seq=2, channel=0, move=move, at_ms=LATER)
    assert outcome == Refused(Reason.BAD_MOVE, before.mine)


def test_a_total_that_goes_back_is_answered_with_what_stands() -> None:
    fifty = counted(BOOST.layout.empty, 1, 50)
    assert tap(fifty.after, 2, 49) == Already(fifty.mine)
    assert tap(fifty.after, 2, 50) == Already(fifty.mine)


def test_of_two_devices_the_greater_total_stands_and_they_are_not_added() -> None:
    phone = counted(BOOST.layout.empty, 3, 40)
    tablet = tap(phone.after, 1, 60)
    assert tablet == Already(phone.mine), "its seq is behind: it learns what stands, and says it again"
    again = counted(phone.after, 4, 60)
    assert has(again)["total"] == 60
    assert tap(again.after, 5, 41) == Already(again.mine)


def test_the_first_star_stays_for_the_round() -> None:
    mei = counted(BOOST.layout.empty, 1, 10)
    assert tap(mei.after, 2, 90, star="ana") == Already(mei.mine)


def flags(outcome: Counted) -> int:
    return BOOST.layout.unpack(outcome.after)["flags"]


def test_a_viewer_is_a_named_fan_while_the_newest_play_says_so() -> None:
    silent = counted(BOOST.layout.empty, 1, 10)
    assert flags(silent) == 0
    yes = counted(silent.after, 2, 20, fan=True)
    assert flags(yes) == FLAG_CONSENT
    assert yes.mine is not None
    assert yes.mine["fan"] is True
    assert tap(yes.after, 2, 20, fan=False) == Already(yes.mine), "an old play says nothing any more"
    assert flags(counted(yes.after, 3, 30)) == 0, "who does not say so does not agree"


@pytest.mark.parametrize(("total", "left_out"), [(200, ()), (150, ()), (238, ((201, Reason.OVER_CAP),))])
def test_a_yes_and_a_no_are_heard_after_the_cap_and_change_nothing_else(
    total: int, left_out: tuple[tuple[int, Reason], ...]
) -> None:
    full = counted(BOOST.layout.empty, 1, 200, at_ms=69_999, window=CUT)
    yes = counted(full.after, 2, total, fan=True, at_ms=80_000, window=CUT)
    assert (flags(yes), yes.deltas, yes.refused) == (FLAG_CONSENT, {}, left_out)
    assert has(yes) == has(full)
    no = counted(yes.after, 3, total, fan=False, at_ms=80_000, window=CUT)
    assert (flags(no), no.deltas, has(no)) == (0, {}, has(full))
    assert isinstance(tap(no.after, 4, 200, fan=False), Already)


def test_a_no_takes_back_the_consent_and_not_what_happened() -> None:
    late = counted(BOOST.layout.empty, 1, 20, fan=True, at_ms=80_000, window=CUT)
    assert flags(late) == FLAG_CONSENT | FLAG_LATE
    assert flags(counted(late.after, 2, 20, fan=False, at_ms=81_000, window=CUT)) == FLAG_LATE


def test_a_yes_for_another_star_is_none_and_a_no_from_there_is_one() -> None:
    mei = counted(BOOST.layout.empty, 1, 20)
    assert tap(mei.after, 2, 30, star="ana", fan=True) == Already(mei.mine)
    yes = counted(mei.after, 2, 20, fan=True)
    assert tap(yes.after, 3, 30, star="ana", fan=True) == Already(yes.mine)
    assert flags(counted(yes.after, 3, 30, star="ana", fan=False)) == 0


@pytest.mark.parametrize("wrong", [1, "yes", None, [True]])
def test_a_consent_is_a_plain_yes_or_no(wrong: Any) -> None:
    move = {"total": 5, "for": "mei", "fan": wrong}
    outcome = play(BOOST, WINDOW, BOOST.layout.empty, seq=1, channel=0, move=move, at_ms=LATER)
    assert outcome == Refused(Reason.BAD_MOVE, None)


def test_stage_credit_stops_at_the_cut_and_the_ack_says_so() -> None:
    before = counted(BOOST.layout.empty, 1, 40, at_ms=69_999, window=CUT)
    assert has(before) == {"total": 40, "stage": 40, "own": 0}
    after = counted(before.after, 2, 55, at_ms=70_000, window=CUT)
    assert has(after) == {"total": 55, "stage": 40, "own": 15}
    assert after.deltas == {"taps": 15, "own/1": 150_000}
    assert BOOST.layout.unpack(after.after)["flags"] == FLAG_LATE
    assert BOOST.layout.unpack(before.after)["flags"] == 0


def test_taps_after_the_cut_still_earn_the_ticket() -> None:
    late = counted(BOOST.layout.empty, 1, 30, at_ms=80_000, window=CUT)
    assert BOOST.tickets(late.after, None) == 1
    assert BOOST.tickets(counted(BOOST.layout.empty, 1, 29).after, None) == 0


@pytest.mark.parametrize(
    ("at_ms", "worth"),
    [
        (39_999, 10),
        (40_000, 20),
        (49_999, 20),
        (50_000, 10),
        (59_999, 10),
        (60_000, 15),
        (60_999, 15),
        (61_000, 10),
    ],
)
def test_a_spell_weighs_from_its_first_instant_to_its_last(at_ms: int, worth: int) -> None:
    spells = (Spell(40_000, 50_000, 20_000), Spell(60_000, 61_000, 15_000))
    window = Window(0, 100_000, spells=spells)
    assert has(counted(BOOST.layout.empty, 1, 10, at_ms=at_ms, window=window))["stage"] == worth


def test_points_are_exact_however_the_taps_are_bundled() -> None:
    window = Window(0, 100_000, spells=(Spell(0, 100_000, 13_333),))
    at_once = counted(BOOST.layout.empty, 1, 6, window=window).after
    slot = BOOST.layout.empty
    for total in range(1, 7):
        slot = counted(slot, total, total, window=window).after
    points = [BOOST.layout.unpack(found)["stage"] for found in (at_once, slot)]
    assert points == [6 * 13_333] * 2


def test_the_greatest_cap_under_the_greatest_factor_fits_the_slot() -> None:
    assert CAP_MAX * FACTOR_BP_MAX < 2**32
    boost = opened(cap=CAP_MAX)
    window = Window(0, 10**9, spells=(Spell(0, 10**9, FACTOR_BP_MAX),))
    full = counted(boost.layout.empty, 1, CAP_MAX, at_ms=10**8, window=window, boost=boost)
    assert has(full)["stage"] == CAP_MAX * 5


def test_sixty_taps_a_second_gain_nothing_over_fast_thumbs() -> None:
    slot = BOOST.layout.empty
    for second in range(1, 11):
        outcome = tap(slot, second, 60 * second, at_ms=second * 1_000)
        if isinstance(outcome, Counted):
            slot = outcome.after
            assert outcome.refused[0][1] in (Reason.TOO_FAST, Reason.OVER_CAP)
    assert BOOST.layout.unpack(slot)["total"] <= 12 * 11


@given(st.lists(st.integers(88, 112), min_size=1, max_size=150), st.integers(1, 9))
@settings(deadline=None)
def test_a_fast_human_is_never_refused_whatever_is_sent_together(gaps_ms: list[int], bundle: int) -> None:
    slot, at_ms = BOOST.layout.empty, 0
    for total, gap_ms in enumerate(gaps_ms, 1):
        at_ms += gap_ms  # nine to eleven taps a second
        if total % bundle == 0 or total == len(gaps_ms):
            outcome = counted(slot, total, total, at_ms=at_ms)
            assert outcome.refused == ()
            slot = outcome.after
    assert BOOST.layout.unpack(slot)["total"] == len(gaps_ms)


@given(st.data())
@settings(deadline=None)
def test_the_meter_only_rises_the_cap_holds_and_the_box_agrees(data: st.DataObject) -> None:
    boost = opened(cap=data.draw(st.integers(30, 300)))
    slots, counters, before = [boost.layout.empty] * 3, Counter[str](), Counter[str]()
    window = Window(0, 100_000, cut_at_ms=50_000, spells=(Spell(20_000, 30_000, 20_000),))
    at_ms = 0
    for _ in range(data.draw(st.integers(0, 15))):
        at_ms += data.draw(st.integers(0, 12_000))
        viewer, total = data.draw(st.integers(0, 2)), data.draw(st.integers(-1, 400))
        star, seq = data.draw(st.sampled_from(["mei", "ana", "x"])), data.draw(st.integers(1, 20))
        outcome = tap(slots[viewer], seq, total, star=star, at_ms=at_ms, window=window, boost=boost)
        if isinstance(outcome, Counted):
            slots[viewer] = outcome.after
            counters.update(outcome.deltas)
        if at_ms >= 50_000:
            assert counters["stage/1"] == before["stage/1"], "the stage is cut off"
            assert counters["stage/2"] == before["stage/2"]
        for name in ("voters", "taps", "stage/1", "stage/2", "own/1", "own/2"):
            assert counters[name] >= before[name], "a meter never falls"
        before = counters.copy()
    assert all(boost.layout.unpack(slot)["total"] <= boost.settings.cap for slot in slots)
    assert recount(boost.layout, boost.tally.counts, [b"".join(slots)]) == {
        name: value for name, value in counters.items() if value
    }


def test_the_board_has_every_star_and_names_a_tie() -> None:
    board = BOOST.game.tally(BOOST.round, {"voters": 3, "stage/1": 129_999, "own/2": 50_000})
    assert board == {"voters": 3, "choices": {"mei": 12, "ana": 0}, "own": {"mei": 0, "ana": 5}}
    even = BOOST.game.tally(BOOST.round, {"stage/1": 70_000, "stage/2": 70_000})
    assert even["tied"] == ["mei", "ana"]


def test_phones_are_told_the_stars_and_the_rules() -> None:
    assert BOOST.game.public(BOOST.round, 0, 0) == {
        "choices": ["mei", "ana"],
        "cap": 200,
        "threshold": 30,
        "tickets": 1,
        "taps_per_s": 12,
    }


def test_a_boost_is_cut_for_everyone_at_once_and_its_meter_is_live() -> None:
    assert BOOST.game.timing(BOOST.settings) is Timing.INFLUENCE
    assert BOOST.game.live(BOOST.settings)
    assert BOOST.game.multiplies


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"choices": []}, r"\$\.choices"),
        ({"choices": [STARS[0], STARS[0]]}, "'mei' comes twice"),
        ({"cap": 0}, r"\$\.cap"),
        ({"cap": 60_001}, r"\$\.cap"),
        ({"threshold": 201}, "threshold: 201 taps, and the cap is 200"),
        ({"threshold": 0}, r"\$\.threshold"),
        ({"taps_per_s": 60}, r"\$\.taps_per_s"),
        ({"tickets": -1}, r"\$\.tickets"),
        ({"caps": 10}, "caps"),
    ],
)
def test_a_rundown_s_mistake_is_named_by_field(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        opened(**wrong)
