"""An adversary's evening around one lock: edges with wrong clocks, frozen or cut from the log, conductors
that sleep, a desk that changes its mind, phones that claim anything; on a real store, with the true time.

`GateMachine` draws what happens and checks, after every step, what the gate promises. It has its own
arithmetic for that (`limit_ms`), so that a fault in ours shows.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gala.conductor import Conductor
from gala.edge.audience import Audience, Cohort, Tuning
from gala.edge.plays import Plays
from gala.follower import CueRefused, Follower
from gala.protocol import PlayReply
from gala.show.ahead import called_at_ms, timed
from gala.show.state import Round
from gala.store.clients import connect
from gala.store.log import ShowLog
from games import whack
from tests.gala.gates import GATES
from tests.gala.hall import Hall, submit
from voting.box import PAGE, Box, GateState
from voting.layout import channel_of
from voting.recount import recount

T = TypeVar("T")

PAGES = range(2)  # GATES gives out 100 000 numbers
GRACE_MS = 500
LEAD_MS = 1_000
SHARP_MS = 50  # an edge's clock is right while it is not further off
TWIN = 8  # a viewer's twin, in the hall, has this much more of a number
FOR_EVER = 1 << 60

errors_ms = st.sampled_from([0, 0, 17, -50, 50, -700, -2_500, -9_000, 900, 4_000])
seats = st.sampled_from(
    [
        Tuning("hall"),
        Tuning("hall", 3_000),
        Tuning("hall", 90_000),
        Tuning("aerial"),
        Tuning("app"),
        Tuning("app", 500),
        Tuning("app", 98_000),
        Tuning("nowhere", -5_000),
    ]
)
viewers = st.sampled_from([0, 1, 2, PAGE, PAGE + 1])
edges = st.sampled_from([0, 1, 2])
claims = st.sampled_from(
    ["nothing", "now", "before the lock", "long ago", "later", "fast clock", "slow clock"]
)
bounds_ms = st.sampled_from([0.0, 0.0, 40.0, 400.0, 500.0])
passings = st.sampled_from(
    [
        ("by", 20),
        ("by", 400),
        ("by", 2_500),
        ("lock", -1),
        ("lock", 0),
        ("lock", 150),
        ("lock", 490),
        ("shut", 0),
        ("shut", 1),
        ("shut", 300),
        ("shut", 9_000),
    ]
)


class Post:
    """An edge without sockets, whose clock is `off_ms` wrong."""

    def __init__(self, hall: Hall, off_ms: int) -> None:
        self.hall = hall
        self.off_ms = off_ms
        self.frozen = False
        self.blind = False
        self.follower = Follower(hall.rundown, ShowLog(hall.clients, hall.rundown.id))
        self.audience = Audience(hall.rundown, self.follower.history.delay_ms)
        self.plays = Plays(
            hall.clients.once, hall.rounds, self.now, lambda: self.follower.state, lambda: 1.0, lambda: False
        )
        self.waiting: list[Said] = []

    def now(self) -> int:
        return self.hall.now_ms + self.off_ms

    def cohort(self, tuning: Tuning) -> Cohort:
        """That cohort, seeing what this edge would have told it by now."""
        self.audience.follow()
        cohort = self.audience.seat(tuning).cohort
        history = self.follower.history
        if cohort.declared_ms is None:
            seen = history.visible_on(self.now(), cohort.channel.id)
        else:
            seen = history.visible(self.now(), cohort.delay_ms)
        if seen.version > cohort.visible.version:
            cohort.visible = seen
        return cohort


@dataclass
class Said:
    """A play and all that is true of it."""

    round_id: str
    number: int
    seq: int
    move: Any
    claimed_ms: int
    bound_ms: float
    tuning: Tuning
    came_at_ms: int  # true time
    reply: asyncio.Task[PlayReply]
    twin: asyncio.Task[PlayReply] | None


class GateMachine(RuleBasedStateMachine):
    """`url`, `folder`: the store's address, and a folder."""

    url: ClassVar[str]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        clients = self.run(connect(self.url))
        self.run(clients.once.flushall())
        self.hall = Hall(clients, self.folder, GATES)
        self.posts: list[Post] = []
        self.conductors: list[Conductor] = []
        self.asleep = 1
        self.said: list[Said] = []
        self.acked: dict[tuple[str, int], int] = {}  # round and number: the greatest seq answered `counted`
        self.over_ms: dict[str, int] = {}  # of rounds whose lock has come: the limit they had then
        self.seq = 0
        self.cues = 0

    def run(self, what: Awaitable[T]) -> T:
        async def waited() -> T:
            return await what

        return self.runner.run(waited())

    def teardown(self) -> None:
        self.run(self.hall.clients.close())
        self.runner.close()

    # ------------------------------------------------------------ what the truth is

    def round(self) -> Round:
        """The newest round, as the log has it."""
        return list(self.hall.state.rounds.values())[-1]

    def lock_ms(self, round_: Round) -> int:
        return round_.locked_at_ms or round_.lock_due_at_ms or FOR_EVER

    def limit_ms(self, round_: Round) -> int:
        """The last instant at which anything of a round may be counted."""
        limit_ms = self.lock_ms(round_) + GRACE_MS
        if round_.timing == "appear":
            limit_ms += max(round_.delays_ms)
        if round_.killed_at_ms:
            limit_ms = min(limit_ms, round_.killed_at_ms + GRACE_MS)
        return min(limit_ms, self.over_ms.get(round_.id, FOR_EVER))

    def remember(self) -> None:
        """Once its lock has come a round is over, whatever is called then."""
        for round_ in self.hall.state.rounds.values():
            if self.hall.now_ms >= self.lock_ms(round_):
                self.over_ms[round_.id] = self.limit_ms(round_)

    def box(self, round_: Round) -> Box:
        return Box(self.hall.clients.once, round_.id, self.hall.rounds.opened(round_).layout.width)

    # ------------------------------------------------------------ time

    @initialize(
        kind=st.sampled_from(["predict", "influence", "appear"]),
        off_ms=st.tuples(st.just(0), errors_ms, errors_ms),
    )
    def a_round_opens(self, kind: str, off_ms: tuple[int, ...]) -> None:
        async def opened() -> None:
            await self.hall.begin()
            await self.hall.numbers(PAGE + TWIN + 64)
            await self.hall.go(f"{kind}.start")

        self.run(opened())
        self.posts = [Post(self.hall, off) for off in off_ms]
        self.conductors = [self.hall.conductor("one"), self.hall.conductor("two")]
        self.pass_until(self.hall.now_ms + 1_500)

    def pass_until(self, until_ms: int) -> None:
        """True time passes. Who leads wakes at each instant at which there is something to do."""

        async def steps() -> None:
            await self.everyone()
            while self.hall.now_ms < until_ms:
                self.hall.now_ms = min(until_ms, self.next_ms())
                await self.everyone()

        self.run(steps())

    async def everyone(self) -> None:
        """The conductors that are awake step; edges that can, read on."""
        for place, conductor in enumerate(self.conductors):
            if place != self.asleep:
                await conductor.step(self.hall.now_ms)
        await self.hall.desk.read()
        self.remember()
        for post in self.posts:
            if not post.blind and not post.frozen:
                await post.follower.read()

    def next_ms(self) -> int:
        """When a cue is to be called, or a gate to be shut; the most there is to wait for is a second."""
        state, now_ms = self.hall.state, self.hall.now_ms
        calls = [called_at_ms(GATES.cue(name)[1], due_ms) for name, due_ms in timed(GATES, state)]
        shuts = [self.limit_ms(round_) for round_ in state.rounds.values() if not round_.shut]
        return min((at_ms for at_ms in (*calls, *shuts) if at_ms > now_ms), default=now_ms + 1_000)

    @rule(passing=passings)
    def time_passes(self, passing: tuple[str, int]) -> None:
        what, ms = passing
        now_ms, round_ = self.hall.now_ms, self.round()
        at_ms = {
            "by": now_ms,
            "lock": self.lock_ms(round_),
            "shut": self.limit_ms(round_),
        }[what] + ms
        self.pass_until(at_ms if now_ms < at_ms < now_ms + 60_000 else now_ms + 50)

    def pass_until_the_lock(self) -> None:
        """It is due now, and no conductor has noticed yet: what others do, they do at this very instant."""
        lock_ms = self.lock_ms(self.round())
        if self.hall.now_ms < lock_ms < self.hall.now_ms + 60_000:
            self.pass_until(lock_ms - 1)
            self.hall.now_ms = lock_ms
            self.remember()

    # ------------------------------------------------------------ who fails

    @rule(which=st.sampled_from([-1, 0, 1]))
    def a_conductor_sleeps_and_the_other_wakes(self, which: int) -> None:
        self.asleep = which

    @rule(edge=edges, blind=st.booleans())
    def an_edge_is_cut_from_the_log_or_finds_it_again(self, edge: int, blind: bool) -> None:
        self.posts[edge].blind = blind

    @rule(edge=edges, frozen=st.booleans())
    def an_edge_freezes_or_goes_on(self, edge: int, frozen: bool) -> None:
        self.posts[edge].frozen = frozen

    # ------------------------------------------------------------ the desk

    async def call(self, kind: str, **more: Any) -> str:
        """A cue from the desk, which may be refused; why."""
        self.cues += 1
        try:
            await self.hall.call({"cue": kind, **more}, f"desk-{self.cues}")
        except CueRefused as refused:
            return refused.reason
        return ""

    @rule(
        act=st.sampled_from(
            [
                "hold",
                "hold",
                "resume",
                "resume",
                "lock",
                "extend",
                "shorten",
                "retime",
                "delay",
                "void",
                "kill",
            ]
        ),
        ms=st.sampled_from([200, 1_000, 4_000]),
        at_the_lock=st.sampled_from([False, False, True]),
    )
    def the_desk_acts(self, act: str, ms: int = 1_000, at_the_lock: bool = False) -> None:
        if at_the_lock:
            self.pass_until_the_lock()
        self.run(self.act(act, ms))

    async def act(self, act: str, ms: int) -> None:
        await self.hall.desk.read()
        round_ = self.round()
        lock = f"{round_.segment}.lock"
        match act:
            case "lock":
                await self.call("standby", target=lock)
                await self.call("go", target=lock)
            case "extend" | "shorten":
                await self.call("extend", target=round_.id, ms=ms if act == "extend" else -ms)
            case "retime":
                await self.call("retime", target=lock, at_ms=self.hall.now_ms + ms)
            case "delay":
                await self.call("delay", target="app", delay_ms=10 * ms)
            case "void":
                await self.call("void", target=round_.id, reason="the wall fell over")
            case "kill":
                await self.call("kill", reason="smoke")
            case _:
                await self.call(act)

    @rule()
    def the_desk_wants_the_result(self) -> None:
        """Settlement and reveal are refused until every gate is shut, however often they are asked for."""

        async def wants() -> None:
            await self.hall.desk.read()
            round_ = self.round()
            gates = await self.box(round_).gates(PAGES)
            shut = all(gate is not None and gate.state is not GateState.OPEN for gate in gates)
            for act in ("settle", "reveal"):
                name = f"{round_.segment}.{act}"
                if any(cue.id == name for cue in GATES.segment(round_.segment).cues):
                    await self.call("standby", target=name)
                    refused = await self.call("go", target=name, outcome="comets")
                    assert shut or refused, f"{act} while a gate is open"

        self.run(wants())

    @precondition(lambda self: self.posts and self.round().void and not self.hall.state.killed_at_ms)
    @rule()
    def the_desk_opens_a_new_round(self) -> None:
        async def opens() -> None:
            name = f"{self.round().segment}.open"
            await self.call("standby", target=name)
            await self.call("go", target=name, reason="again, for those who can")

        self.run(opens())
        self.pass_until(self.hall.now_ms + LEAD_MS)

    # ------------------------------------------------------------ phones

    def claimed_ms(self, claim: str) -> int:
        now_ms = self.hall.now_ms
        lock_ms = min(self.lock_ms(self.round()), now_ms)
        return {
            "nothing": 0,
            "now": now_ms,
            "before the lock": lock_ms - 1,
            "long ago": lock_ms - 10_000,
            "later": now_ms + 60_000,
            "fast clock": now_ms + 5_000,
            "slow clock": now_ms - 5_000,
        }[claim]

    def move(self, round_: Round, channel: int, claimed_ms: int, which: int) -> Any:
        """A move of the round's game, as good as one can be made now."""
        if round_.game == "poll":
            return {"choices": [("comets", "harbour")[which % 2]]}
        if round_.game == "boost":
            return {"total": 1 + self.seq, "for": "mei"}
        opened = cast("whack.Round", self.hall.rounds.opened(round_).round)
        opens_ms = round_.opened_at_ms + round_.delays_ms[channel]
        hits = [
            [mole.mole, opens_ms + mole.up_ms + 200]
            for mole in opened.moles(channel).values()
            if mole.up_ms + 200 <= (claimed_ms or self.hall.now_ms) - opens_ms
        ]
        return {"hits": sorted(hits, key=lambda hit: hit[1])[-4:]}

    @rule(
        edge=edges,
        number=viewers,
        tuning=seats,
        claim=claims,
        bound_ms=bounds_ms,
        which=st.integers(0, 1),
        at_once=st.booleans(),
    )
    def a_phone_plays(
        self,
        edge: int,
        number: int,
        tuning: Tuning,
        claim: str = "nothing",
        bound_ms: float = 0.0,
        which: int = 0,
        at_once: bool = True,
    ) -> None:
        self.seq += 1
        round_, post = self.round(), self.posts[edge]
        claimed_ms = self.claimed_ms(claim)
        move = self.move(round_, post.cohort(tuning).channel_index, claimed_ms, which)
        self.submit(post, round_, number, self.seq, move, claimed_ms, bound_ms, tuning)
        if at_once:
            self.an_edge_applies_what_waits(edge)

    @precondition(lambda self: self.said)
    @rule(edge=edges, which=st.integers(0, 7), tuning=seats, bound_ms=bounds_ms)
    def a_phone_sends_again_perhaps_to_another_edge(
        self, edge: int, which: int, tuning: Tuning, bound_ms: float
    ) -> None:
        old = self.said[-1 - which % len(self.said)]
        round_ = self.hall.state.rounds[old.round_id]
        self.submit(self.posts[edge], round_, old.number, old.seq, old.move, old.claimed_ms, bound_ms, tuning)

    def submit(
        self,
        post: Post,
        round_: Round,
        number: int,
        seq: int,
        move: Any,
        claimed_ms: int,
        bound_ms: float,
        tuning: Tuning,
    ) -> None:
        def play(number: int, tuning: Tuning) -> asyncio.Task[PlayReply]:
            cohort = post.cohort(tuning)
            coming = submit(post.plays, round_.id, number, seq, cohort, move, claimed_ms, bound_ms)
            return asyncio.get_running_loop().create_task(coming)

        async def arrives() -> None:
            # where all have the same length of play, another channel's moles are others
            twin = play(number + TWIN, Tuning("hall")) if round_.timing != "appear" else None
            reply = play(number, tuning)
            await asyncio.sleep(0)
            came_at_ms = self.hall.now_ms
            said = Said(round_.id, number, seq, move, claimed_ms, bound_ms, tuning, came_at_ms, reply, twin)
            post.waiting.append(said)
            self.said.append(said)

        self.run(arrives())

    @rule(edge=edges)
    def an_edge_applies_what_waits(self, edge: int) -> None:
        post = self.posts[edge]
        if not post.frozen:
            self.run(self.flushed(post))

    async def flushed(self, post: Post) -> None:
        before = await self.read_slots()
        for _ in range(3):  # of one viewer's plays each batch takes one
            await post.plays.flush()
            await asyncio.sleep(0)
        await self.hall.desk.read()
        after = await self.read_slots()
        for name, round_ in self.hall.state.rounds.items():
            if before.get(name) != after.get(name):
                late_ms = self.hall.now_ms - self.limit_ms(round_)
                assert late_ms <= 0, f"counted {late_ms} ms after lock and grace: {round_}"
        for said in post.waiting:
            if said.reply.done():
                await self.judge(post, said)
        post.waiting = [said for said in post.waiting if not said.reply.done()]

    async def judge(self, post: Post, said: Said) -> None:
        """What one answer may be."""
        reply = said.reply.result()
        assert reply.status in ("counted", "already", "refused", "retry")
        assert (reply.status == "refused") == bool(reply.reason), "every refusal has its reason"
        if reply.status != "counted":
            return
        key = (said.round_id, said.number)
        self.acked[key] = max(self.acked.get(key, 0), said.seq)
        round_ = self.hall.state.rounds[said.round_id]
        assert said.came_at_ms <= self.limit_ms(round_), "counted, and came after lock and grace"
        gate = (await self.box(round_).gates([said.number // PAGE]))[0]
        judged = post.follower.state.rounds[said.round_id]
        assert gate is not None
        assert judged.generation == gate.generation, "counted under a timing that was void"
        if said.twin is not None:
            self.judge_twin(reply, said.twin)
        if abs(post.off_ms) <= SHARP_MS and post.follower.state.version == self.hall.state.version:
            slot = await self.box(round_).slot(said.number)
            self.judge_sharply(said, round_, slot)

    def judge_twin(self, reply: PlayReply, twin: asyncio.Task[PlayReply]) -> None:
        """No channel and no nudge wins anything: who plays the same in the hall is counted as well."""
        assert twin.done()
        other = twin.result()
        assert other.status in ("counted", "already"), f"a twin in the hall is told {other}"
        assert reply.mine is not None
        assert other.mine is not None
        if "stage" in reply.mine.has:
            assert reply.mine.has["stage"] <= other.mine.has["stage"], "stage credit by a slow channel"

    def judge_sharply(self, said: Said, round_: Round, slot: bytes) -> None:
        """What an edge with a good clock and the whole log counts: a claim buys its round trip alone."""
        channel = channel_of(slot)
        assert channel is not None
        delay_ms = round_.delays_ms[channel] if round_.timing == "appear" else 0
        closes_ms = self.lock_ms(round_) + delay_ms
        if round_.killed_at_ms:
            closes_ms = min(closes_ms, round_.killed_at_ms)
        assert said.came_at_ms < closes_ms + said.bound_ms + SHARP_MS
        opens_ms = round_.opened_at_ms + delay_ms
        assert said.came_at_ms >= opens_ms - SHARP_MS - (LEAD_MS if round_.timing != "appear" else 0)

    # ------------------------------------------------------------ what always holds

    async def read_slots(self) -> dict[str, tuple[bytes, ...]]:
        return {
            name: tuple([await self.box(round_).slots(page) for page in PAGES])
            for name, round_ in self.hall.state.rounds.items()
        }

    @invariant()
    def counters_are_the_fold_of_slots_and_what_was_acknowledged_stays(self) -> None:
        self.run(self.holds())

    async def holds(self) -> None:
        found = await self.read_slots()
        for name, round_ in self.hall.state.rounds.items():
            opened, box = self.hall.rounds.opened(round_), self.box(round_)
            counters = await box.counters(PAGES)
            assert counters == recount(opened.layout, opened.tally.counts, list(found[name]))
            if round_.shut:
                gates = await box.gates(PAGES)
                assert all(gate is not None and gate.state is GateState.LOCKED for gate in gates), (
                    f"said to be locked: {gates}"
                )
                assert round_.counters == counters, "locked, and something was counted since"
        for (name, number), seq in self.acked.items():
            layout = self.hall.rounds.opened(self.hall.state.rounds[name]).layout
            page, place = divmod(number, PAGE)
            slot = found[name][page][place * layout.width :][: layout.width]
            assert layout.unpack(slot)["seq"] >= seq, "an acknowledgement was broken"
