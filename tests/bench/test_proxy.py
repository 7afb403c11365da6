"""The delaying proxy between real sockets. A delay is checked from below only: how busy a machine is says
nothing about the proxy."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator

import pytest

from tests.bench.proxy import HELD_BYTES_MAX, NETWORKS, DelayingProxy, Network, Way

PATIENCE_S = 10
QUICK = Network(Way(1, 8), Way(1, 8))


@contextlib.asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A service that sends back what comes; its port."""
    ends: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        ends.append(task)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*ends, return_exceptions=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_goes_in_comes_out_whole_and_in_order(seed: int) -> None:
    said = random.Random(seed).randbytes(3 * HELD_BYTES_MAX)
    async with asyncio.timeout(PATIENCE_S), echo() as port, DelayingProxy(port, QUICK, seed) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)

        async def say() -> None:
            for start in range(0, len(said), 7_001):
                writer.write(said[start : start + 7_001])
                await writer.drain()
            writer.write_eof()

        _, heard = await asyncio.gather(say(), reader.read(-1))
        writer.close()
    assert heard == said


async def test_each_direction_takes_at_least_what_it_says() -> None:
    network = Network(Way(60, 0), Way(20, 0))
    async with asyncio.timeout(PATIENCE_S), echo() as port, DelayingProxy(port, network, 1) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        for _ in range(3):
            start = time.monotonic()
            writer.write(b"clap")
            assert await reader.readexactly(4) == b"clap"
            assert time.monotonic() - start >= network.least_trip_ms / 1000
        writer.close()


async def test_a_receiver_that_does_not_read_is_felt_by_the_sender() -> None:
    taken = asyncio.Event()

    async def never_reads(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport can
        await taken.wait()
        writer.close()

    server = await asyncio.start_server(never_reads, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(PATIENCE_S), DelayingProxy(port, QUICK, 1) as proxy:
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)

        async def say() -> None:
            while True:
                writer.write(bytes(1 << 16))
                await writer.drain()

        saying = asyncio.create_task(say())
        while not (full := [half for half in proxy.halves if half.other_full]):
            await asyncio.sleep(0.01)
        assert [half.transport.is_reading() for half in full if half.transport is not None] == [False]
        assert full[0].held_bytes <= 2 * HELD_BYTES_MAX
        saying.cancel()
        taken.set()
        writer.transport.abort()
    server.close()


async def test_a_cut_breaks_every_connection_and_the_next_one_is_taken() -> None:
    async with asyncio.timeout(PATIENCE_S), echo() as port, DelayingProxy(port, QUICK, 1) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"clap")
        await reader.readexactly(4)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"clap")
        assert await reader.readexactly(4) == b"clap"
        writer.close()


async def test_while_refusing_it_takes_nobody() -> None:
    async with asyncio.timeout(PATIENCE_S), echo() as port, DelayingProxy(port, QUICK, 1) as proxy:
        proxy.refusing = True
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_without_a_service_behind_it_connections_end() -> None:
    async with echo() as port:
        pass
    async with asyncio.timeout(PATIENCE_S), DelayingProxy(port, QUICK, 1) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_at_its_end_nothing_of_it_is_left() -> None:
    async with asyncio.timeout(PATIENCE_S), echo() as port:
        before = asyncio.all_tasks()
        async with DelayingProxy(port, NETWORKS["poor"], 1) as proxy:
            gone = proxy.port
            _, writer = await asyncio.open_connection("127.0.0.1", gone)
            writer.write(b"clap")
            await writer.drain()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", gone)
        writer.close()
        assert not proxy.halves
        while asyncio.all_tasks() - before:  # the service's own end of it
            await asyncio.sleep(0)


def test_the_round_trips_are_those_of_acceptance_a1() -> None:
    assert [(n.least_trip_ms, n.most_trip_ms) for n in NETWORKS.values()] == [
        (20, 30),
        (35, 85),
        (160, 240),
        (280, 520),
    ]
