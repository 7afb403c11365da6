"""Plays of a timeless game known by heart: what a move that was judged before makes of such a slot.

Most of a million votes say one of a few things to one of a few slots, and their verdicts differ in nothing
but `seq`. So the second of a kind is looked up. What is refused, or stands already, is judged every time.
"""

from functools import partial
from typing import Any

import msgspec

from gala.edge.broadcast import NAMESPACE
from gala.protocol import PlayReply, RoundMine
from gala.wire.packets import AckMould
from games.game import AnyOpened, Counted, Timing
from voting.tally import Counters

KINDS_MAX = 4_096  # of one round; a phone that invents new words for the same ballot makes us forget
MOVE_BYTES_MAX = 256

Kind = tuple[bytes | int, bytes]
"""The slot from its channel on (the channel alone, where it is empty) and the move as it came."""


class KnownPlay(msgspec.Struct, frozen=True, gc=False):
    """`tail`: the slot it leaves, without its first field, seq. `mould` makes the answer of (seq, packet)."""

    tail: bytes
    deltas: Counters
    mould: AckMould


class KnownPlays:
    """Those of one round. Nothing is ever known of a game whose verdicts depend on when."""

    def __init__(self, opened: AnyOpened) -> None:
        self.any = opened.game.timeless and opened.game.timing(opened.settings) is not Timing.APPEAR
        self._known: dict[Kind, KnownPlay] = {}
        self.find = self._known.get

    def forget(self) -> None:
        """Drops all of them."""
        self._known.clear()

    def learn(self, before: bytes, channel: int, move: bytes, counted: Counted) -> None:
        """Remembers a verdict."""
        if not self.any or counted.refused or counted.mine is None or len(move) > MOVE_BYTES_MAX:
            return
        if len(self._known) >= KINDS_MAX:
            self._known.clear()
        has = {name: value for name, value in counted.mine.items() if name != "seq"}
        mould = AckMould(NAMESPACE, partial(_reply, has))
        kind = before[2:] if before[:2] != b"\0\0" else channel, move
        self._known[kind] = KnownPlay(counted.after[2:], counted.deltas, mould)


def _reply(has: dict[str, Any], seq: int) -> PlayReply:
    return PlayReply(status="counted", mine=RoundMine(seq=seq, has=has))
