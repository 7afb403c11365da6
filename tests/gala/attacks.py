"""What somebody may try against a port of ours, and how it ends for them. Each is given the port."""

import contextlib
import random
import urllib.request

import msgpack

from gala.wire.frames import BINARY, PING, TEXT
from tests.gala.wires import NAMESPACE, PATH, Closed, Raw, sent


def push(raw: Raw, data: bytes, times: int = 1) -> None:
    """Sends until it is through, or the other end is."""
    with contextlib.suppress(OSError):
        for _ in range(times):
            raw.socket.sendall(data)


def closed(raw: Raw) -> Closed | None:
    """How it was closed, if that could still be heard over one's own noise."""
    try:
        return raw.closed()
    except (OSError, EOFError):
        return None


def compressed_bomb(port: int) -> None:
    raw = Raw(port)
    assert "permessage-deflate" not in raw.request(
        PATH, more="Sec-WebSocket-Extensions: permessage-deflate\r\n"
    )
    push(raw, b"\xc2\xfe\x20\x00mask" + bytes(8_192))
    ended = closed(raw)
    assert ended is None or ended.code == 1002


def attachments(port: int) -> None:
    raw = Raw.join(port)
    announced = {"type": 5, "nsp": NAMESPACE, "data": ["play"], "attachments": 10_000}
    push(raw, sent(BINARY, msgpack.packb(announced)))
    push(raw, sent(BINARY, bytes(16_000)), 500)
    ended = closed(raw)
    assert ended is None or ended.code == 1008


def a_million_tiny_frames(port: int) -> None:
    for opcode in (PING, BINARY, TEXT):
        raw = Raw.join(port)
        push(raw, sent(opcode, b"") * 10_000, 34)
        ended = closed(raw)
        assert ended is None or ended.code == 1008


def tiny_fragments(port: int) -> None:
    raw = Raw.join(port)
    push(raw, sent(BINARY, b"", fin=False))
    push(raw, sent(0, b"", fin=False) * 10_000, 20)
    ended = closed(raw)
    assert ended is None or (ended.code, ended.reason) == (1008, "too many fragments")


def a_long_text(port: int) -> None:
    raw = Raw.join(port)
    push(raw, sent(TEXT, b"", length=64 << 20))
    push(raw, b"x" * (1 << 20), 64)
    ended = closed(raw)
    assert ended is None or ended.code == 1009


def deep_nesting(port: int) -> None:
    raw = Raw.join(port)
    push(raw, sent(BINARY, b"\x91" * 16_000))
    ended = closed(raw)
    assert ended is None or ended.code == 1008


def half_requests(port: int) -> None:
    raws = [Raw(port) for _ in range(100)]
    for raw in raws:
        push(raw, b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nX-Slow:")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as response:
        assert response.status == 200


def nonsense(port: int) -> None:
    """Bytes by lot: before the handshake, after it, and well framed."""
    chance = random.Random(port)
    for _ in range(30):
        raw = Raw(port)
        push(raw, chance.randbytes(chance.randrange(1, 4_000)))
        raw.close()
        raw = Raw.open(port)
        push(raw, chance.randbytes(chance.randrange(1, 4_000)))
        raw.close()
        raw = Raw.join(port)
        for _ in range(20):
            content = chance.randbytes(chance.randrange(0, 200))
            known = msgpack.packb([{"type": chance.randrange(-1, 9), "nsp": NAMESPACE}, content])
            push(raw, sent(chance.choice((BINARY, TEXT, PING)), chance.choice((content, known))))
        raw.close()


ATTACKS = (
    compressed_bomb,
    attachments,
    a_million_tiny_frames,
    tiny_fragments,
    a_long_text,
    deep_nesting,
    half_requests,
    nonsense,
)
