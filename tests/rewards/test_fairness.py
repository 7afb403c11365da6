"""A draw is fair, and the fast one is the plain one.

First the whole of `ranking.bin` against a dozen lines of Python that look at one ticket after the other,
however the roster is cut into stretches. Then chance itself: fifty thousand seeds, of which every one gives a
whole ranking; how often each outcome came is held against what its tickets promise, by the sum of squares
(chi-square), which is to stay within five standard deviations of its mean. The seeds are fixed, so no test
here fails by chance.
"""

import hashlib
import hmac
from collections.abc import Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.arithmetic import ranking, scores
from rewards.arithmetic.ranking import Tier

SEEDS = 50_000


def plain(
    seed: bytes, tiers: Sequence[Tier], tickets: list[int], eligible: list[bool], cap: int, won: list[int]
) -> bytes:
    """`ranking.bin` as a reader of the specification would write it first."""
    content, times = b"", list(won)
    for tier in tiers:
        key = hmac.digest(seed, b"gala/tier/1\0" + tier.tier.to_bytes(2, "big"), "sha256")
        cipher = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()
        every = [(n, j) for n, count in enumerate(tickets) if eligible[n] for j in range(count)]
        scored = sorted((cipher.update(n.to_bytes(8, "big") + j.to_bytes(8, "big")), n, j) for n, j in every)
        ranks = list({n: (score, n, j) for score, n, j in reversed(scored)}.values())
        ranks.sort()
        free = [at for at, (_, n, _) in enumerate(ranks) if times[n] < cap][: tier.count]
        walked = free[-1] + 1 if len(free) == tier.count else len(ranks)
        for at in free:
            times[ranks[at][1]] += 1
        for score, n, j in [*(ranks[at] for at in free), *ranks[walked : walked + tier.alternates]]:
            content += n.to_bytes(8, "big") + j.to_bytes(4, "big") + score
    return content


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_fast_draw_is_the_plain_one_byte_for_byte_however_it_is_cut(data: st.DataObject) -> None:
    tickets = data.draw(st.lists(st.integers(1, 6) | st.integers(1, 90), max_size=40))
    eligible = data.draw(st.lists(st.booleans(), min_size=len(tickets), max_size=len(tickets)))
    won = data.draw(st.lists(st.integers(0, 3), min_size=len(tickets), max_size=len(tickets)))
    cap, seed = data.draw(st.integers(1, 4)), data.draw(st.binary(min_size=32, max_size=32))
    tiers = [Tier(tier, data.draw(st.integers(1, 12)), data.draw(st.integers(0, 5))) for tier in (1, 2, 3)]
    expected = plain(seed, tiers, tickets, eligible, cap, won)
    arrays = np.array(tickets, np.uint16), np.array(eligible, np.bool_), cap, np.array(won, np.uint8)
    assert ranking.encode(ranking.draw(seed, tiers, *arrays)) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "PLACES_AT_ONCE", data.draw(st.integers(1, 9)))
        patch.setattr(scores, "STRETCH", data.draw(st.integers(1, 30)))
        patch.setattr(scores, "NARROW", data.draw(st.integers(0, 5)))
        assert ranking.encode(ranking.draw(seed, tiers, *arrays)) == expected


def test_a_place_with_very_many_tickets_ranks_by_the_best_of_all_of_them() -> None:
    tickets, everyone = [3, 65535, 1, 2000], [True] * 4
    seed, tiers = hashlib.sha256(b"many").digest(), [Tier(1, 4, 0)]
    found = ranking.draw(seed, tiers, np.array(tickets, np.uint16), np.array(everyone), 1)
    assert ranking.encode(found) == plain(seed, tiers, tickets, everyone, 1, [0] * 4)


def rankings(tickets: list[int], tier: int) -> npt.NDArray[np.int64]:
    """The places in the order of their ranks, a row a seed."""
    every = [(n, j) for n, count in enumerate(tickets) for j in range(count)]
    blocks = b"".join(n.to_bytes(8, "big") + j.to_bytes(8, "big") for n, j in every)
    scored = bytearray()
    for at in range(SEEDS):
        key = ranking.tier_key(hashlib.sha256(at.to_bytes(8, "big")).digest(), tier)
        scored += Cipher(algorithms.AES256(key), modes.ECB()).encryptor().update(blocks)
    halves = np.frombuffer(scored, dtype=">u8").reshape(SEEDS, len(every), 2)[:, :, 0].astype(np.uint64)
    starts = np.array([at for at, (_, j) in enumerate(every) if j == 0])
    return np.argsort(np.minimum.reduceat(halves, starts, axis=1), axis=1)


def is_fair(counted: npt.NDArray[np.int64], chances: npt.NDArray[np.float64]) -> bool:
    """Whether outcomes came about as often as their chances, which sum to 1, say."""
    expected = SEEDS * chances
    squares = float(((counted - expected) ** 2 / expected).sum())
    degrees = len(chances) - 1
    return abs(squares - degrees) <= 5 * sqrt(2 * degrees)


TICKETS = [1, 2, 3, 1, 5]


@pytest.fixture(scope="module")
def ranks() -> npt.NDArray[np.int64]:
    return rankings(TICKETS, 1)


def test_every_ordered_pair_of_winners_is_as_likely_as_its_tickets_make_it(
    ranks: npt.NDArray[np.int64],
) -> None:
    total = sum(TICKETS)
    pairs = [(a, b) for a in range(5) for b in range(5) if a != b]
    chances = [TICKETS[a] / total * TICKETS[b] / (total - TICKETS[a]) for a, b in pairs]
    counted = [np.count_nonzero((ranks[:, 0] == a) & (ranks[:, 1] == b)) for a, b in pairs]
    assert sum(counted) == SEEDS
    assert is_fair(np.array(counted), np.array(chances))
    assert not is_fair(np.array(counted), np.full(len(pairs), 1 / len(pairs)))


def test_every_class_of_tickets_wins_in_proportion(ranks: npt.NDArray[np.int64]) -> None:
    classes = sorted(set(TICKETS))
    counted = [np.isin(ranks[:, 0], np.flatnonzero(np.array(TICKETS) == held)).sum() for held in classes]
    chances = [held * TICKETS.count(held) / sum(TICKETS) for held in classes]
    assert is_fair(np.array(counted), np.array(chances))


def test_who_wins_a_tier_says_nothing_about_the_next(ranks: npt.NDArray[np.int64]) -> None:
    second = rankings(TICKETS, 2)
    held = np.array(TICKETS) / sum(TICKETS)
    counted = np.bincount(ranks[:, 0] * 5 + second[:, 0], minlength=25)
    assert is_fair(counted, np.outer(held, held).ravel())
