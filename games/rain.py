"""The red-envelope rain: one envelope a viewer, caught any time it falls on their channel.

A grab is one byte in the slot, and the first counts; more grabs are answered with it. It earns one ticket,
and the amounts are dealt afterwards by a draw over all who grabbed: a fast thumb, network or channel wins
nothing, and nothing about an envelope is decided while it falls.
"""

import msgspec

from games.game import Game, Refused, Shown, Stands, Timing, Verdict, Window
from voting.entries import Entry
from voting.layout import Layout
from voting.tally import By, Count, Counters, Values, Voters


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rundown says nothing of the game itself: its envelopes are the segment's draw."""


class Move(msgspec.Struct, frozen=True):
    """What a phone sends: that its viewer caught one. Which one is a picture on that phone."""


def counts(_settings: Settings) -> list[Count]:
    return [Voters("voters"), By("channel", ("channel",))]


def judge(
    _opened: Settings, slot: Values, _move: Move, _at_ms: int, _window: Window
) -> Verdict | Stands | Refused:
    return Stands() if slot["seq"] else Verdict({"grabbed": 1})


def settle(_settings: Settings, _outcome: str) -> int:
    raise ValueError("a rain has no outcome to settle")


def tally(_opened: Settings, counters: Counters) -> Shown:
    """`{"voters": n}`: so many hold an envelope."""
    return {"voters": counters.get("voters", 0)}


GAME = Game(
    name="rain",
    settings=Settings,
    move=Move,
    layout=lambda _settings: Layout.of(grabbed="u8"),
    counts=counts,
    entries=lambda _settings: [Entry(["eq", "grabbed", 1], 1)],
    timing=lambda _settings: Timing.APPEAR,
    live=lambda _settings: True,
    open=lambda settings, _seed: settings,
    judge=judge,
    public=lambda _opened, _channel, _elapsed_ms: {},
    mine=lambda _opened, slot: {"grabbed": bool(slot["grabbed"])},
    tally=tally,
    settle=settle,
)
