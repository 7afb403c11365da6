"""What the auditor's page shows: the log's rounds and draws beside what the books say of them.

For those who may know before (`gala.embargo.KNOW_BEFORE`), so nothing here waits for a reveal. The notary
writes what only it knows (`Books`) to the store; the crew's listener lays it beside the state,
the live counters and the edges' refusals. Nothing here names a viewer, a number or a code: leaves are told by
place, key and hash, their content is published with the bundle.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from gala import readiness
from gala.edge.report import Report, refused_by_channel
from gala.protocol import crew as protocol_crew
from gala.rundown import Rundown, Segment, words
from gala.show.state import Drawing, LogEntry, Round, State, running_order
from rewards.evidence.checks import Check
from rewards.keeping.told import Outline

_Draw = TypeVar("_Draw", protocol_crew.DeskDraw, protocol_crew.EvidenceDraw)


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """The books in outline: ``evidence:{SHOW}``, msgpack; absolute. Hashes are hex, times gala ms."""

    origin: str = ""
    root: str = ""
    leaves: list[protocol_crew.EvidenceLeaf] = msgspec.field(default_factory=list)
    seals: dict[str, bool] = msgspec.field(default_factory=dict)  # by round: the recount was equal
    rows: int = 0
    chain: str = ""
    equations: list[protocol_crew.EvidenceEquation] = msgspec.field(default_factory=list)
    vouchers: dict[str, int] = msgspec.field(default_factory=dict)  # by state
    key: str = ""  # the log's verifier key
    checkpoint: str = ""  # the log as signed now: what witnesses look at
    witnesses: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)  # name -> leaves seen, when
    unwitnessed: list[int] = msgspec.field(default_factory=list)  # leaves that ask for a witness in vain
    lapses: dict[int, int] = msgspec.field(default_factory=dict)  # draw -> when it is too late to close it
    signed_size: int = 0
    signed_at_ms: int = 0
    checks: list[protocol_crew.EvidenceCheck] = msgspec.field(default_factory=list)


def books(
    outline: Outline,
    *,
    key: str,
    checkpoint: str,
    witnesses: Mapping[str, tuple[int, int]],
    unwitnessed: Iterable[int],
    lapses: Mapping[int, int],
    signed: tuple[int, int],
    checks: Iterable[Check],
) -> Books:
    """The notary's part. signed: leaves under the published checkpoint, and when that was; zeros before."""
    return Books(
        key=key,
        checkpoint=checkpoint,
        witnesses=dict(witnesses),
        unwitnessed=list(unwitnessed),
        lapses=dict(lapses),
        origin=outline.origin,
        root=outline.root,
        leaves=[
            protocol_crew.EvidenceLeaf(
                index=line.index, schema=line.schema, key=line.key, hash=line.hash, at_ms=line.at_ms
            )
            for line in outline.leaves
        ],
        seals=outline.seals,
        rows=outline.rows,
        chain=outline.chain,
        vouchers=outline.vouchers,
        equations=[
            protocol_crew.EvidenceEquation(
                name=equation.name,
                draw=equation.draw,
                tier=equation.tier,
                currency=equation.currency,
                left=equation.left,
                right=equation.right,
                holds=equation.holds,
            )
            for equation in outline.equations
        ],
        signed_size=signed[0],
        signed_at_ms=signed[1],
        checks=[
            protocol_crew.EvidenceCheck(name=check.name, ok=check.ok, detail=check.detail) for check in checks
        ],
    )


def evidence(
    rundown: Rundown,
    state: State,
    entries: Sequence[LogEntry],
    written: Books,
    *,
    now_ms: int,
    counters: Mapping[str, Mapping[str, int]],
    edges: Iterable[Report],
) -> protocol_crew.Evidence:
    """The whole page. `counters`: live ones by round, used until its gates have shut; `edges`: reports."""
    sealed = {entry.cue["target"]: entry.cue for entry in entries if entry.cue["cue"] == "sealed"}
    reports = list(edges)
    refused: dict[str, Counter[str]] = {}
    for report in reports:
        for round_id, reasons in report.refused.items():
            refused.setdefault(round_id, Counter()).update(reasons)
    places = {leaf.key: leaf.index for leaf in written.leaves}
    return protocol_crew.Evidence(
        show=rundown.id,
        name=words(rundown.name),
        zone=rundown.zone,
        version=state.version,
        now_ms=now_ms,
        phase=state.phase,
        rehearsal=state.rehearsal,
        origin=written.origin,
        root=written.root,
        signed_size=written.signed_size,
        signed_at_ms=written.signed_at_ms,
        rows=written.rows,
        chain=written.chain,
        leaves=written.leaves,
        rounds=[
            _round(
                rundown,
                round_,
                counters.get(round_.id, {}),
                sealed.get(round_.id),
                written.seals.get(round_.id),
                places.get(f"round/{round_.id}/seal", -1),
                refused.get(round_.id, {}),
                refused_by_channel(reports, round_.id),
            )
            for round_ in state.rounds.values()
        ],
        draws=[
            _draw(rundown, segment, state.draws.get(draw.number), written, draw.number)
            for segment in running_order(rundown, state)
            for draw in segment.draws
        ],
        witnesses=readiness.witnesses(rundown, written.witnesses, now_ms),
        equations=written.equations,
        checks=written.checks,
    )


def _draw(
    rundown: Rundown, segment: Segment, drawing: Drawing | None, written: Books, number: int
) -> protocol_crew.EvidenceDraw:
    found = protocol_crew.EvidenceDraw(
        draw=number,
        state="ahead",
        title=words(segment.title),
        root="" if drawing is None else drawing.root,
        parties=readiness.parties(rundown, written.leaves, number),
        lapses_at_ms=written.lapses.get(number, 0),
        unseen=readiness.unseen_close(written.leaves, written.unwitnessed, number),
    )
    return so_far(found, drawing)


def so_far(draw: _Draw, drawing: Drawing | None) -> _Draw:
    """What a page says of a draw, with what became of it since its segment began. None: it has not."""
    if drawing is None:
        return draw
    return replace(
        draw,
        state=drawing.state,
        entrants=drawing.entrants,
        tickets=drawing.tickets,
        beacon_round=drawing.beacon_round,
        beacon_at_ms=drawing.beacon_at_ms,
        winners=drawing.winners,
    )


def _round(
    rundown: Rundown,
    round_: Round,
    live: Mapping[str, int],
    sealed: Mapping[str, Any] | None,
    seal_says: bool | None,
    leaf: int,
    refused: Mapping[str, int],
    by_channel: dict[str, dict[str, int]],
) -> protocol_crew.EvidenceRound:
    counters = _counted(round_.counters if round_.shut else live)
    recount = _counted(sealed["recount"]) if sealed is not None else {}
    if round_.void:
        stands = "void"
    elif sealed is not None:
        stands = "sealed"
    elif round_.locked_at_ms:
        stands = "locked" if round_.shut else "locking"
    else:
        stands = "open"
    return protocol_crew.EvidenceRound(
        id=round_.id,
        title=words(rundown.segment(round_.segment).title),
        game=round_.game,
        state=stands,  # type: ignore[arg-type]  # one of the five literals above
        counters=counters,
        recount=recount,
        # compared here once more, rather than believing the cue that says so
        equal=sealed is not None and counters == recount and bool(sealed["equal"]) and seal_says is not False,
        plays=sealed["plays"] if sealed is not None else 0,
        sealed_leaf=leaf,
        refused=dict(refused),
        refused_by_channel=by_channel,
    )


def _counted(found: Mapping[str, int]) -> dict[str, int]:
    """Counters by name, without those that stand at nothing."""
    return {name: value for name, value in sorted(found.items()) if value}
