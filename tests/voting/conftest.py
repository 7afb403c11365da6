import pytest
from redis.asyncio import Redis

from gala.store.clients import Clients


@pytest.fixture
def redis(clients: Clients) -> Redis:
    """The client a box is used with: it never repeats a command by itself."""
    return clients.once
