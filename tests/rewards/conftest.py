import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres as postgresql
from tests.rewards.browser import Browser
from tests.rewards.databases import ask_for_postgresql
from tests.rewards.evening import Told, drawn_folder, play_evening
from tests.rewards.published import publish


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    """A published evening and what the register told about it; tests copy the bundle before they touch it."""
    folder = tmp_path_factory.mktemp("evening")
    told = asyncio.run(play_evening(folder / "register", folder / "bundle"))
    return folder / "bundle", told


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with everything one can hold; see `tests.rewards.published`."""
    folder = tmp_path_factory.mktemp("published")
    asyncio.run(publish(folder))
    return folder / "bundle"


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """The pages' verifier as a program."""
    return Browser(tmp_path_factory.mktemp("check"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgresql.Server]:
    """A real PostgreSQL, for as long as the tests run."""
    with postgresql.running() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a register in which both draws are drawn and nothing is issued; tests copy it. Its books,
    and those of the copies, are in either database."""
    if request.param == "sqlite":
        return drawn_folder()
    folder = tmp_path_factory.mktemp("drawn") / "register"
    shutil.copytree(drawn_folder(), folder)
    ask_for_postgresql(folder, request.getfixturevalue("postgres"))
    return folder
