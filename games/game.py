"""The shape of a game, and the one function that judges a play of any of them.

A play is a pure function of (the opened round, its window, the viewer's slot, the message, the time it
arrived). `play` does what is the same for all games: the head, the viewer's own `seq`, the frozen channel,
the window, the deltas. The game's `judge` does the rest. Nothing is stored here: the answer names the slot
to write, and the box writes it only if the slot is still the one that was judged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from games.chains import Chains
from voting.entries import Entry, check_entries, entries_to_json, tickets
from voting.layout import FLAG_CONSENT, SEQ_MAX, Layout
from voting.tally import Count, Counters, Tally, Values, counts_to_json

Shown = dict[str, Any]
"""What may be sent to a phone: JSON values under string keys."""


class Reason(StrEnum):
    """Why a play is refused: the published list, the same in the browser."""

    ENTER_FIRST = "enter_first"
    """The viewer has no number yet."""
    NOT_OPEN = "not_open"
    """The round has not opened for this viewer."""
    LOCKED = "locked"
    """The round has closed; nothing more is counted."""
    SEALED = "sealed"
    """The round is closed and published."""
    BAD_MOVE = "bad_move"
    """The move is not one of this game, or its seq is no number from 1 to 65 535."""
    TOO_EARLY = "too_early"
    """Earlier than a person could have reacted, or before what it answers was shown."""
    TOO_LATE = "too_late"
    """What it answers was gone by then, or it was told too long after it happened."""
    TOO_FAST = "too_fast"
    """More in this time than the rules allow."""
    OVER_CAP = "over_cap"
    """More in all than the rules allow one viewer."""
    NOT_ELIGIBLE = "not_eligible"
    """This viewer may not take part in this round."""
    HALL_FULL = "hall_full"
    """The hall is full: wait for the place in the queue."""
    UNKNOWN_ROUND = "unknown_round"
    """There is no such round, or it is not on air."""


class Timing(StrEnum):
    """When phones show a round and when the server closes it, on a channel with delay d."""

    APPEAR = "appear"
    """Opens and closes d later: everyone gets the same length of play."""
    PREDICT = "predict"
    """Opens d later, locks for everyone at once: a fast feed must not bet after the fact."""
    INFLUENCE = "influence"
    """Opens d later, closes for everyone at the cut: the stage cannot wait."""
    REVEAL = "reveal"
    """Shown d later, nothing to play."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The move stands. `body`: the body's fields that change, if any. `flags` are added to the slot's.

    `flags_off` are taken away first: only a consent may go again, what happened stays.

    `refused`: parts of the move that were left out, each `(part, reason)`.
    """

    body: Mapping[str, int]
    flags: int = 0
    refused: Sequence[tuple[int, Reason]] = ()
    flags_off: int = 0


class Stands(msgspec.Struct, frozen=True, gc=False):
    """What the slot holds already stands, and this move does not change it (a first ballot that is final)."""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The move is not counted. `mine` is what the viewer has."""

    reason: Reason
    mine: Shown | None = None


class Already(msgspec.Struct, frozen=True, gc=False):
    """Nothing changes: this play, or a newer or final one, counts already. `mine` is what counts."""

    mine: Shown | None


class Counted(msgspec.Struct, frozen=True, gc=False):
    """The play counts as soon as the box has applied it: `before` becomes `after`, with these `deltas`."""

    after: bytes
    deltas: Counters
    refused: Sequence[tuple[int, Reason]]
    mine: Shown | None


Outcome = Counted | Already | Refused


class Spell(msgspec.Struct, frozen=True, gc=False):
    """While it lasts, [from, until), points weigh `factor_bp` ten-thousandths: the director's ×2 minute."""

    from_at_ms: int
    until_at_ms: int
    factor_bp: int


Pauses = tuple[tuple[int, int], ...]
"""Ascending, apart, [from, to); the last `to` may be 0: it lasts still."""


def running_ms(since_ms: int, pauses: Pauses, at_ms: int) -> int:
    """How long something that began at `since_ms` has run by `at_ms`, pauses left out; negative before."""
    ran_ms = at_ms - since_ms
    for from_ms, to_ms in pauses:
        until_ms = min(to_ms or at_ms, at_ms)
        ran_ms -= max(0, until_ms - max(from_ms, since_ms))
    return ran_ms


class Window(msgspec.Struct, frozen=True, gc=False):
    """When a viewer may play: from `opens_at_ms`, before `closes_at_ms`. Instants of arrival here.

    cut_at_ms: from then on nothing counts for the stage any more; 0 when no cut is known. spells:
    ascending, apart. slack_ms: how far this phone's clock may be off, for games that look at claimed times.
    pauses: while the show was on hold for this viewer.
    """

    opens_at_ms: int
    closes_at_ms: int
    cut_at_ms: int = 0
    spells: tuple[Spell, ...] = ()
    slack_ms: int = 0
    pauses: Pauses = ()

    def running_ms(self, at_ms: int) -> int:
        """How long the round had run at an instant, pauses left out; negative before it opened."""
        return running_ms(self.opens_at_ms, self.pauses, at_ms)


class Fans(msgspec.Struct, frozen=True, gc=False):
    """How a game's slots tell who did most for whom: `score` and `choice` name fields of its layout.

    choice: 1 + the place, among the settings' choices, of whom it was done for. per: so much of `score`
    makes a point.
    """

    score: str
    choice: str
    per: int = 1


S = TypeVar("S", bound=msgspec.Struct)  # what a rundown may say
M = TypeVar("M", bound=msgspec.Struct)  # what a phone may send
R = TypeVar("R")  # the round: settings and what was derived from the seed


@dataclass(frozen=True)
class Game(Generic[S, M, R]):
    """A game: types, data and pure functions.

    settings, move: msgspec Structs with limits, checked where they come in.
    layout, counts, entries: what a slot holds, what is counted, what earns tickets; published when a round
    opens. timing, live: its timing class, and whether its counters may be shown while it is open, by
    settings.
    open(settings, seed): the round, derived and never stored.
    judge(round, slot's values, move, at_ms, window): the verdict. An empty slot comes with the viewer's
    channel filled in.
    public(round, channel, elapsed_ms): what may be shown to that channel so long after the round opened
    there, never anything later. beats(round, elapsed_ms): how many times by then time alone has changed it;
    never falls.
    mine(round, slot's values): what this viewer has, of a slot that is not empty. tally(round, counters): the
    counters as pages show them. settle(settings, outcome): the integer that "@settled" stands for;
    ValueError, with a sentence for the director, when that is no outcome of this round. multiplies: whether
    its judge weighs points by the window's spells. chains(round): the chains of keys behind what it tells
    piece by piece, for a game that does. timeless: whether its judge looks neither at the time nor at the
    window, nor at a slot's seq beyond whether there is one: its verdicts may be remembered. fans: for a game
    whose viewers may agree (FLAG_CONSENT) to be shown by their number among those who did most.
    """

    name: str
    settings: type[S]
    move: type[M]
    layout: Callable[[S], Layout]
    counts: Callable[[S], list[Count]]
    entries: Callable[[S], list[Entry]]
    timing: Callable[[S], Timing]
    live: Callable[[S], bool]
    open: Callable[[S, bytes], R]
    judge: Callable[[R, Values, M, int, Window], Verdict | Stands | Refused]
    public: Callable[[R, int, int], Shown]
    mine: Callable[[R, Values], Shown]
    tally: Callable[[R, Counters], Shown]
    settle: Callable[[S, str], int]
    beats: Callable[[R, int], int] = lambda _round, _elapsed_ms: 0
    multiplies: bool = False
    chains: Callable[[R], Chains | None] = lambda _round: None
    timeless: bool = False
    fans: Fans | None = None

    def read_settings(self, said: object) -> S:
        """Settings from decoded TOML or JSON; msgspec.ValidationError names the field at fault."""
        return msgspec.convert(said, self.settings)


AnyGame = Game[Any, Any, Any]


@dataclass(frozen=True)
class Opened(Generic[S, M, R]):
    """An open round: all that follows from the game, its settings and the seed, worked out once."""

    game: Game[S, M, R]
    settings: S
    round: R
    layout: Layout
    tally: Tally
    entries: tuple[Entry, ...]

    def leaf(self, channels: int) -> dict[str, Any]:
        """The part of the round's opening leaf that the game declares: plain JSON values.

        channels: how many ways of watching the show has, at least 1.
        """
        declared = {
            "game": self.game.name,
            "layout": self.layout.to_json(),
            "counts": counts_to_json(self.tally.counts),
            "entries": entries_to_json(self.entries),
        }
        chains = self.game.chains(self.round)
        return declared | ({"chains": chains.to_json(channels)} if chains is not None else {})

    def heads(self, channels: int) -> list[str]:
        """What opens the leaf's chains, in hex, for the seal; empty for a game without chains."""
        chains = self.game.chains(self.round)
        return chains.heads(channels) if chains is not None else []

    def mine(self, slot: bytes) -> Shown | None:
        """What the viewer of this slot has, with the `seq` it was counted under; None when it is empty."""
        return self.mine_of(self.layout.unpack(slot))

    def mine_of(self, values: Values) -> Shown | None:
        """As `mine`, of a slot unpacked already."""
        if not values["seq"]:
            return None
        return {"seq": values["seq"], **self.game.mine(self.round, values)}

    def tickets(self, slot: bytes, settled: int | None) -> int:
        """The tickets this slot earns; `settled` is None until the round is settled."""
        return tickets(self.entries, self.layout.unpack(slot), settled)


AnyOpened = Opened[Any, Any, Any]


def open_round(game: Game[S, M, R], settings: S, seed: bytes) -> Opened[S, M, R]:
    """Open a round. seed: 32 secret bytes of its own; the same seed opens the same round again."""
    layout = game.layout(settings)
    entries = tuple(game.entries(settings))
    check_entries(layout, entries)
    return Opened(
        game=game,
        settings=settings,
        round=game.open(settings, seed),
        layout=layout,
        tally=Tally(layout, game.counts(settings)),
        entries=entries,
    )


def play(
    opened: Opened[S, M, R],
    window: Window,
    before: bytes,
    *,
    seq: object,
    channel: int,
    move: object,
    at_ms: int,
) -> Outcome:
    """Judge one play against the viewer's present slot.

    before: the slot, `opened.layout.width` bytes. seq, move: as decoded from the message, unchecked.
    channel: 0 … 255, the viewer's channel now; only the first play of a round sets the slot's. at_ms:
    arrival.

    A `seq` not above the slot's is answered first, even after the lock, so that a phone whose ack was lost
    learns that its play counts.
    """
    values = opened.layout.unpack(before)
    mine = opened.mine_of(values)
    if type(seq) is not int or not 1 <= seq <= SEQ_MAX:
        return Refused(Reason.BAD_MOVE, mine)
    if seq <= values["seq"]:
        return Already(mine)
    if at_ms < window.opens_at_ms:
        return Refused(Reason.NOT_OPEN, mine)
    if at_ms >= window.closes_at_ms:
        return Refused(Reason.LOCKED, mine)
    try:
        asked = msgspec.convert(move, opened.game.move)
    except msgspec.ValidationError:
        return Refused(Reason.BAD_MOVE, mine)
    if not values["seq"]:
        values["channel"] = channel
    match opened.game.judge(opened.round, values, asked, at_ms, window):
        case Refused(reason=reason):
            return Refused(reason, mine)
        case Stands():
            return Already(mine)
        case Verdict(body=body, flags=on, refused=refused, flags_off=off):
            assert not off & ~FLAG_CONSENT, "what happened cannot be taken back"
            head = {"seq": seq, "channel": values["channel"], "flags": values["flags"] & ~off | on}
            becomes = {**values, **body, **head}
            after = opened.layout.pack(becomes)
            return Counted(after, opened.tally.deltas(before, after), refused, opened.mine_of(becomes))
