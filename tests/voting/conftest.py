from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.voting.valkey import connect, running


@pytest.fixture(scope="session")
def valkey_socket() -> Iterator[Path]:
    with running() as socket:
        yield socket


@pytest.fixture
async def redis(valkey_socket: Path) -> AsyncIterator[Redis]:
    async with connect(valkey_socket) as client:
        await client.flushall()
        yield client
