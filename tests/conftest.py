"""A real Valkey for every test that wants one: started once, emptied for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings

from gala.store.clients import Clients, connect
from gala.store.valkey import EmbeddedValkey

# How busy a machine is says nothing about the code.
settings.register_profile("here", deadline=None)
settings.load_profile("here")
PATIENCE_S = 30.0
"""How long a test waits for what has to come, before it says that it does not."""


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server for the whole run; it does not sync to disk."""
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"), durable=False).start()
    yield server.url
    server.stop()


async def patient(url: str) -> Clients:
    """Connected, with more patience than on the night: its deadlines have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gala.store.clients.CONNECT_S", PATIENCE_S)
        patch.setattr("gala.store.clients.OPERATION_S", PATIENCE_S)
        return await connect(url)


@pytest.fixture
async def clients(valkey_url: str) -> AsyncIterator[Clients]:
    """Connected to an empty store."""
    clients = await patient(valkey_url)
    await clients.once.flushall()
    yield clients
    await clients.close()
