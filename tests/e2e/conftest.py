"""A real evening in the tests' own loop, and a real Chromium before it.

The show's clock is the test's to hurry; everything else is as `gala serve --rehearsal` has it. Each test has
an evening of its own. Chromium is started once, as that takes longer than most of these tests, and what is
started once lives in one loop: so the tests of this folder, and fixtures that await, share the session's.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from gala.clock import GalaClock
from gala.draws.beacons import chain_and_signature
from gala.evening import Evening, open_evening
from gala.protocol.crew import CuePost
from gala.rehearsal import BEFORE_MS
from gala.rundown.file import load
from gala.secret import service_secret
from gala.settings import Settings
from gala.show.state import State
from gala.timekeeping import world_of
from tests.conftest import PATIENCE_S
from tests.e2e.chromium import chromium_path

HERE = Path(__file__).parent
RUNDOWN = HERE / "evening.toml"
expect.set_options(timeout=PATIENCE_S * 1000)


@dataclass
class Night:
    """An evening that runs, with what a test does to it."""

    evening: Evening
    pressed: int = 0

    @property
    def phone_url(self) -> str:
        return f"http://127.0.0.1:{self.evening.public.port}/"

    @property
    def director_url(self) -> str:
        token = self.evening.passes.crew("director", "Mei", expires_at_s=int(time.time()) + 3600)
        return f"http://127.0.0.1:{self.evening.crew_listener.port}/director#pass={token}"

    @property
    def state(self) -> State:
        return self.evening.crew.state

    async def go(self, target: str, outcome: str = "") -> None:
        """Presses GO for `target`, which has to be on standby."""
        await self._press(CuePost(id="", cue="go", expect={"standby": target}, outcome=outcome))

    async def multiply(self, round_id: str, factor_bp: int, ms: int) -> None:
        """Makes points of this round weigh more for a while."""
        await self._press(CuePost(id="", cue="multiply", target=round_id, factor_bp=factor_bp, ms=ms))

    async def cue(self, kind: str, target: str = "", reason: str = "") -> None:
        """Presses something else on the desk: hold, resume, kill, ask_clap, clap."""
        await self._press(CuePost(id="", cue=kind, target=target, reason=reason))

    async def _press(self, post: CuePost) -> None:
        held = self.evening.passes.read_crew(self.director_url.split("=", 1)[1], int(time.time()))
        self.pressed += 1
        post = msgspec.structs.replace(post, id=f"test-{self.pressed}")
        status, reply = await self.evening.crew.post(post, held)
        assert status == 200, f"{post}: {reply.reason} {reply.detail}"

    async def until(self, holds: Callable[[State], bool]) -> None:
        """Waits until the show is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds(self.state):
                await asyncio.sleep(0.02)

    async def until_counted(self, plays: int) -> None:
        """Waits until this edge has counted so many plays."""
        async with asyncio.timeout(PATIENCE_S):
            while self.evening.edge.plays.counted < plays:
                await asyncio.sleep(0.02)

    async def to_locked(self) -> None:
        """From an open poll to one whose every gate is shut and sealed."""
        await self.go("tetris.lock")
        await self.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))


async def doors_open(evening: Evening) -> None:
    """Waits until every role has read the log and both listeners say that they are ready."""
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as http:
        for listener in (evening.public, evening.crew_listener):
            ready = False
            while not ready or not evening.overlays.ready:
                await asyncio.sleep(0.02)
                with contextlib.suppress(aiohttp.ClientConnectionError):  # it is bound, and not yet listening
                    async with http.get(f"http://127.0.0.1:{listener.port}/readyz") as reply:
                        ready = reply.status == HTTPStatus.OK


@contextlib.asynccontextmanager
async def running_night(
    folder: Path,
    plan: Path = RUNDOWN,
    *,
    before_ms: int = BEFORE_MS,
    rate: float = 1.0,
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Night]:
    """An evening over a folder of its own, with every role running.

    before_ms: how long before the show's start it begins, in gala time; rate: how fast gala time runs.
    settings: further ones of the service.
    """
    rundown = load(plan)
    chosen = Settings(data=folder, public_port=0, crew_port=0, **(settings or {}))
    secret = service_secret(chosen, secrets.token_bytes)
    chain, signature = chain_and_signature(rundown, secret)
    async with (
        open_evening(
            chosen,
            rundown,
            rehearsal=True,
            clock=GalaClock(rundown.starts_at_ms - before_ms, rate),
            chain=chain,
            signature=signature,
            secret=secret,
            entropy=secrets.token_bytes,
            wall_s=lambda: int(time.time()),
            world=world_of,
        ) as evening,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(evening.run())
        try:
            await doors_open(evening)
            yield Night(evening)
        finally:
            evening.stop()
            await running
    assert evening.faults == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of this folder share one loop."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    async with running_night(tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where it is; asked outside the loop, in which playwright would not tell."""
    return chromium_path()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium_running(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        yield found
        await found.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium_running: Browser) -> AsyncIterator[Browser]:
    """A Chromium without pages, before a test and after it. Each context is as a machine of its own."""
    assert chromium_running.contexts == []
    yield chromium_running
    for context in chromium_running.contexts:
        await context.close()
