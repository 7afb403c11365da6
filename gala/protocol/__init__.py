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
    """A tier of a draw: ``count`` vouchers of ``face_minor`` minor units of ``currency``.

    ``least_minor``: where they are dealt from a deck, the smallest, and ``face_minor`` the largest; else 0.
    """

    tier: int
    title: Text
    count: int
    face_minor: int
    currency: str
    least_minor: int = 0


class DrawView(Message):
    """A draw's progress: the roster frozen, the beacon awaited, the winners announced."""

    draw: int
    state: Literal["armed", "frozen", "drawn", "announced", "void"]
    prizes: list[PrizeView]
    rehearsal_beacon: bool = False
    entrants: int = 0
    tickets: int = 0
    root: str = ""  # hex, of the roster
    beacon_round: int = 0
    beacon_at_ms: int = 0
    winners: int = 0


class EnvelopeView(Message):
    """How far a rain's envelopes are that is not on air, for those who caught one (`Mine.rounds`).

    Both instants are the hall's; 0: not known yet. It opens when ``state`` is announced.
    """

    round: str
    draw: int
    state: Literal["armed", "frozen", "drawn", "announced", "void"]
    beacon_at_ms: int = 0
    announced_at_ms: int = 0


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
    clap: ClapView | None = None
    segment: SegmentView | None = None
    round: RoundView | None = None
    draw: DrawView | None = None
    envelopes: list[EnvelopeView] = msgspec.field(default_factory=list)  # of rains that are not on air


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
    accounts: bool = False  # some draw of the evening is for verified accounts alone


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
    """A voucher in the wallet. ``code`` is for its owner only. Times are instants; print them in `zone`.

    An issued one with ``claim_until_at_ms`` is to be claimed before then (event `claim`), or it passes on to
    the next in line. passed: it did; returned: nobody took it in time, and its money went back.
    """

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
    state: Literal["issued", "claimed", "redeemed", "expired", "passed", "returned"] = "issued"
    rehearsal: bool = False
    claim_until_at_ms: int = 0  # 0: it needs no claim


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
    account: bool = False  # the host app has vouched for one: this viewer may win where only accounts may


# ---------------------------------------------------------------- /viewer: from the server


class Relief(Message):
    """What this phone's edge leaves off because it is pressed, told when it changes. level: 0 nothing ·
    1 boards come more rarely · 3 gather hits and taps for `gather_ms` real ms before they are sent · 4 and
    keep boosts on the phone, but for one that earns the entry · 5 nothing is counted for now. Votes are never
    held back.
    """

    level: int = 0
    gather_ms: int = 0


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
    back_ms: int = 0  # see `gala.protocol.door.Back`
    relief: Relief | None = None  # None: nothing is left off


class Clock(Message):
    """Rehearsals only: gala time changed its pace. Forget old `sync` samples."""

    now_ms: int
    rate: float


# ---------------------------------------------------------------- /viewer: from the phone


class Join(Message):
    """``POST /api/join``, whose answer is ``{pass, show}``: a pass for a new viewer, or, with a token of the
    host app, for the viewer of that account."""

    token: str = ""


class Auth(Message):
    """CONNECT's content."""

    pass_: str = ""
    channel: str = ""
    delay_ms: int | UnsetType = UNSET
    lang: str = ""
    show: str = ""
    slot: str = ""  # from an earlier refusal's `Queue`


class Enter(Message):
    """``proof``: the answer to a challenge that this connection was set."""

    proof: str = ""


class EnterReply(Message):
    """With `reason` it was refused; otherwise `pass` is the new, numbered one.

    proof: enter again with a text for which SHA-256 of ``gala/proof/1`` NUL ``CHALLENGE:TEXT`` begins with
    `bits` zero bits. busy_network: many come from there; again after `retry_after_ms`.
    """

    pass_: str = ""
    mine: Mine | None = None
    reason: str = ""
    retry_after_ms: int = 0
    challenge: str = ""
    bits: int = 0


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


class Claim(Message):
    """A viewer wants this voucher of theirs."""

    voucher: str


class ClaimReply(Message):
    """``claimed`` is in the ledger, also when it was before; with the voucher as it stands. ``refused``:
    unknown (not theirs) · expired (the date or the window is over) · test_money. ``retry``: the same again
    after `retry_after_ms`.
    """

    status: Literal["claimed", "refused", "retry"]
    reason: str = ""
    retry_after_ms: int = 0
    voucher: VoucherView | None = None


# ---------------------------------------------------------------- /overlay: from the server


class OverlayWelcome(Message):
    """Once per connection of an overlay: what may be on air now. Then `show`, `tally` and `clock`."""

    now_ms: int
    show: Show
    join_url: str
    tally: Tally | None = None
    rate: float = 1.0
