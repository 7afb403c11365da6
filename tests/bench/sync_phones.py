"""The pages' own wire modules in a Node of their own: many phones, each behind the network it is given."""

import asyncio
import contextlib
import importlib.util
import json
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

WEB = Path(__file__).parents[2] / "gala" / "web"
PHONES = WEB / "dev" / "sync-phones.ts"
LINE_BYTES_MAX = 1 << 20
CLOCKS_APART_S = 5  # between two looks at what must be one clock, however busy the machine


class Someone(NamedTuple):
    """A phone: where it connects, what it says it watches, and how wrong its own clock is."""

    id: int
    url: str
    channel: str
    ahead_ms: float
    drift_ppm: float


def tool_chain() -> ModuleType:
    """What builds the pages: no module of the package, as hatchling loads it by its path."""
    spec = importlib.util.spec_from_file_location("pages_build", WEB / "pages_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bundle(folder: Path) -> list[str]:
    """Makes one script of the phones and the pages' modules in `folder`; the command that runs it."""
    pages = tool_chain()
    pages.install()
    node = str(pages.npm_command()[1])
    script = folder / "sync-phones.mjs"
    rolldown = WEB / "node_modules" / "rolldown" / "bin" / "cli.mjs"
    command = [
        node,
        str(rolldown),
        str(PHONES),
        "--platform",
        "node",
        "--format",
        "esm",
        "--file",
        str(script),
    ]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the phones could not be put together:\n{done.stdout}{done.stderr}")
    return [node, str(script)]


@contextlib.asynccontextmanager
async def phones(command: list[str], people: list[Someone]) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The phones, running; what they tell, until they are stopped by leaving."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES_MAX
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps([one._asdict() for one in people]).encode() + b"\n")
        await process.stdin.drain()
        yield _told(process.stdout)
    finally:
        process.stdin.close()
        await process.wait()


async def _told(stream: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    async for line in stream:
        told = json.loads(line)
        if told["what"] == "clock":
            apart_s = abs(int(told["at_ns"]) - time.monotonic_ns()) / 1e9
            assert apart_s < CLOCKS_APART_S, f"Node's monotonic clock is another one: {apart_s:.0f} s apart"
        else:
            yield told
