"""Processes on a real store, each with a clock of its own, in a world whose time is turned by hand.

`Town` is that world: one true time, and clocks that are off it as a test likes. What a process should know of
its clock is then known to the millisecond.
"""

import asyncio
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.clock import GalaClock
from gala.store.clients import Clients
from gala.timekeeping import DEAD_S, OFF_MS, Agreement, Offset, Reading, Timekeeper, World, correction_ms

START_MS = 1_573_385_400_000
HOUR_MS = 3_600_000


class Town:
    """The world. `store_ahead_ms` is how far the store's clock is ahead of the true time."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.passed_ms = 0.0
        self.store_ahead_ms = 0.0

    def process(self, name: str, *, keeps: bool = True, rate: float = 1.0) -> "Process":
        """One whose gala time begins now, as the true time has it."""
        return Process(self, name, START_MS + int(self.passed_ms), keeps=keeps, rate=rate)


class Process:
    """One process: its monotonic clock is `ahead_ms` and runs `drift` too fast, its system's is
    `system_ahead_ms`."""

    def __init__(self, town: Town, name: str, start_ms: int, *, keeps: bool, rate: float) -> None:
        self._town = town
        self.ahead_ms = 0.0
        self.system_ahead_ms = 0.0
        self.drift = 0.0
        self.clock = GalaClock(start_ms, rate, monotonic_ns=self._counted_ns)

        async def store_ms() -> float:
            return START_MS + town.passed_ms + town.store_ahead_ms

        world = World(
            lambda: START_MS + town.passed_ms + self.system_ahead_ms,
            store_ms,
            lambda: int(town.passed_ms * 1e6),
        )
        self.keeper = Timekeeper(self.clock, town.clients.once, world, show="short", name=name, keeps=keeps)

    def _counted_ns(self) -> int:
        return int((self._town.passed_ms * (1 + self.drift) + self.ahead_ms) * 1e6)

    @property
    def off_ms(self) -> float:
        """Its gala time minus the true one."""
        return self.clock.now_ms() - START_MS - self._town.passed_ms


async def second(town: Town, *processes: Process) -> None:
    """A second passes, and every process takes its step."""
    town.passed_ms += 1_000
    for process in processes:
        await process.keeper.step()


@pytest.fixture
def town(clients: Clients) -> Town:
    return Town(clients)


# ---------------------------------------------------------------- rules

offsets = st.builds(Offset, st.floats(-200, 200), st.floats(0, 20))


@given(st.lists(offsets, max_size=2))
def test_a_clock_is_corrected_to_the_median_of_those_who_are_near_and_held_while_one_is_far(
    found: list[Offset],
) -> None:
    by_ms = correction_ms(found)
    if any(abs(offset.by_ms) > OFF_MS + offset.within_ms for offset in found):
        assert by_ms == 0
    else:
        assert by_ms == median([0.0, *(offset.by_ms for offset in found)])
        assert sum(offset.by_ms >= by_ms for offset in found) + (by_ms <= 0) >= (len(found) + 1) / 2


def test_one_source_alone_moves_a_clock_only_where_the_other_agrees() -> None:
    assert correction_ms([Offset(40, 0), Offset(0, 0)]) == 0
    assert correction_ms([Offset(40, 0), Offset(-40, 0)]) == 0
    assert correction_ms([Offset(40, 0), Offset(10, 0)]) == 10
    assert correction_ms([Offset(40, 0), Offset(60, 15)]) == 40
    assert correction_ms([Offset(40, 0), Offset(60, 5)]) == 0


def reading(number: int) -> Reading:
    return Reading("one", number, START_MS, START_MS, 1, 1.0)


comparisons = st.lists(
    st.tuples(st.booleans(), st.sampled_from([-HOUR_MS, -60.0, -49.0, 0.0, 49.0, 60.0, HOUR_MS]))
)


@given(comparisons)
def test_a_clock_is_called_wrong_by_two_readings_that_agree_and_right_by_one(
    seen: list[tuple[bool, float]],
) -> None:
    agreement, number = Agreement(), 0
    doubt: tuple[int, float] | None = None
    believed: bool | None = None
    for another, error_ms in seen:
        number += another
        if abs(error_ms) <= OFF_MS + 1:
            believed, doubt = True, None
        elif doubt is None:
            doubt = number, error_ms
        elif doubt[0] != number:
            if doubt[1] == error_ms:
                believed = False
            doubt = number, error_ms
        agreement.compared(reading(number), error_ms, 1)
        assert agreement.right is believed


def test_a_measurement_coarser_than_the_bound_proves_nothing_right_and_an_hour_wrong() -> None:
    agreement = Agreement()
    agreement.compared(reading(1), 0, 400)
    assert agreement.right is None
    agreement.compared(reading(2), HOUR_MS, 400)
    agreement.compared(reading(3), HOUR_MS, 400)
    assert agreement.right is False


# ---------------------------------------------------------------- the world


@pytest.mark.parametrize("drift", [0.0, 1e-4, -4e-4])
async def test_a_clock_that_drifts_is_kept_with_the_world(town: Town, drift: float) -> None:
    one = town.process("one")
    one.drift = drift
    for _ in range(60):
        await second(town, one)
        assert abs(one.off_ms) <= 2
    assert one.keeper.right


@pytest.mark.parametrize("rate", [1.0, 20.0])
@pytest.mark.parametrize(
    ("store_ms", "system_ms"), [(HOUR_MS, 0), (0, -HOUR_MS), (HOUR_MS, HOUR_MS), (60, 0)]
)
async def test_a_step_of_the_worlds_clocks_moves_nothing_and_raises_an_alarm(
    town: Town, store_ms: int, system_ms: int, rate: float
) -> None:
    one, two, edge = (
        town.process("one", rate=rate),
        town.process("two", rate=rate),
        town.process("edge", keeps=False, rate=rate),
    )
    for _ in range(3):
        await second(town, one, two, edge)
    town.store_ahead_ms = store_ms
    for process in (one, two, edge):
        process.system_ahead_ms = system_ms
    for _ in range(5):
        await second(town, edge, two, one)
        for process in (one, two, edge):
            assert process.clock.now_ms() == pytest.approx(START_MS + town.passed_ms * rate, abs=2)
            assert process.keeper.right
            standing = process.keeper.standing()
            assert standing.alarm == ", ".join(["store"] * bool(store_ms) + ["system"] * bool(system_ms))
            assert (standing.store_ms, standing.system_ms) == (store_ms, system_ms)
    assert one.keeper.standing().keeps
    town.store_ahead_ms = 0
    for process in (one, two, edge):
        process.system_ahead_ms = 0
    await second(town, one, two, edge)
    assert one.keeper.standing().alarm == ""
    assert edge.keeper.right


# ---------------------------------------------------------------- the show's clock


async def test_a_process_is_not_trusted_before_its_first_comparison(town: Town) -> None:
    edge, one = town.process("edge", keeps=False), town.process("one")
    assert not one.keeper.right
    await second(town, edge)
    assert not edge.keeper.right, "there is nothing to compare with"
    await second(town, one, edge)
    assert one.keeper.right
    assert edge.keeper.right


@pytest.mark.parametrize("ahead_ms", [60, -60])
@pytest.mark.parametrize("keeps", [True, False])
async def test_a_process_whose_clock_is_off_knows_it_and_comes_back(
    town: Town, ahead_ms: int, keeps: bool
) -> None:
    one, two = town.process("one"), town.process("two", keeps=keeps)
    await second(town, one, two)
    assert two.keeper.right
    two.ahead_ms = ahead_ms
    await second(town, one, two)
    assert two.keeper.right, "one comparison may have been spoiled"
    await second(town, one, two)
    assert not two.keeper.right
    assert two.keeper.off_ms == ahead_ms
    assert one.keeper.right
    assert one.keeper.standing().keeps
    two.ahead_ms = 0
    await second(town, one, two)
    assert two.keeper.right


@pytest.mark.parametrize("ahead_ms", [60, HOUR_MS])
async def test_a_process_that_starts_with_a_wrong_clock_is_never_trusted(town: Town, ahead_ms: int) -> None:
    one = town.process("one")
    await second(town, one)
    two = town.process("two")
    two.clock.not_before(two.clock.now_ms() + ahead_ms)
    for _ in range(5):
        assert not two.keeper.right
        await second(town, one, two)
    assert not two.keeper.standing().keeps


async def test_of_two_who_begin_together_one_is_the_shows_clock(town: Town) -> None:
    one, two = town.process("one"), town.process("two")
    for _ in range(4):
        await second(town, two, one)
        assert two.keeper.standing().keeps
        assert not one.keeper.standing().keeps
        assert one.keeper.right


async def test_when_the_shows_clock_falls_silent_a_right_one_takes_its_place_and_a_wrong_one_does_not(
    town: Town,
) -> None:
    one, wrong, right = town.process("one"), town.process("wrong"), town.process("right")
    edge = town.process("edge", keeps=False)
    for _ in range(2):
        await second(town, one, wrong, right, edge)
    wrong.ahead_ms = 200
    for _ in range(2):
        await second(town, one, wrong, right, edge)
    for _ in range(int(DEAD_S)):
        assert not right.keeper.standing().keeps
        await second(town, wrong, right, edge)
        assert not wrong.keeper.right
    assert right.keeper.standing().keeps
    await second(town, wrong, right, edge, one)
    assert edge.keeper.right
    assert not one.keeper.standing().keeps, "who comes back finds another in its place"
    assert one.keeper.right


async def test_who_leaves_makes_room_at_once(town: Town) -> None:
    one, two = town.process("one"), town.process("two")
    await second(town, one, two)
    await one.keeper.leave()
    await second(town, two)
    assert two.keeper.standing().keeps
    await one.keeper.leave()
    await second(town, two)
    assert two.keeper.standing().keeps, "and takes nothing with it that is another's"


async def test_a_rehearsal_that_is_joined_later_has_one_time(town: Town) -> None:
    one = town.process("one")
    await second(town, one)
    town.passed_ms += 500
    two = Process(town, "two", START_MS, keeps=True, rate=1.0)
    assert two.off_ms == -1_500
    joining = asyncio.create_task(two.keeper.join())
    while not joining.done():
        await second(town, one)
    await joining
    assert abs(two.off_ms) <= 1
    await second(town, one, two)
    assert two.keeper.right


async def test_a_rehearsal_whose_process_was_killed_is_taken_up_where_its_log_ends(town: Town) -> None:
    one = town.process("one")
    await second(town, one)
    two = Process(town, "two", START_MS, keeps=True, rate=1.0)
    joining = asyncio.create_task(two.keeper.join())
    while not joining.done():
        await second(town)
        await asyncio.sleep(0)
    await joining
    assert two.clock.now_ms() == START_MS + round(town.passed_ms - 1_000), "nobody's time was taken over"
    await second(town, two)
    assert two.keeper.standing().keeps
