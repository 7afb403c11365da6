"""Phones that are late, say things twice, come back elsewhere, have wrong clocks, and some that cheat.

Each writes down what it did and what it was told, with the hall's true time, which it does not know itself.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.sim.roles import Playing
from tests.sim.wires import Down, Refused, Wire
from tests.sim.world import World
from tests.soak.history import NONE, Attempt

AGAIN_S = 0.4
FOREIGN = ("sim/tetris/2", "sim/cheer/1", "sim/nothing/1", "", "other/tetris/1")
MOVES: Sequence[Any] = (
    {"choices": []},
    {"choices": ["comets", "harbour"]},
    {"total": -1, "for": "hare"},
    [],
    None,
    {},
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as a phone got it: the hall's true time, how far behind it this phone watches, by whom."""

    at_ms: int
    delay_ms: int
    channel: str
    event: str
    content: Any
    edge: str
    wrong_clock: bool  # of that edge


@dataclass(slots=True)
class Crowd:
    """What all phones of an evening have written down."""

    attempts: list[Attempt] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)  # voucher -> the code its owner was shown
    owners: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # numbers shown it
    claimed: set[str] = field(default_factory=set)  # vouchers whose owner was told that they are claimed
    wrong: list[str] = field(default_factory=list)  # what a phone may never be told
    statuses: Counter[str] = field(default_factory=Counter)


class Phone:
    """One device. `token`: a pass it has already, as a viewer's second device has."""

    def __init__(
        self, world: World, crowd: Crowd, edges: dict[str, Playing], name: str, *, cheats: bool, channel: str
    ) -> None:
        self.world = world
        self.chance: Random = world.chance_of(name)
        self.name = name
        self.token = ""
        self.viewer = ""
        self.number = -1
        self.first: Phone | None = None  # of whose viewer this is the second device
        self._crowd = crowd
        self._edges = edges
        self._cheats = cheats
        self.channel = channel
        self._index = [one.id for one in world.rundown.channels].index(channel)
        self._skew_ms = self.chance.choice((0, 0, 0, 20, -150, 2_000, -60_000, 3_600_000))
        self._pace_s = self.chance.uniform(0.3, 2.0)
        self._wire: Wire | None = None
        self._wires = 0
        self._delay_ms = 0
        self._seq: Counter[str] = Counter()
        self._total: Counter[str] = Counter()
        self._round: dict[str, Any] | None = None
        self._pending: tuple[str, Any, dict[str, Any]] | None = None  # a play whose fate is not known

    async def run(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, 8))
        while True:
            try:
                await self._connected()
                while self._wire is not None and self._wire.open:
                    await self._do()
                    await asyncio.sleep(
                        self.chance.expovariate(1 / self._pace_s) * (1 if self.world.busy else 2)
                    )
            except (Down, Refused):
                pass
            if self._wire is not None and self._wire.open:
                # half of the time it just gives the wire up, and what is under way there still arrives
                (self._wire.hang_up if self.chance.random() < 0.5 else self._wire.lose)()
            self._wire = None
            await asyncio.sleep(self.chance.expovariate(1 / AGAIN_S))

    async def _connected(self) -> None:
        up = [edge for edge in self._edges.values() if edge.stalls and edge.up and not edge.process.dead]
        if self.first is not None:
            if self.first.number < 0:
                raise Down
            self.token, self.viewer, self.number = self.first.token, self.first.viewer, self.first.number
        if not up:
            raise Down
        auth: dict[str, Any] = {"channel": self.channel, "show": self.world.rundown.id}
        if self.token:
            auth["pass"] = self.token
        self._delay_ms = self.world.rundown.channels[self._index].delay_ms
        if self._cheats and self.chance.random() < 0.3:
            auth["delay_ms"] = self._delay_ms = self.chance.choice((0, 90_000, 1_500))
        wire = self._wire = self._new_wire(self.chance.choice(up))
        self._welcomed = self.world.loop.create_future()
        await wire.connect(auth)
        await wire.within(self._welcomed)

    def _new_wire(self, edge: Playing) -> Wire:
        # a chance of its own: an edge pings its lines in no order that a seed decides
        self._wires += 1
        return Wire(self.world, edge, self.world.chance_of(f"{self.name}/{self._wires}"), self._hear)

    # ------------------------------------------------------------ what it hears

    def _hear(self, wire: Wire, event: str, content: Any) -> None:
        if wire is not self._wire:
            return
        if event == "welcome":
            self.token, self.viewer = content["pass"], content["viewer"]
            if not self._welcomed.done():
                self._welcomed.set_result(None)
        self._crowd.heard.append(
            Heard(
                self.world.now_ms(),
                self._delay_ms,
                self.channel,
                event,
                content,
                wire.edge.process.name,
                wire.edge.process.clock_is_wrong,
            )
        )
        if event == "welcome":
            self._take(content.get("mine", {}))
            self._round = content["show"].get("round")
        elif event == "show":
            self._round = content.get("round")
        elif event == "mine":
            self._take(content)

    def _take(self, mine: dict[str, Any]) -> None:
        self.number = mine.get("number", self.number)
        for round_id, has in mine.get("rounds", {}).items():
            self._seq[round_id] = max(self._seq[round_id], has["seq"])
        for held in mine.get("vouchers", ()):
            self._crowd.owners[held["id"]].add(self.number)
            before = self._crowd.codes.setdefault(held["id"], held["code"])
            if before != held["code"]:
                self._crowd.wrong.append(f"{self.name}: another code of voucher {held['id']}")

    # ------------------------------------------------------------ what it does

    async def _do(self) -> None:
        wire = self._wire
        assert wire is not None
        if self.number < 0:
            reply = await wire.ask("enter", {})
            if "pass" in reply:
                self.token = reply["pass"]
                self._take(reply.get("mine", {}))
            return
        luck = self.chance.random()
        if not self.world.calm and luck < 0.04:
            raise Down  # a tunnel
        if luck < 0.10:
            await wire.ask("sync", {"t0_ms": self.world.now_ms() + self._skew_ms})
        elif luck < 0.13 and self._cheats:
            self._delay_ms = 0
            await wire.ask("tune", {"channel": self.channel, "delay_ms": self.chance.choice((0, 5_000))})
            raise Down  # it looks again from there
        elif self._pending is not None:
            await self._play(*self._pending)
        elif self._cheats and luck < 0.4:
            await self._cheat()
        elif self._round is not None and self._round["state"] == "open":
            round_id = self._round["id"]
            self._seq[round_id] += 1
            await self._play(round_id, self._seq[round_id], self._move(self._round))
        elif self._crowd.codes and luck < 0.5:
            await self._claim()

    def _move(self, round_: dict[str, Any]) -> dict[str, Any]:
        if round_["game"] == "poll":
            return {"choices": [self.chance.choice(round_["public"]["choices"])]}
        if round_["game"] == "boost":
            self._total[round_["id"]] += self.chance.randrange(1, 4)
            return {
                "total": self._total[round_["id"]],
                "for": self.chance.choice(round_["public"]["choices"]),
            }
        return {}

    async def _play(self, round_id: str, seq: Any, move: Any) -> None:
        """A play, kept until its fate is known; now and then it is said twice."""
        self._pending = (round_id, seq, move)
        if self.chance.random() < 0.1 and self._wire is not None:
            twin = self.world.loop.create_task(self._say(self._wire, round_id, seq, move))
            twin.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.sleep(self.chance.uniform(0, 0.3))
        assert self._wire is not None
        reply = await self._say(self._wire, round_id, seq, move)
        if reply["status"] != "retry":
            self._pending = None
            mine = reply.get("mine")
            if mine is not None:
                self._seq[round_id] = max(self._seq[round_id], mine["seq"])

    async def _say(self, wire: Wire, round_id: str, seq: int, move: Any) -> dict[str, Any]:
        sent_ms, number = self.world.now_ms(), self.number
        reply: dict[str, Any] = {}
        try:
            said = {"round": round_id, "seq": seq, "at_ms": max(0, sent_ms + self._skew_ms), "move": move}
            reply = await wire.ask("play", said)
        finally:
            mine = reply.get("mine")
            status = reply.get("status", NONE)
            self._crowd.statuses[reply.get("reason", "") or status] += 1
            self._crowd.attempts.append(
                Attempt(
                    viewer=self.viewer,
                    number=number,
                    round=round_id,
                    seq=seq,
                    move=move,
                    sent_ms=sent_ms,
                    heard_ms=self.world.now_ms(),
                    status=status,
                    reason=reply.get("reason", ""),
                    mine=None if mine is None else {"seq": mine["seq"], "has": mine["has"]},
                )
            )
        return reply

    async def _cheat(self) -> None:
        """Things that no page of ours sends: none of them may count, or hurt."""
        wire, chance = self._wire, self.chance
        assert wire is not None
        kind = chance.randrange(4)
        if kind == 0:
            said = {"round": chance.choice(FOREIGN), "seq": 1, "at_ms": 0, "move": {"choices": ["comets"]}}
        elif kind == 1:
            seq = chance.choice((0, -1, 65_536, 1 << 62, "1", None, True))
            said = {"round": "sim/tetris/1", "seq": seq, "at_ms": 0, "move": {"choices": ["comets"]}}
        elif kind == 2:
            said = {"round": "sim/tetris/1", "seq": 65_000, "at_ms": 0, "move": chance.choice(MOVES)}
        else:
            forged = self.token[:-2] + ("aa" if self.token[-2:] != "aa" else "bb")
            other = self._new_wire(wire.edge)
            try:
                await other.connect({"pass": forged})
            except Refused:
                return
            self._crowd.wrong.append(f"{self.name}: a forged pass was taken")
            return
        reply = await wire.ask("play", said)
        if reply.get("status") == "counted" or (reply.get("status") == "already" and kind == 1):
            self._crowd.wrong.append(f"{self.name}: {said} was answered {reply}")

    async def _claim(self) -> None:
        assert self._wire is not None
        voucher = self.chance.choice(sorted(self._crowd.codes))  # somebody's: the own, or another's
        reply = await self._wire.ask("claim", {"voucher": voucher})
        if reply["status"] == "claimed":
            self._crowd.claimed.add(voucher)
