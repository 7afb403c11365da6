"""The gate: nothing is counted after the lock and its grace, whatever freezes, lags, lies or is changed.

The machine of `gate_machine` plays the adversary. That it would notice is proved as well: with any one
safeguard taken away it finds the fault.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import voting.box
from gala.edge.audience import Tuning
from gala.timing import shuts_at_ms
from tests.gala.gate_machine import GateMachine
from voting.box import Box, Gate, GateState

HALL = Tuning("hall")


def machine(url: str, folder: Path) -> type[GateMachine]:
    class Here(GateMachine):
        pass

    Here.url, Here.folder = url, folder
    return Here


def test_nothing_is_counted_after_the_lock_and_its_grace_whatever_happens(
    valkey_url: str, tmp_path: Path
) -> None:
    run_state_machine_as_test(
        machine(valkey_url, tmp_path),
        settings=settings(max_examples=25, stateful_step_count=30, suppress_health_check=list(HealthCheck)),
    )


# ---------------------------------------------------------------- the machine can fail


Break = Callable[[pytest.MonkeyPatch], None]


def script_without(*lines: str) -> Break:
    def broken(patch: pytest.MonkeyPatch) -> None:
        text = voting.box._APPLY
        for line in lines:
            assert line in text
            text = text.replace(line, line.split()[0] + " false then")
        patch.setattr(voting.box, "_APPLY", text)

    return broken


def half_the_gates(patch: pytest.MonkeyPatch) -> None:
    """The conductor says *locked* although it has shut the first page only."""
    set_gate = Box.set_gate

    async def first_only(box: Box, pages: Iterable[int], generation: int, state: GateState) -> list[Gate]:
        if state is not GateState.LOCKED:
            return await set_gate(box, pages, generation, state)
        gates = await set_gate(box, [0], generation, state)
        return gates * len(list(pages))

    patch.setattr(Box, "set_gate", first_only)


def late(patch: pytest.MonkeyPatch) -> None:
    """The conductor shuts the gates a second after the grace."""
    patch.setattr("gala.conductor.shuts_at_ms", lambda *said: shuts_at_ms(*said) + 1_000)


def credulous(patch: pytest.MonkeyPatch) -> None:
    """An edge believes what a phone says about when it played."""
    patch.setattr("gala.edge.plays.play_at_ms", lambda arrived_ms, claimed_ms, _: claimed_ms or arrived_ms)


def generous(patch: pytest.MonkeyPatch) -> None:
    """Who is on a slow channel may decide as much later, whatever the class."""
    patch.setattr("gala.show.state.closes_at_ms", lambda _timing, at_ms, delay_ms: at_ms + delay_ms)


def forgetful(patch: pytest.MonkeyPatch) -> None:
    """A hold that begins at a lock's instant keeps the gates open."""
    patch.setattr("gala.show.fold._overdue", lambda _rundown, state, _entry: state)


Scene = Callable[[GateMachine], None]


def begin(m: GateMachine, kind: str = "predict", *, off_ms: int = 0) -> None:
    """A round is open; edge 0 is sound, edge 1 has a clock so far off."""
    m.a_round_opens(kind, (0, off_ms, 0))


def a_slow_clock(m: GateMachine) -> None:
    begin(m, off_ms=-9_000)
    m.an_edge_is_cut_from_the_log_or_finds_it_again(1, blind=True)
    m.time_passes(("shut", 300))
    m.a_phone_plays(1, 0, HALL)


def a_hold_at_the_lock(m: GateMachine) -> None:
    begin(m, off_ms=-9_000)
    m.the_desk_acts("hold", at_the_lock=True)
    m.time_passes(("shut", 300))
    m.a_phone_plays(1, 0, HALL)


def a_lock_moved_unseen(m: GateMachine) -> None:
    begin(m)
    m.an_edge_is_cut_from_the_log_or_finds_it_again(1, blind=True)
    m.the_desk_acts("shorten", 4_000)
    m.time_passes(("lock", 150))
    m.a_phone_plays(1, 0, HALL)


def a_second_page(m: GateMachine) -> None:
    begin(m)
    m.time_passes(("shut", 0))


def a_play_claimed_back(m: GateMachine) -> None:
    begin(m)
    m.time_passes(("lock", 150))
    m.a_phone_plays(0, 0, HALL, "before the lock", 40.0)


def a_slow_channel(m: GateMachine) -> None:
    begin(m, "influence")
    m.time_passes(("lock", 150))
    m.a_phone_plays(0, 0, Tuning("app"))


@pytest.mark.parametrize(
    ("safeguard", "scene"),
    [
        pytest.param(
            script_without("elseif gate[2] ~= 'open' then"), a_slow_clock, id="a shut gate lets plays in"
        ),
        pytest.param(
            script_without("elseif gate[1] ~= ARGV[1] then"),
            a_lock_moved_unseen,
            id="generations are ignored",
        ),
        pytest.param(half_the_gates, a_second_page, id="locked is said with open gates"),
        pytest.param(late, a_slow_clock, id="the gate shuts late"),
        pytest.param(credulous, a_play_claimed_back, id="claims are believed"),
        pytest.param(generous, a_slow_channel, id="a delay extends decisions"),
        pytest.param(forgetful, a_hold_at_the_lock, id="a hold keeps gates open"),
    ],
)
def test_with_any_safeguard_gone_the_machine_finds_the_fault(
    safeguard: Break, scene: Scene, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def played() -> None:
        m = machine(valkey_url, tmp_path)()
        try:
            scene(m)
            m.counters_are_the_fold_of_slots_and_what_was_acknowledged_stays()
        finally:
            m.teardown()

    played()
    safeguard(monkeypatch)
    with pytest.raises(AssertionError):
        played()
