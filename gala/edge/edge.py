"""The edge's step: follow the log, tell cohorts what came into their sight, welcome who arrived.

An edge decides nothing and holds nothing that matters: when it dies, phones connect elsewhere and find
everything. `gala.edge.socket` and `gala.edge.crew` are its ears; `Plays` its way into boxes.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import msgspec

from gala import embargo, view
from gala.clock import Now
from gala.conductor import Snapshot
from gala.edge.arrivals import Arrivals
from gala.edge.audience import Audience, Cohort, Seat, Viewer
from gala.edge.broadcast import Broadcast
from gala.edge.doors.window import Window
from gala.edge.holdings import Holdings
from gala.edge.numbers import Numbers
from gala.edge.pace import Pace
from gala.edge.plays import Plays
from gala.edge.report import GONE_MS, Heard, Report
from gala.edge.rotation import Rotation
from gala.fans import Fan
from gala.follower import Follower
from gala.passes import Passes
from gala.protocol import (
    Clock,
    Show,
    Sync,
    Tally,
)
from gala.protocol_door import Back, Drain
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.show_state import Round, State
from gala.store import keys
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.texts import Texts
from voting.box import Box
from voting.layout import FLAG_CONSENT

REPORT_MS = 1_000


class Edge:
    """One edge. `rate` says how fast gala time runs; `name` is unique among the edges of the show."""

    def __init__(
        self,
        rundown: Rundown,
        rounds: Rounds,
        texts: Texts,
        log: ShowLog,
        clients: Clients,
        passes: Passes,
        broadcast: Broadcast,
        *,
        name: str,
        code_key: bytes,
        now: Now,
        rate: Callable[[], float],
        rotation: Rotation,
        window: Window,
    ) -> None:
        self.rundown = rundown
        self.texts = texts
        self.passes = passes
        self.now = now
        self.rotation = rotation
        self.turned_away = Counter[str]()  # at the doors, by reason; written by whoever keeps one
        self._window = window
        self.follower = Follower(rundown, log)
        self.audience = Audience(rundown, self.follower.history.delay_ms)
        self.plays = Plays(
            clients.once,
            rounds,
            now,
            lambda: self.follower.state,
            rate,
            lambda: rotation.out,
            clients.node_of,
        )
        self.numbers = Numbers(clients.once, rundown.id, rundown.numbers_max, now)
        self._rounds = rounds
        self._redis = clients.once
        self._broadcast = broadcast
        self.holdings = Holdings(clients.once, rundown.id, rounds, lambda: self.state, code_key)
        self.arrivals = Arrivals(
            self.audience,
            broadcast,
            self.holdings,
            passes,
            now=now,
            rate=rate,
            back_ms=lambda: self.back_ms,
            tell=self._tell,
            show_of=self.show_of,
        )
        self.name = name
        self._rate = rate
        self._told_rate = rate()
        self._boards: dict[str, deque[Snapshot]] = {}  # a ring a live round, for the slowest cohort's time
        self._board_at_ms = 0
        self._pace = Pace()
        self._report_at_ms = 0
        self._reported_at_ms = 0
        self._reported_count = 0
        self._edges = Heard(Report)
        self._elsewhere_count = 0  # phones of other edges, as these have told

    @property
    def state(self) -> State:
        """The newest state this edge has read. Not for phones: theirs is their cohort's."""
        return self.follower.state

    # ------------------------------------------------------------ the step

    async def step(self, now_ms: int) -> None:
        """Reads the log and tells everyone what they may know at `now_ms`; nobody, if that is not the
        time."""
        await self.follow()
        if self.rotation.knows_the_time:
            await self._tell_everyone(now_ms)

    async def follow(self) -> None:
        """Reads the log. Also between steps, which are long when many are told something."""
        mark = self.rotation.mark()
        await self.follower.read()
        self.rotation.read_to_the_end_of(mark)

    async def _tell_everyone(self, now_ms: int) -> None:
        self.audience.follow()
        if self._rate() != self._told_rate:
            self._told_rate = self._rate()
            self._board_at_ms = self._report_at_ms = now_ms  # what was planned at another pace is void
            # the step's own instant is old by now, and at the pace before; a phone would be minutes off
            clock = Clock(now_ms=self.now(), rate=self._told_rate)
            await self._broadcast.tell_all("clock", clock)
        for cohort in self.audience.cohorts:
            await self._tell(cohort, now_ms)
        if now_ms >= self._board_at_ms:
            # the first are never late, and those of an evening that was taken up again are the first
            late_ms = (now_ms - self._board_at_ms) / self._told_rate if self._board_at_ms else 0
            every_ms = self._pace.next_ms(len(self.audience), late_ms)
            self._board_at_ms = now_ms + int(every_ms * self._told_rate)
            await self._boards_step(now_ms)
        await self.arrivals.step(now_ms)

    async def _tell(self, cohort: Cohort, now_ms: int) -> None:
        before = cohort.visible
        history = self.follower.history
        if cohort.declared_ms is None:
            visible = history.visible_on(now_ms, cohort.channel.id)
        else:
            visible = history.visible(now_ms, cohort.delay_ms)
        beats = self._rounds.beats(visible, self.state, cohort.channel_index, now_ms)
        step = history.step(visible, beats)
        if step <= cohort.told_step:
            return  # a delay that grew never un-shows what was shown
        cohort.visible = visible
        cohort.told_step = step
        if not cohort.members:
            return
        await self._broadcast.tell(cohort, "show", self.show_of(cohort, now_ms))
        if self._news(before, visible):
            self.arrivals.news_for(cohort.members)

    @staticmethod
    def _news(before: State, visible: State) -> bool:
        """Whether something became true of single viewers: a result, a draw, a round that was voided."""
        return (
            len(embargo.results(before, before)) != len(embargo.results(visible, visible))
            or len(embargo.announced(before)) != len(embargo.announced(visible))
            or sum(r.void for r in before.rounds.values()) != sum(r.void for r in visible.rounds.values())
        )

    def show_of(self, cohort: Cohort, now_ms: int) -> Show:
        """The cohort's whole view as of its last telling."""
        return view.show(
            self.rundown,
            cohort.visible,
            self.state,
            step=max(cohort.told_step, 0),
            delay_ms=cohort.exact_ms,
            channel=cohort.channel_index,
            public=lambda round_: self._rounds.public(round_, cohort.channel_index, now_ms),
            text_of=self.texts.hash_of,
        )

    # ------------------------------------------------------------ single viewers

    def measure(self, sid: str, said: Sync, at_ms: float) -> None:
        """Takes in a `sync` that came at `at_ms`: how long its connection's round trip was, by our own
        clock.
        """
        viewer = self.audience.get(sid)
        if viewer is not None:
            viewer.took((at_ms - said.told_ms) / self._rate() - said.since_ms)

    async def retune(self, viewer: Viewer, seat: Seat) -> None:
        """Moves a viewer to another cohort and shows them what is seen there now."""
        if not viewer.welcomed or seat.cohort is viewer.cohort:
            self.audience.move(viewer, seat)
            return
        await self._broadcast.dismiss(viewer)
        self.audience.move(viewer, seat)
        await self._broadcast.admit(viewer)
        await self.shown(viewer)

    async def shown(self, viewer: Viewer) -> None:
        """Shows a viewer what their (new) cohort sees now."""
        now_ms = self.now()
        await self._tell(viewer.cohort, now_ms)
        await self._broadcast.tell_one(viewer.sid, "show", self.show_of(viewer.cohort, now_ms))

    # ------------------------------------------------------------ boards and reports

    async def _boards_step(self, now_ms: int) -> None:
        slowest_ms = max((cohort.delay_ms for cohort in self.audience.cohorts), default=0)
        for round_ in self._live_rounds(self.state.rounds.values()):
            snapshot = await self._redis.get(keys.tally(round_.id))
            if snapshot is not None:
                ring = self._boards.setdefault(round_.id, deque())
                ring.append(msgspec.msgpack.decode(cast("bytes", snapshot), type=Snapshot))
                while len(ring) > 1 and ring[1].at_ms < now_ms - slowest_ms:
                    ring.popleft()
        for cohort in self.audience.cohorts:
            rounds = self._live_rounds(cohort.visible.rounds.values())
            if rounds and cohort.members:
                await self._board(cohort, rounds[-1], now_ms)
        self._boards = {name: ring for name, ring in self._boards.items() if not self._seen_by_all(name)}

    def _seen_by_all(self, round_id: str) -> bool:
        """Whether every cohort knows how a round ended, so that nobody is shown its boards any more."""
        found = (cohort.visible.rounds.get(round_id) for cohort in self.audience.cohorts)
        return all(round_ is not None and (round_.void or round_.revealed_at_ms) for round_ in found)

    def _live_rounds(self, rounds: Iterable[Round]) -> Sequence[Round]:
        newest = self.state.rounds
        return [
            round_
            for round_ in rounds
            if not round_.revealed_at_ms
            and embargo.counters(round_, newest[round_.id], live=self._rounds.live(round_))
        ][-1:]

    async def _board(self, cohort: Cohort, round_: Round, now_ms: int) -> None:
        ring = self._boards.get(round_.id, deque[Snapshot]())
        seen = [snapshot for snapshot in ring if embargo.in_sight(snapshot.at_ms, cohort.delay_ms, now_ms)]
        if seen and seen[-1].at_ms > cohort.tally_seq:
            cohort.tally_seq = seen[-1].at_ms
            fans = await self._agreeing(round_, seen[-1].fans)
            tally = Tally(
                round=round_.id,
                seq=seen[-1].at_ms,
                counters=self._rounds.board(round_, seen[-1].counters, fans),
                online=len(self.audience) + self._elsewhere_count,
            )
            await self._broadcast.tell(cohort, "tally", tally)

    async def _agreeing(self, round_: Round, fans: Sequence[Fan]) -> list[Fan]:
        """Those who agree still to be shown: whoever has taken it back is left out at once, although this
        cohort's picture has them. Asked of their slots, and not of the newest board: that another has
        overtaken them since is not to be told yet."""
        if not fans:
            return []
        layout = self._rounds.opened(round_).layout
        box = Box(self._redis, round_.id, layout.width)
        slots = await box.read(range(fan.number, fan.number + 1) for fan in fans)
        return [
            fan for fan, slot in zip(fans, slots, strict=True) if layout.unpack(slot)["flags"] & FLAG_CONSENT
        ]

    async def report(self, now_ms: int) -> None:
        """Tells the crew how this edge is doing, when that is due: also when it cannot do anything else."""
        await self.rotation.step()
        if now_ms < self._report_at_ms:
            return
        self._report_at_ms = now_ms + int(REPORT_MS * self._told_rate)
        back_ms = self._window.news(len(self.audience))
        if back_ms is not None:
            await self._broadcast.tell_all("back", Back(within_ms=back_ms))
        plays = self.plays
        p50_ms, p99_ms = plays.figures.took(plays.ack_ms, self._told_rate)
        plays.ack_ms.clear()
        plays.forget()
        seconds = max(1, now_ms - self._reported_at_ms) / self._told_rate / 1000
        report = Report(
            phones=len(self.audience),
            ack_p50_ms=p50_ms,
            ack_p99_ms=p99_ms,
            plays_per_s=round((plays.counted - self._reported_count) / seconds, 1),
            seen_at_ms=now_ms,
            refused=plays.refusals(),
            refused_by_channel=plays.refusals_by_channel(),
            channels=self.audience.by_channel(),
            rotation=self.rotation.reason,
            clock_ms=self.rotation.clock_ms,
            log_lag_ms=self.rotation.log_lag_ms,
            dropped=self._broadcast.dropped,
            answers=plays.answers(),
            acks=plays.figures.acks,
            batches=plays.figures.batches,
            waiting=plays.waiting,
            shed=self._broadcast.shed,
            turned_away=dict(self.turned_away),
        )
        self._reported_at_ms = now_ms
        self._reported_count = self.plays.counted
        await self._redis.hset(keys.edges(self.rundown.id), self.name, msgspec.msgpack.encode(report))
        self._edges.take(await self._redis.hgetall(keys.edges(self.rundown.id)), now_ms)
        present = self._edges.present(now_ms, GONE_MS * max(1.0, self._told_rate))
        self._elsewhere_count = sum(said.phones for name, said in present.items() if name != self.name)

    @property
    def back_ms(self) -> int:
        """How long it takes to let everybody in again who is here, real ms; 0: less than a second."""
        return self._window.ms(len(self.audience))

    async def send_elsewhere(self, within_ms: int) -> None:
        """Asks all phones to connect again, each after a moment of its own choosing in that time."""
        await self._broadcast.tell_all("drain", Drain(within_ms=within_ms))
