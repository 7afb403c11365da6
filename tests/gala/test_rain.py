"""A rain from the first envelope to the wallet: rules on a story, then real roles on a real store."""

import asyncio
from pathlib import Path

import pytest

from gala import embargo, protocol
from gala.edge import wallet
from gala.edge.audience import Audience, Tuning
from gala.rounds import Rounds
from gala.rundown.file import Reading, load, read
from gala.show.reasons import Reason
from gala.store import keys
from gala.store.clients import Clients
from gala.view import show
from rewards.evidence.checks import verify_bundle
from tests.gala.hall import Hall, submit
from tests.gala.story import Story

RAIN = load(Path("gala/rundowns/rain.toml"))
ROUND = "rain/red-envelopes/1"
SOURCE = Path("gala/rundowns/rain.toml").read_text("utf-8")


# ---------------------------------------------------------------- the rundown


def test_a_deck_is_in_the_rundown_to_the_unit_and_phones_are_told_its_odds() -> None:
    (prize,) = RAIN.segment("red-envelopes").draws[0].prizes
    assert prize.deck is not None
    assert (prize.count, prize.budget_minor) == (40, 200_00)
    assert 1_00 <= prize.deck.least_minor < prize.deck.most_minor == prize.face_minor <= 50_00


def faults(before: str, after: str) -> list[str]:
    assert before in SOURCE
    return [fault.message for fault in reading(before, after).faults]


def reading(before: str, after: str) -> Reading:
    return read(SOURCE.replace(before, after, 1).encode(), Path("gala/rundowns"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("budget_minor = 200_00", "budget_minor = 39_00", "40 envelopes of at least 100 need 4000"),
        ("budget_minor = 200_00", "budget_minor = 2_001_00", "40 envelopes of at most 5000 hold 200000"),
        ('shape = "lucky"', 'shape = "round"', "no shape 'round': one of even, slope, lucky"),
        ("envelopes = 40", "envelopes = 0", "`envelopes` must be at least 1"),
        ("envelopes = 40", "envelope = 40", "`envelopes` is missing"),
        ('channels = ["hall", "aerial"]', 'channels = ["hall", "arial"]', "there is no channel 'arial'"),
        ('channels = ["hall", "aerial"]', 'channels = ["hall", "app"]', "`app` is in draws 1 and 2 at once"),
        ('channels = ["hall", "aerial"]\n', "", "each of several draws names the `channels` it is for"),
        ("number = 2", "number = 1", "draw number 1 is red-envelopes's already"),
        ("[segments.draw.deck]", "[[segments.draw.prizes]]\n[segments.draw.deck]", "a `deck`"),
    ],
)
def test_a_wrong_deck_is_a_fault_in_words(before: str, after: str, said: str) -> None:
    assert any(said in fault for fault in faults(before, after)), faults(before, after)


def test_a_rain_without_envelopes_is_a_fault_and_a_channel_without_a_deck_is_warned_of() -> None:
    bare = SOURCE[: SOURCE.index("[[segments.draw]]")] + SOURCE[SOURCE.index("[segments.cues]") :]
    found = read(bare.encode(), Path("gala/rundowns"))
    assert any("a rain needs a draw" in fault.message for fault in found.faults)
    warned = reading('channels = ["hall", "aerial"]', 'channels = ["hall"]')
    assert warned.faults == []
    assert any("`aerial` is in no draw" in fault.message for fault in warned.warnings)


# ---------------------------------------------------------------- the show


def rained() -> Story:
    """It has rained, and every gate is shut."""
    story = Story(RAIN)
    assert story.go("red-envelopes.start") is None
    story.wait(26)
    story.shut(ROUND, voters=3)
    return story


def states(story: Story) -> list[str]:
    return [drawing.state for drawing in story.state.draws.values()]


def frozen(story: Story) -> bool:
    return all(drawing.frozen_at_ms > 0 for drawing in story.state.draws.values())


def drawn(story: Story, *numbers: int) -> None:
    for number in numbers:
        story.must("drawn", draw=number, winners=3)


def test_what_follows_by_itself_waits_for_the_box_and_for_every_draw() -> None:
    story = rained()
    story.wait(20)
    assert not frozen(story), "the box is not sealed yet"
    story.seal(ROUND)
    story.wait(0)
    assert frozen(story)
    for number in (1, 2):
        story.must("rostered", draw=number, root="00", entrants=3, tickets=3)
        story.freeze(number)
    drawn(story, 1)
    story.wait(60)
    assert states(story) == ["drawn", "frozen"], "one of them is not drawn: nothing is announced"
    drawn(story, 2)
    story.wait(0)
    assert states(story) == ["announced", "announced"]


def test_envelopes_are_opened_while_another_segment_is_on_air() -> None:
    story = rained()
    assert story.go("goodbye.start") is None
    assert story.state.on_air == "goodbye"
    story.seal(ROUND)
    story.wait(1)
    assert frozen(story)
    for number in (1, 2):
        story.freeze(number)
    drawn(story, 1, 2)
    story.wait(1)
    assert states(story) == ["announced", "announced"]


def test_envelopes_are_opened_when_the_evening_has_ended_and_its_bundle_waits_for_them() -> None:
    story = rained()
    assert story.go("goodbye.start") is None
    story.wait(6)
    assert story.state.phase == "ended"
    story.seal(ROUND)
    story.wait(1)
    assert frozen(story)
    for number in (1, 2):
        story.freeze(number)
    drawn(story, 1)
    assert embargo.awaited(RAIN, story.state)
    drawn(story, 2)
    story.wait(1)
    assert states(story) == ["announced", "announced"]
    assert not embargo.awaited(RAIN, story.state)
    opened_ms = max(drawing.announced_at_ms for drawing in story.state.draws.values())
    assert embargo.bundle_at_ms(RAIN, story.state) == opened_ms + 8_000 + 1_000


def test_it_does_not_rain_again_once_the_rosters_are_frozen() -> None:
    story = rained()
    story.seal(ROUND)
    story.wait(1)
    assert story.go("red-envelopes.open") is Reason.ALREADY_DONE


def test_a_freeze_before_the_rain_is_refused() -> None:
    story = Story(RAIN)
    assert story.go("red-envelopes.start") is None
    assert story.go("red-envelopes.freeze") is Reason.UNKNOWN_ROUND


def told(story: Story, channel: int) -> protocol.Show:
    rounds = Rounds(RAIN, bytes(32))
    return show(
        RAIN,
        story.state,
        story.state,
        step=1,
        delay_ms=0,
        channel=channel,
        public=lambda round_: rounds.public(round_, max(channel, 0), story.at_ms),
        text_of=str,
    )


def test_every_channel_is_told_of_its_own_envelopes() -> None:
    story = rained()
    views = [told(story, channel).draw for channel in (-1, 0, 1, 2)]
    assert [view.draw for view in views if view is not None] == [1, 1, 1, 2]
    view = views[-1]
    assert view is not None
    (prize,) = view.prizes
    assert prize.count == 20
    assert 1_00 <= prize.least_minor < prize.face_minor <= 50_00
    hall = views[0]
    assert hall is not None
    assert [prize.count for prize in hall.prizes] == [40, 20], "on air all of them are one"


def test_an_envelope_is_told_of_while_another_segment_is_on_air() -> None:
    story = rained()
    assert told(story, 0).envelopes == [], "it is on air itself"
    assert story.go("goodbye.start") is None
    assert [(view.round, view.draw, view.state) for view in told(story, 2).envelopes] == [(ROUND, 2, "armed")]
    story.seal(ROUND)
    story.wait(1)
    for number in (1, 2):
        story.freeze(number)
    (waiting,) = told(story, 0).envelopes
    assert (waiting.draw, waiting.state, waiting.beacon_at_ms) == (1, "frozen", story.at_ms)
    drawn(story, 1, 2)
    story.wait(1)
    (opened,) = told(story, 0).envelopes
    assert (opened.state, opened.announced_at_ms) == ("announced", story.at_ms - 1_000)
    assert told(story, -1).envelopes == [], "on air nobody has one"


def test_no_envelope_waits_from_a_rain_that_was_called_off() -> None:
    story = rained()
    story.must("void", target=ROUND, reason="the feed was down")
    assert story.go("goodbye.start") is None
    assert told(story, 0).envelopes == []


# ---------------------------------------------------------------- on real stores


async def grab(hall: Hall, channel: str, numbers: range) -> None:
    """These viewers of a channel catch one each, now; some touch it twice."""
    booth = hall.booth()
    await booth.follower.read()
    seat = Audience(hall.rundown, booth.follower.history.delay_ms).seat(Tuning(channel=channel))
    seat.cohort.visible = booth.follower.state
    for seq in (1, 2):
        waiting = [submit(booth.plays, ROUND, number, seq, seat.cohort, {}) for number in numbers]
        replies = await booth.flush(*[asyncio.get_running_loop().create_task(one) for one in waiting])
        assert {reply.status for reply in replies} == {"counted" if seq == 1 else "already"}


async def amounts(hall: Hall) -> dict[tuple[int, int], int]:
    """(draw, viewer) -> what stands in the wallet; 0 for an envelope that held nothing."""
    found: dict[tuple[int, int], int] = {}
    pages: dict[bytes, bytes] = await hall.clients.once.hgetall(keys.wallet(hall.rundown.id))  # type: ignore[assignment]
    for name in pages:
        viewer, draw, *of = name.decode().split("/")
        if not of:
            _, held = wallet.read(
                [pages.get(one.encode()) for one in wallet.fields(int(viewer), [int(draw)])]
            )
            found[int(draw), int(viewer)] = sum(voucher.face_minor for voucher in held)
    return found


async def evening(
    hall: Hall, *, silent_until_ms: int = 0, kill_after_ms: int = 0, grabs: tuple[range, range]
) -> None:
    """The whole evening until it is published. grabs: who catches one in the hall, and who on the app."""
    await hall.begin()
    await hall.numbers(128)
    conductor, register = hall.conductor(), await hall.register()
    notary = hall.notary(register, silent_until_ms=silent_until_ms)
    for now_ms in hall.evening():
        await hall.direct()
        await conductor.step(now_ms)
        await hall.desk.read()
        round_ = hall.state.rounds.get(ROUND)
        ran_ms = now_ms - round_.opened_at_ms if round_ is not None else -1
        if ran_ms == 2_000:
            await grab(hall, "hall", grabs[0])
        elif ran_ms == 12_000 and not kill_after_ms:
            await grab(hall, "app", grabs[1])
        if kill_after_ms and ran_ms == kill_after_ms:
            await hall.call({"cue": "kill", "reason": "smoke on stage"}, "kill")
        elif kill_after_ms and ran_ms == kill_after_ms + 5_000:
            await hall.call({"cue": "resume"}, "resume")
        await notary.step(now_ms)
        if silent_until_ms and now_ms == silent_until_ms - 500:
            assert [drawing.state for drawing in hall.state.draws.values()] == ["frozen", "frozen"]
            assert await amounts(hall) == {}, "an envelope stays sealed until its number comes"
        if notary.published.is_set():
            assert [equation for equation in await register.equations() if not equation.holds] == []
            assert [str(check) for check in verify_bundle(hall.folder / "bundle") if not check.ok] == []
            await register.close()
            return
    pytest.fail("nothing was published")


async def returned(hall: Hall) -> dict[str, int]:
    """By draw, what the ledger says went back at once."""
    rows = [line.split(",") for line in (hall.folder / "bundle/ledger.csv").read_text().splitlines()[1:]]
    return {row[3]: int(row[11]) for row in rows if row[7] == "leftover"}


async def test_sixty_envelopes_over_two_channels_end_in_wallets_and_the_rest_goes_back(
    clients: Clients, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path, RAIN)
    await evening(hall, grabs=(range(70), range(70, 85)))
    found = await amounts(hall)
    first = [amount for (draw, _), amount in found.items() if draw == 1]
    assert (len(first), sum(map(bool, first)), sum(first)) == (70, 40, 200_00)
    second = {viewer: amount for (draw, viewer), amount in found.items() if draw == 2}
    assert set(second) == set(range(70, 85))
    assert all(second.values()), "more envelopes than hands: nobody goes without"
    assert await returned(hall) == {"2": 100_00 - sum(second.values())}


async def test_a_late_beacon_is_waited_for_and_the_envelopes_stay_sealed(
    clients: Clients, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path, RAIN)
    await evening(hall, silent_until_ms=RAIN.starts_at_ms + 90_000, grabs=(range(10), range(10, 12)))
    assert len(await amounts(hall)) == 12


async def test_a_kill_mid_rain_leaves_what_was_shown_and_returns_the_rest(
    clients: Clients, tmp_path: Path
) -> None:
    """A20: the hall had three seconds of it, the app none; what was caught by then stays valid."""
    hall = Hall(clients, tmp_path, RAIN)
    await evening(hall, kill_after_ms=3_000, grabs=(range(10), range(0)))
    found = await amounts(hall)
    assert set(found) == {(1, viewer) for viewer in range(10)}
    assert all(found.values())
    assert await returned(hall) == {"1": 200_00 - sum(found.values()), "2": 100_00}
