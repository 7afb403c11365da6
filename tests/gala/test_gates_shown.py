"""The desk says *locked* of what is locked: over a real store, with a conductor that dies half-way."""

from pathlib import Path

import pytest

from gala.edge.crew import Crew
from gala.passes import CrewPass, Passes
from gala.protocol.crew import CuePost, DeskRound
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.timing import GRACE_MS
from tests.gala.hall import SECRET, Hall
from tests.gala.story import SHORT, TETRIS
from voting.box import Box, GateState

MEI = CrewPass(role="director", name="Mei", show=SHORT.id)


@pytest.fixture
async def hall(clients: Clients, tmp_path: Path) -> Hall:
    hall = Hall(clients, tmp_path)
    await hall.begin()
    return hall


@pytest.fixture
def crew(hall: Hall) -> Crew:
    return Crew(
        SHORT,
        hall.rounds,
        ShowLog(hall.clients, SHORT.id),
        hall.clients.once,
        Passes(SECRET, SHORT.id),
        now=lambda: hall.now_ms,
        rate=lambda: 1.0,
        wall_s=lambda: 0,
        knows_the_time=lambda: True,
    )


async def shown(hall: Hall, crew: Crew) -> DeskRound:
    """The newest round as the desk has it a moment later."""
    hall.now_ms += 300
    await crew.step(hall.now_ms)
    return crew.desk(hall.now_ms, "Mei").rounds[-1]


async def test_locked_is_said_once_every_gate_is_shut_and_until_then_nothing_is_settled(
    hall: Hall, crew: Crew
) -> None:
    conductor = hall.conductor()
    await hall.go("tetris.start")
    for ms in (0, 1_000, 18_000):
        hall.now_ms += ms
        await conductor.step(hall.now_ms)
    round_ = await shown(hall, crew)
    assert (round_.state, round_.pages_locked, round_.pages) == ("locking", 0, 2)

    # this conductor is heard of no more; another died between two gates
    state = crew.state.rounds[TETRIS]
    box = Box(hall.clients.once, TETRIS, hall.rounds.opened(state).layout.width)
    await box.set_gate(range(1), state.generation, GateState.LOCKED)
    hall.now_ms += GRACE_MS
    round_ = await shown(hall, crew)
    assert (round_.state, round_.pages_locked, round_.pages) == ("locking", 1, 2)
    settle = CuePost(id="early", cue="go", expect={"standby": "tetris.settle"}, outcome="comets")
    status, reply = await crew.post(settle, MEI)
    assert (status, reply.reason) == (422, "not_locked")

    await hall.conductor("three").step(hall.now_ms)
    round_ = await shown(hall, crew)
    assert (round_.state, round_.pages_locked, round_.pages) == ("locked", 2, 2)
    settle = CuePost(id="now", cue="go", expect={"standby": "tetris.settle"}, outcome="comets")
    assert (await crew.post(settle, MEI))[0] == 200
