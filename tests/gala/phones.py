"""Phones on real sockets, over python-socketio's own client, which is not ours; and an evening for them."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Self

import pytest
import socketio
from redis.asyncio import Redis

from gala.clock import GalaClock
from gala.draws.beacons import chain_and_signature
from gala.evening import Evening, open_evening
from gala.protocol.crew import CuePost
from gala.rundown import Rundown
from gala.settings import Settings
from gala.timekeeping import World, world_of
from tests.conftest import PATIENCE_S
from tests.gala.hall import SECRET
from tests.gala.story import SHORT

NOW_S = 1_573_385_400


class Hand:
    """A monotonic clock turned by hand."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns

    def turn(self, seconds: float) -> None:
        self.ns += int(seconds * 1_000_000_000)

    def world(self, _redis: Redis) -> World:
        """A world whose every clock is turned by this hand, but for the one that tells who is still there."""

        async def store_ms() -> float:
            return self.ns / 1e6

        return World(lambda: self.ns / 1e6, store_ms, time.monotonic_ns)


class Watch:
    """One process's monotonic clock: the hand's, and `ahead_ms` of it where a test makes it wrong."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self.ahead_ms = 0

    def __call__(self) -> int:
        return self._hand.ns + self.ahead_ms * 1_000_000


class Stage:
    """An evening that runs, with a clock turned by hand and a desk at hand."""

    def __init__(self, evening: Evening, hand: Hand, watch: Watch) -> None:
        self.evening = evening
        self.hand = hand
        self.watch = watch
        self._presses = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.evening.public.port}"

    @property
    def crew_url(self) -> str:
        return f"http://127.0.0.1:{self.evening.crew_listener.port}"

    def crew_pass(self, role: Any, name: str = "Mei") -> str:
        return self.evening.passes.crew(role, name, expires_at_s=NOW_S + 60)

    def wait(self, seconds: float) -> None:
        """Gala time passes; the roles notice in their next steps."""
        self.hand.turn(seconds)

    async def until(self, heard: Coroutine[Any, Any, Any]) -> Any:
        """Lets gala time pass, a tenth of a second a moment, until this is heard."""
        hearing = asyncio.create_task(heard)
        while not (await asyncio.wait({hearing}, timeout=0.03))[0]:
            self.wait(0.1)
        return hearing.result()

    async def cue(self, kind: str, **more: Any) -> None:
        """A cue through the desk's own door; it must be taken."""
        self._presses += 1
        held = self.evening.passes.read_crew(self.crew_pass("director"), NOW_S)
        status, reply = await self.evening.crew.post(
            CuePost(id=f"press-{self._presses}", cue=kind, **more), held
        )
        assert status == 200, reply

    async def go(self, target: str, **more: Any) -> None:
        """Arms a cue and presses GO."""
        await self.cue("standby", target=target)
        await self.cue("go", expect={"standby": target}, **more)


@contextlib.asynccontextmanager
async def patiently(opening: AbstractAsyncContextManager[Evening]) -> AsyncIterator[Evening]:
    """An evening that has time to connect to its store: how busy the machine is says nothing of it."""
    async with contextlib.AsyncExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gala.store.clients.CONNECT_S", PATIENCE_S)
            evening = await stack.enter_async_context(opening)
        yield evening


@contextlib.asynccontextmanager
async def running(
    url: str,
    data: Path,
    *,
    rundown: Rundown = SHORT,
    rate: float = 0.0,
    beside: Stage | None = None,
    port: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Stage]:
    """A whole evening with listeners, over the store at `url`; by its end no role may have failed.

    rate: how fast gala time runs; 0: by hand. beside: another process of that evening, with the same hand.
    port: a public port that it shares with others. settings: further ones of the service.
    """
    hand = beside.hand if beside is not None else Hand()
    start_ms = rundown.starts_at_ms
    watch = Watch(hand)
    clock = GalaClock(start_ms, rate) if rate else GalaClock(start_ms, monotonic_ns=watch)
    if beside is not None:
        clock.not_before(beside.evening.clock.now_ms())
    chain, signature = chain_and_signature(rundown, SECRET)
    opening = open_evening(
        Settings(data=data, redis_url=url, public_port=port, crew_port=0, **(settings or {})),
        rundown,
        rehearsal=True,
        clock=clock,
        chain=chain,
        signature=signature,
        secret=SECRET,
        entropy=os.urandom,
        wall_s=lambda: NOW_S,
        world=world_of if rate else hand.world,
        grace_ms=int(500 * max(1, rate)),
        shared=bool(port),
    )
    async with patiently(opening) as evening:
        running = asyncio.create_task(evening.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while evening.edge.rotation.out or not (evening.edge.state.version and evening.crew.ready):
                    await asyncio.sleep(0)
            yield Stage(evening, hand, watch)
        finally:
            evening.stop()
            await running
        assert evening.faults == []


class Refused(Exception):
    """The CONNECT was refused; `content` says why."""

    def __init__(self, content: Any) -> None:
        super().__init__(str(content))
        self.content = content


class Phone:
    """One connection to /viewer. `heard` keeps every message with the gala time of its arrival;
    `news` is notified of each."""

    def __init__(self, stage: Stage, namespace: str = "/viewer") -> None:
        self._stage = stage
        self._namespace = namespace
        self._client = socketio.AsyncClient(serializer="msgpack", reconnection=False)
        self.news = asyncio.Condition()
        self.heard: list[tuple[str, Any, int]] = []
        self.gone = asyncio.Event()

    @classmethod
    async def connect(
        cls, stage: Stage, *, url: str = "", namespace: str = "/viewer", by: str = "", **auth: Any
    ) -> Self:
        """Connects with this auth (`pass_` for pass); raises `Refused`. by: what a proxy in between says it
        comes from."""
        phone = cls(stage, namespace)
        refusals: list[Any] = []

        async def on_any(event: str, *content: Any) -> None:
            async with phone.news:
                now_ms = stage.evening.clock.now_ms()
                phone.heard.append((event, content[0] if content else None, now_ms))
                phone.news.notify_all()

        client = phone._client
        client.on("*", on_any, namespace=namespace)
        client.on("connect_error", refusals.append, namespace=namespace)
        client.on("disconnect", lambda *_: phone.gone.set(), namespace=namespace)
        said = {name.rstrip("_"): value for name, value in auth.items()}
        try:
            await client.connect(
                url or stage.url,
                headers={"X-Forwarded-For": by} if by else {},
                auth=said,
                transports=["websocket"],
                namespaces=[namespace],
                wait_timeout=PATIENCE_S,
            )
        except socketio.exceptions.ConnectionError as error:
            await phone.close()
            raise Refused(refusals[0] if refusals else str(error)) from error
        return phone

    async def close(self) -> None:
        """Hangs up."""
        await self._client.disconnect()

    async def hear(self, event: str, meets: Callable[[Any], object] = lambda _: True) -> Any:
        """The newest message of that name that meets the wish; waits for it."""
        async with asyncio.timeout(PATIENCE_S), self.news:
            while True:
                for name, content, _ in reversed(self.heard):
                    if name == event and meets(content):
                        return content
                await self.news.wait()

    def count(self, event: str) -> int:
        return sum(name == event for name, _, _ in self.heard)

    async def ask(self, event: str, content: Any = None) -> Any:
        """Sends, and waits for the acknowledgement."""
        return await self._client.call(event, content, namespace=self._namespace, timeout=PATIENCE_S)

    async def send(self, event: str, *content: Any) -> None:
        """Sends, and waits for nothing."""
        await self._client.emit(event, content, namespace=self._namespace)

    async def play(self, round_id: str, seq: int, *choices: str) -> Any:
        """A ballot; the answer."""
        move = {"choices": list(choices)}
        return await self.ask("play", {"round": round_id, "seq": seq, "at_ms": 0, "move": move})

    async def play_until_told(self, round_id: str, seq: int, *choices: str) -> Any:
        """As `play`, again and again while there is no other answer than to try again, and then when told."""
        while (reply := await self.play(round_id, seq, *choices))["status"] == "retry":
            await asyncio.sleep(reply["retry_after_ms"] / 1000)
        return reply


Join = Callable[..., Any]
