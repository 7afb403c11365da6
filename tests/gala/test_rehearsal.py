"""The director who is not there: what would be pressed next, and how fast an idle hour may pass."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gala.cli import app
from gala.rehearsal import HURRY_MAX, SEEN_MS, hurry, next_act
from gala.rundown import Rundown
from gala.rundown.file import load
from gala.show.state import State
from gala.timing import GRACE_MS, slowest_ms
from tests.gala.story import GALA_2019, SHORT, TETRIS, Story


def play(rundown: Rundown) -> tuple[Story, int]:
    """Plays an evening with a conductor, a notary and this director; the story and the steps it took."""
    story = Story(rundown)
    steps = 0
    while story.state.phase != "ended":
        steps += 1
        assert steps < 20_000, f"stuck at {story.state.standby}"
        act = next_act(rundown, story.state, story.at_ms)
        if act is not None:
            assert story.do(act.content()) is None, act
        for round_ in story.state.rounds.values():
            if round_.locked_at_ms and not round_.shut and story.at_ms >= round_.locked_at_ms + GRACE_MS:
                story.shut(round_.id)
                story.seal(round_.id)
        for drawing in story.state.draws.values():
            if drawing.frozen_at_ms and drawing.state == "armed":
                story.freeze(drawing.number)
            elif drawing.state == "frozen":
                story.must("drawn", draw=drawing.number, winners=1)
        story.wait(0.1 * hurry(rundown, story.state, story.at_ms, speed=1.0))
    return story, steps


def test_a_rehearsal_plays_every_segment_of_the_short_evening() -> None:
    story, _ = play(SHORT)
    assert set(story.state.segments) == {segment.id for segment in SHORT.segments}
    assert all(round_.revealed_at_ms for round_ in story.state.rounds.values())
    assert story.state.draws[1].state == "announced"


def test_a_rehearsal_plays_the_evening_of_2019_hurrying_through_what_is_only_watched() -> None:
    story, steps = play(GALA_2019)
    assert set(story.state.segments) == {segment.id for segment in GALA_2019.segments}
    assert all(drawing.state == "announced" for drawing in story.state.draws.values())
    beam = story.round("countdown-gala-2019/balance-beam/1")
    assert [spell.factor_bp for spell in beam.spells] == [20_000], "one double minute, fired on the way"
    played_ms = GALA_2019.ends_at_ms - GALA_2019.starts_at_ms
    assert steps * 100 < played_ms / 4


def test_a_director_does_nothing_on_hold_or_before_it_is_time() -> None:
    story = Story()
    assert next_act(SHORT, State(), story.at_ms) is None
    assert next_act(SHORT, story.state, SHORT.starts_at_ms - 1) is None
    act = next_act(SHORT, story.state, SHORT.starts_at_ms + 4_000)
    assert act is not None
    assert act.target == "welcome.start"
    story.must("hold")
    assert next_act(SHORT, story.state, story.at_ms + 10**6) is None


def test_a_settle_names_one_of_the_games_outcomes_and_the_same_again() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(30)
    story.shut(TETRIS)
    act = next_act(SHORT, story.state, story.at_ms + 10_000)
    assert act is not None
    assert act.outcome in ("comets", "harbour")
    assert next_act(SHORT, story.state, story.at_ms + 10_000) == act


def test_time_is_not_hurried_while_a_round_runs_or_its_result_is_on_its_way() -> None:
    story = Story()
    far_ms = SHORT.starts_at_ms - 3_600_000
    assert hurry(SHORT, story.state, far_ms, speed=2.0) > 2.0
    assert hurry(SHORT, story.state, far_ms, speed=2.0) <= HURRY_MAX
    story.go("tetris.start")
    story.wait(2)
    assert hurry(SHORT, story.state, story.at_ms, speed=2.0) == 2.0
    story.wait(30)
    story.shut(TETRIS)
    story.go("tetris.settle", outcome="comets")
    story.go("tetris.reveal")
    seen_ms = story.at_ms + slowest_ms(channel.delay_ms for channel in SHORT.channels) + SEEN_MS
    assert hurry(SHORT, story.state, seen_ms - 1, speed=2.0) == 2.0


def test_time_is_not_hurried_while_go_is_being_pressed_however_far_the_next_timed_cue() -> None:
    story = Story(GALA_2019)
    story.go("opening.start")
    story.must("standby", target="tetris.start")
    plan_ms = GALA_2019.segment("tetris").plan_at_ms
    assert hurry(GALA_2019, story.state, plan_ms - 600_000, speed=2.0) > 2.0
    assert hurry(GALA_2019, story.state, plan_ms, speed=2.0) == 2.0
    assert hurry(GALA_2019, story.state, plan_ms + 5_000, speed=2.0) == 2.0, "midnight is hours away"


def test_time_is_not_hurried_while_a_cue_is_due_that_the_conductor_has_not_fired_yet() -> None:
    rundown = load(Path("tests/gala/steps.toml"))
    story = Story(rundown)
    story.go("song.start")
    assert story.state.standby == "goodbye.start", "for which nobody is ready before the song is over"
    assert hurry(rundown, story.state, story.at_ms + 60_000, speed=2.0) == 2.0


@pytest.mark.parametrize(("currency", "flags"), [("XTS", []), ("CNY", ["--rehearsal"])])
def test_only_a_rehearsal_is_in_test_money_and_it_is_in_no_other(
    currency: str, flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALA_DATA", str(tmp_path / "data"))
    plan = tmp_path / "plan.toml"
    head, *_, goodbye = Path("tests/gala/polls.toml").read_text("utf-8").split("[[segments]]")
    text = f"{head}[[segments]]{goodbye}"
    plan.write_text(text.replace('currency = "XTS"', f'currency = "{currency}"'), "utf-8")
    said = CliRunner().invoke(app, ["serve", str(plan), *flags])
    assert said.exit_code != 0
    assert "XTS is for rehearsals" in said.output
    assert not (tmp_path / "data").exists(), "nothing was begun"
