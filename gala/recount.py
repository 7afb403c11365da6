"""Counting boxes anew from their bytes: those of a published bundle, or those in the store of an evening.

The truth is the slots; what is held against them is all that was said of them. In the store: its counters,
read at one instant with the slots of their page, and what the log says of a round that was locked or sealed.
In a bundle: the counters that were shown, and the recount that was sealed. Whether a bundle is signed, and
the rest of its claims, is `rewards.audit`'s to check.
"""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.table import Table

from gala.follower import Follower
from gala.rundown import Rundown
from gala.settings import Settings
from gala.show.state import Round
from gala.store import keys
from gala.store.clients import Clients, connect
from gala.store.log import ShowLog
from gala.store.valkey import embedded, running_at
from games import GAMES
from games.game import open_round
from rewards.log import canonical, tiles
from rewards.log.note import Checkpoint
from rewards.rules.boxes import box_path, counters_path
from rewards.rules.history import History, Stages
from voting.box import PAGE, Box
from voting.layout import Layout
from voting.recount import records, recount
from voting.tally import Count, counts_from_json

Counters = dict[str, int]


class CannotRead(Exception):
    """There is nothing here that can be recounted; the message says why."""


class Recount(msgspec.Struct, kw_only=True):
    """One round, recounted.

    counters: from the slots; withheld: the box is not published, these are the seal's. said: by who says it
    (store, locked, sealed, shown) the same counters. channels: by a channel's name its part of `counters`.
    wrong: what is not as it was said, in words; empty when all is equal.
    """

    round: str
    state: str
    plays: int
    counters: Counters
    said: dict[str, Counters]
    channels: dict[str, Counters] = {}
    withheld: bool = False
    wrong: list[str] = []

    def compare(self) -> None:
        """Adds to `wrong` every counter that somebody says otherwise."""
        for who, said in self.said.items():
            for name in sorted({*said, *self.counters}):
                found, told = self.counters.get(name, 0), said.get(name, 0)
                if found != told:
                    self.wrong.append(f"{name}: {who} {told}, recount {found}")


def _count(
    layout: Layout, counts: Sequence[Count], pages: Iterable[bytes]
) -> tuple[int, Counters, dict[int, Counters]]:
    """Plays, counters, and counters by channel."""
    plays, whole, channels = 0, Counters(), dict[int, Counters]()
    for page in pages:
        slots = records(layout, page)
        slots = slots[slots["seq"] != 0]
        plays += len(slots)
        _add(whole, recount(layout, counts, [slots.tobytes()]))
        for channel in np.unique(slots["channel"]).tolist():
            part = slots[slots["channel"] == channel].tobytes()
            _add(channels.setdefault(channel, {}), recount(layout, counts, [part]))
    return plays, dict(sorted(whole.items())), dict(sorted(channels.items()))


def _add(sums: Counters, more: Counters) -> None:
    for name, value in more.items():
        sums[name] = sums.get(name, 0) + value


def wanted(round_id: str, asked: str) -> bool:
    """Whether a round is asked for: by its id, ``SEGMENT/RUN`` or its segment; all are by an empty word."""
    return not asked or asked in (round_id, *round_id.split("/")[1:2]) or round_id.endswith(f"/{asked}")


# ---------------------------------------------------------------- a bundle


def of_bundle(folder: Path, asked: str) -> list[Recount]:
    """The sealed rounds of a bundle. Raises CannotRead when a file is missing or is not what it should be."""
    try:
        history = _history(folder)
        return [
            _of_files(folder, stages)
            for round_id, stages in history.rounds.items()
            if "seal" in stages and wanted(round_id, asked)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotRead(f"{folder} is no bundle that can be read: {error}") from error


def _history(folder: Path) -> History:
    note = (folder / "log/checkpoint").read_text("utf-8")
    checkpoint = Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    log = folder / "log"
    found = {path.relative_to(log).as_posix(): path.read_bytes() for path in log.rglob("*") if path.is_file()}
    found.pop("checkpoint")
    history = History()
    for body in tiles.read(found, checkpoint.size):
        history.apply(canonical.decode(body))
    return history


def _of_files(folder: Path, stages: Stages) -> Recount:
    opening, seal = stages["open"], stages["seal"]
    round_id: str = opening["round"]
    tallies = canonical.decode((folder / counters_path(round_id)).read_bytes())
    said: dict[str, Counters] = {"shown": tallies["counters"]}
    state = "void" if "round-void" in stages else "sealed"
    if "withheld_mac" in seal:
        found = Recount(
            round=round_id,
            state=state,
            plays=seal["plays"],
            counters=tallies["recount"],
            said=said,
            withheld=True,
        )
        found.compare()
        return found
    content = (folder / box_path(round_id)).read_bytes()
    layout = Layout.from_json(opening["layout"])
    plays, counters, channels = _count(layout, counts_from_json(opening["counts"]), [content])
    found = Recount(
        round=round_id,
        state=state,
        plays=plays,
        counters=counters,
        said=said | {"sealed": tallies["recount"]},
        channels={str(channel): part for channel, part in channels.items()},
    )
    if hashlib.sha256(content).hexdigest() != seal["sha256"]:
        found.wrong.append("the box is not the file that was sealed")
    if plays != seal["plays"]:
        found.wrong.append(f"plays: sealed {seal['plays']}, recount {plays}")
    found.compare()
    return found


# ---------------------------------------------------------------- a store


@contextlib.asynccontextmanager
async def store_of(settings: Settings) -> AsyncIterator[Clients]:
    """The store of an evening that runs, or ours over the data of one that is over; nothing is written.

    Raises CannotRead when there is no data folder, else as `connect` and `embedded` do.
    """
    folder = settings.data / "store"
    async with contextlib.AsyncExitStack() as stack:
        url = settings.redis_url or running_at(folder)
        if not url:
            if not folder.is_dir():
                raise CannotRead(f"{settings.data} holds no evening: set GALA_DATA or GALA_REDIS_URL")
            url = await stack.enter_async_context(embedded(folder))
        clients = await connect(url)
        stack.push_async_callback(clients.close)
        yield clients


async def shows(clients: Clients) -> list[str]:
    """The shows that have a log in this store."""
    prefix, end = keys.log("*").split("*")
    found = [key async for key in clients.once.scan_iter(match=keys.log("*"))]
    return sorted(key.decode().removeprefix(prefix).removesuffix(end) for key in found)


async def of_store(clients: Clients, rundown: Rundown, asked: str) -> list[Recount]:
    """The rounds of a show as they are now. Raises CannotRead if it did not begin with this rundown."""
    follower = Follower(rundown, ShowLog(clients, rundown.id))
    first = await ShowLog(clients, rundown.id).read(0, 1)
    if not first:
        raise CannotRead(f"the store holds no evening of '{rundown.id}'")
    if first[0].cue["rundown"] != rundown.digest:
        raise CannotRead(f"the store's evening of '{rundown.id}' began with another rundown than this one")
    await follower.read()
    seals = {e.cue["target"]: e.cue for e in follower.history.entries if e.cue["cue"] == "sealed"}
    given = min(int(await clients.once.get(keys.numbers(rundown.id)) or 0), rundown.numbers_max)
    return [
        await _of_box(clients, rundown, round_, -(-given // PAGE) or 1, seals.get(round_.id))
        for round_ in follower.state.rounds.values()
        if wanted(round_.id, asked)
    ]


async def _of_box(
    clients: Clients, rundown: Rundown, round_: Round, pages: int, seal: dict[str, Any] | None
) -> Recount:
    game = rundown.segment(round_.segment).game
    assert game is not None, "only game segments open rounds: the loader checked it"
    opened = open_round(GAMES[game.name], game.settings, bytes(32))  # layout and counts: of any seed
    box = Box(clients.once, round_.id, opened.layout.width)
    plays, counters, channels = 0, Counters(), dict[str, Counters]()
    stored = Counters()
    for page in range(max(pages, round_.pages)):
        slots, beside = await box.whole(page)
        more, whole, parts = _count(opened.layout, opened.tally.counts, [slots])
        plays += more
        _add(counters, whole)
        _add(stored, beside)
        for channel, part in parts.items():
            known = channel < len(rundown.channels)
            _add(channels.setdefault(rundown.channels[channel].id if known else str(channel), {}), part)
    said = {"store": stored}
    if round_.shut:
        said["locked"] = dict(round_.counters)
    if seal is not None:
        said["sealed"] = dict(seal["recount"])
    found = Recount(
        round=round_.id,
        state="void"
        if round_.void
        else "sealed"
        if seal is not None
        else "locked"
        if round_.locked_at_ms
        else "open",
        plays=plays,
        counters={name: counters[name] for name in sorted(counters)},
        said=said,
        channels=channels,
    )
    if seal is not None and seal["plays"] != plays:
        found.wrong.append(f"plays: sealed {seal['plays']}, recount {plays}")
    found.compare()
    return found


# ---------------------------------------------------------------- for people, and for programs


def table(found: Recount) -> Table:
    """One round: a row a counter; beside the recount what was said of it, then its part by channel."""
    title = f"{found.round}  {found.state}, {found.plays} plays"
    title += ", box kept back: the seal's totals" if found.withheld else ""
    shown = Table(title=f"{title}: {'NOT EQUAL' if found.wrong else 'equal'}", title_justify="left")
    shown.add_column("counter")
    names = ("recount", *found.said, *(f"on {channel}" for channel in found.channels))
    for name in names:
        shown.add_column(name, justify="right")
    for counter in sorted({*found.counters, *(name for said in found.said.values() for name in said)}):
        columns = (found.counters, *found.said.values(), *found.channels.values())
        shown.add_row(counter, *(str(column.get(counter, 0)) for column in columns))
    return shown


def as_json(found: Sequence[Recount]) -> bytes:
    """All of it, `equal` first."""
    rounds = [{"equal": not one.wrong, **msgspec.to_builtins(one)} for one in found]
    return msgspec.json.encode({"equal": not any(one.wrong for one in found), "rounds": rounds})
