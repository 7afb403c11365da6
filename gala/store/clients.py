"""Connections to the store, one server or a cluster.

redis-py retries by itself unless told otherwise, and a retried write whose first reply was lost is done
twice. So ours never retries and has short deadlines, and whoever asked asks again.
"""

import contextlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis import exceptions
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gala.store.chart import Chart
from gala.store.cluster import CONNECTIONS_MAX, Cluster
from gala.store.connections import heed
from gala.store.topology import Node

CONNECT_S = 0.5
OPERATION_S = 1.0

OLDEST = {"redis": (6, 2), "valkey": (7, 2)}
"""Below these, streams and scripts lack what the log and the boxes use."""


WAITAOF = (7, 2)
"""Since this version of both a store can be asked whether a replica has a write on disk."""

log = structlog.get_logger("gala.store")


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


class Forgets(StoreUnusable):
    pass


class NoCluster(StoreUnusable):
    pass


@dataclass(frozen=True, slots=True)
class Clients:
    """`once`: no command is sent twice, and each is over in a second. Of a cluster it is a `Cluster`.

    Replies are bytes. It is safe to use from many tasks of one event loop.
    """

    once: "Redis"
    server: str  # "Valkey 9.1.2", for people
    appendfsync: str = ""  # how one server syncs its file; empty where it does not tell

    def node_of(self, key: str) -> Hashable:
        """Which server owns a key, as last seen: what goes to different ones need not wait for each other."""
        return self.once.node_of(key) if isinstance(self.once, Cluster) else None

    async def settle(self, key: str) -> None:
        """Returns when what the store holds where `key` is outlives the loss of a machine, as far as it can.

        One server syncs a write before anybody can read it; a cluster is asked. Raises as commands do.
        """
        if isinstance(self.once, Cluster):
            await self.once.settle(key)

    async def close(self) -> None:
        await self.once.aclose()


async def connect(url: str) -> Clients:
    """Connects to ``redis://``, ``rediss://`` or ``unix://`` and checks that the server there will do.

    A node of a cluster stands for all of it; several may be named, separated by commas, the later ones as
    ``HOST:PORT`` alone if they share the first one's name and password.

    Raises CannotConnect, WrongPassword, TooOld (below Redis 6.2, Valkey 7.2; of a cluster Redis 7.2), Evicts
    (it may drop keys), Forgets (it keeps nothing on disk) or NoCluster (several addresses of what is none).
    """
    addresses = _addresses(url)
    for address in addresses:
        try:
            pool, info = await _asked(address)
            break
        except CannotConnect:
            if address is addresses[-1]:
                raise
    try:
        if int(info.get("cluster_enabled", 0)):
            return await _cluster(addresses, pool)
        if len(addresses) > 1:
            raise NoCluster("is no node of a cluster: name it alone")
        server = suitable(info)
        appendfsync = await _appendfsync(pool)
    except StoreUnusable as error:
        raise type(error)(f"{_shown(address)}: {error}") from None
    finally:
        await pool.disconnect()
    return Clients(_client(address), server, appendfsync)


def suitable(info: dict[str, Any]) -> str:
    """The server's name and version, from its INFO. Raises TooOld, Evicts or Forgets."""
    kind = "valkey" if "valkey_version" in info else "redis"
    version = str(info.get(f"{kind}_version", "0"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    clustered = bool(int(info.get("cluster_enabled", 0)))
    needed = max(OLDEST[kind], WAITAOF) if clustered else OLDEST[kind]
    if numbers < needed:
        oldest = ".".join(str(part) for part in needed)
        which = " in a cluster" if clustered else ""
        raise TooOld(f"{kind.capitalize()} {version} is too old: {oldest} or newer is needed{which}")
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if int(info.get("maxmemory", 0)) and policy != "noeviction":
        raise Evicts(
            f"maxmemory-policy {policy} would throw votes away when memory is short: set it to noeviction"
        )
    if not int(info.get("aof_enabled", 1)):
        raise Forgets(
            "appendonly is no: votes that were acknowledged would be gone after a restart: "
            "set appendonly to yes and appendfsync to always"
        )
    return f"{kind.capitalize()} {version}"


async def _asked(address: str) -> tuple[ConnectionPool, dict[str, Any]]:
    """A pool of connections to an address, and the INFO of the server there."""
    try:
        client = _client(address)
    except ValueError as error:
        raise CannotConnect(f"{_shown(address)} is not an address of a store: {error}") from error
    try:
        info: dict[str, Any] = await client.info("everything")
    except (exceptions.RedisError, OSError) as error:
        await client.aclose()
        if isinstance(error, exceptions.NoPermissionError):
            raise WrongPassword(f"{_shown(address)} does not allow this user enough: {error}") from error
        # redis-py wraps what goes wrong in its handshake once more.
        if isinstance(error, exceptions.AuthenticationError) or isinstance(
            error.__cause__, exceptions.AuthenticationError
        ):
            said = (
                "refuses the name or password"
                if "@" in address
                else "wants a password, and the address has none"
            )
            raise WrongPassword(f"{_shown(address)} {said}") from error
        raise CannotConnect(f"cannot connect to {_shown(address)}: {error}") from error
    return client.connection_pool, info


async def _cluster(addresses: Sequence[str], pool: ConnectionPool) -> Clients:
    """Clients of a cluster whose every node that answers will do."""
    kwargs = pool.connection_kwargs
    seeds = [_node(address) for address in addresses]
    chart = Chart(seeds, ConnectionPool(connection_class=pool.connection_class, **kwargs))
    clients = Clients(Cluster(chart, OPERATION_S), "")
    try:
        await chart.look()
        servers = set[str]()
        for node in chart.topology.known:
            nodes_own = chart.pool(node, 1)
            try:
                info: dict[str, Any] = await Redis(connection_pool=nodes_own).info("everything")
                servers.add(suitable(info))
                if await _appendfsync(nodes_own) not in ("", "always"):
                    raise Forgets(
                        "appendfsync must be always: else no write is known to be on two disks in time"
                    )
            except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
                log.warning(
                    "a node of the cluster does not answer",
                    node=f"{node.host}:{node.port}",
                    error=repr(error),
                )
            except StoreUnusable as error:
                raise type(error)(f"node {node.host}:{node.port}: {error}") from None
            finally:
                await nodes_own.disconnect()
    except BaseException:
        await clients.close()
        raise
    count = len(chart.topology.primaries)
    return Clients(clients.once, f"{', '.join(sorted(servers))}, a cluster of {count}")


async def _appendfsync(pool: ConnectionPool) -> str:
    """How a server syncs its file; empty where it does not tell us."""
    with contextlib.suppress(exceptions.ResponseError):
        found: dict[Any, Any] = await Redis(connection_pool=pool).config_get("appendfsync")
        for said in found.values():
            return said.decode() if isinstance(said, bytes) else str(said)
    return ""


def _addresses(url: str) -> list[str]:
    """``redis://u:p@a:1,b:2`` taken apart; each whole."""
    first, *others = url.split(",")
    scheme, _, rest = first.partition("://")
    name, at, _ = rest.rpartition("@")
    return [first, *(other if "://" in other else f"{scheme}://{name}{at}{other}" for other in others)]


def _node(address: str) -> Node:
    kwargs = ConnectionPool.from_url(address).connection_kwargs
    return Node(kwargs.get("host", "localhost"), int(kwargs.get("port", 6379)))


def _client(url: str) -> "Redis":
    # bounded, and then waited for: a thousand phones that come back at once must not open as many
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=OPERATION_S,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_S,
        socket_timeout=OPERATION_S,
        decode_responses=False,
    )
    heed(pool)
    return Redis.from_pool(pool)


def _shown(url: str) -> str:
    """The address without the password in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else "the address"
