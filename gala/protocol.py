"""The wire, declared once: every message between phones, crew and service.

`gala protocol --typescript` turns these types into ``gala/web/src/protocol.gen.ts``; a test fails when that
file is stale. Four rules let old phones meet new servers: a new field has a default; fields are not renamed;
not retyped; a code is never used again for something else.

Maps whose keys are data (languages, choices, counters) are dicts; everything else has a name here.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Text = dict[str, str]
Timing = Literal["appear", "predict", "influence", "reveal", "absolute"]


class Message(msgspec.Struct, kw_only=True, omit_defaults=True, rename={"pass_": "pass"}):
    """Base of all: absent fields take their defaults, and a default is not sent."""


# ---------------------------------------------------------------- what a cohort may know


class SegmentView(Message):
    """The segment on air. `text` is the content hash of its `SegmentText` at ``/texts/HASH.json``."""

    id: str
    kind: Literal["card", "game", "draw", "countdown"]
    text: str
    started_at_ms: int
    look_up: bool = False
    countdown_at_ms: int = 0


class RoundView(Message):
    """A round as this cohort may see it. Both instants are the cohort's: channel delay is in them.

    ``closes_at_ms`` is 0 while nobody knows when it closes (a person will lock it). ``cut_at_ms`` and
    `spells` are the hall's instants, for all alike: from the cut on a play counts for the viewer and not
    for the stage (it may lie ahead; 0: none is known). In a spell, ``[from, until, factor_bp]``, points
    weigh factor_bp ten-thousandths. In a pause, ``[from, to]``, the time of what `public` tells stands
    still (`to` 0: it lasts still); pauses are the cohort's, of rounds which everyone plays for equally
    long.
    """

    id: str
    game: str
    timing: Timing
    state: Literal["open", "locked", "revealed", "void"]
    opens_at_ms: int
    closes_at_ms: int
    generation: int
    public: dict[str, Any]  # the game's own, see games.Game.public
    result: dict[str, Any] = msgspec.field(default_factory=dict)  # from reveal on: {outcome?, tally}
    cut_at_ms: int = 0
    spells: list[list[int]] = msgspec.field(default_factory=list)
    pauses: list[list[int]] = msgspec.field(default_factory=list)
    watch_only: bool = False  # this channel is too late to play here


class PrizeView(Message):
    """A tier of a draw: ``count`` vouchers of ``face_minor`` minor units of ``currency``."""

    tier: int
    title: Text
    count: int
    face_minor: int
    currency: str


class DrawView(Message):
    """A draw's progress: the roster frozen, the beacon awaited, the winners announced."""

    draw: int
    state: Literal["armed", "frozen", "drawn", "announced"]
    prizes: list[PrizeView]
    rehearsal_beacon: bool = False
    entrants: int = 0
    tickets: int = 0
    root: str = ""  # hex, of the roster
    beacon_round: int = 0
    beacon_at_ms: int = 0
    winners: int = 0


class ClapView(Message):
    """Viewers are asked to tap when they see the host clap. ``at_ms``: when that was in the hall; 0: not
    yet.
    """

    asked_at_ms: int
    at_ms: int = 0


class Show(Message):
    """The whole state one cohort may know; phones keep the greatest (epoch, step). About 1 KiB."""

    epoch: str
    step: int
    version: int
    phase: Literal["before", "live", "ended"]
    show: str
    text: str  # content hash of the ShowText
    rehearsal: bool = False
    delay_ms: int = 0  # how far behind the hall this cohort is taken to be
    held: bool = False
    quiet: bool = False  # the kill switch: nothing to play until the show goes on
    level: int = 0
    clap: ClapView | None = None
    segment: SegmentView | None = None
    round: RoundView | None = None
    draw: DrawView | None = None


class ChannelView(Message):
    id: str
    name: Text
    delay_ms: int


class ShowText(Message):
    """``/texts/HASH.json`` of the show itself: all languages in one small file."""

    name: Text
    zone: str
    languages: list[str]
    currency: str
    starts_at_ms: int
    channels: list[ChannelView]


class ChoiceText(Message):
    label: Text
    detail: Text = msgspec.field(default_factory=dict)
    shape: str = ""  # disc diamond triangle square hexagon cross
    picture: str = ""  # the picture's content hash: it is at ``/pictures/HASH``


class SegmentText(Message):
    """``/texts/HASH.json`` of a segment: all languages in one small file."""

    title: Text
    card: Text = msgspec.field(default_factory=dict)
    question: Text = msgspec.field(default_factory=dict)
    choices: dict[str, ChoiceText] = msgspec.field(default_factory=dict)


class Tally(Message):
    """Absolute counters of a round as of the cohort's time; ephemeral, newest `seq` wins."""

    round: str
    seq: int
    counters: dict[
        str, Any
    ]  # the game's own, see games.Game.tally; a poll: {voters, choices: {id: n}, tied?}; with
    # fans: [{seat, for, points}] where some of a boost's top fans agree to be shown
    online: int


# ---------------------------------------------------------------- what is true of one viewer


class RoundMine(Message):
    """This viewer's slot in a round: `seq` of the newest counted play, `has` what it says (game's own)."""

    seq: int
    has: dict[str, Any]  # a poll: {choices: [id, …]}
    entries: int = 0  # tickets earned, once the cohort may know


class VoucherView(Message):
    """A voucher in the wallet. ``code`` is for its owner only. Times are instants; print them in `zone`."""

    id: str
    draw: int
    tier: int
    title: Text
    face_minor: int
    currency: str
    code: str
    valid_from_at_ms: int
    valid_until_at_ms: int
    zone: str
    state: Literal["issued", "redeemed", "expired"] = "issued"
    rehearsal: bool = False


class Standing(Message):
    """How this viewer did in an announced draw, with what is needed to check it."""

    draw: int
    tickets: int
    entrants: int
    won: bool
    rank: int = 0  # 1 = first; 0: not among winners and alternates
    place: int = 0  # in the published roster
    score: str = ""  # hex, best ticket in the first tier; lowest wins
    cutoff: str = ""  # hex, score of the last winner


class Mine(Message):
    """What is true of this viewer, whole, as far as the cohort may know."""

    number: int = -1  # -1: has not entered yet
    rounds: dict[str, RoundMine] = msgspec.field(default_factory=dict)
    vouchers: list[VoucherView] = msgspec.field(default_factory=list)
    draws: list[Standing] = msgspec.field(default_factory=list)


# ---------------------------------------------------------------- /viewer: from the server


class Welcome(Message):
    """Once per connection. `rate` is how fast gala time runs (1 but in rehearsals)."""

    viewer: str
    pass_: str
    now_ms: int
    show: Show
    mine: Mine
    cohort: str
    rate: float = 1.0
    delay_ms: int = 0  # how far behind the hall this viewer is taken to be
    rest_ms: int = 0  # so much more their cohort's delay is


class Clock(Message):
    """Rehearsals only: gala time changed its pace. Forget old `sync` samples."""

    now_ms: int
    rate: float


# ---------------------------------------------------------------- /viewer: from the phone


class Auth(Message):
    """CONNECT's content."""

    pass_: str = ""
    channel: str = ""
    delay_ms: int | UnsetType = UNSET
    lang: str = ""
    show: str = ""


class Enter(Message):
    proof: str = ""


class EnterReply(Message):
    """With `reason` it was refused; otherwise `pass` is the new, numbered one."""

    pass_: str = ""
    mine: Mine | None = None
    reason: str = ""
    retry_after_ms: int = 0


class Sync(Message):
    """`t0_ms`: the phone's clock. `told_ms`: the `t2_ms` of the newest answer it has, `since_ms` ms ago.

    From these two the service works out this connection's round trip by its own clock.
    """

    t0_ms: float
    told_ms: float = 0
    since_ms: float = 0


class SyncReply(Message):
    t0_ms: float
    t1_ms: float
    t2_ms: float


class Play(Message):
    round: str
    seq: int
    at_ms: int
    move: dict[str, Any]


class PlayReply(Message):
    """``counted`` means durable. ``retry``: send the same play again after `retry_after_ms`."""

    status: Literal["counted", "already", "refused", "retry"]
    reason: str = ""
    refused: list[Any] = msgspec.field(default_factory=list)
    retry_after_ms: int = 0
    mine: RoundMine | None = None


class Tune(Message):
    channel: str = ""
    delay_ms: int | UnsetType = UNSET
    lang: str = ""


class TuneReply(Message):
    """Without `delay_ms` a viewer is taken to watch the channel as it comes."""

    cohort: str = ""
    delay_ms: int = 0
    rest_ms: int = 0
    reason: str = ""


class Refusal(Message):
    """A refused CONNECT."""

    reason: str
    retry_after_ms: int = 0


# ---------------------------------------------------------------- crew


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
    windows: list[DeskWindow] = msgspec.field(default_factory=list)


class DeskEdge(Message):
    """`rotation`: why it takes no plays now (clock, log, store); empty: it does."""

    name: str
    phones: int
    ack_p50_ms: float = 0
    ack_p99_ms: float = 0
    plays_per_s: float = 0
    seen_at_ms: int = 0
    rotation: str = ""
    clock_ms: int = 0  # its clock minus the show's
    log_lag_ms: int = 0


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


class DeskDraw(Message):
    draw: int
    segment: str
    state: Literal["armed", "frozen", "drawn", "announced"]
    entrants: int = 0
    tickets: int = 0
    beacon_round: int = 0
    beacon_at_ms: int = 0
    winners: int = 0
    problem: str = ""


class AsRun(Message):
    """One line of the as-run: what was done, by whom, when."""

    version: int
    at_ms: int
    by: str
    what: str


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
    channels: list[DeskTuning] = msgspec.field(default_factory=list)
    on_air: str = ""
    standby: str = ""  # cue id
    over_ms: int = 0  # against plan; negative: under
    next_at_ms: int = 0
    expected_end_at_ms: int = 0
    online: int = 0
    level: int = 0
    segments: list[DeskSegment] = msgspec.field(default_factory=list)
    rounds: list[DeskRound] = msgspec.field(default_factory=list)
    draws: list[DeskDraw] = msgspec.field(default_factory=list)
    edges: list[DeskEdge] = msgspec.field(default_factory=list)
    clocks: list[DeskClock] = msgspec.field(default_factory=list)
    as_run: list[AsRun] = msgspec.field(default_factory=list)  # the newest 50


class CuePost(Message):
    """``POST /api/cues``. ``id`` makes it idempotent; ``expect`` names what the act depends on.

    cue: standby (target: cue id) · go (fires the standby cue; outcome for settle) · hold · resume · skip
    (target: segment id) · void (target: round id, reason) · multiply (target: round id, factor_bp, ms) ·
    extend (target: round id, ms; negative: shorten) · retime (target: cue id, at_ms) · swap (target and
    other: segment ids) · kill (reason) · delay (target: channel id, delay_ms) · ask_clap · clap. A reason
    with go is an override of a red window; retime and swap need one for what is tied to the clock on the
    wall.
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


class CueReply(Message):
    """200: {version, show} · 409: {reason: "stale", version, show} · 422: {reason, detail}. With the desk."""

    version: int = 0
    reason: str = ""
    detail: str = ""
    show: Desk | None = None


# ---------------------------------------------------------------- /overlay: from the server


class OverlayWelcome(Message):
    """Once per connection of an overlay: what may be on air now. Then `show`, `tally` and `clock`."""

    now_ms: int
    show: Show
    join_url: str
    tally: Tally | None = None
    rate: float = 1.0


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


class EvidenceDraw(Message):
    draw: int
    state: Literal["armed", "frozen", "drawn", "announced"]
    title: str
    entrants: int = 0
    tickets: int = 0
    root: str = ""  # hex, of the roster
    beacon_round: int = 0
    beacon_at_ms: int = 0
    winners: int = 0


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
    equations: list[EvidenceEquation] = msgspec.field(default_factory=list)
    checks: list[EvidenceCheck] = msgspec.field(default_factory=list)  # of the published bundle
