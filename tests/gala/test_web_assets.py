"""Assets go out in the smallest form a browser takes. Starlette's own file serving is not tested again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from gala.edge.pages import Assets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("page.js", "page.js.br", "page.js.gz", "plain.css"):
        (tmp_path / name).write_text(name)
    return tmp_path


async def get(folder: Path, name: str, accepted: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of one request, through the ASGI interface."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()  # nothing comes after a GET: the client stays on the line
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": f"/{name}",
        "root_path": "",
        "headers": [(b"accept-encoding", accepted.encode())],
    }
    await Assets(directory=folder)(scope, receive, send)
    headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:]).decode()


@pytest.mark.parametrize(
    ("accepted", "body", "coding"),
    [("gzip, br", "page.js.br", "br"), ("gzip", "page.js.gz", "gzip"), ("", "page.js", None)],
)
async def test_the_smallest_form_goes_out(folder: Path, accepted: str, body: str, coding: str | None) -> None:
    status, headers, text = await get(folder, "page.js", accepted)
    assert (status, text) == (200, body)
    assert headers.get("content-encoding") == coding
    assert headers["content-type"].startswith("text/javascript")
    assert "immutable" in headers["cache-control"]


async def test_what_was_not_compressed_goes_out_as_it_is(folder: Path) -> None:
    status, headers, text = await get(folder, "plain.css", "gzip, br")
    assert (status, text) == (200, "plain.css")
    assert "content-encoding" not in headers
