"""WebSocket frames: a reader fed in pieces, and at the other end a library that is not ours."""

import io
import itertools
from collections.abc import Generator, Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from gala.wire.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    TEXT,
    Broken,
    Code,
    Reader,
    close_code,
    close_frame,
    frame,
    unmask,
)

MASKED = 0x80
MASK = b"\x01\x80\xff\x00"
LONG = 70_000  # its length needs eight bytes

Message = tuple[int, bytes | str]


def sent(opcode: int, content: bytes, *, fin: bool = True, mask: bytes = MASK, wide: int = 0) -> bytes:
    """A client's frame; `wide`: write the length in at least so many bytes."""
    length = len(content)
    if length > 0xFFFF or wide == 8:
        size = bytes((MASKED | 127,)) + length.to_bytes(8, "big")
    elif length > 125 or wide == 2:
        size = bytes((MASKED | 126,)) + length.to_bytes(2, "big")
    else:
        size = bytes((MASKED | length,))
    return bytes(((FIN if fin else 0) | opcode,)) + size + mask + unmask(content, mask)


def reader(message_bytes_max: int = LONG, fragments_max: int = 64) -> Reader:
    return Reader(message_bytes_max=message_bytes_max, fragments_max=fragments_max)


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return (data[start:end] for start, end in itertools.pairwise(edges))


def heard(found: Reader, parts: Iterable[bytes]) -> tuple[list[Message], Code | None]:
    """The messages in some bytes, and with which code they break off."""
    messages: list[Message] = []
    try:
        for part in parts:
            messages.extend(found.feed(part))  # takes one by one, so that those before a fault count
    except Broken as broken:
        return messages, broken.code
    return messages, None


sizes = st.sampled_from([0, 1, 3, 4, 5, 124, 125, 126, 127, 300, 0xFFFF, 0x10000])
masks = st.binary(min_size=4, max_size=4)
contents = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    sizes.map(lambda size: bytes(range(256)) * (size // 256 + 1)),
)
controls = st.lists(st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125)), max_size=2)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Message]]:
    """What a client sends, and the messages in it, in the order in which they end."""
    data, messages = b"", list[Message]()
    for content in draw(st.lists(contents, min_size=1, max_size=4)):
        raw = content.encode() if isinstance(content, str) else content[: draw(sizes)]
        opcode = TEXT if isinstance(content, str) else BINARY
        parts = list(pieces(raw, draw(st.lists(st.integers(0, 1 << 20), max_size=3))))
        for place, part in enumerate(parts):
            for control, said in draw(controls):
                data += sent(control, said, mask=draw(masks))
                messages.append((control, said))
            last = place == len(parts) - 1
            data += sent(opcode if place == 0 else CONTINUATION, part, fin=last, mask=draw(masks))
        messages.append((opcode, content if isinstance(content, str) else raw))
    return data, messages


@given(conversations(), st.lists(st.integers(0, 1 << 20), max_size=6))
@settings(max_examples=60, deadline=None)
def test_in_whatever_pieces_bytes_come_the_same_messages_come_out(
    said: tuple[bytes, list[Message]], cuts: list[int]
) -> None:
    data, messages = said
    found = reader()
    assert heard(found, pieces(data, cuts)) == (messages, None)
    assert found.idle


@given(st.lists(st.one_of(st.text(max_size=9), st.binary(max_size=9)), min_size=1, max_size=3), masks)
@settings(max_examples=30, deadline=None)
def test_it_may_be_cut_at_every_byte(words: list[str | bytes], mask: bytes) -> None:
    data = b"".join(
        sent(TEXT, word.encode(), mask=mask) if isinstance(word, str) else sent(BINARY, word, mask=mask)
        for word in words
    )
    for cut in range(len(data) + 1):
        found = reader()
        assert [content for _, content in heard(found, [data[:cut], data[cut:]])[0]] == words
    byte_by_byte = reader()
    assert [c for at in range(len(data)) for _, c in byte_by_byte.feed(data[at : at + 1])] == words


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
@settings(max_examples=120, deadline=None)
def test_whatever_comes_is_a_message_or_broken_and_where_it_is_cut_changes_nothing(
    data: bytes, cuts: list[int]
) -> None:
    assert heard(reader(200, 4), pieces(data, cuts)) == heard(reader(200, 4), [data])


@given(st.binary(max_size=300), masks, st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING]))
@settings(max_examples=60, deadline=None)
def test_it_reads_what_another_library_writes(content: bytes, mask: bytes, opcode: Opcode) -> None:
    content = content[:125] if opcode is Opcode.PING else content
    if opcode is Opcode.TEXT:
        content = content.hex().encode()
    written = Frame(opcode, content).serialize(mask=True)
    ((found, message),) = reader().feed(written)
    assert found == opcode
    assert (message.encode() if isinstance(message, str) else message) == content


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 0xFFFF, 0x10000, LONG])
def test_another_library_reads_what_we_write(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    written = io.BytesIO(frame(BINARY, content[:size]))

    def read_exact(count: int) -> Generator[None, None, bytes]:
        yield from ()  # the library would wait here
        return written.read(count)

    parsing = Frame.parse(read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    assert (done.value.value.opcode, done.value.value.data) == (Opcode.BINARY, content[:size])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bytes((FIN | 0x40 | BINARY,)), Code.PROTOCOL_ERROR),  # compressed, which was never agreed on
        (bytes((FIN | 0x20 | BINARY,)), Code.PROTOCOL_ERROR),
        (bytes((FIN | 0x10 | BINARY,)), Code.PROTOCOL_ERROR),
        (bytes((FIN | 0x3,)), Code.PROTOCOL_ERROR),
        (bytes((FIN | 0xB,)), Code.PROTOCOL_ERROR),
        (bytes((PING,)), Code.PROTOCOL_ERROR),  # a control frame in fragments
        (bytes((FIN | BINARY, 1)), Code.PROTOCOL_ERROR),  # unmasked
        (bytes((FIN | PING, MASKED | 126)), Code.PROTOCOL_ERROR),
        (sent(CONTINUATION, b"x"), Code.PROTOCOL_ERROR),
        (sent(TEXT, b"x", fin=False) + sent(TEXT, b"x"), Code.PROTOCOL_ERROR),
        (sent(BINARY, b"x" * 125, wide=2), Code.PROTOCOL_ERROR),  # not the shortest way to say it
        (sent(BINARY, b"x" * 126, wide=8), Code.PROTOCOL_ERROR),
        (bytes((FIN | BINARY, MASKED | 127)) + b"\xff" * 8, Code.PROTOCOL_ERROR),
        (bytes((FIN | TEXT, MASKED | 127)) + (64 << 20).to_bytes(8, "big"), Code.TOO_BIG),
        (bytes((FIN | BINARY, MASKED | 126)) + (201).to_bytes(2, "big"), Code.TOO_BIG),
        (sent(BINARY, b"x" * 150, fin=False) + bytes((FIN, MASKED | 51)), Code.TOO_BIG),
        (sent(TEXT, b"\xff"), Code.NOT_UTF8),
        (sent(TEXT, b"\xed\xa0\x80"), Code.NOT_UTF8),  # a surrogate
        (sent(TEXT, "é".encode()[:1], fin=False) + sent(CONTINUATION, b"x"), Code.NOT_UTF8),
        (sent(BINARY, b"", fin=False) + sent(CONTINUATION, b"", fin=False) * 9, Code.POLICY),
    ],
)
def test_what_breaks_the_protocol_is_found_at_the_first_byte_that_does(data: bytes, code: Code) -> None:
    assert heard(reader(200, 8), [data])[1] == code
    assert heard(reader(200, 8), (data[at : at + 1] for at in range(len(data))))[1] == code


def test_a_character_may_be_cut_by_a_fragment() -> None:
    data = sent(TEXT, "é".encode()[:1], fin=False) + sent(CONTINUATION, "é".encode()[1:])
    assert list(reader().feed(data)) == [(TEXT, "é")]


def test_messages_before_the_fault_are_heard() -> None:
    said = sent(BINARY, b"one") + bytes((FIN | BINARY, 1))
    assert heard(reader(), [said]) == ([(BINARY, b"one")], Code.PROTOCOL_ERROR)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", Code.NO_CODE),
        (b"\x03\xe8", 1000),
        (b"\x03\xe8bye", 1000),
        (b"\x03\xf3", 1011),
        (b"\x0b\xb8", 3000),
        (b"\x13\x87", 4999),
    ],
)
def test_a_close_says_why(content: bytes, found: int) -> None:
    assert close_code(content) == found


@pytest.mark.parametrize(
    "content",
    [
        b"\x03",
        b"\x00\x00",
        b"\x03\xe7",
        b"\x03\xec",
        b"\x03\xed",
        b"\x03\xee",
        b"\x07\xd0",
        b"\x13\x88",
        b"\x03\xe8\xff",
    ],
)
def test_a_close_that_says_what_may_not_be_said_is_broken(content: bytes) -> None:
    with pytest.raises(Broken):
        close_code(content)


def test_a_long_reason_is_cut_between_characters() -> None:
    whole = close_frame(Code.POLICY, "é" * 100)
    assert whole[:2] == bytes((FIN | CLOSE, 124))
    assert whole[4:].decode() == "é" * 61
