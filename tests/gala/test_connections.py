"""Who is cancelled while the store is asked hears of it, wherever the cancellation falls.

A command is cancelled in its first turn of the event loop, the next one in its second, and so on until one is
over before it could be: no clock is involved.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from gala.store.clients import Clients
from tests.conftest import PATIENCE_S, emptied

Command = Callable[[Redis], Awaitable[Any]]


async def pipeline(redis: Redis) -> Any:
    both = redis.pipeline(transaction=False)
    both.set("a", "1")
    both.get("b")
    return await both.execute()


async def script(redis: Redis) -> Any:
    return await redis.register_script("return 1")(keys=["a"])


COMMANDS: dict[str, Command] = {
    "a write": lambda redis: redis.set("a", "1"),
    "two": pipeline,
    "a script": script,
}


async def cancelled_at(command: Command, clients: Clients, turn: int) -> bool | None:
    """Whether it ended by that; None if it was over before."""
    task = asyncio.ensure_future(command(clients.once))
    for _ in range(turn):
        await asyncio.sleep(0)
    if task.done():
        return None
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


@pytest.mark.parametrize("kind", COMMANDS)
async def test_no_cancellation_within_a_command_is_lost(any_url: str, kind: str) -> None:
    async with asyncio.timeout(PATIENCE_S), emptied(any_url) as clients:
        turn = 1
        # each one leaves its connection closed, so that the next is cancelled while it connects as well
        while (ended := await cancelled_at(COMMANDS[kind], clients, turn)) is not None:
            assert ended, f"lost in turn {turn}"
            turn += 1 + turn // 16  # of a reply that takes long not every turn: it is one and the same wait
        assert turn > 3
        assert await clients.once.get("b") is None  # a reply to what was cancelled is nobody else's
