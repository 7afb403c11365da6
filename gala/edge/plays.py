"""Plays on their way into boxes: gathered for a moment, applied in one call a page, then acknowledged.

The acknowledgement means *counted and durable*, never *received*. A play without one is sent again by the
phone, which its `seq` makes harmless. A batch names the generation it was judged under: when the show was
re-timed in between, the box refuses it and every play of it is judged again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gala.clock import Now
from gala.edge.audience import Cohort
from gala.protocol import PlayReply, RoundMine
from gala.rounds import Rounds
from gala.show_state import Round, State
from gala.timing import later, play_at_ms, plays_from_ms, slack_ms
from games.game import Already, AnyOpened, Counted, Outcome, Pauses, Reason, Refused, Window, play
from voting.box import BATCH_MAX, PAGE, Box, Change, NoGate, Shut, Stale
from voting.layout import channel_of

QUEUE_MAX = 20_000  # about a second's plays of one process; above it a phone is told to try again
DEADLINE_MS = 1_000
FAR_MS = 1 << 52  # when nobody knows yet when a round will close
CLOSED = Window(0, 0)

Then = Callable[[PlayReply], None]


class Waiting:
    """One play that waits for its batch."""

    __slots__ = (
        "arrived_ms",
        "at_ms",
        "channel",
        "delay_ms",
        "move",
        "number",
        "seq",
        "slack_ms",
        "then",
        "watching",
    )

    def __init__(
        self,
        number: int,
        seq: int,
        cohort: Cohort,
        move: object,
        arrived_ms: int,
        at_ms: int,
        slack_ms: int,
        then: Then,
    ) -> None:
        self.number = number
        self.seq = seq
        self.channel = cohort.channel_index
        self.watching = cohort.channel.id
        self.delay_ms = cohort.exact_ms
        self.move = move
        self.arrived_ms = arrived_ms
        self.at_ms = at_ms  # by which it is judged
        self.slack_ms = slack_ms
        self.then: Then | None = then  # None: has been answered

    def answer(self, reply: PlayReply) -> None:
        """Acknowledges, once."""
        then, self.then = self.then, None
        if then is not None:
            then(reply)


class _Table:
    """What the edge knows of one round while it is played. Written by `Plays` alone."""

    def __init__(self, redis: Redis, opened: AnyOpened, round_id: str) -> None:
        self.opened = opened
        self.box = Box(redis, round_id, opened.layout.width)
        self.empty = bytes(opened.layout.width)
        self.slots: dict[int, bytes] = {}  # newest known; a wrong guess costs one more call, never a vote
        self.waiting: dict[int, list[Waiting]] = {}  # by page
        self.refused: Counter[tuple[str, str]] = Counter()  # by reason and channel


class Plays:
    """The plays of one edge. `state` gives the newest state of the show this edge has read.

    rate: how fast gala time runs; a phone's clock is off by so much more of it. out: whether this edge is
    out of rotation, so that it must not judge.
    """

    def __init__(
        self,
        redis: Redis,
        rounds: Rounds,
        now: Now,
        state: Callable[[], State],
        rate: Callable[[], float],
        out: Callable[[], bool],
    ) -> None:
        self._redis = redis
        self._rounds = rounds
        self._now = now
        self._state = state
        self._rate = rate
        self._out = out
        self._tables: dict[str, _Table] = {}
        self._queued = 0
        self.counted = 0
        self.ack_ms: list[float] = []  # since the last report
        self.pending = asyncio.Event()

    def refusals(self) -> dict[str, dict[str, int]]:
        """Refused plays by round and reason since this edge started."""
        return {
            name: {reason: sum(channels.values()) for reason, channels in reasons.items()}
            for name, reasons in self.refusals_by_channel().items()
        }

    def refusals_by_channel(self) -> dict[str, dict[str, dict[str, int]]]:
        """As `refusals`, each by the channel that the viewer watched."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for name, table in self._tables.items():
            for (reason, channel), count in table.refused.items():
                found.setdefault(name, {}).setdefault(reason, {})[channel] = count
        return found

    def _table(self, round_: Round) -> _Table:
        table = self._tables.get(round_.id)
        if table is None:
            table = _Table(self._redis, self._rounds.opened(round_), round_.id)
            self._tables[round_.id] = table
        return table

    async def submit(
        self,
        round_id: str,
        number: int,
        seq: int,
        cohort: Cohort,
        move: object,
        claimed_ms: int = 0,
        bound_ms: float = 0.0,
    ) -> PlayReply:
        """As `offer`, for whoever waits: resolves when the play's fate is durable."""
        done: asyncio.Future[PlayReply] = asyncio.get_running_loop().create_future()

        def tell(reply: PlayReply) -> None:
            if not done.done():
                done.set_result(reply)

        self.offer(tell, round_id, number, seq, cohort, move, claimed_ms, bound_ms)
        return await done

    def offer(
        self,
        then: Then,
        round_id: str,
        number: int,
        seq: int,
        cohort: Cohort,
        move: object,
        claimed_ms: int = 0,
        bound_ms: float = 0.0,
    ) -> None:
        """Takes a play in, to be counted with the next batch; `then` is told its fate when that is durable.

        A play that cannot be taken in is answered at once.

        claimed_ms: when the phone says it was made; 0: it does not say. bound_ms: how long it may have been
        under way, real ms: further back nobody is believed.
        """
        refusal = self._not_taken(round_id, number, cohort)
        if refusal is not None:
            then(refusal)
            return
        started_ms = self._now()

        def answered(reply: PlayReply) -> None:
            self.ack_ms.append(self._now() - started_ms)
            then(reply)

        rate = self._rate()
        at_ms = play_at_ms(started_ms, claimed_ms, int(bound_ms * rate))
        waiting = Waiting(
            number, seq, cohort, move, started_ms, at_ms, int(slack_ms(bound_ms) * rate), answered
        )
        self._table(self._state().rounds[round_id]).waiting.setdefault(number // PAGE, []).append(waiting)
        self._queued += 1
        self.pending.set()

    def _not_taken(self, round_id: str, number: int, cohort: Cohort) -> PlayReply | None:
        """The answer to a play that needs no box to be refused."""
        if self._out():
            return PlayReply(status="retry", retry_after_ms=DEADLINE_MS)
        round_ = self._state().rounds.get(round_id)
        if round_ is None:
            return PlayReply(status="refused", reason=Reason.UNKNOWN_ROUND)
        if round_id not in cohort.visible.rounds:
            return self._refused(self._table(round_), cohort.channel.id, Reason.UNKNOWN_ROUND)
        if number < 0:
            return self._refused(self._table(round_), cohort.channel.id, Reason.ENTER_FIRST)
        if self._queued >= QUEUE_MAX:
            return PlayReply(status="retry", retry_after_ms=DEADLINE_MS)
        return None

    def _refused(
        self, table: _Table, channel: str, reason: Reason, mine: dict[str, Any] | None = None
    ) -> PlayReply:
        table.refused[reason, channel] += 1
        return PlayReply(status="refused", reason=reason, mine=mine_of(mine))

    async def flush(self) -> None:
        """Applies what waits, one call a page. Plays that must be judged again wait for the next flush."""
        self.pending.clear()
        for round_id, table in list(self._tables.items()):  # a play of another round may come meanwhile
            for page, queue in list(table.waiting.items()):
                if queue:
                    table.waiting[page] = []
                    self._queued -= len(queue)
                    left = await self._apply(round_id, table, page, queue)
                    if left:
                        table.waiting[page][:0] = left
                        self._queued += len(left)
                        self.pending.set()
        self._forget()

    def _forget(self) -> None:
        """Drops the slots of rounds that are over; their refusals stay for the desk."""
        rounds = self._state().rounds
        for round_id, table in self._tables.items():
            if table.slots and rounds[round_id].shut:
                table.slots.clear()

    async def _apply(self, round_id: str, table: _Table, page: int, queue: list[Waiting]) -> list[Waiting]:
        """One batch of one page; returns the plays that are to be judged again."""
        if self._out():
            for waiting in queue:
                waiting.answer(PlayReply(status="retry", retry_after_ms=DEADLINE_MS))
            return []
        round_ = self._state().rounds[round_id]
        left: list[Waiting] = []
        batch: dict[int, tuple[Waiting, Counted, Change]] = {}
        for waiting in queue:
            if waiting.number in batch or len(batch) >= BATCH_MAX:
                left.append(waiting)  # judged on what this batch makes of the slot
                continue
            before = table.slots.get(waiting.number, table.empty)
            verdict = self._judge(table, round_, waiting, before)
            if not isinstance(verdict, Counted):
                # a guess may be applied, the box corrects it; any other answer rests on the slot itself,
                # which another edge may have filled since, with this very play or a later one
                try:
                    before = await table.box.slot(waiting.number)
                except (RedisError, TimeoutError, OSError):
                    waiting.answer(PlayReply(status="retry", retry_after_ms=DEADLINE_MS))
                    continue
                verdict = self._judge(table, round_, waiting, before)
            if isinstance(verdict, Refused):
                waiting.answer(self._refused(table, waiting.watching, verdict.reason, verdict.mine))
            elif isinstance(verdict, Already):
                waiting.answer(PlayReply(status="already", mine=mine_of(verdict.mine)))
            else:
                change = Change(waiting.number % PAGE, before, verdict.after, verdict.deltas)
                batch[waiting.number] = (waiting, verdict, change)
        if batch:
            left = await self._commit(round_, table, page, batch) + left
        return self._not_too_late(left)

    async def _commit(
        self, round_: Round, table: _Table, page: int, batch: dict[int, tuple[Waiting, Counted, Change]]
    ) -> list[Waiting]:
        everyone = [waiting for waiting, _, _ in batch.values()]
        try:
            answers = await table.box.apply(
                page, round_.generation, [change for _, _, change in batch.values()]
            )
        except Shut:
            for waiting in everyone:
                await self._answer_closed(table, waiting)
            return []
        except (Stale, NoGate):
            # the log or the conductor is a moment ahead of the other
            return everyone
        except (RedisError, TimeoutError, OSError):
            # nobody knows whether it was applied: the same play sent again will tell
            for waiting in everyone:
                waiting.answer(PlayReply(status="retry", retry_after_ms=DEADLINE_MS))
                table.slots.pop(waiting.number, None)
            return []
        again: list[Waiting] = []
        for (waiting, verdict, change), present in zip(batch.values(), answers, strict=True):
            if present is None:
                table.slots[waiting.number] = change.after
                self.counted += 1
                waiting.answer(
                    PlayReply(status="counted", refused=list(verdict.refused), mine=mine_of(verdict.mine))
                )
            else:
                table.slots[waiting.number] = present
                again.append(waiting)
        return again

    async def _answer_closed(self, table: _Table, waiting: Waiting) -> None:
        """The gate is shut: the play is in the box already (its answer was lost), or comes too late."""
        try:
            slot = await table.box.slot(waiting.number)
        except (RedisError, TimeoutError, OSError):
            waiting.answer(PlayReply(status="retry", retry_after_ms=DEADLINE_MS))
            return
        verdict = _judge(table, CLOSED, waiting, slot)
        if isinstance(verdict, Already):
            waiting.answer(PlayReply(status="already", mine=mine_of(verdict.mine)))
        else:
            assert isinstance(verdict, Refused), "nothing counts in a window that is closed"
            waiting.answer(self._refused(table, waiting.watching, verdict.reason, verdict.mine))

    def _judge(self, table: _Table, round_: Round, waiting: Waiting, before: bytes) -> Outcome:
        return _judge(table, self._window(round_, waiting, before), waiting, before)

    def _window(self, round_: Round, waiting: Waiting, before: bytes) -> Window:
        if round_.void or round_.shut:
            return CLOSED
        delay_ms = waiting.delay_ms
        pauses: Pauses = ()
        if round_.timing == "appear":
            # All of a channel play the same timetable, so a viewer's own nudge neither opens nor closes it;
            # and the channel is that of the first play in the slot, wherever the viewer has gone since.
            played_on = channel_of(before)
            delay_ms = round_.delays_ms[waiting.channel if played_on is None else played_on]
            pauses = later(round_.pauses, delay_ms)
        return Window(
            plays_from_ms(round_.timing, round_.opened_at_ms, delay_ms),
            round_.closes_at_ms(delay_ms) or FAR_MS,
            cut_at_ms=round_.stage_until_at_ms,
            spells=round_.spells,
            slack_ms=waiting.slack_ms,
            pauses=pauses,
        )

    def _not_too_late(self, left: list[Waiting]) -> list[Waiting]:
        now_ms = self._now()
        for waiting in left:
            if now_ms - waiting.arrived_ms > DEADLINE_MS * self._rate():
                waiting.answer(PlayReply(status="retry", retry_after_ms=DEADLINE_MS))
        return [waiting for waiting in left if waiting.then is not None]


def _judge(table: _Table, window: Window, waiting: Waiting, before: bytes) -> Outcome:
    return play(
        table.opened,
        window,
        before,
        seq=waiting.seq,
        channel=waiting.channel,
        move=waiting.move,
        at_ms=waiting.at_ms,
    )


def mine_of(mine: dict[str, Any] | None) -> RoundMine | None:
    """What a game says a viewer has, as it goes over the wire."""
    if mine is None:
        return None
    return RoundMine(seq=mine["seq"], has={name: value for name, value in mine.items() if name != "seq"})
