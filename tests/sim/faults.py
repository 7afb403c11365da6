"""What goes wrong tonight: drawn from the seed, before the evening and while it runs."""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random

from gala import embargo
from gala.show.state import State
from gala.timing import closes_at_ms, slowest_ms
from tests.sim.process import Weather
from tests.sim.roles import Playing
from tests.sim.world import World

EVERY_S = 5.0  # between two faults, on average, on a bad night
LONG_S = 5.0  # the longest that one lasts
NEVER_S = 1e9
LOOK_S = 0.1
NEAR_MS = 700  # so near a lock the worst moments are


def weather(chance: Random) -> Weather:
    """The night's network: mostly fair, sometimes foul."""
    foul = chance.random() < 0.5
    return Weather(
        lag_s=chance.choice((0.001, 0.005, 0.04)),
        lost_request=chance.choice((0.0, 0.005)) if foul else 0.0,
        lost_answer=chance.choice((0.0, 0.01)) if foul else 0.0,
        stalled=chance.choice((0.0, 0.03)) if foul else 0.0,
    )


class Faults:
    """Tonight's. again: puts a new process in the place of one."""

    def __init__(
        self,
        world: World,
        playing: dict[str, Playing],
        again: Callable[[str], None],
        state: Callable[[], State],
    ) -> None:
        self.world = world
        self.chance = world.chance_of("faults")
        self.struck = 0
        self._playing = playing
        self._again = again
        self._state = state
        self._every_s = self.chance.choice((EVERY_S, EVERY_S, 2 * EVERY_S, NEVER_S))

    async def run(self) -> None:
        """At any time, until cancelled."""
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / self._every_s))
            self._strike(self.chance.choice(sorted(self._playing)))

    async def run_at_the_worst(self) -> None:
        """When it hurts most: an edge that has judged plays and not written them yet, as their round ends; a
        notary that has paid, and nobody has heard so."""
        done: set[str] = set()
        while self._every_s < NEVER_S:
            await asyncio.sleep(LOOK_S)
            state = self._state()
            for round_ in state.rounds.values():
                locks_ms = round_.locked_at_ms or round_.lock_due_at_ms
                last_ms = closes_at_ms(round_.timing, locks_ms, slowest_ms(round_.delays_ms))
                if round_.id not in done and locks_ms and last_ms - NEAR_MS <= self.world.now_ms():
                    done.add(round_.id)
                    for name in sorted(name for name in self._playing if name.startswith("edge")):
                        process = self._playing[name].process
                        long_s = self.chance.uniform(1.5, LONG_S)
                        process.at_its_next_write(partial(process.freeze, long_s), "box:")
            if "money" not in done and embargo.announced(state):
                done.add("money")
                dies = partial(self._kill, "notary", self.chance.uniform(0.1, LONG_S))
                self._playing["notary"].process.at_its_next_write(dies, "asks:")

    def _strike(self, name: str) -> None:
        chance, process = self.chance, self._playing[name].process
        self.struck += 1
        long_s = chance.uniform(0.1, LONG_S)
        match chance.randrange(8):
            case 0:
                process.freeze(long_s)
            case 1:
                process.blind(long_s)
            case 2:
                self._kill(name, long_s)
            case 3:
                process.turn_clock(chance.choice((0.03, 2.0, 5.0)))
            case 4:
                process.suspend(long_s)
            case 5:
                for other in self._playing.values():  # all at once: the rack they share
                    other.process.blind(long_s / 3)
            case 6:
                for other in self._playing.values():
                    other.process.freeze(long_s / 3)
            case 7:
                process.at_its_next_write(
                    chance.choice((partial(self._kill, name, long_s), partial(process.blind, long_s)))
                )
        if process.clock_is_wrong:
            self.world.loop.call_later(chance.uniform(1.0, LONG_S), self._again, name)

    def _kill(self, name: str, for_s: float) -> None:
        self._playing[name].process.die()
        self.world.loop.call_later(for_s, self._again, name)
