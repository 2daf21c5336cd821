"""Reads what a database holds, of whatever version: its migrations, its rows, and whether its books add up."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from bot.domain import millis
from bot.errors import StoreError, StoreUnavailable
from bot.store.books import SINCE, WRONG
from bot.store.database import Database, Transaction
from bot.store.restored import MARK, UNMARK
from bot.values import dataclass

PAGES: Final = 512  # copied in one step: the other programs on the disk go on between two
PAUSE: Final = 0.005  # seconds between two steps

_BEGINS: Final = b"SQLite format 3\0"  # every SQLite file
_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
_SERVER_TABLES: Final = "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
_VERSIONS: Final = "SELECT version, checksum FROM schema_migrations ORDER BY version"
_SESSIONS: Final = (
    "SELECT count(*) AS n FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'shotcaller session'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What a database holds: the checksums of its migrations by their numbers, and its rows by table."""

    versions: Mapping[int, str]
    rows: Mapping[str, int]


def contents_of_file(path: Path) -> Contents:
    """Read a SQLite file whole, and check it.

    Raises:
        StoreError: it is damaged, is no database of the bot's, or its books do not add up; the words say which.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            damage = [row[0] for row in file.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
            damage += [
                f"a row of {row[0]} names one that is not there" for row in file.execute("PRAGMA foreign_key_check")
            ]
            if damage:
                raise StoreError(f"{path} is damaged: {'; '.join(damage[:5])}")
            tables = [name for (name,) in file.execute(_TABLES)]
            if "schema_migrations" not in tables:
                raise StoreError(f"{path} is no database of Shotcaller's")
            versions: dict[int, str] = dict(file.execute(_VERSIONS))
            if max(versions, default=0) >= SINCE:
                _demand_books([f"{owner} {period}" for owner, period in file.execute(WRONG)], str(path))
            count = 'SELECT count(*) FROM "{}"'
            return Contents(
                versions=versions, rows={name: file.execute(count.format(name)).fetchone()[0] for name in tables}
            )
    except sqlite3.Error as exc:
        raise StoreError(f"{path} cannot be read: {exc}") from exc


async def contents_of_server(database: Database, name: str) -> Contents:
    """Read the database of a PostgreSQL server, as it is at one moment, and check its books.

    Raises:
        StoreError: they do not add up, or it is no database of the bot's.
        StoreUnavailable: it cannot be read.
    """

    async def look(tx: Transaction) -> Contents:
        tables = [row["name"] for row in await tx.all(_SERVER_TABLES)]
        if "schema_migrations" not in tables:
            raise StoreError(f"{name} is no database of Shotcaller's")
        versions = {row["version"]: row["checksum"] for row in await tx.all(_VERSIONS)}
        if max(versions, default=0) >= SINCE:
            _demand_books([f"{row['owner']} {row['period']}" for row in await tx.all(WRONG)], name)
        count = 'SELECT count(*) AS n FROM "{}"'
        found = {table: await tx.one(count.format(table)) for table in tables}
        return Contents(versions=versions, rows={table: row["n"] if row else 0 for table, row in found.items()})

    return await database.transact(look, snapshot=True)


async def is_empty(database: Database) -> bool:
    """Say whether the database of a server has no tables yet."""
    return not await database.transact(lambda tx: tx.all(_SERVER_TABLES))


async def is_used(database: Database) -> bool:
    """Say whether a bot runs on the database of a server."""
    row = await database.transact(lambda tx: tx.one(_SESSIONS))
    return bool(row and row["n"])


async def server_version(database: Database) -> int:
    """Ask which major version a server has."""
    row = await database.transact(lambda tx: tx.one("SELECT current_setting('server_version_num') AS version"))
    return int(row["version"]) // 10_000 if row else 0


def copy_file(source: Path, target: Path, *, taken_at: datetime) -> None:
    """Copy a SQLite file, as it is at one moment, while others may write into it; the copy says that it is one.

    Raises:
        StoreUnavailable: the file cannot be read, or the copy not be written; what there is of it is the caller's.
    """
    with _trouble(f"{source} cannot be copied"):
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as file,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            # What is written from here on goes behind what is read: nobody waits, and nothing begins anew.
            file.execute("BEGIN")
            file.execute("SELECT count(*) FROM sqlite_master").fetchone()
            file.backup(copy, pages=PAGES, sleep=PAUSE)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, and none beside it
            table, mark = map(_numbered, MARK)
            copy.execute(table)
            copy.execute(mark, (millis(taken_at),))
        sync(target)


def unmark(path: Path, *, taken_at: datetime) -> None:
    """Have a copy say no more that it is one of that moment: it goes on as if it were the file that it was taken from.

    Raises:
        StoreUnavailable: it cannot be written.
    """
    with _trouble(f"{path} cannot be written"), closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(_numbered(UNMARK), (millis(taken_at),))


def _numbered(statement: str) -> str:
    return statement.replace("$1", "?1")


def fold_in(path: Path) -> bool:
    """Have all of a file that nobody uses be in the one file, with nothing beside it; False where it is damaged."""
    try:
        with path.open("rb") as opened:
            if opened.read(len(_BEGINS)) != _BEGINS:
                return False
        with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as file:
            return bool(file.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete")
    except (OSError, sqlite3.Error):
        return False


def sync(path: Path) -> None:
    """Have what was written into a file, or a folder, be on the disk, where the system can be told so.

    Raises:
        OSError: it could not be.
    """
    if os.name != "posix":
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _trouble(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as exc:
        raise StoreUnavailable(f"{what}: {exc}") from exc


def _demand_books(wrong: list[str], name: str) -> None:
    if wrong:
        raise StoreError(f"the books of {name} do not add up: {', '.join(wrong[:10])}; see docs/money.md")
