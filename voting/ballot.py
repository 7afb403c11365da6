"""From the ids a viewer chose to the numbers a slot holds, and back.

One choice is `choice`, a byte: 0 none, else 1 + its place in the list. Several are `choices`, a mask: bit i
is place i.
"""

from collections.abc import Mapping, Sequence

CHOICES_MAX = 64


def mask_kind(choices_count: int) -> str:
    """The narrowest field that has a bit for every choice: u8 u16 u32 u64. ValueError beyond 64 choices."""
    for bits in (8, 16, 32, 64):
        if choices_count <= bits:
            return f"u{bits}"
    raise ValueError(f"a mask holds {CHOICES_MAX} choices, not {choices_count}")


def places(ids: Sequence[str]) -> dict[str, int]:
    """Each id's place, from 0."""
    return {choice: place for place, choice in enumerate(ids)}


def ballot(chosen: Sequence[str], place_of: Mapping[str, int], allowance: int) -> dict[str, int] | None:
    """The body of a whole ballot, or None when it is not 1 to `allowance` different ids of this poll.

    An allowance of 1 gives `{"choice": …}`, more give `{"choices": …}`. An empty ballot is none: a vote can
    be changed where the poll says so, never taken back, so that a voter stays one voter.
    """
    if not 1 <= len(chosen) <= allowance:
        return None
    mask = 0
    for choice in chosen:
        place = place_of.get(choice)
        if place is None or mask >> place & 1:
            return None
        mask |= 1 << place
    return {"choice": mask.bit_length()} if allowance == 1 else {"choices": mask}


def chosen(values: Mapping[str, int], ids: Sequence[str]) -> list[str]:
    """The ids a slot's body stands for, in the poll's order."""
    if "choice" in values:
        return [ids[values["choice"] - 1]] if values["choice"] else []
    return [choice for place, choice in enumerate(ids) if values["choices"] >> place & 1]
