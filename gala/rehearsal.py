"""A show that calls itself: what a person at the desk would do next, and how fast an idle hour may pass.

Pure rules over the state; `gala.demo` sends the cues through the same door as a person's.
"""

import hashlib
from typing import Any, Literal, NamedTuple

from gala.rundown import Rundown
from gala.show.ahead import timed
from gala.show.refusals import refusal
from gala.show.state import State, delays_of
from gala.timing import slowest_ms

BEFORE_MS = 60_000  # gala time starts so long before the show
SEEN_MS = 8_000  # after the slowest channel saw a result, before time may be hurried again
HURRY_MAX = 2_048
DOUBLE_BP, MINUTE_MS = 20_000, 60_000
ARRIVE_S = 0.5  # hurried time slows so that the next cue is about this far away in real time


class Act(NamedTuple):
    """GO for the cue on standby, with `outcome` for a settle; or `multiply` of a round's points."""

    target: str
    outcome: str = ""
    cue: Literal["go", "multiply"] = "go"
    factor_bp: int = 0
    ms: int = 0

    def content(self) -> dict[str, Any]:
        """The cue as the log has it."""
        said: dict[str, Any] = {"cue": self.cue, "target": self.target}
        return said | (
            {"outcome": self.outcome} if self.cue == "go" else {"factor_bp": self.factor_bp, "ms": self.ms}
        )


def next_act(rundown: Rundown, state: State, now_ms: int) -> Act | None:
    """What the director does now, if anything."""
    if state.held_at_ms:
        return None
    spell = _spell(rundown, state, now_ms)
    if spell is not None or not state.standby:
        return spell
    segment, cue = rundown.cue(state.standby)
    if now_ms < _ready_at_ms(rundown, state):
        return None
    outcome = ""
    if cue.do == "settle" and segment.game is not None:
        newest = state.newest_round(segment.id)
        lot = hashlib.sha256((newest.id if newest is not None else "").encode()).digest()
        outcome = segment.game.outcomes[lot[0] % len(segment.game.outcomes)]
    return _if_allowed(rundown, state, Act(cue.id, outcome), now_ms)


def _spell(rundown: Rundown, state: State, now_ms: int) -> Act | None:
    """One double minute for a round whose points can be multiplied, from a third of its way to the cut."""
    round_ = state.playable_round()
    if round_ is None or round_.spells:
        return None
    until_ms = round_.stage_until_at_ms or round_.lock_due_at_ms
    if now_ms < round_.opened_at_ms + (until_ms - round_.opened_at_ms) // 3:
        return None
    act = Act(round_.id, cue="multiply", factor_bp=DOUBLE_BP, ms=MINUTE_MS)
    return _if_allowed(rundown, state, act, now_ms)


def _if_allowed(rundown: Rundown, state: State, act: Act, now_ms: int) -> Act | None:
    return act if refusal(rundown, state, act.content(), now_ms) is None else None


def _ready_at_ms(rundown: Rundown, state: State) -> int:
    """When a calm director would press GO."""
    segment, cue = rundown.cue(state.standby)
    pause_ms = min(4_000, segment.plan_ms // 12)
    if cue.do != "start":
        return state.at_ms + pause_ms
    waiting = [rundown.cue(name) for name, _ in timed(rundown, state)]
    if any(source.id == state.on_air and timed_cue.do != "reveal" for source, timed_cue in waiting):
        # What is on air ends by itself, and its end changes this. A result may come while the next runs.
        return state.at_ms + 365 * 86_400_000
    return max(segment.plan_at_ms, state.at_ms + pause_ms)


def hurry(rundown: Rundown, state: State, now_ms: int, *, speed: float) -> float:
    """How fast gala time may run: `speed` while there is something to play or to see, faster when not."""
    slowest = slowest_ms(delays_of(rundown, state))
    for round_ in state.rounds.values():
        if not round_.void and not round_.revealed_at_ms:
            return speed
        if now_ms < round_.revealed_at_ms + slowest + SEEN_MS:
            return speed
    for drawing in state.draws.values():
        if drawing.frozen_at_ms and drawing.state != "announced":
            return speed
    if state.phase == "ended" or state.held_at_ms:
        return speed
    if any(
        cue.do == "announce"
        and cue.id in state.fired
        and now_ms < state.fired[cue.id].at_ms + slowest + SEEN_MS
        for segment in rundown.segments
        for cue in segment.cues
    ):
        return speed
    instants = [at_ms for _, at_ms in timed(rundown, state)]
    if state.standby:
        instants.append(_ready_at_ms(rundown, state))
    # What is due is being fired, or GO pressed: what that opens must not run away before anyone has seen it.
    ahead_ms = max(0, min(instants, default=now_ms) - now_ms)
    rate = speed
    # doubling steps, so that phones are not told a new pace all the time
    while rate * 2 <= HURRY_MAX and rate * 2 * ARRIVE_S * 1000 <= ahead_ms:
        rate *= 2
    return rate
