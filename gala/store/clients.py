"""Connections to the store: one client for commands, one for reads that block.

redis-py retries by itself unless told otherwise, and a retried write whose first reply was lost is done
twice. So the client for commands never retries and has short deadlines, and the one for blocking reads
has none of its own: whoever blocks gives the deadline.
"""

from dataclasses import dataclass
from typing import Any

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_S = 0.5
OPERATION_S = 1.0

OLDEST = {"redis": (6, 2), "valkey": (7, 2)}
"""Below these, streams and scripts lack what the log and the boxes use."""


class StoreUnusable(Exception):
    """The store cannot be used; the message says why and what to do."""


class CannotConnect(StoreUnusable):
    pass


class WrongPassword(StoreUnusable):
    pass


class TooOld(StoreUnusable):
    pass


class Evicts(StoreUnusable):
    pass


@dataclass(frozen=True, slots=True)
class Clients:
    """`once` for commands: no retry, each over in a second. `block` for blocking reads: no deadline.

    Replies are bytes. Both are safe to use from many tasks of one event loop.
    """

    once: "Redis"
    block: "Redis"
    server: str  # "Valkey 9.1.2", for people

    async def close(self) -> None:
        await self.once.aclose()
        await self.block.aclose()


async def connect(url: str) -> Clients:
    """Connects to ``redis://``, ``rediss://`` or ``unix://`` and checks that the server there will do.

    Raises CannotConnect, WrongPassword, TooOld (below Redis 6.2, Valkey 7.2) or Evicts (it may drop keys).
    """
    try:
        once, block = _client(url, OPERATION_S), _client(url, None)
    except ValueError as error:
        raise CannotConnect(f"{_shown(url)} is not an address of a store: {error}") from error
    clients = Clients(once, block, "")
    try:
        info: dict[str, Any] = await once.info("everything")
    except (exceptions.RedisError, OSError) as error:
        await clients.close()
        if isinstance(error, exceptions.NoPermissionError):
            raise WrongPassword(f"{_shown(url)} does not allow this user enough: {error}") from error
        # redis-py wraps what goes wrong in its handshake once more.
        if isinstance(error, exceptions.AuthenticationError) or isinstance(
            error.__cause__, exceptions.AuthenticationError
        ):
            said = (
                "refuses the name or password" if "@" in url else "wants a password, and the address has none"
            )
            raise WrongPassword(f"{_shown(url)} {said}") from error
        raise CannotConnect(f"cannot connect to {_shown(url)}: {error}") from error
    try:
        server = suitable(info)
    except StoreUnusable as error:
        await clients.close()
        raise type(error)(f"{_shown(url)}: {error}") from None
    return Clients(once, block, server)


def suitable(info: dict[str, Any]) -> str:
    """The server's name and version, from its INFO. Raises TooOld or Evicts."""
    kind = "valkey" if "valkey_version" in info else "redis"
    version = str(info.get(f"{kind}_version", "0"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST[kind]:
        oldest = ".".join(str(part) for part in OLDEST[kind])
        raise TooOld(f"{kind.capitalize()} {version} is too old: {oldest} or newer is needed")
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if int(info.get("maxmemory", 0)) and policy != "noeviction":
        raise Evicts(
            f"maxmemory-policy {policy} would throw votes away when memory is short: set it to noeviction"
        )
    return f"{kind.capitalize()} {version}"


def _client(url: str, operation_s: float | None) -> "Redis":
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_S,
        socket_timeout=operation_s,
        decode_responses=False,
    )


def _shown(url: str) -> str:
    """The address without the password in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else "the address"
