import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import millis
from bot.errors import StoreError
from bot.store.database import SchemaDatabase
from bot.store.migrate import Migration, migrate, shipped
from tests.store.conftest import START, Opener, Store

FIRST = Migration(version=1, name="first", sql="CREATE TABLE one (a INTEGER);\n-- and\nCREATE TABLE two (b TEXT);\n")
SECOND = Migration(version=2, name="second", sql="CREATE TABLE three (c INTEGER);\nINSERT INTO one (a) VALUES (7);\n")


def test_what_is_shipped_is_in_order_and_no_number_is_there_twice() -> None:
    versions = [each.version for each in shipped()]
    assert versions == sorted(set(versions))
    assert all(each.name.isidentifier() and each.statements for each in shipped())


async def test_migrations_are_applied_once_in_order_and_recorded(database: SchemaDatabase) -> None:
    assert await migrate(database, now=START, migrations=[FIRST, SECOND]) == ["0001_first", "0002_second"]
    assert await migrate(database, now=START, migrations=[FIRST, SECOND]) == []
    recorded = await Store(database).rows("SELECT * FROM schema_migrations ORDER BY version")
    assert [(row["version"], row["name"], row["checksum"]) for row in recorded] == [
        (each.version, each.name, each.checksum) for each in (FIRST, SECOND)
    ]
    assert {row["applied_at"] for row in recorded} == {millis(START)}
    assert await Store(database).rows("SELECT a FROM one") == [{"a": 7}]


async def test_a_new_migration_is_applied_to_an_old_database(database: SchemaDatabase) -> None:
    await migrate(database, now=START, migrations=[FIRST])
    assert await migrate(database, now=START, migrations=[FIRST, SECOND]) == ["0002_second"]


async def test_a_failing_migration_leaves_nothing_and_keeps_those_before_it(database: SchemaDatabase) -> None:
    broken = replace(SECOND, sql="INSERT INTO one (a) VALUES (7);\nINSERT INTO nowhere (a) VALUES (1);\n")
    with pytest.raises(StoreError):
        await migrate(database, now=START, migrations=[FIRST, broken])
    store = Store(database)
    assert await store.rows("SELECT version FROM schema_migrations") == [{"version": 1}]
    assert await store.rows("SELECT a FROM one") == []
    assert await migrate(database, now=START, migrations=[FIRST, SECOND]) == ["0002_second"]


async def test_a_database_newer_than_the_program_is_refused(database: SchemaDatabase) -> None:
    await migrate(database, now=START, migrations=[FIRST, SECOND])
    with pytest.raises(StoreError, match=r"\[2\].*update the program"):
        await migrate(database, now=START, migrations=[FIRST])


async def test_a_migration_that_was_changed_after_it_was_applied_is_refused(database: SchemaDatabase) -> None:
    await migrate(database, now=START, migrations=[FIRST])
    with pytest.raises(StoreError, match="0001 was changed"):
        await migrate(database, now=START, migrations=[replace(FIRST, sql="CREATE TABLE other (a INTEGER);\n"), SECOND])


async def test_two_migrations_of_one_number_are_refused(database: SchemaDatabase) -> None:
    with pytest.raises(StoreError):
        await migrate(database, now=START, migrations=[FIRST, replace(SECOND, version=1)])


async def test_programs_that_start_at_the_same_time_migrate_once(open_database: Opener, tmp_path: Path) -> None:
    async with open_database(tmp_path) as one, open_database(tmp_path) as other:
        both = [migrate(each, now=START, migrations=[FIRST, SECOND]) for each in (one, other, one, other)]
        applied = await asyncio.gather(*both)
        assert sorted(name for names in applied for name in names) == ["0001_first", "0002_second"]
        assert await Store(one).rows("SELECT a FROM one") == [{"a": 7}]
