"""What a rundown promises of its draws, in the words of the books: a spec each, before the show. Pure."""

from typing import Any

from gala.rundown import Draw, Prize, Rundown, Segment, Text
from gala.show_state import round_id
from games import GAMES
from games.game import open_round
from rewards import decks, leaves
from rewards.beacon import Chain

PARTIES = ("operator", "auditor")
RESERVE_EVERY_MS = 300_000
RESERVE_EVERY_MS_REHEARSAL = 6_000
RESERVE_EVERY_MS_ENVELOPES = 15_000  # an envelope is looked at until it opens
RESERVES_MAX = 600
BEFORE = 100  # so many of them before the plan, for a show that is ahead of it


def spec(rundown: Rundown, segment: Segment, draw: Draw, chain: Chain, *, rehearsal: bool) -> leaves.DrawSpec:
    """The spec of a segment's draw, whose files are `deck_files`."""
    at = {channel.id: index for index, channel in enumerate(rundown.channels)}
    channels = sorted(at[name] for name in draw.channels)
    return leaves.DrawSpec(
        draw=draw.number,
        title=_words(segment.title),
        prizes=[_prize(prize, rundown.currency) for prize in draw.prizes],
        rounds=[
            leaves.TicketRound(round_id(rundown.id, name, 1), _entries(rundown.segment(name)), channels)
            for name in draw.segments
        ],
        parties=PARTIES,
        window=leaves.Window(draw.valid_from_at_ms, draw.valid_until_at_ms, rundown.zone),
        close_ms=segment.plan_at_ms,
        chain=chain,
        reserve_rounds=_reserves(rundown, segment, chain, rehearsal=rehearsal),
        cap=draw.cap,
    )


def deck_files(draw: Draw) -> dict[int, bytes]:
    """The deck of each tier that is dealt from one."""
    return {prize.tier: prize.deck.content for prize in draw.prizes if prize.deck is not None}


def drawings(rundown: Rundown) -> list[tuple[Segment, Draw]]:
    """Every draw with its segment, by number."""
    found = [(segment, draw) for segment in rundown.segments for draw in segment.draws]
    return sorted(found, key=lambda pair: pair[1].number)


def _prize(prize: Prize, currency: str) -> leaves.Prize:
    name = _words(prize.title)
    if prize.deck is None:
        return leaves.Prize(prize.tier, name, prize.count, prize.face_minor, currency, prize.count)
    return leaves.Prize(prize.tier, name, prize.count, 0, currency, deck=decks.leaf(prize.deck.content))


def _entries(segment: Segment) -> list[dict[str, Any]]:
    assert segment.game is not None, "a draw names segments with games: the loader checked it"
    opened = open_round(GAMES[segment.game.name], segment.game.settings, bytes(32))
    return list(opened.leaf(1)["entries"])


def _reserves(rundown: Rundown, segment: Segment, chain: Chain, *, rehearsal: bool) -> list[int]:
    """Beacon rounds from the draw's plan on, one of which will decide; early enough for a show that is ahead
    of its plan, late enough for one that is far behind."""
    every_ms = RESERVE_EVERY_MS
    if rehearsal:
        every_ms = max(RESERVE_EVERY_MS_REHEARSAL, (rundown.ends_at_ms - rundown.starts_at_ms) // 200)
    steps = {every_ms, min(every_ms, RESERVE_EVERY_MS_ENVELOPES) if segment.game is not None else every_ms}
    instants = {
        max(rundown.starts_at_ms, segment.plan_at_ms - BEFORE * step_ms) + n * step_ms
        for step_ms in steps
        for n in range(RESERVES_MAX)
    }
    return sorted({chain.round_at(at_ms) for at_ms in instants})


def _words(text: Text) -> str:
    return text.get("en") or next(iter(text.values()), "")
