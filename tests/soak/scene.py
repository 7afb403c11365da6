"""What every campaign has: a store, the service, a crowd that plays one game after the other, a verdict."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from gala.store import keys
from gala.store.clients import CannotConnect, Clients, connect
from gala.store.valkey import EmbeddedValkey, running_at
from tests.primaries import Primaries
from tests.soak.between import Replied, StoreProxy
from tests.soak.check import Verdict, check
from tests.soak.crowd import Crowd
from tests.soak.history import boxes_of, write, write_boxes
from tests.soak.theatre import PATIENCE_S, SOAK, Theatre
from voting.box import PAGE


class Outcome(msgspec.Struct, kw_only=True):
    """What a campaign found. rss_kib: how much larger the edge was afterwards, where that was asked.

    wrong: what does not hold, in words; empty when all is well. said: what else is worth knowing.
    """

    fault: str
    seed: str
    runs: int = 0
    sent: int = 0
    acked: int = 0
    counted: int = 0
    lost: int = 0
    doubled: int = 0
    pause_ms: float = 0.0
    rss_kib: int | None = None
    wrong: list[str] = []
    said: list[str] = []
    skipped: str = ""  # why it could not be tried here

    def grew(self, kib: int) -> None:
        """The edge is so much larger than before this fault."""
        self.rss_kib = max(kib, self.rss_kib or 0)

    def take(self, verdict: Verdict) -> None:
        """The checker's verdict."""
        self.sent, self.acked, self.counted = verdict.sent, verdict.acked, verdict.counted
        self.lost, self.doubled = len(verdict.lost), len(verdict.doubled)
        self.wrong += verdict.faults
        if not verdict.acked:
            self.wrong.append("nothing was acknowledged: this proves nothing")


class Scene:
    """A campaign while it runs. `theatres` are edges of one evening, over one store at `store_url`."""

    def __init__(self, folder: Path, theatres: list[Theatre], crowd: Crowd, chance: random.Random) -> None:
        self.folder = folder
        self.theatres = theatres
        self.crowd = crowd
        self.chance = chance
        self.rounds: list[str] = []
        self.server: EmbeddedValkey | None = None  # where the campaign holds the store itself
        self.proxies: list[StoreProxy] = []
        self.primaries: Primaries | None = None  # where the store is a cluster

    @property
    def theatre(self) -> Theatre:
        """The first, or only one."""
        return self.theatres[0]

    @property
    def store_url(self) -> str:
        """Where the store is, past any proxy; of the service's own store, where it is now."""
        if self.primaries is not None:
            return self.primaries.url
        return self.server.url if self.server is not None else running_at(self.theatre.folder / "store")

    async def open(self, segment: str) -> None:
        """Opens a segment's round, and lets the crowd play it."""
        round_id = f"{SOAK.id}/{segment}/1"
        await self.theatre.go(f"{segment}.start")
        self.rounds.append(round_id)
        self.crowd.play()
        async with asyncio.timeout(PATIENCE_S):
            await self.crowd.until(lambda: any(a.round == round_id for a in self.crowd.history[-50:]))

    def listen(self, replied: Replied) -> None:
        """Sets what is asked of every reply of the store, at every proxy."""
        for proxy in self.proxies:
            proxy.replied = replied

    def ask_store(self) -> "redis.Redis":
        """A client of the store, past any proxy; to be closed. Its errors rise."""
        return redis.Redis.from_url(self.store_url, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))

    @property
    def store_pid(self) -> int:
        """The store's process, 0 while it does not answer."""
        with contextlib.suppress(redis.RedisError, OSError, ValueError), self.ask_store() as client:
            return int(client.info("server")["process_id"])
        return 0

    async def lock(self) -> None:
        """Locks the round that runs, while the crowd goes on playing; and waits until they notice."""
        segment = self.rounds[-1].split("/")[1]
        await self.theatre.go(f"{segment}.lock")
        async with asyncio.timeout(PATIENCE_S):
            await self.crowd.until(
                lambda: all(
                    phone.round is None or phone.round["state"] != "open" for phone in self.crowd.phones
                )
            )

    async def judge(self, outcome: Outcome) -> None:
        """Waits until no fate is open, and holds the history against the boxes. Both are kept on disk."""
        async with asyncio.timeout(2 * PATIENCE_S):
            await self.crowd.settle()
        clients = await _reached(self)
        try:
            given = int(await clients.once.get(keys.numbers(SOAK.id)) or 0)
            boxes = await boxes_of(clients.once, SOAK, self.rounds, -(-given // PAGE) or 1)
        finally:
            await clients.close()
        write(self.folder / "history.jsonl", self.crowd.history)
        write_boxes(self.folder / "boxes.json", boxes)
        outcome.take(check(self.crowd.history, boxes))
        outcome.pause_ms = self.crowd.pause_ms


async def _reached(scene: Scene) -> Clients:
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await connect(scene.store_url)
        except (CannotConnect, RedisError, OSError):
            assert time.monotonic() < until_s
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def scene(
    folder: Path,
    seed: str,
    *,
    phones: int,
    edges: int = 1,
    own_store: bool = False,
    cluster: bool = False,
    pace_s: float = 0.15,
) -> AsyncIterator[Scene]:
    """An evening with a crowd that is there and rests.

    own_store: the service runs its store by itself; otherwise the campaign does, with a proxy before it for
    each edge. cluster: the store is a cluster, and half of the viewers are on one page, half on the next.
    """
    async with contextlib.AsyncExitStack() as stack:
        server, proxies, theatres, primaries = None, [], [], None
        if cluster:
            primaries = await _cluster(stack, folder, PAGE - phones // 2)
        elif not own_store:
            server = EmbeddedValkey(folder / "store")
            await asyncio.to_thread(server.start)
            stack.push_async_callback(asyncio.to_thread, server.stop)
        turn = asyncio.Lock()
        for edge in range(edges):
            url = ""
            if server is not None:
                proxies.append(await stack.enter_async_context(StoreProxy(path_of(server), turn)))
                url = proxies[-1].url
            elif primaries is not None:
                url = f"redis://127.0.0.1:{primaries.members[-1].port}"  # a replica knows them all
            theatres.append(await stack.enter_async_context(Theatre(folder / f"edge-{edge}", url)))
        crowd = await stack.enter_async_context(Crowd(SOAK.id, seed))
        found = Scene(folder, theatres, crowd, random.Random(f"{seed}/faults"))
        found.server, found.proxies, found.primaries = server, proxies, primaries
        crowd.join(phones, [theatre.url for theatre in theatres], pace_s=pace_s)
        async with asyncio.timeout(PATIENCE_S):
            await crowd.until(lambda: crowd.online == phones)
        yield found


async def _cluster(stack: contextlib.AsyncExitStack, folder: Path, first: int) -> Primaries:
    """A cluster that replaces primaries soon, and gives out numbers from this one on."""
    primaries = Primaries(folder / "cluster")
    stack.push_async_callback(asyncio.to_thread, primaries.stop)
    await asyncio.to_thread(primaries.start)
    primaries.make_hasty()
    clients = await connect(primaries.url)
    await clients.once.set(keys.numbers(SOAK.id), first)
    await clients.close()
    return primaries


def path_of(server: EmbeddedValkey) -> str:
    """The socket of a store."""
    return server.url.removeprefix("unix://")
