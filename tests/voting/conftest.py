"""What holds for a box holds on one server and on a cluster."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.conftest import emptied


@pytest.fixture
async def redis(any_url: str) -> AsyncIterator[Redis]:
    """The client a box is used with: it never repeats a command by itself."""
    async with emptied(any_url) as clients:
        yield clients.once
