"""The scripts against a model of them, on a real Valkey: whatever two edges, two conductors and a lossy
network do.

The model is a dict of slots and a dict of gates. After every step the store must hold exactly that, and its
counters must be the fold of its slots, by the recount.
"""

import asyncio
from collections.abc import Awaitable
from typing import ClassVar, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.conftest import patient
from voting.box import BATCH_MAX, PAGE, BatchRefused, Box, Change, Gate, GateState, NoGate, Shut, Stale
from voting.layout import SEQ_MAX, Layout
from voting.recount import recount
from voting.tally import By, Count, Tally, Voters

T = TypeVar("T")
Said = list[tuple[int, str, int]]  # ordinal, belief, body

PAGES = (0, 1, 152)
ORDINALS = (0, 1, 2, PAGE - 1)
RANK = {GateState.OPEN: 0, GateState.LOCKED: 1, GateState.SEALED: 2}

edges = st.sampled_from([0, 1])
pages = st.sampled_from(PAGES)
generations = st.integers(1, 3)
# What a play believes the slot to be: the truth most often, else something it once was or never was.
beliefs = st.sampled_from(["present", "present", "present", "empty", "older", "never"])
batches = st.lists(
    st.tuples(st.sampled_from(ORDINALS), beliefs, st.sampled_from([0, 1, 2, 255])), min_size=1, max_size=6
)


class Evening(RuleBasedStateMachine):
    url: ClassVar[str]
    layout: ClassVar[Layout]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clients = [self.run(patient(self.url)), self.run(patient(self.url))]
        self.run(self.clients[0].once.flushall())
        self.boxes = [Box(client.once, "short/tetris/1", self.layout.width) for client in self.clients]
        self.counts: list[Count] = [
            Voters("voters"),
            By("body", (self.layout.names[-1],)),
            By("channel", ("channel",)),
        ]
        self.tally = Tally(self.layout, self.counts)
        self.seq = 0
        self.slots: dict[tuple[int, int], bytes] = {}
        self.older: dict[tuple[int, int], bytes] = {}
        self.gates: dict[int, Gate] = {}

    def run(self, what: Awaitable[T]) -> T:
        async def waited() -> T:
            return await what

        return self.runner.run(waited())

    def teardown(self) -> None:
        for client in self.clients:
            self.run(client.close())
        self.runner.close()

    def judged(self, page: int, said: Said) -> list[Change]:
        """Changes as an edge would judge them. `seq` only grows: no slot returns to an earlier value."""
        changes: list[Change] = []
        for ordinal, belief, body in said:
            self.seq += 1
            at = (page, ordinal)
            present = self.slots.get(at, self.layout.empty)
            # A later play of this batch may build on an earlier one of it.
            earlier = [change.after for change in changes if change.ordinal == ordinal]
            before = {
                "present": earlier[-1] if earlier else present,
                "empty": self.layout.empty,
                "older": self.older.get(at, self.layout.empty),
                "never": self.packed(SEQ_MAX, 77),
            }[belief]
            after = self.packed(self.seq, body)
            changes.append(Change(ordinal, before, after, self.tally.deltas(before, after)))
        return changes

    def packed(self, seq: int, body: int) -> bytes:
        return self.layout.pack({"seq": seq, "channel": seq % 3, "flags": 0, self.layout.names[-1]: body})

    def expected(
        self, page: int, generation: int, changes: list[Change]
    ) -> list[bytes | None] | type[BatchRefused]:
        """What the script must answer, carried out on the model."""
        gate = self.gates.get(page)
        if gate is None:
            return NoGate
        if gate.state is not GateState.OPEN:
            return Shut
        if gate.generation != generation:
            return Stale
        answers: list[bytes | None] = []
        for change in changes:
            at = (page, change.ordinal)
            present = self.slots.get(at, self.layout.empty)
            if present == change.before:
                self.older[at] = present
                self.slots[at] = change.after
                answers.append(None)
            else:
                answers.append(present)
        return answers

    def apply(self, edge: int, page: int, generation: int, changes: list[Change]) -> None:
        expected = self.expected(page, generation, changes)
        if isinstance(expected, type):
            with pytest.raises(expected):
                self.run(self.boxes[edge].apply(page, generation, changes))
        else:
            assert self.run(self.boxes[edge].apply(page, generation, changes)) == expected

    @rule(edge=edges, page=pages, generation=generations, said=batches)
    def an_edge_flushes(self, edge: int, page: int, generation: int, said: Said) -> None:
        self.apply(edge, page, generation, self.judged(page, said))

    @rule(edge=edges, page=pages, said=batches)
    def an_edge_that_knows_the_gate_flushes(self, edge: int, page: int, said: Said) -> None:
        gate = self.gates.get(page)
        self.apply(edge, page, gate.generation if gate else 1, self.judged(page, said))

    @rule(page=pages, generation=generations, said=batches)
    def a_reply_is_lost_and_another_edge_sends_the_batch_again(
        self, page: int, generation: int, said: Said
    ) -> None:
        changes = self.judged(page, said)
        self.apply(0, page, generation, changes)
        self.apply(1, page, generation, changes)

    @rule(page=pages, ordinal=st.sampled_from(ORDINALS))
    def two_edges_judge_the_same_slot_at_once(self, page: int, ordinal: int) -> None:
        both = self.judged(page, [(ordinal, "present", 1)]), self.judged(page, [(ordinal, "present", 2)])
        gate = self.gates.get(page)
        for edge, changes in enumerate(both):
            self.apply(edge, page, gate.generation if gate else 1, changes)

    @rule(
        conductor=edges,
        some=st.lists(pages, min_size=1, max_size=3, unique=True),
        generation=generations,
        state=st.sampled_from([GateState.OPEN] * 4 + [GateState.LOCKED, GateState.SEALED]),
    )
    def a_conductor_moves_gates(
        self, conductor: int, some: list[int], generation: int, state: GateState
    ) -> None:
        for page in some:
            gate = self.gates.get(page)
            if gate is None:
                if state is not GateState.SEALED:
                    self.gates[page] = Gate(generation, state)
            elif generation >= gate.generation and (
                RANK[state] == RANK[gate.state] + 1
                or (state is gate.state is GateState.OPEN and generation > gate.generation)
            ):
                self.gates[page] = Gate(generation, state)
        if any(page not in self.gates for page in some):
            with pytest.raises(NoGate):
                self.run(self.boxes[conductor].set_gate(some, generation, state))
        else:
            gates = self.run(self.boxes[conductor].set_gate(some, generation, state))
            assert gates == [self.gates[page] for page in some]

    @rule()
    def scripts_are_flushed(self) -> None:
        self.run(self.clients[0].once.script_flush())

    @rule(edge=edges, page=pages)
    def a_batch_is_too_large(self, edge: int, page: int) -> None:
        change = Change(0, self.layout.empty, self.packed(1, 1), {"voters": 1})
        with pytest.raises(ValueError, match="512"):
            self.run(self.boxes[edge].apply(page, 1, [change] * (BATCH_MAX + 1)))

    @invariant()
    def the_store_holds_the_model_and_counters_are_the_fold_of_slots(self) -> None:
        found, gates, counters = self.run(self.stored())
        for page, content in zip(PAGES, found, strict=True):
            written = {ordinal: slot for (at, ordinal), slot in self.slots.items() if at == page}
            slots = bytearray((max(written, default=-1) + 1) * self.layout.width)
            for ordinal, slot in written.items():
                slots[ordinal * self.layout.width : (ordinal + 1) * self.layout.width] = slot
            assert content == slots
        assert gates == [self.gates.get(page) for page in PAGES]
        assert counters == recount(self.layout, self.counts, found)

    async def stored(self) -> tuple[list[bytes], list[Gate | None], dict[str, int]]:
        """What the store has on every page: slots, gates, counters."""
        box = self.boxes[1]
        return [await box.slots(page) for page in PAGES], await box.gates(PAGES), await box.counters(PAGES)


@pytest.mark.parametrize("layout", [Layout.of(choice="u8"), Layout.of(hits="u64")], ids=["narrow", "wide"])
def test_slots_gates_and_counters_are_those_of_the_model_whatever_happens(
    any_url: str, layout: Layout
) -> None:
    class Here(Evening):
        pass

    Here.url, Here.layout = any_url, layout
    clustered = "," in any_url  # every step waits for two disks there
    run_state_machine_as_test(
        Here,
        settings=settings(deadline=None, max_examples=6 if clustered else 40, stateful_step_count=30),
    )
