"""What is SQLite's own: locks, full disks, implicit rollbacks, shared commits, the file."""

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.errors import StoreError, StoreLost, StoreUnavailable
from bot.store.database import Transaction
from bot.store.migrate import migrate, shipped
from bot.store.sqlite import SQLiteDatabase
from tests.store.conftest import START, Store

PATIENCE = 60.0  # seconds for what takes none, unless the machine has other things to do


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "new" / "folder" / "shotcaller.db")


@pytest.fixture
async def numbers(file: str) -> AsyncIterator[SQLiteDatabase]:
    async with SQLiteDatabase(file, busy_timeout=0.05) as database:
        await database.transact(lambda tx: tx.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT)"))
        yield database


async def put(database: SQLiteDatabase, number: int, word: str = "") -> int:
    return await database.transact(lambda tx: tx.execute("INSERT INTO numbers (n, word) VALUES ($1, $2)", number, word))


def kept(file: str) -> list[int]:
    """What another program finds in the file."""
    with closing(sqlite3.connect(file)) as other:
        return [n for (n,) in other.execute("SELECT n FROM numbers ORDER BY n")]


async def test_money_is_kept_in_wal_mode_with_full_syncs_and_foreign_keys(numbers: SQLiteDatabase) -> None:
    async def work(tx: Transaction) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        rows = [await tx.one(f"PRAGMA {name}") for name in names]
        return [row[name] for name, row in zip(names, rows, strict=True) if row is not None]

    assert await numbers.transact(work) == ["wal", 2, 1]


async def test_transactions_that_wait_together_share_commits(numbers: SQLiteDatabase, tmp_path: Path) -> None:
    wal = tmp_path / "new" / "folder" / "shotcaller.db-wal"
    before, all_wait = wal.stat().st_size, threading.Event()

    async def hold_up(_tx: Transaction) -> None:
        all_wait.wait()

    async with asyncio.TaskGroup() as at_once:
        at_once.create_task(numbers.transact(hold_up))
        for n in range(128):
            at_once.create_task(put(numbers, n))
        await asyncio.sleep(0)
        all_wait.set()
    together = wal.stat().st_size - before
    for n in range(128, 256):
        await put(numbers, n)
    alone = wal.stat().st_size - before - together
    assert together < alone / 10


async def test_a_locked_database_refuses_and_keeps_nothing(numbers: SQLiteDatabase, file: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(*(put(numbers, n) for n in range(3)), return_exceptions=True)
        other.execute("ROLLBACK")
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 3
    assert len({id(answer) for answer in answers}) == 3, "an exception belongs to one caller"
    assert kept(file) == []
    assert await put(numbers, 9) == 1


async def test_a_request_is_refused_while_the_database_is_locked(file: str) -> None:
    async with SQLiteDatabase(file, busy_timeout=0.05) as database:
        await migrate(database, now=START)
        store = Store(database)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await store.accept()
            other.execute("ROLLBACK")
        assert await store.rows("SELECT * FROM accounts") == []


async def test_a_full_disk_refuses_and_what_was_kept_before_stays(numbers: SQLiteDatabase, file: str) -> None:
    await put(numbers, 1)
    await numbers.transact(lambda tx: tx.one("PRAGMA max_page_count = 1"))  # the database is as large as it may be
    with pytest.raises(StoreUnavailable):
        await put(numbers, 2, "x" * 20_000)
    assert kept(file) == [1]
    await numbers.transact(lambda tx: tx.one("PRAGMA max_page_count = 1000000"))
    assert await put(numbers, 3, "x" * 20_000) == 1
    assert kept(file) == [1, 3]


async def test_on_a_full_disk_only_what_is_kept_was_said_to_be_kept(numbers: SQLiteDatabase, file: str) -> None:
    await numbers.transact(lambda tx: tx.one("PRAGMA max_page_count = 40"))
    words = ["x" * (3000 if n % 3 else 10) for n in range(200)]
    answers = await asyncio.gather(*(put(numbers, n, word) for n, word in enumerate(words)), return_exceptions=True)
    refused = [n for n, answer in enumerate(answers) if isinstance(answer, StoreUnavailable)]
    assert refused
    assert kept(file) == [n for n in range(200) if n not in refused]


async def test_a_job_that_does_not_fit_on_the_disk_holds_nothing(file: str) -> None:
    async with SQLiteDatabase(file) as database:
        await migrate(database, now=START)
        store = Store(database)
        await database.transact(lambda tx: tx.one("PRAGMA max_page_count = 1"))
        answers = await asyncio.gather(*(store.accept() for _ in range(400)), return_exceptions=True)
        assert any(isinstance(answer, StoreUnavailable) for answer in answers)
        await store.books_add_up()


async def roll_everything_back(tx: Transaction) -> None:
    """Meet what ends SQLite's whole transaction at once, as a failing disk does."""
    await tx.execute("INSERT OR ROLLBACK INTO numbers (n) SELECT n FROM numbers")


async def test_after_an_implicit_rollback_no_statement_runs_on_its_own(numbers: SQLiteDatabase, file: str) -> None:
    await put(numbers, 1)

    async def stubborn(tx: Transaction) -> None:
        try:
            await roll_everything_back(tx)
        except sqlite3.Error:
            await tx.execute("INSERT INTO numbers (n) VALUES (3)")

    answers = await asyncio.gather(put(numbers, 2), numbers.transact(stubborn), put(numbers, 4), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 3
    assert kept(file) == [1]


@pytest.mark.parametrize("swallow", [True, False])
async def test_an_implicit_rollback_is_told_to_all_that_it_undid(
    numbers: SQLiteDatabase, file: str, *, swallow: bool
) -> None:
    await put(numbers, 1)

    async def work(tx: Transaction) -> None:
        try:
            await roll_everything_back(tx)
        except sqlite3.Error:
            if not swallow:
                raise KeyError("something else") from None

    answers = await asyncio.gather(put(numbers, 2), numbers.transact(work), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 2
    assert swallow or "something else" in str(answers[0]), "the operator has to read why"
    assert await put(numbers, 5) == 1
    assert kept(file) == [1, 5]


async def test_a_commit_that_fails_keeps_nothing_and_lets_go_of_the_lock(numbers: SQLiteDatabase, file: str) -> None:
    await numbers.transact(
        lambda tx: tx.execute("CREATE TABLE words (n INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)")
    )
    fails_at_commit = numbers.transact(lambda tx: tx.execute("INSERT INTO words (n) VALUES (99)"))
    answers = await asyncio.gather(put(numbers, 1), fails_at_commit, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 2
    with closing(sqlite3.connect(file, timeout=0)) as other, other:
        other.execute("INSERT INTO numbers (n) VALUES (7)")
    assert await put(numbers, 8) == 1
    assert kept(file) == [7, 8]


async def test_two_processes_wait_for_each_other_and_lose_no_update(file: str) -> None:
    async def count_up(tx: Transaction) -> None:
        row = await tx.one("SELECT n FROM counter")
        await tx.execute("UPDATE counter SET n = $1", row["n"] + 1 if row else None)

    async with SQLiteDatabase(file, busy_timeout=PATIENCE) as one, SQLiteDatabase(file, busy_timeout=PATIENCE) as other:
        await one.transact(lambda tx: tx.execute("CREATE TABLE counter AS SELECT 0 AS n"))
        both = (each.transact(count_up) for _ in range(300) for each in (one, other))
        await asyncio.gather(*both)
        row = await other.transact(lambda tx: tx.one("SELECT n FROM counter"))
        assert row is not None
        assert row["n"] == 600


async def test_a_work_that_awaits_something_else_is_refused_and_kept_out(numbers: SQLiteDatabase, file: str) -> None:
    async def dawdle(tx: Transaction) -> None:
        await tx.execute("INSERT INTO numbers (n) VALUES (1)")
        try:
            await asyncio.sleep(0)
        finally:
            await tx.execute("INSERT INTO numbers (n) VALUES (2)")

    with pytest.raises(RuntimeError, match="nothing but its own statements"):
        await numbers.transact(dawdle)
    assert kept(file) == []


async def test_a_transaction_within_a_transaction_is_refused(numbers: SQLiteDatabase, file: str) -> None:
    async def nested(tx: Transaction) -> None:
        await tx.execute("INSERT INTO numbers (n) VALUES (1)")
        await put(numbers, 2)

    with pytest.raises(RuntimeError):
        await numbers.transact(nested)
    assert kept(file) == []


async def test_a_work_that_is_no_coroutine_harms_nobody(numbers: SQLiteDatabase) -> None:
    def wrong(_tx: Transaction) -> Any:
        raise StopIteration

    answers = await asyncio.wait_for(
        asyncio.gather(numbers.transact(wrong), put(numbers, 1), return_exceptions=True), PATIENCE
    )
    assert isinstance(answers[0], RuntimeError)
    assert answers[1] == 1


async def test_what_waits_is_answered_when_the_closing_is_interrupted(file: str) -> None:
    async def use() -> None:
        async with SQLiteDatabase(file) as database:
            await database.transact(lambda tx: tx.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT)"))
            waiting.extend(asyncio.create_task(put(database, n)) for n in range(300))
            await asyncio.sleep(0)
            begun.set()

    waiting: list[asyncio.Task[int]] = []
    begun = asyncio.Event()
    user = asyncio.create_task(use())
    await begun.wait()
    await asyncio.sleep(0)
    user.cancel()
    await asyncio.wait([user], timeout=PATIENCE)
    answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), PATIENCE)
    assert user.cancelled()
    assert kept(file) == [n for n, answer in enumerate(answers) if answer == 1]
    assert {type(answer) for answer in answers} <= {int, StoreUnavailable}


async def test_no_task_stands_between_a_caller_and_its_answer(numbers: SQLiteDatabase) -> None:
    callers = [asyncio.create_task(put(numbers, n)) for n in range(100)]
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - {asyncio.current_task(), *callers}:
        task.cancel()
    assert await asyncio.wait_for(asyncio.gather(*callers), PATIENCE) == [1] * 100


async def test_a_file_that_is_no_database_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "note.db").write_text("a note, not a database, and long enough to be looked at as one" * 20)
    with pytest.raises(StoreUnavailable):
        async with SQLiteDatabase(str(tmp_path / "note.db")):
            pass


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        async with SQLiteDatabase(str(tmp_path / "file" / "x" / "shotcaller.db")):
            pass


async def test_a_database_in_memory_needs_no_file() -> None:
    async with SQLiteDatabase(":memory:") as database:
        applied = [name[:4] for name in await migrate(database, now=START)]
        assert applied == [f"{each.version:04}" for each in shipped()]


def take_away(taken: Path, *, again: bool) -> None:
    taken.rename(f"{taken}.old")
    if again:
        shutil.copy(f"{taken}.old", taken)


@pytest.mark.parametrize("part", ["", "-wal"])
@pytest.mark.parametrize("again", [False, True], ids=["deleted", "replaced"])
async def test_a_file_that_was_taken_away_is_written_into_no_more(
    numbers: SQLiteDatabase, file: str, part: str, *, again: bool
) -> None:
    await put(numbers, 1)
    await asyncio.to_thread(take_away, Path(file + part), again=again)
    for number in (2, 3):
        with pytest.raises(StoreLost) as told:
            await put(numbers, number)
        assert told.value.path == file


async def test_a_file_that_is_taken_away_during_a_commit_is_not_said_to_keep_it(
    numbers: SQLiteDatabase, file: str
) -> None:
    async def work(tx: Transaction) -> int:
        take_away(Path(file), again=False)
        return await tx.execute("INSERT INTO numbers (n) VALUES (1)")

    with pytest.raises(StoreLost):
        await numbers.transact(work)


CHILD = """
import asyncio, os, signal, sys
from bot.store.sqlite import SQLiteDatabase

async def main():
    async with SQLiteDatabase(sys.argv[1]) as database:
        async def put(n):
            await database.transact(lambda tx: tx.execute("INSERT INTO numbers (n) VALUES ($1)", n))
            print(n, flush=True)
        async def die(tx):
            await tx.execute("INSERT INTO numbers (n) VALUES (1000)")
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.gather(*(put(n) for n in range(100)))
        await asyncio.gather(put(500), database.transact(die))

asyncio.run(main())
"""


async def test_what_a_call_returned_for_survives_a_kill_and_what_was_under_way_leaves_no_trace(
    numbers: SQLiteDatabase, file: str
) -> None:
    child = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", CHILD, file], capture_output=True, text=True, check=False, timeout=600
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert sorted(map(int, child.stdout.split())) == list(range(100))
    assert kept(file) == list(range(100))
    with pytest.raises(StoreError):
        await put(numbers, 5)
    assert await put(numbers, 500) == 1
