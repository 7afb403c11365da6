"""The crowd's people, as far as a game depends on them: what a fan of a star sends."""

import random
from dataclasses import replace

import pytest

from gala.crowd.people import CHEATS, PLANS, people
from games import GAMES
from games.game import Counted, Window, open_round, play
from tests.gala.stars import STARS

OPENS_AT_MS, CLOSES_AT_MS = 1_000_000, 1_120_000
GAME = STARS.segment("beam").game
assert GAME is not None
BEAM = open_round(GAMES["boost"], GAME.settings, bytes(32))
PUBLIC = BEAM.game.public(BEAM.round, 0, 0)


@pytest.mark.parametrize("cheat", ["", *CHEATS])
def test_people_catch_one_envelope_however_greedy(cheat: str) -> None:
    chance = random.Random(f"rain/{cheat}")
    game = GAMES["rain"]
    rain = open_round(game, game.read_settings({}), bytes(32))
    caught = 0
    for person in people(chance, 200, {"hall": 1}):
        plan = PLANS["rain"](replace(person, cheat=cheat), chance, {}, OPENS_AT_MS, CLOSES_AT_MS, 0.3)
        slot, counted = rain.layout.empty, 0
        for seq, (at_ms, move) in enumerate(plan.plays, 1):
            window = Window(OPENS_AT_MS, CLOSES_AT_MS)
            outcome = play(rain, window, slot, seq=seq, channel=0, move=move, at_ms=at_ms)
            if isinstance(outcome, Counted):
                slot, counted = outcome.after, counted + 1
        assert counted <= (0 if cheat == "late" else 1)
        caught += counted
    assert (caught > 100) == (cheat != "late")


@pytest.mark.parametrize("cheat", ["", *CHEATS])
def test_a_fan_s_totals_rise_and_honest_ones_are_counted_whole(cheat: str) -> None:
    chance = random.Random(f"fans/{cheat}")
    played = over = 0
    for person in people(chance, 200, {"hall": 1}):
        plan = PLANS["boost"](replace(person, cheat=cheat), chance, PUBLIC, OPENS_AT_MS, CLOSES_AT_MS, 0.3)
        totals = [move["total"] for _, move in plan.plays]
        assert totals == sorted(totals)
        assert [at_ms for at_ms, _ in plan.plays] == sorted(at_ms for at_ms, _ in plan.plays)
        slot = BEAM.layout.empty
        for seq, (at_ms, move) in enumerate(plan.plays, 1):
            outcome = play(
                BEAM, Window(OPENS_AT_MS, CLOSES_AT_MS), slot, seq=seq, channel=0, move=move, at_ms=at_ms
            )
            if isinstance(outcome, Counted):
                slot, played = outcome.after, played + 1
                over += bool(outcome.refused)
                assert cheat == "too_many" or all(reason == "over_cap" for _, reason in outcome.refused)
        assert BEAM.layout.unpack(slot)["total"] <= PUBLIC["cap"]
    assert played > 200
    assert over, "somebody tapped beyond what counts"
