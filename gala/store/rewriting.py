"""Keeps the append-only file of our own server short, so that it is soon back when it was killed.

Every play stays in the file until the server writes it anew, and a server that comes back reads it all:
two seconds for a million plays, in which no play is counted. To write it anew takes a fork, the disk and
memory for what changes meanwhile: nothing for an evening's busiest minute. So the server never does it by
itself, and we ask for it when there is something to win and little is written: between two rounds.
"""

import asyncio
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gala.store.connections import heed

LOOK_S = 5.0
WORTH_BYTES = 8 << 20
"""What the file has to be longer by than it was when it was written anew: about 170 000 plays, 0.3 s."""

QUIET_BYTES_PER_S = 50_000
"""A thousand plays a second, or the reports of twenty edges."""

log = structlog.get_logger("gala.store")


@dataclass(frozen=True, slots=True)
class File:
    """The append-only file at an instant. written_anew_bytes: how long it was right after that."""

    bytes: int
    written_anew_bytes: int
    at_s: float


def worth_it(before: File, now: File) -> bool:
    """Whether it is long enough to be written anew, and little has been added since `before`."""
    added_per_s = (now.bytes - before.bytes) / max(now.at_s - before.at_s, 0.001)
    return now.bytes - now.written_anew_bytes > WORTH_BYTES and 0 <= added_per_s < QUIET_BYTES_PER_S


async def keep_short(url: str) -> None:
    """Looks after the file of the server at `url`, until cancelled. A server that is away is waited for."""
    redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=LOOK_S)
    heed(redis.connection_pool)
    loop = asyncio.get_running_loop()
    before: File | None = None
    try:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                info = await redis.info("persistence")
                now = File(int(info["aof_current_size"]), int(info["aof_base_size"]), loop.time())
                if info["aof_rewrite_in_progress"] or before is None or not worth_it(before, now):
                    before = now
                    continue
                log.info("the store writes its file anew", bytes=now.bytes)
                before = None
                await redis.bgrewriteaof()
            except (RedisError, OSError) as error:
                before = None
                log.debug("the store's file was not looked at", error=repr(error))
    finally:
        await redis.aclose()
