"""`gala bench cluster`: one fault of each kind while four edges play."""

from tests.bench.cluster import KINDS, faults
from tests.conftest import emptied
from tests.primaries import Primaries


async def test_whatever_befalls_a_primary_under_load_what_was_acknowledged_is_counted_once(
    primaries: Primaries,
) -> None:
    async with emptied(primaries.url):
        found = await faults(primaries, len(KINDS))
    assert found["wrong"] == []
    assert found["batches_sent_again"] > 0, "the faults were felt"
