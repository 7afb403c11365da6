"""`gala bench million`, in small: two thousand votes, one process, its store killed half-way."""

from pathlib import Path

from tests.bench.million import Options, measure, tell


async def test_every_vote_is_counted_once_though_the_store_is_killed(tmp_path: Path) -> None:
    options = Options(votes=2_000, phones=100, workers=1)
    result = await measure(options, tmp_path)
    assert (result.votes, result.lost, result.wrong, result.exact) == (2_000, 0, [], True)
    assert result.back_s > 0
    assert "exact      yes" in tell(options, result)
