"""Whack-a-mole: mascots rise from holes, wave after wave; whoever hits enough of them earns an entry.

The timetable is secret and told wave by wave, `LEAD_MS` before a wave begins, to each channel from a chain of
keys of its own (`games.chains`): a second phone on a faster channel knows nothing of a slower one's. Score by
play, pay by draw: the threshold earns the tickets, and more hits, money or a bot earn nothing more.

A move is the list of all hits so far, each a mole with the instant the phone claims. A hit counts if that
mole was up then on the viewer's channel, nobody could have been quicker, the claim is fresh, and the hand is
a hand. What breaks a rule is left out, with the reason; the rest counts.
"""

from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from games.chains import Chains
from games.chance import below, ordered
from games.game import Game, Reason, Refused, Shown, Stands, Timing, Verdict, Window
from voting.entries import TICKETS_MAX, Entry
from voting.layout import Layout
from voting.tally import By, Count, Counters, Popcount, Values, Voters

MASCOTS = ("hare", "owl", "hedgehog", "ram", "frog", "axolotl")
"""Who may rise; a mole names its mascot by the place here."""

MOLES_MAX = 64  # a bit each
LENGTH_MS_MAX = 600_000  # last_hit_cs holds 655 s
LEAD_MS = 600  # about the 99th percentile of the way to a phone, and a frame or two to draw it
GAP_MS = 100  # a hole stays empty so long between two moles of different waves
BEAT_MS = 50  # at least so much of a wave for each mole's rise
REACTION_MS = 80  # nobody sees and hits faster; half of what trained people reach
HELD_MS = 2_000  # a phone sends about once a second; what it tells later than this it tells too late
TAPS_PER_S = 12  # two fast thumbs
CLAIM_MAX = 1 << 53


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rundown says about a round of whack.

    waves: how many, each `wave_ms` long with `moles` moles in different holes, each up for `up_ms`.
    threshold: hits that earn the tickets.
    """

    waves: Annotated[int, Meta(ge=1, le=MOLES_MAX)]
    wave_ms: Annotated[int, Meta(ge=500, le=60_000)]
    moles: Annotated[int, Meta(ge=1, le=16)]
    up_ms: Annotated[int, Meta(ge=300, le=10_000)]
    threshold: Annotated[int, Meta(ge=1, le=MOLES_MAX)]
    holes: Annotated[int, Meta(ge=2, le=16)] = 9
    tickets: Annotated[int, Meta(ge=0, le=TICKETS_MAX)] = 1

    def __post_init__(self) -> None:
        if self.total > MOLES_MAX:
            raise ValueError(f"waves x moles: {self.total} moles, at most {MOLES_MAX} in a round")
        if self.moles > self.holes:
            raise ValueError(f"moles: {self.moles} in a wave need as many holes, not {self.holes}")
        least_ms = self.up_ms + GAP_MS + BEAT_MS * self.moles
        if self.wave_ms < least_ms:
            raise ValueError(f"wave_ms: {self.moles} moles up for {self.up_ms} ms need {least_ms} ms")
        if self.threshold > self.total:
            raise ValueError(f"threshold: {self.threshold} hits of {self.total} moles")
        if self.length_ms > LENGTH_MS_MAX:
            raise ValueError(f"waves x wave_ms: at most {LENGTH_MS_MAX} ms in all, not {self.length_ms}")

    @property
    def total(self) -> int:
        """Moles in the round."""
        return self.waves * self.moles

    @property
    def length_ms(self) -> int:
        """From the opening to the end of the last wave."""
        return LEAD_MS + self.waves * self.wave_ms


class Move(msgspec.Struct, frozen=True):
    """What a phone sends: all hits so far, `[mole, at_ms]`, in the order they were made; gala time."""

    hits: Annotated[
        list[tuple[Annotated[int, Meta(ge=0, le=65_535)], Annotated[int, Meta(ge=0, le=CLAIM_MAX)]]],
        Meta(max_length=2 * MOLES_MAX),
    ]


class Mole(NamedTuple):
    """One mole: a bit of the slot's mask. Times are milliseconds since the round opened on its channel."""

    mole: int
    hole: int
    up_ms: int
    down_ms: int
    mascot: int


Wave = tuple[Mole, ...]


def wave(settings: Settings, index: int, key: bytes) -> Wave:
    """The moles of a wave in the order they rise: a function of its key and the settings alone.

    The rises are spread over the wave, each drawn within its part; which bit, hole and mascot come with it
    is drawn too.
    """
    count = settings.moles
    part_ms = (settings.wave_ms - settings.up_ms - GAP_MS) // count
    bits = ordered(key, range(index * count, (index + 1) * count), "bit")
    holes = ordered(key, range(settings.holes), "hole")
    moles = []
    for place in range(count):
        up_ms = LEAD_MS + index * settings.wave_ms + place * part_ms + below(key, part_ms, "rise", place)
        mascot = below(key, len(MASCOTS), "mascot", place)
        moles.append(Mole(bits[place], holes[place], up_ms, up_ms + settings.up_ms, mascot))
    return tuple(moles)


@dataclass(frozen=True)
class Round:
    """An open round. `chains` is its secret; a channel's timetable follows from it."""

    settings: Settings
    chains: Chains
    _timetables: dict[int, tuple[Wave, ...]] = field(default_factory=dict, compare=False, repr=False)
    _moles: dict[int, dict[int, Mole]] = field(default_factory=dict, compare=False, repr=False)

    def timetable(self, channel: int) -> tuple[Wave, ...]:
        """All waves of a channel."""
        found = self._timetables.get(channel)
        if found is None:
            keys = self.chains.keys(channel)
            found = tuple(wave(self.settings, index, key) for index, key in enumerate(keys))
            self._timetables[channel] = found
        return found

    def moles(self, channel: int) -> dict[int, Mole]:
        """All moles of a channel by their bit."""
        found = self._moles.get(channel)
        if found is None:
            found = {mole.mole: mole for one in self.timetable(channel) for mole in one}
            self._moles[channel] = found
        return found


def layout(_settings: Settings) -> Layout:
    return Layout.of(hits="u64", last_hit_cs="u16")


def counts(_settings: Settings) -> list[Count]:
    return [Voters("voters"), Popcount("hits", "hits"), By("channel", ("channel",))]


def entries(settings: Settings) -> list[Entry]:
    if not settings.tickets:
        return []
    return [Entry(["popcount_ge", "hits", settings.threshold], settings.tickets)]


def open_round(settings: Settings, seed: bytes) -> Round:
    return Round(settings, Chains(seed, settings.waves))


def judge(opened: Round, slot: Values, move: Move, at_ms: int, window: Window) -> Verdict | Stands | Refused:
    moles = opened.moles(slot["channel"])
    mask, last_cs = slot["hits"], slot["last_hit_cs"]
    # When taps were made, as far as the slot proves it: a mole that counts was hit after it rose.
    taps = [mole.up_ms for bit, mole in moles.items() if mask >> bit & 1]
    refused: list[tuple[int, Reason]] = []
    hit = mask
    for bit, claimed_ms in move.hits:
        if mask >> bit & 1:
            continue  # counted by an earlier play
        since_ms = window.running_ms(claimed_ms)
        reason: Reason | None
        if bit not in moles or hit >> bit & 1:
            reason = Reason.BAD_MOVE
        else:
            reason = _stale(claimed_ms, at_ms, window.slack_ms) or _missed(
                moles[bit], since_ms, last_cs, window.slack_ms
            )
        if reason is None and sum(tap > since_ms - 1_000 for tap in taps) >= TAPS_PER_S:
            reason = Reason.TOO_FAST
        if reason is not None:
            refused.append((bit, reason))
            continue
        taps.append(since_ms)
        hit |= 1 << bit
        last_cs = since_ms // 10
    if hit != mask:
        return Verdict({"hits": hit, "last_hit_cs": last_cs}, refused=refused)
    return Refused(refused[0][1]) if refused else Stands()


def _stale(claimed_ms: int, at_ms: int, slack_ms: int) -> Reason | None:
    """Why a claim cannot have been made then, given when it arrived."""
    if claimed_ms > at_ms + slack_ms:
        return Reason.TOO_EARLY
    return Reason.TOO_LATE if claimed_ms < at_ms - HELD_MS - slack_ms else None


def _missed(mole: Mole, since_ms: int, last_cs: int, slack_ms: int) -> Reason | None:
    """Why a tap does not hit this mole; no slack for reactions, which leave three times as much."""
    if since_ms < mole.up_ms + REACTION_MS:
        return Reason.TOO_EARLY
    # Hits are told in the order they were made; two thumbs may land together.
    return Reason.TOO_LATE if since_ms > mole.down_ms + slack_ms or since_ms // 10 < last_cs else None


def beats(opened: Round, elapsed_ms: int) -> int:
    """The waves told so far."""
    if elapsed_ms < 0:
        return 0
    return min(opened.settings.waves, elapsed_ms // opened.settings.wave_ms + 1)


def public(opened: Round, channel: int, elapsed_ms: int) -> Shown:
    """The rules, and the newest two waves told: the one that runs, and the one about to begin.

    A wave is `{"index": i, "moles": [[mole, hole, up_ms, down_ms, mascot], …]}` in the order of rising.
    """
    settings, told = opened.settings, beats(opened, elapsed_ms)
    waves = opened.timetable(channel)[:told]
    return {
        "holes": settings.holes,
        "threshold": settings.threshold,
        "tickets": settings.tickets,
        "total": settings.total,
        "length_ms": settings.length_ms,
        "waves": [
            {"index": index, "moles": [list(mole) for mole in waves[index]]}
            for index in range(max(0, told - 2), told)
        ],
    }


def mine(opened: Round, slot: Values) -> Shown:
    mask = slot["hits"]
    moles = [bit for bit in range(MOLES_MAX) if mask >> bit & 1]
    return {"hits": len(moles), "moles": moles, "threshold": opened.settings.threshold}


def tally(_opened: Round, counters: Counters) -> Shown:
    return {"voters": counters.get("voters", 0), "hits": counters.get("hits", 0)}


def settle(_settings: Settings, _outcome: str) -> int:
    raise ValueError("nothing to settle: the hits decide")


GAME = Game(
    name="whack",
    settings=Settings,
    move=Move,
    layout=layout,
    counts=counts,
    entries=entries,
    timing=lambda _settings: Timing.APPEAR,
    live=lambda _settings: True,
    open=open_round,
    judge=judge,
    public=public,
    mine=mine,
    tally=tally,
    settle=settle,
    beats=beats,
    chains=lambda opened: opened.chains,
)
