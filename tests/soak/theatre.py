"""The service as people run it: ``gala serve`` in a process of its own, a director's hand, and what it costs.

Nothing is reached into: it is started with its settings, asked over HTTP, and killed.
"""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gala.rundown.file import load

RUNDOWN = Path(__file__).parent / "soak.toml"
SOAK = load(RUNDOWN)
SECRET = "a secret of the soak's own"  # of evenings that are thrown away
PATIENCE_S = 120.0
ASK_S = 5.0
AGAIN_S = 0.2


class Theatre:
    """One process of the service over `redis_url`, or over a store of its own where that is empty.

    Its ports stay the same when it is started again. Use it as an async context: at its end it is gone.
    """

    def __init__(self, folder: Path, redis_url: str = "", *, arguments: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.port, self.crew_port = _free_port(), _free_port()
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._presses = 0
        self.director = ""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GALA_")}
        self._environment = environment | {
            "GALA_DATA": str(folder),
            "GALA_REDIS_URL": redis_url,
            "GALA_SECRET": SECRET,
            "GALA_PUBLIC_PORT": str(self.port),
            "GALA_CREW_PORT": str(self.crew_port),
            "GALA_LOG": "warning",
        }
        folder.mkdir(parents=True, exist_ok=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where phones connect."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        """What it wrote, of all its lives."""
        return self.folder.with_suffix(".log")  # beside it: its disk may be full

    def spawn(self) -> None:
        """Starts it, and returns before it is up."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gala", "serve", str(RUNDOWN), "--rehearsal", *self._arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def start(self) -> None:
        """Starts it; returns when it takes plays."""
        self.spawn()
        await self.ready()

    async def ready(self) -> None:
        """Waits until it is in rotation. One that cannot reach its store when it starts is started again, as
        whoever looks after it on the night would."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.ask(self.port, "/readyz") is None:
                assert self._process is not None
                if self._process.poll() is not None:
                    self.spawn()
                await asyncio.sleep(AGAIN_S)
            self.director = self._link("director")

    def _link(self, who: str) -> str:
        """The pass in its newest link for this one of the crew."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith(who)]
        return lines[-1].split("#pass=")[1].strip()

    def kill(self) -> None:
        """As the kernel kills what takes too much memory: at once, whatever it is in the middle of."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def stop(self) -> None:
        """Asks it to end, and waits."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, 15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # ------------------------------------------------------------ asking

    async def ask(self, port: int, path: str, post: dict[str, Any] | None = None) -> Any:
        """What an address answers with 200, from JSON where it is JSON; None if it does not."""
        status, said = await asyncio.to_thread(self._ask, port, path, post)
        return said if status == 200 else None

    def _ask(self, port: int, path: str, post: dict[str, Any] | None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.director}", "content-type": "application/json"}
        body = None if post is None else json.dumps(post).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=ASK_S) as answer:
                status, said = answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                status, said = refused.code, refused.read().decode()
        except (OSError, ValueError, http.client.HTTPException):
            return 0, None
        with contextlib.suppress(ValueError):
            return status, json.loads(said)
        return status, said

    async def state(self) -> Any:
        """The flat state that the mixer reads; None while it cannot be had."""
        return await self.ask(self.crew_port, "/api/state")

    async def press(self, post: dict[str, Any]) -> tuple[int, Any]:
        """A cue as a console posts it, once: status and answer; 0 where none came."""
        return await asyncio.to_thread(self._ask, self.crew_port, "/api/cues", post)

    async def cue(self, kind: str, **more: Any) -> None:
        """A cue, pressed again under the same id until it is taken."""
        self._presses += 1
        post = {"id": f"{self.port}-{time.monotonic_ns()}-{self._presses}", "cue": kind, **more}
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await self.press(post))[0] != 200:
                assert answer[0] != 422, answer
                await asyncio.sleep(0.1)

    async def go(self, target: str) -> None:
        """Arms a cue and presses GO."""
        await self.cue("standby", target=target)
        await self.cue("go", expect={"standby": target})

    # ------------------------------------------------------------ costs

    def rss_kib(self) -> int:
        """Its resident memory."""
        with open(f"/proc/{self.pid}/status") as status:  # noqa: PTH123 - no file of ours
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def descriptors(self) -> int:
        """How many files and sockets it holds open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - no folder of ours


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
