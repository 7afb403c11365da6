"""An evening stepped by hand and everything that can be heard of it, byte by byte, with its gala time.

Nothing here is left to chance or to the machine's pace: names come from `Same`, the roles step in one order,
and every wire is heard out before time goes on. So two evenings that differ in one secret alone can be laid
side by side.
"""

import asyncio
import contextlib
import dataclasses
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgpack
from websockets.asyncio.client import ClientConnection, connect

from gala.clock import GalaClock
from gala.draws.beacons import chain_and_signature
from gala.edge.audience import Tuning
from gala.evening import Evening, open_evening
from gala.protocol.crew import CuePost
from gala.rundown import Rundown
from gala.settings import Settings
from gala.store import keys
from gala.wire.limits import Limits
from tests.gala.hall import SECRET, submit
from tests.gala.phones import NOW_S, Hand

CONNECT, EVENT, ACK = 0, 2, 3
PATIENCE_S = 30
STEP_MS = 1_000
ADDRESS = "https://gala.example/"  # the ports are others each time
CROWD = 1_000  # the crowd's first number; the sniffers' are below

Heard = list[tuple[int, bytes]]
"""What came over one wire: (ms since the show began, bytes)."""


class Same:
    """Entropy that is the same in every evening."""

    def __init__(self) -> None:
        self._drawn = 0

    def __call__(self, count: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(self._drawn.to_bytes(8, "big")).digest(count)


class Wire:
    """One socket, and every frame that came over it but for what the transport makes up."""

    def __init__(self, night: "Night", socket: ClientConnection, namespace: str, heard: Heard) -> None:
        self._night = night
        self._socket = socket
        self._namespace = namespace
        self.heard = heard
        self._asked = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._connected = asyncio.get_running_loop().create_future()
        self.held = ""  # the newest pass
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for frame in self._socket:
            if isinstance(frame, str):
                if frame == "2":
                    await self._socket.send("3")
                continue  # the open packet and pings: timings and a random name
            packet = msgpack.unpackb(frame)
            if packet["type"] == CONNECT:
                self._connected.set_result(None)  # with a random name too
                continue
            self.heard.append((self._night.since_ms, frame))
            if packet["type"] == ACK:
                self._answers.pop(packet["id"]).set_result(packet["data"][0])
            elif packet["type"] == EVENT and packet["data"][0] == "welcome":
                self.held = packet["data"][1].get("pass", "")

    async def open(self, auth: dict[str, Any]) -> None:
        await self._send({"type": CONNECT, "nsp": self._namespace, "data": auth})
        async with asyncio.timeout(PATIENCE_S):
            await self._connected

    async def _send(self, packet: dict[str, Any]) -> None:
        await self._socket.send(msgpack.packb(packet))

    async def ask(self, event: str, content: Any) -> Any:
        """Sends and waits for the answer; plays that wait meanwhile are applied."""
        self._asked += 1
        answer = self._answers[self._asked] = asyncio.get_running_loop().create_future()
        packet = {"type": EVENT, "nsp": self._namespace, "data": [event, content], "id": self._asked}
        await self._send(packet)
        async with asyncio.timeout(PATIENCE_S):
            while event == "play" and not answer.done():
                await asyncio.wait({answer}, timeout=0.002)
                await self._night.evening.edge.plays.flush()
            reply = await answer
        if event == "enter" and "pass" in reply:
            self.held = reply["pass"]
        return reply

    async def close(self) -> None:
        await self._socket.close()
        await self._reading


class Night:
    """The evening and its wires, by name."""

    def __init__(self, evening: Evening, hand: Hand, http: aiohttp.ClientSession) -> None:
        self.evening = evening
        self.heard: dict[str, Heard] = {}
        self._hand = hand
        self._http = http
        self._wires: dict[str, Wire] = {}
        self._presses = 0

    @property
    def since_ms(self) -> int:
        return self._hand.ns // 1_000_000

    def __getitem__(self, name: str) -> Wire:
        return self._wires[name]

    async def join(self, name: str, *, crew: bool = False, **auth: Any) -> Wire:
        """Another connection; by the same name it goes on in the same recording."""
        listener = self.evening.crew_listener if crew else self.evening.public
        url = f"ws://127.0.0.1:{listener.port}/socket.io/?EIO=4&transport=websocket"
        socket = await connect(url, compression=None, proxy=None)
        heard = self.heard.setdefault(name, [])
        wire = self._wires[name] = Wire(self, socket, "/overlay" if crew else "/viewer", heard)
        await wire.open({key.rstrip("_"): value for key, value in auth.items()})
        return wire

    async def leave(self, name: str) -> str:
        """Hangs up; the pass."""
        wire = self._wires.pop(name)
        await wire.close()
        return wire.held

    async def step(self) -> None:
        """A second of the evening: every role steps, and every wire is heard out."""
        self._hand.turn(STEP_MS / 1000)
        await self.act()

    async def act(self) -> None:
        now_ms, evening = self.evening.clock.now_ms(), self.evening
        await evening.timekeeper.step()
        await evening.conductor.step(now_ms)
        await evening.edge.step(now_ms)
        await evening.edge.report(now_ms)
        await evening.crew.step(now_ms)
        await evening.overlays.step(now_ms)
        if not evening.notary.published.is_set():
            await evening.notary.step(now_ms)
        await asyncio.gather(*(wire.ask("sync", {"t0_ms": 1}) for wire in self._wires.values()))

    async def until(self, since_ms: int) -> None:
        while self.since_ms < since_ms:
            await self.step()

    async def cue(self, kind: str, **more: Any) -> None:
        """A cue through the desk's own door; it must be taken."""
        self._presses += 1
        token = self.evening.passes.crew("director", "Mei", expires_at_s=NOW_S + 60)
        held = self.evening.passes.read_crew(token, NOW_S)
        post = CuePost(id=f"press-{self._presses}", cue=kind, **more)
        status, reply = await self.evening.crew.post(post, held)
        assert status == 200, reply

    async def go(self, target: str, **more: Any) -> None:
        await self.cue("standby", target=target)
        await self.cue("go", expect={"standby": target}, **more)

    async def crowd(self, round_id: str, seq: int, moves: dict[int, Any]) -> None:
        """Plays of a crowd in the hall, by number, counted from `CROWD` on."""
        edge = self.evening.edge
        cohort = edge.audience.seat(Tuning("hall")).cohort
        plays = [
            asyncio.create_task(submit(edge.plays, round_id, CROWD + number, seq, cohort, move))
            for number, move in moves.items()
        ]
        await asyncio.sleep(0)
        while not all(play.done() for play in plays):
            await edge.plays.flush()
            await asyncio.sleep(0)
        assert {play.result().status for play in plays} == {"counted"}

    async def get(
        self, name: str, path: str, *, crew: bool = False, token: str = "", post: bool = False
    ) -> None:
        """Fetches, and records the whole answer but for the date of the machine that sent it."""
        listener = self.evening.crew_listener if crew else self.evening.public
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = f"http://127.0.0.1:{listener.port}{path}"
        async with self._http.request("POST" if post else "GET", url, headers=headers) as response:
            body = await response.read()
            told = sorted((key.lower(), value) for key, value in response.headers.items())
        said = [(key, value) for key, value in told if key not in ("date", "last-modified", "etag")]
        line = f"{path} {response.status} {said}\n".encode()
        self.heard.setdefault(name, []).append((self.since_ms, line + body))


@contextlib.asynccontextmanager
async def night(url: str, data: Path, rundown: Rundown, *, lots: bytes = SECRET) -> AsyncIterator[Night]:
    """The evening begins. `lots`: the secret from which the beacon's signatures come."""
    hand = Hand()
    chain, signature = chain_and_signature(rundown, lots)
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as http,
        open_evening(
            Settings(data=data, redis_url=url, public_port=0, crew_port=0, public_url=ADDRESS),
            rundown,
            rehearsal=True,
            clock=GalaClock(rundown.starts_at_ms, monotonic_ns=hand),
            chain=chain,
            signature=signature,
            secret=SECRET,
            entropy=Same(),
            wall_s=lambda: NOW_S,
            # a phone here says something in every step, and steps are as quick as this machine
            limits=Limits(messages_per_s=10_000),
            # by hand in everything: how busy this machine is puts no edge out of rotation
            world=lambda redis: dataclasses.replace(hand.world(redis), monotonic_ns=hand),
        ) as evening,
        asyncio.TaskGroup() as tasks,
    ):
        for listener in (evening.public, evening.crew_listener):
            tasks.create_task(listener.run())
        here = Night(evening, hand, http)
        try:
            await evening.clients.once.set(keys.numbers(rundown.id), 0)
            await here.act()
            yield here
        finally:
            for name in tuple(here._wires):
                await here.leave(name)
            evening.public.stop()
            evening.crew_listener.stop()
