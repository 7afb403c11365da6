"""A large evening's books, played into a real folder: what `tests.bench.draw` measures on.

Every viewer answers a quiz, four in five a second poll, three in five hit moles: together a little more than
five tickets a viewer. One draw, one tier.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rewards.arithmetic.beacon import RehearsalBeacon
from rewards.keeping.keys import Keys
from rewards.keeping.register import Register
from rewards.rules import leaves
from rewards.rules.boxes import PAGE_SLOTS
from rewards.rules.leaves import DrawSpec, Prize, RoundOpening, TicketRound, Window

SHOW = "bench"
START = 1_700_000_000_000
HOUR = 3_600_000
KEYS = Keys(log=b"l" * 32, places=b"p" * 32, codes=b"c" * 32)
SECRETS = {"operator": b"o" * 32, "auditor": b"a" * 32}
BEACON = RehearsalBeacon(b"b" * 32, START - 1_000 * HOUR)

HEAD = [["seq", "u16"], ["channel", "u8"], ["flags", "u8"]]
POLL: dict[str, Any] = {"width": 5, "fields": [*HEAD, ["choice", "u8"]]}
MOLES: dict[str, Any] = {"width": 12, "fields": [*HEAD, ["hits", "u64"]]}
POLL_COUNTS: list[dict[str, Any]] = [
    {"name": "voters", "op": "count"},
    {"name": "choice", "op": "by", "fields": ["choice", "channel"]},
]
MOLE_COUNTS: list[dict[str, Any]] = [
    {"name": "voters", "op": "count"},
    {"name": "hits", "op": "popcount", "field": "hits"},
]
RIGHT: list[dict[str, Any]] = [
    {"when": ["ge", "seq", 1], "tickets": 1},
    {"when": ["eq", "choice", "@settled"], "tickets": 3},
]
HITS: list[dict[str, Any]] = [
    {"when": ["ge", "seq", 1], "tickets": 2},
    *({"when": ["popcount_ge", "hits", hits], "tickets": 1} for hits in (28, 32, 34)),
]
ROUNDS: dict[
    str, tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]], int]
] = {  # name -> layout, counts, entries, how many of ten viewers play
    "quiz": (POLL, POLL_COUNTS, RIGHT, 10),
    "song": (POLL, POLL_COUNTS, RIGHT, 8),
    "mole": (MOLES, MOLE_COUNTS, HITS, 6),
}


def box_of(name: str, viewers: int) -> npt.NDArray[Any]:
    """A round's slots by number."""
    layout, _, _, tenths = ROUNDS[name]
    chance = np.random.default_rng(list(ROUNDS).index(name))
    field, kind = layout["fields"][3]
    records = np.zeros(
        viewers,
        dtype=[("seq", ">u2"), ("channel", "u1"), ("flags", "u1"), (field, f">u{int(kind[1:]) // 8}")],
    )
    plays = chance.random(viewers) < tenths / 10
    records["seq"] = plays
    records["channel"] = chance.integers(0, 5, viewers) * plays
    bodies = chance.integers(1, 5, viewers) if kind == "u8" else chance.integers(0, 1 << 63, viewers) * 2
    records[field] = bodies.astype(np.uint64) * plays
    return records


def counters_of(name: str, records: npt.NDArray[Any]) -> dict[str, int]:
    """The counters as the voting would have shown them."""
    played = records[records["seq"] > 0]
    if name == "mole":
        return {"voters": len(played), "hits": int(np.bitwise_count(played["hits"].astype(np.uint64)).sum())}
    pairs, counts = np.unique(played["choice"].astype(np.int64) << 8 | played["channel"], return_counts=True)
    found = {
        f"choice/{pair >> 8}/{pair & 255}": count
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True)
    }
    return found | {"voters": len(played)}


async def play(folder: Path, bundle: Path, *, viewers: int, prizes: int) -> None:
    """Plays, draws, issues and publishes."""
    register = await Register.open(folder, show=SHOW, rehearsal=True, keys=KEYS)
    try:
        await register.specify(spec(prizes), at_ms=START)
        for party, secret in SECRETS.items():
            sealed = leaves.commitment(leaves.draw_id(SHOW, 1), party, secret)
            await register.commit(1, party, sealed, at_ms=START)
        for name, (layout, counts, entries, _) in ROUNDS.items():
            await register.round_opened(RoundOpening(name, layout, counts, entries), at_ms=START)
            await register.round_locked(name, at_ms=START)
            await register.round_settled(name, 2, by="director", reason="the jury", at_ms=START)
            records = box_of(name, viewers)
            pages = [records[at : at + PAGE_SLOTS].tobytes() for at in range(0, viewers, PAGE_SLOTS)]
            sealed_round = await register.round_sealed(name, pages, counters_of(name, records), at_ms=START)
            assert sealed_round.equal, name
        await register.freeze(1, issued=[(0, viewers)], at_ms=START)
        for party, secret in SECRETS.items():
            await register.reveal(1, party, secret, at_ms=START)
        chosen = await register.close_reveals(1, at_ms=START)
        await register.finish(1, BEACON.signature(chosen), at_ms=START + HOUR)
        await register.issue(1, at_ms=START + HOUR)
        await register.publish(bundle, at_ms=START + HOUR)
    finally:
        await register.close()


def spec(prizes: int) -> DrawSpec:
    """The draw's: one tier."""
    return DrawSpec(
        draw=1,
        title="Main draw",
        prizes=[Prize(1, "Envelope", prizes, 888, "XTS")],
        rounds=[TicketRound(name, entries) for name, (_, _, entries, _) in ROUNDS.items()],
        parties=list(SECRETS),
        window=Window(START + HOUR, START + 3 * HOUR, "Asia/Shanghai"),
        close_ms=START,
        chain=BEACON.chain,
        reserve_rounds=[BEACON.chain.round_at(START + HOUR)],
    )


async def reopened(folder: Path) -> Register:
    """The evening's books as they stand."""
    register = await Register.open(folder, show=SHOW, rehearsal=True, keys=KEYS)
    await register._journal.catch_up()
    return register
