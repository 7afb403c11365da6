"""Socket.IO packets as msgpack maps ({type, nsp, data, id?}), read once, and frames that carry them.

An event for many is built once, with its WebSocket header, and the same bytes go to everyone.
"""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from socketio.msgpack_packet import MsgPackPacket

from gala.wire.frames import BINARY, frame

CONNECT: Final = 0
DISCONNECT: Final = 1
EVENT: Final = 2
ACK: Final = 3
CONNECT_ERROR: Final = 4


class Packet(msgspec.Struct):
    """A packet as a client sent it. `data`: plain values, not yet looked at. `id`: an int or None."""

    type: int
    nsp: str = "/"
    data: Any = None
    id: Any = None  # not declared an int, or JavaScript's undefined would be a fault


class Unreadable(Exception):
    """Not a packet that a client may send; the message, one of few, says in what."""


def _extension(code: int, data: memoryview) -> Any:
    """What msgpack has no type for. JavaScript's encoder writes undefined as type 0 with one zero byte."""
    return None if code == 0 and bytes(data) == b"\0" else msgspec.msgpack.Ext(code, bytes(data))


_decode = msgspec.msgpack.Decoder(Packet, ext_hook=_extension).decode
_encode = msgspec.msgpack.Encoder().encode


def read(content: bytes) -> Packet:
    """A client's packet whose shape is that of its type, or `Unreadable`."""
    try:
        packet = _decode(content)
    except (ValueError, RecursionError):
        raise Unreadable("not a packet in msgpack") from None
    kind, data = packet.type, packet.data
    if packet.id is not None and type(packet.id) is not int:
        raise Unreadable("a number that is none")
    if kind == EVENT:
        if type(data) is not list or not data or type(data[0]) is not str:
            raise Unreadable("an event without a name")
    elif kind == ACK:
        if type(data) is not list or packet.id is None:
            raise Unreadable("an acknowledgement of nothing")
    elif kind == CONNECT:
        if data is not None and type(data) is not dict:
            raise Unreadable("auth that is not a map")
    elif kind != DISCONNECT:
        # 4 is the server's. Reasons are counted, so they are few, whatever numbers a client may think of.
        raise Unreadable("attachments are not taken" if kind in (5, 6) else "no such packet from a client")
    return packet


class Known:
    """An event whose content is of one type: its packet is read in one go, straight into that type.

    Whatever is not exactly that, `decode` raises a ValueError for, and `read` finds out what it is.
    """

    __slots__ = ("_content", "decode", "namespace")

    def __init__(self, namespace: str, event: str, content: type) -> None:
        self.namespace = namespace
        packet = msgspec.defstruct(
            "KnownPacket",
            [
                ("type", Literal[EVENT]),
                ("nsp", Literal[namespace]),
                ("data", tuple[Literal[event], content]),  # type: ignore[valid-type]
                ("id", int | None, None),
            ],
            gc=False,
        )
        self.decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(packet).decode
        self._content: Callable[[bytes], Any] = msgspec.msgpack.Decoder(content).decode

    def content(self, plain: object) -> Any:
        """The content as its type, of a packet that `read` has read; None: it is none."""
        try:
            return self._content(_encode(plain))
        except (ValueError, TypeError, RecursionError):
            return None


def event_frame(namespace: str, event: str, *content: object) -> bytes:
    """An event, ready for the wire. Content: structs or plain values."""
    return frame(BINARY, _encode({"type": EVENT, "data": [event, *content], "nsp": namespace}))


def ack_frame(namespace: str, number: int, content: object) -> bytes:
    """The acknowledgement of the client's packet of that number."""
    return frame(BINARY, _encode({"type": ACK, "data": [content], "nsp": namespace, "id": number}))


def refusal_frame(namespace: str, word: str, content: object) -> bytes:
    """A refused CONNECT, as python-socketio puts it: {message, data}."""
    said = {"message": word, "data": content}
    return frame(BINARY, _encode({"type": CONNECT_ERROR, "data": said, "nsp": namespace}))


HOLE: Final = 0xFFFF


class AckMould:
    """Acknowledgements that are the same but for one number in their content, and the packet's: these two are
    encoded, and the rest is there."""

    __slots__ = ("_after", "_before")

    def __init__(self, namespace: str, content: Callable[[int], object]) -> None:
        """`content(n)`: the content with that number in it, up to 65 535. ValueError: it differs in more."""
        whole = _encode({"type": ACK, "data": [content(HOLE)], "nsp": namespace, "id": 0})[:-1]
        self._before, _, self._after = whole.partition(_encode(HOLE))
        if self.frame(1, 2) != ack_frame(namespace, 2, content(1)):
            raise ValueError("contents that differ in more than one number")

    def frame(self, value: int, number: int) -> bytes:
        """As `ack_frame`, byte for byte."""
        return frame(BINARY, b"%b%b%b%b" % (self._before, _encode(value), self._after, _encode(number)))


class ServedPacket(MsgPackPacket):  # type: ignore[misc]  # python-socketio has no types
    """The packet class for python-socketio: it is given packets that were read already."""

    def decode(self, encoded_packet: Packet) -> None:
        """Takes over what `read` found."""
        self.packet_type = encoded_packet.type
        self.namespace = encoded_packet.nsp
        self.data = encoded_packet.data
        self.id = encoded_packet.id

    def encode(self) -> bytes:
        """As msgpack. Absent data is left out: JavaScript's parser takes a null for a fault."""
        packet = {"type": self.packet_type, "nsp": self.namespace or "/"}
        if self.data is not None:
            packet["data"] = self.data
        if self.id is not None:
            packet["id"] = self.id
        return _encode(packet)
