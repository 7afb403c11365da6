"""redis-py's connections, except that whoever is cancelled in a command hears of it.

redis-py sends every command within `asyncio.wait_for`. Until Python 3.12 that forgets a cancellation which
comes in the turn in which what it waits for is done, and what is sent on loopback nearly always is. Whoever
was cancelled there went on as if nothing had been said: a deadline that fell there was none, and a task that
works until it is cancelled worked for ever (python/cpython#86296).
"""

import asyncio
from collections.abc import Iterable

from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)


class _Heeding(AbstractConnection):
    __slots__ = ()

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        before = task.cancelling()
        try:
            await super().send_packed_command(command, check_health)
        finally:
            if task.cancelling() > before:
                await self.disconnect(nowait=True)  # a reply may be on its way to somebody else
                raise asyncio.CancelledError


class _Tcp(_Heeding, Connection):
    pass


class _Tls(_Heeding, SSLConnection):
    pass


class _Unix(_Heeding, UnixDomainSocketConnection):
    pass


_KINDS: dict[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: _Tcp,
    SSLConnection: _Tls,
    UnixDomainSocketConnection: _Unix,
}


def heed(pool: ConnectionPool) -> None:
    """Makes the connections that a new pool will open such as lose no cancellation."""
    pool.connection_class = _KINDS[pool.connection_class]
