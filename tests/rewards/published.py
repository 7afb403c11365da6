"""An evening with everything a bundle can hold, but for what needs the true beacon: decks, a shared cap, a
witness, a draw called off, more cards than viewers, a box of more than one Merkle leaf's places left out."""

import struct
from dataclasses import replace
from pathlib import Path

from rewards.arithmetic import decks
from rewards.keeping.register import Register
from rewards.log.note import Cosigner
from rewards.rules import leaves, witness
from rewards.rules.leaves import Prize, RoundOpening, TicketRound
from tests.rewards.evening import (
    BEACON,
    COUNTS,
    DATES,
    HOUR,
    POLL,
    RIGHT,
    SECRETS,
    SHOW,
    START,
    begin,
    crowd,
    issued,
    spec,
    tally,
)

AUDITOR = Cosigner("auditor.example/w1", b"w" * 32)
VIEWERS = 70


def deck(budget: int, count: int) -> tuple[bytes, Prize]:
    file = decks.encode(*decks.deal_out(budget, count, 10, budget // 4, "lucky"))
    return file, Prize(1, "Envelopes", count, 0, "XTS", 0, decks.leaf(file))


async def specified(register: Register) -> None:
    """Four draws: a deck for two channels, a cap over draws, one called off, more cards than viewers."""
    tetris, candy = (TicketRound(f"short/{name}/1", RIGHT) for name in ("tetris", "candy"))
    few, dealt = deck(3_000, 12)
    many, rest = deck(9_000, 90)
    silver = Prize(2, "Silver", 4, 700, "XTS", 3)
    cosigned = {"witnesses": [str(AUDITOR.verifier)]}
    some = [TicketRound(tetris.round_id, RIGHT, channels=(0, 2))]
    for made, files in (
        (spec(1, prizes=[dealt, silver], rounds=some, **cosigned), {1: few}),
        (
            spec(
                2, prizes=[replace(silver, tier=1, count=9)], rounds=[tetris, candy], cap_with=[1], **cosigned
            ),
            {},
        ),
        (spec(3, rounds=[candy]), {}),
        (spec(4, prizes=[rest], rounds=[candy], eligibility="account", cap=2, cap_with=[1, 2, 3]), {1: many}),
    ):
        await register.specify(made, at_ms=START, decks=files)
        for party, secret in SECRETS.items():
            sealed = leaves.commitment(leaves.draw_id(SHOW, made.draw), party, secret)
            await register.commit(made.draw, party, sealed, at_ms=START + 1)


async def drawn(register: Register, draw: int) -> None:
    at = START + draw * HOUR - 60_000
    barred = range(0, VIEWERS, 9) if draw == 4 else ()
    await register.freeze(draw, issued=issued(VIEWERS), at_ms=at, barred=barred)
    await register.reveal(draw, "operator", SECRETS["operator"], at_ms=at)
    chosen = await register.close_reveals(draw, at_ms=at + 1)
    if draw != 4:
        seen = await register.watched.checkpoint()
        await register.watched.cosigned(seen + witness.cosign(seen, AUDITOR, (at + 1_000) // 1000))
    await register.finish(draw, BEACON.signature(chosen), at_ms=START + draw * HOUR + 1)
    for voucher in (await register.issue(draw, at_ms=START + draw * HOUR + 2))[::3]:
        await register.cashier.claim(voucher.id, number=voucher.number, at_ms=START + draw * HOUR + 3)


async def publish(folder: Path) -> None:
    """Everything a bundle can hold, but for what needs the true beacon."""
    register = await begin(folder / "register")
    await specified(register)
    for seed, name in enumerate(("tetris", "candy")):
        round_id, choices = f"short/{name}/1", crowd(seed, VIEWERS)
        told = RoundOpening(round_id, POLL, COUNTS, RIGHT, "", {}, game="poll", settings={"choices": ["a"]})
        await register.round_opened(told, at_ms=START + 10)
        await register.round_locked(round_id, at_ms=START + 20)
        await register.round_settled(round_id, 2, by="director", reason="the jury", at_ms=START + 30)
        slots = (
            struct.pack(">HBBB", 1, number % 3, 0, choice) if choice else bytes(5)
            for number, choice in enumerate(choices)
        )
        await register.round_sealed(round_id, [b"".join(slots)], tally(choices), at_ms=START + 40)
    await register.void(3, "director", "the sponsor left", at_ms=START + 60)
    for draw in (1, 2, 4):
        await drawn(register, draw)
    for at_ms in (*DATES, START + 9 * HOUR):
        await register.payouts.do_due(at_ms=at_ms)
    await register.publish(folder / "bundle", at_ms=START + 10 * HOUR)
    await register.close()
