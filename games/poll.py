"""The poll: choose among 2 to 64 things.

kind "predict": which will win? One choice; it locks before the outcome, its tally stays hidden until the
reveal, the director settles it, and a right answer earns tickets. kind "opinion": one choice or several;
having voted earns the tickets, if there are any, so that nobody's opinion is bought.

A ballot is always whole. Where `revise` is false the first one is final, and another is answered with it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from games.choices import Choice, different, tied
from games.game import Game, Reason, Refused, Shown, Stands, Timing, Verdict, Window
from voting.ballot import CHOICES_MAX, ballot, chosen, mask_kind, places
from voting.entries import SETTLED, TICKETS_MAX, Entry
from voting.layout import Layout
from voting.tally import Bits, By, Count, Counters, Values, Voters


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rundown says about a poll.

    allowance: how many different choices a ballot may name. revise: whether a later ballot replaces the
    first. tally: whether the counts are shown while it runs. tickets: for a right answer, or for having
    voted (opinion).
    """

    kind: Literal["predict", "opinion"]
    choices: Annotated[tuple[Choice, ...], Meta(min_length=2, max_length=CHOICES_MAX)]
    allowance: Annotated[int, Meta(ge=1, le=CHOICES_MAX)] = 1
    revise: bool = False
    tally: Literal["hidden", "live"] = "hidden"
    tickets: Annotated[int, Meta(ge=0, le=TICKETS_MAX)] = 0

    def __post_init__(self) -> None:
        ids = different(self.choices)
        if self.allowance > len(ids):
            raise ValueError(f"allowance: {self.allowance} of {len(ids)} choices")
        if self.kind == "predict" and self.allowance != 1:
            raise ValueError("allowance: a prediction names one choice")
        if self.kind == "predict" and self.tally != "hidden":
            raise ValueError("tally: a prediction's is hidden until the reveal")


class Move(msgspec.Struct, frozen=True):
    """What a phone sends: the whole ballot."""

    choices: Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=CHOICES_MAX)]


@dataclass(frozen=True)
class Round:
    """A poll that is open. Nothing in it is secret, nothing is drawn by lot."""

    settings: Settings
    ids: tuple[str, ...]
    place_of: dict[str, int]


def layout(settings: Settings) -> Layout:
    if settings.allowance == 1:
        return Layout.of(choice="u8")
    return Layout.of(choices=mask_kind(len(settings.choices)))


def counts(settings: Settings) -> list[Count]:
    if settings.allowance == 1:
        return [Voters("voters"), By("choice", ("choice",)), By("choice_channel", ("choice", "channel"))]
    return [Voters("voters"), Bits("choices", "choices"), By("channel", ("channel",))]


def entries(settings: Settings) -> list[Entry]:
    if not settings.tickets:
        return []
    if settings.kind == "predict":
        return [Entry(["eq", "choice", SETTLED], settings.tickets)]
    return [Entry(["ge", "seq", 1], settings.tickets)]


def timing(settings: Settings) -> Timing:
    """An opinion changes what the stage or the screen does, so it too closes for everyone at once."""
    return Timing.PREDICT if settings.kind == "predict" else Timing.INFLUENCE


def live(settings: Settings) -> bool:
    return settings.tally == "live"


def open_round(settings: Settings, _seed: bytes) -> Round:
    ids = different(settings.choices)
    return Round(settings, ids, places(ids))


def judge(
    opened: Round, slot: Values, move: Move, _at_ms: int, _window: Window
) -> Verdict | Stands | Refused:
    body = ballot(move.choices, opened.place_of, opened.settings.allowance)
    if body is None:
        return Refused(Reason.BAD_MOVE)
    if slot["seq"] and not opened.settings.revise:
        return Stands()
    return Verdict(body)


def public(opened: Round, _channel: int, _elapsed_ms: int) -> Shown:
    settings = opened.settings
    return {
        "kind": settings.kind,
        "choices": list(opened.ids),  # their words are the segment's texts
        "allowance": settings.allowance,
        "revise": settings.revise,
        "tally": settings.tally,
        "tickets": settings.tickets,
    }


def mine(opened: Round, slot: Values) -> Shown:
    return {"choices": chosen(slot, opened.ids)}


def tally(opened: Round, counters: Counters) -> Shown:
    """`{"voters": n, "choices": {id: n}}`, every choice listed; of several a ballot, they exceed voters.

    `tied` lists the choices that share the first place, where more than one do (see `games.choices.tied`).
    """
    if opened.settings.allowance == 1:
        names = [f"choice/{place + 1}" for place in range(len(opened.ids))]
    else:
        names = [f"choices/{place}" for place in range(len(opened.ids))]
    shown = {choice: counters.get(name, 0) for choice, name in zip(opened.ids, names, strict=True)}
    result = {"voters": counters.get("voters", 0), "choices": shown}
    first = tied(shown)
    return {**result, "tied": first} if first else result


def settle(settings: Settings, outcome: str) -> int:
    """What the slot of a right answer holds. outcome: the id of the choice that came true."""
    if settings.kind != "predict":
        raise ValueError("an opinion has no right answer to settle")
    ids = [choice.id for choice in settings.choices]
    if outcome not in ids:
        raise ValueError(f"no choice {outcome!r}: one of {', '.join(ids)}")
    return ids.index(outcome) + 1


GAME = Game(
    name="poll",
    settings=Settings,
    move=Move,
    layout=layout,
    counts=counts,
    entries=entries,
    timing=timing,
    live=live,
    open=open_round,
    judge=judge,
    public=public,
    mine=mine,
    tally=tally,
    settle=settle,
    timeless=True,
)
