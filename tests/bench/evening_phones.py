"""The phones of `gala bench evening`: raw sockets that hear everything, play now and then, and lose lines.

Ten thousand of them have to cost less than the service that serves them. So what all of a cohort are told is
read once, known by its bytes, and a phone remembers of a line only how many shows it heard and the first and
the last of them. When all is over these are held against what its channel was told in all.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import msgpack

from gala.crowd.people import PLANS, Person
from gala.crowd.whacking import Whacker
from gala.wire.frames import BINARY, FIN, TEXT
from tests.bench.bare_line import Known
from tests.bench.hotpath_load import SOCKETIO, client_frame, event

CONNECT, EVENT, ACK, CONNECT_ERROR = 0, 2, 3, 4
ENTER = 0  # the packet's number; plays have their seq
PONG = client_frame(b"3", text=True)
AGAIN_S = 0.5
SOON_S = 0.05
PLAYS_EACH = 2  # in one round, at most
TRIES_MAX = 8
CALM = {"late": 0.0, "median_ms": 3_000, "fickle": 0.2, "clumsy": 0.0, "doubles": 0.0}


class Life(NamedTuple):
    """What was heard over one line: so many shows, from one step to another."""

    channel: str
    first_step: int
    last_step: int
    shows: int


class Asked(NamedTuple):
    """A play that is under way, and since when."""

    frame: bytes
    at_s: float
    tries: int


class Crowd:
    """All phones of one service. Written by them.

    attention: the chance that one takes part in a round.
    """

    def __init__(self, port: int, show: str, seed: int, attention: float) -> None:
        self.port = port
        self.show = show
        self.chance = random.Random(seed)
        self.attention = attention
        self.request = (
            f"GET {SOCKETIO} HTTP/1.1\r\nhost: localhost:{port}\r\nupgrade: websocket\r\n"
            "connection: Upgrade\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-key: Z2FsYSBnYWxhIGdhbGEhIQ==\r\n\r\n"
        ).encode()
        self.phones: list[Phone] = []
        self.on: dict[str, list[Phone]] = defaultdict(list)
        self.inside = self.entered = 0
        self.told: dict[str, dict[int, int]] = defaultdict(dict)  # by channel: step -> version
        self.lives: list[Life] = []
        self.faults = Counter[str]()
        self.answers = Counter[str]()
        self.waits_ms: list[float] = []
        self.returns = self.sent_away = 0
        self.over = False
        self.changed = asyncio.Event()
        self._known = Known()
        self._planned: set[tuple[str, str]] = set()
        self._whackers: dict[tuple[str, str], Whacker] = {}
        self._clock = (0.0, 1.0, 0.0)

    def read(self, content: bytes) -> Any:
        """A packet; what many are told, only once."""
        packet, new = self._known.read(content)
        if new and packet["type"] == EVENT and packet["data"][0] == "clock":
            self.set_clock(packet["data"][1])
        return packet

    def set_clock(self, said: Mapping[str, Any]) -> None:
        """Gala time, as the service tells it."""
        self._clock = float(said["now_ms"]), float(said.get("rate", 1.0)), time.monotonic()

    def now_ms(self) -> float:
        """Gala time by now."""
        now_ms, rate, read_s = self._clock
        return now_ms + (time.monotonic() - read_s) * 1000 * rate

    def _later(self, at_ms: float, do: Callable[..., None], *what: Any) -> None:
        """At that gala time, at the pace of now; an evening is not hurried while a round is open."""
        delay_s = max(0.0, at_ms - self.now_ms()) / 1000 / self._clock[1]
        asyncio.get_running_loop().call_later(delay_s, do, *what)

    def see(self, channel: str, show: dict[str, Any]) -> None:
        """A show that nobody of this channel has seen before."""
        if show["step"] in self.told[channel]:
            return
        self.told[channel][show["step"]] = show["version"]
        round_ = show.get("round")
        if show["phase"] == "ended":
            self.over = True
            self.changed.set()
        elif round_ and round_["state"] == "open":
            self._take_part(channel, round_)

    def _take_part(self, channel: str, round_: dict[str, Any]) -> None:
        key = round_["id"], channel
        whacks = round_["game"] == "whack"
        if key not in self._planned:
            self._planned.add(key)
            if whacks:
                self._whackers[key] = Whacker(self._person(channel, 1.0), self.chance)
            for phone in self.on[channel]:
                (self._plan_whack if whacks else self._plan)(phone, round_)
        if whacks:
            self._whackers[key].see(round_["public"], round_["opens_at_ms"], int(self.now_ms()))

    def _person(self, channel: str, attention: float) -> Person:
        return Person(channel=channel, attention=attention, **cast("dict[str, Any]", CALM))

    def _plan(self, phone: "Phone", round_: dict[str, Any]) -> None:
        plan = PLANS[round_["game"]](
            self._person(phone.channel, self.attention),
            self.chance,
            round_["public"],
            int(max(round_["opens_at_ms"], self.now_ms())),
            round_.get("closes_at_ms", 0),
            0.3,
        )
        for at_ms, move in plan.plays[:PLAYS_EACH]:
            self._later(at_ms, phone.play, round_["id"], lambda move=move: move)

    def _plan_whack(self, phone: "Phone", round_: dict[str, Any]) -> None:
        """All of a channel see the same moles, and hit alike."""
        whacker = self._whackers[round_["id"], phone.channel]
        if self.chance.random() > self.attention:
            return
        for _ in range(PLAYS_EACH):
            at_ms = round_["opens_at_ms"] + self.chance.random() * round_["public"]["length_ms"]
            self._later(at_ms, phone.play, round_["id"], lambda: whacker.move(self.now_ms()))

    # ------------------------------------------------------------ coming and going

    async def come(self, channels: list[str], count: int, per_s: int) -> None:
        """So many phones, spread over the channels; returns when all have a number."""
        for place in range(count):
            phone = Phone(self, channels[place % len(channels)])
            self.phones.append(phone)
            self.on[phone.channel].append(phone)
            phone.come()
            await asyncio.sleep(1 / per_s)
        await self.until(lambda: self.inside == self.entered == count)

    async def churn(self, per_minute: float) -> None:
        """Breaks the lines of so many in a hundred a minute, one after the other, at random."""
        while per_minute:
            await asyncio.sleep(60 * 100 / per_minute / len(self.phones))
            phone = self.chance.choice(self.phones)
            if phone.welcomed and not self.over:
                self.returns += 1
                phone.lose()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for the phones."""
        while not holds():
            self.changed.clear()
            await self.changed.wait()

    # ------------------------------------------------------------ what came of it

    def missed(self) -> int:
        """Shows that were told to a channel while a line of it was open, and not heard over that line."""
        steps = {channel: sorted(told) for channel, told in self.told.items()}
        place = {channel: {step: at for at, step in enumerate(told)} for channel, told in steps.items()}
        return sum(
            place[life.channel][life.last_step] - place[life.channel][life.first_step] + 1 - life.shows
            for life in self.lives
        )

    @property
    def unanswered(self) -> int:
        """Plays whose fate nobody knows."""
        return sum(len(phone.asked) for phone in self.phones)

    def behind(self) -> int:
        """Phones that do not have the newest show of their channel."""
        newest = {channel: max(told) for channel, told in self.told.items()}
        return sum(phone.last_step != newest.get(phone.channel) for phone in self.phones)


class Phone(asyncio.Protocol):
    """One viewer, over one line after the other."""

    __slots__ = (
        *("_crowd", "_first_step", "_rest", "_seq", "_shows", "_slot", "_token", "_transport", "_up"),
        *("_window_s", "asked", "channel", "last_step", "number", "welcomed"),
    )

    def __init__(self, crowd: Crowd, channel: str) -> None:
        self._crowd = crowd
        self.channel = channel
        self.number = -1
        self.welcomed = False
        self.last_step = -1
        self._first_step = self._shows = 0
        self._token = self._slot = ""
        self._window_s = 0.0
        self._seq = 0
        self.asked: dict[int, Asked] = {}
        self._rest = b""
        self._up = False
        self._transport: asyncio.Transport | None = None

    def come(self) -> None:
        """Opens a line."""
        task = asyncio.get_running_loop().create_task(self._open())
        task.add_done_callback(lambda done: done.exception())

    async def _open(self) -> None:
        self._rest, self._up = b"", False
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._crowd.port)
        except OSError:
            self._crowd.faults["no connection"] += 1
            asyncio.get_running_loop().call_later(AGAIN_S, self.come)

    def lose(self) -> None:
        """The line breaks; comes back within the time it was told, at a moment of its own."""
        assert self._transport is not None
        transport, self._transport = self._transport, None
        transport.abort()
        self._gone()
        self._later(SOON_S + self._crowd.chance.random() * self._window_s)

    def _later(self, delay_s: float) -> None:
        asyncio.get_running_loop().call_later(delay_s, self.come)

    def _gone(self) -> None:
        if self.welcomed:
            self.welcomed = False
            self._crowd.inside -= 1
            self._crowd.lives.append(Life(self.channel, self._first_step, self.last_step, self._shows))

    def leave(self) -> None:
        """Hangs up for good."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        self._gone()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._crowd.request)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._transport is not None:  # it was not we who ended it
            self._transport = None
            self._crowd.faults["cut off"] += 1
            self._gone()
            self._later(AGAIN_S + self._crowd.chance.random() * self._window_s)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at = 0
        if not self._up:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._rest = data
                return
            self._up = True
        while at + 2 <= len(data):
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            if start + length > len(data):
                break
            self._frame(data[at], data[start : start + length])
            at = start + length
        self._rest = data[at:]

    def _write(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def _frame(self, head: int, content: bytes) -> None:
        if head == FIN | BINARY:
            self._hear(self._crowd.read(content))
        elif head == FIN | TEXT and content == b"2":
            self._write(PONG)
        elif head == FIN | TEXT and content.startswith(b"0"):
            auth = {
                "pass": self._token,
                "channel": self.channel,
                "show": self._crowd.show,
                "slot": self._slot,
            }
            self._slot = ""
            self._write(
                client_frame(msgpack.packb({"type": CONNECT, "nsp": "/viewer", "data": auth}), text=False)
            )

    def _hear(self, packet: dict[str, Any]) -> None:
        kind = packet["type"]
        if kind == EVENT:
            name, content = packet["data"]
            if name == "show":
                self._show(content)
            elif name == "welcome":
                self._welcome(content)
            elif name == "back":
                self._window_s = content["within_ms"] / 1000
        elif kind == ACK and packet["data"]:
            self._answer(packet["id"], packet["data"][0])
        elif kind == CONNECT_ERROR:
            self._stand_in_line(packet["data"].get("data") or {})

    def _stand_in_line(self, said: dict[str, Any]) -> None:
        transport, self._transport = self._transport, None
        assert transport is not None
        transport.abort()
        self._slot = said.get("queue", {}).get("slot", "")
        self._crowd.sent_away += 1
        self._later(said.get("retry_after_ms", 1_000) / 1000)

    def _welcome(self, said: dict[str, Any]) -> None:
        crowd, number = self._crowd, said["mine"].get("number", -1)
        self._token = said["pass"]
        self._window_s = said.get("back_ms", 0) / 1000
        crowd.set_clock(said)
        if number != self.number:
            crowd.faults["number lost"] += 1
        before, self.last_step = self.last_step, -1
        self._shows, self._first_step = 0, said["show"]["step"]
        self._show(said["show"])
        if self.last_step < before:
            crowd.faults["went back"] += 1
        self.welcomed = True
        crowd.inside += 1
        if self.number < 0:
            self._write(event("enter", ENTER, {}))
        for asked in self.asked.values():
            self._write(asked.frame)
        crowd.changed.set()

    def _show(self, show: dict[str, Any]) -> None:
        step = show["step"]
        if step <= self.last_step:
            self._crowd.faults["out of order"] += 1
            return
        self.last_step = step
        self._shows += 1
        if step not in self._crowd.told[self.channel]:
            self._crowd.see(self.channel, show)

    # ------------------------------------------------------------ plays

    def play(self, round_id: str, move: Callable[[], Any]) -> None:
        """Plays, if it is here; a move that was not acknowledged is sent again."""
        if self.welcomed and self.number >= 0:
            self._seq += 1
            said = {"round": round_id, "seq": self._seq, "at_ms": int(self._crowd.now_ms()), "move": move()}
            self.asked[self._seq] = Asked(event("play", self._seq, said), time.monotonic(), 1)
            self._write(self.asked[self._seq].frame)

    def _answer(self, number: int, said: dict[str, Any]) -> None:
        if number == ENTER:
            self._seat(said)
            return
        asked = self.asked.pop(number, None)
        if asked is None:
            return
        if said["status"] == "retry" and asked.tries < TRIES_MAX:
            self.asked[number] = asked._replace(tries=asked.tries + 1)
            self._say_later(said, asked.frame)
            return
        self._crowd.answers[said.get("reason") or said["status"]] += 1
        self._crowd.waits_ms.append((time.monotonic() - asked.at_s) * 1000)

    def _seat(self, said: dict[str, Any]) -> None:
        if "pass" not in said:
            self._say_later(said, event("enter", ENTER, {}))
            return
        self._token, self.number = said["pass"], said["mine"]["number"]
        self._crowd.entered += 1
        self._crowd.changed.set()

    def _say_later(self, said: dict[str, Any], frame: bytes) -> None:
        delay_s = said.get("retry_after_ms", 200) / 1000
        asyncio.get_running_loop().call_later(delay_s, self._write, frame)
