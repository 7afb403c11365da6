"""A real Valkey for every test that wants one: started once, emptied for each test."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from gala.store.clients import Clients, connect
from gala.store.valkey import EmbeddedValkey
from tests.primaries import Primaries

# How busy a machine is says nothing about the code.
settings.register_profile("here", deadline=None)
settings.load_profile("here")
PATIENCE_S = 30.0
"""How long a test waits for what has to come, before it says that it does not."""

RAM = Path("/dev/shm")
RAM_BYTES_MIN = 4 << 30
WORKERS_MAX = 6


def pytest_configure() -> None:
    """Folders of tests stand in memory where it has room: they are thrown away, and what is durable in them
    waits thousands of times for a disk."""
    if RAM.is_dir() and os.access(RAM, os.W_OK) and shutil.disk_usage(RAM).free >= RAM_BYTES_MIN:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(RAM))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For ``-n auto``, two workers a core: for half its time a test waits, for a clock, a process, a page."""
    return min(2 * (os.cpu_count() or 1), WORKERS_MAX)


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server for the whole run; it does not sync to disk."""
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"), durable=False).start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def primaries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Primaries]:
    """A cluster for the whole run; whoever harms it mends it."""
    with Primaries(tmp_path_factory.mktemp("cluster")) as primaries:
        yield primaries


@pytest.fixture(params=["server", "cluster"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The address of one server, then that of a cluster: what holds on one holds on the other."""
    if request.param == "server":
        return str(request.getfixturevalue("valkey_url"))
    cluster: Primaries = request.getfixturevalue("primaries")
    return cluster.url


async def patient(url: str) -> Clients:
    """Connected, with more patience than on the night: its deadlines have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gala.store.clients.CONNECT_S", PATIENCE_S)
        patch.setattr("gala.store.clients.OPERATION_S", PATIENCE_S)
        return await connect(url)


@contextlib.asynccontextmanager
async def emptied(url: str) -> AsyncIterator[Clients]:
    """Connected to a store that holds nothing."""
    clients = await patient(url)
    await clients.once.flushall()
    yield clients
    await clients.close()


@pytest.fixture
async def clients(valkey_url: str) -> AsyncIterator[Clients]:
    """Connected to an empty store."""
    async with emptied(valkey_url) as clients:
        yield clients
