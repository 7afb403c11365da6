"""The box on a real Valkey, one sentence at a time; `test_box_machine` looks for what nobody thought of."""

import random

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from voting.box import PAGE, Box, Change, Gate, GateState, NoGate, Shut, Stale, place, read_slots
from voting.layout import Layout
from voting.tally import By, Tally, Voters

NARROW = Layout.of(choice="u8")  # one BITFIELD call a batch
SIX = Layout.of(choices="u16")  # the widest that goes there
WIDE = Layout.of(choices="u64")  # a GETRANGE and a SETRANGE a slot
OPEN, LOCKED, SEALED = GateState.OPEN, GateState.LOCKED, GateState.SEALED

every_width = pytest.mark.parametrize(
    "layout", [NARROW, SIX, WIDE], ids=lambda layout: f"{layout.width} bytes"
)


class Plays:
    """Changes of slots of one layout, with the deltas a tally gives them."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.tally = Tally(layout, [Voters("voters"), By("body", (layout.names[-1],))])

    def slot(self, seq: int, body: int) -> bytes:
        return self.layout.pack({"seq": seq, "channel": 255, "flags": 0, self.layout.names[-1]: body})

    def change(self, ordinal: int, before: bytes, after: bytes) -> Change:
        return Change(ordinal, before, after, self.tally.deltas(before, after))

    def first(self, ordinal: int, body: int = 1) -> Change:
        return self.change(ordinal, self.layout.empty, self.slot(1, body))


def box_of(redis: Redis, layout: Layout, round_id: str = "short/tetris/1") -> Box:
    return Box(redis, round_id, layout.width)


@every_width
async def test_plays_are_set_and_counted_together(redis: Redis, layout: Layout) -> None:
    box, plays = box_of(redis, layout), Plays(layout)
    largest = (1 << layout.bits(layout.names[-1])) - 1
    await box.set_gate([0], 1, OPEN)
    changes = [plays.first(0), plays.first(7, largest), plays.first(PAGE - 1)]
    assert await box.apply(0, 1, changes) == [None, None, None]
    assert await box.counters([0]) == {"body/1": 2, f"body/{largest}": 1, "voters": 3}
    assert await box.slot(0) == plays.slot(1, 1)
    assert await box.slot(7) == plays.slot(1, largest)
    assert await box.slot(3) == layout.empty
    page = await box.slots(0)
    assert len(page) == PAGE * layout.width
    assert page[-layout.width :] == plays.slot(1, 1)


@every_width
async def test_a_slot_that_is_no_longer_what_was_judged_comes_back_and_stays(
    redis: Redis, layout: Layout
) -> None:
    box, plays = box_of(redis, layout), Plays(layout)
    await box.set_gate([0], 1, OPEN)
    await box.apply(0, 1, [plays.first(5, 1)])
    late = [plays.first(5, 2), plays.change(6, plays.slot(1, 1), plays.slot(2, 2)), plays.first(7)]
    assert await box.apply(0, 1, late) == [plays.slot(1, 1), layout.empty, None]
    assert await box.counters([0]) == {"body/1": 2, "voters": 2}


@every_width
async def test_two_plays_of_one_slot_in_a_batch_see_each_other(redis: Redis, layout: Layout) -> None:
    box, plays = box_of(redis, layout), Plays(layout)
    await box.set_gate([0], 1, OPEN)
    chain = [plays.first(5, 1), plays.change(5, plays.slot(1, 1), plays.slot(2, 2)), plays.first(5, 3)]
    assert await box.apply(0, 1, chain) == [None, None, plays.slot(2, 2)]
    assert await box.counters([0]) == {"body/2": 1, "voters": 1}


@every_width
async def test_a_batch_whose_reply_was_lost_is_counted_once_when_it_is_sent_again(
    redis: Redis, layout: Layout
) -> None:
    box, plays = box_of(redis, layout), Plays(layout)
    await box.set_gate([0], 1, OPEN)
    batch = [plays.first(ordinal) for ordinal in range(512)]
    await box.apply(0, 1, batch)
    assert await box.apply(0, 1, batch) == [plays.slot(1, 1)] * 512
    assert await box.counters([0]) == {"body/1": 512, "voters": 512}


async def test_a_page_without_a_gate_takes_nothing(redis: Redis) -> None:
    with pytest.raises(NoGate):
        await box_of(redis, NARROW).apply(0, 1, [Plays(NARROW).first(0)])
    assert [key async for key in redis.scan_iter(match="box:*")] == []


async def test_a_batch_judged_under_another_generation_is_refused_whole(redis: Redis) -> None:
    box, plays = box_of(redis, NARROW), Plays(NARROW)
    await box.set_gate([0], 2, OPEN)
    for generation in (1, 3):
        with pytest.raises(Stale) as refused:
            await box.apply(0, generation, [plays.first(0), plays.first(1)])
        assert refused.value.gate == Gate(2, OPEN)
    assert await box.counters([0]) == {}
    assert await box.slots(0) == b""


@pytest.mark.parametrize("steps", [[LOCKED], [LOCKED, SEALED]], ids=["locked", "sealed"])
async def test_no_play_is_counted_after_the_lock(redis: Redis, steps: list[GateState]) -> None:
    box, plays = box_of(redis, NARROW), Plays(NARROW)
    await box.set_gate([0], 1, OPEN)
    await box.apply(0, 1, [plays.first(0)])
    for state in steps:
        await box.set_gate([0], 1, state)
    with pytest.raises(Shut) as refused:
        await box.apply(0, 1, [plays.first(1)])
    assert refused.value.gate == Gate(1, steps[-1])
    assert await box.counters([0]) == {"body/1": 1, "voters": 1}


async def test_a_late_conductor_cannot_open_a_page_that_was_absent_at_the_lock(redis: Redis) -> None:
    box = box_of(redis, NARROW)
    assert await box.set_gate([0, 1], 1, LOCKED) == [Gate(1, LOCKED), Gate(1, LOCKED)]
    assert await box.set_gate([1], 9, OPEN) == [Gate(1, LOCKED)]
    with pytest.raises(Shut):
        await box.apply(1, 9, [Plays(NARROW).first(0)])


async def test_a_conductor_that_missed_a_hold_cannot_lock_under_the_old_generation(redis: Redis) -> None:
    box = box_of(redis, NARROW)
    await box.set_gate([0], 2, OPEN)
    assert await box.set_gate([0], 1, LOCKED) == [Gate(2, OPEN)]
    assert await box.set_gate([0], 2, LOCKED) == [Gate(2, LOCKED)]


async def test_a_page_must_be_locked_before_it_is_sealed(redis: Redis) -> None:
    box = box_of(redis, NARROW)
    await box.set_gate([0], 1, OPEN)
    assert await box.set_gate([0], 1, SEALED) == [Gate(1, OPEN)]
    with pytest.raises(NoGate):
        await box.set_gate([0, 1], 1, SEALED)
    assert await box.gates([0, 1]) == [Gate(1, OPEN), None]


async def test_a_script_flush_goes_unnoticed(redis: Redis) -> None:
    box, plays = box_of(redis, NARROW), Plays(NARROW)
    await box.set_gate([0], 1, OPEN)
    await box.apply(0, 1, [plays.first(0)])
    await redis.script_flush()
    assert await box.apply(0, 1, [plays.first(1)]) == [None]
    await redis.script_flush()
    assert await box.set_gate([0], 1, LOCKED) == [Gate(1, LOCKED)]


async def test_pages_are_counted_and_gated_each_for_itself(redis: Redis) -> None:
    box, plays = box_of(redis, NARROW), Plays(NARROW)
    await box.set_gate([0, 1, 2], 1, OPEN)
    for number in (0, 1, PAGE, 2 * PAGE + 3):
        page, ordinal = place(number)
        await box.apply(page, 1, [plays.first(ordinal, 1 + page)])
    await box.set_gate([1], 1, LOCKED)
    assert await box.gates([0, 1, 2, 3]) == [Gate(1, OPEN), Gate(1, LOCKED), Gate(1, OPEN), None]
    assert await box.counters([0, 1, 2, 3]) == {"body/1": 2, "body/2": 1, "body/3": 1, "voters": 4}
    assert await box.counters([1]) == {"body/2": 1, "voters": 1}
    assert await box.slot(2 * PAGE + 3) == plays.slot(1, 3)


async def test_a_counter_that_comes_back_to_zero_is_not_listed(redis: Redis) -> None:
    box, plays = box_of(redis, NARROW), Plays(NARROW)
    await box.set_gate([0], 1, OPEN)
    await box.apply(0, 1, [plays.first(0, 1)])
    await box.apply(0, 1, [plays.change(0, plays.slot(1, 1), plays.slot(2, 2))])
    assert await box.counters([0]) == {"body/2": 1, "voters": 1}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([], "1 to 512"),
        ([Plays(NARROW).first(ordinal) for ordinal in range(513)], "1 to 512"),
        ([Plays(NARROW).first(PAGE)], "outside its page"),
        ([Plays(NARROW).first(-1)], "outside its page"),
        ([Plays(SIX).first(0)], "slot of 5 bytes"),
        ([Change(0, NARROW.empty, NARROW.empty, {})], "slot of 5 bytes"),
        ([Change(0, NARROW.empty, b"\0\1\0\0\1", {"points": 1 << 44})], "below 2\\^44"),
    ],
)
async def test_a_batch_that_no_caller_should_make_never_reaches_the_store(
    redis: Redis, changes: list[Change], says: str
) -> None:
    box = box_of(redis, NARROW)
    await box.set_gate([0], 1, OPEN)
    with pytest.raises(ValueError, match=says):
        await box.apply(0, 1, changes)
    assert await box.slots(0) == b""


@pytest.mark.parametrize("round_id", ["", "a b", "a}b", "a{b", "a#1"])
async def test_a_round_id_cannot_break_out_of_its_hash_tag(redis: Redis, round_id: str) -> None:
    with pytest.raises(ValueError, match="round id"):
        box_of(redis, NARROW, round_id)


async def test_an_error_that_is_not_the_gate_s_rises_as_it_is(redis: Redis) -> None:
    box = box_of(redis, NARROW)
    await box.set_gate([0], 1, OPEN)
    await redis.hset("box:{short/tetris/1#0}:slots", "not", "a string")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await box.apply(0, 1, [Plays(NARROW).first(0)])


async def test_slots_of_many_viewers_and_rounds_read_together_are_those_read_alone(redis: Redis) -> None:
    chance = random.Random(2019)
    boxes = [box_of(redis, layout, f"short/r{n}/1") for n, layout in enumerate((NARROW, SIX, WIDE))]
    for box in boxes:
        for page in (0, 2):  # nobody has played on the one between
            for start in (0, 700, 5_000, PAGE - 40):
                written = chance.randbytes(40 * box.width)
                await redis.setrange(box.key(page, "slots"), start * box.width, written)
    near = [*range(60), *range(650, 760), *range(4_990, 5_050)]
    for count in (0, 1, 5, 40):
        numbers = [*near, *(PAGE - 1 - n for n in near), *(chance.randrange(PAGE) for _ in range(50))]
        asked = {
            box: [chance.randrange(3) * PAGE + n for n in chance.choices(numbers, k=count)] for box in boxes
        }
        found = await read_slots(redis, asked)
        assert found == {box: {n: await box.slot(n) for n in asked[box]} for box in boxes}
