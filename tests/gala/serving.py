"""`gala serve` as an operator starts it, and voters over real sockets who do not let go."""

import asyncio
import contextlib
import os
import random
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, cast

import aiohttp
import msgspec

from gala.crowd.line import Line, LineDown, RefusedConnect
from gala.edge.report import Report
from gala.store import keys
from gala.store.clients import Clients
from gala.store.log import Entry, ShowLog
from gala.store.valkey import running_at
from tests.conftest import PATIENCE_S, patient
from tests.gala.story import TETRIS
from tests.gala.test_demo import environment

POLLS = Path("tests/gala/polls.toml")
AGAIN_S = 0.2
CHOICES = ("comets", "harbour")


def endless(folder: Path) -> Path:
    """The tests' evening, but a person locks its polls."""
    folder.mkdir(exist_ok=True)
    path = folder / "endless.toml"
    path.write_text(POLLS.read_text("utf-8").replace('lock = "after 18s"', 'lock = "go"'), "utf-8")
    return path


class Service:
    """The processes of one evening. `said`: the lines of both outputs of all of them."""

    def __init__(self, process: asyncio.subprocess.Process, data: Path) -> None:
        self.process = process
        self.data = data
        self.said: list[str] = []
        self.port = 0
        self._crew_url = ""
        self._token = ""
        self._presses = 0
        self._news = asyncio.Condition()

    async def listen(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        async for line in stream:
            async with self._news:
                self.said.append(line.decode().rstrip())
                self._news.notify_all()

    async def says(self, pattern: str, times: int = 1) -> list[str]:
        """Waits until so many lines have this in them: what stands in its group."""

        def found() -> list[str]:
            return [hit[1] for line in self.said if (hit := re.search(pattern, line))]

        try:
            async with asyncio.timeout(2 * PATIENCE_S), self._news:
                await self._news.wait_for(lambda: len(found()) >= times)
        except TimeoutError:
            raise AssertionError("\n".join([f"never said: {pattern}", *self.said])) from None
        return found()

    async def up(self) -> None:
        """Waits until it says where it is to be found."""
        await self.front_up()
        await self.desk_up()

    async def front_up(self) -> None:
        """As `up`, of a process that has no desk."""
        self.port = int((await self.says(r"^phone +http://127\.0\.0\.1:(\d+)/"))[0])

    async def desk_up(self) -> None:
        """As `up`, of a process that lets no viewers in."""
        (link,) = await self.says(r"^director +(http://.+)")
        self._crew_url, _, self._token = link.partition("/director#pass=")

    async def pid(self, worker: str) -> int:
        """The newest process of that name, once it is ready."""
        return int((await self.says(rf"is ready.* worker='{worker}' pid=(\d+)"))[-1])

    async def cue(self, kind: str, **more: Any) -> None:
        """A cue over HTTP, as the console posts it; sent again until somebody answers."""
        self._presses += 1
        post = {"id": f"press-{self._presses}", "cue": kind, **more}
        headers = {"authorization": f"Bearer {self._token}"}
        async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as http:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.post(
                        f"{self._crew_url}/api/cues", headers=headers, json=post
                    ) as response:
                        assert response.status in (200, 503), await response.text()
                        if response.status == 200:
                            return
                await asyncio.sleep(AGAIN_S)

    async def go(self, target: str, **more: Any) -> None:
        """Arms a cue and presses GO."""
        await self.cue("standby", target=target)
        await self.cue("go", expect={"standby": target}, **more)

    async def reported(self, phones: int) -> list[int]:
        """Waits until the edges have told of so many phones in all; how many each has."""
        clients = await self.store()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    found = cast("dict[bytes, bytes]", await clients.once.hgetall(keys.edges("short")))
                    spread = [msgspec.msgpack.decode(said, type=Report).phones for said in found.values()]
                    if sum(spread) == phones:
                        return spread
                    await asyncio.sleep(AGAIN_S)
        finally:
            await clients.close()

    async def store(self) -> Clients:
        """Its store; to be closed."""
        return await patient(running_at(self.data / "store"))

    async def log(self) -> list[Entry]:
        """The log as it is now."""
        clients = await self.store()
        try:
            return await ShowLog(clients, "short").read(0)
        finally:
            await clients.close()

    async def cued(self, kind: str) -> dict[str, Any]:
        """Waits until the log has such a cue."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for entry in await self.log():
                    if entry.cue["cue"] == kind:
                        return entry.cue
                await asyncio.sleep(AGAIN_S)

    async def counted(self, lock: str = "tetris.lock") -> dict[str, int]:
        """Locks the round; its counters, which a recount of the sealed box has confirmed."""
        await self.go(lock)
        sealed = await self.cued("sealed")
        assert sealed["equal"] is True
        assert sealed["recount"] == (await self.cued("locked"))["counters"]
        return {name: value for name, value in sealed["recount"].items() if "channel" not in name}


def serving(data: Path, *flags: str, **more: str) -> contextlib.AbstractAsyncContextManager[Service]:
    """`gala serve` of the endless evening, see `serving_plan`."""
    return serving_plan(endless(data), data, *flags, **more)


@contextlib.asynccontextmanager
async def serving_plan(plan: Path, data: Path, *flags: str, **more: str) -> AsyncIterator[Service]:
    """`gala serve` of that evening as a rehearsal, listened to; in the end all of it has ended, without a
    fault, if it had not before."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gala", "serve", str(plan), "--rehearsal", *flags),
        env=environment(data, GALA_LOG="info", **more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    service = Service(process, data)
    listening = [asyncio.create_task(service.listen(s)) for s in (process.stdout, process.stderr)]
    try:
        yield service
    finally:
        late = process.returncode is None
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
                await asyncio.gather(*listening)  # which end when the last of its processes has ended
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        assert not late or process.returncode == 0, "\n".join(service.said)


class Voter:
    """One viewer. Connects again whenever the line goes, and in its own moment after a `drain`."""

    def __init__(self, port: int, seed: int) -> None:
        self._url = f"ws://127.0.0.1:{port}"
        self._chance = random.Random(seed)
        self._pass = ""
        self._line: Line | None = None
        self._welcomed = asyncio.Event()
        self._leaving: asyncio.Task[None] | None = None
        self.connections = 0
        self.show: dict[str, Any] = {}
        self.last = ""  # the last choice that was acknowledged
        self.statuses: list[str] = []  # of plays whose fate is known

    async def live(self) -> None:
        """Stays connected until cancelled."""
        while True:
            try:
                line = await Line.open(self._url, {"pass": self._pass})
            except (LineDown, RefusedConnect):
                await asyncio.sleep(self._chance.uniform(0.1, 0.3))
                continue
            self._line = line
            self.connections += 1
            try:
                async for event, content in line.events():
                    self._hear(event, content)
                    if event == "drain":
                        moment_s = self._chance.random() * content["within_ms"] / 1000
                        self._leaving = asyncio.create_task(leave(line, moment_s))
            finally:
                self._line = None
                self._welcomed.clear()
                await line.close()

    def _hear(self, event: str, content: Any) -> None:
        if event == "welcome":
            self._pass = content["pass"]
            self.show = content["show"]
            self._welcomed.set()
        elif event == "show":
            self.show = content

    async def ask(self, event: str, content: dict[str, Any]) -> Any:
        """An answer; asked again on another line as often as it takes."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await self._welcomed.wait()
                if self._line is not None:
                    with contextlib.suppress(LineDown):
                        reply = await self._line.ask(event, content)
                        if "retry" not in (reply.get("status"), reply.get("reason")):
                            return reply
                await asyncio.sleep(AGAIN_S / 2)

    async def enter(self) -> None:
        """Gets a number."""
        self._pass = (await self.ask("enter", {}))["pass"]

    async def vote(self, seq: int, choice: str) -> None:
        """One ballot, sent until its fate is known; it must be counted."""
        play = {"round": TETRIS, "seq": seq, "at_ms": 0, "move": {"choices": [choice]}}
        async with asyncio.timeout(PATIENCE_S):
            while True:
                reply = await self.ask("play", play)
                if reply.get("reason") in ("unknown_round", "too_early", "not_open"):
                    await asyncio.sleep(AGAIN_S)  # an edge that has just come has not heard of it
                elif reply.get("reason") == "enter_first":
                    await self.enter()
                else:
                    break
        assert reply["status"] in ("counted", "already"), reply
        self.statuses.append(reply["status"])
        self.last = choice


async def leave(line: Line, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await line.close()


@contextlib.asynccontextmanager
async def voters(port: int, count: int) -> AsyncIterator[list[Voter]]:
    """So many, each with a number."""
    crowd = [Voter(port, seed) for seed in range(count)]
    living = [asyncio.create_task(voter.live()) for voter in crowd]
    try:
        await asyncio.gather(*(voter.enter() for voter in crowd))
        yield crowd
    finally:
        for task in living:
            task.cancel()
        await asyncio.gather(*living, return_exceptions=True)


class Answered(Protocol):
    """Who votes. `last`: the last choice that was acknowledged."""

    last: str


def fold(crowd: Iterable[Answered]) -> dict[str, int]:
    """What the box must count: every voter's last ballot, once."""
    last = [voter.last for voter in crowd if voter.last]
    counts = {f"choice/{place}": last.count(choice) for place, choice in enumerate(CHOICES, 1)}
    return {"voters": len(last), **{name: count for name, count in counts.items() if count}}


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether a process is no more, or is only still to be buried, which in a container nobody may do."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except FileNotFoundError:  # no Linux
        return False
