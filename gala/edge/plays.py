"""Plays on their way into boxes: gathered for a moment, applied in one call a page, then acknowledged.

The acknowledgement means *counted and durable*, never *received*. A play without one is sent again by the
phone, which its `seq` makes harmless. A batch names the generation it was judged under: when the show was
re-timed in between, the box refuses it and every play of it is judged again.

Pages live on nodes of the store, and each node has an owner: one task that has one batch of it on its way.
A node that is slow, or away, keeps nobody else's votes waiting.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gala.clock import Now
from gala.edge.audience import Cohort
from gala.edge.broadcast import NAMESPACE
from gala.edge.known import KnownPlay, KnownPlays
from gala.edge.waiting import CLOSED, RETRY_MS, Asker, Said, Waiting, judge, mine_of, window_of
from gala.protocol import PlayReply
from gala.rounds import Rounds
from gala.show_state import Round, State
from gala.timing import play_at_ms, slack_ms
from games.game import Already, AnyOpened, Counted, Outcome, Reason
from voting.box import BATCH_MAX, PAGE, Box, Change, NoGate, Shut, Stale
from voting.layout import SEQ_MAX

QUEUE_MAX = 20_000  # about a second's plays of one process; above it a phone is told to try again
DEADLINE_MS = 1_000
NEVER = b"\0\0"  # the seq of a slot that is empty

# How long plays are gathered. A batch costs a wake-up, a call and a sync of the store's disk, whatever is in
# it: that is shared by many when there are many, and when there are few nobody should wait for others.
GATHER_IDLE_S = 0.001
GATHER_BUSY_S = 0.008
BUSY_COUNT = 128  # plays in a batch


class _Table:
    """What the edge knows of one round while it is played. Written by `Plays` alone."""

    def __init__(self, redis: Redis, opened: AnyOpened, round_id: str) -> None:
        self.opened = opened
        self.box = Box(redis, round_id, opened.layout.width)
        self.empty = bytes(opened.layout.width)
        self.known = KnownPlays(opened)
        self.slots: dict[int, bytes] = {}  # newest known; a wrong guess costs one more call, never a vote
        self.pages: dict[int, _Page] = {}
        self.refused: Counter[tuple[str, str]] = Counter()  # by reason and channel


class _Page:
    """The plays that wait for one page of a round."""

    __slots__ = ("node", "page", "round_id", "table", "waiting")

    def __init__(self, round_id: str, table: _Table, page: int, node: Hashable) -> None:
        self.round_id = round_id
        self.table = table
        self.page = page
        self.node = node
        self.waiting: list[Waiting] = []


class _Judged(NamedTuple):
    """A play that counts if its slot is still what it was judged against."""

    waiting: Waiting
    change: Change
    by_heart: KnownPlay | None
    counted: Counted | None  # where it is not known by heart


class Plays:
    """The plays of one edge. `state` gives the newest state of the show this edge has read.

    rate: how fast gala time runs; a phone's clock is off by so much more of it. out: whether this edge is
    out of rotation, so that it must not judge. node_of: which node of the store has a key.
    """

    def __init__(
        self,
        redis: Redis,
        rounds: Rounds,
        now: Now,
        state: Callable[[], State],
        rate: Callable[[], float],
        out: Callable[[], bool],
        node_of: Callable[[str], Hashable] = lambda _key: None,
    ) -> None:
        self._redis = redis
        self._rounds = rounds
        self._now = now
        self._state = state
        self._rate = rate
        self._out = out
        self._node_of = node_of
        self._tables: dict[str, _Table] = {}
        self._due: dict[Hashable, deque[_Page]] = {}  # by node: the pages for which something waits
        self._owners: dict[Hashable, asyncio.Task[None]] = {}
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

    # ------------------------------------------------------------ taking in

    def offer(
        self, asker: Asker, packet: int | None, number: int, cohort: Cohort, bound_ms: float, said: Said
    ) -> None:
        """Takes a play in, to be counted with the next batch; its packet is acknowledged when that is
        durable. A play that cannot be taken in is answered at once.

        number: the viewer's, negative if they have none. bound_ms: how long it may have been under way, real
        ms: further back nobody is believed.
        """
        round_id = said.round
        table = self._tables.get(round_id)
        if table is None or number < 0 or self._queued >= QUEUE_MAX or round_id not in cohort.visible.rounds:
            refusal = self._not_taken(said, number, cohort)
            if refusal is not None:
                asker.ack(NAMESPACE, packet, refusal)
                return
            table = self._tables[round_id]
        page = table.pages.get(number // PAGE)
        if page is None:
            page = self._new_page(round_id, table, number // PAGE)
        arrived_ms = self._now()
        if not page.waiting:
            self._due.setdefault(page.node, deque()).append(page)
            self.pending.set()
        page.waiting.append(
            Waiting(
                asker,
                packet,
                number,
                said.seq,
                bytes(said.move),
                cohort,
                cohort.exact_ms,
                bound_ms,
                arrived_ms,
                play_at_ms(arrived_ms, said.at_ms, int(bound_ms * self._rate())),
            )
        )
        self._queued += 1

    def _not_taken(self, said: Said, number: int, cohort: Cohort) -> PlayReply | None:
        """The answer to a play that needs no box to be refused; None: it has a table now."""
        round_ = self._state().rounds.get(said.round)
        if round_ is None:
            return PlayReply(status="refused", reason=Reason.UNKNOWN_ROUND)
        table = self._tables.get(said.round)
        if table is None:
            table = self._tables[said.round] = _Table(self._redis, self._rounds.opened(round_), round_.id)
        if said.round not in cohort.visible.rounds:
            return self._refused(table, cohort, Reason.UNKNOWN_ROUND)
        if number < 0:
            return self._refused(table, cohort, Reason.ENTER_FIRST)
        if self._queued >= QUEUE_MAX:
            return PlayReply(status="retry", retry_after_ms=RETRY_MS)
        return None

    def _new_page(self, round_id: str, table: _Table, number: int) -> _Page:
        node = self._node_of(table.box.key(number, "slots"))
        page = table.pages[number] = _Page(round_id, table, number, node)
        return page

    def _refused(
        self, table: _Table, cohort: Cohort, reason: Reason, mine: dict[str, Any] | None = None
    ) -> PlayReply:
        table.refused[reason, cohort.channel.id] += 1
        return PlayReply(status="refused", reason=reason, mine=mine_of(mine))

    # ------------------------------------------------------------ owners

    async def step(self) -> None:
        """Waits for plays and gives every node that has some an owner. Raises what an owner stumbled over:
        its plays stay without an answer, and are sent again."""
        await self.pending.wait()
        self.pending.clear()
        ended = [owner for owner in self._owners.values() if owner.done()]
        self._owners = {node: owner for node, owner in self._owners.items() if not owner.done()}
        for node in self._due:
            if node not in self._owners:
                self._owners[node] = asyncio.create_task(self._own(node))
        for owner in ended:
            owner.result()

    async def finish(self) -> None:
        """Waits for the owners: none of their exchanges with the store is to be cut."""
        await asyncio.gather(*self._owners.values(), return_exceptions=True)

    async def _own(self, node: Hashable) -> None:
        """Flushes a node until nothing waits for it."""
        gather_s = GATHER_IDLE_S
        while node in self._due:
            await asyncio.sleep(gather_s)
            count = await self._flush(node)
            busy = min(1.0, count / BUSY_COUNT)
            gather_s = GATHER_IDLE_S + busy * (GATHER_BUSY_S - GATHER_IDLE_S)

    async def flush(self) -> None:
        """Applies what waits, one node after the other: an owner's work, done once and by hand."""
        self.pending.clear()
        for node in list(self._due):
            await self._flush(node)

    async def _flush(self, node: Hashable) -> int:
        """Applies what waits for a node, one call a page; how many plays that was. Those that must be judged
        again wait for the next flush."""
        count = 0
        due = self._due[node]
        for _ in range(len(due)):
            page = due.popleft()
            queue, page.waiting = page.waiting, []
            self._queued -= len(queue)
            count += len(queue)
            left = self._in_time(await self._apply(page, queue))
            if left:
                if not page.waiting:
                    due.append(page)
                    self.pending.set()
                page.waiting[:0] = left
                self._queued += len(left)
        if not due:
            del self._due[node]
        self._forget()
        return count

    def _forget(self) -> None:
        """Drops the slots of rounds that are over; their refusals stay for the desk."""
        rounds = self._state().rounds
        for round_id, table in self._tables.items():
            if table.slots and rounds[round_id].shut:
                table.slots.clear()

    def _in_time(self, left: Sequence[Waiting]) -> Sequence[Waiting]:
        """Those that may still wait; the others are told to try again."""
        if not left:
            return left
        since_ms = self._now() - DEADLINE_MS * self._rate()
        for waiting in left:
            if waiting.arrived_ms < since_ms:
                waiting.retry()
        return [waiting for waiting in left if waiting.arrived_ms >= since_ms]

    # ------------------------------------------------------------ one batch

    async def _apply(self, page: _Page, queue: list[Waiting]) -> Sequence[Waiting]:
        """One batch of one page; returns the plays that are to be judged again."""
        if self._out():
            for waiting in queue:
                waiting.retry()
            return ()
        table, round_ = page.table, self._state().rounds[page.round_id]
        batch: list[_Judged] = []
        doubted: list[Waiting] = []
        left = self._judge_all(table, round_, queue, batch, doubted)
        if batch:
            left = [*await self._commit(round_, page, batch), *left]
        if doubted:
            left = [*await self._settle(table, round_, doubted), *left]
        return left

    def _judge_all(
        self,
        table: _Table,
        round_: Round,
        queue: list[Waiting],
        batch: list[_Judged],
        doubted: list[Waiting],
    ) -> list[Waiting]:
        """Judges plays by what is known of their slots: into `batch` those that count, into `doubted` those
        that a slot nobody has looked at may speak for. Returns those that have to wait for others."""
        known, slots, empty = table.known, table.slots, table.empty
        held: dict[int, bytes | None] = {}  # slots as this batch leaves them; None: its viewer's plays wait
        spans: dict[int, tuple[int, int]] = {}  # when a play of a delay counts, for games that are timeless
        left: list[Waiting] = []
        for at, waiting in enumerate(queue):
            number, channel = waiting.number, waiting.cohort.channel_index
            before = held[number] if number in held else slots.get(number, empty)
            if before is None:
                left.append(waiting)
                continue
            by_heart, counted = None, None
            if known.any:
                span = spans.get(waiting.delay_ms)
                if span is None:
                    window = window_of(round_, waiting, empty, 0)
                    span = spans[waiting.delay_ms] = window.opens_at_ms, window.closes_at_ms
                if (
                    span[0] <= waiting.at_ms < span[1]
                    and (before[0] << 8 | before[1]) < waiting.seq <= SEQ_MAX
                ):
                    by_heart = known.find((before[2:] if before[:2] != NEVER else channel, waiting.move))
            if by_heart is not None:
                after, deltas = waiting.seq.to_bytes(2, "big") + by_heart.tail, by_heart.deltas
            else:
                verdict = self._judge(table, round_, waiting, before)
                if not isinstance(verdict, Counted):
                    if number in held:
                        held[number] = None  # nobody may be told of a slot that is not written yet
                        left.append(waiting)
                    elif isinstance(verdict, Already):
                        waiting.answer(PlayReply(status="already", mine=mine_of(verdict.mine)))
                    else:
                        doubted.append(waiting)
                    continue
                counted, after, deltas = verdict, verdict.after, verdict.deltas
                known.learn(before, channel, waiting.move, verdict)
            held[number] = after
            batch.append(_Judged(waiting, Change(number % PAGE, before, after, deltas), by_heart, counted))
            if len(batch) == BATCH_MAX:
                return left + queue[at + 1 :]
        return left

    async def _commit(self, round_: Round, page: _Page, batch: list[_Judged]) -> list[Waiting]:
        table, slots = page.table, page.table.slots
        try:
            answers = await table.box.apply(page.page, round_.generation, [judged.change for judged in batch])
        except Shut:
            await self._settle(table, None, [judged.waiting for judged in batch])
            return []
        except (Stale, NoGate):
            # the log or the conductor is a moment ahead of the other
            return [judged.waiting for judged in batch]
        except (RedisError, TimeoutError, OSError):
            for judged in batch:
                judged.waiting.retry()
                slots.pop(judged.waiting.number, None)
            return []
        again: list[Waiting] = []
        now_ms = self._now()
        for (waiting, change, by_heart, counted), present in zip(batch, answers, strict=True):
            if present is not None:
                slots[waiting.number] = present
                again.append(waiting)
                continue
            slots[waiting.number] = change.after
            self.ack_ms.append(now_ms - waiting.arrived_ms)
            if by_heart is None:
                assert counted is not None
                waiting.answer(
                    PlayReply(status="counted", refused=list(counted.refused), mine=mine_of(counted.mine))
                )
            elif waiting.packet is not None:
                waiting.asker.write(by_heart.mould.frame(waiting.seq, waiting.packet))
        self.counted += len(batch) - len(again)
        return again

    async def _settle(self, table: _Table, round_: Round | None, doubted: Sequence[Waiting]) -> list[Waiting]:
        """Judges plays by their slots in the box, and not by what was thought of them: a guess may be
        applied, the box corrects it; a refusal has to rest on the slot itself, which another edge may have
        filled with this very play. Returns those that count after all. round_ None: the gate is shut, and a
        play is in the box already (its answer was lost), or comes too late.
        """
        numbers = list(dict.fromkeys(waiting.number for waiting in doubted))
        try:
            found = await table.box.read(range(number, number + 1) for number in numbers)
        except (RedisError, TimeoutError, OSError):
            for waiting in doubted:
                waiting.retry()
            return []
        slot_of = dict(zip(numbers, found, strict=True))
        again: list[Waiting] = []
        for waiting in doubted:
            slot = slot_of[waiting.number]
            if round_ is None:
                verdict = judge(table.opened, CLOSED, waiting, slot)
                assert not isinstance(verdict, Counted), "nothing counts in a window that is closed"
            else:
                table.slots[waiting.number] = slot
                verdict = self._judge(table, round_, waiting, slot)
            if isinstance(verdict, Counted):
                again.append(waiting)
            elif isinstance(verdict, Already):
                waiting.answer(PlayReply(status="already", mine=mine_of(verdict.mine)))
            else:
                waiting.answer(self._refused(table, waiting.cohort, verdict.reason, verdict.mine))
        return again

    def _judge(self, table: _Table, round_: Round, waiting: Waiting, before: bytes) -> Outcome:
        phone_ms = int(slack_ms(waiting.bound_ms) * self._rate())
        window = window_of(round_, waiting, before, phone_ms)
        return judge(table.opened, window, waiting, before)
