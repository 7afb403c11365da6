"""The director, at two desks at once, and the till: each says a thing again until it is answered."""

import asyncio
from typing import Any, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gala.follower import CueRefused, Follower
from gala.protocol.crew import TillReply
from gala.show.state import State
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.vouchers.asks import Asker, AtTill, Seal, Unanswered
from tests.gala.hall import SECRET
from tests.sim.phones import Crowd
from tests.sim.process import Process, Told
from tests.sim.world import World

ORDER = (
    "welcome.start",
    "tetris.start",
    "tetris.settle",
    "tetris.reveal",
    "cheer.start",
    "cheer.lock",
    "cheer.reveal",
    "envelopes.start",
    "draw.start",
    "draw.announce",
    "goodbye.start",
)
LOOK_S = 0.4
PLAYED_S = 4.0  # how long a round stays open that a person locks
TWICE = 0.2  # so many buttons are pressed at both desks
AT_ONCE = 0.3  # with so many somebody presses another one at the other desk
ON_A_WHIM = 0.05  # a look after which the director does something that is in no rundown


class Desks:
    """The director's. pressed: every button pressed, by the id of its press."""

    def __init__(self, world: World, processes: list[Process]) -> None:
        self.world = world
        self.chance = world.chance_of("director")
        self.pressed: dict[str, dict[str, Any]] = {}
        self.followers = [
            Follower(world.rundown, ShowLog(Clients(cast("Redis", Told(process)), ""), world.rundown.id))
            for process in processes
        ]

    @property
    def state(self) -> State:
        """As the first desk has read it."""
        return self.followers[0].state

    async def run(self) -> None:
        """Directs the evening to its end."""
        planned = {segment.id for segment in self.world.rundown.segments}
        for target in ORDER:
            if target.split(".", maxsplit=1)[0] not in planned:
                continue
            ready_s = 0.0
            while target not in self.state.fired and not self._off(target):
                await asyncio.sleep(self.chance.uniform(0.5, 1.5) * LOOK_S)
                if not await self._looked():
                    continue
                if self.state.held_at_ms:
                    await self._press({"cue": "resume"})
                elif self.chance.random() < ON_A_WHIM and not self.world.calm:
                    await self._whim()
                elif self.state.standby != target:
                    await self._press({"cue": "standby", "target": target})
                elif self._may(target):
                    now_s = self.world.loop.time()
                    ready_s = ready_s or now_s + self._pause_s(target)
                    if now_s >= ready_s:
                        await self._press(self._go(target), standby=target)
        while self.state.phase != "ended":  # a hold may be what was pressed last
            await asyncio.sleep(LOOK_S)
            if await self._looked() and self.state.held_at_ms:
                await self._press({"cue": "resume"})

    def _off(self, target: str) -> bool:
        """Whether it is not to come any more: its round is void."""
        segment, _, act = target.partition(".")
        round_ = self.state.newest_round(segment) if act != "start" and self.state.version else None
        return round_ is not None and round_.void

    async def look(self) -> None:
        """Reads to the end."""
        while not await self._looked():
            await asyncio.sleep(LOOK_S)

    async def _looked(self) -> bool:
        try:
            for follower in self.followers:
                await follower.read()
        except RedisError:
            return False
        return bool(self.state.version)

    def _pause_s(self, target: str) -> float:
        return PLAYED_S if target == "cheer.lock" else self.chance.uniform(0, 1)

    def _may(self, target: str) -> bool:
        """A director looks before pressing, and mostly sees."""
        state, segment = self.state, target.partition(".")[0]
        round_ = state.newest_round(segment)
        if target.endswith((".settle", ".reveal")):
            return round_ is not None and bool(round_.locked_at_ms)
        if target == "cheer.lock":
            return round_ is not None
        if target == "draw.start":
            return "envelopes.reveal" in state.fired
        if target == "goodbye.start":
            return "envelopes.announce" in state.fired or not state.draws
        return True

    def _go(self, target: str) -> dict[str, Any]:
        cue = {"cue": "go", "target": target}
        return cue | ({"outcome": self.chance.choice(("comets", "harbour"))} if ".settle" in target else {})

    async def _whim(self) -> None:
        round_ = self.state.playable_round()
        which = self.chance.randrange(6)
        if which == 0:
            await self._press({"cue": "hold"})
            await asyncio.sleep(self.chance.uniform(0.2, 2))
        elif which == 1:
            channel = self.chance.choice(self.world.rundown.channels)
            later_ms = channel.delay_ms + self.chance.choice((0, 500, 1_700))
            await self._press({"cue": "delay", "target": channel.id, "delay_ms": later_ms})
        elif which == 2 and round_ is not None:
            await self._press(
                {"cue": "extend", "target": round_.id, "ms": self.chance.choice((-1_000, 2_000))}
            )
        elif which == 3 and round_ is not None:
            await self._press({"cue": "multiply", "target": round_.id, "factor_bp": 20_000, "ms": 2_000})
        elif which == 4 and round_ is not None and round_.segment == "cheer" and self.chance.random() < 0.3:
            await self._press({"cue": "void", "target": round_.id, "reason": "a sensor failed"})

    async def _press(self, cue: dict[str, Any], standby: str = "") -> None:
        """A button, at one desk or at both, until somebody says what came of it."""
        first, luck = self.chance.randrange(2), self.chance.random()
        id_ = self._new(cue)
        desks = [self._call(first, id_, cue, standby)]
        if luck < TWICE:
            desks.append(self._call(1 - first, id_, cue, standby))
        elif luck > 1 - AT_ONCE:
            other = {"cue": "ask_clap"}
            desks.append(self._call(1 - first, self._new(other), other, ""))
        await asyncio.gather(*desks)

    def _new(self, cue: dict[str, Any]) -> str:
        id_ = f"crew/{len(self.pressed)}"
        self.pressed[id_] = cue
        return id_

    async def _call(self, desk: int, id_: str, cue: dict[str, Any], standby: str) -> None:
        while True:
            try:
                await self.followers[desk].call(
                    cue,
                    id=id_,
                    by="director Mei",
                    now_ms=self.world.now_ms(),
                    expects=lambda state: not standby or state.standby == standby,
                )
            except RedisError:
                await asyncio.sleep(self.chance.uniform(0, 0.5))
            except CueRefused:
                return
            else:
                return


class Till:
    """A merchant's, at which winners spend; it sends a request that was not answered again, under its key."""

    def __init__(self, world: World, process: Process, crowd: Crowd) -> None:
        self.world = world
        self.chance = world.chance_of("till")
        self.done: list[tuple[str, str, str]] = []  # (key, act, voucher) whose answer was "done"
        self.closes = False
        self._crowd = crowd
        self._keys = 0
        redis = cast("Redis", Told(process))
        seal = Seal(world.rundown.id, SECRET, process.chance.randbytes)
        self.asker = Asker(redis, world.rundown.id, seal, now_ms=world.now_ms, rate=lambda: 1.0)

    async def look(self) -> None:
        """The asker's own loop."""
        while True:
            try:
                await self.asker.step()
            except RedisError:
                await asyncio.sleep(0.3)
            await asyncio.sleep(0.1)

    async def run(self) -> None:
        """Until it closes; then it has all its answers."""
        while not self.closes:
            await asyncio.sleep(self.chance.expovariate(1.0))
            if self._crowd.codes:
                await self._somebody_spends(self.chance.choice(sorted(self._crowd.codes)))

    async def _somebody_spends(self, voucher: str) -> None:
        self._keys += 1
        act = "rollback" if self.chance.random() < 0.3 else "redeem"
        till = f"till-{self.chance.randrange(2)}"
        ask = AtTill(act, self._crowd.codes[voucher], till, f"k{self._keys}")
        await self._ask(ask, voucher)
        if self.chance.random() < 0.3:  # a request that hung somewhere comes after another one
            other = "redeem" if act == "rollback" else "rollback"
            self._keys += 1
            await self._ask(AtTill(other, self._crowd.codes[voucher], till, f"k{self._keys}"), voucher)
            await self._ask(ask, voucher)

    async def _ask(self, ask: AtTill, voucher: str) -> None:
        while True:
            try:
                said = msgspec.msgpack.decode(await self.asker.ask(ask), type=TillReply)
            except (Unanswered, RedisError):
                await asyncio.sleep(self.chance.uniform(0, 0.5))
                continue
            if said.status == "done":
                self.done.append((ask.key, ask.act, voucher))
            return
