"""The tables: log leaves, ledger rows and vouchers, in one database so that they change together.

SQLite by file: WAL, synchronous=FULL, every transaction begun IMMEDIATE, so what a method has returned
survives a power cut, and a second process waits instead of interleaving. Uniqueness is the database's:
a leaf's key, a row's id, a voucher's id, a till's idempotency key.

leaf     idx, key, body             the log; its tiles are derived from it when published
row      seq, id, …, hash           see `books`
voucher  id, subject, number, …     who holds what; states are folded from the rows, never stored
answer   till, key, …               the first answer to each idempotency key
code     draw, tier, at, …          a partner's codes, encrypted, and which voucher took each
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
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
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rewards.books import BadRow, Book, Row

METADATA = MetaData()
LEAF = Table(
    "leaf",
    METADATA,
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("key", String, unique=True, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
ROW = Table(
    "row",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", LargeBinary(16), unique=True, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("draw", Integer, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("prize", Integer, nullable=False),
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
    Column("prize", Integer, nullable=False),
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


class Ledger:
    """The open database with its book. One task writes at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = asyncio.Lock()
        self.book = Book()  # the fold of `row`; written by `transaction` and `add`

    @classmethod
    async def open(cls, path: Path) -> "Ledger":
        """Opens or makes the file, and folds its rows: BadRow if they do not hold together."""
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        event.listen(engine.sync_engine, "connect", _on_connect)
        event.listen(engine.sync_engine, "begin", _on_begin)
        ledger = cls(engine)
        try:
            async with engine.begin() as db:
                await db.run_sync(METADATA.create_all)
            async with ledger.transaction():
                pass  # beginning a transaction has folded the rows
        except BaseException:
            await engine.dispose()
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
        query = select(ROW).where(ROW.c.seq > self.book.count).order_by(ROW.c.seq)
        for found in (await db.execute(query)).mappings():
            row = _row(found)
            self.book.add(row)
            if self.book.tip != found["hash"] or row.id != found["id"]:
                raise BadRow(f"row {row.seq}: the stored hash or id is not its own")

    async def add(self, db: AsyncConnection, rows: Iterable[Row]) -> None:
        """Adds rows within a transaction; BadRow, and nothing of the transaction stands, if one may not."""
        found = []
        for row in rows:
            self.book.add(row)
            values = {name: getattr(row, name) for name in ROW.c.keys() if name != "hash"}  # noqa: SIM118
            found.append(values | {"hash": self.book.tip})
        if found:
            await db.execute(insert(ROW), found)

    async def lines(self, db: AsyncConnection, count: int) -> list[str]:
        """The first `count` rows as CSV lines with their hashes."""
        query = select(ROW).where(ROW.c.seq <= count).order_by(ROW.c.seq)
        return [
            f"{_row(found).line()},{found['hash'].hex()}" for found in (await db.execute(query)).mappings()
        ]

    async def leaves(self, db: AsyncConnection, first: int) -> list[tuple[str, bytes]]:
        """The log from leaf `first` on: (key, body)."""
        query = select(LEAF.c.key, LEAF.c.body).where(LEAF.c.idx >= first).order_by(LEAF.c.idx)
        return [(key, body) for key, body in await db.execute(query)]

    async def add_leaf(self, db: AsyncConnection, index: int, key: str, body: bytes) -> None:
        """Appends the leaf `index`; IntegrityError if another stands there, or its key does already."""
        await db.execute(insert(LEAF).values(idx=index, key=key, body=body))


def _row(found: Any) -> Row:
    return Row(**{name: found[name] for name in Row.__dataclass_fields__})


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_on_begin` does
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
