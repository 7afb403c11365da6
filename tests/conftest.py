"""A real Valkey for every test that wants one: started once, emptied for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings

from gala.store.clients import Clients, connect
from gala.store.valkey import EmbeddedValkey

settings.register_profile("here", deadline=None)  # how busy a machine is says nothing about the code
settings.load_profile("here")


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server for the whole run; it does not sync to disk."""
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"), durable=False).start()
    yield server.url
    server.stop()


@pytest.fixture
async def clients(valkey_url: str) -> AsyncIterator[Clients]:
    """Connected to an empty store."""
    clients = await connect(valkey_url)
    await clients.once.flushall()
    yield clients
    await clients.close()
