"""One simulated evening, from the seed to what is left of it."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gala.follower import CueRefused, Follower
from gala.rehearsal import next_act
from gala.rundown import Rundown
from gala.store.clients import Clients
from gala.store.log import ShowLog
from tests.sim.process import Process, Told, Weather
from tests.sim.roles import Playing
from tests.sim.world import World

class Desk:
    def __init__(self, world: World, name: str) -> None:
        self.process = Process(world, name, 1, Weather())
        self.world = world
        self.follower = Follower(world.rundown, ShowLog(Clients(cast("Redis", Told(self.process)), ""), world.rundown.id))
        self.presses = 0
        self.process.run(self._run())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            try:
                await self.follower.read()
                act = next_act(self.world.rundown, self.follower.state, self.world.now_ms()) if self.follower.state.version else None
                if act is not None:
                    self.presses += 1
                    await self.follower.call(act.content(), id=f"crew/{self.presses}", by="director Mei", now_ms=self.world.now_ms())
            except (RedisError, CueRefused) as e:
                print("desk", repr(e))

async def spike(world: World, folder: Path) -> None:
    cast = [Playing(Process(world, n, 1, Weather()), r, folder) for n, r in [("c1","conductor"),("c2","conductor"),("e1","edge"),("e2","edge"),("n","notary")]]
    desk = Desk(world, "desk")
    while world.loop.time() < 150:
        await asyncio.sleep(1)
        n = cast[-1]
        if n.office and n.office.notary.published.is_set(): break
    print("published", world.loop.time(), desk.follower.state.version, [p.process.exchanges for p in cast])
    for p in cast: p.stop()
    for p in cast: await p.task
    for p in cast: print(p.loops.faults)
    desk.process.die()
    await n.office.register.close()
