"""A cluster fails while a round is played: primaries killed, cut off and frozen, pages on their way.

Each act does its fault so many times, to the nodes of both pages and of the log, and leaves all of it whole.
"""

import asyncio

from gala.store import keys
from tests.bench.cluster import KINDS, harm
from tests.soak.scene import Outcome, Scene
from tests.soak.theatre import SOAK

ACKS = 200  # that show that voting goes on, on both pages
STEP_S = (0.0, 0.1)  # between two keys of a page on its way


def _tags(on: Scene) -> list[str]:
    """What decides the nodes of an evening: its log's key, and those of the two pages that are played on."""
    return [keys.log(SOAK.id), *(f"{{{on.rounds[-1]}#{page}}}" for page in range(2))]


async def primaries_harmed(on: Scene, times: int, outcome: Outcome) -> None:
    """A primary is killed, cut off, or frozen; its replica takes its place, and it comes back."""
    assert on.primaries is not None
    for time in range(times):
        kind, tag = KINDS[time % len(KINDS)], on.chance.choice(_tags(on))
        member = await asyncio.to_thread(on.primaries.owner, tag)
        await asyncio.to_thread(harm, on.primaries, kind, member)
        await on.crowd.more(ACKS)
        await asyncio.to_thread(on.primaries.mend)
        await on.crowd.more(ACKS)
    outcome.runs += times


async def slots_moved(on: Scene, times: int, outcome: Outcome) -> None:
    """A slot goes to another primary, key by key."""
    assert on.primaries is not None
    for _ in range(times):
        for _ in on.primaries.move(on.chance.choice(_tags(on))):
            await asyncio.sleep(on.chance.uniform(*STEP_S))
        await on.crowd.more(ACKS)
    outcome.runs += times
