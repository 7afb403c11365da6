"""The same tests on both real databases: a register's folder may ask for PostgreSQL.

A folder that holds a file `postgresql`, with the folder of a server's socket in it, has its books in a
database of that server: what `ledger.sqlite` holds is moved there when the folder is first opened, under a
name made from its path. So copies of one folder have databases of their own, and a second process finds the
same.
"""

import hashlib
from pathlib import Path

from sqlalchemy import select

from rewards.money.ledger import METADATA, Ledger
from tests.postgres import Server


def ask_for_postgresql(folder: Path, server: Server) -> None:
    """From now on this folder's books, and those of its copies, are on that server."""
    (folder / "postgresql").write_text(str(server.sockets))


async def url_of(folder: Path) -> str:
    """The URL of a folder's database, with its books in it; empty: they are in its SQLite file."""
    asked = folder / "postgresql"
    if not asked.exists():
        return ""
    server = Server(Path(asked.read_text()))
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:20]
    file = folder / "ledger.sqlite"
    if not file.exists():
        return server.url(name)
    source, target = await Ledger.open(file), await Ledger.open(await server.make(name))
    async with source.transaction() as old, target.transaction() as new:
        for table in METADATA.sorted_tables:
            records = [tuple(record) for record in await old.execute(select(table))]
            await target.put(new, table, table.c.keys(), records)
    await source.close()
    await target.close()
    file.unlink()
    return server.url(name)
