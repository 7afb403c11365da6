"""The roles of an evening over a real store, each stepped by hand, with a clock turned by hand.

`Mortal` kills a role between any two of its exchanges with the world. (To die before one is made is to have
died after the one before it was done and its answer lost: what it had done is all that outlives a role.)
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from gala.conductor import Conductor
from gala.draws.beacons import chain_and_signature
from gala.edge.audience import Audience, Cohort, Tuning
from gala.edge.plays import Plays
from gala.edge.waiting import Said
from gala.follower import Follower
from gala.notary import Notary
from gala.protocol import PlayReply
from gala.publishing import Publishing
from gala.rehearsal import next_act
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.secret import register_keys
from gala.show.state import State
from gala.store import keys
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.timing import GRACE_MS
from gala.wallets import Wallets, titles_of
from gala.wire.packets import ack_frame
from rewards.keeping.register import Register
from tests.gala.story import SHORT

SECRET = b"a secret of sixteen bytes or more"
STEP_MS = 500


class Killed(Exception):
    """The role died here."""


class Life:
    """How many more exchanges a role makes, and how many it has made."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.made = 0

    async def spend(self, call: Callable[[], Any]) -> Any:
        """Makes one exchange, or dies before it."""
        if self.left == 0:
            raise Killed
        self.left -= 1
        self.made += 1
        return await call()


class Mortal:
    """Anything with async methods (a store client, the register); each call costs a breath of its life."""

    def __init__(self, inner: Any, life: Life) -> None:
        self._inner = inner
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == "pipeline":
            return lambda *args, **more: Mortal(found(*args, **more), self._life)
        if name == "register_script":
            return lambda text: self._call(found(text))
        if name in ("eval", "getrange", "hgetall", "hmget") and hasattr(self._inner, "execute"):
            return found  # in a pipeline only `execute` goes anywhere
        return self._call(found) if callable(found) else found

    def _call(self, done: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **more: Any) -> Any:
            return await self._life.spend(lambda: done(*args, **more))

        return call


class Hall:
    """One evening on one store. `now_ms` is the hand clock of all who stand in it."""

    def __init__(self, clients: Clients, folder: Path, rundown: Rundown = SHORT) -> None:
        self.clients = clients
        self.folder = folder
        self.rundown = rundown
        self.rounds = Rounds(rundown, bytes(32))
        self.now_ms = rundown.starts_at_ms
        self.desk = Follower(rundown, ShowLog(clients, rundown.id))
        self.presses = 0

    @property
    def state(self) -> State:
        """As the desk has read it."""
        return self.desk.state

    async def begin(self) -> None:
        """Writes the first entry."""
        cue = {"cue": "begin", "epoch": "e", "rundown": self.rundown.digest, "rehearsal": True}
        await self.call(cue, "begin")

    async def call(self, cue: dict[str, Any], cue_id: str) -> None:
        """A cue from the desk."""
        await self.desk.call(cue, id=cue_id, by="director Mei", now_ms=self.now_ms)

    async def go(self, target: str, **more: Any) -> None:
        """Arms a cue and presses GO."""
        self.presses += 1
        await self.call({"cue": "standby", "target": target}, f"standby-{self.presses}")
        await self.call({"cue": "go", "target": target, **more}, f"go-{self.presses}")

    def _clients(self, life: Life | None) -> Clients:
        if life is None:
            return self.clients
        return Clients(cast("Redis", Mortal(self.clients.once, life)), "")

    def conductor(self, name: str = "one", life: Life | None = None) -> Conductor:
        clients = self._clients(life)
        log = ShowLog(clients, self.rundown.id)
        return Conductor(self.rundown, self.rounds, log, clients.once, name=name, grace_ms=GRACE_MS)

    async def register(self) -> Register:
        return await Register.open(
            self.folder / "books", show=self.rundown.id, rehearsal=True, keys=register_keys(SECRET)
        )

    def notary(self, register: Register, life: Life | None = None, *, silent_until_ms: int = 0) -> Notary:
        """silent_until_ms: the beacon says nothing before."""
        clients = self._clients(life)
        chain, spoken = chain_and_signature(self.rundown, SECRET)

        def signature(beacon_round: int) -> bytes | None:
            return None if self.now_ms < silent_until_ms else spoken(beacon_round)

        books = register if life is None else cast("Register", Mortal(register, life))
        return Notary(
            self.rundown,
            self.rounds,
            ShowLog(clients, self.rundown.id),
            clients.once,
            books,
            Wallets(clients.once, self.rundown.id, books, titles_of(self.rundown)),
            chain=chain,
            signature=signature,
            secret=SECRET,
            publishing=Publishing(books, self.folder, lambda: self.now_ms),
        )

    def booth(self) -> "Booth":
        return Booth(self)

    async def numbers(self, count: int) -> None:
        """As if edges had given out so many numbers."""
        await self.clients.once.set(keys.numbers(self.rundown.id), count)

    async def direct(self) -> None:
        """What the rehearsal's director would press now."""
        await self.desk.read()
        act = next_act(self.rundown, self.state, self.now_ms)
        if act is not None:
            self.presses += 1
            await self.call(act.content(), f"go-{self.presses}")

    def evening(self, steps_max: int = 1_000) -> Iterator[int]:
        """The instants of an evening until its log says it has ended and for a minute more."""
        left_ms = 60_000
        for _ in range(steps_max):
            yield self.now_ms
            if self.state.phase == "ended":
                left_ms -= STEP_MS
                if left_ms < 0:
                    return
            self.now_ms += STEP_MS
        raise AssertionError(f"the evening does not end: {self.state.standby} on standby")


class Asked:
    """Whoever asks for plays without a socket: the answer to its one packet is its future's."""

    def __init__(self) -> None:
        self.reply: asyncio.Future[PlayReply] = asyncio.get_running_loop().create_future()

    def ack(self, namespace: str, number: int | None, content: object) -> None:
        self.write(ack_frame(namespace, number or 0, content))

    def write(self, whole: bytes) -> None:
        """A short frame, as it would go out."""
        start = 4 if whole[1] == 126 else 2
        (content,) = msgspec.msgpack.decode(whole[start:])["data"]
        self.reply.set_result(msgspec.convert(content, PlayReply))


async def submit(
    plays: Plays,
    round_id: str,
    number: int,
    seq: int,
    cohort: Cohort,
    move: object,
    claimed_ms: int = 0,
    bound_ms: float = 0.0,
) -> PlayReply:
    """A play that comes in now; resolves when it has its answer."""
    asked = Asked()
    said = Said(round_id, seq, claimed_ms, msgspec.Raw(msgspec.msgpack.encode(move)))
    plays.offer(asked, 1, number, cohort, bound_ms, said)
    return await asked.reply


class Booth:
    """An edge without sockets: it follows the log when told, and plays for whom it is told."""

    def __init__(self, hall: Hall, redis: Redis | None = None) -> None:
        self.hall = hall
        self.follower = Follower(hall.rundown, ShowLog(hall.clients, hall.rundown.id))
        self._cohort = Audience(hall.rundown, self.follower.history.delay_ms).seat(Tuning()).cohort
        self.out = False  # of rotation
        self.plays = Plays(
            redis or hall.clients.once,
            hall.rounds,
            lambda: hall.now_ms,
            lambda: self.follower.state,
            lambda: 1.0,
            lambda: self.out,
        )

    @property
    def cohort(self) -> Cohort:
        """In the hall: it sees what this booth has read."""
        self._cohort.visible = self.follower.state
        return self._cohort

    def submit(self, round_id: str, number: int, seq: int, *choices: str) -> asyncio.Task[PlayReply]:
        """A ballot that has arrived and waits."""
        return self.submit_move(round_id, number, seq, {"choices": list(choices)})

    def submit_move(self, round_id: str, number: int, seq: int, move: object) -> asyncio.Task[PlayReply]:
        """A play of any game that has arrived and waits."""
        play = submit(self.plays, round_id, number, seq, self.cohort, move)
        return asyncio.get_running_loop().create_task(play)

    async def flush(self, *waiting: asyncio.Task[PlayReply], tries: int = 50) -> list[PlayReply]:
        """Applies what waits until these plays have their answers."""
        await asyncio.sleep(0)
        for _ in range(tries):
            if all(task.done() for task in waiting):
                break
            await self.plays.flush()
            await asyncio.sleep(0)
        return [task.result() for task in waiting]

    async def play(self, round_id: str, number: int, seq: int, *choices: str) -> PlayReply:
        """One play, applied at once."""
        return (await self.flush(self.submit(round_id, number, seq, *choices)))[0]
