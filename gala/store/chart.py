"""What a process knows of a cluster: asked of all its nodes at once, whenever somebody has doubts."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis

from gala.store.topology import NOTHING, Node, Topology, merged, parse

LOOK_S = 0.25
"""How long all nodes have to say what they know of the cluster; after that one is enough."""


class Unsettled(exceptions.ConnectionError):
    """The cluster has not been able to say who has the key; nothing was done."""


class Chart:
    """What is known of the cluster; shared by the clients of a process.

    seeds: where to begin, and to begin anew when all nodes known have gone. options: a pool that is used for
    nothing but its way to connect.
    """

    def __init__(self, seeds: Sequence[Node], options: ConnectionPool) -> None:
        self._seeds = tuple(seeds)
        self.options = options
        self._asking: dict[Node, Redis] = {}
        self._turn = asyncio.Lock()
        self.topology: Topology = NOTHING  # written by `look`
        self.doubted = True  # set by whoever failed, cleared by `look`

    def pool(self, node: Node, connections_max: int, **options: Any) -> BlockingConnectionPool:
        """Connections to one node, as to the seeds."""
        kwargs = self.options.connection_kwargs | {"host": node.host, "port": node.port} | options
        return BlockingConnectionPool(
            max_connections=connections_max,
            timeout=options.get("socket_timeout"),
            connection_class=self.options.connection_class,
            **kwargs,
        )

    async def look(self, seen: Topology) -> None:
        """Asks the nodes anew, unless somebody else has since `seen`. Raises Unsettled when none answers."""
        async with self._turn:
            if self.topology is not seen and not self.doubted:
                return
            nodes = {*self._seeds, *seen.known}
            asked = [asyncio.ensure_future(self._ask(node)) for node in sorted(nodes)]
            try:
                done, late = await asyncio.wait(asked, timeout=LOOK_S)
                while late and all(task.exception() for task in done):
                    some, late = await asyncio.wait(late, return_when=asyncio.FIRST_COMPLETED)
                    done |= some
            finally:
                for task in asked:
                    task.cancel()
                await asyncio.gather(*asked, return_exceptions=True)
            views = [task.result() for task in asked if not task.cancelled() and not task.exception()]
            if not views:
                raise Unsettled("no node of the cluster answers")
            self.topology = merged(views)
            self.doubted = False

    async def _ask(self, node: Node) -> Any:
        client = self._asking.get(node)
        if client is None:
            client = self._asking[node] = Redis(connection_pool=self.pool(node, 2))
        # in two words, so that redis-py leaves the reply as it is
        said: bytes = await client.execute_command("CLUSTER", "NODES")  # type: ignore[no-untyped-call]
        return parse(said.decode(), node)

    async def aclose(self) -> None:
        for client in self._asking.values():
            await client.connection_pool.disconnect()
        await self.options.disconnect()
