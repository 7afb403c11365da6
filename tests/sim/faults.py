"""What goes wrong tonight: drawn from the seed, before the evening and while it runs."""

import asyncio
from collections.abc import Callable
from random import Random

from tests.sim.process import Weather
from tests.sim.roles import Playing
from tests.sim.world import World

EVERY_S = 6.0  # between two faults, on average, on a bad night
LONG_S = 5.0  # the longest that one lasts


def weather(chance: Random) -> Weather:
    """The night's network: mostly fair, sometimes foul."""
    foul = chance.random() < 0.5
    return Weather(
        lost_request=chance.choice((0.0, 0.005)) if foul else 0.0,
        lost_answer=chance.choice((0.0, 0.01)) if foul else 0.0,
        stalled=chance.choice((0.0, 0.03)) if foul else 0.0,
    )


async def go_wrong(world: World, playing: dict[str, Playing], again: Callable[[str], None]) -> None:
    """Until cancelled. again: puts a new process in the place of one that died, or of one that is killed so
    that its clock is set anew."""
    chance = world.chance_of("faults")
    every_s = chance.choice((EVERY_S, EVERY_S, 2 * EVERY_S, 1e9))
    while True:
        await asyncio.sleep(chance.expovariate(1 / every_s))
        name = chance.choice(sorted(playing))
        process, long_s = playing[name].process, chance.uniform(0.1, LONG_S)
        match chance.randrange(7):
            case 0:
                process.freeze(long_s)
            case 1:
                process.blind(long_s)
            case 2:
                process.die()
                world.loop.call_later(long_s, again, name)
            case 3:
                process.turn_clock(chance.choice((0.03, 2.0, 5.0)))
            case 4:
                process.suspend(long_s)
            case 5:
                for other in playing.values():  # all at once: the rack they share
                    other.process.blind(long_s / 3)
            case 6:
                for other in playing.values():
                    other.process.freeze(long_s / 3)
        if process.clock_is_wrong:
            world.loop.call_later(chance.uniform(1.0, LONG_S), again, name)
