import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voting.ballot import ballot, chosen, mask_kind, places

IDS = [f"team-{i}" for i in range(64)]


@given(st.data())
@settings(deadline=None)
def test_a_ballot_comes_back_as_the_choices_it_named(data: st.DataObject) -> None:
    ids = IDS[: data.draw(st.integers(2, 64))]
    allowance = data.draw(st.integers(1, len(ids)))
    named = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=allowance, unique=True))
    body = ballot(named, places(ids), allowance)
    assert body is not None
    assert chosen(body, ids) == sorted(named, key=ids.index)


@pytest.mark.parametrize(
    "named", [[], ["team-0", "team-0"], ["team-0", "team-1", "team-2"], ["nobody"], ["team-0", "nobody"]]
)
def test_a_ballot_is_one_to_allowance_different_known_choices(named: list[str]) -> None:
    assert ballot(named, places(IDS), 2) is None


def test_a_mask_is_as_narrow_as_the_choices_allow() -> None:
    assert [mask_kind(count) for count in (2, 8, 9, 16, 17, 32, 33, 64)] == [
        "u8", "u8", "u16", "u16", "u32", "u32", "u64", "u64",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="64 choices"):
        mask_kind(65)
