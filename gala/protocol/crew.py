"""The wire of the crew, declared once: the director's desk, cues, the auditor's page. As `gala.protocol`."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gala.protocol import ClapView, Message, Timing


class DeskCue(Message):
    """A cue on the director's desk. `label` is ``7.3``; `needs` names what GO must bring along."""

    id: str
    label: str
    do: str
    timing: Timing
    by: Literal["go", "after", "at"]
    state: Literal["done", "standby", "waiting", "skipped"]
    note: str = ""
    after_ms: int = 0
    due_at_ms: int = 0  # when the conductor will fire it, if known; on hold: as if it ended at once
    fired_at_ms: int = 0
    fired_by: str = ""
    needs: Literal["", "outcome", "reason"] = ""  # reason: what it opens is red for some channel


class DeskWindow(Message):
    """What one channel sees of an open or a planned round's window; ``visible_ms`` may be negative."""

    channel: str
    name: str
    delay_ms: int
    visible_ms: int
    level: Literal["ok", "yellow", "red", "watch"]


class DeskSegment(Message):
    id: str
    label: str  # 1, 2, 3 …
    title: str
    kind: str
    state: Literal["done", "on_air", "waiting", "skipped"]
    plan_at_ms: int
    plan_ms: int
    expected_at_ms: int
    note: str = ""
    started_at_ms: int = 0
    ended_at_ms: int = 0
    absolute: bool = False
    cues: list[DeskCue] = msgspec.field(default_factory=list)
    window_ms: int = 0  # from opening to lock as planned; 0: a person locks, or there is no round
    windows: list[DeskWindow] = msgspec.field(default_factory=list)  # of the planned round


class DeskTuning(Message):
    """A channel as tuned by now. ``planned_ms``: as the rundown says; `phones`: who watches it now."""

    channel: str
    name: str
    delay_ms: int
    planned_ms: int
    region: str = ""
    phones: int = 0


class DeskChoice(Message):
    """A choice of a poll with its votes, or a star with its points: `count` on stage, `own` after the cut."""

    id: str
    label: str
    shape: str
    count: int = 0
    own: int = 0
    channels: list[int] = msgspec.field(default_factory=list)  # who chose it, by channel as in DeskRound


class DeskChannel(Message):
    """How many have played on a channel."""

    channel: str
    name: str
    voters: int


class DeskRound(Message):
    """The newest round: counters are live for the crew, whatever phones may see."""

    id: str
    segment: str
    game: str
    timing: Timing
    state: Literal["open", "locking", "locked", "settled", "revealed", "void"]
    opened_at_ms: int
    closes_at_ms: int
    generation: int
    pages: int = 0
    pages_locked: int = 0
    cut_at_ms: int = 0  # nothing counts for the stage from then on; may lie ahead, 0 if nobody knows
    multiplies: bool = False  # whether its points can be multiplied
    factor_bp: int = 0  # of the spell that runs; 0: none
    spell_until_at_ms: int = 0
    voters: int = 0
    channels: list[DeskChannel] = msgspec.field(
        default_factory=list
    )  # empty if the game does not count by channel
    tied: list[str] = msgspec.field(default_factory=list)  # choices that share the first place
    allowance: int = 0  # how many choices a ballot may name; 0: the game has no ballots
    choices: list[DeskChoice] = msgspec.field(default_factory=list)
    outcome: str = ""
    sealed: bool = False
    recount_equal: bool = False
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    refused_by_channel: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)  # by reason
    windows: list[DeskWindow] = msgspec.field(default_factory=list)


class DeskEdge(Message):
    """`rotation`: why it takes no plays now (clock, log, store); empty: it does. `dropped`: connections it
    ended against their will, by reason. `level`, `share`: of its load, and of the usual rate at which it lets
    phones in (`gala.edge.load`)."""

    name: str
    phones: int
    ack_p50_ms: float = 0
    ack_p99_ms: float = 0
    plays_per_s: float = 0
    seen_at_ms: int = 0
    rotation: str = ""
    clock_ms: int = 0  # its clock minus the show's
    log_lag_ms: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    level: int = 0
    share: float = 1.0


class DeskClock(Message):
    """A process's gala clock. Unless `right`, its roles do nothing that depends on the time. Real ms."""

    name: str
    keeps: bool  # it is the show's clock
    right: bool
    off_ms: int = 0  # minus the show's
    store_ms: int = 0  # how far the store's clock is ahead of it
    system_ms: int = 0
    alarm: str = ""  # which of these two are too far away to be followed
    seen_at_ms: int = 0


class DrawParty(Message):
    """A party of a draw, as the log has it. Withheld: the reveals closed without its own."""

    party: str
    state: Literal["missing", "committed", "revealed", "withheld"]
    committed_at_ms: int = 0
    revealed_at_ms: int = 0


class DrawWitness(Message):
    """Who cosigns the log: how many leaves it saw last, and when. Never heard of: zeros."""

    name: str
    size: int = 0
    at_ms: int = 0
    awake: bool = False  # its last word is so recent that it is there when a draw's reveals close


class DeskDraw(Message):
    """A draw that its segment has begun, and the next one before that (`ahead`)."""

    draw: int
    segment: str
    state: Literal["ahead", "armed", "frozen", "drawn", "announced", "void"]
    entrants: int = 0
    tickets: int = 0
    beacon_round: int = 0
    beacon_at_ms: int = 0
    winners: int = 0
    prizes: int = 0  # how many there are to win; of a deck, its envelopes
    budget_minor: int = 0  # what they are worth together
    currency: str = ""
    problem: str = ""
    parties: list[DrawParty] = msgspec.field(default_factory=list)
    lapses_at_ms: int = 0  # void from then on if its reveals are still open; 0: nobody knows yet
    unseen: bool = False  # its reveals are closed, and no witness has cosigned that yet


class AsRun(Message):
    """One line of the as-run: what was done, by whom, when."""

    version: int
    at_ms: int
    by: str
    what: str


class DeskCaller(Message):
    """Whose presses move the show: those of one console. `by`: who took the call there."""

    console: str
    by: str
    at_ms: int


class Desk(Message):
    """Everything the director's console shows, whole, at most a few times a second (event `desk`)."""

    epoch: str
    version: int
    now_ms: int
    rate: float
    show: str
    name: str
    zone: str
    phase: Literal["before", "live", "ended"]
    rehearsal: bool
    crew: str  # whose console this is
    held_at_ms: int = 0
    killed_at_ms: int = 0  # since when every screen is quiet; 0: it is not
    clap: ClapView | None = None
    caller: DeskCaller | None = None  # nobody has the call: every console may press
    channels: list[DeskTuning] = msgspec.field(default_factory=list)
    on_air: str = ""
    standby: str = ""  # cue id
    over_ms: int = 0  # against plan; negative: under
    next_at_ms: int = 0
    expected_end_at_ms: int = 0
    online: int = 0
    level: int = 0  # of the edge that is pressed the most
    segments: list[DeskSegment] = msgspec.field(default_factory=list)
    rounds: list[DeskRound] = msgspec.field(default_factory=list)
    draws: list[DeskDraw] = msgspec.field(default_factory=list)
    witnesses: list[DrawWitness] = msgspec.field(default_factory=list)
    edges: list[DeskEdge] = msgspec.field(default_factory=list)
    clocks: list[DeskClock] = msgspec.field(default_factory=list)
    store: Literal["", "silent", "full"] = ""  # why nothing can be written to it now; empty: it can
    as_run: list[AsRun] = msgspec.field(default_factory=list)  # the newest 50


class CuePost(Message):
    """``POST /api/cues``. ``id`` makes it idempotent; ``expect`` names what the act depends on.

    cue: standby (target: cue id) · go (fires the standby cue; outcome for settle) · hold · resume · skip
    (target: segment id) · void (target: round id, reason) · multiply (target: round id, factor_bp, ms) ·
    extend (target: round id, ms; negative: shorten) · retime (target: cue id, at_ms) · swap (target and
    other: segment ids) · kill (reason) · delay (target: channel id, delay_ms) · ask_clap · clap · call
    (makes `console` the caller's: from others only call and kill are taken then) · commit (draw, party,
    commitment) · reveal (draw, party, r) · beacon (draw, signature) · void_draw (draw, reason).
    A reason with go is an override of a red window; retime and swap need one for what is tied to the clock
    on the wall. An auditor's pass serves for commit, reveal and beacon. `console`: where it was pressed, at
    most 40 characters; unsaid: the console of the pass's name.
    """

    id: str
    cue: str
    expect: dict[str, Any] = msgspec.field(default_factory=dict)
    target: str = ""
    outcome: str = ""
    reason: str = ""
    factor_bp: int = 0
    ms: int = 0
    other: str = ""
    at_ms: int = 0
    delay_ms: int | UnsetType = UNSET
    draw: int = 0
    party: str = ""
    commitment: str = ""  # hex
    r: str = ""  # hex
    signature: str = ""  # hex
    console: str = ""


class CueReply(Message):
    """200: {version, show} · 409: {reason, detail, version, show} · 422: {reason, detail}. With the desk.

    The reasons of a 409: "stale", and "not_caller", whose detail says who took the call and when.
    """

    version: int = 0
    reason: str = ""
    detail: str = ""
    show: Desk | None = None


# ---------------------------------------------------------------- tills


class TillPost(Message):
    """``POST /api/vouchers/redeem`` and ``/rollback``: the code as it was typed or scanned."""

    code: Annotated[str, msgspec.Meta(max_length=64)]


class TillReply(Message, omit_defaults=False):
    """All its fields are always there. `amount` is in minor units of `currency`, 0 when refused; `zone` is
    that of the voucher's window, whose ends are 0 where no voucher is known. Why it is refused: unknown ·
    not_yet · expired · used · not_redeemed · closed (its books are) · test_money · key_reused (that
    Idempotency-Key was for another act or code).
    """

    status: Literal["done", "refused"]
    reason: str = ""
    amount: int = 0
    currency: str = ""
    zone: str = ""
    valid_from_at_ms: int = 0
    valid_until_at_ms: int = 0


# ---------------------------------------------------------------- the auditor


class EvidenceLeaf(Message):
    """A leaf of the log, without its content: that is published with the bundle."""

    index: int
    schema: str
    key: str
    hash: str  # hex, as it stands in the tree
    at_ms: int


class EvidenceRound(Message):
    """A round counted three times: by the counters, by a recount of its box, by the seal in the log."""

    id: str
    title: str
    game: str
    state: Literal["open", "locking", "locked", "sealed", "void"]
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    recount: dict[str, int] = msgspec.field(default_factory=dict)  # from the seal on
    equal: bool = False  # the recount says what the counters say, and so does the seal in the log
    plays: int = 0  # slots in the sealed box
    sealed_leaf: int = -1  # index in the log; -1: not there yet
    refused: dict[str, int] = msgspec.field(default_factory=dict)  # by reason
    refused_by_channel: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)  # by reason


class EvidenceDraw(Message):
    """A draw of the rundown; `ahead` until its segment begins."""

    draw: int
    state: Literal["ahead", "armed", "frozen", "drawn", "announced", "void"]
    title: str
    entrants: int = 0
    tickets: int = 0
    root: str = ""  # hex, of the roster
    beacon_round: int = 0
    beacon_at_ms: int = 0
    winners: int = 0
    parties: list[DrawParty] = msgspec.field(default_factory=list)
    lapses_at_ms: int = 0  # void from then on if its reveals are still open; 0: nobody knows yet
    unseen: bool = False  # its reveals are closed, and no witness has cosigned that yet


class EvidenceEquation(Message):
    """An equation of the ledger with both its sides as they stand; amounts in minor units."""

    name: str
    draw: int
    tier: int
    currency: str
    left: int
    right: int
    holds: bool


class EvidenceCheck(Message):
    name: str
    ok: bool
    detail: str


class Evidence(Message):
    """What the auditor's page shows, whole: ``GET /api/evidence``, and event `evidence` to who asked."""

    show: str
    name: str
    zone: str
    version: int
    now_ms: int
    phase: Literal["before", "live", "ended"]
    rehearsal: bool = False
    origin: str = ""  # the log's name, with which its checkpoint begins
    root: str = ""  # hex, of the leaves so far
    signed_size: int = 0  # leaves under the published checkpoint; 0: none is published yet
    signed_at_ms: int = 0
    rows: int = 0  # of the ledger
    chain: str = ""  # hex, the ledger's running hash
    leaves: list[EvidenceLeaf] = msgspec.field(default_factory=list)
    rounds: list[EvidenceRound] = msgspec.field(default_factory=list)
    draws: list[EvidenceDraw] = msgspec.field(default_factory=list)
    witnesses: list[DrawWitness] = msgspec.field(default_factory=list)
    equations: list[EvidenceEquation] = msgspec.field(default_factory=list)
    checks: list[EvidenceCheck] = msgspec.field(default_factory=list)  # of the published bundle
