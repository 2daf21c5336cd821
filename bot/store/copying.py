"""Copies a SQLite file that nobody writes to into an empty database, and compares the two before anything is kept."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from graphlib import TopologicalSorter
from itertools import islice
from pathlib import Path
from typing import Final

from bot.domain import Row
from bot.errors import StoreError, StoreUnavailable
from bot.store.books import WRONG
from bot.store.database import Database, Transaction
from bot.values import dataclass

AT_ONCE: Final = 500  # rows in one statement
_TABLES: Final = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'schema_migrations' "
    "ORDER BY name"
)
_VALUES: Final[Mapping[str, type | tuple[type, ...]]] = {"BIGINT": int, "TEXT": str, "DOUBLE PRECISION": (int, float)}


class DoesNotFit(StoreError):
    """A value of the file cannot be kept by the other database; the words name its row and its column."""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: str  # of its values, as both databases call it: BIGINT, TEXT or DOUBLE PRECISION
    needed: bool
    key: bool

    def keep(self, value: object) -> str:
        """Say why a value cannot be kept here; nothing where it can."""
        if value is None:
            return "is missing" if self.needed else ""
        if not isinstance(value, _VALUES[self.kind]):
            return {"BIGINT": "is no whole number", "TEXT": "is no text"}.get(self.kind, "is no number")
        return "has a character that no text there can have (NUL)" if "\0" in str(value) else ""

    @property
    def sum_sql(self) -> str:
        """The SQL of what is compared: whole numbers summed, the lengths of texts summed, other numbers counted."""
        sums = {"BIGINT": f'sum("{self.name}")', "TEXT": f'sum(length("{self.name}"))'}
        amount = sums.get(self.kind, f'count("{self.name}")')
        return f"CAST(coalesce({amount}, 0) AS TEXT)"

    def amount(self, value: object) -> int:
        """Compute what one value adds to that."""
        if value is None:
            return 0
        if isinstance(value, int) and self.kind == "BIGINT":
            return value
        return len(value) if isinstance(value, str) else 1


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: Sequence[_Column]

    def checked(self, row: Sequence[object]) -> Sequence[object]:
        """Give back a row of the file.

        Raises:
            DoesNotFit: one of its values cannot be kept.
        """
        for column, value in zip(self.columns, row, strict=True):
            if wrong := column.keep(value):
                key = ", ".join(str(v) for c, v in zip(self.columns, row, strict=True) if c.key)
                raise DoesNotFit(f"table {self.name}, row {key}: {column.name} {wrong}; mend it in the file, and again")
        return row


@dataclass(frozen=True, slots=True)
class Copied:
    """What a database was found to hold: `rows` by table. `before` is whether it all was there already."""

    rows: Mapping[str, int]
    before: bool


async def copy_into(database: Database, path: str) -> Copied:
    """Copy all rows of a SQLite file into a database with the same schema and no rows, in one transaction.

    Before that is kept, the rows of each table are counted, its numbers and the lengths of its texts summed, and the
    books checked. A database that holds all of it already is compared and left as it is.

    Raises:
        DoesNotFit: a value cannot be kept there.
        StoreError: the database holds something else, or the copy is not like the file; nothing was kept.
        StoreUnavailable: it cannot be written, or the file not be read.
    """
    try:
        with closing(_read_only(path)) as file:
            return await _copy(database, file)
    except sqlite3.Error as exc:
        raise StoreUnavailable(f"the file cannot be read: {exc}") from exc


async def _copy(database: Database, file: sqlite3.Connection) -> Copied:
    tables = _tables_of(file)

    async def work(tx: Transaction) -> Copied:
        before = any([await _count(tx, table) for table in tables])
        if not before:
            for table in tables:
                for rows in _chunks(_rows(file, table)):
                    await tx.execute(_insert(table), *_by_column(table, rows))
        sums = {table.name: await _sums(tx, table) for table in tables}
        differing = [table.name for table in tables if sums[table.name] != _sums_of(file, table)]
        if differing and before:
            raise StoreError(
                f"the other database already holds something else (see {', '.join(differing)}): "
                "copy into one that is new and empty"
            )
        if differing:
            raise StoreError(f"the copy is not like the file (see {', '.join(differing)}); nothing of it was kept")
        await _check_books(tx)
        return Copied({name: rows for name, (rows, *_) in sums.items()}, before)

    return await database.transact(work)


def _read_only(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)


def _tables_of(file: sqlite3.Connection) -> list[_Table]:
    """List the tables of a file, each after those that its rows name."""
    names = [name for (name,) in file.execute(_TABLES)]
    needs = {name: {row[2] for row in file.execute(f'PRAGMA foreign_key_list("{name}")')} for name in names}
    return [_Table(name, _columns_of(file, name)) for name in TopologicalSorter(needs).static_order()]


def _columns_of(file: sqlite3.Connection, table: str) -> list[_Column]:
    return [
        _Column(name=name, kind=kind.replace("INTEGER", "BIGINT"), needed=bool(required or key), key=bool(key))
        for _, name, kind, required, _, key in file.execute(f'PRAGMA table_info("{table}")')
    ]


def _rows(file: sqlite3.Connection, table: _Table) -> Iterator[Sequence[object]]:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return map(table.checked, file.execute(f'SELECT {names} FROM "{table.name}"'))  # noqa: S608 (names of the schema)


def _chunks(rows: Iterator[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    while chunk := list(islice(rows, AT_ONCE)):
        yield chunk


def _insert(table: _Table) -> str:
    """Write the statement that inserts many rows, which come as one array for each column."""
    arrays = ", ".join(f"CAST(${number} AS {each.kind}[])" for number, each in enumerate(table.columns, start=1))
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays})'  # noqa: S608 (names of the schema)


def _by_column(table: _Table, rows: Sequence[Sequence[object]]) -> Iterable[list[object]]:
    return ([row[number] for row in rows] for number in range(len(table.columns)))


async def _count(tx: Transaction, table: _Table) -> int:
    row = await tx.one(f'SELECT count(*) AS n FROM "{table.name}"')  # noqa: S608 (names of the schema)
    return int(row["n"]) if row else 0


async def _sums(tx: Transaction, table: _Table) -> list[int]:
    """Count the rows of a table and sum each of its columns."""
    amounts = ["count(*)", *(column.sum_sql for column in table.columns)]
    sums = ", ".join(f"{amount} AS c{number}" for number, amount in enumerate(amounts))
    row: Row | None = await tx.one(f'SELECT {sums} FROM "{table.name}"')  # noqa: S608 (names of the schema)
    return [int(row[f"c{number}"]) for number in range(len(amounts))] if row else []


def _sums_of(file: sqlite3.Connection, table: _Table) -> list[int]:
    """Do the same for a table of the file, where a sum of many ids would be too large for SQLite."""
    sums = [0] * (1 + len(table.columns))
    for row in _rows(file, table):
        sums[0] += 1
        for number, (column, value) in enumerate(zip(table.columns, row, strict=True), start=1):
            sums[number] += column.amount(value)
    return sums


async def _check_books(tx: Transaction) -> None:
    """Check that every account is the sum of its lines.

    Raises:
        StoreError: one is not.
    """
    wrong = [f"{row['owner']} {row['period']}" for row in await tx.all(WRONG)]
    if wrong:
        raise StoreError(f"the books of the file do not add up: {', '.join(wrong[:10])}; see docs/money.md")
