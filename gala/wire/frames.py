"""WebSocket frames (RFC 6455, sections 5 and 7.4) without sockets: what a client may send, and what we send.

A `Reader` takes bytes as they come, in pieces of any size, and yields whole messages. It holds no more than
one message, and finds out from a frame's first bytes that it may not be: a length that is announced and too
long is refused before a byte of it has come. Extensions are never negotiated, so their bits are never set.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which the package has nothing compiled
    from websockets.utils import apply_mask

unmask: Final = apply_mask
"""Takes the mask off some bytes, or puts it on: (content, mask of 4 bytes). Compiled, it takes a fifth of
the time that an exclusive-or of Python's long numbers takes."""

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

CONTROL_BYTES_MAX: Final = 125
FIN: Final = 0x80
MASKED: Final = 0x80


_SHORT: Final = [bytes((FIN | BINARY, length)) for length in range(126)]
"""How a short binary message begins, by its length."""


class Code(IntEnum):
    """Why a connection is closed (section 7.4.1, and the registry it began)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    NO_CODE = 1005  # never on the wire: the peer gave none
    NOT_UTF8 = 1007
    POLICY = 1008
    TOO_BIG = 1009
    RESTART = 1012


class Broken(Exception):
    """The peer broke the protocol. `code` and `reason` go into the close frame."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def frame(opcode: int, content: bytes) -> bytes:
    """A whole message, or a control frame, as a server sends it: unmasked, in one frame."""
    length = len(content)
    if length < 126:
        return _SHORT[length] + content if opcode == BINARY else bytes((FIN | opcode, length)) + content
    if length < 1 << 16:
        return bytes((FIN | opcode, 126, length >> 8, length & 0xFF)) + content
    return bytes((FIN | opcode, 127)) + length.to_bytes(8, "big") + content


def close_frame(code: Code, reason: str = "") -> bytes:
    """A close frame; the reason is cut to what fits."""
    said = reason.encode()[: CONTROL_BYTES_MAX - 2].decode(errors="ignore").encode()
    return frame(CLOSE, code.to_bytes(2, "big") + said)


def close_code(content: bytes) -> Code | int:
    """The code in a client's close frame; `Broken` if it may not be there (section 5.5.1)."""
    if not content:
        return Code.NO_CODE
    code = int.from_bytes(content[:2], "big")
    if len(content) == 1 or not (
        code in range(1000, 1004) or code in range(1007, 1015) or 3000 <= code < 5000
    ):
        raise Broken(Code.PROTOCOL_ERROR, "no such close code")
    _text(content[2:])
    return code


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Broken(Code.NOT_UTF8, "text that is not UTF-8") from None


class Reader:
    """Puts a client's messages together. Of no use any more once it has raised `Broken`."""

    __slots__ = ("_fragments", "_fragments_max", "_length", "_message_max", "_opcode", "_parts", "_rest")

    def __init__(self, *, message_bytes_max: int, fragments_max: int) -> None:
        self._message_max = message_bytes_max
        self._fragments_max = fragments_max
        self._rest = b""  # the beginning of a frame
        self._parts: list[bytes] = []  # of a message whose last fragment has not come
        self._fragments = 0
        self._length = 0
        self._opcode = CONTINUATION  # that message's; CONTINUATION: none is begun

    @property
    def idle(self) -> bool:
        """Whether it stands between two messages and holds nothing."""
        return not self._rest and self._opcode == CONTINUATION

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes | str]]:
        """The messages that end in `data`, in order, as (opcode, content): text is str, all else bytes.

        Control frames come between when they came between. Raises `Broken` in place of the first that is.
        """
        data = self._rest + data if self._rest else data
        self._rest = b""
        at = 0
        while True:
            body = self._head(data, at)
            if body is None:
                break
            start, length, mask = body
            end = start + length
            if len(data) < end:
                break
            content = unmask(data[start:end], mask)
            first = data[at]
            at = end
            opcode = first & 0x0F
            if opcode >= CLOSE:
                yield opcode, content
            elif first & FIN and self._opcode == CONTINUATION:
                yield opcode, _text(content) if opcode == TEXT else content
            else:
                message = self._fragment(first, content)
                if message is not None:
                    yield message
        self._rest = data[at:]

    def _fragment(self, first: int, content: bytes) -> tuple[int, bytes | str] | None:
        """Takes a fragment; gives the message it ends."""
        self._fragments += 1
        if self._fragments > self._fragments_max:
            raise Broken(Code.POLICY, "too many fragments")
        if self._opcode == CONTINUATION:
            self._opcode = first & 0x0F
        self._length += len(content)
        if content:
            self._parts.append(content)
        if not first & FIN:
            return None
        opcode, whole = self._opcode, b"".join(self._parts)
        self._parts, self._length, self._fragments, self._opcode = [], 0, 0, CONTINUATION
        return opcode, _text(whole) if opcode == TEXT else whole

    def _head(self, data: bytes, at: int) -> tuple[int, int, bytes] | None:
        """(where its content starts, how long it is, mask) of the frame at `at`; None: not all there yet."""
        there = len(data) - at
        if there < 2:
            if there:
                self._may_begin(data[at])
            return None
        first, second = data[at], data[at + 1]
        self._may_begin(first)
        if not second & MASKED:
            raise Broken(Code.PROTOCOL_ERROR, "an unmasked frame")
        length = second & 0x7F
        control = (first & 0x0F) >= CLOSE
        if control and length > CONTROL_BYTES_MAX:
            raise Broken(Code.PROTOCOL_ERROR, "a long control frame")
        wide = {126: 2, 127: 8}.get(length, 0)
        if there < 2 + wide:
            return None
        if wide:
            length = int.from_bytes(data[at + 2 : at + 2 + wide], "big")
            # "the minimal number of bytes MUST be used" (section 5.2)
            if length < 126 or (wide == 8 and length < 1 << 16) or length >> 63:
                raise Broken(Code.PROTOCOL_ERROR, "a length that is written wrongly")
        if not control and self._length + length > self._message_max:
            raise Broken(Code.TOO_BIG, f"a message has at most {self._message_max} bytes")
        start = at + 2 + wide + 4
        if len(data) < start:
            return None
        return start, length, data[start - 4 : start]

    def _may_begin(self, first: int) -> None:
        """Whether a frame may begin with this byte now."""
        opcode = first & 0x0F
        if first & 0x70:
            raise Broken(Code.PROTOCOL_ERROR, "a bit of an extension that was not agreed on")
        if opcode >= CLOSE:
            if opcode > PONG:
                raise Broken(Code.PROTOCOL_ERROR, "no such opcode")
            if not first & FIN:
                raise Broken(Code.PROTOCOL_ERROR, "a control frame in fragments")
        elif opcode > BINARY:
            raise Broken(Code.PROTOCOL_ERROR, "no such opcode")
        elif (opcode == CONTINUATION) != (self._opcode != CONTINUATION):
            raise Broken(Code.PROTOCOL_ERROR, "a fragment out of its message")
