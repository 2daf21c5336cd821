"""A database of every version that was ever shipped, with rows in each table, is brought up to date: no row is lost."""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import pytest

from bot.domain import Job, VideoRequest
from bot.store.books import WRONG
from bot.store.database import SchemaDatabase, Transaction
from bot.store.migrate import migrate, shipped
from tests.store.conftest import START, Store

Rows = Mapping[tuple[object, ...], Mapping[str, Any]]
ROWS: Final = 3  # of each table that may have so many
REQUEST: Final = VideoRequest(model="kirin_v3_t2v", prompt="a fox").model_dump_json()

# What a column has whose name and type do not say it. `n` counts the rows.
VALUES: Final[Mapping[str, Any]] = {
    "jobs.request": lambda _: REQUEST,
    "jobs.status": lambda n: ("queued", "running", "succeeded")[n - 1],
    "jobs.dead_letter": lambda _: None,
    "jobs.review": lambda _: None,
    "jobs.origin": lambda _: "create",
    "jobs.removed_by": lambda _: None,
    "jobs.delivered_at": lambda n: 5 if n == 3 else None,
    "jobs.credits": lambda _: 5,
    "accounts.owner": lambda n: f"o{n}",
    "jobs.owner": lambda n: f"o{n}",
    "ledger.owner": lambda n: f"o{n}",
    **{f"{table}.period": lambda _: "2026-03" for table in ("accounts", "jobs", "ledger")},
    "accounts.held": lambda _: 5,
    "accounts.settled": lambda _: 0,
    "ledger.kind": lambda _: "hold",
    "ledger.credits": lambda _: 5,
    "ledger.held": lambda _: 5,
    "ledger.settled": lambda _: 0,
    "cases.kind": lambda _: "request",
    "outbox.kind": lambda _: "case",
    "chores.name": lambda n: ("retention", "purge", "gifts")[n - 1],
    **{
        f"{table}.{name}": lambda _: "{}"
        for table in ("cases", "guilds", "drafts", "presets", "preferences")
        for name in ("body",)
    },
}
ALONE: Final = {"heartbeat", "restored_copy"}  # tables of one row
COUNTED: Final = {"queues", "turns", "at_work"}  # what is counted anew from the jobs, or was made from them
# What rows of earlier tables have become: the kind of the outbox, and which column names the subject.
MOVED: Final = {"gallery": ("gallery", "job_id"), "copies": ("repost", "nonce"), "removals": ("removal", "job_id")}


class Schema:
    """The tables of one version, as SQLite knows them."""

    def __init__(self, version: int) -> None:
        with closing(sqlite3.connect(":memory:")) as database:
            for migration in shipped():
                if migration.version <= version:
                    database.executescript(migration.sql)
            names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
            self.columns = {
                name: database.execute(f"PRAGMA table_info({name})").fetchall() for (name,) in database.execute(names)
            }
            needs = {
                name: {row[2] for row in database.execute(f"PRAGMA foreign_key_list({name})")} for name in self.columns
            }
        self.tables = sorted(self.columns, key=lambda name: (len(needs[name]), name != "jobs", name))
        self.foreign = {name: needs[name] for name in self.columns}

    def key_of(self, table: str) -> list[str]:
        return [column[1] for column in sorted(self.columns[table], key=lambda each: each[5]) if column[5]]

    def row(self, table: str, n: int) -> dict[str, Any]:
        """A row that the table takes; of columns that may be empty, every other one is."""
        return {name: self._value(table, name, kind, n) for _, name, kind, *_ in self.columns[table]}

    def _value(self, table: str, name: str, kind: str, n: int) -> Any:
        if (given := VALUES.get(f"{table}.{name}")) is not None:
            return given(n)
        if name == "job_id" or (table == "jobs" and name == "id"):
            return f"job{n}"
        if name == "case_id":
            return f"cases-id-{n}"
        if name == "id" and table in ALONE:
            return 1
        if kind == "TEXT":
            return f"{table}-{name}-{n}"
        return 0.5 if kind == "DOUBLE PRECISION" else n


def versions() -> list[int]:
    return [each.version for each in shipped()]


SINCE_POSTGRES: Final = 17  # what was before has never been on a server
FROM: Final = [
    (kind, version)
    for kind in ("sqlite", "postgres")
    for version in versions()[:-1]
    if kind == "sqlite" or version >= SINCE_POSTGRES
]


async def rows_of(store: Store, table: str, key: Sequence[str]) -> Rows:
    return {tuple(row[name] for name in key): row for row in await store.rows(f"SELECT * FROM {table}")}  # noqa: S608 (names of tables)


async def fill(database: SchemaDatabase, schema: Schema) -> None:
    """Put rows into every table."""

    async def put(tx: Transaction) -> None:
        for table in reversed(schema.tables):  # what migrations have put there
            await tx.execute(f"DELETE FROM {table}")  # noqa: S608 (names of tables)
        for table in schema.tables:
            for n in range(1, 2 if table in ALONE else ROWS + 1):
                row = schema.row(table, n)
                places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
                await tx.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())  # noqa: S608

    await database.transact(put)


def differences(before: Rows, after: Rows) -> Iterator[str]:
    """What rows of a table have lost."""
    for key, row in before.items():
        if key not in after:
            yield f"{key} is gone"
            continue
        shared = row.keys() & after[key].keys()
        yield from (
            f"{key}: {name} was {row[name]!r}, is {after[key][name]!r}"
            for name in sorted(shared)
            if row[name] != after[key][name]
        )


@pytest.mark.parametrize(("open_database", "version"), FROM, indirect=["open_database"])
async def test_no_row_is_lost_on_the_way_from_any_version(database: SchemaDatabase, version: int) -> None:
    await migrate(database, now=START, migrations=[each for each in shipped() if each.version <= version])
    old, new, store = Schema(version), Schema(versions()[-1]), Store(database)
    await fill(database, old)
    before = {table: await rows_of(store, table, old.key_of(table)) for table in old.tables}
    applied = await migrate(database, now=START)
    assert [int(name[:4]) for name in applied] == [each for each in versions() if each > version]

    lost: list[str] = []
    for table, rows in before.items():
        if table in new.columns and table not in COUNTED:
            after = await rows_of(store, table, new.key_of(table))
            lost += [f"{table} {each}" for each in differences(rows, after)]
        if table in MOVED:
            kind, subject = MOVED[table]
            outbox = await rows_of(store, "outbox", ("kind", "subject_id"))
            lost += [f"{table} {row[subject]}" for row in rows.values() if (kind, row[subject]) not in outbox]
    assert lost == []
    assert set(before) - set(new.columns) <= set(MOVED)

    assert await store.rows(WRONG) == []
    held = await store.rows(
        "SELECT CAST(sum(held) AS BIGINT) AS held, CAST(sum(allowance) AS BIGINT) AS allowance FROM accounts"
    )
    assert held == [{"held": 5 * ROWS, "allowance": sum(range(1, ROWS + 1))}]
    jobs = [Job.from_row(row) for row in await store.rows("SELECT * FROM jobs")]
    assert sorted(str(job.status) for job in jobs) == ["queued", "running", "succeeded"]


def test_every_table_of_every_version_gets_rows() -> None:
    tables = {table for version in versions() for table in Schema(version).tables}
    made = {
        name
        for each in shipped()
        for name in re.findall(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", each.sql, re.MULTILINE)
    }
    assert tables == made - {"purses", "entries"}  # which have got another's name
