"""Phones that play all the time and write down what they did and what they were told.

Each is as stubborn as the phone page: a play whose fate is not known is sent again under the same seq, over
the next connection if need be, until it is known. Nothing but the wire is used.
"""

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from gala.crowd.line import Line, LineDown, RefusedConnect
from gala.crowd.people import people
from gala.crowd.whacking import Whacker
from tests.soak.history import NONE, Attempt

AGAIN_S = (0.05, 0.3)  # before a phone connects again, as those of gala.crowd
TRY_AGAIN_S = 1.0  # the longest it waits before it sends a play again
WRONG = 0.02  # of the ballots name nobody


def now_ms() -> float:
    """The history's clock: this process's monotonic one."""
    return time.monotonic() * 1000


class Phone:
    """One connection after the other, over which one viewer plays.

    urls: where it connects, the next one each time the line is lost. history: where it writes. token: a pass
    it has already, as a second tab has. pace_s: how long it rests between two plays, on average.
    """

    def __init__(
        self,
        urls: Sequence[str],
        show: str,
        chance: random.Random,
        history: Callable[[Attempt], None],
        playing: asyncio.Event,
        *,
        pace_s: float,
        token: str = "",
    ) -> None:
        self._urls = itertools.cycle(urls)
        self._show = show
        self._chance = chance
        self._history = history
        self._playing = playing
        self._pace_s = pace_s
        self._line: Line | None = None
        self._there = asyncio.Event()  # there is a line, and it has been welcomed
        self._changed = asyncio.Event()
        self._seq: Counter[str] = Counter()
        self._total: Counter[str] = Counter()
        self._star = chance.randrange(64)
        self._whackers: dict[str, Whacker] = {}
        self._person = people(chance, 1, {"hall": 1})[0]
        self._clock = (0.0, 0.0)
        self._slot = ""  # what keeps a place in the line
        self._drain_s = 0.0  # over how long the service asked those to spread who come back
        self.token = token
        self.viewer = ""
        self.at = ""  # where its newest connection goes
        self.number = -1
        self.round: dict[str, Any] | None = None
        self.tired = False  # plays no more
        self.idle = asyncio.Event()  # set while no play of it is under way
        self.idle.set()
        self.connects = 0
        self.reasons: Counter[str] = Counter()  # why it was not let in, or sent away

    @property
    def online(self) -> bool:
        return self._there.is_set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._play())
            while True:
                try:
                    await self._connection()
                except RefusedConnect as refused:
                    self.reasons[str(refused.content.get("reason", "?"))] += 1
                    wait_s = refused.content.get("retry_after_ms", 500) / 1000
                    self._slot = refused.content.get("queue", {}).get("slot", "")
                    await asyncio.sleep(wait_s * (1 if self._slot else self._chance.uniform(0.5, 1.0)))
                except LineDown:
                    await asyncio.sleep(
                        self._chance.uniform(*AGAIN_S) + self._drain_s * self._chance.random()
                    )
                    self._drain_s = 0.0

    async def _connection(self) -> None:
        self.at = next(self._urls)
        self._line = await Line.open(self.at, {"pass": self.token, "show": self._show, "slot": self._slot})
        self.connects += 1
        try:
            async for event, content in self._line.events():
                self._hear(event, content)
        finally:
            self._there.clear()
            line, self._line = self._line, None
            with contextlib.suppress(OSError):
                await line.close()
        raise LineDown("ended")

    def hang_up(self) -> None:
        """Loses the line, as on a train."""
        if self._line is not None:
            self._line._socket.transport.abort()  # a line that breaks does not say goodbye

    def _hear(self, event: str, content: Any) -> None:
        if event == "welcome":
            self.token, self.viewer = content["pass"], content["viewer"]
            self._clock = (float(content["now_ms"]), now_ms())
            self._take(content.get("mine", {}))
            self._see(content["show"])
            self._there.set()
        elif event == "show":
            self._see(content)
        elif event == "mine":
            self._take(content)
        elif event == "drain":
            self._drain_s = content["within_ms"] / 1000

    def _take(self, mine: dict[str, Any]) -> None:
        self.number = mine.get("number", self.number)
        for round_id, has in mine.get("rounds", {}).items():
            self._seq[round_id] = max(self._seq[round_id], has["seq"])

    def _see(self, show: dict[str, Any]) -> None:
        self.round = show.get("round")
        if self.round is not None and self.round["game"] == "whack":
            whacker = self._whackers.setdefault(self.round["id"], Whacker(self._person, self._chance))
            whacker.see(self.round["public"], self.round["opens_at_ms"], int(self._gala_ms()))
        self._changed.set()

    def _gala_ms(self) -> float:
        there_ms, here_ms = self._clock
        return there_ms + now_ms() - here_ms

    async def _play(self) -> None:
        while True:
            await self._playing.wait()
            await self._there.wait()
            await asyncio.sleep(self._chance.expovariate(1 / self._pace_s))
            if not self._playing.is_set() or self.tired:
                continue
            if self.number < 0:
                await self._enter()
                continue
            round_ = self.round
            if round_ is None or round_["state"] != "open":
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TRY_AGAIN_S):
                        await self._changed.wait()
                continue
            move = self._move(round_)
            if move is not None:
                self._seq[round_["id"]] += 1
                self.idle.clear()
                try:
                    await self._send(round_["id"], self._seq[round_["id"]], move)
                finally:
                    self.idle.set()

    async def _enter(self) -> None:
        if self._line is not None:
            with contextlib.suppress(LineDown):
                reply = await self._line.ask("enter", {})
                if "pass" in reply:
                    self.token = reply["pass"]
                    self._take(reply.get("mine", {}))

    def _move(self, round_: dict[str, Any]) -> dict[str, Any] | None:
        public, round_id = round_["public"], round_["id"]
        if round_["game"] == "poll":
            wrong = self._chance.random() < WRONG
            return {"choices": ["nobody" if wrong else self._chance.choice(public["choices"])]}
        if round_["game"] == "boost":
            stars = public["choices"]
            self._total[round_id] += self._chance.randrange(1, 4)
            return {"total": self._total[round_id], "for": stars[self._star % len(stars)]}
        move = self._whackers[round_id].move(self._gala_ms())
        return move if move["hits"] else None

    async def _send(self, round_id: str, seq: int, move: dict[str, Any]) -> None:
        """A play, until its fate is known."""
        while True:
            await self._there.wait()
            reply = await self._once(round_id, seq, move)
            status = reply.get("status", NONE)
            if status in (NONE, "retry"):
                wait_s = min(reply.get("retry_after_ms", 200) / 1000, TRY_AGAIN_S)
                await asyncio.sleep(wait_s * self._chance.uniform(0.5, 1.0))
                continue
            mine = reply.get("mine")
            if mine is not None:  # another tab may be ahead
                self._seq[round_id] = max(self._seq[round_id], mine["seq"])
            return

    async def _once(self, round_id: str, seq: int, move: dict[str, Any]) -> dict[str, Any]:
        """Over the wire once, and into the history whatever happens."""
        line, sent_ms = self._line, now_ms()
        if line is None:
            return {}
        reply: dict[str, Any] = {}
        at_ms = int(self._gala_ms())
        try:
            play = {"round": round_id, "seq": seq, "at_ms": at_ms, "move": move}
            reply = await line.ask("play", play)
        except LineDown:
            pass
        finally:
            mine = reply.get("mine")
            self._history(
                Attempt(
                    viewer=self.viewer,
                    number=self.number,
                    round=round_id,
                    seq=seq,
                    move=move,
                    sent_ms=sent_ms,
                    heard_ms=now_ms(),
                    status=reply.get("status", NONE),
                    reason=reply.get("reason", ""),
                    mine=None if mine is None else {"seq": mine["seq"], "has": mine["has"]},
                )
            )
        return reply


class Crowd:
    """So many phones, and their history. Use it as an async context; they rest until `play`."""

    def __init__(self, show: str, seed: str) -> None:
        self._show = show
        self._seed = seed
        self._tasks: list[asyncio.Task[None]] = []
        self._playing = asyncio.Event()
        self._acked_ms = 0.0
        self._news = asyncio.Event()
        self.phones: list[Phone] = []
        self.history: list[Attempt] = []
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.pause_ms = 0.0  # the longest that nobody was acknowledged anything, while they play

    async def __aenter__(self) -> "Crowd":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def join(self, count: int, urls: Sequence[str], *, pace_s: float = 0.15, token: str = "") -> None:
        """More phones, which connect at once."""
        for _ in range(count):
            chance = random.Random(f"{self._seed}/{len(self.phones)}")
            phone = Phone(urls, self._show, chance, self._wrote, self._playing, pace_s=pace_s, token=token)
            self.phones.append(phone)
            self._tasks.append(asyncio.get_running_loop().create_task(phone.run()))

    def _wrote(self, attempt: Attempt) -> None:
        self.history.append(attempt)
        self.statuses[attempt.status] += 1
        if attempt.reason:
            self.reasons[attempt.reason] += 1
        if attempt.acked_seq:
            if self._acked_ms:
                self.pause_ms = max(self.pause_ms, attempt.heard_ms - self._acked_ms)
            self._acked_ms = attempt.heard_ms
        self._news.set()

    @property
    def online(self) -> int:
        """How many are connected and welcomed."""
        return sum(phone.online for phone in self.phones)

    @property
    def connects(self) -> int:
        """How often somebody has connected, so far."""
        return sum(phone.connects for phone in self.phones)

    @property
    def acked(self) -> int:
        """Answers that acknowledged something, so far."""
        return self.statuses["counted"] + self.statuses["already"]

    def play(self) -> None:
        """From now on they play."""
        self._acked_ms = 0.0
        self._playing.set()

    async def until(self, seen: Callable[[], bool]) -> None:
        """Waits until this is so; asked whenever somebody was answered."""
        while not seen():
            for task in self._tasks:
                if task.done():
                    task.result()
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._news.wait()

    async def more(self, acks: int) -> None:
        """Plays on until so many more answers have acknowledged something."""
        goal = self.acked + acks
        await self.until(lambda: self.acked >= goal)

    async def tried(self) -> None:
        """Waits until as many plays as there are phones have been sent and answered, however."""
        goal = len(self.history) + len(self.phones)
        await self.until(lambda: len(self.history) >= goal)

    async def leave(self, count: int) -> None:
        """The last so many phones finish their plays and go."""
        going, self._tasks = self._tasks[-count:], self._tasks[:-count]
        phones, self.phones = self.phones[-count:], self.phones[:-count]
        for phone in phones:
            phone.tired = True
        await asyncio.gather(*(phone.idle.wait() for phone in phones))
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def settle(self) -> None:
        """No new plays; returns when the fate of every one is known."""
        self._playing.clear()
        await asyncio.gather(*(phone.idle.wait() for phone in self.phones))
