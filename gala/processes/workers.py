"""``gala serve --workers N``: one process that starts the others, replaces those that end, and ends them.

It owns the store, unless there is one already, and holds the ports; the work is done by N edges and one
process with the other roles, each the very command with ``--role``. They share the ports, so that a process
can be replaced by another before it is gone. What we tell them, and they us, is in `gala.processes.leash`.

A rolling restart starts all new edges first; when they are of use the old ones let nobody in any more, all
at once, and only then are they sent home, one after the other. So a phone that one of them sends elsewhere
cannot come to another that is about to go: it connects once. The process with the other roles stays.
"""

import asyncio
import contextlib
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from gala.evening import LEAVE_MS_MAX
from gala.processes.leash import HERE, KEEP_OUT, LEAVE, OUT, READY

log = structlog.get_logger("gala")

AGAIN_S, AGAIN_MAX_S = 0.2, 10.0
STEADY_S = 30.0
"""Who has lived for so long was not ended by what ended the one before."""

TRIES = 3
"""How often a process may end before any of its kind was ready: then it never will be."""

SAID_WHY = (1, 2)
"""The exit codes of a process that has said in words what is wrong, and would say the same again."""

START_S = 60.0
SILENT_S = 15.0
OUT_S = SILENT_S
STOP_S = 5.0
LEAVE_S = LEAVE_MS_MAX / 1000 + STOP_S


class NotUp(Exception):
    """The processes do not get up; the message says which."""


class Worker:
    """One process of ours. Its attributes are written by `run`."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._unwanted = False  # written by `end`
        self.ready = asyncio.Event()
        self.out = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def pid(self) -> int:
        """Its process; 0: there is none."""
        return self._process.pid if self._process is not None and not self.ended.is_set() else 0

    async def run(self) -> int:
        """Starts it, listens to it, and gives its exit code when it has ended."""
        process = self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is ours; it ends with its standard input
        )
        try:
            if self._unwanted:
                self._hang_up(process)
            await self._listen(process)
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            self.ended.set()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        patience_s = START_S
        while True:
            try:
                async with asyncio.timeout(patience_s):
                    line = await process.stdout.readline()
            except TimeoutError:
                log.warning("a process hangs and is killed", worker=self.name, pid=process.pid)
                process.kill()
                return
            word = line.decode().strip()
            if not line:
                return
            if word == READY:
                self.ready.set()
                log.info("a process is ready", worker=self.name, pid=process.pid)
            elif word == OUT:
                self.out.set()
            elif word == HERE:
                patience_s = SILENT_S

    def say(self, word: str) -> None:
        """Tells it something, if it is there."""
        if self._process is not None and self._process.stdin is not None and not self.ended.is_set():
            self._process.stdin.write(f"{word}\n".encode())

    @staticmethod
    def _hang_up(process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        process.stdin.close()

    async def end(self) -> None:
        """Ends it as it wants to end; soon, if it does not. One that is only starting ends by itself then."""
        self._unwanted = True
        if self._process is None:
            return
        self._hang_up(self._process)
        if not await one_of(self.ended, within_s=STOP_S):
            log.warning("a process does not end and is killed", worker=self.name, pid=self.pid)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.ended.wait()


@dataclass(slots=True)
class Post:
    """A place that is to be filled. `relieved`: no more."""

    name: str
    command: Sequence[str]
    worker: Worker | None = None  # the newest; by `Workers._keep`
    relieved: bool = False
    filled: asyncio.Event = field(default_factory=asyncio.Event)  # was ready, once


class Workers:
    """`command`: that of the service, without roles. `count`: how many edges."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], count: int) -> None:
        self._command = command
        self._environment = environment
        self._count = count
        self._made = 0
        self._crew = self._post("crew", "crew", "conductor", "notary")
        self._edges = [self._edge_post() for _ in range(count)]
        self._tasks = asyncio.TaskGroup()
        self._stopping = asyncio.Event()
        self._again = asyncio.Event()
        self._fault = ""

    def _post(self, name: str, *roles: str) -> Post:
        chosen = [part for role in roles for part in ("--role", role)]
        return Post(name, [*self._command, *chosen, "--worker", name])

    def _edge_post(self) -> Post:
        self._made += 1
        return self._post(f"edge-{self._made}", "edge")

    async def up(self) -> bool:
        """Returns when everybody is ready (True), or nobody will be."""
        for post in (self._crew, *self._edges):
            await one_of(post.filled, self._stopping)
        return not self._stopping.is_set()

    def stop(self) -> None:
        """Ends `run`, with everybody, edges first."""
        self._stopping.set()

    def restart(self) -> None:
        """Replaces all edges, as soon as an earlier restart is done."""
        self._again.set()

    async def run(self) -> None:
        """Keeps everybody up until `stop`. Raises NotUp."""
        async with self._tasks:
            for post in (self._crew, *self._edges):
                self._tasks.create_task(self._keep(post))
            rolling = self._tasks.create_task(self._roll_when_asked())
            await self._stopping.wait()
            rolling.cancel()
            await asyncio.gather(rolling, return_exceptions=True)
            await asyncio.gather(*(self._end(post) for post in self._edges))
            await self._end(self._crew)
        if self._fault:
            raise NotUp(self._fault)

    async def _end(self, post: Post) -> None:
        post.relieved = True
        if post.worker is not None:
            await post.worker.end()

    async def _keep(self, post: Post) -> None:
        """Keeps one post filled."""
        loop, ends = asyncio.get_running_loop(), 0
        while not post.relieved and not self._stopping.is_set():
            worker = post.worker = Worker(post.name, post.command, self._environment)
            filling = asyncio.create_task(self._note(post, worker))
            began_s = loop.time()
            code = await worker.run()
            filling.cancel()
            if post.relieved or self._stopping.is_set():
                return
            ends = 1 if loop.time() - began_s > STEADY_S else ends + 1
            if not self._seen_ready(post) and (code in SAID_WHY or ends >= TRIES):
                self._fault = f"the process '{post.name}' does not get up: it ended with {code}"
                self.stop()
                return
            again_s = min(AGAIN_S * 2 ** (ends - 1), AGAIN_MAX_S)
            log.warning("a process ended and is replaced", worker=post.name, code=code, after_s=again_s)
            await one_of(self._stopping, within_s=again_s)

    @staticmethod
    async def _note(post: Post, worker: Worker) -> None:
        await worker.ready.wait()
        post.filled.set()

    def _seen_ready(self, post: Post) -> bool:
        """Whether a process of this kind has ever been ready."""
        return post.filled.is_set() if post is self._crew else any(p.filled.is_set() for p in self._edges)

    # ------------------------------------------------------------ rolling restart

    async def _roll_when_asked(self) -> None:
        while True:
            await self._again.wait()
            self._again.clear()
            await self._roll()

    async def _roll(self) -> None:
        old, new = self._edges, [self._edge_post() for _ in range(self._count)]
        log.info("restart begins", edges=self._count)
        self._edges = [*old, *new]
        for post in new:
            self._tasks.create_task(self._keep(post))
        try:
            async with asyncio.timeout(START_S):
                for post in new:
                    await post.filled.wait()
        except TimeoutError:
            log.warning("restart given up: the new edges do not get up, the old ones stay")
            await asyncio.gather(*(self._end(post) for post in new))
            self._edges = old
            return
        for post in old:
            post.relieved = True
            if post.worker is not None:
                post.worker.say(KEEP_OUT)
        for post in old:
            if post.worker is not None:
                await one_of(post.worker.out, post.worker.ended, within_s=OUT_S)
        for post in old:
            if post.worker is not None:
                post.worker.say(LEAVE)
                await one_of(post.worker.ended, within_s=LEAVE_S)
                await post.worker.end()
        self._edges = new
        log.info("restart done", edges=self._count)


async def one_of(*events: asyncio.Event, within_s: float | None = None) -> bool:
    """Waits for one of these, at most so long; whether one came."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return any(event.is_set() for event in events)


async def on_signals(workers: Workers) -> None:
    """SIGHUP restarts the edges; until cancelled."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, workers.restart)
    try:
        await asyncio.Event().wait()
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
