"""A running evening, phones that hang up before it ends, and books with vouchers in them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gala.store.clients import Clients
from tests.gala.paid import play_it
from tests.gala.phones import Join, Phone, Stage, running


@pytest.fixture
async def stage(clients: Clients, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The short evening, begun, its clock turned by hand."""
    async with running(valkey_url, tmp_path) as stage:
        yield stage


@pytest.fixture
async def other(stage: Stage, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A second process of the same evening."""
    async with running(valkey_url, tmp_path / "other", beside=stage) as other:
        yield other


@pytest.fixture
async def join(stage: Stage) -> AsyncIterator[Join]:
    """Connects a phone, waits for its welcome, and hangs up in the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def joined(*, on: Stage | None = None, **auth: Any) -> Phone:
            phone = await Phone.connect(on or stage, **auth)
            stack.push_async_callback(phone.close)
            await phone.hear("welcome")
            return phone

        yield joined


@pytest.fixture(scope="session")
def paid(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`books` and `bundle` of the short evening, played once; to be copied before they are written to."""
    folder = tmp_path_factory.mktemp("paid")
    asyncio.run(play_it(valkey_url, folder))
    return folder
