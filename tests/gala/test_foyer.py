"""The line before the hall: the laws of places and times, with clocks that stand until they are moved; and
once through a real server.
"""

import heapq
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.edge.doors.foyer import EARLY_MS, LATE_MS_MAX, LINE, WAIT_MS_MIN, Foyer
from gala.edge.load import ACK_MS, Measured
from gala.protocol.door import Queue
from gala.settings import SettingsFault, read
from gala.store.clients import Clients
from tests.gala.phones import Join, Phone, Refused, Stage, running

KEY = bytes(32)
WORLD_MS = 1_573_385_400_000
RATE = 20
SHARES = st.sampled_from([1 / 16, 1 / 4, 1 / 2, 15 / 16])

arrivals = st.lists(st.integers(0, 3_000), min_size=1, max_size=120).map(sorted)


def foyer_of(rate: int = RATE, name: str = "here", key: bytes = KEY) -> Foyer:
    return Foyer(rate, key=key, name=name)


def newcomer() -> bool:
    return False


def comes_back() -> bool:
    return True


def ask(
    foyer: Foyer, slot: str, now_ms: float, who: Callable[[], bool] = newcomer, ahead_ms: int = 0
) -> Queue | None:
    return foyer.ask(slot, now_ms, WORLD_MS + int(now_ms) + ahead_ms, who)


def told(foyer: Foyer, slot: str, now_ms: float) -> Queue:
    found = ask(foyer, slot, now_ms)
    assert found is not None
    return found


def evening(
    arrive_at_ms: list[int],
    late_ms: list[int],
    share: float = 1.0,
    kind: Callable[[int], Callable[[], bool]] = lambda _who: newcomer,
) -> list[tuple[float, int, int]]:
    """Phones that come back each time when they are told, or so much later: (when it was let in, who, times
    it was sent away), in the order of their being let in. kind: of each of them."""
    foyer = foyer_of()
    foyer.let_in(share)
    due: list[tuple[float, int, int, str]] = [(float(at), n, 0, "") for n, at in enumerate(arrive_at_ms)]
    heapq.heapify(due)
    let_in = []
    while due:
        at_ms, who, times, slot = heapq.heappop(due)
        line = ask(foyer, slot, at_ms, kind(who))
        if line is None:
            let_in.append((at_ms, who, times))
        else:
            after_ms = line.wait_ms + late_ms[who % len(late_ms)]
            heapq.heappush(due, (at_ms + after_ms, who, times + 1, line.slot))
    return let_in


# ---------------------------------------------------------------- laws


@settings(max_examples=30)
@given(arrivals, st.lists(st.integers(0, 20_000), min_size=1, max_size=5))
def test_never_more_are_let_in_within_a_second_than_the_rate_and_a_burst(
    arrive_at_ms: list[int], late_ms: list[int]
) -> None:
    let_in = [at_ms for at_ms, _, _ in evening(arrive_at_ms, late_ms)]
    for start in range(len(let_in)):
        within = sum(let_in[start] <= at_ms < let_in[start] + 1_000 for at_ms in let_in)
        assert within <= 2 * RATE


@settings(max_examples=30)
@given(arrivals)
def test_who_comes_when_told_is_let_in_then_and_in_the_order_of_asking(arrive_at_ms: list[int]) -> None:
    let_in = evening(arrive_at_ms, [0])
    assert [who for _, who, _ in let_in] == sorted(who for _, who, _ in let_in)
    assert all(times <= 1 for _, _, times in let_in)


@settings(max_examples=30)
@given(arrivals, st.lists(st.integers(0, 20_000), min_size=1, max_size=5))
def test_whoever_comes_back_as_told_is_let_in_in_the_end(arrive_at_ms: list[int], late_ms: list[int]) -> None:
    let_in = evening(arrive_at_ms, late_ms)
    assert sorted(who for _, who, _ in let_in) == list(range(len(arrive_at_ms)))
    # everybody in the line, in both lines at worst, and each lateness
    worst_ms = 3_000 + (len(arrive_at_ms) / RATE / (1 - LINE) + 2 * WAIT_MS_MIN / 1_000) * 1_000
    assert all(at_ms <= worst_ms + (times + 1) * max(late_ms) for at_ms, _, times in let_in)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 900), min_size=1, max_size=20).map(sorted))
def test_a_place_falls_while_one_waits_and_no_asking_changes_the_time(looks_ms: list[int]) -> None:
    foyer = foyer_of()
    for _ in range(RATE + 30):
        last = ask(foyer, "", 0)
    assert last is not None
    place, due_ms = last.place, last.wait_ms
    for at_ms in looks_ms:
        line = told(foyer, last.slot, at_ms)
        assert line.place <= place
        assert line.wait_ms == due_ms - at_ms
        place = line.place
    assert ask(foyer, last.slot, due_ms) is None


def test_who_never_waited_is_not_let_past_those_who_do() -> None:
    foyer = foyer_of()
    assert [ask(foyer, "", 0) for _ in range(RATE)] == [None] * RATE
    first = told(foyer, "", 0)
    assert first.place >= 1
    later = told(foyer, "", first.wait_ms - 1)
    assert later.wait_ms >= WAIT_MS_MIN
    assert ask(foyer, first.slot, first.wait_ms) is None


# ---------------------------------------------------------------- slots


def line_of(foyer: Foyer, now_ms: float = 0) -> Queue:
    """The first who has to wait."""
    while (line := ask(foyer, "", now_ms)) is None:
        pass
    return line


def test_a_slot_is_good_at_another_process_of_the_show_and_no_other() -> None:
    line = line_of(foyer_of())
    there = foyer_of(name="there")
    assert told(there, line.slot, 100).wait_ms == line.wait_ms - 100
    assert ask(there, line.slot, line.wait_ms) is None
    stranger = foyer_of(key=bytes(31) + b"x")
    line_of(stranger)
    assert told(stranger, line.slot, 0).slot != line.slot


def test_a_slot_lets_in_one_phone() -> None:
    foyer = foyer_of()
    line = line_of(foyer)
    tail = [told(foyer, "", 0) for _ in range(40)]
    assert ask(foyer, line.slot, line.wait_ms) is None
    again = told(foyer, line.slot, line.wait_ms)
    assert again.slot.split(".")[:2] != line.slot.split(".")[:2]
    assert again.place > told(foyer, tail[-1].slot, line.wait_ms).place, "it stands behind all others"


def test_who_is_late_is_let_in_and_who_is_far_too_late_asks_anew() -> None:
    foyer = foyer_of()
    first, second = line_of(foyer), told(foyer, "", 0)
    assert ask(foyer, first.slot, first.wait_ms + LATE_MS_MAX - 1) is None
    now_ms = second.wait_ms + LATE_MS_MAX + 1
    line_of(foyer, now_ms)
    anew = told(foyer, second.slot, now_ms)
    assert anew.slot.split(".")[1] != second.slot.split(".")[1]


def test_many_who_are_late_together_wait_a_little_and_keep_their_turn() -> None:
    foyer = foyer_of()
    lines = [line_of(foyer), *(told(foyer, "", 0) for _ in range(2 * RATE))]
    now_ms = 20_000.0
    assert [ask(foyer, line.slot, now_ms) for line in lines[:RATE]] == [None] * RATE
    short = told(foyer, lines[RATE].slot, now_ms)
    assert short.wait_ms == WAIT_MS_MIN
    assert short.slot.split(".")[:2] == lines[RATE].slot.split(".")[:2]
    assert ask(foyer, short.slot, now_ms + WAIT_MS_MIN - EARLY_MS) is None


@settings(max_examples=30)
@given(st.text(max_size=60) | st.text("0123456789abcdef.", max_size=60))
def test_what_nobody_signed_is_as_good_as_none(slot: str) -> None:
    assert ask(foyer_of(), slot, 0) is None
    foyer = foyer_of()
    line = line_of(foyer)
    assert told(foyer, line.slot[:-1], line.wait_ms).place >= line.place


@settings(max_examples=30)
@given(st.integers(-(10**7), 10**7))
def test_a_world_clock_that_is_set_lets_nobody_wait_longer_than_the_line_is(step_ms: int) -> None:
    foyer = foyer_of()
    line = line_of(foyer)
    now_ms = float(line.wait_ms)
    found = ask(foyer, line.slot, now_ms, ahead_ms=step_ms)
    assert found is None or found.wait_ms <= max(-step_ms, WAIT_MS_MIN)


def test_used_slots_are_forgotten_when_they_are_too_old() -> None:
    foyer = foyer_of()
    for minute in range(20):
        at_ms = minute * 2 * LATE_MS_MAX
        line = line_of(foyer, at_ms)
        assert ask(foyer, line.slot, at_ms + line.wait_ms) is None
    assert len(foyer._used) <= 2


def test_the_window_to_come_back_in_is_as_long_as_it_takes_to_let_all_in() -> None:
    assert foyer_of(1_000).back_ms(10_000) == 10_000
    assert foyer_of(1_000).back_ms(0) == 0


@settings(max_examples=30)
@given(arrivals, SHARES)
def test_a_foyer_that_lets_in_less_keeps_to_that_and_lets_everybody_in_all_the_same(
    arrive_at_ms: list[int], share: float
) -> None:
    let_in = [at_ms for at_ms, _, _ in evening(arrive_at_ms, [0], share=share)]
    assert len(let_in) == len(arrive_at_ms)
    for start in range(len(let_in)):
        within = sum(let_in[start] <= at_ms < let_in[start] + 1_000 for at_ms in let_in)
        assert within <= 2 * max(1, RATE / 2 * share)


@settings(max_examples=30)
@given(arrivals, arrivals, st.lists(st.integers(0, 2_000), min_size=1, max_size=5), SHARES)
def test_who_comes_back_to_a_pressed_edge_waits_behind_no_newcomer(
    back_at_ms: list[int], new_at_ms: list[int], late_ms: list[int], share: float
) -> None:
    back = len(back_at_ms)
    # as many lateness as make those of the first phones the same, whoever else there is
    late_ms = [late_ms[who % len(late_ms)] for who in range(back + len(new_at_ms))]
    among = evening(
        back_at_ms + new_at_ms, late_ms, share, lambda who: comes_back if who < back else newcomer
    )
    alone = evening(back_at_ms, late_ms, share, lambda _who: comes_back)
    assert [one for one in among if one[1] < back] == alone
    assert len(among) == back + len(new_at_ms)
    for start in range(len(alone)):
        within = sum(alone[start][0] <= at_ms < alone[start][0] + 1_000 for at_ms, _, _ in alone)
        assert within <= RATE, "half of the rate, and half of the burst"


def test_nobody_is_asked_who_they_are_while_nothing_presses() -> None:
    foyer, asked = foyer_of(), Counter[str]()

    def counted() -> bool:
        asked["who"] += 1
        return True

    for share in (1.0, 1 / 2, 1.0):
        foyer.let_in(share)
        ask(foyer, "", 0, counted)
    assert asked["who"] == 1


def test_who_was_promised_a_time_before_the_rate_fell_is_let_in_in_the_end() -> None:
    foyer = foyer_of()
    line_of(foyer)
    waiting = [(line.wait_ms, line.slot) for line in (told(foyer, "", 0) for _ in range(2 * RATE))]
    foyer.let_in(1 / 16)
    heapq.heapify(waiting)
    while waiting:
        now_ms, slot = heapq.heappop(waiting)
        assert now_ms <= 2 * RATE / (RATE / 32) / (1 - LINE) * 1_000 + WAIT_MS_MIN
        line = ask(foyer, slot, now_ms)
        if line is not None:
            heapq.heappush(waiting, (now_ms + line.wait_ms, line.slot))
    assert foyer.back_ms(RATE) == 2_000, "for those who come back it is half of the rate, whatever presses"


@pytest.mark.parametrize("value", ["0", "-1", "100001"])
def test_a_rate_that_is_none_is_told(value: str) -> None:
    with pytest.raises(SettingsFault, match=r"^GALA_ADMIT_PER_S"):
        read({"GALA_ADMIT_PER_S": value})


# ---------------------------------------------------------------- a real server


@pytest.fixture
async def stage(clients: Clients, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """One that lets in two phones a second."""
    async with running(valkey_url, tmp_path, settings={"admit_per_s": 2}) as stage:
        yield stage


async def refused(stage: Stage, **auth: str) -> dict[str, object]:
    with pytest.raises(Refused) as error:
        await Phone.connect(stage, **auth)
    found: dict[str, object] = error.value.content["data"]
    return found


async def line_up(stage: Stage) -> Queue:
    """Phones come until one has to wait; what that one is told."""
    while True:
        try:
            phone = await Phone.connect(stage)
        except Refused as full:
            said = full.content["data"]
            assert said["reason"] == "queue"
            assert said["retry_after_ms"] == said["queue"]["wait_ms"]
            return Queue(**said["queue"])
        await phone.close()


async def test_above_the_rate_a_phone_is_told_its_place_and_let_in_when_its_time_has_come(
    stage: Stage, join: Join
) -> None:
    live = await join()
    await live.hear("welcome")
    line = await line_up(stage)
    assert line.place >= 1
    assert line.wait_ms >= WAIT_MS_MIN
    early = await refused(stage, slot=line.slot, pass_="not looked at")
    assert early["queue"]["slot"] == line.slot  # type: ignore[index]
    stage.wait(line.wait_ms / 1_000)
    while True:
        try:
            phone = await Phone.connect(stage, slot=line.slot)
        except Refused as full:
            line = Queue(**full.content["data"]["queue"])
            stage.wait(line.wait_ms / 1_000)
        else:
            break
    assert (await phone.hear("welcome"))["viewer"]
    await phone.close()
    assert not live.gone.is_set(), "who is in stays in"


async def test_who_is_sent_away_leaves_nothing_behind(stage: Stage) -> None:
    line = await line_up(stage)
    lines = stage.evening.front.public._server.server_state.connections  # type: ignore[union-attr]
    for _ in range(3):
        assert (await refused(stage, slot=line.slot))["reason"] == "queue"
    assert len(stage.evening.edge.audience) <= 2
    assert len(lines) <= 4
    assert stage.evening.edge._broadcast.dropped == {"queue": 4}, "and the crew sees how many there were"


async def test_a_pressed_edge_lets_in_who_has_a_number_while_newcomers_wait(stage: Stage, join: Join) -> None:
    live = await join()
    token = (await live.ask("enter", {}))["pass"]
    shedding = stage.evening.edge.shedding
    for _ in range(16):  # as if that had gone on for a while
        shedding.load.take(Measured(ack_ms=2 * ACK_MS))
    shedding._let_in(shedding.load.share)
    stage.wait(1)
    await line_up(stage)
    again = await Phone.connect(stage, pass_=token)
    assert (await again.hear("welcome"))["mine"]["number"] >= 0
    await again.close()
    forged = await refused(stage, pass_=token[:-2] + "AA")
    assert forged["reason"] == "queue", "which is not looked at twice"
