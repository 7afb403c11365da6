"""Our own server: it is there when we are, gone when we are, and its data is there at the next start."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis import exceptions

from gala.store.clients import CannotConnect, Evicts, TooOld, WrongPassword, connect, suitable
from gala.store.valkey import DidNotStart, EmbeddedValkey, FolderInUse, NoBinary, embedded, running_at
from tests.conftest import PATIENCE_S

OWNER = """
import asyncio, pathlib, sys
from gala.store.valkey import EmbeddedValkey
server = EmbeddedValkey(pathlib.Path(sys.argv[1])).start()
print(server.url, server.pid, flush=True)
"""


def owner(folder: Path, then: str) -> "subprocess.Popen[str]":
    """A process of its own that starts a server over `folder`, prints ``URL PID`` and does `then`."""
    return subprocess.Popen(
        [sys.executable, "-c", OWNER + textwrap.dedent(then), str(folder)], stdout=subprocess.PIPE, text=True
    )


def ended(pid: int) -> None:
    """Returns when process `pid`, not our child, is gone."""
    for _ in range(2000):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat")
            if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        subprocess.run(["sleep", "0.01"], check=True)
    pytest.fail(f"process {pid} is still there")


async def test_data_is_there_at_the_next_start(tmp_path: Path) -> None:
    for expected in (None, b"kept"):
        async with embedded(tmp_path) as url:
            clients = await connect(url)
            assert await clients.once.get("word") == expected
            await clients.once.set("word", "kept")
            await clients.close()
    with pytest.raises(CannotConnect):
        await connect(url)


async def test_it_is_durable_private_and_never_evicts(tmp_path: Path) -> None:
    async with embedded(tmp_path / "evening") as url:
        clients = await connect(url)
        config = await clients.once.config_get("*")
        assert (config["appendonly"], config["appendfsync"]) == ("yes", "always")
        assert (config["maxmemory-policy"], config["save"], config["port"]) == ("noeviction", "", "0")
        assert config["auto-aof-rewrite-percentage"] == "0"
        await clients.close()
        assert (tmp_path / "evening").stat().st_mode & 0o077 == 0
        assert (tmp_path / "evening" / "valkey.sock").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("then", "sent"),
    [
        ("", None),
        ("raise SystemExit(3)", None),
        ("import threading; threading.Event().wait()", signal.SIGKILL),
        ("import threading; threading.Event().wait()", signal.SIGTERM),
        ("import threading; threading.Event().wait()", signal.SIGINT),
    ],
)
async def test_the_server_ends_with_its_owner_however_that_ends(
    tmp_path: Path, then: str, sent: signal.Signals | None
) -> None:
    with owner(tmp_path, then) as process:
        assert process.stdout is not None
        url, pid = process.stdout.readline().split()
        if sent == signal.SIGKILL:
            clients = await connect(url)
            await clients.once.set("acked", "before the kill")
            await clients.close()
        if sent is not None:
            process.send_signal(sent)
        process.wait()
    ended(int(pid))
    if sent == signal.SIGKILL:
        async with embedded(tmp_path) as again:
            clients = await connect(again)
            assert await clients.once.get("acked") == b"before the kill"
            await clients.close()


async def test_a_folder_is_taken_over_at_once_after_a_kill_of_its_owner(tmp_path: Path) -> None:
    """Without waiting for the old server to be gone: that is what the lock is for."""
    for _ in range(3):
        with owner(tmp_path, "import threading; threading.Event().wait()") as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.kill()
    async with embedded(tmp_path) as url:
        await (await connect(url)).close()


async def test_a_server_left_without_owner_and_guard_is_ended_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gala.store.valkey.RELEASE_S", 0.2)
    kill_the_guard = """
    import os, signal
    server._guard.kill()
    os.kill(os.getpid(), signal.SIGKILL)
    """
    with owner(tmp_path, kill_the_guard) as process:
        assert process.stdout is not None
        _, pid = process.stdout.readline().split()
        process.wait()
    os.kill(int(pid), 0)
    try:
        async with embedded(tmp_path) as url:
            ended(int(pid))
            await (await connect(url)).close()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
        raise


def test_a_folder_has_one_server_and_the_error_names_folder_and_holder(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path, durable=False).start()
    try:
        with pytest.raises(FolderInUse, match=str(tmp_path)) as in_use:
            EmbeddedValkey(tmp_path).start()
        assert in_use.value.pid == os.getpid()
        assert str(os.getpid()) in str(in_use.value)
    finally:
        server.stop()
    server.stop()
    assert server.pid == 0


async def test_a_long_path_gets_its_socket_elsewhere_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a very long name " / ("x" * 100)
    async with embedded(folder, durable=False) as url:
        path = Path(url.removeprefix("unix://"))
        assert len(os.fsencode(path)) <= 103
        assert path.parent.stat().st_mode & 0o077 == 0
        await (await connect(url)).close()
    assert not path.parent.exists()


async def test_a_path_with_odd_characters_works(tmp_path: Path) -> None:
    async with embedded(tmp_path / "50% é ?#@", durable=False) as url:
        await (await connect(url)).close()


def test_a_start_that_fails_shows_the_end_of_the_servers_log_and_frees_the_folder(tmp_path: Path) -> None:
    EmbeddedValkey(tmp_path).start().stop()
    [data] = (tmp_path / "appendonlydir").glob("*.manifest")
    whole = data.read_bytes()
    data.write_bytes(b"not a manifest\n")
    with pytest.raises(DidNotStart, match=r"(?i)manifest"):
        EmbeddedValkey(tmp_path).start()
    data.write_bytes(whole)
    EmbeddedValkey(tmp_path).start().stop()


def test_a_platform_without_binary_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    with pytest.raises(NoBinary, match="GALA_REDIS_URL"):
        EmbeddedValkey(tmp_path).start()
    monkeypatch.undo()
    EmbeddedValkey(tmp_path).start().stop()


@pytest.fixture
def with_password(tmp_path: Path) -> Iterator[str]:
    server = EmbeddedValkey(tmp_path, durable=False).start()
    with redis.Redis.from_url(server.url) as client:
        client.config_set("requirepass", "correct horse")
    yield server.url
    server.stop()


async def test_a_password_is_asked_for_and_never_shown(with_password: str) -> None:
    with pytest.raises(WrongPassword, match="wants a password"):
        await connect(with_password)
    with pytest.raises(WrongPassword) as wrong:
        await connect(with_password.replace("unix://", "unix://:battery@"))
    assert "battery" not in str(wrong.value)
    clients = await connect(with_password.replace("unix://", "unix://:correct%20horse@"))
    assert clients.server.startswith("Valkey ")
    await clients.close()


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1", "unix:///no/such/socket", "http://example.org", "nonsense"]
)
async def test_a_store_that_cannot_be_reached_is_a_clear_error(url: str) -> None:
    with pytest.raises(CannotConnect):
        await connect(url)


def test_servers_that_will_not_do_are_refused_by_name() -> None:
    assert suitable({"redis_version": "7.0.11"}) == "Redis 7.0.11"
    assert suitable({"redis_version": "7.2.4", "valkey_version": "9.1.2"}) == "Valkey 9.1.2"
    with pytest.raises(TooOld, match=r"Redis 6\.0\.16 is too old: 6\.2"):
        suitable({"redis_version": "6.0.16"})
    with pytest.raises(Evicts, match="allkeys-lru"):
        suitable({"redis_version": "7.2.0", "maxmemory": 10, "maxmemory_policy": "allkeys-lru"})
    suitable({"redis_version": "7.2.0", "maxmemory": 0, "maxmemory_policy": "allkeys-lru"})


async def test_a_command_is_never_sent_twice_and_gives_up_in_a_second(tmp_path: Path) -> None:
    async with embedded(tmp_path, durable=False) as url:
        clients = await connect(url)
        pid = int((await clients.once.info("server"))["process_id"])
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(exceptions.TimeoutError):
                await clients.once.incr("votes")
        finally:
            os.kill(pid, signal.SIGCONT)
        assert int(await clients.once.get("votes") or 0) <= 1
        await clients.close()


def test_the_lock_file_says_who_holds_it(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path, durable=False).start()
    note = json.loads((tmp_path / "valkey.lock").read_text())
    server.stop()
    assert note["pid"] == os.getpid()


async def test_a_server_that_is_killed_comes_back_over_the_same_data_and_still_ends_with_us(
    tmp_path: Path,
) -> None:
    async with embedded(tmp_path) as url:
        for word in (b"first", b"second"):
            clients = await connect(url)
            await clients.once.set("acked", word)
            killed = (await clients.once.info("server"))["process_id"]
            os.kill(killed, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await asyncio.sleep(0)  # a refused connection alone gives nobody else a turn
                    with contextlib.suppress(exceptions.RedisError, OSError):
                        found = await clients.once.get("acked")
                        if (await clients.once.info("server"))["process_id"] != killed:
                            break
            assert found == word
            back = (await clients.once.info("server"))["process_id"]
            await clients.close()
            assert running_at(tmp_path) == url
    ended(back)
    assert running_at(tmp_path) == ""


async def test_one_that_does_not_come_back_at_first_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gala.store.valkey.AGAIN_S", 0.05)
    async with embedded(tmp_path) as url:
        clients = await connect(url)
        await clients.once.set("acked", "before")
        pid = (await clients.once.info("server"))["process_id"]
        folder = tmp_path / "appendonlydir"
        folder.rename(tmp_path / "away")
        folder.write_text("no folder: the server cannot start")
        os.kill(pid, signal.SIGKILL)
        log = tmp_path / "valkey.log"
        async with asyncio.timeout(PATIENCE_S):
            while len({line.split(":")[0] for line in log.read_text().splitlines()}) < 4:  # processes
                await asyncio.sleep(0)
            folder.unlink()
            (tmp_path / "away").rename(folder)
            while True:
                await asyncio.sleep(0)
                with contextlib.suppress(exceptions.RedisError, OSError):
                    assert await clients.once.get("acked") == b"before"
                    break
        await clients.close()
