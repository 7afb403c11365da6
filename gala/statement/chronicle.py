"""What the statement tells beyond the published evidence: who did what out of the ordinary, who was refused.

The names of the crew are nobody's business but the auditor's, so none of this is in the bundle. The notary
keeps it beside the books (``chronicle.json``, readable to the operator alone), since the store with the log
in it may be gone when the statement is asked for.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gala.as_run import as_run
from gala.edge.report import Report, refused_by_channel
from gala.rundown import Rundown, words
from gala.show.state import LogEntry, State

NAME = "chronicle.json"
Kind = Literal["override", "hold", "kill", "void", "change"]

_KINDS: dict[str, Kind] = {
    "hold": "hold",
    "resume": "hold",
    "kill": "kill",
    "void": "void",
    "void_draw": "void",
    "skip": "change",
    "multiply": "change",
    "extend": "change",
    "retime": "change",
    "swap": "change",
    "delay": "change",
}


class Deed(msgspec.Struct, frozen=True):
    """What somebody of the crew did that was not in the rundown. what: in words, with their reason."""

    at_ms: int
    by: str
    kind: Kind
    what: str


class Refused(msgspec.Struct, frozen=True):
    """How many plays of a round were refused for a reason, on a channel."""

    round: str
    reason: str
    channel: str
    count: int


class Chronicle(msgspec.Struct, frozen=True, kw_only=True):
    """An evening as its crew knows it. rounds: what each was called, in the order of opening."""

    show: str
    name: str
    zone: str
    starts_at_ms: int
    rounds: dict[str, str]
    deeds: list[Deed]
    refused: list[Refused]


def chronicle(
    rundown: Rundown, state: State, entries: Sequence[LogEntry], reports: Iterable[Report]
) -> Chronicle:
    """reports: the last of every edge of the evening."""
    known = list(reports)
    deeds = []
    for entry, line in zip(entries, as_run(rundown, entries), strict=True):
        kind = _kind(entry)
        if kind is not None:
            deeds.append(Deed(line.at_ms, line.by, kind, line.what))
    names = {channel.id: words(channel.name) for channel in rundown.channels}
    return Chronicle(
        show=rundown.id,
        name=words(rundown.name),
        zone=rundown.zone,
        starts_at_ms=rundown.starts_at_ms,
        rounds={round_.id: words(rundown.segment(round_.segment).title) for round_ in state.rounds.values()},
        deeds=deeds,
        refused=[
            Refused(round_id, reason, names.get(channel, channel), count)
            for round_id in state.rounds
            for reason, channels in sorted(refused_by_channel(known, round_id).items())
            for channel, count in sorted(channels.items())
            if count
        ],
    )


def _kind(entry: LogEntry) -> Kind | None:
    kind = entry.cue["cue"]
    if kind == "go" and entry.cue.get("reason"):
        return "override"
    return _KINDS.get(kind)


def keep(folder: Path, found: Chronicle) -> None:
    """Writes it, for us alone; what stood there before stands until it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{NAME}.part"
    with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(msgspec.json.encode(found))
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / NAME)


def kept(folder: Path) -> Chronicle | None:
    """What was kept there, or None."""
    path = folder / NAME
    return msgspec.json.decode(path.read_bytes(), type=Chronicle) if path.is_file() else None
