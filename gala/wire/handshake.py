"""The request that asks for a socket, and the answer (RFC 6455, section 4.2), without sockets.

`origins` are Engine.IO's rules: a page's origin has to be one of them, or of our own host; whoever is no
page sends none. Nothing is agreed on beyond the bare protocol: no extension, so no compression, and no
subprotocol.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import parse_qs

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PATHS = ("/socket.io/", "/socket.io")

Origins = Callable[[dict[str, str]], list[str] | None]
"""From a CGI-like environ to the origins that may come; None: all."""


class NoSocket(Exception):
    """This request gets an HTTP answer, `answer`, and no socket."""

    def __init__(self, status: str, said: str, *headers: str) -> None:
        super().__init__(said)
        body = said.encode() + b"\n"
        lines = [
            f"HTTP/1.1 {status}",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(body)}",
            "connection: close",
            *headers,
        ]
        self.answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def accept_key(key: str) -> str:
    """What proves that we read the client's key."""
    return base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest()).decode()


def answer(head: bytes, origins: Origins) -> bytes:
    """The answer that turns this request's connection into a socket; `NoSocket` if it may not become one.

    head: a whole HTTP/1.1 request head that asks for an upgrade to websocket, header names in lower case.
    """
    request, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = request.partition(" ")
    url = rest.rpartition(" ")[0]
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        value = value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    path, _, query = url.partition("?")
    if path not in PATHS:
        raise NoSocket("404 Not Found", "no socket here")
    if method != "GET":
        raise NoSocket("405 Method Not Allowed", "a socket begins with GET", "allow: GET")
    if headers.get("sec-websocket-version") != "13":
        raise NoSocket("426 Upgrade Required", "WebSocket version 13, please", "sec-websocket-version: 13")
    if not _asks_for_a_line(query):
        raise NoSocket("400 Bad Request", "Engine.IO 4 over WebSocket from the start, please")
    _check_origin(headers, origins)
    key = headers.get("sec-websocket-key", "")
    try:
        whole = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        whole = False
    if not whole:
        raise NoSocket("400 Bad Request", "no key")
    return (
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-accept: {accept_key(key)}\r\n\r\n"
    ).encode()


@lru_cache(maxsize=16)  # all phones say the same, and reading it would cost as much as the rest of the head
def _asks_for_a_line(query: str) -> bool:
    said = parse_qs(query)
    return said.get("EIO") == ["4"] and said.get("transport") == ["websocket"] and "sid" not in said


def _check_origin(headers: dict[str, str], origins: Origins) -> None:
    origin = headers.get("origin")
    if not origin:
        return
    environ = {"wsgi.url_scheme": headers.get("x-forwarded-proto", "http"), "HTTP_ORIGIN": origin}
    for name in ("host", "x-forwarded-proto", "x-forwarded-host"):
        if name in headers:
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = headers[name]
    allowed = origins(environ)
    if allowed is not None and origin not in allowed:
        raise NoSocket("403 Forbidden", "a page of another origin")
