"""The conductor, put together."""

from gala.conductor import Conductor
from gala.roles.house import House


def conductor(house: House, grace_ms: int) -> Conductor:
    """grace_ms: how long after a lock plays that arrived before it may still be applied."""
    return Conductor(
        house.rundown, house.rounds, house.log, house.clients.once, name=house.name, grace_ms=grace_ms
    )
