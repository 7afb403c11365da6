"""The rounds that a draw is made of, with the numbers behind their slots: from the operator's own folder."""

from collections.abc import Iterator
from pathlib import Path

from rewards.rules import boxes, draws, parts
from rewards.rules.history import BrokenHistory, History


def rounds_of(past: History, folder: Path, draw: int) -> Iterator[draws.Played]:
    """Each is read when it is asked for. BrokenHistory for one that is not sealed."""
    return (_read(past, folder, draw, round_id) for round_id in past.counting(draw))


def _read(past: History, folder: Path, draw: int, round_id: str) -> draws.Played:
    stages, sealed = past.rounds[round_id], past.sealed(draw, round_id)
    if sealed not in stages:
        raise BrokenHistory(f"draw {draw}: round {round_id} is not sealed")
    channels = draws.channels_of(past.draws[draw].spec, past.original(round_id))
    if sealed != "seal":
        path = folder / "private" / parts.path(round_id, channels or ())
        numbers = boxes.read_numbers(path.with_name(f"{path.name}.numbers"))
        return draws.Played(round_id, stages, path.read_bytes(), numbers, channels, sealed)
    content = (folder / boxes.box_path(round_id)).read_bytes()
    numbers = boxes.read_numbers(folder / "private" / boxes.box_path(round_id))
    return draws.Played(round_id, stages, content, numbers, channels)
