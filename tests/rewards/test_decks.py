"""Decks: laws over any budget and any bounds, a file that says what it holds, and each way to be none."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.arithmetic import decks
from rewards.arithmetic.decks import BadDeck

MOST = (1 << 53) - 1
SHAPES = sorted(decks.SHAPES)


@st.composite
def _orders(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """(budget, count, least, most) of a deck that exists, small and huge ones."""
    count = draw(st.integers(1, 400))
    least = draw(st.one_of(st.integers(1, 50), st.integers(1, MOST // count)))
    most = draw(st.one_of(st.just(least), st.integers(least, least + 60), st.integers(least, MOST)))
    budget = draw(st.integers(count * least, min(count * most, MOST)))
    return budget, count, least, most


def _histogram(cards: list[int]) -> tuple[decks.Amounts, decks.Amounts]:
    amounts, counts = np.unique(np.array(cards, dtype=np.int64), return_counts=True)
    return amounts[::-1], counts[::-1]


@given(_orders(), st.sampled_from(SHAPES))
def test_a_deck_sums_to_its_budget_exactly_within_its_bounds(
    order: tuple[int, int, int, int], shape: str
) -> None:
    budget, count, least, most = order
    amounts, counts = decks.deal_out(budget, count, least, most, shape)
    cards = [int(card) for card in decks.cards(amounts, counts)]
    assert sum(cards) == budget == decks.total(amounts, counts)
    assert len(cards) == count
    assert least <= cards[-1]
    assert cards[0] <= most
    assert cards == sorted(cards, reverse=True)


@given(_orders(), st.sampled_from(SHAPES))
def test_a_deck_that_was_written_is_read_again(order: tuple[int, int, int, int], shape: str) -> None:
    budget, count, least, most = order
    amounts, counts = decks.deal_out(budget, count, least, most, shape)
    content = decks.encode(amounts, counts)
    read = decks.decode(content)
    assert (read[0].tolist(), read[1].tolist()) == (amounts.tolist(), counts.tolist())


@given(st.lists(st.integers(1, MOST // 64), min_size=1, max_size=64))
def test_the_leaf_says_what_the_cards_are(cards: list[int]) -> None:
    content = decks.encode(*_histogram(cards))
    assert decks.cards(*decks.decode(content)).tolist() == sorted(cards, reverse=True)
    assert decks.leaf(content) == {
        "sum": sum(cards),
        "least": min(cards),
        "most": max(cards),
        "size": 16 * len(set(cards)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_an_even_deck_differs_by_one_unit_at_most() -> None:
    assert decks.cards(*decks.deal_out(1_003, 10, 1, 500, "even")).tolist() == [101] * 3 + [100] * 7


def test_a_sloping_deck_falls_in_equal_steps() -> None:
    assert decks.cards(*decks.deal_out(600, 5, 100, 200, "slope")).tolist() == [136, 128, 120, 112, 104]


def test_a_lucky_deck_has_few_large_cards_and_many_small_ones() -> None:
    cards = decks.cards(*decks.deal_out(100_000, 1_000, 20, 5_000, "lucky"))
    assert int(cards[0]) == 5_000
    assert int((cards > 100).sum()) < 200
    assert int((cards < 50).sum()) > 550


def test_250_million_yuan_go_into_ten_million_envelopes_to_a_fen() -> None:
    amounts, counts = decks.deal_out(25_000_000_000, 10_000_000, 100, 888_800, "lucky")
    assert decks.total(amounts, counts) == 25_000_000_000
    assert int(counts.sum()) == 10_000_000
    assert int(amounts[0]) == 888_800
    assert int(decks.cards(amounts, counts).sum()) == 25_000_000_000


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ((999, 10, 100, 200), "10 envelopes of at least 100 need 1000, the budget is 999"),
        ((2_001, 10, 100, 200), "10 envelopes of at most 200 hold 2000, the budget is 2001"),
        ((10, 0, 1, 2), "0 envelopes"),
        ((10, 1 << 29, 1, 2), "536870912 envelopes"),
        ((10, 5, 0, 4), "at least 1"),
        ((10, 5, 3, 2), "the most not below it"),
        ((1 << 53, 1, 1, 1 << 60), "over 2^53-1"),
    ],
)
def test_an_impossible_deck_is_refused_in_words(order: tuple[int, int, int, int], said: str) -> None:
    with pytest.raises(BadDeck) as caught:
        decks.deal_out(*order, "even")
    assert said in str(caught.value)


def test_an_unknown_shape_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadDeck, match="one of even, slope, lucky"):
        decks.deal_out(10, 1, 1, 10, "round")


def _records(*records: tuple[int, int]) -> bytes:
    return b"".join(amount.to_bytes(8, "big") + count.to_bytes(8, "big") for amount, count in records)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes"),
        (_records((5, 1))[:-1], "15 bytes"),
        (_records((0, 1)), "record 0: amount 0"),
        (_records((5, 1), (4, 0)), "record 1: count 0"),
        (_records((5, 1), (5, 1)), "record 1: amounts descend"),
        (_records((5, 1), (4, 1), (6, 1)), "record 2: amounts descend"),
        (_records(((1 << 64) - 1, 1)), "record 0: amount 18446744073709551615"),
        (_records((5, 1 << 63)), "record 0: count 9223372036854775808"),
        (_records((5, 1 << 28), (4, 1)), "more than 268435456 cards"),
        (_records((MOST, 1), (1, 1)), "sum to more than"),
        (_records((MOST, 2)), "sum to more than"),
        (_records((1 << 40, 1 << 28)), "sum to more than"),
    ],
)
def test_a_file_that_is_no_deck_is_named_by_what_is_wrong(content: bytes, said: str) -> None:
    with pytest.raises(BadDeck) as caught:
        decks.decode(content)
    assert said in str(caught.value)
