"""The cues of a draw that are no acts of the rundown: who commits and reveals, what the notary found, an end
without a result. Pure, like the rest of the fold.
"""

import re
from typing import Any

from msgspec.structs import replace

from gala.rundown import Rundown, Segment
from gala.show import apart as show_apart
from gala.show.reasons import Reason
from gala.show.state import CueContent, Drawing, State
from rewards.rules import leaves

CUES = frozenset(("commit", "reveal", "beacon", "freeze_draw", "rostered", "frozen", "drawn", "void_draw"))
CAUSES = ("director", "lapsed", "unwitnessed")
_HASH = re.compile("[0-9a-f]{64}")
_SIGNATURE = re.compile("[0-9a-f]{96}")


def refusal(rundown: Rundown, state: State, cue: CueContent) -> Reason | None:
    """Why a cue of a draw may not be done now."""
    kind, number = cue["cue"], cue.get("draw")
    if type(number) is not int or segment_of(rundown, number) is None:
        return Reason.UNKNOWN_DRAW
    drawing = state.draws.get(number)
    if drawing is not None and drawing.state == "void":
        return Reason.ALREADY_DONE
    if kind in ("commit", "reveal"):
        return _party_refusal(rundown, state, cue, drawing)
    if kind == "void_draw":
        if cue.get("cause") not in CAUSES:
            return Reason.BAD_CUE
        if not cue.get("reason"):
            return Reason.REASON_NEEDED
        if drawing is None or drawing.state == "armed":
            return None
        # once the reveals are closed the beacon decides, and nobody else
        frozen = drawing.state == "frozen" and cue["cause"] == "unwitnessed"
        return None if frozen else Reason.ALREADY_DONE
    if kind == "beacon":
        if not _is(_SIGNATURE, cue.get("signature")):
            return Reason.BAD_CUE
        return None if drawing is not None and drawing.state == "frozen" else Reason.NOT_FROZEN
    if drawing is None:
        return Reason.UNKNOWN_DRAW
    if kind == "freeze_draw":
        return _apart_refusal(rundown, state, cue, drawing)
    if kind == "rostered":
        return Reason.ALREADY_DONE if drawing.root or not drawing.frozen_at_ms else None
    expected = "armed" if kind == "frozen" else "frozen"
    return None if drawing.state == expected else Reason.ALREADY_DONE


def _apart_refusal(rundown: Rundown, state: State, cue: CueContent, drawing: Drawing) -> Reason | None:
    """Why the roster of a draw may not be fixed yet that waits for nobody but its own channels."""
    if type(cue.get("numbers")) is not int or cue["numbers"] < 0:
        return Reason.BAD_CUE
    segment = rundown.segment(drawing.segment)
    draw = next(one for one in segment.draws if one.number == drawing.number)
    if drawing.frozen_at_ms or not draw.apart:
        return Reason.ALREADY_DONE
    if not state.rehearsal and missing(rundown, state, drawing.number):
        return Reason.NOT_COMMITTED
    round_ = state.counting_round(segment.id)
    if round_ is None:
        return Reason.UNKNOWN_ROUND
    closed = show_apart.is_closed(round_, show_apart.channels_of(rundown, draw))
    return None if closed else Reason.NOT_LOCKED


def _party_refusal(rundown: Rundown, state: State, cue: CueContent, drawing: Drawing | None) -> Reason | None:
    party, number = cue.get("party"), cue["draw"]
    if party not in rundown.parties:
        return Reason.UNKNOWN_PARTY
    key = f"{number}/{party}"
    if cue["cue"] == "commit":
        if not _is(_HASH, cue.get("commitment")):
            return Reason.BAD_CUE
        if key in state.commits or (drawing is not None and drawing.frozen_at_ms):
            return Reason.ALREADY_DONE
        return None
    r = cue.get("r")
    if not _is(_HASH, r):
        return Reason.BAD_CUE
    if drawing is None or not drawing.root:
        return Reason.NOT_FROZEN
    if drawing.state != "armed" or key in state.reveals:
        return Reason.ALREADY_DONE
    made = leaves.commitment(leaves.draw_id(rundown.id, number), str(party), bytes.fromhex(str(r)))
    return None if state.commits.get(key) == made.hex() else Reason.BAD_REVEAL


def advance(rundown: Rundown, state: State, cue: CueContent) -> State:
    """The state after a cue of a draw that `refusal` let through."""
    kind, number = cue["cue"], cue["draw"]
    if kind == "commit":
        return replace(state, commits={**state.commits, f"{number}/{cue['party']}": cue["commitment"]})
    if kind == "reveal":
        return replace(state, reveals={**state.reveals, f"{number}/{cue['party']}": cue["r"]})
    if kind == "beacon":
        return state
    segment = segment_of(rundown, number)
    assert segment is not None, "a draw of no segment was refused"
    drawing = state.draws.get(number) or Drawing(number=number, segment=segment.id)
    if kind == "void_draw":
        drawing = replace(drawing, state="void")
    else:
        facts: dict[str, Any] = {
            name: value
            for name, value in cue.items()
            if name in Drawing.__struct_fields__ and name != "state"
        }
        if kind == "rostered":
            facts["rostered_at_ms"] = state.at_ms
        elif kind == "freeze_draw":
            facts = {"frozen_at_ms": state.at_ms}
        else:
            apart = any(draw.apart for draw in segment.draws if draw.number == number)
            # one that is dealt apart is announced by itself, and so nobody waits for it
            facts["state"] = kind
            if kind == "drawn" and apart:
                facts |= {"state": "announced", "announced_at_ms": state.at_ms}
        drawing = replace(drawing, **facts)
    return replace(state, draws={**state.draws, number: drawing})


def segment_of(rundown: Rundown, number: object) -> Segment | None:
    """The segment that holds a draw."""
    return next((s for s in rundown.segments if any(draw.number == number for draw in s.draws)), None)


def missing(rundown: Rundown, committed: State, number: int) -> list[str]:
    """The parties that have not committed to a draw."""
    return [party for party in rundown.parties if f"{number}/{party}" not in committed.commits]


def _is(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None
