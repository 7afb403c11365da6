"""What an edge knows of one round while it is played, and the plays of it that it judges together."""

from collections import Counter
from collections.abc import Hashable, Sequence

from redis.asyncio import Redis

from gala.edge.known import KnownPlay, KnownPlays
from gala.edge.waiting import CLOSED, Waiting, judge, window_of
from gala.show.state import Round
from gala.timing import slack_ms
from games.game import AnyOpened, Counted, Outcome
from voting.box import PAGE, Box, Change
from voting.layout import SEQ_MAX

NEVER = b"\0\0"  # the seq of a slot that is empty


class Batch:
    """Plays of one page, judged by what is known of their slots.

    waiting, changes, verdicts: those that count, side by side, if their slots are still what was known.
    doubted: all others, whose slots have to be looked at first. left: those that have to wait for others of
    the same viewer.
    """

    __slots__ = ("changes", "doubted", "left", "verdicts", "waiting")

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.changes: list[Change] = []
        self.verdicts: list[KnownPlay | Counted] = []
        self.doubted: list[Waiting] = []
        self.left: list[Waiting] = []


class Page:
    """The plays that wait for one page of a round."""

    __slots__ = ("node", "number", "table", "waiting")

    def __init__(self, table: "Table", number: int, node: Hashable) -> None:
        self.table = table
        self.number = number
        self.node = node
        self.waiting: list[Waiting] = []


class Table:
    """One round's. `slots` are the newest known: a wrong guess costs one more call, never a vote."""

    def __init__(self, redis: Redis, opened: AnyOpened, round_id: str) -> None:
        self.round_id = round_id
        self.box = Box(redis, round_id, opened.layout.width)
        self.slots: dict[int, bytes] = {}
        self.pages: dict[int, Page] = {}
        self.refused: Counter[tuple[str, str]] = Counter()  # by reason and channel
        self._opened = opened
        self._empty = bytes(opened.layout.width)
        self.known = KnownPlays(opened)

    def forget(self) -> None:
        """Drops slots and verdicts; who asks for them all the same is answered from the box."""
        self.slots.clear()
        self.known.forget()
        self._opened.tally.forget()

    def judge_all(self, round_: Round, queue: Sequence[Waiting], rate: float) -> Batch:
        """Judges plays in their order; two of one viewer are a chain, each judged on what the one before
        leaves. `rate`: how fast gala time runs."""
        batch = Batch()
        known, slots, empty = self.known, self.slots, self._empty
        held: dict[int, bytes | None] = {}  # slots as this batch leaves them; None: its viewer's plays wait
        spans: dict[int, tuple[int, int]] = {}  # when a play of a delay counts, for games that are timeless
        for waiting in queue:
            number, channel, seq = waiting.number, waiting.cohort.channel_index, waiting.seq
            before = held[number] if number in held else slots.get(number, empty)
            if before is None:
                batch.left.append(waiting)
                continue
            by_heart = None
            if known.any:
                span = spans.get(waiting.delay_ms)
                if span is None:
                    window = window_of(round_, waiting, empty, 0)
                    span = spans[waiting.delay_ms] = window.opens_at_ms, window.closes_at_ms
                if span[0] <= waiting.at_ms < span[1] and (before[0] << 8 | before[1]) < seq <= SEQ_MAX:
                    by_heart = known.find((before[2:] if before[:2] != NEVER else channel, waiting.move))
            if by_heart is not None:
                after = seq.to_bytes(2, "big") + by_heart.tail
                change = Change(number % PAGE, before, after, by_heart.deltas)
                batch.verdicts.append(by_heart)
            else:
                verdict = self.judge(round_, waiting, before, rate)
                if not isinstance(verdict, Counted):
                    if number in held:
                        held[number] = None  # nobody may be told of a slot that is not written yet
                        batch.left.append(waiting)
                    else:
                        batch.doubted.append(waiting)
                    continue
                known.learn(before, channel, waiting.move, verdict)
                after = verdict.after
                change = Change(number % PAGE, before, after, verdict.deltas)
                batch.verdicts.append(verdict)
            held[number] = after
            batch.changes.append(change)
            batch.waiting.append(waiting)
        return batch

    def judge(self, round_: Round | None, waiting: Waiting, slot: bytes, rate: float) -> Outcome:
        """The verdict on one play; round_ None: nothing counts any more."""
        if round_ is None:
            return judge(self._opened, CLOSED, waiting, slot)
        phone_ms = int(slack_ms(waiting.bound_ms) * rate)
        return judge(self._opened, window_of(round_, waiting, slot, phone_ms), waiting, slot)
