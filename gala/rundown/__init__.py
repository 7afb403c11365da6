"""A rundown: what is planned for the evening, as typed, frozen data.

`gala.rundown.file` reads it from TOML and reports every fault with its line or segment; no I/O here.
Instants end in ``_at_ms`` (integer milliseconds UTC), durations in ``_ms``. A *text* is a map from language
tag to words; every text has the show's first language.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Text = dict[str, str]

TimingClass = Literal["appear", "predict", "influence", "reveal", "absolute"]
"""Who may see and decide what, when: see docs/timing.md."""

Act = Literal["start", "open", "cut", "lock", "settle", "reveal", "freeze", "announce", "end"]
"""What a cue does.

start     the segment goes on air, its card on the phones; whichever segment was on air ends
open      a round of the segment's game opens
cut       from now on nothing of the round counts for the stage, only for the viewer
lock      the round takes no more plays (for everyone at once in predict and influence)
settle    the stage has decided: needs an `outcome`, kept secret until reveal
reveal    the round's result may be seen, on each channel after its delay
freeze    a draw's roster is frozen; the notary then draws
announce  a draw's winners may be seen, on each channel after its delay
end       the segment goes off air
"""


def words(text: Mapping[str, str], language: str = "en") -> str:
    """A text in the crew's language, else in its first."""
    return text.get(language) or next(iter(text.values()), "")


class Channel(msgspec.Struct, frozen=True):
    """A way of watching; `delay_ms` is how far its picture runs behind the hall."""

    id: str
    name: Text
    delay_ms: int
    region: str = ""


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a segment. Its id is ``SEGMENT.NAME`` and unique in the rundown."""

    id: str
    do: Act
    by: Literal["go", "after", "at"]
    after_ms: int = 0  # by "after": this long after the cue before it in the segment
    at_ms: int = 0  # by "at": this very instant, which nothing moves by accident
    note: str = ""  # for the crew


class Game(msgspec.Struct, frozen=True, kw_only=True):
    """A registered game and what the rundown says about it (checked: ``games.GAMES[name].settings``)."""

    name: str
    settings: msgspec.Struct
    timing: TimingClass
    multiplies: bool = False  # whether the director may multiply its points for a while
    outcomes: tuple[str, ...] = ()  # what `settle` may name; empty if the stage decides nothing


class Deck(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a tier's envelopes, to the unit: the cards sum to `budget_minor`, from `least_minor` to
    `most_minor` each. `content` is the deck's file (`rewards.arithmetic.decks`).
    """

    budget_minor: int
    least_minor: int
    most_minor: int
    content: bytes


class Prize(msgspec.Struct, frozen=True, kw_only=True):
    """One tier of a draw: `count` vouchers of `face_minor` minor units of the show's currency each; where
    there is a `deck`, each of a card of it, and `face_minor` is the largest."""

    tier: int
    title: Text
    count: int
    face_minor: int
    deck: Deck | None = None

    @property
    def budget_minor(self) -> int:
        """What all of the tier is worth."""
        return self.deck.budget_minor if self.deck is not None else self.count * self.face_minor


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """A draw held in a segment, over the entries earned in the rounds of the named segments.

    `channels`: only what was played on these gives entries; empty: on any. `apart`: it waits for the close of
    these channels and no other, and is announced by itself once it is drawn. `accounts`: only verified
    accounts of the host app may win, and of these none of `excluded` (`rewards.rules.leaves.account_hash`).
    """

    number: int
    segments: tuple[str, ...]
    prizes: tuple[Prize, ...]
    valid_from_at_ms: int
    valid_until_at_ms: int
    cap: int = 1  # prizes one viewer may win in this draw
    cap_with: tuple[int, ...] = ()  # and in these earlier ones, together
    alternates_at_ms: tuple[int, ...] = ()  # when prizes that nobody has claimed pass to the next rank
    channels: tuple[str, ...] = ()
    apart: bool = False
    accounts: bool = False
    excluded: tuple[bytes, ...] = ()


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the show. A segment without game and draws shows its card; one with both draws from its own
    round, such as a rain. Draws of one segment are frozen and announced together, each for its channels;
    those dealt apart (all of a segment's, or none) have no cues.
    """

    id: str
    title: Text
    card: Text
    plan_at_ms: int
    plan_ms: int
    note: str = ""  # for the crew
    kind: Literal["card", "game", "draw", "countdown"]
    question: Text = msgspec.field(default_factory=dict)
    look_up: bool = False  # the phone goes quiet: watch the stage
    watch_only: tuple[str, ...] = ()  # channels that are too late to play here, and are told so
    countdown_at_ms: int = 0
    game: Game | None = None
    draws: tuple[Draw, ...] = ()
    cues: tuple[Cue, ...] = ()


class Rundown(msgspec.Struct, frozen=True, kw_only=True):
    """A whole evening. `digest` is the SHA-256 (hex) of the file it came from, and of its pictures if any."""

    id: str
    name: Text
    zone: str  # IANA name, such as Asia/Shanghai
    starts_at_ms: int
    ends_at_ms: int
    currency: str  # ISO 4217; XTS in rehearsals
    languages: tuple[str, ...]
    channels: tuple[Channel, ...]
    segments: tuple[Segment, ...]
    digest: str
    numbers_max: int = 1_000_000  # viewers who may play; bounds every box
    parties: tuple[str, ...] = ("operator", "auditor")  # who commit to a secret for each draw
    witnesses: tuple[str, ...] = ()  # verifier keys of those who may cosign the log
    pictures: dict[str, bytes] = msgspec.field(default_factory=dict)  # checked, by the path a choice names

    def segment(self, segment_id: str) -> Segment:
        """The segment of that id; KeyError if there is none."""
        for segment in self.segments:
            if segment.id == segment_id:
                return segment
        raise KeyError(segment_id)

    def cue(self, cue_id: str) -> tuple[Segment, Cue]:
        """The cue of that id with its segment; KeyError if there is none."""
        for segment in self.segments:
            for cue in segment.cues:
                if cue.id == cue_id:
                    return segment, cue
        raise KeyError(cue_id)
