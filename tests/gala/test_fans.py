"""The top fans: against a plain sort of all slots, then through a real box, conductor and edge."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.conductor import Snapshot
from gala.fans import FANS_MAX, Fan, FanScan, Kept
from gala.rounds import FANS_TOLD
from gala.store import keys
from gala.store.clients import Clients
from games.game import Fans
from tests.gala.hall import Hall
from tests.gala.phones import Phone, running
from tests.gala.stars import STARS
from voting.box import PAGE, Box
from voting.layout import FLAG_CONSENT, Layout

BEAM = "stars/beam/1"
LAYOUT = Layout.of(star="u8", total="u16", stage="u32", own="u32")
FANS = Fans(score="stage", choice="star", per=10)
STEP = 4  # slots a slice in these tests
Slot = tuple[int, bool]  # points in tenths, and whether they agree

slots = st.tuples(st.one_of(st.integers(0, 90), st.integers(0, 2**32 - 1)), st.booleans())


def packed(slot: Slot) -> bytes:
    score, agrees = slot
    flags = FLAG_CONSENT if agrees else 0
    body = {"star": 1, "total": 1, "stage": score, "own": 7}
    return LAYOUT.pack({"seq": 1, "channel": 0, "flags": flags, **body})


def step(scan: FanScan, crowd: list[Slot]) -> None:
    ranges = scan.wanted(len(crowd))
    scan.look(len(crowd), ranges, [b"".join(packed(crowd[n]) for n in numbers) for numbers in ranges])


def plainly(crowd: list[Slot]) -> list[Kept]:
    agree = [(score, -n) for n, (score, agrees) in enumerate(crowd) if agrees and score >= FANS.per]
    return [Kept(-n, 1, score) for score, n in sorted(agree, reverse=True)[:FANS_MAX]]


@given(st.lists(slots, max_size=60), st.lists(slots, max_size=60), st.integers(0, 20))
@settings(deadline=None, max_examples=150)
def test_once_round_unchanged_slots_the_scan_has_exactly_the_first_ten_of_those_who_agree(
    before: list[Slot], crowd: list[Slot], steps: int
) -> None:
    scan = FanScan(LAYOUT, FANS, STEP)
    crowd = crowd + before[len(crowd) :]  # numbers are never taken back
    for _ in range(steps):
        step(scan, before)
    lap = -(-len(crowd) // STEP)
    for _ in range(2 * lap):  # at most one lap ends that began earlier, then a whole one
        step(scan, crowd)
    assert scan.best() == plainly(crowd)
    for _ in range(lap):
        step(scan, crowd)
        assert scan.best() == plainly(crowd), "and it stays so"


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_nobody_is_shown_who_does_not_agree_when_the_step_is_made(data: st.DataObject) -> None:
    scan = FanScan(LAYOUT, FANS, STEP)
    crowd = data.draw(st.lists(slots, min_size=1, max_size=30))
    for _ in range(data.draw(st.integers(1, 25))):
        for number in data.draw(st.lists(st.integers(0, len(crowd) - 1), max_size=6)):
            crowd[number] = data.draw(slots)
        crowd += data.draw(st.lists(slots, max_size=3))
        step(scan, crowd)
        shown = scan.best()
        assert len(shown) <= FANS_MAX
        assert [kept for kept in shown if crowd[kept.number] != (kept.score, True)] == []
        assert shown == sorted(shown, key=lambda kept: (-kept.score, kept.number))


@given(st.integers(0, 300_000), st.integers(0, 100))
@settings(deadline=None, max_examples=50)
def test_a_step_reads_a_slice_and_whom_it_keeps_however_great_the_crowd(numbers: int, steps: int) -> None:
    scan = FanScan(LAYOUT, FANS, STEP)
    for _ in range(steps):
        ranges = scan.wanted(numbers)
        assert sum(len(one) for one in ranges) <= STEP + 2 * FANS_MAX
        assert all(one.start // PAGE == (one.stop - 1) // PAGE for one in ranges)
        scan.look(numbers, ranges, [packed((50, True)) * len(one) for one in ranges])


# ---------------------------------------------------------------- through a real store


async def test_a_box_reads_runs_of_slots_whole_written_or_not(clients: Clients) -> None:
    box = Box(clients.once, "stars/beam/9", 2)
    await clients.once.setrange("box:{stars/beam/9#1}:slots", 4, b"ab")
    found = await box.read([range(PAGE, PAGE + 4), range(3), range(PAGE + 2, PAGE + 3)])
    assert found == [b"\0\0\0\0ab\0\0", bytes(6), b"ab"]
    for wrong in (range(0), range(0, 4, 2), range(PAGE - 1, PAGE + 1)):
        with pytest.raises(ValueError, match="no run of slots of one page"):
            await box.read([wrong])


async def test_a_snapshot_names_who_agrees_and_forgets_them_in_the_step_after_they_say_no(
    clients: Clients, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path, STARS)
    await hall.begin()
    await hall.numbers(100)
    conductor, booth = hall.conductor(), hall.booth()

    async def stepped() -> list[Fan]:
        hall.now_ms += 1_000
        await conductor.step(hall.now_ms)
        await booth.follower.read()
        packed = await clients.once.get(keys.tally(BEAM))
        assert isinstance(packed, bytes)
        return msgspec.msgpack.decode(packed, type=Snapshot).fans

    async def tap(number: int, seq: int, total: int, star: str, *, fan: bool) -> str:
        move = {"total": total, "for": star, "fan": fan}
        return (await booth.flush(booth.submit_move(BEAM, number, seq, move)))[0].status

    await hall.go("beam.start")
    await hall.go("beam.open")
    hall.now_ms += 20_000
    await stepped()
    assert await tap(7, 1, 200, "mei", fan=False) == "counted"
    assert await tap(8, 1, 150, "ana", fan=True) == "counted"
    assert await tap(9, 1, 160, "mei", fan=True) == "counted"
    assert await stepped() == [Fan(9, "mei", 160), Fan(8, "ana", 150)]
    # at the cap, where no tap can change anything any more, a yes and a no are still heard
    assert await tap(7, 2, 200, "mei", fan=True) == "counted"
    assert [fan.number for fan in await stepped()] == [7, 9, 8]
    assert await tap(7, 3, 200, "mei", fan=False) == "counted"
    assert await tap(9, 2, 3, "mei", fan=False) == "counted", "a device that is behind is heard too"
    assert await stepped() == [Fan(8, "ana", 150)]


def fans_in(tally: Any) -> Any:
    return tally["counters"].get("fans", [])


def later_than(seq: int) -> Callable[[Any], bool]:
    return lambda tally: bool(tally["seq"] > seq)


async def test_a_seat_is_told_when_the_picture_has_it_and_no_longer_than_its_viewer_agrees(
    valkey_url: str, clients: Clients, tmp_path: Path
) -> None:
    async with running(valkey_url, tmp_path, rundown=STARS) as stage:
        phones = [await Phone.connect(stage, channel=channel) for channel in ("hall", "hall", "cable")]
        eager, quiet, behind = phones

        def frames() -> bytes:
            return b"".join(msgpack.packb(heard) for phone in phones for heard in phone.heard)

        async def tap(phone: Phone, seq: int, total: int, **more: Any) -> Any:
            move = {"total": total, "for": "mei", **more}
            return await phone.ask("play", {"round": BEAM, "seq": seq, "at_ms": 0, "move": move})

        for phone in phones:
            await phone.hear("welcome")
        seat = (await eager.ask("enter", {}))["mine"]["number"]
        await quiet.ask("enter", {})
        await stage.go("beam.start")
        await stage.go("beam.open")
        await stage.until(quiet.hear("show", lambda show: show.get("round")))
        stage.wait(5)
        assert (await tap(quiet, 1, 30))["status"] == "counted"
        assert (await tap(eager, 1, 20))["status"] == "counted"
        await stage.until(eager.hear("tally", lambda tally: tally["counters"]["voters"] == 2))
        assert b"seat" not in frames(), "two have played, and nobody agrees"

        agreed = await tap(eager, 2, 20, fan=True)
        agreed_at_ms = stage.evening.clock.now_ms()
        assert (agreed["status"], agreed["mine"]["has"]["fan"]) == ("counted", True)
        told = await stage.until(eager.hear("tally", fans_in))
        assert fans_in(told) == [{"seat": seat, "for": "mei", "points": 20}]
        assert not [heard for heard in behind.heard if b"seat" in msgpack.packb(heard)]
        stage.wait(18)
        await stage.until(behind.hear("tally", fans_in))
        first_at_ms = next(at for name, said, at in behind.heard if name == "tally" and fans_in(said))
        assert first_at_ms >= agreed_at_ms + 20_000, "not before its picture shows it"

        assert (await tap(eager, 3, 20, fan=False))["mine"]["has"]["fan"] is False
        for phone in (eager, behind):
            newest = [said["seq"] for name, said, _ in phone.heard if name == "tally"][-1]
            await stage.until(phone.hear("tally", later_than(newest + 1_500)))
            last = [said for name, said, _ in phone.heard if name == "tally"][-1]
            assert b"seat" not in msgpack.packb(last)
        assert last["seq"] < stage.evening.clock.now_ms() - 19_000, "though they agreed at that instant"
        assert b"\xa4seat" in frames()
        for phone in phones:
            await phone.close()


def test_the_board_tells_a_few_of_those_who_are_kept() -> None:
    assert 0 < FANS_TOLD < FANS_MAX, "the rest fill up when one of the few says no"
