"""What tests of crew pages share: a crew's link, a person's vote without a browser, and a bare socket."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import msgpack
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page
from websockets.asyncio.client import ClientConnection, connect

from gala.crowd.line import ANSWER_S, CONNECT, CONNECT_ERROR, EVENT, Line
from gala.passes import CrewRole
from tests.e2e.conftest import Night

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def crew_pass(night: Night, role: CrewRole) -> str:
    return night.evening.passes.crew(role, role.title(), expires_at_s=int(time.time()) + 3600)


def crew_url(night: Night, path: str = "") -> str:
    return f"http://127.0.0.1:{night.evening.crew_listener.port}{path}"


async def is_clean(page: Page) -> None:
    """Fails with axe's own words where the page has an access fault."""
    found = await Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})  # not all passes
    assert found.violations_count == 0, found.generate_report()


async def vote(night: Night, choice: str) -> dict[str, Any]:
    """The answer to one ballot of a viewer in the hall who has seen the open poll."""
    return await play(night, {"choices": [choice]})


async def play(night: Night, move: dict[str, Any]) -> dict[str, Any]:
    """The answer to one move of a viewer in the hall who has seen an open round."""
    line = await Line.open(f"ws://127.0.0.1:{night.evening.public.port}", {"channel": "hall"})
    seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def listen() -> None:
        async for name, content in line.events():
            show = content["show"] if name == "welcome" else content
            if name in ("welcome", "show") and show.get("round") and not seen.done():
                seen.set_result(show["round"]["id"])

    listening = asyncio.create_task(listen())
    await line.ask("enter", {})
    said = {"round": await seen, "seq": 1, "at_ms": 0, "move": move}
    answer: dict[str, Any] = await line.ask("play", said)
    await line.close()
    await listening
    return answer


class Wire:
    """A socket of one namespace; `heard` is every byte that came, `events` what they mean."""

    def __init__(self, socket: ClientConnection, namespace: str) -> None:
        self._socket = socket
        self._namespace = namespace
        self.heard = b""
        self.events: list[tuple[str, Any]] = []

    async def connect(self, auth: dict[str, Any]) -> dict[str, Any]:
        """What a refused CONNECT said; empty when we are in."""
        await self._socket.recv()
        await self._socket.send(msgpack.packb({"type": CONNECT, "nsp": self._namespace, "data": auth}))
        answer = await self._packet()
        return answer["data"]["data"] if answer["type"] == CONNECT_ERROR else {}

    async def send(self, event: str, content: dict[str, Any]) -> None:
        """Sends an event that wants an answer, and does not wait for it."""
        asked = {"type": EVENT, "nsp": self._namespace, "data": [event, content], "id": 1}
        await self._socket.send(msgpack.packb(asked))

    async def ask(self, event: str) -> dict[str, Any]:
        """Sends an event and gives its answer."""
        await self.send(event, {})
        while True:
            packet = await self._packet()
            if packet.get("id") == 1:
                found: dict[str, Any] = packet["data"][0]
                return found

    async def until_version(self, version: int) -> None:
        """Listens until a show of that version, or a later one, has come."""
        while not any(
            (content if name == "show" else content["show"])["version"] >= version
            for name, content in self.events
            if name in ("show", "welcome")
        ):
            await self._packet()

    async def until_event(self, name: str) -> Any:
        """The content of the next event of that name, from now on."""
        known = len(self.events)
        while not any(found == name for found, _ in self.events[known:]):
            await self._packet()
        return next(content for found, content in self.events[known:] if found == name)

    async def _packet(self) -> dict[str, Any]:
        while True:
            frame = await self._socket.recv()
            if frame == "2":
                await self._socket.send("3")
            if isinstance(frame, bytes):
                self.heard += frame
                packet: dict[str, Any] = msgpack.unpackb(frame)
                if packet["type"] == EVENT:
                    self.events.append((packet["data"][0], packet["data"][1]))
                return packet


@contextlib.asynccontextmanager
async def wire(url: str, namespace: str) -> AsyncIterator[Wire]:
    """A bare connection to ``http://HOST:PORT``."""
    address = url.replace("http", "ws", 1)
    async with connect(
        f"{address}/socket.io/?EIO=4&transport=websocket",
        compression=None,
        proxy=None,
        open_timeout=ANSWER_S,
    ) as socket:
        yield Wire(socket, namespace)
