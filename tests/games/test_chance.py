"""Fixed vectors, computed once by openssl, keep chance the same for ever; then what makes it fair."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.chance import below, derive, ordered

SEED = bytes(range(32))


def test_derive_is_hmac_sha256_of_the_framed_labels() -> None:
    # printf 'gala/chance/1\0s\0\0\0\4wavei\0\0\0\10\0\0\0\0\0\0\0\7' |
    # openssl dgst -sha256 -mac hmac -macopt hexkey:000102…1f
    assert derive(SEED, "wave", 7).hex() == "d7e6c07bab310a685ce82c258849789c7361bd97b3eb28d378ed61d68bd355e8"
    assert derive(SEED).hex() == "2418b4b393e3c84361e166e2bf44686359a4a52b0466aedc27c8f018302764ce"


@given(
    st.lists(
        st.lists(st.one_of(st.integers(0, 2**64 - 1), st.text(max_size=3), st.binary(max_size=3))), min_size=2
    )
)
@settings(deadline=None)
def test_different_labels_never_meet(lists: list[list[int | str | bytes]]) -> None:
    derived = {derive(SEED, *labels) for labels in lists}
    assert len(derived) == len({tuple((type(label), label) for label in labels) for labels in lists})


@given(st.binary(min_size=32, max_size=32), st.integers(1, 2**64), st.text())
@settings(deadline=None)
def test_a_number_below_a_bound_is_below_it_and_always_the_same(seed: bytes, bound: int, label: str) -> None:
    number = below(seed, bound, label)
    assert 0 <= number < bound
    assert below(seed, bound, label) == number


def test_numbers_of_a_large_bound_are_not_biased_to_its_lower_part() -> None:
    # 3 * 2^62 leaves a quarter of all 64-bit draws over: taken modulo, the lowest third would come twice as
    # often.
    bound = 3 << 62
    thirds = Counter(below(SEED, bound, draw) // (1 << 62) for draw in range(3_000))
    assert all(900 < thirds[third] < 1_100 for third in range(3))


@given(st.binary(min_size=32, max_size=32), st.lists(st.integers()))
@settings(deadline=None)
def test_an_order_keeps_everything_and_is_always_the_same(seed: bytes, things: list[int]) -> None:
    assert sorted(ordered(seed, things, "places")) == sorted(things)
    assert ordered(seed, things, "places") == ordered(seed, things, "places")


@pytest.mark.parametrize("bound", [0, -1, 2**64 + 1])
def test_a_bound_nobody_can_draw_below_is_refused(bound: int) -> None:
    with pytest.raises(ValueError, match="bound"):
        below(SEED, bound)
