"""What the crew reads of a draw to come is what its log says, and what its witnesses said last."""

from pathlib import Path
from typing import cast

import msgspec
import pytest
from msgspec.structs import replace

from gala.evidence import Books
from gala.protocol.crew import EvidenceLeaf
from gala.readiness import AWAKE_MS, parties, unseen_close, witnesses
from gala.rundown.file import load
from gala.store import keys
from gala.store.clients import Clients
from tests.gala.test_draw_office import begun

RUNDOWN = replace(
    load(Path("tests/gala/polls.toml")), parties=("operator", "auditor"), witnesses=("auditor.example+0+x",)
)


def leaves(*found: str) -> list[EvidenceLeaf]:
    return [
        EvidenceLeaf(index=index, schema="", key=f"draw/{key}", hash="", at_ms=100 + index)
        for index, key in enumerate(found)
    ]


@pytest.mark.parametrize(
    ("log", "states"),
    [
        ((), ["missing", "missing"]),
        (("2/commit/auditor", "1/commit/operator"), ["committed", "missing"]),
        (("1/commit/operator", "1/commit/auditor", "1/reveal/operator"), ["revealed", "committed"]),
        (
            ("1/commit/operator", "1/commit/auditor", "1/reveal/operator", "1/reveals-closed"),
            ["revealed", "withheld"],
        ),
    ],
)
def test_a_party_stands_as_the_leaves_of_its_draw_say(log: tuple[str, ...], states: list[str]) -> None:
    found = parties(RUNDOWN, leaves(*log), 1)
    assert [(one.party, one.state) for one in found] == list(zip(RUNDOWN.parties, states, strict=True))


def test_a_party_s_acts_have_the_times_of_their_leaves() -> None:
    operator, _ = parties(RUNDOWN, leaves("1/commit/operator", "1/roster", "1/reveal/operator"), 1)
    assert (operator.committed_at_ms, operator.revealed_at_ms) == (100, 102)


def test_a_witness_is_awake_for_a_minute_after_its_last_word() -> None:
    heard = {"auditor.example": (7, 1_000)}
    assert [one.awake for one in witnesses(RUNDOWN, {}, 1_000)] == [False]
    assert [(one.size, one.awake) for one in witnesses(RUNDOWN, heard, 1_000 + AWAKE_MS)] == [(7, True)]
    assert [one.awake for one in witnesses(RUNDOWN, heard, 1_001 + AWAKE_MS)] == [False]


def test_a_close_is_unseen_while_its_leaf_asks_for_a_witness() -> None:
    log = leaves("1/reveals-closed", "2/reveals-closed")
    assert unseen_close(log, [0], 1)
    assert not unseen_close(log, [0], 2)
    assert not unseen_close(log, [], 1)


async def test_the_notary_tells_who_committed_who_is_awake_and_until_when(
    clients: Clients, tmp_path: Path
) -> None:
    evening = await begun(clients, tmp_path, reveals=False)

    async def told() -> Books:
        await evening.step()
        written = await clients.once.get(keys.evidence("real"))
        return msgspec.msgpack.decode(cast("bytes", written), type=Books)

    rundown = evening.hall.rundown
    assert [one.state for one in parties(rundown, (await told()).leaves, 1)] == ["committed", "missing"]
    await evening.commit()
    found = await told()
    assert [one.state for one in parties(rundown, found.leaves, 1)] == ["committed", "committed"]
    assert [one.awake for one in witnesses(rundown, found.witnesses, evening.hall.now_ms)] == [True]
    await evening.hall.go("draw.freeze")
    while evening.state.draws[1].state != "frozen":
        found = await told()
    assert [one.state for one in parties(rundown, found.leaves, 1)] == ["revealed", "withheld"]
    while unseen_close(found.leaves, found.unwitnessed, 1):
        found = await told()
    register = await evening.register()
    draw = await register.draw(1)
    await register.close()
    assert found.lapses == {1: draw.chain.time_ms(draw.spec["reserve_rounds"][-1]) - 29_999}
