"""The poll's own rules, as a rundown's author, a voter and a director meet them."""

from typing import Any

import msgspec
import pytest

from games import GAMES
from games.game import Already, AnyOpened, Counted, Outcome, Reason, Refused, Timing, Window, open_round, play

TEAMS: list[dict[str, Any]] = [
    {"id": "comets", "label": {"en": "Comets", "zh-CN": "彗星队"}, "shape": "disc"},
    {"id": "lions", "label": {"en": "Lions", "zh-CN": "雄狮队"}, "shape": "diamond"},
    {"id": "waves", "label": {"en": "Waves", "zh-CN": "海浪队"}},
]
PREDICT = {"kind": "predict", "choices": TEAMS, "tickets": 1}
OPINION = {"kind": "opinion", "choices": TEAMS, "tally": "live"}


def opened(said: dict[str, Any], **more: Any) -> AnyOpened:
    game = GAMES["poll"]
    return open_round(game, game.read_settings(said | more), bytes(32))


def vote(opened: AnyOpened, before: bytes, seq: int, *ids: str, channel: int = 0) -> Outcome:
    return play(opened, Window(0, 10), before, seq=seq, channel=channel, move={"choices": list(ids)}, at_ms=5)


def counted(opened: AnyOpened, before: bytes, seq: int, *ids: str, channel: int = 0) -> Counted:
    outcome = vote(opened, before, seq, *ids, channel=channel)
    assert isinstance(outcome, Counted)
    return outcome


def test_a_first_ballot_is_final_where_it_cannot_be_revised() -> None:
    poll = opened(PREDICT)
    first = counted(poll, poll.layout.empty, 1, "lions")
    assert first.mine == {"seq": 1, "choices": ["lions"]}
    assert vote(poll, first.after, 2, "comets") == Already({"seq": 1, "choices": ["lions"]})


def test_a_later_ballot_replaces_the_first_where_it_can_be_revised() -> None:
    poll = opened(PREDICT, revise=True)
    first = counted(poll, poll.layout.empty, 1, "lions", channel=2)
    second = counted(poll, first.after, 2, "comets", channel=3)
    assert second.mine == {"seq": 2, "choices": ["comets"]}
    assert second.deltas == {
        "choice/1": 1, "choice/2": -1, "choice_channel/1/2": 1, "choice_channel/2/2": -1,
    }  # fmt: skip


def test_a_prediction_gives_its_tickets_to_the_right_answer_once_it_is_settled() -> None:
    poll = opened(PREDICT, tickets=2)
    lions = counted(poll, poll.layout.empty, 1, "lions").after
    assert poll.game.settle(poll.settings, "lions") == 2
    assert [poll.tickets(lions, settled) for settled in (None, 1, 2)] == [0, 0, 2]
    with pytest.raises(ValueError, match="no choice 'tigers': one of comets, lions, waves"):
        poll.game.settle(poll.settings, "tigers")


def test_an_opinion_gives_its_tickets_for_having_voted_and_has_no_right_answer() -> None:
    poll = opened(OPINION, tickets=1)
    assert poll.tickets(counted(poll, poll.layout.empty, 1, "waves").after, None) == 1
    assert poll.tickets(poll.layout.empty, None) == 0
    with pytest.raises(ValueError, match="no right answer"):
        poll.game.settle(poll.settings, "lions")


def test_several_choices_are_one_ballot() -> None:
    poll = opened(OPINION, allowance=2)
    ballot = counted(poll, poll.layout.empty, 1, "waves", "comets", channel=1)
    assert ballot.mine == {"seq": 1, "choices": ["comets", "waves"]}
    assert ballot.deltas == {"voters": 1, "choices/0": 1, "choices/2": 1, "channel/1": 1}
    shown = poll.game.tally(poll.round, ballot.deltas)
    assert shown == {
        "voters": 1, "choices": {"comets": 1, "lions": 0, "waves": 1}, "tied": ["comets", "waves"],
    }  # fmt: skip


def test_a_tie_is_named_and_never_broken() -> None:
    poll = opened(OPINION)

    def tied(**votes: int) -> list[str] | None:
        places = {"comets": 1, "lions": 2, "waves": 3}
        counters = {f"choice/{places[choice]}": count for choice, count in votes.items()}
        found: list[str] | None = poll.game.tally(poll.round, counters).get("tied")
        return found

    assert tied() is None, "nobody has voted: nobody is first"
    assert tied(comets=5, lions=4, waves=4) is None
    assert tied(lions=7, waves=7, comets=2) == ["lions", "waves"]
    assert tied(waves=3, lions=3, comets=3) == ["comets", "lions", "waves"]


def test_sixty_four_choices_are_counted_each_under_its_own_name() -> None:
    many = [{"id": f"n{place}", "label": {"en": str(place)}} for place in range(64)]
    for allowance in (1, 64):
        poll = opened(OPINION, choices=many, allowance=allowance)
        slot = counted(poll, poll.layout.empty, 1, "n63", *(f"n{n}" for n in range(allowance - 1)))
        shown = poll.game.tally(poll.round, slot.deltas)
        assert len(shown["choices"]) == 64
        assert sum(shown["choices"].values()) == allowance
        assert shown["choices"]["n63"] == 1


@pytest.mark.parametrize("ids", [(), ("lions", "lions"), ("tigers",), ("comets", "lions", "waves")])
def test_a_ballot_that_is_none_is_a_bad_move(ids: tuple[str, ...]) -> None:
    poll = opened(OPINION, allowance=2)
    assert vote(poll, poll.layout.empty, 1, *ids) == Refused(Reason.BAD_MOVE)


def test_a_ballot_that_is_none_is_a_bad_move_even_where_the_first_is_final() -> None:
    poll = opened(PREDICT)
    first = counted(poll, poll.layout.empty, 1, "lions")
    assert vote(poll, first.after, 2, "tigers") == Refused(Reason.BAD_MOVE, first.mine)


def test_a_slot_is_as_narrow_as_the_poll_allows() -> None:
    many = [{"id": f"n{i}", "label": {"en": str(i)}} for i in range(64)]
    assert opened(PREDICT).layout.width == 5
    assert opened(OPINION, allowance=2).layout.width == 5
    assert opened(OPINION, choices=many).layout.width == 5
    assert opened(OPINION, choices=many, allowance=2).layout.width == 12


def test_a_prediction_is_hidden_and_locks_for_everyone_and_an_opinion_may_be_live() -> None:
    game = GAMES["poll"]
    predict, opinion = game.read_settings(PREDICT), game.read_settings(OPINION)
    assert (game.timing(predict), game.live(predict)) == (Timing.PREDICT, False)
    assert (game.timing(opinion), game.live(opinion)) == (Timing.INFLUENCE, True)


def test_phones_are_told_the_choices_by_id_and_find_their_words_in_the_segment_s_texts() -> None:
    poll = opened(PREDICT)
    assert poll.game.public(poll.round, 0, 0) == {
        "kind": "predict",
        "choices": ["comets", "lions", "waves"],
        "allowance": 1,
        "revise": False,
        "tally": "hidden",
        "tickets": 1,
    }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "guess"}, r"\$\.kind"),
        ({"choices": TEAMS[:1]}, r"length >= 2 - at `\$\.choices`"),
        ({"choices": [TEAMS[0], TEAMS[0]]}, "'comets' comes twice"),
        ({"choices": [TEAMS[0], {"id": "Lions!", "label": {"en": "Lions"}}]}, r"\$\.choices\[1\]\.id"),
        ({"choices": [TEAMS[0], {"id": "lions"}]}, r"label.*\$\.choices\[1\]"),
        ({"choices": [TEAMS[0], TEAMS[1] | {"colour": "red"}]}, r"colour.*\$\.choices\[1\]"),
        ({"choices": [TEAMS[0], TEAMS[1] | {"shape": "star"}]}, r"\$\.choices\[1\]\.shape"),
        ({"allowance": 0}, r"\$\.allowance"),
        ({"allowance": 4, "kind": "opinion"}, "allowance: 4 of 3"),
        ({"allowance": 2}, "allowance: a prediction names one choice"),
        ({"tally": "live"}, "tally: a prediction's is hidden"),
        ({"tickets": -1}, r"\$\.tickets"),
        ({"ticket": 1}, "ticket"),
    ],
)
def test_a_rundown_s_mistake_is_named_by_field(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        opened(PREDICT, **wrong)
