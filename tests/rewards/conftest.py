import asyncio
from pathlib import Path

import pytest

from tests.rewards.evening import Told, drawn_folder, play_evening


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    """A published evening and what the register told about it; tests copy the bundle before they touch it."""
    folder = tmp_path_factory.mktemp("evening")
    told = asyncio.run(play_evening(folder / "register", folder / "bundle"))
    return folder / "bundle", told


@pytest.fixture(scope="session")
def drawn() -> Path:
    """The folder of a register in which both draws are drawn and nothing is issued; tests copy it."""
    return drawn_folder()
