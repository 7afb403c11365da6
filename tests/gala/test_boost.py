"""A boost in the evening: the clock of its cut, the director's spells, and what desk and phones are told."""

from pathlib import Path
from typing import Any

import pytest

from gala.desk import desk
from gala.edge.crew import Crew
from gala.evidence import Books
from gala.passes import CrewPass, Passes
from gala.protocol import PlayReply
from gala.protocol.crew import CuePost, Desk
from gala.rounds import Rounds
from gala.rundown.file import read
from gala.show.planner import window_ms
from gala.show.reasons import Reason
from gala.show.refusals import FACTOR_BP_MAX, SPELL_MS_MAX
from gala.show.state import Round
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.timing import GRACE_MS, OPEN_LEAD_MS
from gala.view import show
from games.game import Spell
from tests.gala.hall import SECRET, Booth, Hall
from tests.gala.stars import MANY, STARS, TEXT
from tests.gala.story import Story
from voting.box import Box
from voting.recount import recount

ROUNDS = Rounds(STARS, bytes(32))
BEAM = "stars/beam/1"
MEI = CrewPass(role="director", name="Mei", show="stars")


def opened() -> Story:
    story = Story(STARS)
    assert story.go("beam.start") is None
    assert story.go("beam.open") is None
    story.wait(OPEN_LEAD_MS / 1000)
    return story


def multiply(story: Story, **more: Any) -> Reason | None:
    return story.do({"cue": "multiply", "target": BEAM, "factor_bp": 20_000, "ms": 30_000, **more})


# ---------------------------------------------------------------- the rundown


def test_a_rundown_s_boost_is_read_with_its_cut() -> None:
    beam = STARS.segment("beam")
    assert beam.game is not None
    assert (beam.game.name, beam.game.timing, beam.game.multiplies) == ("boost", "influence", True)
    assert beam.game.outcomes == ()
    assert [cue.do for cue in beam.cues] == ["start", "open", "cut", "lock", "reveal"]
    assert window_ms(beam) == 75_000
    songs = STARS.segment("songs").game
    assert songs is not None
    assert not songs.multiplies


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('lock = "after 15s"\n', "", "without `lock`"),
        ('cut = "after 60s; the stage takes no more"\n', 'cut = "after"\n', "neither"),
        ('open = "go"\ncut', 'cut = "go"\nopen = "go"\nwas', "`cut` needs `open` before it"),
        ('start = "go"\nopen = "go"\nlock', 'start = "go"\nopen = "go"\nlock', ""),
        ("cap = 200", "cap = 20", "threshold: 30 taps, and the cap is 20"),
        ("cap = 200", "caps = 200", "boost: "),
    ],
)
def test_a_rundown_s_mistakes_about_a_boost_are_named(old: str, new: str, says: str) -> None:
    assert old in TEXT
    found = read(TEXT.replace(old, new, 1).encode())
    assert any(says in fault.message for fault in found.faults) if says else not found.faults


def test_a_cut_is_for_what_changes_the_stage() -> None:
    predict = TEXT.replace('kind = "opinion"\nallowance = 3', 'kind = "predict"', 1)
    predict = predict.replace(
        'lock = "go"\nreveal = "go"', 'cut = "go"\nlock = "go"\nsettle = "go"\nreveal = "go"'
    )
    assert any(
        "`cut` is for what changes the stage" in fault.message for fault in read(predict.encode()).faults
    )


# ---------------------------------------------------------------- the fold


def test_cut_and_lock_are_known_ahead_and_a_hold_moves_both() -> None:
    story = opened()
    at_ms = story.at_ms
    beam = story.round(BEAM)
    assert (beam.cut_due_at_ms, beam.lock_due_at_ms) == (at_ms + 60_000, at_ms + 75_000)
    story.wait(10)
    story.must("hold")
    assert (story.round(BEAM).stage_until_at_ms, story.round(BEAM).lock_due_at_ms) == (0, 0)
    story.wait(40)
    story.must("resume")
    beam = story.round(BEAM)
    assert (beam.cut_due_at_ms, beam.lock_due_at_ms) == (at_ms + 100_000, at_ms + 115_000)
    story.wait(60)
    assert story.round(BEAM).cut_at_ms == at_ms + 100_000
    assert story.round(BEAM).lock_due_at_ms == at_ms + 115_000
    story.wait(10)
    assert story.round(BEAM).locked_at_ms == at_ms + 115_000


def test_a_cut_that_is_fired_late_cuts_at_the_instant_that_was_told() -> None:
    story = opened()
    due_at_ms = story.round(BEAM).cut_due_at_ms
    story.at_ms = due_at_ms + 40
    story.must("fire", target="beam.cut")
    assert story.round(BEAM).cut_at_ms == due_at_ms


def test_a_cut_by_hand_cuts_now_and_changes_the_generation() -> None:
    story = opened()
    story.at_ms += 20_000
    before = story.round(BEAM).generation
    assert story.go("beam.cut") is None
    assert story.round(BEAM).cut_at_ms == story.at_ms
    assert story.round(BEAM).lock_due_at_ms == story.at_ms + 15_000
    assert story.round(BEAM).generation > before
    assert story.go("beam.cut") is Reason.ALREADY_DONE


def test_a_spell_lasts_as_long_as_it_was_given_and_one_runs_at_a_time() -> None:
    story = opened()
    at_ms = story.at_ms
    assert multiply(story) is None
    assert multiply(story) is Reason.ALREADY_DONE
    story.wait(29.999)
    assert multiply(story) is Reason.ALREADY_DONE
    story.wait(0.001)
    assert multiply(story, factor_bp=15_000, ms=1_000) is None
    assert story.round(BEAM).spells == (
        Spell(at_ms, at_ms + 30_000, 20_000),
        Spell(at_ms + 30_000, at_ms + 31_000, 15_000),
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"target": "stars/beam/2"}, Reason.UNKNOWN_ROUND),
        ({"target": 7}, Reason.UNKNOWN_ROUND),
        ({"factor_bp": 9_999}, Reason.BAD_CUE),
        ({"factor_bp": FACTOR_BP_MAX + 1}, Reason.BAD_CUE),
        ({"factor_bp": "20000"}, Reason.BAD_CUE),
        ({"ms": 0}, Reason.BAD_CUE),
        ({"ms": SPELL_MS_MAX + 1}, Reason.BAD_CUE),
    ],
)
def test_a_spell_that_is_none_is_refused(said: dict[str, Any], reason: Reason) -> None:
    story = opened()
    assert multiply(story, **said) is reason
    assert story.round(BEAM).spells == ()


def test_nothing_is_multiplied_once_the_stage_is_cut_or_where_nothing_can_be() -> None:
    story = opened()
    story.wait(60)
    assert multiply(story) is Reason.NO_OPEN_ROUND
    story.at_ms += 16_000
    story.wait(0)
    story.shut(BEAM)
    assert story.go("songs.start") is None
    assert story.go("songs.open") is None
    assert multiply(story, target="stars/songs/1") is Reason.NO_MULTIPLIER


# ---------------------------------------------------------------- what is told


def round_view(story: Story, delay_ms: int) -> Any:
    visible = story.history.visible(story.at_ms, delay_ms)
    return show(
        STARS,
        visible,
        story.history.head,
        step=0,
        delay_ms=delay_ms,
        channel=0,
        public=lambda round_: ROUNDS.public(round_, 0, story.at_ms),
        text_of=lambda _: "",
    ).round


def test_the_cut_is_told_to_all_alike_and_a_spell_only_where_the_picture_has_it() -> None:
    story = opened()
    at_ms = story.at_ms
    story.wait(25)
    multiply(story)
    hall, cable = round_view(story, 0), round_view(story, 20_000)
    assert hall.cut_at_ms == cable.cut_at_ms == at_ms + 60_000
    assert hall.closes_at_ms == cable.closes_at_ms == at_ms + 75_000
    assert hall.spells == [[at_ms + 25_000, at_ms + 55_000, 20_000]]
    assert cable.spells == []
    story.wait(20)
    assert round_view(story, 20_000).spells == hall.spells


def desk_of(story: Story, counters: dict[str, int]) -> Desk:
    return desk(
        STARS,
        ROUNDS,
        story.state,
        story.log,
        now_ms=story.at_ms,
        rate=1.0,
        crew="Mei",
        counters=dict.fromkeys(story.state.rounds, counters),
        gates={},
        edges={},
        books=Books(),
    )


def test_the_desk_has_the_stars_points_the_cut_and_the_spell_that_runs() -> None:
    story = opened()
    at_ms = story.at_ms
    multiply(story)
    counters = {
        "voters": 5, "taps": 90, "stage/1": 600_000, "stage/2": 400_000, "own/2": 50_000,
        "star_channel/1/0": 2, "star_channel/2/0": 1, "star_channel/2/1": 2,
    }  # fmt: skip
    shown = desk_of(story, counters)
    found = shown.rounds[0]
    assert [(choice.id, choice.count, choice.own, choice.channels) for choice in found.choices] == [
        ("mei", 60, 0, [2, 0]),
        ("ana", 40, 5, [1, 2]),
    ]
    assert [(channel.channel, channel.voters) for channel in found.channels] == [("hall", 3), ("cable", 2)]
    assert (found.cut_at_ms, found.closes_at_ms) == (at_ms + 60_000, at_ms + 75_000)
    assert (found.multiplies, found.factor_bp, found.spell_until_at_ms) == (True, 20_000, at_ms + 30_000)
    assert shown.as_run[-1].what == "multiply stars/beam/1 ×2 for 30s"
    story.wait(30)
    assert desk_of(story, counters).rounds[0].factor_bp == 0


def test_the_desk_counts_a_poll_s_voters_by_channel_and_says_the_allowance_and_a_tie() -> None:
    story = opened()
    story.wait(80)
    story.shut(BEAM)
    story.go("songs.start")
    story.go("songs.open")
    counters = {"voters": 3, "choices/4": 2, "choices/63": 2, "choices/5": 1, "channel/0": 1, "channel/1": 2}
    found = desk_of(story, counters).rounds[1]
    assert [channel.voters for channel in found.channels] == [1, 2]
    assert (found.allowance, found.tied, len(found.choices)) == (3, ["song-4", "song-63"], MANY)
    assert not found.multiplies


# ---------------------------------------------------------------- over a real store, through the crew's API


class Booths:
    """An edge without sockets, and the crew's API, in one hall."""

    def __init__(self, hall: Hall, crew: Crew) -> None:
        self.hall = hall
        self.crew = crew
        self.booth: Booth = hall.booth()
        self.conductor = hall.conductor()
        self.posts = 0

    async def step(self, ms: int = 0) -> None:
        self.hall.now_ms += ms
        await self.conductor.step(self.hall.now_ms)
        await self.booth.follower.read()
        await self.crew.step(self.hall.now_ms)

    async def post(self, cue: str, **more: Any) -> tuple[int, str]:
        self.posts += 1
        said = CuePost(id=f"c-{self.posts}", cue=cue, **more)
        status, reply = await self.crew.post(said, MEI)
        await self.step()
        return status, reply.reason

    async def go(self, target: str) -> None:
        assert (await self.post("standby", target=target))[0] == 200
        assert await self.post("go", expect={"standby": target}) == (200, "")

    async def tap(self, number: int, seq: int, total: int, star: str, round_id: str = BEAM) -> PlayReply:
        move = {"total": total, "for": star}
        return (await self.booth.flush(self.booth.submit_move(round_id, number, seq, move)))[0]

    def round(self, round_id: str) -> Round:
        return self.crew.state.rounds[round_id]


@pytest.fixture
async def booths(clients: Clients, tmp_path: Path) -> Booths:
    hall = Hall(clients, tmp_path, STARS)
    await hall.begin()
    await hall.numbers(100)
    crew = Crew(
        STARS,
        hall.rounds,
        ShowLog(clients, STARS.id),
        clients.once,
        Passes(SECRET, STARS.id),
        now=lambda: hall.now_ms,
        rate=lambda: 1.0,
        wall_s=lambda: 0,
        knows_the_time=lambda: True,
    )
    found = Booths(hall, crew)
    await found.step()
    return found


async def test_a_double_minute_and_a_cut_weigh_plays_by_their_arrival_and_the_recount_agrees(
    booths: Booths,
) -> None:
    await booths.go("beam.start")
    await booths.go("beam.open")
    await booths.step(OPEN_LEAD_MS)
    await booths.step(10_000)
    assert (await booths.tap(1, 1, 40, "mei")).status == "counted"
    assert await booths.post("multiply", target=BEAM, factor_bp=20_000, ms=20_000) == (200, "")
    assert await booths.post("multiply", target=BEAM, factor_bp=20_000, ms=20_000) == (422, "already_done")
    reply = await booths.tap(1, 2, 70, "mei")
    assert reply.mine is not None
    assert reply.mine.has == {"for": "mei", "total": 70, "stage": 100, "own": 0, "cap": 200, "fan": False}
    await booths.step(20_000)
    assert (await booths.tap(2, 1, 50, "ana")).status == "counted"
    await booths.step(29_999)
    await booths.tap(2, 2, 60, "ana")
    # the clock has cut the stage off, whether or not the conductor has said so yet
    booths.hall.now_ms += 1
    late = await booths.tap(2, 3, 90, "ana")
    assert late.status == "counted"
    assert late.mine is not None
    assert late.mine.has == {"for": "ana", "total": 90, "stage": 60, "own": 30, "cap": 200, "fan": False}
    await booths.step()
    assert booths.round(BEAM).cut_at_ms == booths.hall.now_ms
    over = await booths.tap(1, 3, 500, "mei")
    assert over.mine is not None
    assert (over.mine.has["total"], over.mine.has["own"]) == (200, 130)
    assert over.refused == [[201, "over_cap"]]
    await booths.step(15_000)
    assert (await booths.tap(2, 4, 91, "ana")).reason == "locked"
    await booths.step(GRACE_MS)
    found = booths.round(BEAM)
    assert found.shut
    assert found.tally == {
        "voters": 2, "choices": {"mei": 100, "ana": 60}, "own": {"mei": 130, "ana": 30},
    }  # fmt: skip
    opened_round = booths.hall.rounds.opened(found)
    slots = await Box(booths.hall.clients.once, BEAM, opened_round.layout.width).slots(0)
    assert recount(opened_round.layout, opened_round.tally.counts, [slots]) == found.counters


@pytest.mark.parametrize(
    "said",
    [
        {"target": BEAM},
        {"target": BEAM, "factor_bp": 20_000},
        {"target": BEAM, "factor_bp": 1, "ms": 60_000},
        {"target": BEAM, "factor_bp": 20_000, "ms": -5},
    ],
)
async def test_a_multiply_without_sense_is_refused_by_the_api_with_its_limits(
    booths: Booths, said: dict[str, Any]
) -> None:
    await booths.go("beam.start")
    await booths.go("beam.open")
    said_post = CuePost(id="x", cue="multiply", **said)
    status, reply = await booths.crew.post(said_post, MEI)
    assert (status, reply.reason) == (422, "bad_cue")
    assert "10000 to 50000" in reply.detail


async def test_a_round_is_voided_and_run_again_through_the_crew_s_api(booths: Booths) -> None:
    await booths.go("beam.start")
    await booths.go("beam.open")
    await booths.step(5_000)
    assert (await booths.tap(1, 1, 40, "mei")).status == "counted"
    assert await booths.post("void", target=BEAM) == (422, "reason_needed")
    generation = booths.round(BEAM).generation
    stale = {"round": BEAM, "generation": generation - 1}
    assert (await booths.post("void", target=BEAM, reason="slipped", expect=stale))[0] == 409
    named = {"round": BEAM, "generation": generation}
    assert await booths.post("void", target=BEAM, reason="the beam slipped", expect=named) == (200, "")
    await booths.step()
    refused = await booths.tap(1, 2, 50, "mei")
    assert (refused.status, refused.reason) == ("refused", "locked")
    await booths.go("beam.open")
    await booths.step(5_000)
    again = "stars/beam/2"
    first = await booths.tap(1, 1, 7, "ana", again)
    assert first.mine is not None
    assert first.mine.has["stage"] == 7, "the new round knows nothing of the void one"
    await booths.step(60_000)
    await booths.step(15_000 + GRACE_MS)
    assert booths.round(again).tally["choices"] == {"mei": 0, "ana": 7}
    assert booths.round(BEAM).void
    counting = booths.crew.state.counting_round("beam")
    assert counting is not None
    assert counting.id == again
    shown = booths.crew.desk(booths.hall.now_ms, "Mei")
    assert [found.state for found in shown.rounds] == ["void", "locked"]


async def test_sixty_four_choices_go_from_the_phone_to_the_desk_each_counted(booths: Booths) -> None:
    await booths.go("songs.start")
    await booths.go("songs.open")
    songs = "stars/songs/1"
    plays = [
        booths.booth.submit(songs, number, 1, f"song-{number}", f"song-{(number + 1) % MANY}")
        for number in range(MANY)
    ]
    assert {reply.status for reply in await booths.booth.flush(*plays)} == {"counted"}
    four = await booths.booth.play(songs, 70, 1, *(f"song-{place}" for place in range(4)))
    assert (four.status, four.reason) == ("refused", "bad_move"), "three are allowed"
    await booths.go("songs.lock")
    await booths.step(GRACE_MS)
    found = booths.crew.desk(booths.hall.now_ms, "Mei").rounds[0]
    assert [choice.count for choice in found.choices] == [2] * MANY
    assert (found.voters, len(found.tied)) == (MANY, MANY)
    assert [channel.voters for channel in found.channels] == [MANY, 0]
