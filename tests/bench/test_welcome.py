"""`gala bench welcome` in small."""

from pathlib import Path

from gala.store.clients import Clients
from tests.bench.welcome import measure


async def test_everybody_of_a_rush_is_welcomed_and_what_that_cost_is_told(
    clients: Clients, tmp_path: Path
) -> None:
    said = await measure(clients, tmp_path, 30)
    assert said["viewers"] == 30
    assert said["welcome_us"] > 0
    assert 0 < said["step_p50_ms"] <= said["step_most_ms"]
