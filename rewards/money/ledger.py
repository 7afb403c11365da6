"""The tables: log leaves, ledger rows and vouchers, in one database so that they change together.

SQLite by file: WAL, synchronous=FULL, every transaction begun IMMEDIATE. PostgreSQL by URL:
synchronous_commit on, every transaction begun with an advisory lock of the whole database. So on both what
a method has returned survives a power cut, and a second process waits instead of interleaving. Uniqueness is
the database's: a leaf's key, a row's id, a voucher's id, a till's idempotency key.

leaf     idx, key, body             the log; its tiles are derived from it when published
row      seq, id, …, hash           see `books`
voucher  id, subject, number, …     who holds what; states are folded from the rows, never stored
answer   till, key, …               the first answer to each idempotency key
code     draw, tier, at, …          a partner's codes, encrypted, and which voucher took each
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    event,
    insert,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rewards.money.address import POSTGRESQL, BadUrl
from rewards.money.books import BadRow, Book, Row

LOCK = 0x67616C61  # "gala": the advisory lock under which one process writes at a time
AT_ONCE = 20_000  # rows that are on their way to the database together
# SQLite keeps a table in the order of its key only where that is called INTEGER; it has 64 bits there.
COUNTED = BigInteger().with_variant(Integer, "sqlite")

METADATA = MetaData()
LEAF = Table(
    "leaf",
    METADATA,
    Column("idx", COUNTED, primary_key=True, autoincrement=False),
    Column("key", String, unique=True, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
ROW = Table(
    "row",
    METADATA,
    Column("seq", COUNTED, primary_key=True, autoincrement=False),
    Column("id", LargeBinary(16), unique=True, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("draw", Integer, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("prize", BigInteger, nullable=False),
    Column("alternate", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("n", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
VOUCHER = Table(
    "voucher",
    METADATA,
    Column("id", LargeBinary(16), primary_key=True),
    Column("draw", Integer, nullable=False, index=True),
    Column("tier", Integer, nullable=False),
    Column("prize", BigInteger, nullable=False),
    Column("alternate", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("lookup", LargeBinary(32), unique=True, nullable=False),
)
ANSWER = Table(
    "answer",
    METADATA,
    Column("till", String, nullable=False),
    Column("key", String, nullable=False),
    Column("act", String, nullable=False),
    Column("lookup", LargeBinary(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("valid_from_ms", BigInteger, nullable=False),
    Column("valid_until_ms", BigInteger, nullable=False),
    UniqueConstraint("till", "key"),
)
CODE = Table(
    "code",
    METADATA,
    Column("draw", Integer, primary_key=True, autoincrement=False),
    Column("tier", Integer, primary_key=True, autoincrement=False),
    Column("at", Integer, primary_key=True, autoincrement=False),
    Column("lookup", LargeBinary(32), unique=True, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("voucher", LargeBinary(16), unique=True, nullable=True),
)


class Overtaken(Exception):
    """Another process has written this place of the log first: read on, then try again."""


class Ledger:
    """The open database with its book. One task writes at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = asyncio.Lock()
        self.book = Book()  # the fold of `row`; written by `transaction` and `add`

    @classmethod
    async def open(cls, where: Path | str) -> "Ledger":
        """Opens or founds the database, and folds its rows: BadRow if they do not hold together.

        where: an SQLite file, or the URL of a PostgreSQL database (BadUrl for any other).
        """
        ledger = cls(_sqlite(where) if isinstance(where, Path) else _postgresql(where))
        try:
            async with ledger._engine.begin() as db:
                await db.run_sync(METADATA.create_all)
            async with ledger.transaction():
                pass  # beginning a transaction has folded the rows
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One durable step: all of it happens, or none, the book included."""
        async with self._writing:
            count = self.book.count
            try:
                async with self._engine.begin() as db:
                    await self._catch_up(db)
                    count = self.book.count
                    yield db
            except BaseException:
                if self.book.count != count:
                    self.book = Book()  # it ran ahead: folded anew from what stands when the next step begins
                raise

    async def _catch_up(self, db: AsyncConnection) -> None:
        """Folds the rows that another process, or a step that failed here, has made unknown to us."""
        while True:
            query = _rows_from(self.book.count + 1).limit(AT_ONCE)
            found = (await db.execute(query)).all()
            for *values, row_id, digest in found:
                row = Row(*values)
                name = row.id
                self.book.add(row, row.line(name))
                if self.book.tip != digest or name != row_id:
                    raise BadRow(f"row {row.seq}: the stored hash or id is not its own")
            if len(found) < AT_ONCE:
                return

    async def add(self, db: AsyncConnection, rows: Iterable[Row]) -> None:
        """Adds rows within a transaction; BadRow, and nothing of the transaction stands, if one may not."""
        waiting = iter(rows)
        while some := list(islice(waiting, AT_ONCE)):
            records = []
            for row in some:
                row_id = row.id
                self.book.add(row, row.line(row_id))
                records.append((*row, row_id, self.book.tip))
            await self.put(db, ROW, (*Row._fields, "id", "hash"), records)

    async def put(
        self, db: AsyncConnection, table: Table, columns: Sequence[str], records: Sequence[tuple[Any, ...]]
    ) -> None:
        """Inserts many records as fast as the database takes them. records: the columns' values, in order,
        as the driver wants them."""
        if db.dialect.name == "postgresql":
            driver: Any = (await db.get_raw_connection()).driver_connection
            await driver.copy_records_to_table(table.name, columns=columns, records=records)
        elif records:
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            await db.exec_driver_sql(
                f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})',  # noqa: S608  # names of our own
                list(records),
            )

    async def lines(self, db: AsyncConnection, count: int) -> list[str]:
        """The first `count` rows as CSV lines with their hashes."""
        found = await db.execute(_rows_from(1).limit(count))
        return [f"{Row(*values).line()},{digest.hex()}" for *values, _, digest in found]

    async def leaves(self, db: AsyncConnection, first: int) -> list[tuple[str, bytes]]:
        """The log from leaf `first` on: (key, body)."""
        query = select(LEAF.c.key, LEAF.c.body).where(LEAF.c.idx >= first).order_by(LEAF.c.idx)
        return [(key, body) for key, body in await db.execute(query)]

    async def add_leaf(self, db: AsyncConnection, index: int, key: str, body: bytes) -> None:
        """Appends the leaf `index`; Overtaken if another stands there, or its key does already."""
        try:
            await db.execute(insert(LEAF).values(idx=index, key=key, body=body))
        except IntegrityError as error:
            raise Overtaken(f"leaf {index} or {key} stands already") from error


def _rows_from(seq: int) -> Any:
    columns = [ROW.c[name] for name in (*Row._fields, "id", "hash")]
    return select(*columns).where(ROW.c.seq >= seq).order_by(ROW.c.seq)


def _sqlite(path: Path) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_on_begin` does
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",  # KiB: the indexes of many rows at once are not written out half-way
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(text: str) -> AsyncEngine:
    try:
        url = make_url(text)
    except ArgumentError:
        raise BadUrl("a ledger's URL is no URL") from None
    if url.drivername != POSTGRESQL:
        raise BadUrl(f"a ledger's URL begins with {POSTGRESQL}://, not {url.drivername}://")
    engine = create_async_engine(
        url, pool_pre_ping=True, connect_args={"server_settings": {"synchronous_commit": "on"}}
    )
    event.listen(engine.sync_engine, "begin", _on_begin_locked)
    return engine


def _on_begin_locked(connection: Any) -> None:
    # READ COMMITTED: each statement after this one sees all that whoever held the lock before has committed.
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
