"""Between an edge and its store: a proxy that understands commands and replies, and can lose the replies.

Commands of all connections are passed on one exchange at a time, except reads that block. So when a reply
has come and before it goes on to the edge, the store is idle: what it has done and written is known exactly.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import hiredis

READ_BYTES = 1 << 16
Commands = list[list[bytes]]


def applies(commands: Commands) -> bool:
    """Whether one of these applies plays to a box."""
    return any(
        b":slots" in part for command in commands if command[0].upper() == b"EVALSHA" for part in command
    )


Replied = Callable[[Commands], Awaitable[bool]]


async def pass_on(_commands: Commands) -> bool:
    """Every reply goes on."""
    return True


class StoreProxy:
    """Listens on a port of 127.0.0.1 for the store on a Unix socket. Use it as an async context.

    turn: shared by the proxies before one store, so that they take turns too. `replied` is asked when the
    store has answered an exchange, before anybody is told: False loses the reply, and the connection with
    it. It may be set at any time.
    """

    def __init__(self, path: str, turn: asyncio.Lock) -> None:
        self._path = path
        self._turn = turn
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()
        self.replied: Replied = pass_on
        self.lost = 0  # replies

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._talking):
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    @property
    def url(self) -> str:
        """The store's address, as the edge is to have it."""
        assert self._server is not None
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        far: asyncio.StreamWriter | None = None
        try:
            there, far = await asyncio.open_unix_connection(self._path)
            asked, answered = hiredis.Reader(), hiredis.Reader()
            while data := await reader.read(READ_BYTES):
                commands = _whole(asked, data)
                if any(b"BLOCK" in command for command in commands):
                    found = await _exchange(there, far, data, answered, len(commands))
                    keep = found is not None
                else:
                    async with self._turn:
                        found = await _exchange(there, far, data, answered, len(commands))
                        keep = found is not None and await self.replied(commands)
                        if found is not None and not keep:
                            self.lost += 1
                if found is None or not keep:
                    return
                writer.write(found)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            return
        finally:
            self._talking.discard(task)
            for one in (writer, far):
                if one is not None:
                    one.transport.abort()
                    with contextlib.suppress(OSError):
                        await one.wait_closed()


def _whole(reader: Any, data: bytes) -> list[Any]:
    """The messages that are complete with these bytes."""
    reader.feed(data)
    found = []
    while (message := reader.gets()) is not False:
        found.append(message)
    return found


async def _exchange(
    there: asyncio.StreamReader, far: asyncio.StreamWriter, data: bytes, replies: Any, count: int
) -> bytes | None:
    """Asks the store, and reads as many replies as there were commands; None if it goes away."""
    far.write(data)
    heard = b""
    while count > 0:
        came = await there.read(READ_BYTES)
        if not came:
            return None
        heard += came
        count -= len(_whole(replies, came))
    return heard
