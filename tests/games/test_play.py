"""What `play` does around any judge, in a small game that uses all of it: press as often as you dare."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from games.game import (
    Counted,
    Game,
    Reason,
    Refused,
    Shown,
    Stands,
    Timing,
    Verdict,
    Window,
    open_round,
    play,
)
from voting.entries import Entry
from voting.layout import FLAG_CONSENT, FLAG_LATE, Layout
from voting.tally import Count, Counters, Sum, Values, Voters

CAP = 10
CUT_AT_MS = 50


class Settings(msgspec.Struct, frozen=True):
    pass


class Move(msgspec.Struct, frozen=True):
    """total: all presses so far. named: agrees to be named on air."""

    total: Annotated[int, Meta(ge=0, le=1000)]
    named: bool = False


def judge(_round: bytes, slot: Values, move: Move, at_ms: int) -> Verdict | Stands | Refused:
    if move.total < slot["total"]:
        return Stands()
    if move.total > 2 * CAP:
        return Refused(Reason.TOO_FAST)
    over = tuple((press, Reason.OVER_CAP) for press in range(CAP + 1, move.total + 1))
    flags = (FLAG_LATE if at_ms >= CUT_AT_MS else 0) | (FLAG_CONSENT if move.named else 0)
    # A judge that meddles with the head finds its changes ignored.
    return Verdict({"total": min(move.total, CAP), "seq": 9, "channel": 9}, flags, over)


def counts(_settings: Settings) -> list[Count]:
    return [Voters("voters"), Sum("presses", "total")]


def entries(_settings: Settings) -> list[Entry]:
    return [Entry(["ge", "total", 5], 1)]


def mine(_round: bytes, slot: Values) -> Shown:
    return {"total": slot["total"]}


def tally(_round: bytes, counters: Counters) -> Shown:
    return dict(counters)


def settle(_settings: Settings, outcome: str) -> int:
    raise ValueError(f"nothing to settle by {outcome!r}")


PRESS = open_round(
    Game(
        name="press",
        settings=Settings,
        move=Move,
        layout=lambda _: Layout.of(total="u16"),
        counts=counts,
        entries=entries,
        timing=lambda _: Timing.INFLUENCE,
        live=lambda _: True,
        open=lambda _, seed: seed,
        judge=judge,
        public=lambda _round, _channel, _now_ms: {},
        mine=mine,
        tally=tally,
        settle=settle,
    ),
    Settings(),
    bytes(32),
)


def press(before: bytes, seq: int, total: int, *, at_ms: int = 1, channel: int = 0, **more: Any) -> Counted:
    outcome = play(
        PRESS, Window(0, 100), before, seq=seq, channel=channel, move={"total": total, **more}, at_ms=at_ms
    )
    assert isinstance(outcome, Counted)
    return outcome


def test_a_judge_decides_the_body_and_never_the_head() -> None:
    first = press(PRESS.layout.empty, 1, 3, channel=4)
    assert PRESS.layout.unpack(first.after) == {"seq": 1, "channel": 4, "flags": 0, "total": 3}
    second = press(first.after, 7, 6, channel=2)
    assert PRESS.layout.unpack(second.after) == {"seq": 7, "channel": 4, "flags": 0, "total": 6}
    assert second.deltas == {"presses": 3}
    assert PRESS.tickets(second.after, None) == 1


def test_flags_once_set_stay() -> None:
    named = press(PRESS.layout.empty, 1, 1, named=True)
    late = press(named.after, 2, 2, at_ms=CUT_AT_MS)
    early = press(late.after, 3, 3)
    flags = [PRESS.layout.unpack(outcome.after)["flags"] for outcome in (named, late, early)]
    assert flags == [FLAG_CONSENT, FLAG_CONSENT | FLAG_LATE, FLAG_CONSENT | FLAG_LATE]


def test_parts_of_a_move_can_be_refused_while_the_rest_counts() -> None:
    outcome = press(PRESS.layout.empty, 1, 12)
    assert outcome.mine == {"seq": 1, "total": 10}
    assert outcome.refused == ((11, Reason.OVER_CAP), (12, Reason.OVER_CAP))


def test_a_judge_s_refusal_comes_with_what_the_viewer_has() -> None:
    first = press(PRESS.layout.empty, 1, 3)
    outcome = play(PRESS, Window(0, 100), first.after, seq=2, channel=0, move={"total": 21}, at_ms=1)
    assert outcome == Refused(Reason.TOO_FAST, {"seq": 1, "total": 3})


@pytest.mark.parametrize("seq", [0, -1, 65_536, True, None, 1.0, "1"])
def test_a_seq_that_is_no_number_from_1_to_65_535_is_a_bad_move(seq: object) -> None:
    outcome = play(PRESS, Window(0, 100), PRESS.layout.empty, seq=seq, channel=0, move={"total": 1}, at_ms=1)
    assert outcome == Refused(Reason.BAD_MOVE)
