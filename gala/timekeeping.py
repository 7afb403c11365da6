"""Whether a process's gala clock is right: measured against the world, and against the show's clock.

*The world* is the system's clock and the store's. Each is asked how far it has gone since this process
began, and compared with what the gala clock has counted; so the same holds in a rehearsal, whose gala time
is not the world's. A clock of the world that is more than `OFF_MS` away is not followed: it raises an
alarm, and the gala clock goes on by itself. Otherwise the gala clock is slewed toward the median of the
three.

*The show's clock* is the gala clock of one process with a conductor. It publishes, once a second, a
`Reading`: its gala time together with the store's time at that moment. Every other process reads both from
its own side, and so knows how far its gala time is from the show's. The store's clock only carries the
comparison over a second or two; when it jumps it spoils one comparison, and two are needed to say that a
clock is wrong. Whoever publishes goes on doing so until no new reading has come from it for `DEAD_S`; then
another, whose clock is right, takes its place.

A process whose clock is wrong, or that has not compared it yet, does nothing that depends on the time.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple, cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from gala.clock import GalaClock
from gala.store import keys

log = structlog.get_logger("gala")

OFF_MS = 50
DEAD_S = 3.0
EXCHANGES = 3  # with the store in one measurement; the one with the shortest round trip is believed
SILENT_S = 0.3  # a store that has not answered for so long is said to be silent
LOOK_S = 0.1

StoreTrouble = Literal["", "silent", "full"]

_PUT = (Path(__file__).parent / "store" / "lua" / "clock.lua").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class World:
    """The clocks a process can ask: the system's and the store's, milliseconds UTC; and the machine's
    monotonic one, real also where the gala clock is turned by hand."""

    system_ms: Callable[[], float]
    store_ms: Callable[[], Awaitable[float]]
    monotonic_ns: Callable[[], int]


class Measured(NamedTuple):
    """A clock of the world read once: it said `said_ms` when our count was `count_ms`, give or take."""

    said_ms: float
    count_ms: float
    within_ms: float


class Offset(NamedTuple):
    """How far a clock of the world is ahead of ours, real ms; and by how much that may be wrong."""

    by_ms: float
    within_ms: float

    @property
    def far(self) -> bool:
        """Whether it is off by more than `OFF_MS`, whatever the measurement's error."""
        return abs(self.by_ms) - self.within_ms > OFF_MS


def correction_ms(offsets: list[Offset]) -> float:
    """What our clock should gain, toward the median of itself and these. Nothing while one of them is far
    off: nobody can tell then who is right."""
    if any(offset.far for offset in offsets):
        return 0.0
    return median([0.0, *(offset.by_ms for offset in offsets)])


class Reading(msgspec.Struct, frozen=True):
    """The show's time, ``clock:{SHOW}``: it was `gala_ms` when the store's clock said `store_ms`.

    clock: whose it is, for the `number`-th time: two are never the same, also where time stands still.
    within_ms: how wrong the pair may be, real ms. rate: gala ms in a real one.
    """

    clock: str
    number: int
    gala_ms: int
    store_ms: int
    within_ms: int
    rate: float


class Agreement:
    """What comparisons with the show's clock say of ours. `error_ms`: ours minus the show's, real ms, as last
    believed."""

    def __init__(self) -> None:
        self.right: bool | None = None  # None: never compared
        self.error_ms = 0.0
        self._doubt: tuple[Reading, float] | None = None

    def with_itself(self) -> None:
        """Ours is the show's clock."""
        self.right, self.error_ms, self._doubt = True, 0.0, None

    def compared(self, reading: Reading, error_ms: float, within_ms: float) -> None:
        """One comparison. One that is good is believed; a bad one when the next, with another reading, says
        the same; one that is too coarse to tell, never."""
        if abs(error_ms) - within_ms <= OFF_MS:
            if within_ms <= OFF_MS:
                self.right, self.error_ms, self._doubt = True, error_ms, None
            return
        if self._doubt is not None:
            before, said_ms = self._doubt
            if before == reading:
                return
            if abs(said_ms - error_ms) <= OFF_MS + within_ms:
                self.right, self.error_ms = False, error_ms
        self._doubt = reading, error_ms


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a process's clock stands: ``clocks:{SHOW}``, field its name. Times are real ms.

    keeps: it is the show's clock. store_ms, system_ms: how far these are ahead of it; alarm names those that
    are too far.
    """

    keeps: bool
    right: bool
    off_ms: int
    store_ms: int
    system_ms: int
    alarm: str
    seen_at_ms: int


def world_of(redis: Redis) -> World:
    """This machine's clocks, and the store's."""

    async def store_ms() -> float:
        seconds, microseconds = await redis.time()
        return seconds * 1000 + microseconds / 1000

    return World(lambda: time.time_ns() / 1e6, store_ms, time.monotonic_ns)


class Timekeeper:
    """Looks after one process's gala clock, for all its roles.

    name: the clock's, unique in the show. keeps: whether it may be the show's: the process has a conductor.
    """

    def __init__(
        self,
        clock: GalaClock,
        redis: Redis,
        world: World,
        *,
        show: str,
        name: str,
        keeps: bool,
    ) -> None:
        self.name = name
        self._clock = clock
        self._redis = redis
        self._world = world
        self._show = show
        self._may_keep = keeps
        self._monotonic_ns = world.monotonic_ns
        self._put = redis.register_script(_PUT)
        began = self._ask_system()
        self._zero_ms = began.said_ms - began.count_ms  # the world's time when our count was 0
        self._agreement = Agreement()
        self._offsets: dict[str, Offset] = {}
        self._alarm: dict[str, float] = {}  # clocks that are far off, and how far they were told to be
        self._keeping = False
        self._published = 0
        self._seen = b""  # the newest reading, as the store has it, and when we first saw it
        self._seen_ns = world.monotonic_ns()
        self._asking_ns: int | None = None  # since when the store has been asked without an answer
        self._store_refuses = False  # it answered our last write with an error

    @property
    def right(self) -> bool:
        """Whether what depends on the time may be done by this clock."""
        return self._agreement.right is True

    @property
    def off_ms(self) -> int:
        """Our clock minus the show's, real ms, as last measured."""
        return round(self._agreement.error_ms)

    @property
    def store_is_silent(self) -> bool:
        """Whether the store owes an answer."""
        return self._asking_ns is not None and self._monotonic_ns() - self._asking_ns > SILENT_S * 1e9

    @property
    def store_trouble(self) -> StoreTrouble:
        """Why nothing can be written: ``full`` (the store answers, and will not), ``silent``, or empty."""
        return "full" if self._store_refuses else "silent" if self.store_is_silent else ""

    async def step(self) -> None:
        """Measures, corrects, compares or publishes, and tells how the clock stands. About once a second."""
        if self._asking_ns is None:
            self._asking_ns = self._monotonic_ns()
        measured = await self._ask_store()
        self._discipline({"store": measured, "system": self._ask_system()})
        try:
            await self._compare(measured)
            standing = msgspec.msgpack.encode(self.standing())
            await self._redis.hset(keys.clocks(self._show), self.name, standing)
        except ResponseError:
            self._store_refuses = True
            raise
        self._asking_ns, self._store_refuses = None, False

    def standing(self) -> Standing:
        """How the clock stands since the last step."""
        return Standing(
            keeps=self._keeping,
            right=self.right,
            off_ms=self.off_ms,
            store_ms=round(self._offsets["store"].by_ms),
            system_ms=round(self._offsets["system"].by_ms),
            alarm=", ".join(self._alarm),
            seen_at_ms=self._clock.now_ms(),
        )

    async def join(self, recent_ms: int = 0) -> bool:
        """Takes a rehearsal's time from a process that plays it already, if there is one: their gala times
        began at different moments. Whether there was one.

        Waits for a sign of its life for `DEAD_S` at most; not at all, and dead or alive, if what it said last
        is at most `recent_ms` old by the store's clock: so a process that was killed is replaced in its time.
        """
        await self._look()
        if not self._seen:
            return False
        measured = await self._ask_store()
        first, since_ns = self._seen, self._monotonic_ns()
        if not 0 <= measured.said_ms - self._reading().store_ms <= recent_ms:
            while self._seen == first:
                if not self._seen or self._monotonic_ns() - since_ns >= DEAD_S * 1e9:
                    return False
                await asyncio.sleep(LOOK_S)
                await self._look()
            if not self._seen:
                return False
            measured = await self._ask_store()
        self._clock.shift(-self._error_ms(self._reading(), measured) * self._clock.rate)
        return True

    async def leave(self) -> None:
        """Withdraws our reading, so that whoever comes next need not wait to find it dead."""
        with contextlib.suppress(RedisError, OSError):  # a store that is gone has nothing to withdraw
            if self._keeping:
                self._keeping = False
                await self._put(keys=[keys.clock(self._show)], args=[self._seen, b""])
            await self._redis.hdel(keys.clocks(self._show), self.name)

    # ------------------------------------------------------------ the world

    def _ask_system(self) -> Measured:
        before_ms = self._clock.count_ms()
        said_ms = self._world.system_ms()
        return _measured(before_ms, said_ms, self._clock.count_ms())

    async def _ask_store(self) -> Measured:
        found: list[Measured] = []
        for _ in range(EXCHANGES):
            before_ms = self._clock.count_ms()
            said_ms = await self._world.store_ms()
            found.append(_measured(before_ms, said_ms, self._clock.count_ms()))
        return min(found, key=lambda measured: measured.within_ms)

    def _discipline(self, measured: dict[str, Measured]) -> None:
        self._offsets = {
            source: Offset(found.said_ms - found.count_ms - self._zero_ms, found.within_ms)
            for source, found in measured.items()
        }
        self._clock.correct(correction_ms(list(self._offsets.values())))
        for source, offset in self._offsets.items():
            if not offset.far:
                if self._alarm.pop(source, None) is not None:
                    log.info("clock alarm over", source=source)
            elif abs(offset.by_ms - self._alarm.get(source, 0)) - offset.within_ms > OFF_MS:
                self._alarm[source] = offset.by_ms
                log.warning("clock alarm: not followed", source=source, off_ms=round(offset.by_ms))

    # ------------------------------------------------------------ the show

    async def _look(self) -> None:
        found = cast("bytes", await self._redis.get(keys.clock(self._show)) or b"")
        if found != self._seen:
            self._seen, self._seen_ns = found, self._monotonic_ns()

    def _reading(self) -> Reading:
        return msgspec.msgpack.decode(self._seen, type=Reading)

    async def _compare(self, measured: Measured) -> None:
        await self._look()
        dead = self._monotonic_ns() - self._seen_ns >= DEAD_S * 1e9
        own = bool(self._seen) and self._reading().clock == self.name
        free = not self._seen or own or dead
        if free and self._may_keep and self._agreement.right is not False:
            self._keeping = await self._publish(measured)
            if self._keeping:
                self._agreement.with_itself()
            return
        self._keeping = False
        if self._seen and not dead:
            reading = self._reading()
            before = self._agreement.right
            within_ms = reading.within_ms + measured.within_ms + 1  # both are rounded to whole milliseconds
            self._agreement.compared(reading, self._error_ms(reading, measured), within_ms)
            if self._agreement.right is not before:
                say = log.info if self.right else log.warning
                say("clock compared with the show's", right=self.right, off_ms=self.off_ms)

    def _error_ms(self, reading: Reading, measured: Measured) -> float:
        shows_ms = reading.gala_ms + (measured.said_ms - reading.store_ms) * reading.rate
        return (self._clock.at_ms(measured.count_ms) - shows_ms) / reading.rate

    async def _publish(self, measured: Measured) -> bool:
        """Whether ours is the show's clock now: nobody was faster in taking the place of what we saw."""
        gala_ms = round(self._clock.at_ms(measured.count_ms))
        within_ms = int(measured.within_ms) + 1
        self._published += 1
        reading = Reading(
            clock=self.name,
            number=self._published,
            gala_ms=gala_ms,
            store_ms=round(measured.said_ms),
            within_ms=within_ms,
            rate=self._clock.rate,
        )
        packed = msgspec.msgpack.encode(reading)
        if not await self._put(keys=[keys.clock(self._show)], args=[self._seen, packed]):
            return False
        self._seen, self._seen_ns = packed, self._monotonic_ns()
        return True


def _measured(before_ms: float, said_ms: float, after_ms: float) -> Measured:
    return Measured(said_ms, (before_ms + after_ms) / 2, (after_ms - before_ms) / 2)
