"""Plays on their way into boxes: gathered for a moment, applied in one call a page, then acknowledged.

The acknowledgement means *counted and durable*, never *received*. A play without one is sent again by the
phone, which its `seq` makes harmless. A batch names the generation it was judged under: when the show was
re-timed in between, the box refuses it and every play of it is judged again.

Pages live on nodes of the store, and each node has an owner: one task that has one batch of it on its way.
A node that is slow, or away, keeps nobody else's votes waiting.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gala.clock import Now
from gala.edge.audience import Cohort
from gala.edge.broadcast import NAMESPACE
from gala.edge.figures import Figures
from gala.edge.table import Batch, Page, Table
from gala.edge.waiting import RETRY_MS, Asker, Said, Waiting, mine_of
from gala.protocol import PlayReply
from gala.rounds import Rounds
from gala.show.state import Round, State
from gala.timing import play_at_ms
from games.game import Already, Counted, Reason
from voting.box import BATCH_MAX, PAGE, NoGate, Shut, Stale

QUEUE_MAX = 20_000  # about a second's plays of one process; above it a phone is told to try again
DEADLINE_MS = 1_000
SAMPLES_MAX = 64

# How long plays are gathered. A batch costs a wake-up, a call and a sync of the store's disk, whatever is in
# it: that is shared by many when there are many, and when there are few nobody should wait for others.
GATHER_IDLE_S = 0.001
GATHER_BUSY_S = 0.008
BUSY_COUNT = 128  # plays in a batch


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
        self.tables: dict[str, Table] = {}  # by round
        self._due: dict[Hashable, deque[Page]] = {}  # by node: the pages for which something waits
        self._owners: dict[Hashable, asyncio.Task[None]] = {}
        self._queued = 0
        self._pace = rate()  # as of the newest batch
        self.counted = 0
        self.ack_ms: list[float] = []  # since the last report
        self.figures = Figures()
        self.sampled_ms: list[int] = []  # from a round's opening to a play, one a batch; since the last trace
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
        for name, table in self.tables.items():
            for (reason, channel), count in table.refused.items():
                found.setdefault(name, {}).setdefault(reason, {})[channel] = count
        return found

    def answers(self) -> dict[str, int]:
        """Plays by the status of their answer since this edge started."""
        refused = sum(sum(table.refused.values()) for table in self.tables.values())
        figures = self.figures
        return {
            "counted": self.counted,
            "already": figures.already,
            "refused": refused + figures.unknown,
            "retry": figures.retry,
        }

    @property
    def waiting(self) -> int:
        """How many plays wait for their batch."""
        return self._queued

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
        table = self.tables.get(round_id)
        if table is None or number < 0 or self._queued >= QUEUE_MAX or round_id not in cohort.visible.rounds:
            refusal = self._not_taken(said, number, cohort)
            if refusal is not None:
                asker.ack(NAMESPACE, packet, refusal)
                return
            table = self.tables[round_id]
        page = table.pages.get(number // PAGE)
        if page is None:
            page = self._new_page(table, number // PAGE)
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
                play_at_ms(arrived_ms, said.at_ms, int(bound_ms * self._pace)),
            )
        )
        self._queued += 1

    def _not_taken(self, said: Said, number: int, cohort: Cohort) -> PlayReply | None:
        """The answer to a play that needs no box to be refused; None: it has a table now."""
        round_ = self._state().rounds.get(said.round)
        if round_ is None:
            self.figures.unknown += 1
            return PlayReply(status="refused", reason=Reason.UNKNOWN_ROUND)
        table = self.tables.get(said.round)
        if table is None:
            table = self.tables[said.round] = Table(self._redis, self._rounds.opened(round_), round_.id)
        if said.round not in cohort.visible.rounds:
            return self._refused(table, cohort, Reason.UNKNOWN_ROUND)
        if number < 0:
            return self._refused(table, cohort, Reason.ENTER_FIRST)
        if self._queued >= QUEUE_MAX:
            self.figures.retry += 1
            self.figures.crowded += 1
            return PlayReply(status="retry", retry_after_ms=RETRY_MS)
        return None

    def _new_page(self, table: Table, number: int) -> Page:
        node = self._node_of(table.box.key(number, "slots"))
        page = table.pages[number] = Page(table, number, node)
        return page

    def _refused(
        self, table: Table, cohort: Cohort, reason: Reason, mine: dict[str, Any] | None = None
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
        try:
            while node in self._due:
                await asyncio.sleep(gather_s)
                count = await self._flush(node)
                busy = min(1.0, count / BUSY_COUNT)
                gather_s = GATHER_IDLE_S + busy * (GATHER_BUSY_S - GATHER_IDLE_S)
        finally:
            self.pending.set()  # so that `step` hears of a fault, and of what still waits after it

    async def flush(self) -> None:
        """Applies what waits, one node after the other: an owner's work, done once and by hand."""
        self.pending.clear()
        for node in list(self._due):
            await self._flush(node)

    async def _flush(self, node: Hashable) -> int:
        """Applies what waits for a node, page by page; how many plays that was. Those that must be judged
        again wait for the next flush."""
        self._pace = self._rate()
        count = 0
        for _ in range(len(self._due.get(node, ()))):
            due = self._due.get(node)
            if not due:
                break  # somebody else has flushed meanwhile
            page = due.popleft()
            queue, page.waiting = page.waiting, []
            self._queued -= len(queue)
            count += len(queue)
            left: list[Waiting] = []
            for start in range(0, len(queue), BATCH_MAX):
                left += await self._apply(page, queue[start : start + BATCH_MAX])
            left = self._in_time(left)
            if left:
                if not page.waiting:
                    self._due.setdefault(node, deque()).append(page)
                    self.pending.set()
                page.waiting[:0] = left
                self._queued += len(left)
        if not self._due.get(node):
            self._due.pop(node, None)
        self.figures.flushed(count)
        return count

    def forget(self) -> None:
        """Drops what was known of rounds that are over; their refusals stay for the desk. To be called now
        and then: no play need come any more."""
        rounds = self._state().rounds
        for round_id, table in self.tables.items():
            if rounds[round_id].shut:
                table.forget()

    def _in_time(self, left: list[Waiting]) -> list[Waiting]:
        """Those that may still wait; the others are told to try again."""
        since_ms = self._now() - DEADLINE_MS * self._pace if left else 0
        self._retry([waiting for waiting in left if waiting.arrived_ms < since_ms])
        return [waiting for waiting in left if waiting.arrived_ms >= since_ms]

    def _retry(self, plays: Sequence[Waiting]) -> None:
        self.figures.retry += len(plays)
        for waiting in plays:
            waiting.retry()

    # ------------------------------------------------------------ one batch

    async def _apply(self, page: Page, queue: list[Waiting]) -> list[Waiting]:
        """One batch of one page; returns the plays that are to be judged again."""
        if self._out():
            self._retry(queue)
            return []
        round_ = self._state().rounds[page.table.round_id]
        batch = page.table.judge_all(round_, queue, self._pace)
        again = await self._commit(round_, page, batch) if batch.changes else []
        if batch.doubted:
            again += await self._settle(page.table, round_, batch.doubted)
        return again + batch.left

    async def _commit(self, round_: Round, page: Page, batch: Batch) -> list[Waiting]:
        table, slots = page.table, page.table.slots
        try:
            answers = await table.box.apply(page.number, round_.generation, batch.changes)
        except Shut:
            return await self._settle(table, None, batch.waiting)
        except (Stale, NoGate):
            # the log or the conductor is a moment ahead of the other
            return batch.waiting
        except (RedisError, TimeoutError, OSError):
            self._retry(batch.waiting)
            for waiting in batch.waiting:
                slots.pop(waiting.number, None)
            return []
        again: list[Waiting] = []
        now_ms = self._now()
        for waiting, change, verdict, present in zip(
            batch.waiting, batch.changes, batch.verdicts, answers, strict=True
        ):
            if present is not None:
                slots[waiting.number] = present
                again.append(waiting)
                continue
            slots[waiting.number] = change.after
            self.ack_ms.append(now_ms - waiting.arrived_ms)
            if isinstance(verdict, Counted):
                waiting.answer(
                    PlayReply(status="counted", refused=list(verdict.refused), mine=mine_of(verdict.mine))
                )
            elif waiting.packet is not None:
                waiting.asker.write(verdict.mould.frame(waiting.seq, waiting.packet))
        if len(self.sampled_ms) < SAMPLES_MAX:
            first = batch.waiting[0]
            self.sampled_ms.append(first.arrived_ms - first.delay_ms - round_.opened_at_ms)
        self.counted += len(batch.waiting) - len(again)
        return again

    async def _settle(self, table: Table, round_: Round | None, doubted: Sequence[Waiting]) -> list[Waiting]:
        """Judges plays by their slots in the box, and not by what was thought of them: a guess may be
        applied, the box corrects it; any other answer rests on the slot itself, which another edge may have
        filled since, with this very play or a later one. Returns those that count after all.

        round_ None: the gate is shut, and a play is in the box already (its answer was lost), or comes too
        late.
        """
        numbers = list(dict.fromkeys(waiting.number for waiting in doubted))
        try:
            found = await table.box.read(range(number, number + 1) for number in numbers)
        except (RedisError, TimeoutError, OSError):
            self._retry(doubted)
            return []
        slot_of = dict(zip(numbers, found, strict=True))
        again: list[Waiting] = []
        for waiting in doubted:
            slot = table.slots[waiting.number] = slot_of[waiting.number]
            verdict = table.judge(round_, waiting, slot, self._pace)
            if isinstance(verdict, Counted):
                again.append(waiting)
            elif isinstance(verdict, Already):
                self.figures.already += 1
                waiting.answer(PlayReply(status="already", mine=mine_of(verdict.mine)))
            else:
                waiting.answer(self._refused(table, waiting.cohort, verdict.reason, verdict.mine))
        return again
