"""One play on its way: as it came, when it may count, and its verdict on a slot."""

from typing import Any, Protocol

import msgspec

from gala.edge.audience import Cohort
from gala.edge.broadcast import NAMESPACE
from gala.protocol import PlayReply, RoundMine
from gala.show.state import Round
from gala.timing import later, plays_from_ms
from games.game import AnyOpened, Outcome, Pauses, Window, play
from voting.layout import channel_of

RETRY_MS = 1_000
FAR_MS = 1 << 52  # when nobody knows yet when a round will close
CLOSED = Window(0, 0)


class Said(msgspec.Struct, frozen=True, gc=False):
    """A play as it comes over the wire (`gala.protocol.Play`), its move not yet looked at."""

    round: str
    seq: int
    at_ms: int
    move: msgspec.Raw


class Asker(Protocol):
    """Who is told a play's fate: a line."""

    def ack(self, namespace: str, number: int | None, content: object) -> None:
        """Answers the packet of that number, if it asked for an answer."""

    def write(self, whole: bytes) -> None:
        """Sends a frame."""


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """One play that waits for its batch."""

    asker: Asker
    packet: int | None
    number: int
    seq: int
    move: bytes
    cohort: Cohort
    delay_ms: int
    bound_ms: float
    arrived_ms: int
    at_ms: int  # by which it is judged

    def answer(self, reply: PlayReply) -> None:
        self.asker.ack(NAMESPACE, self.packet, reply)

    def retry(self) -> None:
        """Nobody knows its fate: the same play sent again will tell."""
        self.answer(PlayReply(status="retry", retry_after_ms=RETRY_MS))


def window_of(round_: Round, waiting: Waiting, before: bytes, phone_ms: int) -> Window:
    """When this viewer may play; `phone_ms`: how far their phone's clock may be off."""
    if round_.void or round_.shut:
        return CLOSED
    delay_ms = waiting.delay_ms
    pauses: Pauses = ()
    if round_.timing == "appear":
        # All of a channel play the same timetable, so a viewer's own nudge neither opens nor closes it;
        # and the channel is that of the first play in the slot, wherever the viewer has gone since.
        played_on = channel_of(before)
        channel = waiting.cohort.channel_index if played_on is None else played_on
        if channel in round_.closing:
            return CLOSED  # whatever any clock says: its envelopes are being dealt
        delay_ms = round_.delays_ms[channel]
        pauses = later(round_.pauses, delay_ms)
    return Window(
        plays_from_ms(round_.timing, round_.opened_at_ms, delay_ms),
        round_.closes_at_ms(delay_ms) or FAR_MS,
        cut_at_ms=round_.stage_until_at_ms,
        spells=round_.spells,
        slack_ms=phone_ms,
        pauses=pauses,
    )


def judge(opened: AnyOpened, window: Window, waiting: Waiting, before: bytes) -> Outcome:
    """The verdict on a play of that window, against a slot."""
    try:
        move = msgspec.msgpack.decode(waiting.move)
    except (ValueError, RecursionError):
        move = None  # which is no game's
    return play(
        opened,
        window,
        before,
        seq=waiting.seq,
        channel=waiting.cohort.channel_index,
        move=move,
        at_ms=waiting.at_ms,
    )


def mine_of(mine: dict[str, Any] | None) -> RoundMine | None:
    """What a game says a viewer has, as it goes over the wire."""
    if mine is None:
        return None
    return RoundMine(seq=mine["seq"], has={name: value for name, value in mine.items() if name != "seq"})
