import asyncio
from pathlib import Path

import pytest

from tests.rewards.evening import Told, play_evening


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    """A published evening and what the register told about it; tests copy the bundle before they touch it."""
    folder = tmp_path_factory.mktemp("evening")
    told = asyncio.run(play_evening(folder / "register", folder / "bundle"))
    return folder / "bundle", told
