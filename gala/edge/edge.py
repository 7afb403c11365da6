"""The edge's step: follow the log, tell cohorts what came into their sight, welcome who arrived.

An edge decides nothing and holds nothing that matters: when it dies, phones connect elsewhere and find
everything. `gala.edge.socket` and `gala.edge.crew` are its ears; `Plays` its way into boxes.
"""

from collections import Counter
from collections.abc import Callable

import msgspec

from gala import embargo, view
from gala.clock import Now
from gala.edge.arrivals import Arrivals
from gala.edge.audience import Audience, Cohort, Seat, Viewer
from gala.edge.boards import Boards
from gala.edge.broadcast import Broadcast
from gala.edge.doors.window import Window
from gala.edge.holdings import Holdings
from gala.edge.numbers import Numbers
from gala.edge.plays import Plays
from gala.edge.report import GONE_MS, Heard, Report
from gala.edge.rotation import Rotation
from gala.edge.shedding import Shedding
from gala.follower import Follower
from gala.passes import Passes
from gala.protocol import (
    Clock,
    Show,
    Sync,
)
from gala.protocol.door import Back, Drain
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.show.state import State
from gala.store import keys
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.texts import Texts

NEWS_MS = 1_000
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
        shedding: Shedding,
    ) -> None:
        self.rundown = rundown
        self.texts = texts
        self.passes = passes
        self.now = now
        self.rotation = rotation
        self.turned_away = Counter[str]()  # at the doors, by reason; written by whoever keeps one
        self._window = window
        self.shedding = shedding
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
            relief=lambda: self.shedding.told,
            tell=self._tell,
            show_of=self.show_of,
        )
        self.name = name
        self._rate = rate
        self._told_rate = rate()
        self._boards = Boards(clients.once, rounds, self.audience, broadcast, lambda: self.state)
        self._news_at_ms = 0
        self._ack_ms = 0.0, 0.0  # p50 and p99 of the answers of the newest second
        self._report_at_ms = 0
        self._reported_at_ms = 0
        self._reported_count = 0
        self._edges = Heard(Report)

    @property
    def state(self) -> State:
        """The newest state this edge has read. Not for phones: theirs is their cohort's."""
        return self.follower.state

    # ------------------------------------------------------------ the step

    async def step(self, now_ms: int) -> None:
        """Reads the log and tells everyone what they may know at `now_ms`; nobody, if that is not the
        time."""
        self.shedding.stepped(self.rotation.mark())
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
            self._news_at_ms = self._report_at_ms = now_ms
            self._boards.due_now(now_ms)
            # the step's own instant is old by now, and at the pace before; a phone would be minutes off
            clock = Clock(now_ms=self.now(), rate=self._told_rate)
            await self._broadcast.tell_all("clock", clock)
        for cohort in self.audience.cohorts:
            await self._tell(cohort, now_ms)
        await self._boards.step(now_ms, self._told_rate, self.shedding.told.level)
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

    # ------------------------------------------------------------ load and reports

    async def relieve(self, now_ms: int) -> None:
        """Looks how pressed this edge is and, once a second, tells phones if something else is left off now.
        Asks the store nothing: an edge that is pressed waits longest for that."""
        self.shedding.beat(self.rotation.mark())
        if now_ms < self._news_at_ms:
            return
        self._news_at_ms = now_ms + int(NEWS_MS * self._told_rate)
        self._take_in()
        self._ack_ms = self.plays.figures.newest()
        relief = self.shedding.news(self.plays, self._ack_ms[1], self.rotation.lasting)
        if relief is not None:
            await self._broadcast.tell_all("relief", relief)

    def _take_in(self) -> None:
        self.plays.figures.took(self.plays.ack_ms, self._told_rate)
        self.plays.ack_ms.clear()

    async def report(self, now_ms: int) -> None:
        """Tells the crew how this edge is doing, when that is due: also when it cannot do anything else."""
        await self.rotation.step()
        if now_ms < self._report_at_ms:
            return
        self._report_at_ms = now_ms + int(REPORT_MS * self._told_rate)
        plays = self.plays
        self._take_in()
        p50_ms, p99_ms = self._ack_ms
        plays.forget()
        back_ms = self._window.news(len(self.audience))
        if back_ms is not None:
            await self._broadcast.tell_all("back", Back(within_ms=back_ms))
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
            level=self.shedding.told.level,
            share=self.shedding.load.share,
        )
        self._reported_at_ms = now_ms
        self._reported_count = self.plays.counted
        await self._redis.hset(keys.edges(self.rundown.id), self.name, msgspec.msgpack.encode(report))
        self._edges.take(await self._redis.hgetall(keys.edges(self.rundown.id)), now_ms)
        present = self._edges.present(now_ms, GONE_MS * max(1.0, self._told_rate))
        self._boards.elsewhere_count = sum(said.phones for name, said in present.items() if name != self.name)

    @property
    def back_ms(self) -> int:
        """How long it takes to let everybody in again who is here, real ms; 0: less than a second."""
        return self._window.ms(len(self.audience))

    async def send_elsewhere(self, within_ms: int) -> None:
        """Asks all phones to connect again, each after a moment of its own choosing in that time."""
        await self._broadcast.tell_all("drain", Drain(within_ms=within_ms))
