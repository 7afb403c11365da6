"""A Redis or Valkey Cluster as one store: every command goes to the node that owns its key, and what it wrote
is on two disks before its reply is believed.

redis-py has a client for clusters. Three things kept us from it: it repeats commands whose reply was lost,
it does not say on which connection a command went (WAITAOF speaks of the writes of its own connection), and
its redirections have had the faults listed in docs/decisions/0011-…. So this is a `Redis` as every other,
with its commands, scripts and pipelines, that finds the node and does the following for all of them:

- *Sent once.* A command is tried again only when it is certain that it was not carried out: no connection,
  MOVED, ASK, TRYAGAIN, CLUSTERDOWN, NOSCRIPT. All of it within one deadline; whoever asked asks again.
- *Durable.* Unless nothing rests on it (`FREE`, `keys.RENEWED`), a command is followed, in the same write on
  the same connection, by a write to a key of that node (its *mark*) and by WAITAOF. So also what it merely
  *found* is durable: another connection may have written it a moment ago. Short counts are `NotDurable`.
- *Everywhere*: what concerns a whole server (FLUSHALL, SCRIPT) goes to all primaries.

Which keys share a node their hash tags decide (`gala.store.keys`); commands of a pipeline may belong to many.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.commands.core import AsyncScript

from gala.store import keys
from gala.store.chart import Chart, Unsettled
from gala.store.disks import check, on_disks
from gala.store.topology import Node, Topology, mark_of, slot_of, tag_of

FREE = frozenset(("GET", "HGET", "HGETALL", "HMGET", "XRANGE", "TIME", "INFO", "PING", "SCAN", "CONFIG GET"))
"""Reads whose answer no acknowledgement rests on. GETRANGE is not among them: a slot that is read decides
whether a play is *already* counted. Of the log, `ShowLog` asks for itself what it needs (`settle`)."""

EVERYWHERE = frozenset(("CLIENT KILL", "FLUSHALL", "SCRIPT FLUSH", "SCRIPT LOAD"))

PAUSE_S = (0.0, 0.01, 0.02, 0.05, 0.1)
"""Before a command is tried again: a failover takes seconds, a slot's last key milliseconds."""

CONNECTIONS_MAX = 64
"""A node: each waits for a replica's disk, and a thousand phones that come back must not open as many."""


class Command(NamedTuple):
    """args as for `Redis.execute_command`; options for redis-py's reading of the reply."""

    args: tuple[Any, ...]
    options: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def free(self) -> bool:
        """Whether nothing rests on it that is told to anybody."""
        return self.name in FREE or key_of(self.args).partition(":")[0] in keys.RENEWED


RAW = Command(("",), {})  # a reply that is taken as it comes


class Target(NamedTuple):
    """Where a command goes next. asking: the node is still taking the slot over."""

    node: Node
    asking: bool = False


class Unreached(Exception):
    """No connection: what was to be sent has not been."""


def key_of(args: Sequence[Any]) -> str:
    """A command's first key; empty when it has none, and so belongs to the owner of slot 0."""
    match args:
        case ("EVAL" | "EVALSHA", _, _, key, *_):
            return str(key)
        case ("TIME" | "INFO" | "PING" | "SCAN" | "CONFIG GET", *_):
            return ""
        case (_, key, *_):
            return key.decode() if isinstance(key, bytes) else str(key)
    raise ValueError(f"{args[0]} names no key")


class Cluster(Redis):
    """See the module. operation_s: the deadline of a command with all its redirections.

    `register_script` as in redis-py; a pipeline has no transactions.
    """

    def __init__(self, chart: Chart, operation_s: float) -> None:
        super().__init__(connection_pool=chart.options)  # it reads from it how replies are to be read
        self._chart = chart
        self._operation_s = operation_s
        self._pools: dict[Node, BlockingConnectionPool] = {}
        self._texts: dict[str, str] = {}  # of scripts, by their SHA-1
        self._marks: dict[Node, str | None] = {}
        self._marked: Topology | None = None  # by which the marks were chosen
        self._shunned: set[int] = set()  # slots that were moving when a mark was set there

    @property
    def topology(self) -> Topology:
        """As last seen."""
        return self._chart.topology

    def node_of(self, key: str) -> Node | None:
        """Who owns a key, as last seen."""
        return self.topology.owner(slot_of(key))

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: ARG002 - redis-py's
        for pool in self._pools.values():
            await pool.disconnect()
        await self._chart.aclose()

    def register_script(self, script: Any) -> AsyncScript:  # type: ignore[override]
        registered = super().register_script(script)
        self._texts[registered.sha] = script
        return registered

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: ARG002
        if transaction:
            raise ValueError("a cluster has no transactions over several keys: use a script")
        return _ClusterPipeline(self)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        command = Command(args, options)
        if command.name in EVERYWHERE:
            return await self._everywhere(command)
        [reply] = await self.execute([command])
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def settle(self, key: str) -> None:
        """Returns when all that the owner of `key` holds now is durable. Raises as commands do."""
        await self.execute([Command(("EXISTS", key), {})])

    async def scan_iter(self, match: Any = None, **more: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        """The keys of all primaries, in no order."""
        async with self._in_time():
            await self._looked()
        for node in self.topology.primaries:
            async for key in Redis(connection_pool=self._pool(node)).scan_iter(match=match, **more):
                yield key

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        """The replies in order, errors of the server among them as values."""
        commands = list(commands)
        replies: list[Any] = [None] * len(commands)
        left: dict[int, Target | None] = dict.fromkeys(range(len(commands)))
        tries = 0
        async with self._in_time():
            while left:
                await self._looked()
                left = await self._round(commands, left, replies)
                if left:
                    await asyncio.sleep(PAUSE_S[min(tries, len(PAUSE_S) - 1)])
                    tries += 1
        return replies

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._operation_s):
                yield
        except TimeoutError as error:
            self._chart.doubted = True
            raise exceptions.TimeoutError("the cluster did not do it in time") from error
        except BaseException:  # a lost reply, or whoever asked has given up
            self._chart.doubted = True
            raise

    async def _looked(self) -> None:
        """Returns when it is known who serves what; a cluster that nobody reaches is waited for."""
        while self._chart.doubted:
            try:
                await self._chart.look()
            except Unsettled:
                await asyncio.sleep(PAUSE_S[-1])
        self._chart.keep_fresh()

    async def _round(
        self, commands: list[Command], left: dict[int, Target | None], replies: list[Any]
    ) -> dict[int, Target | None]:
        """Sends what is left, to all nodes at once; returns what is left then, and where to if known."""
        groups: dict[Target, list[int]] = {}
        again: dict[int, Target | None] = {}
        for index, target in left.items():
            node = self.topology.owner(slot_of(key_of(commands[index].args)))
            if target is None and node is None:
                again[index] = None  # nobody serves that slot now
                self._chart.doubted = True
            else:
                groups.setdefault(target or Target(node), []).append(index)  # type: ignore[arg-type]
        found = await asyncio.gather(
            *(self._at(target, commands, indices) for target, indices in groups.items()),
            return_exceptions=True,
        )
        for (target, indices), said in zip(groups.items(), found, strict=True):
            if isinstance(said, Unreached):
                self._chart.doubted = True
                again |= dict.fromkeys(indices)
            elif isinstance(said, BaseException):
                raise said
            else:
                for index, reply in zip(indices, said, strict=True):
                    if not self._redirected(target, index, reply, commands, again):
                        replies[index] = reply
        return again

    def _redirected(
        self,
        target: Target,
        index: int,
        reply: Any,
        commands: list[Command],
        again: dict[int, Target | None],
    ) -> bool:
        """Whether `reply` only says that the command was not carried out, and what to do instead."""
        match reply:
            case exceptions.MovedError():
                self._chart.doubted = True
                again[index] = Target(Node(reply.host or target.node.host, reply.port))
            case exceptions.AskError():
                again[index] = Target(Node(reply.host or target.node.host, reply.port), asking=True)
            case exceptions.TryAgainError():
                again[index] = target
            case exceptions.ClusterDownError():
                self._chart.doubted = True
                again[index] = None
            case exceptions.NoScriptError() if commands[index].args[1] in self._texts:
                name, sha, *rest = commands[index].args
                assert name == "EVALSHA"
                commands[index] = Command(("EVAL", self._texts[sha], *rest), commands[index].options)
                again[index] = target
            case _:
                return False
        return True

    async def _at(self, target: Target, commands: Sequence[Command], indices: Sequence[int]) -> list[Any]:
        """One write to one node and its replies. Raises NotDurable, and redis-py's errors when it is cut."""
        chosen = [commands[index] for index in indices]
        fenced = next((command for command in reversed(chosen) if not command.free), None)
        wire: list[tuple[Any, ...]] = []
        for command in chosen:
            wire += [("ASKING",), command.args] if target.asking else [command.args]
        replicas = self.topology.replicas.get(target.node, 1)
        if fenced is not None:
            mark = self._mark(target, fenced)
            wire += [("ASKING",), ("SET", mark, "")] if target.asking else [("SET", mark, "")]
            disks = on_disks(replicas, self._operation_s)
            wire += disks
        pool = self._pool(target.node)
        try:
            connection = await pool.get_connection()  # type: ignore[no-untyped-call]
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
            raise Unreached from error
        try:
            await connection.send_packed_command(connection.pack_commands(wire))
            said: list[Any] = []
            for command in chosen:
                if target.asking:
                    await self._reply(connection, RAW)
                said.append(await self._reply(connection, command))
            done = fenced is not None and any(not _is_redirection(one) for one in said)
            if done:
                if target.asking:
                    await self._reply(connection, RAW)
                settled = [await self._reply(connection, RAW) for _ in range(1 + len(disks))]
            elif fenced is not None:  # nothing was done, and its disks are not worth waiting for
                await connection.disconnect(nowait=True)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        finally:
            await pool.release(connection)
        if done:
            if isinstance(settled[0], exceptions.AskError):  # the mark's own slot is on its way
                self._shunned.add(slot_of(mark))
                self._marks.clear()
            check(settled, target.node, replicas)
        return said

    def _mark(self, target: Target, command: Command) -> str:
        """The key to be written behind a command: not in its own slot, which may be moving just now and would
        then have the key on both sides."""
        if self._marked is not self.topology:
            self._marked = self.topology
            self._marks.clear()
            self._shunned.clear()
        if target.node not in self._marks:
            self._marks[target.node] = mark_of(self.topology, target.node, self._shunned)
        # a node that is taking over its first slot has no other
        return self._marks[target.node] or f"mark:{{{tag_of(key_of(command.args))}}}"

    async def _reply(self, connection: Any, command: Command) -> Any:
        try:
            return await self.parse_response(connection, command.name, **command.options)
        except exceptions.ResponseError as error:
            return error

    async def _everywhere(self, command: Command) -> Any:
        async with self._in_time():
            await self._looked()
        replies = [
            await Redis(connection_pool=self._pool(node)).execute_command(  # type: ignore[no-untyped-call]
                *command.args, **command.options
            )
            for node in self.topology.primaries
        ]
        return replies[0]

    def _pool(self, node: Node) -> BlockingConnectionPool:
        pool = self._pools.get(node)
        if pool is None:
            pool = self._chart.pool(node, CONNECTIONS_MAX, socket_timeout=self._operation_s)
            self._pools[node] = pool
        return pool


def _is_redirection(reply: Any) -> bool:
    kinds = (
        exceptions.AskError,
        exceptions.TryAgainError,
        exceptions.ClusterDownError,
        exceptions.NoScriptError,
    )
    return isinstance(reply, kinds)


class _ClusterPipeline(Pipeline):
    """Commands that go out together, each to its node; no transaction."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.connection_pool, cluster.response_callbacks, False, None)
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = [Command(tuple(args), dict(options)) for args, options in self.command_stack]
        self.command_stack = []
        replies = await self._cluster.execute(commands) if commands else []
        if raise_on_error:
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
        return replies
