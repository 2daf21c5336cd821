"""A SQLite file is copied into a PostgreSQL whole, once, or not at all."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError, StoreUnavailable
from bot.store.copying import DoesNotFit, copy_into
from bot.store.migrate import migrate
from bot.store.postgres import PostgresDatabase
from bot.store.sqlite import SQLiteDatabase
from tests.fresh_databases import FreshDatabases
from tests.store.conftest import START, Store

MANY = 1100  # rows: more than go into two statements


@pytest.fixture
async def path(tmp_path: Path) -> str:
    """The file of a bot that has something of everything under way, and is stopped."""
    path = str(tmp_path / "shotcaller.db")
    async with SQLiteDatabase(path) as database:
        await migrate(database, now=START)
        store = Store(database)
        for stage in ("failed", "unknown"):
            await store.at(stage)
        await store.delivered(guild_id=2**62)
        await store.delivered(guild_id=2**62 + 1, user_id=2**62)
        await store.at("queued")
        await store.books_add_up()
    with closing(sqlite3.connect(path)) as file, file:
        rows = [(f"model-{number} 狐", 1_700_000_000_000 + number) for number in range(MANY)]
        file.executemany("INSERT INTO given_up_models (model, until_at) VALUES (?, ?)", rows)
    return path


@pytest.fixture
async def target(fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[PostgresDatabase]:
    """A PostgreSQL with the tables and nothing in them."""
    async with fresh_databases.opened(tmp_path, migrated=True) as database:
        yield database
    fresh_databases.let_go(tmp_path)


def change(path: str, sql: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(sql)


def everything(path: str) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Every table of a file, with its rows."""
    with closing(sqlite3.connect(path)) as file:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_migrations'"
        for (name,) in file.execute(tables).fetchall():
            yield name, file.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 (names of tables)


async def test_every_row_of_the_file_is_there_afterwards(path: str, target: PostgresDatabase) -> None:
    copied = await copy_into(target, path)
    assert not copied.before
    store = Store(target)
    for name, rows in everything(path):
        found = await store.rows(f"SELECT * FROM {name}")  # noqa: S608 (names of tables)
        assert sorted((tuple(row.values()) for row in found), key=repr) == sorted(rows, key=repr), name
        assert copied.rows[name] == len(rows)
    assert copied.rows["given_up_models"] == MANY
    await store.books_add_up()


async def test_work_goes_on_in_the_copy(path: str, target: PostgresDatabase) -> None:
    await copy_into(target, path)
    store = Store(target)
    waiting = await store.waiting()
    assert waiting is not None
    await store.jobs.fail(waiting, failure="content", code="1301", now=store.now)
    await store.books_add_up()


async def test_a_copy_that_is_made_again_is_found_to_be_the_same(path: str, target: PostgresDatabase) -> None:
    first = await copy_into(target, path)
    again = await copy_into(target, path)
    assert again.before
    assert again.rows == first.rows


async def test_a_database_with_something_else_is_left_alone(path: str, target: PostgresDatabase) -> None:
    store = Store(target)
    job = await store.accept()
    with pytest.raises(StoreError, match=r"already holds something else \(see .*jobs.*\): copy into one that is new"):
        await copy_into(target, path)
    assert [row["id"] for row in await store.rows("SELECT id FROM jobs")] == [job.id]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "UPDATE jobs SET attempt = 'many' WHERE id = 'job-0001'",
            "table jobs, row job-0001: attempt is no whole number",
        ),
        ("UPDATE jobs SET attempt = 1.5 WHERE id = 'job-0001'", "table jobs, row job-0001: attempt is no whole number"),
        ("UPDATE jobs SET prompt = x'ff' WHERE id = 'job-0001'", "table jobs, row job-0001: prompt is no text"),
        (
            "UPDATE jobs SET prompt = 'a fox' || char(0) WHERE id = 'job-0001'",
            r"row job-0001: prompt has a character that no text there can have \(NUL\)",
        ),
        (
            "INSERT INTO given_up_models (model, until_at) VALUES (NULL, 1)",
            "table given_up_models, row None: model is mis",
        ),
    ],
)
async def test_a_value_that_does_not_fit_is_named_and_nothing_is_kept(
    sql: str, said: str, path: str, target: PostgresDatabase
) -> None:
    change(path, sql)
    with pytest.raises(DoesNotFit, match=said):
        await copy_into(target, path)
    assert await Store(target).rows("SELECT id FROM jobs") == []
    assert await Store(target).rows("SELECT model FROM given_up_models") == []


async def test_books_that_do_not_add_up_are_not_carried_over(path: str, target: PostgresDatabase) -> None:
    change(path, "UPDATE accounts SET settled = settled + 1 WHERE owner LIKE 'user:1@guild:7'")
    with pytest.raises(StoreError, match="books of the file do not add up: user:1@guild:7 2026-03-05"):
        await copy_into(target, path)
    assert await Store(target).rows("SELECT id FROM jobs") == []


async def test_a_copy_that_comes_out_different_is_not_kept(path: str, target: PostgresDatabase) -> None:
    await Store(target).rows(
        "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.prompt := ''''; RETURN NEW; END' "
    )
    await Store(target).rows("CREATE TRIGGER forget BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION forget()")
    try:
        with pytest.raises(StoreError, match=r"the copy is not like the file \(see jobs\); nothing of it was kept"):
            await copy_into(target, path)
        assert await Store(target).rows("SELECT id FROM jobs") == []
    finally:
        await Store(target).rows("DROP FUNCTION forget CASCADE")


async def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, target: PostgresDatabase) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\0" + b"\1" * 5000)
    with pytest.raises(StoreUnavailable, match="the file cannot be read"):
        await copy_into(target, str(broken))
