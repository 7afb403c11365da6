"""One connection on a real socket: its beginning, its limits, its end, and the order of what it says."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import msgpack
import pytest

from gala.wire.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from gala.wire.limits import Limits
from tests.gala.wires import ACCEPT, NAMESPACE, PATH, Raw, Service, sent, serving

QUICK = Limits(
    ping_interval_ms=1_200, ping_timeout_ms=900, wheel_slots=4, request_s=0.5, linger_s=0.5, messages_per_s=1
)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """As in production."""
    with serving() as service:
        yield service


@pytest.fixture(scope="module")
def quick() -> Iterator[Service]:
    """With short deadlines, and patience for one message a second."""
    with serving(QUICK) as service:
        yield service


# ---------------------------------------------------------------- its beginning


def test_it_shakes_hands_as_the_standard_says_and_agrees_on_no_extension(service: Service) -> None:
    raw = Raw(service)
    answer = raw.request(more="Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")
    head, *lines = answer.lower().split("\r\n")
    assert head == "http/1.1 101 switching protocols"
    assert f"sec-websocket-accept: {ACCEPT}".lower() in lines
    assert not [line for line in lines if "extensions" in line or "protocol:" in line]
    opening = raw.message()
    assert isinstance(opening, str)
    said = json.loads(opening[1:])
    assert (opening[0], said["upgrades"], said["maxPayload"]) == ("0", [], 16_384)
    assert (said["pingInterval"], said["pingTimeout"]) == (10_000, 8_000)
    raw.close()


@pytest.mark.parametrize(
    ("path", "more", "version", "key", "status"),
    [
        ("/", "", "13", None, 404),
        ("/socket.io/other?EIO=4&transport=websocket", "", "13", None, 404),
        (PATH, "", "8", None, 426),
        (PATH, "", "13", "short", 400),
        (PATH, "", "13", "", 400),
        (f"{PATH}&sid=abc", "", "13", None, 400),
        (PATH.replace("EIO=4", "EIO=3"), "", "13", None, 400),
        (PATH.replace("websocket", "polling"), "", "13", None, 400),
        (PATH, "Origin: https://elsewhere.example\r\n", "13", None, 403),
        (PATH, "Origin: null\r\n", "13", None, 403),
    ],
)
def test_a_request_that_may_not_become_a_socket_is_told_so(
    service: Service, path: str, more: str, version: str, key: str | None, status: int
) -> None:
    raw = Raw(service)
    given = {} if key is None else {"key": key}
    assert raw.request(path, more=more, version=version, **given).split()[1] == str(status)
    raw.close()


@pytest.mark.parametrize(
    "more",
    [
        "Origin: http://localhost\r\n",
        "Origin: https://gala.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: gala.example\r\n",
    ],
)
def test_a_page_of_our_own_host_may_come(service: Service, more: str) -> None:
    Raw.open(service, more=more).close()


def test_without_polling_a_request_for_it_is_refused(service: Service) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{service.port}/socket.io/?EIO=4&transport=polling")
    assert refused.value.code in (400, 404)
    refused.value.close()


def test_a_socket_that_never_says_which_namespace_is_closed(quick: Service) -> None:
    raw = Raw.open(quick)
    closed = raw.closed()
    assert (closed.code, closed.reason) == (1008, "never said which namespace")


def test_a_connection_that_does_not_finish_its_request_is_closed(quick: Service) -> None:
    for said in (
        b"",
        b"GET /healthz HTTP/1.1\r\nHost:",
        b"POST /healthz HTTP/1.1\r\nContent-Length: 9\r\n\r\n1",
    ):
        raw = Raw(quick)
        raw.socket.sendall(said)
        heard = b""
        while data := raw.socket.recv(4096):
            heard += data
        assert b"200" not in heard


def test_endless_headers_are_refused(service: Service) -> None:
    raw = Raw(service)
    raw.socket.sendall(b"GET /healthz HTTP/1.1\r\n" + b"x-more: and more\r\n" * 2_000)
    assert b"431" in raw.socket.recv(4096)


# ---------------------------------------------------------------- its limits


@pytest.mark.parametrize(
    ("said", "code", "reason"),
    [
        (b"\xc2\x85", 1002, "extension"),  # a compressed frame
        (b"\x82\x05hello", 1002, "unmasked"),
        (b"\x89\xfe", 1002, "control"),
        (sent(CONTINUATION, b"x"), 1002, "fragment"),
        (sent(TEXT, b"\xff\xfe"), 1007, "UTF-8"),
        (sent(TEXT, b"", length=64 << 20), 1009, "16384"),
        (sent(BINARY, b"", length=16_385), 1009, "16384"),
        (sent(BINARY, b"x" * 16_000, fin=False) + sent(CONTINUATION, b"x" * 385), 1009, "16384"),
        (sent(TEXT, "40/viewer,"), 1003, "msgpack"),
        (sent(TEXT, "9"), 1008, "Engine.IO"),
        (sent(TEXT, ""), 1008, "Engine.IO"),
        (sent(BINARY, b"\xc1"), 1008, "msgpack"),
        (sent(BINARY, b""), 1008, "msgpack"),
        (sent(BINARY, msgpack.packb({"type": 5, "nsp": NAMESPACE, "data": ["play"]})), 1008, "attachments"),
        (sent(BINARY, msgpack.packb({"type": 6, "nsp": NAMESPACE, "data": []})), 1008, "attachments"),
        (sent(BINARY, msgpack.packb({"type": 4, "nsp": NAMESPACE})), 1008, "no such packet"),
        (sent(BINARY, msgpack.packb({"type": 1 << 60, "nsp": NAMESPACE})), 1008, "no such packet"),
        (sent(BINARY, msgpack.packb({"type": 2, "nsp": NAMESPACE, "data": []})), 1008, "event"),
        (sent(BINARY, msgpack.packb({"type": 2, "nsp": 7, "data": ["play"]})), 1008, "msgpack"),
        (sent(BINARY, msgpack.packb({"type": 3, "nsp": NAMESPACE, "data": []})), 1008, "acknowledgement"),
        (sent(BINARY, msgpack.packb({"type": 0, "nsp": NAMESPACE, "data": [1]})), 1008, "auth"),
        (sent(CLOSE, b"\x00\x01"), 1002, "code"),
    ],
    ids=lambda said: repr(said)[:30],
)
def test_whoever_breaks_a_rule_is_told_which_and_nobody_else_notices(
    service: Service, said: bytes, code: int, reason: str
) -> None:
    rude, other = Raw.join(service), Raw.join(service)
    rude.socket.sendall(said)
    closed = rude.closed()
    assert closed.code == code
    assert reason in closed.reason
    assert other.ask("sync", 1) == [{"heard": 1}]
    rude.close()
    other.close()


def test_a_long_message_in_fragments_with_pings_between_is_one_message(service: Service) -> None:
    raw = Raw.join(service)
    said = msgpack.packb({"type": 2, "nsp": NAMESPACE, "data": ["play", "x" * 16_000], "id": 5})
    raw.send(BINARY, said[:1], fin=False)
    for start in range(1, len(said) - 500, 500):
        raw.send(CONTINUATION, said[start : start + 500], fin=False)
        last = start + 500
    raw.send(PING, b"still there?")
    raw.send(CONTINUATION, said[last:])
    answers = [raw.frame() for _ in range(2)]
    assert answers[0] == (PONG, b"still there?")
    assert msgpack.unpackb(answers[1][1])["data"] == [{"heard": "x" * 16_000}]
    raw.close()


def test_whoever_talks_too_much_is_closed_and_a_burst_is_not_too_much(service: Service) -> None:
    raw = Raw.join(service)
    for number in range(50):
        assert raw.ask("sync", number, number=number) == [{"heard": number}]
    raw.socket.sendall(sent(PING, b"") * 100)
    assert (raw.closed().code, service.call(lambda: service.exchange.dropped["too many messages"])) == (
        1008,
        1,
    )


def test_a_phone_that_lives_in_hurried_time_may_talk_as_much_faster(service: Service) -> None:
    exchange = service.exchange
    assert (round(exchange.message_s, 3), round(exchange.burst_s)) == (0.05, 3)
    exchange._pace = lambda: 10.0
    service.call(exchange._set_pace)
    assert (round(exchange.message_s, 4), round(exchange.burst_s, 1)) == (0.005, 0.3)
    exchange._pace = lambda: 0.5
    service.call(exchange._set_pace)
    assert round(exchange.message_s, 3) == 0.05, "never less than at real time"


# ---------------------------------------------------------------- signs of life


def test_a_phone_that_vanishes_is_noticed_and_one_that_answers_is_measured(quick: Service) -> None:
    gone, alive = Raw.join(quick), Raw.join(quick)
    sid = quick.call(lambda: [line.sid for line in quick.exchange._members.of(NAMESPACE)][-1])
    while not (first_ms := quick.call(lambda: quick.exchange.rtt_ms(sid))):
        assert alive.ask("sync", 1) == [{"heard": 1}]
    for _ in range(2):
        assert alive.frame() == (TEXT, b"2")
        alive.send(TEXT, "3")
    assert quick.heard("disconnect", "ping timeout")
    assert alive.ask("sync", 2) == [{"heard": 2}]
    assert quick.call(lambda: quick.exchange.rtt_ms(sid)) not in (0, first_ms)
    gone.close()


# ---------------------------------------------------------------- its end


def test_a_close_is_answered_with_its_code(service: Service) -> None:
    raw = Raw.join(service)
    raw.send(CLOSE, b"\x0f\xa0bye")
    assert raw.closed().code == 4000
    assert raw.socket.recv(1) == b""
    assert service.heard("disconnect", "transport close")


def test_engine_ios_own_goodbye_ends_the_connection(service: Service) -> None:
    raw = Raw.join(service)
    raw.send(TEXT, "1")
    assert raw.closed().code == 1000
    raw.send(CLOSE, b"\x03\xe8")
    assert raw.socket.recv(1) == b""
    assert service.heard("disconnect", "client disconnect")


def test_a_server_that_stops_tells_phones_when_to_come_back() -> None:
    with serving() as service:
        raws = [Raw.join(service) for _ in range(3)]
        service.listener.stop()
        for raw in raws:
            assert raw.packet_heard()["data"] == ["drain", {"within_ms": 2_000}]
            assert raw.closed().code == 1012
            raw.send(CLOSE, b"\x03\xf4")
            assert raw.socket.recv(1) == b""


def test_whoever_leaves_while_being_let_in_leaves_nothing_behind(service: Service) -> None:
    raw = Raw.open(service)
    raw.packet(0, {"slow": 1})
    sid = service.heard("arriving")
    raw.socket.shutdown(socket.SHUT_RDWR)
    raw.close()
    service.call(service.gate.set)
    assert service.heard("connect") == sid
    assert service.heard("disconnect", "transport close")

    def left() -> bool:
        members, sockets = service.exchange._members, service.sockets
        return sid in members.lines or sid in sockets.environ or any(sid in r for r in members.rooms.values())

    while service.call(left):
        pass
    assert not service.call(lambda: service.exchange._members.is_connected(sid, NAMESPACE))
    service.call(service.gate.clear)


# ---------------------------------------------------------------- the order of things


def test_sync_overtakes_what_takes_long_and_a_play_does_not(service: Service) -> None:
    raw = Raw.join(service)
    raw.packet(2, ["slow", None], number=1)
    raw.packet(2, ["play", "p"], number=2)
    raw.packet(2, ["sync", "s"], number=3)
    assert raw.packet_heard()["id"] == 3
    service.call(service.gate.set)
    assert [raw.packet_heard()["id"] for _ in range(2)] == [1, 2]
    service.call(service.gate.clear)
    raw.close()


def test_a_play_before_the_namespace_is_not_heard(service: Service) -> None:
    raw = Raw.open(service)
    raw.packet(2, ["play", 1], number=1)
    raw.packet(0, None)
    assert raw.packet_heard()["type"] == 0
    assert raw.ask("play", 2, number=2) == [{"heard": 2}]
    raw.close()


def test_a_fault_of_ours_costs_an_answer_and_not_the_line(service: Service) -> None:
    raw = Raw.join(service)
    raw.packet(2, ["broken", None], number=1)
    raw.packet(2, ["fail", None], number=2)
    assert raw.ask("play", 3, number=3) == [{"heard": 3}]
    raw.close()


KNOWN = {"seq": 7, "move": {"choices": ["a"]}}


@pytest.mark.parametrize(
    ("content", "heard"),
    [
        ([KNOWN], KNOWN),
        ([KNOWN | {"more": 1}], KNOWN),
        ([{"seq": 1, "move": None}], {"seq": 1, "move": None}),
        ([], None),
        ([KNOWN, KNOWN], None),
        ([{"seq": "7", "move": {}}], None),
        ([{"seq": 7}], None),
        (["known"], None),
    ],
)
def test_content_of_a_known_type_is_read_as_that_and_any_other_is_as_good_as_none(
    service: Service, content: list[object], heard: object
) -> None:
    raw = Raw.join(service)
    assert raw.ask("known", *content, number=3) == [heard]
    assert raw.ask("known", KNOWN, number=4) == [KNOWN]
    raw.close()


def test_known_content_keeps_its_turn_and_a_fault_of_ours_costs_only_its_answer(service: Service) -> None:
    raw = Raw.join(service)
    raw.packet(2, ["slow", None], number=1)
    raw.packet(2, ["known", KNOWN], number=2)
    raw.packet(2, ["sync", "s"], number=3)
    assert raw.packet_heard()["id"] == 3
    service.call(service.gate.set)
    assert [raw.packet_heard()["id"] for _ in range(2)] == [1, 2]
    service.call(service.gate.clear)
    raw.packet(2, ["known", {"seq": -1, "move": None}], number=4)
    raw.packet(2, ["known", {"seq": 5, "move": None}])  # who asks for no answer gets none
    assert raw.ask("known", KNOWN, number=6) == [KNOWN]
    raw.close()


def test_messages_pile_up_behind_a_slow_one_only_so_far(service: Service) -> None:
    raw = Raw.join(service)
    for number in range(40):
        raw.packet(2, ["slow", None], number=number)
    assert raw.closed().code == 1008
    service.call(service.gate.set)
    service.call(service.gate.clear)
    raw.close()
