"""Decks dealt apart: a round closes on some channels for good while others still play. Pure.

`close` is the conductor's word that nobody on these channels may play any more; the round's generation
grows, so what was judged before is judged again by whoever has read it. `closed` says that every gate stands
under that generation or a later one: from then on nothing on these channels can change, and the notary may
freeze the draws that are only theirs (`freeze_draw`, in `gala.show.draws`).
"""

from collections.abc import Iterator

from msgspec.structs import replace

from gala.rundown import Draw, Rundown, Segment
from gala.show.reasons import Reason
from gala.show.state import CueContent, Round, State

CUES = frozenset(("close", "closed"))


def channels_of(rundown: Rundown, draw: Draw) -> tuple[int, ...]:
    """The places, in the rundown's order, of the channels a draw is for."""
    return tuple(place for place, channel in enumerate(rundown.channels) if channel.id in draw.channels)


def draws_of(segment: Segment) -> Iterator[Draw]:
    """Those of a segment that are dealt apart."""
    return (draw for draw in segment.draws if draw.apart)


def is_closed(round_: Round, channels: tuple[int, ...]) -> bool:
    """Whether nothing that these channels have played can change any more."""
    return round_.shut or set(channels) <= set(round_.closed)


def refusal(rundown: Rundown, state: State, cue: CueContent) -> Reason | None:
    """Why a round may not be closed on some channels now."""
    target, channels = cue.get("target"), cue.get("channels")
    round_ = state.rounds.get(target) if isinstance(target, str) else None
    if round_ is None:
        return Reason.UNKNOWN_ROUND
    if not isinstance(channels, list | tuple) or not channels:
        return Reason.BAD_CUE
    if any(type(one) is not int or not 0 <= one < len(rundown.channels) for one in channels):
        return Reason.UNKNOWN_CHANNEL
    if not round_.locked_at_ms or round_.timing != "appear":
        return Reason.NOT_LOCKED
    if round_.void or round_.shut:
        return Reason.ALREADY_DONE
    if cue["cue"] == "close":
        return Reason.ALREADY_DONE if set(channels) <= set(round_.closing) else None
    if not set(channels) <= set(round_.closing):
        return Reason.NOT_LOCKED
    return Reason.ALREADY_DONE if set(channels) <= set(round_.closed) else None


def advance(state: State, cue: CueContent) -> State:
    """The state after a cue that `refusal` let through."""
    round_, channels = state.rounds[cue["target"]], set(cue["channels"])
    if cue["cue"] == "close":
        closing = tuple(sorted({*round_.closing, *channels}))
        round_ = replace(round_, closing=closing, generation=round_.generation + 1)
    else:
        round_ = replace(round_, closed=tuple(sorted({*round_.closed, *channels})))
    return replace(state, rounds={**state.rounds, round_.id: round_})
