"""The parts that a process has, of those that an evening is made of."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from gala.clerk import Clerk
    from gala.conductor import Conductor
    from gala.edge.crew import Crew
    from gala.edge.edge import Edge
    from gala.edge.overlay import Overlays
    from gala.listener import Listener
    from gala.notary import Notary
    from gala.roles.crew import Booth
    from gala.roles.edge import Front
    from gala.roles.notary import Office
    from rewards.keeping.register import Register

Part = TypeVar("Part")


def _here(part: Part | None) -> Part:
    assert part is not None, "another process has this role"
    return part


@dataclass(slots=True, kw_only=True)
class Parts:
    """Those of one process; None: another has that role, and to ask for a part of it is a mistake."""

    front: "Front | None"
    timed: "Conductor | None"
    office: "Office | None"
    booth: "Booth | None"

    @property
    def edge(self) -> "Edge":
        return _here(self.front).edge

    @property
    def public(self) -> "Listener":
        return _here(self.front).public

    @property
    def conductor(self) -> "Conductor":
        return _here(self.timed)

    @property
    def notary(self) -> "Notary":
        return _here(self.office).notary

    @property
    def clerk(self) -> "Clerk":
        return _here(self.office).clerk

    @property
    def register(self) -> "Register":
        return _here(self.office).register

    @property
    def crew(self) -> "Crew":
        return _here(self.booth).crew

    @property
    def overlays(self) -> "Overlays":
        return _here(self.booth).overlays

    @property
    def crew_listener(self) -> "Listener":
        return _here(self.booth).listener

    @property
    def listeners(self) -> "list[Listener]":
        """Those that this process has."""
        found = [self.front.public] if self.front else []
        return [*found, self.booth.listener] if self.booth else found
