"""Socket.IO packets as msgpack, against the msgpack library."""

from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gala.protocol import PlayReply, RoundMine
from gala.wire.packets import Packet, Unreadable, ack_frame, event_frame, read

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(max_size=5), st.lists(values, max_size=3), st.none() | st.integers(0, 1 << 40))
@settings(max_examples=50, deadline=None)
def test_an_event_is_read_as_it_was_said(name: str, content: list[Any], number: int | None) -> None:
    said = {"type": 2, "nsp": "/viewer", "data": [name, *content]}
    if number is not None:
        said["id"] = number
    assert read(msgpack.packb(said)) == Packet(2, "/viewer", [name, *content], number)


@given(st.binary(max_size=60) | values.map(msgpack.packb))
@settings(max_examples=100, deadline=None)
def test_whatever_comes_is_a_packet_or_unreadable(content: bytes) -> None:
    try:
        packet = read(content)
    except Unreadable:
        return
    assert packet.type in range(4)


@pytest.mark.parametrize(
    "fields",
    [
        {"data": msgpack.ExtType(0, b"\0")},
        {"data": None},
        {},
        {"id": msgpack.ExtType(0, b"\0")},
        {"options": {"compress": True}},
    ],
)
def test_what_javascript_leaves_undefined_is_absent(fields: dict[str, Any]) -> None:
    assert read(msgpack.packb({"type": 0, "nsp": "/viewer", **fields})) == Packet(0, "/viewer")


@pytest.mark.parametrize("number", [1.5, "7", True, [], msgpack.ExtType(5, b"x")])
def test_a_packets_number_is_a_number(number: Any) -> None:
    with pytest.raises(Unreadable):
        read(msgpack.packb({"type": 2, "nsp": "/viewer", "data": ["play"], "id": number}))


def test_what_we_say_is_read_by_another_library_structs_as_maps_without_their_defaults() -> None:
    reply = PlayReply(status="counted", mine=RoundMine(seq=1, has={"choices": ["comets"]}))
    said = {"status": "counted", "mine": {"seq": 1, "has": {"choices": ["comets"]}}}
    for built, packet in (
        (ack_frame("/viewer", 7, reply), {"type": 3, "nsp": "/viewer", "id": 7, "data": [said]}),
        (event_frame("/viewer", "mine", reply), {"type": 2, "nsp": "/viewer", "data": ["mine", said]}),
    ):
        assert built[:2] == bytes((0x82, len(built) - 2))
        assert msgpack.unpackb(built[2:]) == packet
