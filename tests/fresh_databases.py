"""Databases as good as new: copies of a migrated one.

A copy in a throw-away PostgreSQL takes a tenth of a second and more, emptying it to use it again a few milliseconds. A
copy of an SQLite file takes a millisecond, and the migrations fifty.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg

from bot.store.database import Transaction
from bot.store.migrate import migrate
from bot.store.postgres import PostgresDatabase
from bot.store.sqlite import SQLiteDatabase
from tests.postgres_server import Server

POOL: Final = 4
TEMPLATE: Final = "migrated"
_LOCK: Final = 1  # of the server's: one makes the template, the others wait
_SCHEMA: Final = (
    "SELECT relname AS name, relnatts AS columns, relhastriggers AS triggers FROM pg_class "
    "WHERE relnamespace = CAST('public' AS regnamespace) AND relkind = 'r' ORDER BY relname"
)
# Of a test before, whose process was killed or whose session was cut off: until it notices, it keeps its locks.
_END_OTHERS: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
KEPT: Final = "schema_migrations"
MIGRATED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_migrated: Final[list[bytes]] = []  # the file of a migrated SQLite database, once one is wanted


async def migrated_file(path: Path) -> str:
    """Put a migrated SQLite database where there is none; give back its path as `SQLiteDatabase` takes it."""
    if not _migrated:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "migrated.db"
            async with SQLiteDatabase(str(file)) as database:
                await migrate(database, now=MIGRATED_AT)
            _migrated.append(file.read_bytes())
    return _copied(_migrated[0], path)


def _copied(content: bytes, path: Path) -> str:
    if not path.exists():
        path.write_bytes(content)
    return str(path)


@dataclass(kw_only=True)
class FreshDatabases:
    """Hands out a server's databases, one for each folder that a test would keep a file in.

    A database may be used again when its folder was let go, or is there no more.
    """

    server: Server
    prefix: str  # of their names: several processes share the server
    _of: dict[Path, tuple[str, bool]] = field(default_factory=dict)
    _free: dict[bool, list[str]] = field(default_factory=lambda: {True: [], False: []})
    _tables: list[tuple[str, int, bool]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @asynccontextmanager
    async def opened(self, folder: Path, *, migrated: bool) -> AsyncIterator[PostgresDatabase]:
        """The database of a folder: with whatever was left in it, else empty; `migrated`: with its tables."""
        name, fresh = await self._name(folder, migrated=migrated)
        async with PostgresDatabase(self.server.url(name), pool=POOL) as database:
            if not fresh:
                await _be_alone(database)
                await (self._empty(database) if migrated else _clear(database))
            yield database

    async def url(self, folder: Path) -> str:
        """The address of the migrated database of a folder, as `DATABASE_URL` has it."""
        async with self.opened(folder, migrated=True):
            return self.server.url(self.name_of(folder))

    def name_of(self, folder: Path) -> str:
        """The name of a folder's database."""
        return self._of[folder][0]

    def let_go(self, folder: Path) -> None:
        """Have the databases of a folder, and of those in it, used again."""
        for each in [each for each in self._of if each == folder or folder in each.parents or not each.exists()]:
            name, migrated = self._of.pop(each)
            self._free[migrated].append(name)

    async def _name(self, folder: Path, *, migrated: bool) -> tuple[str, bool]:
        """The name of a folder's database, and whether it can be used as it is."""
        if folder in self._of:
            return self._of[folder][0], True
        for gone in [each for each in self._of if not each.exists()]:
            self.let_go(gone)
        fresh = not self._free[migrated]
        name = f"{self.prefix}{next(self._numbers)}" if fresh else self._free[migrated].pop()
        if fresh:
            await self._make(name, migrated=migrated)
        self._of[folder] = name, migrated
        return name, fresh

    async def _make(self, name: str, *, migrated: bool) -> None:
        connection = await asyncpg.connect(self.server.url("postgres"))
        try:
            if migrated:
                await self._make_template(connection)
            template = TEMPLATE if migrated else "template0"
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
        finally:
            await connection.close()

    async def _make_template(self, connection: asyncpg.Connection) -> None:
        """Make the template unless there is one; nobody connects to it any more after that, so it can be copied."""
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE)
        if not known:
            await connection.execute(f"CREATE DATABASE {TEMPLATE}_ TEMPLATE template0 STRATEGY wal_log")
            async with PostgresDatabase(self.server.url(f"{TEMPLATE}_"), pool=1) as database:
                await migrate(database, now=MIGRATED_AT)
            await connection.execute(f"ALTER DATABASE {TEMPLATE}_ RENAME TO {TEMPLATE}")
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)

    async def _empty(self, database: PostgresDatabase) -> None:
        """Delete every row; a schema that a test has changed is made anew."""

        async def empty(tx: Transaction) -> bool:
            tables = [(row["name"], row["columns"], row["triggers"]) for row in await tx.all(_SCHEMA)]
            self._tables = self._tables or tables
            if tables == self._tables:
                await tx.execute("; ".join(f"DELETE FROM {name}" for name, *_ in tables if name != KEPT))  # noqa: S608
            return tables == self._tables

        if not await database.transact(empty):
            await _clear(database)
            await migrate(database, now=MIGRATED_AT)


async def _be_alone(database: PostgresDatabase) -> None:
    """End every connection to a database but this one."""
    async with asyncio.timeout(60):
        while await database.transact(lambda tx: tx.all(_END_OTHERS)):  # noqa: ASYNC110 (a server tells nobody)
            await asyncio.sleep(0.01)


async def _clear(database: PostgresDatabase) -> None:
    await database.transact(lambda tx: tx.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
