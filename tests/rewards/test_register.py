"""The register as the notary uses it: answered again after a crash, and never contradicted."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewards.arithmetic.beacon import QUICKNET, BadBeacon
from rewards.arithmetic.slots import BadRules
from rewards.keeping.journal import Contradiction
from rewards.keeping.register import Register
from rewards.log import files
from rewards.log.note import Cosigner
from rewards.rules import leaves
from rewards.rules.history import BrokenHistory
from rewards.rules.leaves import BadSpec, Prize, RoundOpening, TicketRound
from tests.rewards import evening as ev
from tests.rewards.evening import BEACON, HOUR, SECRETS, SHOW, START, Told, begin, spec


@pytest.fixture
async def register(tmp_path: Path) -> AsyncIterator[Register]:
    opened = await begin(tmp_path / "register")
    yield opened
    await opened.close()


def commitment(party: str, draw: int = 1) -> bytes:
    return leaves.commitment(leaves.draw_id(SHOW, draw), party, SECRETS[party])


async def leaf_count(register: Register) -> int:
    await register._journal.catch_up()
    return len(register._journal.bodies)


async def test_winners_are_drawn_from_the_numbers_that_earned_tickets(evening: tuple[Path, Told]) -> None:
    _, told = evening
    counted, small = ev.crowd(2, 150), [1, 2, None, 3, 2, 2]
    played = {n for choices in (counted, small) for n, choice in enumerate(choices) if choice is not None}
    winners = told.drawn[1].winners
    assert [w.tier for w in winners] == [1] + [2] * 6
    assert {w.number for w in winners} <= played
    assert len({w.number for w in winners}) == 7
    assert told.drawn[1].entrants == len(played)
    tickets = sum(3 if choice == 2 else 1 for choices in (counted, small) for choice in choices if choice)
    assert told.drawn[1].tickets_total == tickets


async def test_barred_numbers_win_nothing(evening: tuple[Path, Told]) -> None:
    _, told = evening
    assert not [w for w in [*told.drawn[2].winners, *told.drawn[2].alternates] if w.number % 7 == 0]
    assert told.drawn[2].entrants < told.drawn[1].entrants


async def test_every_step_done_again_after_a_restart_gives_the_same_and_writes_nothing(
    tmp_path: Path,
) -> None:
    told: list[Told] = []
    counts: list[int] = []
    for _ in range(2):
        register = await begin(tmp_path / "register")
        told.append(Told())
        await ev.before_the_draws(register)
        for draw in (1, 2):
            await ev.draw_one(register, draw, told[-1])
        await register.publish(tmp_path / "bundle", at_ms=START + 3 * HOUR)
        counts.append(await leaf_count(register))
        await register.close()
    assert told[0] == told[1]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("broken_write", range(5))
async def test_a_step_that_dies_while_writing_is_done_by_its_retry(
    tmp_path: Path, broken_write: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = await begin(tmp_path / "register")
    await ev.before_the_draws(register)
    real, calls = files.write_durably, 0

    def dying(path: Path, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls > broken_write:
            raise OSError("no space left on device")
        real(path, content)

    monkeypatch.setattr(files, "write_durably", dying)
    told = Told()
    if broken_write < 4:  # three files of the roster, one of the ranking
        with pytest.raises(OSError, match="no space"):
            await ev.draw_one(register, 1, told)
    monkeypatch.setattr(files, "write_durably", real)
    await register.close()
    register = await begin(tmp_path / "register")
    await ev.draw_one(register, 1, told)
    await register.close()
    whole = await begin(tmp_path / "whole")
    await ev.before_the_draws(whole)
    again = Told()
    await ev.draw_one(whole, 1, again)
    await whole.close()
    assert told == again


async def test_a_step_repeated_with_other_arguments_is_a_contradiction(register: Register) -> None:
    await ev.before_the_draws(register)
    before = await leaf_count(register)
    acts: list[Callable[[], Awaitable[Any]]] = [
        lambda: register.specify(spec(1, title="Another"), at_ms=START),
        lambda: register.commit(1, "operator", commitment("auditor"), at_ms=START),
        lambda: register.round_settled("short/tetris/2", 3, by="director", reason="the jury", at_ms=START),
        lambda: register.round_sealed(
            "short/tetris/2", [ev.page([1])], {"voters": 1, "choice/1": 1}, at_ms=START
        ),
    ]
    for act in acts:
        with pytest.raises(Contradiction):
            await act()
    assert await leaf_count(register) == before


async def test_the_files_of_a_sealed_round_are_not_touched_by_a_contradiction(
    register: Register, tmp_path: Path
) -> None:
    await ev.before_the_draws(register)
    box = tmp_path / "register" / "boxes" / "short" / "tetris" / "2.bin"
    sealed = box.read_bytes()
    with pytest.raises(Contradiction):
        await register.round_sealed("short/tetris/2", [ev.page([1] * 150)], {}, at_ms=START)
    assert box.read_bytes() == sealed


async def test_an_evening_is_not_opened_as_another(tmp_path: Path) -> None:
    register = await begin(tmp_path)
    await register.specify(spec(1), at_ms=START)
    await register.close()
    for show, rehearsal in (("other", True), (SHOW, False)):
        with pytest.raises(Contradiction, match="another evening"):
            await Register.open(tmp_path, show=show, rehearsal=rehearsal, keys=ev.KEYS)


async def test_what_may_not_follow_is_refused_and_nothing_is_written(register: Register) -> None:
    opening = RoundOpening("short/tetris/1", ev.POLL, ev.COUNTS, ev.RIGHT)
    refused: list[Callable[[], Awaitable[Any]]] = [
        lambda: register.specify(spec(2), at_ms=START),
        lambda: register.commit(1, "operator", bytes(32), at_ms=START),
        lambda: register.round_locked("short/tetris/1", at_ms=START),
        lambda: register.round_sealed("short/tetris/1", [], {}, at_ms=START),
        lambda: register.freeze(1, issued=ev.issued(1), at_ms=START),
        lambda: register.close_reveals(1, at_ms=START),
        lambda: register.finish(1, bytes(48), at_ms=START),
        lambda: register.issue(1, at_ms=START),
        lambda: register.standing(1, 0),
    ]
    for act in refused:
        with pytest.raises(BrokenHistory):
            await act()
    assert await leaf_count(register) <= 1  # at most the evening's own leaf
    await register.specify(spec(1), at_ms=START)
    other = RoundOpening("short/tetris/1", ev.POLL, ev.COUNTS, [{"when": ["ge", "seq", 1], "tickets": 9}])
    with pytest.raises(BrokenHistory, match="entry rules"):
        await register.round_opened(other, at_ms=START)
    await register.round_opened(opening, at_ms=START)
    with pytest.raises(BrokenHistory, match="settle without lock"):
        await register.round_settled("short/tetris/1", 1, by="director", reason="", at_ms=START)
    with pytest.raises(BrokenHistory, match="had opened before"):
        await register.specify(spec(2), at_ms=START)
    with pytest.raises(BrokenHistory, match="cannot commit"):
        await register.commit(1, "stranger", bytes(32), at_ms=START)
    await register.round_locked("short/tetris/1", at_ms=START)
    with pytest.raises(BrokenHistory, match="not sealed"):
        await register.freeze(1, issued=ev.issued(150), at_ms=START)
    await register.round_sealed("short/tetris/1", [ev.page([1])], {"voters": 1, "choice/1": 1}, at_ms=START)
    with pytest.raises(BrokenHistory, match="has not committed"):
        await register.freeze(1, issued=ev.issued(150), at_ms=START)
    for party in SECRETS:
        await register.commit(1, party, commitment(party), at_ms=START)
    with pytest.raises(ValueError, match="never given out"):
        await register.freeze(1, issued=ev.issued(0), at_ms=START)
    await register.freeze(1, issued=ev.issued(150), at_ms=START)
    with pytest.raises(BrokenHistory, match="after the roster"):
        await register.round_settled("short/tetris/1", 1, by="director", reason="", at_ms=START)
    with pytest.raises(BrokenHistory, match="does not fit"):
        await register.reveal(1, "operator", bytes(32), at_ms=START)
    with pytest.raises(BrokenHistory, match="no reserve round"):
        await register.close_reveals(1, at_ms=START + 100 * HOUR)
    chosen = await register.close_reveals(1, at_ms=START)
    with pytest.raises(BrokenHistory, match="out of time"):
        await register.reveal(1, "operator", SECRETS["operator"], at_ms=START)
    with pytest.raises(BadBeacon):
        await register.finish(1, BEACON.signature(chosen + 1), at_ms=START)


@pytest.mark.parametrize(
    "other",
    [
        {"prizes": [Prize(1, "Gold", 1, 100, "CNY")]},
        {"prizes": [Prize(2, "Gold", 1, 100, "XTS")]},
        {"prizes": [Prize(1, "Gold", 0, 100, "XTS")]},
        {"prizes": []},
        {"parties": ["operator"]},
        {"parties": ["operator", "operator"]},
        {"chain": QUICKNET},
        {"reserve_rounds": [5, 4]},
        {"reserve_rounds": []},
        {"cap": 0},
        {"eligibility": "friends"},
        {"window": leaves.Window(5, 5, "Asia/Shanghai")},
        {"window": leaves.Window(5, 6, "Asia/Nowhere")},
        {"rounds": [TicketRound(name, [{"when": ["ge", "seq", 1], "tickets": 40_000}]) for name in "ab"]},
        {"rounds": [TicketRound("a", []), TicketRound("a", [])]},
    ],
)
async def test_a_draw_that_may_not_be_promised_is_refused(register: Register, other: dict[str, Any]) -> None:
    with pytest.raises(BadSpec):
        await register.specify(spec(1, **other), at_ms=START)


def test_a_cap_over_several_draws_fits_the_byte_that_what_was_won_before_has() -> None:
    for cap, cap_with in ((255, [1]), (256, [])):
        spec(2, cap=cap, cap_with=cap_with).check(rehearsal=True)
    with pytest.raises(BadSpec, match="at most 255"):
        spec(2, cap=256, cap_with=[1]).check(rehearsal=True)


async def test_a_show_draws_from_quicknet_and_never_in_test_money(tmp_path: Path) -> None:
    register = await Register.open(tmp_path, show=SHOW, rehearsal=False, keys=ev.KEYS)
    seen_by = [str(Cosigner("auditor.example", b"w" * 32).verifier)]
    real = {"prizes": [Prize(1, "Gold", 1, 100, "CNY")], "chain": QUICKNET, "witnesses": seen_by}
    with pytest.raises(BadSpec, match="XTS"):
        await register.specify(spec(1, chain=QUICKNET), at_ms=START)
    with pytest.raises(BadSpec, match="quicknet"):
        await register.specify(spec(1, prizes=real["prizes"]), at_ms=START)
    await register.specify(spec(1, **real), at_ms=START)
    await register.close()


async def test_rules_nobody_could_evaluate_do_not_open_a_round(register: Register) -> None:
    with pytest.raises(BadRules):
        await register.round_opened(
            RoundOpening("r", ev.POLL, [{"name": "x", "op": "sum", "field": "nothing"}]), at_ms=START
        )


async def test_counters_that_differ_from_the_box_are_told_and_not_hidden(register: Register) -> None:
    await register.round_opened(RoundOpening("r", ev.POLL, ev.COUNTS), at_ms=START)
    await register.round_locked("r", at_ms=START)
    sealed = await register.round_sealed(
        "r", [ev.page([1, None, 2])], {"voters": 3, "choice/1": 1}, at_ms=START
    )
    assert not sealed.equal
    assert sealed.recount == {"choice/1": 1, "choice/2": 1, "voters": 2}
    assert sealed.plays == 2


async def test_numbers_run_on_from_page_to_page(register: Register) -> None:
    await ev.before_the_draws(register)
    await register.round_opened(RoundOpening("wide", ev.POLL, ev.COUNTS), at_ms=START)
    await register.round_locked("wide", at_ms=START)
    pages = [ev.page([1] * 3) + bytes(5 * (65536 - 3)), ev.page([None, 2])]
    sealed = await register.round_sealed(
        "wide", pages, {"voters": 4, "choice/1": 3, "choice/2": 1}, at_ms=START
    )
    assert sealed.equal
    numbers = (register._folder / "private" / "boxes" / "wide.bin").read_bytes()
    assert sorted(np.frombuffer(numbers, ">u4").tolist()) == [0, 1, 2, 65537]


async def test_a_viewer_is_told_the_rank_that_the_scores_give(register: Register) -> None:
    await ev.before_the_draws(register)
    told = Told()
    await ev.draw_one(register, 1, told)
    standings = {number: await register.standing(1, number) for number in range(150)}
    for tier in (0, 1):
        scores = {n: s.tiers[tier].score for n, s in standings.items() if s.tiers}
        by_score = sorted(scores, key=lambda n: scores[n])
        assert [standings[n].tiers[tier].rank for n in by_score] == list(range(1, len(by_score) + 1))
    won = {(w.number, w.tier): w.prize for w in told.drawn[1].winners}
    for number, standing in standings.items():
        for found in standing.tiers:
            assert found.won == won.get((number, found.tier))
    nobody = await register.standing(1, 10**6)
    assert (nobody.place, nobody.tickets, nobody.tiers) == (None, 0, [])


async def test_a_draw_without_any_tickets_has_no_winners(tmp_path: Path) -> None:
    register = await begin(tmp_path / "register")
    await register.specify(spec(1), at_ms=START)
    for party in SECRETS:
        await register.commit(1, party, commitment(party), at_ms=START)
    told = Told()
    await ev.draw_one(register, 1, told)
    assert told.drawn[1].winners == []
    assert told.issued[1] == []
    await register.publish(tmp_path / "bundle", at_ms=START + HOUR)
    await register.close()


def test_keys_are_not_printed() -> None:
    assert "llll" not in repr(ev.KEYS)


async def test_the_outline_is_the_log_that_is_published_without_what_stands_in_it(
    register: Register, tmp_path: Path
) -> None:
    before = await register.outline()
    assert (before.leaves, before.rows, before.seals, before.equations) == ([], 0, {}, [])
    await ev.before_the_draws(register)
    await register.publish(tmp_path / "bundle", at_ms=START + HOUR)
    outline = await register.outline()
    origin, size, root = (tmp_path / "bundle/log/checkpoint").read_text().split("\n")[:3]
    assert (outline.origin, len(outline.leaves)) == (origin, int(size))
    assert bytes.fromhex(outline.root) == base64.b64decode(root)
    assert [line.index for line in outline.leaves] == list(range(int(size)))
    assert outline.seals == {f"short/{name}": True for name in ("tetris/1", "tetris/2", "candy/1", "mole/1")}
    assert all(equation.holds for equation in outline.equations)
    assert "the jury" not in repr(outline)
