"""How an edge says it is doing, and who of those who say something is still there."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar, cast

import msgspec

from gala.edge.figures import Spread
from gala.protocol.crew import DeskEdge

GONE_MS = 5_000  # an edge or a clock not heard of for so long (real time) is not counted


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How one edge is doing: ``edges:{SHOW}``, field its name, msgpack; absolute. Times are real ms.

    rotation: why it is out of it (`gala.edge.rotation`), empty when it is in.
    """

    phones: int
    ack_p50_ms: float
    ack_p99_ms: float
    plays_per_s: float
    seen_at_ms: int
    refused: dict[str, dict[str, int]]  # by round and reason
    rotation: str = ""
    refused_by_channel: dict[str, dict[str, dict[str, int]]] = {}  # by round, reason and channel
    clock_ms: int = 0  # its clock minus the show's
    log_lag_ms: int = 0
    dropped: dict[str, int] = {}  # connections it ended, by reason
    answers: dict[str, int] = {}  # plays by status of their answer, since it began, as all that follows
    acks: Spread = msgspec.field(default_factory=Spread)  # over `gala.edge.figures.ACK_MS`
    batches: Spread = msgspec.field(default_factory=Spread)  # over `gala.edge.figures.BATCH`
    waiting: int = 0  # plays without an answer yet, now
    turned_away: dict[str, int] = {}  # who asked for a number or a pass and got none, by reason
    level: int = 0  # of its load, as phones are told it (`gala.edge.load`)
    share: float = 1.0  # what its foyer lets in of newcomers
    shed: int = 0  # shows and boards that a slow reader never got, for a newer one
    channels: dict[str, int] = msgspec.field(default_factory=dict)  # phones on each


def shown(name: str, report: Report) -> DeskEdge:
    """As the director's desk has it."""
    return DeskEdge(
        name=name,
        phones=report.phones,
        ack_p50_ms=report.ack_p50_ms,
        ack_p99_ms=report.ack_p99_ms,
        plays_per_s=report.plays_per_s,
        seen_at_ms=report.seen_at_ms,
        rotation=report.rotation,
        clock_ms=report.clock_ms,
        log_lag_ms=report.log_lag_ms,
        dropped=report.dropped,
        level=report.level,
        share=report.share,
    )


def refused_by_channel(reports: Iterable[Report], round_id: str) -> dict[str, dict[str, int]]:
    """A round's refused plays by reason and channel, of all these edges together."""
    found: dict[str, Counter[str]] = {}
    for report in reports:
        for reason, channels in report.refused_by_channel.get(round_id, {}).items():
            found.setdefault(reason, Counter()).update(channels)
    return {reason: dict(channels) for reason, channels in found.items()}


T = TypeVar("T")


class Heard(Generic[T]):
    """What the store has of several processes, each writing a word of its own again and again.

    Who is still there is told by their words changing, not by the instants in them: a process whose clock is
    wrong says wrong instants, and is the one to be shown.
    """

    def __init__(self, type_: type[T]) -> None:
        self._decode = msgspec.msgpack.Decoder(type_).decode
        self._words: dict[str, bytes] = {}
        self._changed_at_ms: dict[str, int] = {}
        self.all: dict[str, T] = {}

    def take(self, found: Mapping[bytes | str, bytes | str], now_ms: int) -> None:
        """What is there now, all of it."""
        words = {name.decode(): word for name, word in cast("Mapping[bytes, bytes]", found).items()}
        for name, word in words.items():
            if self._words.get(name) != word:
                self._changed_at_ms[name] = now_ms
        self._words = words
        self.all = {name: self._decode(word) for name, word in words.items()}

    def present(self, now_ms: int, within_ms: float) -> dict[str, T]:
        """Those who said something new in the last `within_ms`."""
        return {
            name: said for name, said in self.all.items() if now_ms - self._changed_at_ms[name] <= within_ms
        }
