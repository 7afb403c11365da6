"""What a process knows of a cluster: asked of all its nodes at once, whenever somebody has doubts."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis

from gala.store.topology import NOTHING, Node, Topology, merged, parse

AGE_S = 2.0
"""After which all are asked again, although nobody has doubts: a replica may have come that is waited for."""

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
        self._looked_s = 0.0  # by the loop's time
        self._looking: asyncio.Task[None] | None = None

    def pool(self, node: Node, connections_max: int, **options: Any) -> BlockingConnectionPool:
        """Connections to one node, as to the seeds."""
        kwargs = self.options.connection_kwargs | {"host": node.host, "port": node.port} | options
        return BlockingConnectionPool(
            max_connections=connections_max,
            timeout=kwargs.get("socket_timeout"),
            connection_class=self.options.connection_class,
            **kwargs,
        )

    def keep_fresh(self) -> None:
        """Looks again in the background, if the last look is long past."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._looked_s > AGE_S:
            self._looked_s = loop.time()
            self._looking = loop.create_task(self._look_again())

    async def _look_again(self) -> None:
        with contextlib.suppress(Unsettled):  # whoever needs it will find out
            async with self._turn:
                await self._look()

    async def look(self) -> None:
        """Asks the nodes anew if there are doubts. Raises Unsettled when none answers."""
        async with self._turn:
            if self.doubted:
                await self._look()

    async def _look(self) -> None:
        nodes = {*self._seeds, *self.topology.known}
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
        found = merged(views)
        if found != self.topology:  # what hangs on it may stay when nothing has changed
            self.topology = found
        self._looked_s = asyncio.get_running_loop().time()
        self.doubted = False

    async def _ask(self, node: Node) -> Any:
        client = self._asking.get(node)
        if client is None:
            client = self._asking[node] = Redis(connection_pool=self.pool(node, 2))
        # in two words, so that redis-py leaves the reply as it is
        said: bytes = await client.execute_command("CLUSTER", "NODES")  # type: ignore[no-untyped-call]
        return parse(said.decode(), node)

    async def aclose(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        for client in self._asking.values():
            await client.connection_pool.disconnect()
        await self.options.disconnect()
