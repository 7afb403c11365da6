"""The box in the store: the only part of `voting` that does I/O.

A batch of plays is one call of one script, which the store runs alone: it compares each slot with what the
play was judged against, sets those that match, and adds their deltas to the counters, or refuses the whole
batch at the gate. So nothing is counted twice: a batch whose reply was lost comes back, when sent again,
with the slots it has already written. That rests on one promise of the caller, that a slot never returns to
an earlier value (`seq` only grows).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from importlib.resources import files
from typing import NamedTuple

import msgpack
import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

PAGE = 65_536
"""Slots a page."""
BATCH_MAX = 512
"""Plays a call: a script must stay short, and Lua's `unpack` ends near 2 700 of them."""
NARROW = 6
"""Bytes up to which a slot is an integer in Lua, whose numbers are exact to 2^53."""
GAP_BYTES = 1_024
"""Read over rather than begin another command: one costs its client 20 µs, so many bytes one."""
DELTA_MAX = 1 << 44
"""A batch's sum of deltas, at most 512 of them, stays below 2^53."""

_APPLY = files("voting.lua").joinpath("apply.lua").read_text()
_WHOLE = files("voting.lua").joinpath("whole.lua").read_text()
_GATE = files("voting.lua").joinpath("gate.lua").read_text()
_ROUND_ID = re.compile(r"[^{}#\s]{1,200}")


class GateState(StrEnum):
    OPEN = "open"
    LOCKED = "locked"
    SEALED = "sealed"


class Gate(NamedTuple):
    """A page's gate: plays judged under `generation` may be applied while `state` is open."""

    generation: int
    state: GateState


class Change(msgspec.Struct, frozen=True, gc=False):
    """One play, judged: the slot it saw, the slot it leaves, and what that changes in the counters."""

    ordinal: int
    before: bytes
    after: bytes
    deltas: Mapping[str, int]


class BatchRefused(Exception):
    """The gate did not take the batch: no play of it was applied."""


class Stale(BatchRefused):
    """The gate is open under another generation: judge the plays again."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(f"the page is open under generation {gate.generation}")
        self.gate = gate


class Shut(BatchRefused):
    """The gate is locked or sealed, for ever."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(f"the page is {gate.state}")
        self.gate = gate


class NoGate(BatchRefused):
    """The page has no gate yet: nobody has opened it, and nobody has locked it."""


def place(number: int) -> tuple[int, int]:
    """Where a viewer's slot is: (page, ordinal)."""
    return divmod(number, PAGE)


class Box:
    """One round's box. Holds nothing but where it is: any number of them may stand before the same keys.

    redis: a client with decode_responses=False, of one server or of a cluster (it sends each command of a
    pipeline to the page's node). Its errors rise unchanged; every method may be called again.
    round_id: `SHOW/SEGMENT/RUN`. width: bytes a slot, of the round's layout.
    """

    def __init__(self, redis: Redis, round_id: str, width: int) -> None:
        if not _ROUND_ID.fullmatch(round_id):
            raise ValueError(f"round id {round_id!r}: no braces, '#' or white space, at most 200 characters")
        self._redis = redis
        self._apply = redis.register_script(_APPLY)
        self._whole = redis.register_script(_WHOLE)
        self.round_id = round_id
        self.width = width

    def key(self, page: int, part: str) -> str:
        """Where a page's slots, counters or gate are."""
        return f"box:{{{self.round_id}#{page}}}:{part}"

    async def apply(self, page: int, generation: int, changes: Sequence[Change]) -> list[bytes | None]:
        """Apply a batch, in order; two changes of one slot see each other.

        Answers, for each change, None (applied) or the slot's present bytes, `width` long (not applied:
        judge again). Raises Stale, Shut or NoGate when nothing was applied; ValueError for a batch no
        caller should make.
        """
        keys = [self.key(page, "slots"), self.key(page, "counters"), self.key(page, "gate")]
        plays, deltas = self._packed(changes)
        try:
            answers = await self._apply(keys=keys, args=[generation, self.width, plays, deltas])
        except ResponseError as error:
            refusal = _refusal(str(error))
            if refusal is None:
                raise
            raise refusal from None
        return [None if answer == 1 else answer for answer in answers]

    def _packed(self, changes: Sequence[Change]) -> tuple[bytes, bytes]:
        """ARGV[3] and ARGV[4] of the script."""
        if not 0 < len(changes) <= BATCH_MAX:
            raise ValueError(f"a batch has 1 to {BATCH_MAX} plays, not {len(changes)}")
        width, narrow = self.width, self.width <= NARROW
        plays: list[int | bytes] = []
        kinds: dict[int, int] = {}
        deltas_by_kind: list[dict[str, int]] = []
        for change in changes:
            ordinal, before, after, deltas = change.ordinal, change.before, change.after, change.deltas
            if not 0 <= ordinal < PAGE:
                raise ValueError(f"ordinal {ordinal} is outside its page")
            if len(before) != width or len(after) != width or before == after:
                raise ValueError(f"a change goes from one slot of {width} bytes to another")
            # Plays that change the same share one mapping (voting.tally remembers them), so identity is
            # enough.
            kind = kinds.get(id(deltas))
            if kind is None:
                if any(abs(delta) >= DELTA_MAX for delta in deltas.values()):
                    raise ValueError(f"a delta of a play stays below 2^44: {dict(deltas)}")
                deltas_by_kind.append(dict(deltas))
                kind = kinds[id(deltas)] = len(deltas_by_kind)
            if narrow:
                plays += (ordinal, int.from_bytes(before, "big"), int.from_bytes(after, "big"), kind)
            else:
                plays += (ordinal, before, after, kind)
        # Lua's cmsgpack reads only the old raw type, hence no bin type.
        return msgpack.packb(plays, use_bin_type=False), msgpack.packb(deltas_by_kind, use_bin_type=False)

    async def slot(self, number: int) -> bytes:
        """One viewer's slot, all zero when they have not played."""
        page, ordinal = place(number)
        start = ordinal * self.width
        found = await self._redis.getrange(self.key(page, "slots"), start, start + self.width - 1)
        return _bytes(found).ljust(self.width, b"\0")

    async def slots(self, page: int) -> bytes:
        """A page's slots from ordinal 0 to the last that was played, whole; empty when there is none."""
        return self._played(_bytes(await self._redis.get(self.key(page, "slots")) or b""))

    def _played(self, found: bytes) -> bytes:
        """Whole slots to the last that is not empty: a wrong guess may have left zeros behind it."""
        found = found.rstrip(b"\0")
        return found.ljust(-(-len(found) // self.width) * self.width, b"\0")

    async def whole(self, page: int) -> tuple[bytes, dict[str, int]]:
        """A page's slots (as `slots`) and its counters, zeros left out, both as of one instant."""
        found, pairs = await self._whole(keys=[self.key(page, "slots"), self.key(page, "counters")])
        slots = self._played(_bytes(found))
        counters = dict(zip(pairs[::2], pairs[1::2], strict=True))
        return slots, {name.decode(): int(value) for name, value in counters.items() if int(value)}

    async def read(self, ranges: Iterable[range]) -> list[bytes]:
        """The slots of ranges of numbers, in one round trip: of each range all, slots never written as zeros.

        ValueError for a range with steps, or one that crosses into another page.
        """
        pipeline = self._redis.pipeline(transaction=False)
        lengths: list[int] = []
        for numbers in ranges:
            _, ordinal = place(numbers.start)
            if numbers.step != 1 or not 0 < len(numbers) <= PAGE - ordinal:
                raise ValueError(f"{numbers} is no run of slots of one page")
            lengths.append(len(numbers) * self.width)
            self._ask(pipeline, numbers)
        found = await pipeline.execute()
        return [_bytes(slots).ljust(length, b"\0") for slots, length in zip(found, lengths, strict=True)]

    def _ask(self, pipeline: Pipeline, numbers: range) -> None:
        page, ordinal = place(numbers.start)
        start = ordinal * self.width
        pipeline.getrange(self.key(page, "slots"), start, start + len(numbers) * self.width - 1)

    async def counters(self, pages: Iterable[int]) -> dict[str, int]:
        """The counters of these pages added up, sorted by name, zeros left out."""
        pipeline = self._redis.pipeline(transaction=False)
        for page in pages:
            pipeline.hgetall(self.key(page, "counters"))
        sums: dict[str, int] = {}
        for counters in await pipeline.execute():
            for name, value in counters.items():
                sums[name.decode()] = sums.get(name.decode(), 0) + int(value)
        return {name: sums[name] for name in sorted(sums) if sums[name]}

    async def set_gate(self, pages: Iterable[int], generation: int, state: GateState) -> list[Gate]:
        """Move the gates of these pages forward, in one round trip; answers them as they then are.

        Compare the answer with the wish: a gate that has moved further already stays where it is (see
        gate.lua). NoGate when sealed was wished for a page that nobody locked.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for page in pages:
            # EVAL, not EVALSHA: in a pipeline nobody could answer a NOSCRIPT, and this runs a few times a
            # round.
            pipeline.eval(_GATE, 1, self.key(page, "gate"), generation, state.value)
        gates: list[Gate] = []
        for answer in await pipeline.execute():
            if answer is None:
                raise NoGate("a page must be locked before it is sealed")
            gates.append(_gate(*answer))
        return gates

    async def gates(self, pages: Iterable[int]) -> list[Gate | None]:
        """The gates of these pages; None where there is none yet."""
        pipeline = self._redis.pipeline(transaction=False)
        for page in pages:
            pipeline.hmget(self.key(page, "gate"), ["generation", "state"])
        return [
            None if generation is None else _gate(generation, state)
            for generation, state in await pipeline.execute()
        ]


async def read_slots(redis: Redis, asked: Mapping[Box, Iterable[int]]) -> dict[Box, dict[int, bytes]]:
    """The slots of these numbers in each of these boxes of `redis`, all zero where nobody has played: as
    `Box.slot` of every one of them, in one round trip."""
    pipeline = redis.pipeline(transaction=False)
    runs: list[tuple[Box, list[int]]] = []
    for box, numbers in asked.items():
        for run in _runs(numbers, GAP_BYTES // box.width):
            box._ask(pipeline, range(run[0], run[-1] + 1))
            runs.append((box, run))
    slots: dict[Box, dict[int, bytes]] = {box: {} for box in asked}
    for (box, run), found in zip(runs, await pipeline.execute() if runs else (), strict=True):
        for number in run:
            start = (number - run[0]) * box.width
            slots[box][number] = _bytes(found)[start : start + box.width].ljust(box.width, b"\0")
    return slots


def _runs(numbers: Iterable[int], gap: int) -> list[list[int]]:
    """The numbers in order, cut where a page ends and where more than `gap` of a page are missing."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number - runs[-1][-1] - 1 <= gap and number // PAGE == runs[-1][-1] // PAGE:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _bytes(found: bytes | str) -> bytes:
    assert isinstance(found, bytes), "the client decodes responses: a box needs bytes"
    return found


def _gate(generation: bytes, state: bytes) -> Gate:
    return Gate(int(generation), GateState(state.decode()))


def _refusal(error: str) -> BatchRefused | None:
    """The gate's refusal that a script's error stands for, or None when it is some other error."""
    match error.split():
        case ["STALE", generation, state]:
            return Stale(Gate(int(generation), GateState(state)))
        case ["SHUT", generation, state]:
            return Shut(Gate(int(generation), GateState(state)))
        case ["NOGATE"]:
            return NoGate("the page has not been opened")
    return None
