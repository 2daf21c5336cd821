"""What is deleted is gone from the database's files: not a byte of it stands in any of them once it is finished."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bot.domain import VideoRequest
from bot.store.migrate import migrate
from bot.store.privacy.deleted_traces import REST, TraceStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.retention import RetentionStore
from bot.store.sqlite import SQLiteDatabase
from tests.store.conftest import START, Store

SECRET = b"walrus"
MANY = 60  # so many rows that pages are split, and keep parts of what was moved to others


@asynccontextmanager
async def written(folder: Path) -> AsyncIterator[tuple[Store, TraceStore]]:
    """A database in a file, with the posted videos of two people, whose prompts are long and short."""
    async with SQLiteDatabase(str(folder / "bot.db")) as database:
        await migrate(database, now=START)
        store = Store(database)
        for number in range(MANY):
            prompt = f"{SECRET.decode()} {number} " * (1, 3, 40)[number % 3]
            job = store.job(user_id=1 + number % 2, request=VideoRequest(model="kirin_v3_t2v", prompt=prompt))
            await store.accept(job)
        await store.rows("UPDATE jobs SET status = 'failed', due_at = NULL RETURNING 1")
        yield store, TraceStore(database, purge=database.purge)


def found(folder: Path) -> dict[str, int]:
    """How often the secret stands in each file."""
    counts = {file.name: file.read_bytes().count(SECRET) for file in folder.iterdir()}
    return {name: count for name, count in counts.items() if count}


async def delete(store: Store, user_id: int) -> None:
    deletions = DeletionStore(store.database)
    deletion = await deletions.ask(user_id, messages=False, now=store.later(3600))
    await deletions.clear(deletion, now=store.now)
    for job, _ in await deletions.closed(deletion, urgent=False, most=1000):
        await deletions.forget(job)


async def forget(store: Store) -> None:
    retention, before = RetentionStore(store.database), store.later(3600)
    while await retention.forget_texts(before=before, most=50):
        pass
    await retention.trim(texts=before, records=before - timedelta(days=1), now=before)


async def test_after_a_deletion_no_file_holds_a_byte_of_it(tmp_path: Path) -> None:
    async with written(tmp_path) as (store, traces):
        for user_id in (1, 2):
            await delete(store, user_id)
        assert "bot.db-wal" in found(tmp_path), "or there is nothing to show"
        await traces.overwrite()
        assert found(tmp_path) == {}


async def test_after_the_daily_forgetting_no_file_holds_a_byte_of_it(tmp_path: Path) -> None:
    async with written(tmp_path) as (store, traces):
        await forget(store)
        assert "bot.db-wal" in found(tmp_path), "or there is nothing to show"
        await traces.overwrite()
        assert found(tmp_path) == {}
        assert len(await store.rows("SELECT id FROM jobs")) == MANY


async def test_who_reads_keeps_it_from_that_until_they_are_done(tmp_path: Path) -> None:
    async with written(tmp_path) as (store, traces):
        reader = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM jobs").fetchone()
        await forget(store)
        size = (tmp_path / "bot.db-wal").stat().st_size
        for _ in range(3):
            await traces.overwrite()
        assert found(tmp_path) != {}
        assert (tmp_path / "bot.db-wal").stat().st_size == size, "trying makes it no longer"
        assert (await store.accept()).id
        reader.close()
        await traces.overwrite()
        assert found(tmp_path) == {}


async def test_what_a_crash_left_to_be_overwritten_is_so_after_the_next_start(tmp_path: Path) -> None:
    async with written(tmp_path) as (store, _):
        await forget(store)
    async with SQLiteDatabase(str(tmp_path / "bot.db")) as database:
        await TraceStore(database, purge=database.purge).overwrite()
        assert found(tmp_path) == {}


async def test_without_anything_deleted_nothing_is_written_anew(store: Store) -> None:
    tried = []

    async def purge() -> bool:
        tried.append(True)
        return True

    traces = TraceStore(store.database, purge=purge)
    await traces.overwrite()
    assert tried == []
    await forget(store)
    for _ in range(2):
        await traces.overwrite()
    assert tried == [True]


async def test_the_longer_overwriting_takes_the_longer_it_rests(tmp_path: Path) -> None:
    now = 0.0
    async with written(tmp_path) as (store, _):
        database = store.database
        assert isinstance(database, SQLiteDatabase)

        async def purge() -> bool:
            nonlocal now
            now += 3
            return await database.purge()

        traces = TraceStore(database, purge=purge, seconds=lambda: now)
        await delete(store, 1)
        await traces.overwrite()
        await delete(store, 2)
        now += 3 * REST - 1
        await traces.overwrite()
        assert now == 3 + 3 * REST - 1
        now += 1
        await traces.overwrite()
        assert now == 6 + 3 * REST
    assert found(tmp_path) == {}
