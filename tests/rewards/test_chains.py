"""Chains of keys as games tell them: what `rewards` recomputes alone is what `games` commits to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.chains import Chains
from rewards.rules import chains

SEEDS = st.binary(min_size=32, max_size=32)


@given(SEEDS, st.integers(1, 64), st.integers(1, 8))
@settings(deadline=None, max_examples=30)
def test_the_heads_of_a_game_open_the_commitments_it_began_with(
    seed: bytes, length: int, channels: int
) -> None:
    told = Chains(seed, length)
    opening = {"chains": told.to_json(channels)}
    chains.check_opening(opening)
    chains.check_heads(opening, {"heads": told.heads(channels)})
    for channel in range(channels):
        assert chains.keys(told.head(channel), channel, length) == list(told.keys(channel))


@given(SEEDS, st.integers(1, 8), st.data())
@settings(deadline=None, max_examples=30)
def test_any_other_head_length_or_channel_is_found(seed: bytes, length: int, data: st.DataObject) -> None:
    told = Chains(seed, length)
    opening, heads = {"chains": told.to_json(3)}, told.heads(3)
    wrong = data.draw(
        st.sampled_from(
            [heads[:2], [*heads, heads[0]], heads[::-1], [heads[0]] * 3, Chains(seed, 1).heads(2)]
        )
    )
    with pytest.raises(chains.BadChains):
        chains.check_heads(opening, {"heads": wrong})
    longer = {"chains": told.to_json(3) | {"length": length + 1}}
    with pytest.raises(chains.BadChains):
        chains.check_heads(longer, {"heads": heads})


@pytest.mark.parametrize(
    "wrong",
    [
        {"length": 0, "commitments": ["00" * 32]},
        {"length": 4097, "commitments": ["00" * 32]},
        {"length": 1, "commitments": []},
        {"length": 1, "commitments": ["00" * 32] * 257},
    ],
)
def test_chains_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(chains.BadChains):
        chains.check_opening({"chains": wrong})
