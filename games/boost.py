"""The boost: tap for one of the stars on stage, up to a cap.

A move is the running total of all taps, so a resend never doubles and of two devices the greater total
stands. The first star a viewer taps for stays for the round. Taps before the stage's cut give points to the
star; later ones are the viewer's own: they count towards the threshold and never for the stage.

While the director multiplies, a tap is worth more. What decides is when the total that holds it arrived.
Points are stored in ten-thousandths, so every factor weighs exactly, however the taps were bundled.

Each move also says whether the viewer's number may be shown among the top fans. The newest play's word holds,
whatever its total: yes needs taps for the star that stands, no is heard from any device at any time.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from games.choices import Choice, different, tied
from games.game import Fans, Game, Reason, Refused, Shown, Stands, Timing, Verdict, Window
from voting.ballot import CHOICES_MAX, places
from voting.entries import TICKETS_MAX, Entry
from voting.layout import FLAG_CONSENT, FLAG_LATE, Layout
from voting.tally import By, Count, Counters, Sum, Values, Voters

ONE_BP = 10_000
CAP_MAX = 60_000  # times the greatest factor, five, still fits the 32 bits points are stored in
TOTAL_MAX = 65_535
EARLY_MS = 1_000  # a phone's clock may open the round a little before ours


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rundown says about a boost.

    choices: the stars. cap: taps that count of one viewer. tickets: for at least `threshold` taps, whoever
    they were for. taps_per_s: what a pair of thumbs can do; more since the opening is not counted.
    """

    choices: Annotated[tuple[Choice, ...], Meta(min_length=1, max_length=CHOICES_MAX)]
    cap: Annotated[int, Meta(ge=1, le=CAP_MAX)]
    threshold: Annotated[int, Meta(ge=1, le=CAP_MAX)] = 1
    tickets: Annotated[int, Meta(ge=0, le=TICKETS_MAX)] = 0
    taps_per_s: Annotated[int, Meta(ge=1, le=30)] = 12

    def __post_init__(self) -> None:
        different(self.choices)
        if self.threshold > self.cap:
            raise ValueError(f"threshold: {self.threshold} taps, and the cap is {self.cap}")


class Move(msgspec.Struct, frozen=True, rename={"star": "for"}):
    """What a phone sends: all taps so far, and the id of the star they are for.

    fan: "show my number among the top fans"; who does not say so does not agree.
    """

    total: Annotated[int, Meta(ge=1, le=TOTAL_MAX)]
    star: Annotated[str, Meta(max_length=32)]
    fan: bool = False


@dataclass(frozen=True)
class Round:
    """A boost that is open. Nothing in it is secret, nothing is drawn by lot."""

    settings: Settings
    ids: tuple[str, ...]
    place_of: dict[str, int]


def layout(_settings: Settings) -> Layout:
    """`star` is 1 + its place in the list; `stage` and `own` are points in ten-thousandths."""
    return Layout.of(star="u8", total="u16", stage="u32", own="u32")


def counts(_settings: Settings) -> list[Count]:
    return [
        Voters("voters"),
        Sum("taps", "total"),
        Sum("stage", "stage", ("star",)),
        Sum("own", "own", ("star",)),
        By("star_channel", ("star", "channel")),
    ]


def entries(settings: Settings) -> list[Entry]:
    return [Entry(["ge", "total", settings.threshold], settings.tickets)] if settings.tickets else []


def open_round(settings: Settings, _seed: bytes) -> Round:
    ids = different(settings.choices)
    return Round(settings, ids, places(ids))


def judge(opened: Round, slot: Values, move: Move, at_ms: int, window: Window) -> Verdict | Stands | Refused:
    """What goes beyond the cap or what thumbs can do is left out: `refused` names the first such tap."""
    place = opened.place_of.get(move.star)
    if place is None:
        return Refused(Reason.BAD_MOVE)
    on, off = _consent(slot, move, place)
    if move.total <= slot["total"] or slot["star"] not in (0, place + 1):
        return Verdict({}, on, flags_off=off) if on | off else Stands()
    settings = opened.settings
    since_ms = max(0, at_ms - window.opens_at_ms) + window.slack_ms + EARLY_MS
    # A limit on the whole and not on each message: a phone that was off the net sends much at once.
    possible = settings.taps_per_s * since_ms // 1000
    total = min(move.total, settings.cap, possible)
    beyond = Reason.TOO_FAST if possible < min(move.total, settings.cap) else Reason.OVER_CAP
    left_out = ((max(total, slot["total"]) + 1, beyond),) if total < move.total else ()
    if total <= slot["total"]:
        # an empty slot has no star to be a fan of: there is nothing to agree to yet
        return Verdict({}, on, left_out, off) if (on | off) and slot["star"] else Refused(beyond)
    late = 0 < window.cut_at_ms <= at_ms
    points = "own" if late else "stage"
    weighed = (total - slot["total"]) * factor_bp(window, at_ms)
    return Verdict(
        {"star": place + 1, "total": total, points: slot[points] + weighed},
        on | (FLAG_LATE if late else 0),
        left_out,
        off,
    )


def _consent(slot: Values, move: Move, place: int) -> tuple[int, int]:
    """The flags a move adds and takes away: nothing where it says what the slot says."""
    agreed = bool(slot["flags"] & FLAG_CONSENT)
    agrees = move.fan and (agreed or slot["star"] in (0, place + 1))
    return (0, 0) if agrees == agreed else (FLAG_CONSENT, 0) if agrees else (0, FLAG_CONSENT)


def factor_bp(window: Window, at_ms: int) -> int:
    """What a tap is worth at an instant, in ten-thousandths of a point."""
    for spell in window.spells:
        if spell.from_at_ms <= at_ms < spell.until_at_ms:
            return spell.factor_bp
    return ONE_BP


def public(opened: Round, _channel: int, _elapsed_ms: int) -> Shown:
    settings = opened.settings
    return {
        "choices": list(opened.ids),  # their words are the segment's texts
        "cap": settings.cap,
        "threshold": settings.threshold,
        "tickets": settings.tickets,
        "taps_per_s": settings.taps_per_s,
    }


def mine(opened: Round, slot: Values) -> Shown:
    """Whole points, rounded down; the slot has the rest."""
    return {
        "for": opened.ids[slot["star"] - 1] if slot["star"] else "",
        "total": slot["total"],
        "stage": slot["stage"] // ONE_BP,
        "own": slot["own"] // ONE_BP,
        "cap": opened.settings.cap,
        "fan": bool(slot["flags"] & FLAG_CONSENT),
    }


def tally(opened: Round, counters: Counters) -> Shown:
    """`{"voters": n, "choices": {star: stage points}, "own": {star: own points}}`, every star listed.

    Whole points, rounded down. `tied` lists the stars that share the first place on stage, where more than
    one do.
    """
    shown: Shown = {"voters": counters.get("voters", 0)}
    for name, points in (("choices", "stage"), ("own", "own")):
        shown[name] = {
            star: counters.get(f"{points}/{place + 1}", 0) // ONE_BP for place, star in enumerate(opened.ids)
        }
    first = tied(shown["choices"])
    return {**shown, "tied": first} if first else shown


def settle(_settings: Settings, _outcome: str) -> int:
    raise ValueError("a boost has no right answer to settle")


GAME = Game(
    name="boost",
    settings=Settings,
    move=Move,
    layout=layout,
    counts=counts,
    entries=entries,
    timing=lambda _settings: Timing.INFLUENCE,
    live=lambda _settings: True,
    open=open_round,
    judge=judge,
    public=public,
    mine=mine,
    tally=tally,
    settle=settle,
    multiplies=True,
    fans=Fans(score="stage", choice="star", per=ONE_BP),
)
