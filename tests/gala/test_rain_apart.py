"""A rain whose decks are dealt apart: the hall's is drawn while the app still plays, and nobody gains by it.

Most here is a race: a play judged before its channel closed, held back, and applied after; a second number's
channel declared anew; a conductor that froze. What was drawn from must stay what the box says at the end.
"""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from gala import protocol
from gala.as_run import as_run
from gala.edge.audience import Audience, Tuning
from gala.notary import Notary
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.rundown.file import Reading, read
from gala.show.reasons import Reason
from gala.show.refusals import refusal
from gala.store.clients import Clients
from gala.view import show
from rewards.evidence.checks import verify_bundle
from tests.gala.hall import Booth, Hall, submit
from tests.gala.story import Story
from tests.gala.test_rain import amounts, returned
from voting.box import Box

ROUND = "rain/red-envelopes/1"
TOGETHER = Path("gala/rundowns/rain.toml").read_text("utf-8")
APART = "\n".join(
    {"channels": f"{line}\napart = true", "freeze": "", "announce": ""}.get(line.split(" ")[0], line)
    if "= [" in line or line.startswith(("freeze", "announce"))
    else line
    for line in TOGETHER.splitlines()
)


def reading(before: str = "", after: str = "") -> Reading:
    assert before in APART
    return read(APART.replace(before, after, 1).encode(), Path("gala/rundowns"))


def rundown() -> Rundown:
    found = reading().rundown
    assert found is not None, reading().faults
    return found


RAIN = rundown()
HALL_AND_AERIAL, APP = [0, 1], [2]


# ---------------------------------------------------------------- the rundown


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("apart = true", "apart = 1", "`apart` must be"),
        ("apart = true\n", "", "`apart`: all of a segment's draws are, or none"),
        ('channels = ["hall", "aerial"]', "", "`apart` is for `channels`"),
        ("apart = true", "apart = true\ncap_with = [1]", "without `cap_with`"),
        ('end = "after 10s"', 'freeze = "go"\nannounce = "go"\nend = "go"', "are dealt by themselves"),
        ("apart = true", 'apart = true\nfrom = ["welcome"]', "`apart` is for `channels`"),
    ],
)
def test_what_cannot_be_dealt_apart_is_a_fault_in_words(before: str, after: str, said: str) -> None:
    found = [fault.message for fault in reading(before, after).faults]
    assert any(said in message for message in found), found


# ---------------------------------------------------------------- the show


def locked() -> Story:
    """It has rained in the hall, and the app still plays."""
    story = Story(RAIN)
    assert story.go("red-envelopes.start") is None
    story.wait(2 + 1 + 15)
    assert story.round(ROUND).locked_at_ms
    return story


def test_a_round_closes_on_a_channel_once_it_is_locked_and_before_all_gates_are_shut() -> None:
    story = Story(RAIN)
    assert story.go("red-envelopes.start") is None
    story.wait(10)
    close = {"cue": "close", "target": ROUND, "channels": HALL_AND_AERIAL}
    assert story.do(close) is Reason.NOT_LOCKED
    story.wait(10)
    assert story.do({**close, "cue": "closed"}) is Reason.NOT_LOCKED, "nobody has closed it yet"
    before = story.round(ROUND).generation
    assert story.do(close) is None
    assert story.round(ROUND).generation == before + 1, "what was judged before is judged again"
    assert story.do(close) is Reason.ALREADY_DONE
    assert story.do({**close, "channels": [7]}) is Reason.UNKNOWN_CHANNEL
    assert story.do({**close, "channels": []}) is Reason.BAD_CUE
    story.must("closed", target=ROUND, channels=HALL_AND_AERIAL)
    story.shut(ROUND)
    assert story.do({**close, "channels": APP}) is Reason.ALREADY_DONE


def test_a_roster_is_fixed_when_its_own_channels_have_closed_and_opens_when_it_is_drawn() -> None:
    story = locked()
    assert story.do({"cue": "freeze_draw", "draw": 1, "numbers": 9}) is Reason.NOT_LOCKED
    story.must("close", target=ROUND, channels=HALL_AND_AERIAL)
    assert story.do({"cue": "freeze_draw", "draw": 1, "numbers": 9}) is Reason.NOT_LOCKED, "a gate may lag"
    story.must("closed", target=ROUND, channels=HALL_AND_AERIAL)
    assert story.do({"cue": "freeze_draw", "draw": 2, "numbers": 9}) is Reason.NOT_LOCKED
    assert story.do({"cue": "freeze_draw", "draw": 1}) is Reason.BAD_CUE
    freeze = {"cue": "freeze_draw", "draw": 1, "numbers": 9}
    real = replace(story.state, rehearsal=False)
    assert refusal(RAIN, real, freeze, story.at_ms) is Reason.NOT_COMMITTED
    story.must("freeze_draw", draw=1, numbers=9)
    assert story.do({"cue": "freeze_draw", "draw": 1, "numbers": 9}) is Reason.ALREADY_DONE
    story.must("rostered", draw=1, root="00", entrants=3, tickets=3)
    story.freeze(1)
    story.must("drawn", draw=1, winners=3)
    assert [drawing.state for drawing in story.state.draws.values()] == ["announced", "armed"]
    assert story.do({"cue": "void", "target": ROUND, "reason": "late"}) is Reason.ALREADY_DONE
    assert told(story, -1) == ("armed", 0), "on air no more is said than is true of all"
    assert told(story, 0) == ("announced", 3)
    assert told(story, 2) == ("armed", 0)


def told(story: Story, channel: int) -> tuple[str, int]:
    rounds = Rounds(RAIN, bytes(32))
    found: protocol.Show = show(
        RAIN,
        story.state,
        story.state,
        step=1,
        delay_ms=0,
        channel=channel,
        public=lambda round_: rounds.public(round_, max(channel, 0), story.at_ms),
        text_of=str,
    )
    assert found.draw is not None
    return found.draw.state, found.draw.winners


def test_a_round_that_is_called_off_after_a_close_fixes_no_roster() -> None:
    story = locked()
    story.must("close", target=ROUND, channels=HALL_AND_AERIAL)
    story.must("closed", target=ROUND, channels=HALL_AND_AERIAL)
    story.must("void", target=ROUND, reason="the feed was down")
    assert story.do({"cue": "freeze_draw", "draw": 1, "numbers": 9}) is Reason.UNKNOWN_ROUND


# ---------------------------------------------------------------- on real stores


class Rainfall:
    """An evening up to the fall on both ways of watching: these in the hall hold one each, those on the app
    still may catch one."""

    def __init__(self, clients: Clients, folder: Path) -> None:
        self.hall = Hall(clients, folder, RAIN)
        self.conductor = self.hall.conductor()

    async def begin(self) -> Notary:
        await self.hall.begin()
        await self.hall.numbers(128)
        self.register = await self.hall.register()
        self.notary = self.hall.notary(self.register)
        return self.notary

    async def until(self, ran_ms: int) -> None:
        """Up to so long after the rain began in the hall."""
        for now_ms in self.hall.evening():
            round_ = self.hall.state.rounds.get(ROUND)
            if round_ is not None and now_ms >= round_.opened_at_ms + ran_ms:
                return
            await self.step()

    async def step(self) -> None:
        await self.hall.direct()
        await self.conductor.step(self.hall.now_ms)
        await self.notary.step(self.hall.now_ms)
        await self.hall.desk.read()

    def watch(self, booth: Booth, channel: str) -> "Watcher":
        return Watcher(booth, channel)

    async def slots(self, *numbers: int) -> list[bytes]:
        """seq, channel, flags and the grab of each."""
        box = Box(self.hall.clients.once, ROUND, 5)
        return [await box.slot(number) for number in numbers]

    async def end(self) -> list[str]:
        """The rest of the evening; the checks of its bundle that fail."""
        for _ in self.hall.evening():
            await self.step()
            if self.notary.published.is_set():
                break
        assert [one for one in await self.register.equations() if not one.holds] == []
        await self.register.close()
        return [str(check) for check in verify_bundle(self.hall.folder / "bundle") if not check.ok]


class Watcher:
    """Viewers who watch by one way, at one booth."""

    def __init__(self, booth: Booth, channel: str) -> None:
        self.booth = booth
        history = booth.follower.history
        self.seat = Audience(RAIN, history.delay_ms).seat(Tuning(channel=channel))

    def grab(self, number: int, seq: int = 1) -> "asyncio.Task[protocol.PlayReply]":
        self.seat.cohort.visible = self.booth.follower.state
        play = submit(self.booth.plays, ROUND, number, seq, self.seat.cohort, {})
        return asyncio.get_running_loop().create_task(play)

    async def grabs(self, *numbers: int) -> list[str]:
        await self.booth.follower.read()
        replies = await self.booth.flush(*[self.grab(number) for number in numbers])
        return [f"{reply.status} {reply.reason or ''}".strip() for reply in replies]


async def test_the_hall_s_envelopes_are_drawn_from_a_sealed_part_while_the_app_still_plays(
    clients: Clients, tmp_path: Path
) -> None:
    rain = Rainfall(clients, tmp_path)
    await rain.begin()
    await rain.until(4_000)
    booth = rain.hall.booth()
    assert set(await rain.watch(booth, "hall").grabs(*range(50))) == {"counted"}
    await rain.until(20_000)
    assert rain.hall.state.draws[1].root, "fixed 3.5 s after the lock, and a step or two"
    assert not rain.hall.state.draws[2].frozen_at_ms
    assert set(await rain.watch(booth, "app").grabs(*range(50, 75))) == {"counted"}
    assert await rain.end() == []
    found = await amounts(rain.hall)
    assert sum(map(bool, found.values())) == 60
    assert {draw for draw, number in found if number < 50} == {1}
    assert await returned(rain.hall) == {}


async def test_a_grab_judged_before_its_channel_closed_counts_nowhere_after(
    clients: Clients, tmp_path: Path
) -> None:
    """An edge that froze with plays in its hands, in time on both channels, as one of them closed."""
    rain = Rainfall(clients, tmp_path)
    await rain.begin()
    await rain.until(17_500)
    rain.hall.now_ms += 450  # 50 ms before the aerial's picture is over
    frozen = rain.hall.booth()
    await frozen.follower.read()
    held = rain.watch(frozen, "aerial").grab(7)
    on_app = rain.watch(frozen, "app").grab(8)
    await asyncio.sleep(0)
    rain.hall.now_ms += 550
    await rain.step()
    assert rain.hall.state.rounds[ROUND].closed == (0, 1)
    await frozen.plays.flush()
    await asyncio.sleep(0)
    assert [task.done() for task in (held, on_app)] == [False, False], "not applied under what was before"
    await frozen.follower.read()
    replies = await frozen.flush(held, on_app)
    assert [(reply.status, reply.reason) for reply in replies] == [("refused", "locked"), ("counted", "")]
    assert await rain.slots(7, 8) == [bytes(5), b"\0\1\2\0\1"]
    await rain.register.close()


async def test_whoever_caught_one_in_the_hall_catches_none_on_the_app(
    clients: Clients, tmp_path: Path
) -> None:
    """One number, one slot: another channel declared later moves neither the slot nor its deck."""
    rain = Rainfall(clients, tmp_path)
    await rain.begin()
    await rain.until(4_000)
    booth = rain.hall.booth()
    assert await rain.watch(booth, "hall").grabs(3) == ["counted"]
    await rain.until(19_000)
    app = rain.watch(booth, "app")
    await booth.follower.read()
    (reply,) = await booth.flush(app.grab(3, seq=9))
    assert reply.status == "refused"
    assert await app.grabs(4) == ["counted"]
    late = rain.watch(booth, "hall")
    assert await late.grabs(5) == ["refused locked"], "closed there, whatever a clock says"
    assert [slot[2:3] for slot in await rain.slots(3, 4, 5)] == [b"\0", b"\2", b"\0"]
    assert (await rain.slots(5)) == [bytes(5)]
    await rain.register.close()


async def test_a_conductor_that_froze_opens_no_page_under_what_was_before(
    clients: Clients, tmp_path: Path
) -> None:
    rain = Rainfall(clients, tmp_path)
    await rain.begin()
    await rain.until(4_000)
    frozen, before = rain.hall.conductor("two"), rain.hall.state.rounds[ROUND]
    await frozen.step(rain.hall.now_ms)
    await rain.until(19_000)
    assert rain.hall.state.rounds[ROUND].closed == (0, 1)
    await rain.hall.numbers(70_000)  # so that a page is wanted which nobody has needed before
    await frozen._open(before)
    gates = await Box(rain.hall.clients.once, ROUND, 5).gates(range(2))
    generation = rain.hall.state.rounds[ROUND].generation
    assert generation > before.generation
    assert [gate and gate.generation for gate in gates] == [generation] * 2
    await rain.register.close()


async def test_a_kill_while_the_app_plays_leaves_the_part_and_seals_the_rest(
    clients: Clients, tmp_path: Path
) -> None:
    rain = Rainfall(clients, tmp_path)
    await rain.begin()
    await rain.until(4_000)
    booth = rain.hall.booth()
    assert set(await rain.watch(booth, "hall").grabs(*range(30))) == {"counted"}
    await rain.until(19_000)
    assert await rain.watch(booth, "app").grabs(40) == ["counted"]
    await rain.hall.call({"cue": "kill", "reason": "smoke on stage"}, "kill")
    await rain.step()
    await rain.hall.call({"cue": "resume"}, "resume")
    assert await rain.end() == []
    found = await amounts(rain.hall)
    assert set(found) == {(1, number) for number in range(30)} | {(2, 40)}


async def test_a_notary_killed_anywhere_deals_every_deck_once(clients: Clients, tmp_path: Path) -> None:
    """A fresh notary at each of its steps, which reads the log from its beginning."""
    rain = Rainfall(clients, tmp_path)
    await rain.begin()
    await rain.until(4_000)
    booth = rain.hall.booth()
    assert set(await rain.watch(booth, "hall").grabs(*range(25))) == {"counted"}
    await rain.until(18_000)
    for _ in range(8):
        rain.notary = rain.hall.notary(rain.register)
        rain.hall.now_ms += 500
        await rain.step()
    assert rain.hall.state.draws[1].root
    assert await rain.end() == []
    assert {draw for draw, _ in await amounts(rain.hall)} == {1}


def test_the_as_run_says_which_channels_closed_and_which_draw_was_frozen() -> None:
    story = locked()
    for kind in ("close", "closed"):
        story.must(kind, target=ROUND, channels=HALL_AND_AERIAL)
    story.must("freeze_draw", draw=1, numbers=9)
    said = [line.what for line in as_run(RAIN, story.log)[-3:]]
    assert said == [
        f"close {ROUND} on hall, aerial",
        f"closed {ROUND} on hall, aerial",
        "draw 1 is frozen: its channels have closed",
    ]
