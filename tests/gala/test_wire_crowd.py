"""Words for many, to those who read slowly or not at all; and attacks, and what they cost in memory."""

import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gala.wire.frames import BINARY
from gala.wire.limits import Limits
from gala.wire.outlet import BOARD, SHOW
from gala.wire.packets import event_frame
from tests.gala.attacks import ATTACKS
from tests.gala.wires import NAMESPACE, Raw, Service, await_listener, sent, serving

SMALL_BUFFER = 4_096


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving() as service:
        yield service


def test_everyone_in_a_room_gets_the_same_bytes_and_nobody_else_any(service: Service) -> None:
    inside, outside = [Raw.join(service) for _ in range(3)], Raw.join(service)
    for raw in inside:
        assert raw.ask("room", "hall") == []
    service.run(service.exchange.tell(NAMESPACE, "hall", b"\x82\x03abc"))
    assert [raw.message() for raw in inside] == [b"abc"] * 3
    service.run(service.exchange.tell(NAMESPACE, None, b"\x82\x03def"))
    assert [raw.message() for raw in (*inside, outside)] == [b"def"] * 4
    service.run(service.sockets.emit("news", {"a": 1}, room="hall", namespace=NAMESPACE))
    assert [raw.packet_heard()["data"] for raw in inside] == [["news", {"a": 1}]] * 3
    sids = service.call(lambda: [line.sid for line in service.exchange._members.of(NAMESPACE)])
    service.run(service.sockets.emit("news", ("two", "things"), to=sids[-1], namespace=NAMESPACE))
    assert outside.packet_heard()["data"] == ["news", "two", "things"]


def test_a_room_of_more_than_a_slice_is_told_in_slices_and_whoever_left_meanwhile_is_not(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gala.wire.exchange.SLICE", 2)
    raws = [Raw.join(service) for _ in range(5)]
    for raw in raws:
        raw.ask("room", "many")

    async def tell_while_the_last_leaves() -> None:
        slices = service.exchange._slices(NAMESPACE, "many")
        first = await anext(slices)
        last = list(service.exchange._members.of(NAMESPACE, "many"))[-1]
        await service.exchange.leave(last.sid, NAMESPACE, "many")
        rest = [line async for some in slices for line in some]
        assert (len(first), len(rest), last in rest) == (2, 2, False)

    service.run(tell_while_the_last_leaves())
    service.run(service.exchange.tell(NAMESPACE, "many", b"\x82\x01x"))
    assert [raw.message() for raw in raws[:4]] == [b"x"] * 4


def test_a_slow_reader_gets_the_newest_board_and_show_and_none_of_those_between(service: Service) -> None:
    slow = Raw.join(service, receive_bytes=SMALL_BUFFER)
    boards, shows = 0, 0

    def held() -> int:
        lines = service.exchange._members.of(NAMESPACE)
        return max((line._transport.get_write_buffer_size() for line in lines), default=0)

    while not service.call(held):  # until the kernel takes no more for it
        boards += 1
        service.run(service.board({"seq": boards, "pad": "x" * 4_000}))
    full = service.call(held)
    for _ in range(200):
        boards, shows = boards + 1, shows + 1
        service.run(service.board({"seq": boards, "pad": "x" * 4_000}))
        service.run(service.show({"step": shows}))
    assert service.call(held) == full, "what it does not read costs nothing more"
    heard: list[Any] = []
    while not heard or heard[-1][1].get("seq") != boards:
        heard.append(slow.packet_heard()["data"])
    told = [content["seq"] for event, content in heard if event == "tally"]
    assert told == sorted(set(told))
    assert len(told) <= boards - 199
    assert [content["step"] for event, content in heard if event == "show"] == [200]


def test_what_waits_for_a_slow_reader_goes_when_they_leave_the_room_and_a_show_of_their_own_replaces_it(
    service: Service,
) -> None:
    slow = Raw.join(service, receive_bytes=SMALL_BUFFER)
    slow.ask("room", "hall")
    (line,) = service.call(lambda: list(service.exchange._members.of(NAMESPACE, "hall")))

    def tell(kind: int, seq: int) -> None:
        frame = event_frame(NAMESPACE, "news", [kind, seq, "x" * 4_000])
        service.run(service.exchange.tell_newest(NAMESPACE, "hall", kind, frame))

    boards = 0
    while not service.call(line._transport.get_write_buffer_size):
        tell(BOARD, boards := boards + 1)
    tell(BOARD, boards + 1)
    tell(SHOW, 1)
    service.run(service.exchange.leave(line.sid, NAMESPACE, "hall"))
    service.call(lambda: service.exchange.tell_one(line.sid, event_frame(NAMESPACE, "own", 1), SHOW))
    service.call(lambda: service.exchange.tell_one(line.sid, event_frame(NAMESPACE, "own", 2), SHOW))
    heard = [slow.packet_heard()["data"] for _ in range(boards + 1)]
    assert [content[1] for event, content in heard if event == "news"] == list(range(1, boards + 1))
    assert heard[-1] == ["own", 2]


def test_whoever_never_reads_what_is_meant_for_them_alone_is_cut_off() -> None:
    with serving(Limits(unsent_bytes=20_000)) as service:
        deaf, other = Raw.join(service, receive_bytes=SMALL_BUFFER), Raw.join(service)
        sid = service.call(lambda: next(iter(service.exchange._members.lines)))
        frame = sent(BINARY, b"x" * 8_000)
        while not service.call(lambda: service.exchange.dropped["reads too slowly"]):
            service.call(lambda: service.exchange.tell_one(sid, frame))
        assert service.heard("disconnect") == "reads too slowly"
        assert other.ask("sync", 1) == [{"heard": 1}]
        deaf.close()


# ---------------------------------------------------------------- attacks


class Victim:
    """A service in a process of its own, so that its memory is its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.gala.wires"], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        await_listener(self.port)

    def memory_mib(self) -> float:
        told = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, check=True
        )
        return int(told.stdout) / 1024

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return str(response.read().decode())

    def close(self) -> None:
        self.process.terminate()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.wait(10)


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    victim = Victim()
    for _ in range(20):  # what a server's memory grows by when it is used at all is no attack's doing
        raw = Raw.join(victim.port)
        raw.ask("echo", "x" * 10_000)
        raw.close()
    yield victim
    victim.close()


def nobody_reads(victim: Victim) -> None:
    raws = [Raw.join(victim.port, receive_bytes=SMALL_BUFFER) for _ in range(20)]
    for _ in range(300):
        assert victim.get("/board") == "told"
    assert len(raws) == 20


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_costs_little_memory_and_nobody_else_their_line(victim: Victim, attack: Any) -> None:
    _costs_little(victim, lambda: attack(victim.port))


def test_readers_who_read_nothing_cost_little_memory_and_nobody_else_their_line(victim: Victim) -> None:
    _costs_little(victim, lambda: nobody_reads(victim))


def _costs_little(victim: Victim, attack: Callable[[], None]) -> None:
    other = Raw.join(victim.port)
    before_mib = victim.memory_mib()
    attack()
    assert victim.memory_mib() - before_mib < 5
    assert other.ask("sync", 1) == [{"heard": 1}]
