"""The world of a simulated evening: one loop whose time is virtual, and in which nothing happens by itself.

The loop never waits. Whenever nobody can go on it leaps to the next instant for which somebody has asked, so
`asyncio.sleep`, timeouts and the roles' own loops take no time, and time passes in the same way each time.
What would be a thread or a socket is a plain call: the store is asked by a blocking client, SQLite runs where
it is called. Each such call is one instant; how long it was on its way is drawn from the seed
(`tests.sim.process`). So the order of everything that happens is a function of the seed.
"""

import asyncio
import contextlib
import random
import selectors
import sqlite3
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

import aiosqlite
import msgspec
from redis.backoff import NoBackoff
from redis.connection import UnixDomainSocketConnection
from redis.exceptions import ResponseError
from redis.retry import Retry
from sqlalchemy import Engine, event

from gala.evidence import Books
from gala.rundown import Rundown
from gala.store import keys

if TYPE_CHECKING:
    from tests.sim.process import Process

T = TypeVar("T")
BOOT_S = 1_000.0  # what the machines' monotonic clocks say when the world begins: they are never at 0
THREAD_S = 0.004  # what is given to a thread takes up to this

ABOUT: ContextVar["Process | None"] = ContextVar("ABOUT", default=None)
"""The process whose code runs; its tasks, threads and databases die with it."""


class Stuck(Exception):
    """Everybody waits for something that nobody will do."""


class Leap(selectors.DefaultSelector):
    """Waits for nothing: where a loop would sleep, its time moves on."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck
        self.passed_s += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop but for its clock and its threads."""

    def __init__(self) -> None:
        self._leap = Leap()
        super().__init__(self._leap)
        self.set_task_factory(cast("Any", _of_its_process))

    def time(self) -> float:
        """Seconds since this world began."""
        return self._leap.passed_s

    def run_in_executor(  # type: ignore[override]  # typeshed's types of it are newer than this Python's
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        """Does it now; the answer comes a moment later, so that others, or the end, may come in between."""
        answer: asyncio.Future[Any] = self.create_future()
        found = _outcome(func, *args)
        process = ABOUT.get()
        lag_s = process.chance.uniform(0, THREAD_S) if process is not None else 0.0
        self.call_later(lag_s, _settle, answer, found)
        return answer


def _of_its_process(loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **more: Any) -> Any:
    task = asyncio.Task(coro, loop=loop, **more)
    process = more["context"].get(ABOUT) if more.get("context") is not None else ABOUT.get()
    if process is not None:
        process.owns(task)
    return task


def _outcome(func: Callable[..., T], *args: Any) -> tuple[T | None, BaseException | None]:
    try:
        return func(*args), None
    except Exception as error:  # noqa: BLE001  # as a thread, whatever it is, gives it to who waits
        return None, error


def _settle(answer: "asyncio.Future[Any]", found: tuple[Any, BaseException | None]) -> None:
    if not answer.done():
        result, error = found
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)


# ---------------------------------------------------------------- SQLite


class _Here:
    """In the place of the queue to a connection's thread: does at once what is put there."""

    def put_nowait(self, order: tuple["asyncio.Future[Any] | None", Callable[[], Any]]) -> None:
        answer, func = order
        found = _outcome(func)
        if answer is not None:
            _settle(answer, found)


class Database(aiosqlite.Connection):
    """A connection to SQLite that needs no thread."""

    def __init__(self, path: str, **more: Any) -> None:
        super().__init__(lambda: sqlite3.connect(path, **more), iter_chunk_size=64)
        self._tx = _Here()  # type: ignore[assignment]  # all that is ever asked of it is `put_nowait`
        process = ABOUT.get()
        if process is not None:
            process.databases.append(self)

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        return self._connect().__await__()

    def die(self) -> None:
        """As the kernel closes the files of a process that is gone: what was not committed never was."""
        found, self._connection = self._connection, None
        if found is not None:
            found.close()


def _here(_dialect: Any, _record: Any, _arguments: Any, more: dict[str, Any]) -> None:
    more["async_creator_fn"] = Database


@contextlib.contextmanager
def without_threads() -> Iterator[None]:
    """While this lasts SQLAlchemy's connections to SQLite run where they are called."""
    event.listen(Engine, "do_connect", _here)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", _here)


# ---------------------------------------------------------------- the world


class Server:
    """The embedded store at an address: asked, and heard, in one go."""

    def __init__(self, url: str) -> None:
        made = cast("Any", UnixDomainSocketConnection)
        self._line: Any = made(path=url.removeprefix("unix://"), retry=Retry(NoBackoff(), 0))

    def ask(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """An answer, or the error it is, to each command."""
        self._line.send_packed_command(self._line.pack_commands(commands))
        return [self._answer() for _ in commands]

    def _answer(self) -> Any:
        try:
            return self._line.read_response()
        except ResponseError as error:
            return error

    def close(self) -> None:
        self._line.disconnect()


class World:
    """What all who live in it share: time, the store's server, chance, and what the gods have seen."""

    def __init__(self, seed: str, rundown: Rundown, server: Server) -> None:
        self.seed = seed
        self.rundown = rundown
        self._server = server
        self.loop = asyncio.get_running_loop()
        self.chance = self.chance_of("world")
        self.appended_ms: dict[int, int] = {}  # a log entry's version -> when it was really written
        self.broken: list[
            str
        ] = []  # equations of the ledger that did not hold when the notary told the books
        self._told = keys.evidence(rundown.id)
        self.busy = True  # something can be played, or is about to be
        self.calm = False  # no faults any more: the evening is to come to its end

    def chance_of(self, name: str) -> random.Random:
        """A stream of chance of one's own: what others draw does not move it."""
        return random.Random(f"{self.seed}/{name}")

    def now_ms(self) -> int:
        """The hall's true time, which nobody's clock has to agree with."""
        return self.rundown.starts_at_ms + int(self.loop.time() * 1000)

    def ask(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """One exchange with the store, now: an answer, or the error it is, to each command."""
        if not commands:
            return []  # it was asked for the time, and that is this world's
        for command in commands:
            if command[0] == "SET" and command[1] == self._told:
                self._equations(command[2])
        answers = self._server.ask(commands)
        for answer in answers:
            if type(answer) is list and answer and answer[0] == b"appended":
                self.appended_ms[int(answer[1])] = self.now_ms()
        return answers

    def _equations(self, written: bytes) -> None:
        books = msgspec.msgpack.decode(written, type=Books)
        self.broken += [f"after row {books.rows}: {one}" for one in books.equations if not one.holds]
