"""A whole small evening, played into a register: what the tests of log, draw, money and bundle read.

Two rounds give tickets: `short/tetris/1`, repeated as `short/tetris/2`, and `short/candy/1`, so small that
its box is kept back; `short/mole/1` is void. Draw 1 has two tiers and both parties reveal; in draw 2 the
auditor keeps silent, and numbers without an account are barred.
"""

import asyncio
import atexit
import functools
import random
import struct
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewards.arithmetic.beacon import RehearsalBeacon
from rewards.keeping.keys import Keys
from rewards.keeping.register import Register
from rewards.keeping.standing import Drawn
from rewards.money.codes import voucher_code
from rewards.money.vouchers import Voucher
from rewards.rules import chains, leaves
from rewards.rules.leaves import DrawSpec, Prize, RoundOpening, TicketRound, Window
from tests.rewards import databases

SHOW = "short"
START = 1_700_000_000_000
HOUR, MINUTE = 3_600_000, 60_000
KEYS = Keys(log=b"l" * 32, places=b"p" * 32, codes=b"c" * 32)
SECRETS = {"operator": b"o" * 32, "auditor": b"a" * 32}
BEACON = RehearsalBeacon(b"b" * 32, START - 1_000 * HOUR)
POLL = {"width": 5, "fields": [["seq", "u16"], ["channel", "u8"], ["flags", "u8"], ["choice", "u8"]]}
COUNTS: list[dict[str, Any]] = [
    {"name": "voters", "op": "count"},
    {"name": "choice", "op": "by", "fields": ["choice"]},
]
RIGHT: list[dict[str, Any]] = [
    {"when": ["eq", "choice", "@settled"], "tickets": 2},
    {"when": ["ge", "seq", 1], "tickets": 1},
]
HEADS = [b"h" * 32, b"i" * 32, b"j" * 32]
WINDOW = Window(START + HOUR, START + 3 * HOUR, "Asia/Shanghai")
DATES = [START + 2 * HOUR + 10 * MINUTE, START + 2 * HOUR + 40 * MINUTE]


def page(choices: Iterable[int | None]) -> bytes:
    """A page of a poll: one slot a number, None for one who did not vote."""
    return b"".join(bytes(5) if c is None else struct.pack(">HBBB", 1, 0, 0, c) for c in choices)


def tally(choices: Iterable[int | None]) -> dict[str, int]:
    voted = [c for c in choices if c is not None]
    return {"voters": len(voted)} | {f"choice/{c}": voted.count(c) for c in set(voted)}


def crowd(seed: int, count: int) -> list[int | None]:
    chance = random.Random(seed)
    return [chance.choice([None, 1, 2, 2, 3]) for _ in range(count)]


def spec(draw: int, **other: Any) -> DrawSpec:
    first = BEACON.chain.round_at(START + draw * HOUR)
    values: dict[str, Any] = {
        "draw": draw,
        "title": "Main draw",
        "prizes": [Prize(1, "Gold", 1, 100_000, "XTS", 2), Prize(2, "Silver", 6, 500, "XTS", 3)],
        "rounds": [TicketRound(f"short/{name}/1", RIGHT) for name in ("tetris", "candy", "mole")],
        "parties": ["operator", "auditor"],
        "window": WINDOW,
        "close_ms": START + draw * HOUR - 60_000,
        "chain": BEACON.chain,
        "reserve_rounds": [first, first + 100, first + 200],
        "alternates_at_ms": [] if "window" in other else DATES,
    }
    return DrawSpec(**(values | other))


async def begin(folder: Path) -> Register:
    """Opens a register's folder; its books too, wherever they are (see `tests.rewards.databases`)."""
    url = await databases.url_of(folder)
    return await Register.open(folder, show=SHOW, rehearsal=True, keys=KEYS, ledger_url=url)


async def play_round(
    register: Register, round_id: str, choices: list[int | None], rerun_of: str = ""
) -> None:
    # Every round here tells something in seven pieces, on three channels.
    firsts = [chains.keys(head, channel, 7)[0] for channel, head in enumerate(HEADS)]
    commitments = [chains.commitment(first, channel) for channel, first in enumerate(firsts)]
    told = {"length": 7, "commitments": commitments}
    opening = RoundOpening(round_id, POLL, COUNTS, RIGHT, rerun_of, told)
    await register.round_opened(opening, at_ms=START + 10)
    await register.round_locked(round_id, at_ms=START + 20)
    await register.round_settled(round_id, 2, by="director", reason="the jury", at_ms=START + 30)
    heads = [head.hex() for head in HEADS]
    await register.round_sealed(round_id, [page(choices)], tally(choices), at_ms=START + 40, heads=heads)


@dataclass
class Told:
    """What the register answered, for tests to compare."""

    drawn: dict[int, Drawn] = field(default_factory=dict)
    issued: dict[int, list[Voucher]] = field(default_factory=dict)


async def before_the_draws(register: Register) -> None:
    await register.specify(spec(1), at_ms=START)
    await register.specify(spec(2, eligibility="account", cap=2), at_ms=START)
    for draw in (1, 2):
        for party, secret in SECRETS.items():
            sealed = leaves.commitment(leaves.draw_id(SHOW, draw), party, secret)
            await register.commit(draw, party, sealed, at_ms=START + 1)
    await play_round(register, "short/tetris/1", crowd(1, 150))
    await play_round(register, "short/tetris/2", crowd(2, 150), rerun_of="short/tetris/1")
    await play_round(register, "short/candy/1", [1, 2, None, 3, 2, 2])
    await play_round(register, "short/mole/1", crowd(3, 150))
    await register.round_voided("short/mole/1", reason="the feed was down", at_ms=START + 50)


@functools.cache
def drawn_folder() -> Path:
    """A register's folder in which both draws have their results and nothing is issued; to be copied."""
    kept = tempfile.TemporaryDirectory()
    atexit.register(kept.cleanup)

    async def play() -> None:
        register = await begin(Path(kept.name))
        await before_the_draws(register)
        for draw in (1, 2):
            await draw_one(register, draw, Told(), issue=False)
        await register.close()

    asyncio.run(play())
    return Path(kept.name)


def issued(count: int) -> list[tuple[int, int]]:
    """So many numbers, all given out in the evening's first minute."""
    return [(START - START % 60_000, count)] if count else []


async def draw_one(register: Register, draw: int, told: Told, *, issue: bool = True) -> None:
    barred = range(0, 150, 7) if draw == 2 else ()
    at = START + draw * HOUR - 60_000
    await register.freeze(draw, issued=issued(150), at_ms=at, barred=barred)
    await register.reveal(draw, "operator", SECRETS["operator"], at_ms=at)
    if draw == 1:
        await register.reveal(draw, "auditor", SECRETS["auditor"], at_ms=at)
    chosen = await register.close_reveals(draw, at_ms=at + 1)
    told.drawn[draw] = await register.finish(draw, BEACON.signature(chosen), at_ms=START + draw * HOUR + 1)
    if issue:
        told.issued[draw] = await register.issue(draw, at_ms=START + draw * HOUR + 2)


async def play_evening(folder: Path, bundle: Path) -> Told:
    """The whole evening, three vouchers at a till, the fixed dates, closed books, and the bundle."""
    register = await begin(folder)
    told = Told()
    try:
        await before_the_draws(register)
        for draw in (1, 2):
            await draw_one(register, draw, told)
            await register.publish(bundle, at_ms=START + draw * HOUR + 3)
        cashier = register.cashier
        first, second = (voucher_code(KEYS.codes, voucher.id) for voucher in told.issued[1][:2])
        await cashier.redeem(first, till="till", key="k1", at_ms=START + 2 * HOUR)
        await cashier.redeem(second, till="till", key="k2", at_ms=START + 2 * HOUR)
        await cashier.roll_back(second, till="till", key="k3", at_ms=START + 2 * HOUR + 1)
        await register.payouts.do_due(at_ms=DATES[0])
        heir = next(
            one for one in await register.payouts.vouchers(1) if one.alternate and one.state == "live"
        )
        await cashier.claim(heir.id, number=heir.number, at_ms=DATES[0] + 1)
        await register.publish(bundle, at_ms=DATES[0] + 2)
        for at_ms in (DATES[1], START + 3 * HOUR):
            await register.payouts.do_due(at_ms=at_ms)
        await register.publish(bundle, at_ms=START + 4 * HOUR)
    finally:
        await register.close()
    return told
