"""The checker finds nothing in true histories, and finds every kind of lie.

A small model plays the part of the service: plays are judged by the games' own rules against one slot a
viewer, answers get lost, edges die before and after the slot was written. Its histories are true by
construction; then something is tampered with, as a fault in the service would.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from games import GAMES
from games.game import Already, Counted, Refused, Window, open_round, play
from tests.games.examples import EXAMPLES
from tests.soak.check import check, main
from tests.soak.history import Attempt, BoxFound, read, read_boxes, write, write_boxes

OPEN = Window(1_000, 1 << 40)
ROUND = "soak/segment/1"
BUSY = [HealthCheck.too_slow, HealthCheck.filter_too_much]  # of the machine, and of histories with no answer


class Told(msgspec.Struct):
    """A true history. `slots` are as they were in the end, `width` bytes a viewer."""

    attempts: list[Attempt]
    game: str
    settings: msgspec.Struct
    slots: list[bytes]

    def box(self) -> BoxFound:
        """With counters that are the fold, whatever the slots are."""
        opened = open_round(GAMES[self.game], self.settings, bytes(32))
        counters: dict[str, int] = {}
        for slot in self.slots:
            for name, value in opened.tally.of(slot).items():
                counters[name] = counters.get(name, 0) + value
        return BoxFound(
            round=ROUND,
            game=self.game,
            settings=msgspec.to_builtins(self.settings),
            pages=[b"".join(self.slots)],
            counters=counters,
        )


@st.composite
def told(draw: st.DrawFn, game: str = "") -> Told:
    """A few viewers who play, and answers of which some are lost."""
    game = game or draw(st.sampled_from(sorted(GAMES)))
    example = EXAMPLES[game]
    rules = draw(example.settings)
    opened = open_round(GAMES[game], rules, bytes(32))
    slots = [opened.layout.empty] * draw(st.integers(1, 4))
    seqs = [0] * len(slots)
    waiting: list[tuple[int, int, Any] | None] = [None] * len(slots)  # plays whose fate is not known
    attempts: list[Attempt] = []
    now_ms = 2_000
    for _ in range(draw(st.integers(0, 15))):
        now_ms += draw(st.integers(1, 400))
        number = draw(st.integers(0, len(slots) - 1))
        again = waiting[number]
        if again is None:
            seqs[number] += 1
            again = (number, seqs[number], draw(example.moves(rules)))
        _, seq, move = again
        what = draw(st.sampled_from(["answered", "answered", "answer lost", "never came", "retry"]))
        reply: dict[str, Any] = {}
        if what != "never came":
            outcome = play(opened, OPEN, slots[number], seq=seq, channel=1, move=move, at_ms=now_ms)
            if isinstance(outcome, Counted):
                slots[number] = outcome.after
            status = {Counted: "counted", Already: "already", Refused: "refused"}[type(outcome)]
            mine = opened.mine(slots[number])
            shown = mine and {"seq": mine["seq"], "has": {k: v for k, v in mine.items() if k != "seq"}}
            reply = {"status": status, "mine": shown}
            if isinstance(outcome, Refused):
                reply["reason"] = outcome.reason.value
        if what == "retry":
            reply = {"status": "retry"}
        known = what == "answered"
        waiting[number] = None if known else again
        attempts.append(
            Attempt(
                viewer=f"viewer-{number}",
                number=number,
                round=ROUND,
                seq=seq,
                move=move,
                sent_ms=now_ms,
                heard_ms=now_ms + 0.5,
                **(reply if known or what == "retry" else {}),
            )
        )
    return Told(attempts, game, rules, slots)


@settings(max_examples=60, suppress_health_check=BUSY)
@given(told())
def test_nothing_is_found_in_a_true_history(true: Told) -> None:
    verdict = check(true.attempts, [true.box()])
    assert verdict.faults == []
    assert verdict.acked <= verdict.sent <= verdict.attempts == len(true.attempts)


@settings(max_examples=20, suppress_health_check=BUSY)
@given(told(), st.data())
def test_an_acknowledged_play_that_is_gone_is_lost(true: Told, data: st.DataObject) -> None:
    acked = [attempt for attempt in true.attempts if attempt.status == "counted"]
    assume(acked)
    gone = data.draw(st.sampled_from(acked)).number
    true.slots[gone] = bytes(len(true.slots[gone]))
    assert check(true.attempts, [true.box()]).lost


@settings(max_examples=20, suppress_health_check=BUSY)
@given(told(), st.data())
def test_a_slot_that_went_back_to_an_earlier_play_is_lost(true: Told, data: st.DataObject) -> None:
    acked = [a for a in true.attempts if a.status == "counted" and a.seq > 1]
    assume(acked)
    number = data.draw(st.sampled_from(acked)).number
    newest = max(a.acked_seq for a in true.attempts if a.number == number)
    opened = open_round(GAMES[true.game], true.settings, bytes(32))
    values = opened.layout.unpack(true.slots[number])
    true.slots[number] = opened.layout.pack({**values, "seq": newest - 1})
    assert check(true.attempts, [true.box()]).lost


@settings(max_examples=20, suppress_health_check=BUSY)
@given(told(), st.data())
def test_a_counter_that_is_not_the_fold_is_doubled(true: Told, data: st.DataObject) -> None:
    box = true.box()
    assume(box.counters)
    name = data.draw(st.sampled_from(sorted(box.counters)))
    box.counters[name] += data.draw(st.sampled_from([-1, 1]))
    assert check(true.attempts, [box]).doubled


@settings(max_examples=20, suppress_health_check=BUSY)
@given(told(), st.integers(1, 9))
def test_a_slot_of_a_play_that_nobody_sent_is_invented(true: Told, more: int) -> None:
    played = [number for number, slot in enumerate(true.slots) if any(slot)]
    assume(played)
    opened = open_round(GAMES[true.game], true.settings, bytes(32))
    values = opened.layout.unpack(true.slots[played[0]])
    sent = max(attempt.seq for attempt in true.attempts)
    true.slots[played[0]] = opened.layout.pack({**values, "seq": sent + more})
    assert check(true.attempts, [true.box()]).invented


@settings(max_examples=20, suppress_health_check=BUSY)
@given(told())
def test_a_slot_of_somebody_who_did_not_play_is_invented(true: Told) -> None:
    opened = open_round(GAMES[true.game], true.settings, bytes(32))
    true.slots.append(opened.layout.pack({**dict.fromkeys(opened.layout.names, 0), "seq": 1}))
    assert check(true.attempts, [true.box()]).invented


@settings(max_examples=20, suppress_health_check=BUSY)
@given(told(game="poll"))
def test_another_ballot_than_the_one_sent_is_found(true: Told) -> None:
    opened = open_round(GAMES["poll"], true.settings, bytes(32))
    played = [number for number, slot in enumerate(true.slots) if any(slot)]
    assume(played)
    field = opened.layout.names[3]
    values = opened.layout.unpack(true.slots[played[0]])
    sent = {tuple(attempt.move["choices"]) for attempt in true.attempts if attempt.number == played[0]}
    assume(len(sent) == 1)
    true.slots[played[0]] = opened.layout.pack({**values, field: values[field] ^ 3})
    assert check(true.attempts, [true.box()]).faults


@settings(max_examples=20, suppress_health_check=BUSY)
@given(told(game="boost"))
def test_a_tap_more_than_was_sent_is_invented(true: Told) -> None:
    opened = open_round(GAMES["boost"], true.settings, bytes(32))
    played = [number for number, slot in enumerate(true.slots) if any(slot)]
    assume(played)
    values = opened.layout.unpack(true.slots[played[0]])
    most = max(attempt.move["total"] for attempt in true.attempts)
    assume(most < 65_535)
    true.slots[played[0]] = opened.layout.pack({**values, "total": most + 1})
    assert check(true.attempts, [true.box()]).invented


@settings(max_examples=20, suppress_health_check=BUSY)
@given(told(game="whack"))
def test_a_mascot_that_nobody_hit_is_invented(true: Told) -> None:
    opened = open_round(GAMES["whack"], true.settings, bytes(32))
    played = [number for number, slot in enumerate(true.slots) if any(slot)]
    assume(played)
    values = opened.layout.unpack(true.slots[played[0]])
    true.slots[played[0]] = opened.layout.pack({**values, "hits": values["hits"] | 1 << 63})
    assert check(true.attempts, [true.box()]).invented


def test_a_play_that_was_only_refused_and_counts_is_invented() -> None:
    true = _one_ballot(status="refused", reason="bad_move")
    assert any("refused" in fault for fault in check(true.attempts, [true.box()]).invented)
    again = msgspec.structs.replace(true.attempts[0], status="none", reason="")
    assert check([*true.attempts, again], [true.box()]).faults == []  # that one may have been taken


def test_a_play_that_came_too_late_and_counts_is_invented() -> None:
    true = _one_ballot(status="refused", reason="locked")
    again = msgspec.structs.replace(true.attempts[0], status="none", reason="")
    assert any("too late" in fault for fault in check([*true.attempts, again], [true.box()]).invented)


def test_an_answer_that_knows_less_than_an_earlier_one_went_back() -> None:
    true = _one_ballot(status="counted", mine={"seq": 1, "has": {"choices": ["owl"]}})
    first = true.attempts[0]
    late = msgspec.structs.replace(first, sent_ms=5, heard_ms=6, mine={"seq": 0, "has": {}})
    assert check([first, late], [true.box()]).went_back


def test_a_number_of_two_viewers_and_two_slots_of_one_are_doubled() -> None:
    true = _one_ballot(status="none")
    other = msgspec.structs.replace(true.attempts[0], viewer="somebody else")
    assert check([*true.attempts, other], [true.box()]).doubled
    second = msgspec.structs.replace(true.attempts[0], number=1)
    true.slots.append(true.slots[0])
    assert check([*true.attempts, second], [true.box()]).doubled


def test_a_round_without_a_box_has_lost_everything() -> None:
    assert check(_one_ballot(status="none").attempts, []).lost


@pytest.mark.parametrize("exact", [True, False])
def test_the_command_reads_files_and_says_whether_they_agree(
    exact: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    true = _one_ballot(status="counted", mine={"seq": 1, "has": {"choices": ["owl"]}})
    box = true.box()
    if not exact:
        box.counters["voters"] += 1
    history, boxes = tmp_path / "history", tmp_path / "boxes"
    write(history, true.attempts)
    write_boxes(boxes, [box])
    assert read(history) == true.attempts
    assert read_boxes(boxes)[0].pages == box.pages
    assert main([str(history), str(boxes)]) == (0 if exact else 1)
    said = capsys.readouterr().out
    assert ("NOT EXACT" in said) != exact
    assert exact or "counter voters is 2, the slots make 1" in said


def test_the_command_says_when_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "history").write_text("no history")
    assert main([str(tmp_path / "history"), str(tmp_path / "boxes")]) == 2
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


def _one_ballot(**reply: Any) -> Told:
    """One viewer's one ballot, for an owl."""
    choices = [{"id": name, "label": {"en": name}} for name in ("hare", "owl")]
    rules = GAMES["poll"].read_settings({"kind": "opinion", "choices": choices})
    opened = open_round(GAMES["poll"], rules, bytes(32))
    move = {"choices": ["owl"]}
    found = play(opened, OPEN, opened.layout.empty, seq=1, channel=0, move=move, at_ms=2_000)
    assert isinstance(found, Counted)
    attempt = Attempt(
        viewer="viewer-0", number=0, round=ROUND, seq=1, move=move, sent_ms=1, heard_ms=2, **reply
    )
    return Told([attempt], "poll", rules, [found.after])
