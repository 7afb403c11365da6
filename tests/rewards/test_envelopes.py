"""Envelopes on a real register and a real ledger: dealt to a unit, by nothing but the draw.

A rain's box holds one byte of those who grabbed; whatever else stands in it (the phone's counter, the
channel) must change nothing.
"""

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.arithmetic import decks
from rewards.evidence.checks import verify_bundle
from rewards.keeping.register import Register
from rewards.money.vouchers import Voucher
from rewards.rules import leaves
from rewards.rules.leaves import Prize, RoundOpening, TicketRound
from tests.rewards.evening import BEACON, SECRETS, SHOW, START, begin, issued, spec

RAIN = f"{SHOW}/rain/1"
HEAD = [["seq", "u16"], ["channel", "u8"], ["flags", "u8"]]
LAYOUT = {"width": 5, "fields": [*HEAD, ["grabbed", "u8"]]}
COUNTS: list[dict[str, Any]] = [
    {"name": "voters", "op": "count"},
    {"name": "channel", "op": "by", "fields": ["channel"]},
]
RULE: list[dict[str, Any]] = [{"when": ["eq", "grabbed", 1], "tickets": 1}]
PAGE = 65_536


@dataclass(frozen=True)
class Deck:
    """A draw's order of envelopes, and the channels it is for (empty: all)."""

    budget: int
    envelopes: int
    least: int
    most: int
    channels: tuple[int, ...] = ()


def slots(seqs: list[int], channels: list[int]) -> bytes:
    """A box in which every number has grabbed once, by these counters of phones, on these channels."""
    box = np.zeros(len(seqs), dtype=[("seq", ">u2"), ("channel", "u1"), ("flags", "u1"), ("grabbed", "u1")])
    box["seq"], box["channel"], box["grabbed"] = seqs, channels, [1 if seq else 0 for seq in seqs]
    return box.tobytes()


async def rain(folder: Path, found: list[Deck], seqs: list[int], channels: list[int]) -> Register:
    """A register in which it has rained, and every draw is finished."""
    register = await begin(folder)
    for number, deck in enumerate(found, start=1):
        amounts = decks.deal_out(deck.budget, deck.envelopes, deck.least, deck.most, "lucky")
        content = decks.encode(*amounts)
        promised = spec(
            number,
            prizes=[Prize(1, "Envelope", deck.envelopes, 0, "XTS", deck=decks.leaf(content))],
            rounds=[TicketRound(RAIN, RULE, deck.channels)],
            alternates_at_ms=[],
        )
        await register.specify(promised, at_ms=START, decks={1: content})
        for party, secret in SECRETS.items():
            sealed = leaves.commitment(leaves.draw_id(SHOW, number), party, secret)
            await register.commit(number, party, sealed, at_ms=START + 1)
    await register.round_opened(RoundOpening(RAIN, LAYOUT, COUNTS, RULE), at_ms=START + 10)
    await register.round_locked(RAIN, at_ms=START + 20)
    box = slots(seqs, channels)
    grabbed = [channel for seq, channel in zip(seqs, channels, strict=True) if seq]
    counters = {"voters": len(grabbed)} | {f"channel/{c}": n for c, n in Counter(grabbed).items()}
    pages = [box[at : at + 5 * PAGE] for at in range(0, len(box), 5 * PAGE)]
    await register.round_sealed(RAIN, pages, counters, at_ms=START + 40)
    for number in range(1, len(found) + 1):
        at_ms = START + 60 + number
        await register.freeze(number, issued=issued(len(seqs)), at_ms=at_ms)
        for party, secret in SECRETS.items():
            await register.reveal(number, party, secret, at_ms=at_ms)
        chosen = await register.close_reveals(number, at_ms=at_ms)
        await register.finish(number, BEACON.signature(chosen), at_ms=at_ms + 1)
    return register


def amounts(vouchers: list[Voucher]) -> dict[int, int]:
    """What each number was dealt; no number twice."""
    found = {voucher.number: voucher.amount for voucher in vouchers}
    assert len(found) == len(vouchers), "nobody has two"
    return found


async def left(register: Register, draw: int) -> int:
    """What the books say went back to the budget."""
    async with register._ledger.transaction() as db:
        lines = await register._ledger.lines(db, register._ledger.book.count)
    rows = [line.split(",") for line in lines[1:]]
    return sum(int(row[11]) for row in rows if row[3] == str(draw) and row[7] == "leftover")


async def all_hold(register: Register) -> None:
    assert [equation for equation in await register.equations() if not equation.holds] == []


async def test_ten_thousand_hands_empty_a_hundred_envelopes_and_no_more(tmp_path: Path) -> None:
    deck = Deck(88_888, 100, 1, 8_888)
    register = await rain(tmp_path, [deck], [1] * 10_000, [0] * 10_000)
    dealt = amounts(await register.issue(1, at_ms=START + 100))
    assert len(dealt) == 100
    assert sum(dealt.values()) + await left(register, 1) == deck.budget
    assert await left(register, 1) == 0
    await all_hold(register)
    again = amounts(await register.issue(1, at_ms=START + 999))
    assert again == dealt, "asked again, nothing is dealt twice"
    await register.close()


async def test_where_there_are_fewer_hands_the_rest_of_the_deck_goes_back(tmp_path: Path) -> None:
    deck = Deck(88_888, 100, 1, 8_888)
    register = await rain(tmp_path, [deck], [1] * 30, [0] * 30)
    vouchers = await register.issue(1, at_ms=START + 100)
    cards = decks.cards(*decks.deal_out(deck.budget, deck.envelopes, deck.least, deck.most, "lucky"))
    assert [voucher.amount for voucher in vouchers] == cards[:30].tolist(), "the largest first, by rank"
    assert await left(register, 1) == int(cards[30:].sum())
    await all_hold(register)
    await register.close()


async def test_nobody_grabs_and_the_whole_budget_goes_back(tmp_path: Path) -> None:
    register = await rain(tmp_path, [Deck(5_000, 10, 1, 900)], [0] * 50, [0] * 50)
    assert await register.issue(1, at_ms=START + 100) == []
    assert await left(register, 1) == 5_000
    await all_hold(register)
    await register.close()


@given(st.randoms(use_true_random=False), st.integers(1, 40))
@settings(max_examples=4, deadline=None)
async def test_who_gets_which_amount_hangs_on_nothing_but_having_grabbed(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random, envelopes: int
) -> None:
    """Other counters of phones (how often they sent), other channels: the same amounts to the same."""
    hands = [chance.random() < 0.7 for _ in range(60)]
    found = []
    for _ in range(2):
        seqs = [chance.randrange(1, 60_000) if hand else 0 for hand in hands]
        channels = [chance.randrange(5) if hand else 0 for hand in hands]
        folder = tmp_path_factory.mktemp("books")
        register = await rain(folder, [Deck(envelopes * 100, envelopes, 1, 2_000)], seqs, channels)
        found.append(amounts(await register.issue(1, at_ms=START + 100)))
        await register.close()
    assert found[0] == found[1]
    assert len(found[0]) == min(envelopes, sum(hands))


async def test_each_channel_empties_its_own_deck(tmp_path: Path) -> None:
    channels = [number % 3 for number in range(90)]
    found = [Deck(10_000, 20, 1, 3_000, (0, 2)), Deck(5_000, 50, 1, 3_000, (1,))]
    register = await rain(tmp_path, found, [1] * 90, channels)
    first = amounts(await register.issue(1, at_ms=START + 100))
    second = amounts(await register.issue(2, at_ms=START + 100))
    assert len(first) == 20
    assert {channels[number] for number in first} == {0, 2}
    assert len(second) == 30, "of fifty envelopes: so many were there to grab"
    assert {channels[number] for number in second} == {1}
    assert sum(second.values()) + await left(register, 2) == 5_000
    await all_hold(register)
    await register.close()


async def test_many_envelopes_are_dealt_to_a_fen_and_the_bundle_verifies(tmp_path: Path) -> None:
    """A21 in small; the bench has it whole."""
    deck = Deck(7_500_000, 3_000, 100, 888_800)
    register = await rain(tmp_path / "books", [deck], [1] * 3_600, [number % 5 for number in range(3_600)])
    dealt = amounts(await register.issue(1, at_ms=START + 100))
    assert (len(dealt), sum(dealt.values())) == (3_000, 7_500_000)
    await all_hold(register)
    await register.publish(tmp_path / "bundle", at_ms=START + 200)
    await register.close()
    checks = verify_bundle(tmp_path / "bundle")
    assert [check for check in checks if not check.ok] == []
    path = tmp_path / "bundle/draws/1/deck-1.bin"
    content = bytearray(path.read_bytes())
    content[7] += 1  # the largest amount is one fen more
    path.write_bytes(content)
    assert any(not check.ok for check in verify_bundle(tmp_path / "bundle"))
