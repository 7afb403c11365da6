"""A process of the evening: its line to the store, its clock, and what may happen to it.

A role runs until it asks the store or a thread for something; there, and only there, others get their turn,
it may be stopped for a while, or die. What it had done in the store and on the disk is all that outlives it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import TimeoutError as NoAnswer

from gala.store.clients import OPERATION_S
from gala.timekeeping import OFF_MS
from gala.timekeeping import World as Clocks
from tests.sim.world import ABOUT, BOOT_S, Database, World

STALL_S = 0.4  # the longest that one in many takes
SLOW_ANSWERS = 0.3  # so many answers take a while too; of the others the next request's way is long enough


EARLY = 0.6  # so many of what happens at a write happen before it
READS = {"GET", "XRANGE", "HGETALL", "HGET", "HMGET", "GETRANGE"}
Command = tuple[Any, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Weather:
    """How the network between processes and store is tonight: how long a message takes on average, and the
    shares of the exchanges of which the rest is said."""

    lag_s: float = 0.0015
    lost_request: float = 0.0
    lost_answer: float = 0.0
    stalled: float = 0.0


class Process:
    """One life of a process; whoever takes its place is another."""

    def __init__(self, world: World, name: str, life: int, weather: Weather) -> None:
        self.world = world
        self.name = name
        self.weather = weather
        self.chance = world.chance_of(f"{name}/{life}")
        self.databases: list[Database] = []
        self.dead = False
        self.exchanges = 0
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._thaws_s = 0.0
        self._sees_s = 0.0
        # what its oscillator is wrong by, and what somebody did to its clock
        self._trip: tuple[str, Callable[[], None]] | None = None
        self._drift = self.chance.uniform(-20e-6, 20e-6)
        self._ahead_s = 0.0
        self._slept: list[tuple[float, float]] = []
        self._system_ahead_ms = self.chance.uniform(-10, 10)

    # ------------------------------------------------------------ what happens to it

    def freeze(self, seconds: float) -> None:
        """It is stopped, and goes on as if nothing had been."""
        self._thaws_s = max(self._thaws_s, self.world.loop.time() + seconds)

    def blind(self, seconds: float) -> None:
        """It is cut from the store."""
        self._sees_s = max(self._sees_s, self.world.loop.time() + seconds)

    def suspend(self, seconds: float) -> None:
        """Its machine is, and the machine's monotonic clock with it: it goes on behind the others'."""
        now_s = self.world.loop.time()
        self._slept.append((now_s, now_s + seconds))
        self.freeze(seconds)

    def turn_clock(self, seconds: float) -> None:
        """Its monotonic clock leaps ahead, as it does on a machine that was moved to another host."""
        self._ahead_s += seconds

    @property
    def clock_is_wrong(self) -> bool:
        """By more than is made up for: a person has to start its process again."""
        return abs(self._wrong_s()) > OFF_MS / 1000

    def _wrong_s(self) -> float:
        now_s = self.world.loop.time()
        return self._ahead_s - sum(min(now_s, until_s) - from_s for from_s, until_s in self._slept)

    def at_its_next_write(self, happen: Callable[[], None], key: str = "") -> None:
        """Something happens to it when it next writes to such a key of the store: before that is done, or
        when it is and nobody knows."""
        self._trip = key, happen

    def _trips(self, commands: Sequence[Command]) -> bool:
        if self._trip is None:
            return False
        key = self._trip[0]
        return any(
            command[0] not in READS and any(key in str(part) for part in command[1:5]) for command in commands
        )

    def die(self) -> None:
        """SIGKILL."""
        self.dead = True
        for task in list(self._tasks):
            task.cancel()
        for database in self.databases:
            database.die()

    def heal(self) -> None:
        self._thaws_s = self._sees_s = 0.0
        self._trip = None
        self.weather = Weather()

    @property
    def frozen_s(self) -> float:
        """How long it will stand still from now on."""
        return max(0.0, self._thaws_s - self.world.loop.time())

    # ------------------------------------------------------------ what it runs

    def owns(self, task: "asyncio.Task[Any]") -> None:
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def run(self, main: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Its main task; whatever that starts is this process's too."""
        context = copy_context()
        context.run(ABOUT.set, self)
        return self.world.loop.create_task(main, context=context)

    def do(self, call: Callable[[], None]) -> None:
        """Something from outside reaches it."""
        context = copy_context()
        context.run(ABOUT.set, self)
        context.run(call)

    # ------------------------------------------------------------ its clocks

    def monotonic_ns(self) -> int:
        passed_s = self.world.loop.time() * (1 + self._drift) + self._wrong_s()
        return int((BOOT_S + passed_s) * 1e9)

    def clocks(self) -> Clocks:
        """Those it can ask: its system's, the store's, its own."""

        async def store_ms() -> float:
            await self.exchange([])
            return float(self.world.now_ms())

        return Clocks(
            lambda: self.world.now_ms() + self._system_ahead_ms,
            store_ms,
            self.monotonic_ns,
        )

    # ------------------------------------------------------------ its line to the store

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Asks and hears the answers. redis-py's errors where one or the other is lost."""
        self.exchanges += 1
        await self._way(trips=self.chance.random() < EARLY and self._trips(commands))
        fate, weather = self.chance.random(), self.weather
        if self._sees_s > self.world.loop.time() or fate < weather.lost_request:
            raise await self._nothing_comes()
        answers = self.world.ask(commands)
        trips = self._trips(commands)
        if trips or self.chance.random() < SLOW_ANSWERS:
            await self._way(trips=trips)
        if self._sees_s > self.world.loop.time() or fate > 1 - weather.lost_answer:
            raise await self._nothing_comes()
        return answers

    async def _way(self, *, trips: bool) -> None:
        if self.dead:
            raise asyncio.CancelledError
        if trips:
            assert self._trip is not None
            (_, happen), self._trip = self._trip, None
            happen()
        lag_s = self.chance.expovariate(1 / self.weather.lag_s)
        if self.weather.stalled and self.chance.random() < self.weather.stalled:
            lag_s = self.chance.uniform(0, STALL_S)
        await asyncio.sleep(lag_s)
        while self.frozen_s:
            await asyncio.sleep(self.frozen_s)

    async def _nothing_comes(self) -> NoAnswer:
        await asyncio.sleep(OPERATION_S)
        return NoAnswer("no answer in time")


class Told(Redis):
    """A client of the store whose every exchange is its process's."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        (answer,) = await self._process.exchange([args])
        return self._understood(args, options, answer)

    def _understood(self, args: tuple[Any, ...], options: Mapping[str, Any], answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        callback = self.response_callbacks.get(args[0])
        return answer if callback is None else callback(answer, **options)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> "ToldAtOnce":
        assert not transaction, "nothing of ours asks for one"
        return ToldAtOnce(self._process, self)


class ToldAtOnce(Pipeline):
    """Several commands in one exchange."""

    def __init__(self, process: Process, redis: Told) -> None:
        super().__init__(redis.connection_pool, redis.response_callbacks, transaction=False, shard_hint=None)
        self._process = process
        self._redis = redis

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        stack, self.command_stack = self.command_stack, []
        answers = await self._process.exchange([args for args, _ in stack])
        return [
            self._redis._understood(args, options, answer)
            for (args, options), answer in zip(stack, answers, strict=True)
        ]
