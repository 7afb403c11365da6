"""The auditor's rules on boxes and draws: each recomputes a file from others and compares.

Every function answers with what it counted, or raises Failed naming what is wrong.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rewards.arithmetic import ranking, roster, slots
from rewards.evidence import bundle
from rewards.evidence.bundle import Contents
from rewards.log import canonical, merkle, shapes
from rewards.rules import draws, leaves, parts
from rewards.rules.boxes import box_path, counters_path
from rewards.rules.history import Draw, History, Stages
from rewards.rules.leaves import Leaf


class Failed(Exception):
    """What is wrong, in a sentence that names the item."""


def check_box(stages: Stages, files: Contents) -> str:
    """A sealed box against its seal, its counters against its slots."""
    opening, seal = stages["open"], stages["seal"]
    path = counters_path(opening["round"])
    if files.digest(path) != seal["counters_sha256"]:
        raise Failed(f"{path} is not the file that was sealed")
    tallies = canonical.decode(files[path])
    if wrong := shapes.part_fault(tallies, "counters", path):
        raise Failed(wrong)
    shown, recount = tallies["counters"], tallies["recount"]
    withheld = "withheld_mac" in seal
    if not withheld:
        layout = slots.Layout.from_json(opening["layout"])
        content = _sealed_file(box_path(opening["round"]), seal, files, layout.width)
        records = slots.records(layout, content)
        plays = int(np.count_nonzero(records["seq"]))
        if plays != len(records) or plays != seal["plays"]:
            raise Failed(f"the box holds {plays} plays, its seal says {seal['plays']}")
        found = slots.recount(layout, opening["counts"], records)
        if found != recount:
            raise Failed(f"{path}: {_difference(recount, found)} in the box")
        try:
            for part in stages.parts():
                parts.check_held(part, records)
        except parts.BadPart as error:
            raise Failed(str(error)) from error
    elif sum(part["plays"] for part in stages.parts()) > seal["plays"]:
        raise Failed("its parts held more plays than the box")
    if seal["recount_equal"] != (shown == recount):
        raise Failed("the seal does not say truly whether counters and recount are equal")
    if shown != recount:
        raise Failed(f"the counters shown differ from the box: {_difference(shown, recount)} in the box")
    told = "box kept back, totals only" if withheld else "recount equal"
    return f"{seal['plays']} plays, {len(recount)} counters, {told}"


def check_roster(history: History, number: int, files: Contents) -> str:
    """A roster against the sealed boxes its leaf names."""
    draw = history.draws[number]
    leaf = draw.stages["roster"]
    tickets, eligible = read_roster(draw, files)
    _check_won(history, draw, files, len(tickets))
    total, at_least, at_most = 0, 0, 0
    spread: list[list[int]] | None = None
    for named in leaf["rounds"]:
        stages = history.rounds[named["round"]]
        if "seal" not in stages:
            raise Failed(f"round {named['round']}: a part of its box was drawn from, and no box is sealed")
        channels = draws.channels_of(draw.spec, history.original(named["round"]))
        earned = _box_tickets(stages, files, channels)
        if earned is None:
            most = stages["seal"]["plays"] * slots.tickets_max(stages["open"]["entries"])
            if not 0 <= named["tickets"] <= most:
                raise Failed(f"round {named['round']} cannot give {named['tickets']} tickets")
            at_most += stages["seal"]["plays"]
        else:
            if int(earned.sum()) != named["tickets"]:
                raise Failed(
                    f"round {named['round']} gives {int(earned.sum())} tickets, not {named['tickets']}"
                )
            holders = int(np.count_nonzero(earned))
            at_least, at_most = max(at_least, holders), at_most + holders
            if len(leaf["rounds"]) == 1:
                spread = roster.histogram(earned[earned > 0])
        total += named["tickets"]
    if total != leaf["tickets_total"]:
        raise Failed(f"the boxes give {total} tickets, the roster holds {leaf['tickets_total']}")
    if not at_least <= len(tickets) <= min(at_most, leaf["numbers_count"]):
        raise Failed(f"{len(tickets)} places from boxes with {at_least} to {at_most} holders")
    _check_issued(leaf)
    if spread is not None and spread != leaf["histogram"]:
        raise Failed("the roster spreads its tickets otherwise than the one box it comes from")
    if draw.spec["eligibility"] == "number" and not bool(eligible.all()):
        raise Failed(f"place {int(eligible.argmin())} is barred, though every number may win")
    return f"{len(tickets)} places, {total} tickets, {int(eligible.sum())} places may win"


def _check_issued(leaf: Leaf) -> None:
    """Numbers handed out by minute: rows that ascend, and together are all numbers."""
    at_ms = -1
    for row in leaf["issued"]:
        if len(row) != 2 or row[0] <= at_ms or row[0] % 60_000 or not row[1]:
            raise Failed("the numbers issued are told in whole minutes that ascend, some in each")
        at_ms = row[0]
    handed_out = sum(count for _, count in leaf["issued"])
    if handed_out != leaf["numbers_count"]:
        raise Failed(f"{handed_out} numbers were issued by the minute, {leaf['numbers_count']} in all")


def read_roster(draw: Draw, files: Contents) -> tuple[roster.Tickets, roster.Flags]:
    """Both roster files, against their leaf."""
    leaf = draw.stages["roster"]
    content, flags = _roster_files(draw, files)
    tickets = roster.decode(content, leaves.draw_id32(draw.spec["draw_id"]))
    eligible = roster.decode_flags(flags, len(tickets))
    counted = {
        "root": roster.root(content).hex(),
        "places": len(tickets),
        "tickets_total": int(tickets.sum()),
        "eligible_places": int(eligible.sum()),
        "eligible_tickets": int(tickets[eligible].sum()),
        "histogram": roster.histogram(tickets),
    }
    for name, value in counted.items():
        if leaf[name] != value:
            raise Failed(f"the roster's leaf says another {name} than its file")
    return tickets, eligible


def _roster_files(draw: Draw, files: Contents) -> tuple[bytes, bytes]:
    """roster.bin and eligible.bin, if they are what their leaf names."""
    leaf, number = draw.stages["roster"], draw.spec["draw"]
    for name, digest in (("roster.bin", leaf["sha256"]), ("eligible.bin", leaf["eligible_sha256"])):
        path = bundle.draw_path(number, name)
        if files.digest(path) != digest:
            raise Failed(f"{path} is not the file its leaf names")
    content = files[bundle.draw_path(number, "roster.bin")]
    if len(content) != leaf["size"]:
        raise Failed(f"{bundle.draw_path(number, 'roster.bin')} is not the file its leaf names")
    return content, files[bundle.draw_path(number, "eligible.bin")]


def check_ranking(draw: Draw, bodies: Sequence[bytes], files: Contents) -> str:
    """The result of a draw, computed anew from its roster and the beacon's signature."""
    leaf, number = draw.stages["result"], draw.spec["draw"]
    path = bundle.draw_path(number, "ranking.bin")
    rostered, eligible = _roster_files(draw, files)
    won = files[bundle.draw_path(number, "won.bin")] if draws.cap_is_shared(draw.spec) else None
    result = draws.make_result(draw, bodies, bytes.fromhex(leaf["signature"]), rostered, eligible, won)
    if ranking.encode(result.tiers) != files[path]:
        raise Failed(f"{path}: {_first_other_rank(result.tiers, leaf, files[path])}")
    for name, value in result.leaf.items():
        if leaf.get(name) != value:
            raise Failed(f"the result's leaf says another {name} than the draw gives")
    if files[bundle.draw_path(number, "beacon.json")] != bundle.beacon_json(draw):
        raise Failed(f"{bundle.draw_path(number, 'beacon.json')} is not what the result says")
    winners = sum(len(tier.winners) for tier in result.tiers)
    source = "rehearsal beacon" if draw.spec["rehearsal"] else "drand quicknet"
    return f"{winners} winners by {source} round {leaf['beacon_round']}, seed {leaf['seed'][:16]}…"


def _first_other_rank(expected: Sequence[ranking.TierResult], leaf: Leaf, content: bytes) -> str:
    try:
        found = draws.read_ranking(leaf, content)
    except ValueError as error:
        return str(error)
    for tier, other in zip(expected, found, strict=False):
        pairs = zip((*tier.winners, *tier.alternates), (*other.winners, *other.alternates), strict=False)
        for at, (right, wrong) in enumerate(pairs):
            if right != wrong:
                return f"tier {tier.tier} rank {at} is place {right.place}, not {wrong.place}"
    return "another number of ranks than the draw gives"


def _box_tickets(stages: Stages, files: Contents, channels: Sequence[int] | None) -> roster.Tickets | None:
    if "withheld_mac" in stages["seal"]:
        return None
    return draws.round_tickets(stages, files[box_path(stages["open"]["round"])], channels)


def _check_won(history: History, draw: Draw, files: Contents, count: int) -> None:
    """What each place had won before, as far as it can be seen without the keys of the places."""
    leaf, path = draw.stages["roster"], bundle.draw_path(draw.spec["draw"], "won.bin")
    if not draws.cap_is_shared(draw.spec):
        if "won_sha256" in leaf or "won_total" in leaf:
            raise Failed("the roster tells what was won before, though the cap is that of this draw alone")
        return
    if files.digest(path) != leaf["won_sha256"]:
        raise Failed(f"{path} is not the file its leaf names")
    total = int(roster.decode_won(files[path], count).sum())
    if total != leaf["won_total"]:
        raise Failed(f"{path} holds {total} prizes, its leaf says {leaf['won_total']}")
    earlier = [history.draws[number].stages for number in draw.spec["cap"]["draws"][:-1]]
    most = sum(tier["winners"] for ended in earlier if "result" in ended for tier in ended["result"]["tiers"])
    if total > most:
        raise Failed(f"{path} holds {total} prizes, the earlier draws had {most} winners")


def _sealed_file(path: str, leaf: Leaf, files: Contents, record_size: int) -> bytes:
    content = files[path]
    if len(content) != leaf["size"] or files.digest(path) != leaf["sha256"]:
        raise Failed(f"{path} is not the file that was sealed")
    if merkle.chunked_root(content, record_size).hex() != leaf["root"]:
        raise Failed(f"{path}: another root than its leaf says")
    return content


def _difference(shown: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    key = min(key for key in {*shown, *found} if shown.get(key) != found.get(key))
    return f"{key} is {shown.get(key, 0)}, but {found.get(key, 0)}"
