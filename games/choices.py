"""What polls and boosts have in common: things to choose from, and who is first among them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Slug = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=32)]
Texts = Annotated[dict[str, str], Meta(min_length=1)]
"""One text in several languages: BCP 47 tag -> text."""


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to choose. `shape` marks it beside its colour, which alone tells some people nothing.

    picture: a file beside the rundown's own, which reads and checks it; a game never looks at it.
    """

    id: Slug
    label: Texts
    detail: Texts | None = None
    shape: Literal["disc", "diamond", "triangle", "square", "hexagon", "cross"] | None = None
    picture: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


def different(choices: Sequence[Choice]) -> tuple[str, ...]:
    """The ids of the choices, in order; ValueError when one comes twice."""
    ids = tuple(choice.id for choice in choices)
    for choice in ids:
        if ids.count(choice) > 1:
            raise ValueError(f"choices: the id {choice!r} comes twice")
    return ids


def tied(figures: Mapping[str, int]) -> list[str]:
    """The ids that share the first place, in the choices' order; none where one is ahead or all have nothing.

    The published rule of ties: equal figures share a place. A tie is named and never broken by a lot, by an
    order of the list or by who was earlier; what the stage makes of it is the director's word.
    """
    most = max(figures.values(), default=0)
    first = [choice for choice, figure in figures.items() if figure == most]
    return first if most and len(first) > 1 else []
