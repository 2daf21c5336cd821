"""Runs SQLite as a `Database`: each transaction whole in the connection's thread; those that wait share a commit.

WAL and `synchronous=FULL`: what a call returned for survives a power cut. Money depends on it. `secure_delete`: what is
deleted is overwritten in the file too, but for what a page that was split keeps of it, and for the WAL; `purge` sees to
those. Privacy depends on it.
"""

import asyncio
import functools
import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiosqlite

from bot.errors import StoreError, StoreLost, StoreUnavailable
from bot.store.database import Transaction
from bot.store.sqlite_file import DatabaseFile
from bot.values import dataclass

T = TypeVar("T")

BUSY_TIMEOUT: Final = 3.0  # seconds to wait for somebody else's write lock
SHARED_COMMIT: Final = 64  # transactions at the most that share one commit
# `temp_store=MEMORY`: what a work's savepoint would bring back is not written to a temporary file first.
PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY")
PURGE_TIMEOUT: Final = 100  # milliseconds to wait for readers: nothing else is carried out meanwhile


class SQLiteDatabase:
    """One SQLite file. Use as an async context manager; `path` may be `:memory:`."""

    skip_locked = ""

    def __init__(self, path: str, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self._path, self._busy_timeout = path, busy_timeout
        self._waiting: list[_Waiting] = []
        self._committing: asyncio.Future[list[_Outcome]] | None = None
        self._connection: _Connection | None = None
        self._file = DatabaseFile(path) if path != ":memory:" else None
        self._open = False

    async def __aenter__(self) -> Self:
        """Open the file, made with its folder where there is none.

        Raises:
            StoreUnavailable: it cannot be opened.
        """
        connection = _Connection(self._connect, iter_chunk_size=64)
        try:
            await connection
        except (OSError, sqlite3.Error) as exc:
            await connection.ended()
            raise StoreUnavailable(f"cannot open the database: {exc}") from exc
        self._connection, self._open = connection, True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Carry out what waits, refuse what comes from now on, and close the file."""
        self._open = False
        try:
            while committing := self._commit_next():
                await asyncio.wait([committing])
        finally:
            for each in self._waiting:  # only where the closing was interrupted
                each.answer(_Outcome(error=StoreUnavailable("the database is closed")))
            self._waiting.clear()
            connection, self._connection = self._connection, None
            if connection is not None:
                await connection.close()

    async def transact(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        snapshot: bool = False,  # noqa: ARG002 (see below)
    ) -> T:
        """See `Database.transact`. A cancelled caller's transaction is still carried out, whole.

        Every transaction is a snapshot here, whether that is asked for or not.
        """
        if not self._open:
            raise StoreUnavailable("the database is closed")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(work=work, done=loop.create_future())
        self._waiting.append(waiting)
        loop.call_soon(self._commit_next)  # not at once: others may come in the same turn of the loop
        result: T = await waiting.done
        return result

    async def purge(self) -> bool:
        """Leave not a byte of what was deleted in the files; False where somebody who reads keeps it from that.

        Everything is written anew (so it takes as long as copying the file), and the WAL is emptied.

        Raises:
            StoreUnavailable: the disk is full or broken, or another program writes.
        """
        if self._connection is None:
            raise StoreUnavailable("the database is closed")
        try:
            return await self._connection.run(_purge)
        except sqlite3.Error as exc:
            raise StoreUnavailable(f"what was deleted cannot be overwritten: {exc}") from exc

    def schema(self, statements: Sequence[str]) -> Sequence[str]:
        """See `SchemaDatabase.schema`: the migrations are written as SQLite has it."""
        return statements

    def _commit_next(self) -> asyncio.Future[list["_Outcome"]] | None:
        """Give what waits to the connection's thread unless it is at work; give back what it is at work on.

        No task of the event loop has a part in it, so nothing that is cancelled can leave a caller without an answer.
        """
        if self._connection is not None and self._committing is None and self._waiting:
            batch, self._waiting = self._waiting[:SHARED_COMMIT], self._waiting[SHARED_COMMIT:]
            works = [each.work for each in batch]
            self._committing = self._connection.run(lambda connection: self._commit(connection, works))
            self._committing.add_done_callback(functools.partial(self._committed, batch))
        return self._committing

    def _commit(
        self, connection: sqlite3.Connection, works: Sequence[Callable[[Transaction], Awaitable[Any]]]
    ) -> list["_Outcome"]:
        """Commit some works where they are kept. Runs in the connection's thread."""
        if self._file is None:
            return _commit_together(connection, works)
        self._file.demand()
        outcomes = _commit_together(connection, works)
        self._file.demand()
        return outcomes

    def _committed(self, batch: Sequence["_Waiting"], committing: asyncio.Future[list["_Outcome"]]) -> None:
        self._committing = None
        trouble = committing.exception()
        for number, each in enumerate(batch):
            each.answer(committing.result()[number] if trouble is None else _Outcome(error=_unavailable(trouble)))
        committing.get_loop().call_soon(self._commit_next)

    def _connect(self) -> sqlite3.Connection:
        if self._path != ":memory:":
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=self._busy_timeout, isolation_level=None)
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").close()
        except sqlite3.Error:
            connection.close()
            raise
        return connection


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    work: Callable[[Transaction], Awaitable[Any]]
    done: asyncio.Future[Any]

    def answer(self, outcome: _Outcome) -> None:
        if self.done.done():
            return
        if outcome.error is not None:
            self.done.set_exception(outcome.error)
        else:
            self.done.set_result(outcome.value)


class _Connection(aiosqlite.Connection):
    """A connection that can also run a function in its own thread, in one hop: a batch of transactions, say."""

    async def ended(self) -> None:
        """Wait for the thread of a connection that could not be opened: it still answers to this event loop."""
        await asyncio.to_thread(self._thread.join)

    def run(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((done, functools.partial(work, self._conn)))
        return done


def _purge(connection: sqlite3.Connection) -> bool:
    """See `SQLiteDatabase.purge`. A reader is met before anything is written, or the WAL would grow at every try."""
    (waits,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout={PURGE_TIMEOUT}")
    connection.execute("PRAGMA temp_store=FILE")  # where `VACUUM` makes its copy: it may be too large for memory
    try:
        if not _emptied(connection):
            return False
        connection.execute("VACUUM")
        return _emptied(connection)
    finally:
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA busy_timeout={waits}")


def _emptied(connection: sqlite3.Connection) -> bool:
    """Say whether the WAL could be brought into the file, and cut to nothing."""
    busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return busy == 0


def _commit_together(
    connection: sqlite3.Connection, works: Sequence[Callable[[Transaction], Awaitable[Any]]]
) -> list[_Outcome]:
    """Run each work in a savepoint of its own, then commit all that went well. Runs in the connection's thread.

    Raises:
        sqlite3.Error: nothing of the batch was kept.
        StoreUnavailable: likewise.
    """
    if connection.in_transaction:  # a rollback failed before: nothing may be built on what it left
        connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_in_savepoint(connection, work) for work in works]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _in_savepoint(connection: sqlite3.Connection, work: Callable[[Transaction], Awaitable[Any]]) -> _Outcome:
    connection.execute("SAVEPOINT work")
    try:
        outcome = _Outcome(value=_drive(work(_SQLiteTransaction(connection))))
    except BaseException as exc:
        if not connection.in_transaction:  # a full or failing disk ends the whole transaction, not just this one
            raise StoreUnavailable(f"everything was undone: {exc}") from exc
        connection.execute("ROLLBACK TO work")
        outcome = _Outcome(error=_mapped(exc))
    connection.execute("RELEASE work")
    return outcome


def _mapped(exc: BaseException) -> BaseException:
    """Choose what a work's caller gets for an exception of the work."""
    match exc:
        case sqlite3.IntegrityError():
            mapped: BaseException = StoreError(str(exc))
        case OverflowError() | UnicodeEncodeError():  # of a value; the text of the second quotes it
            return StoreError("a value that cannot be kept: a number that is too large, or a text that is none")
        case sqlite3.Error():
            return _unavailable(exc)
        case StopIteration():
            mapped = RuntimeError("a work raised StopIteration")
        case _:
            return exc
    mapped.__cause__ = exc
    return mapped


def _unavailable(exc: BaseException) -> StoreError:
    if isinstance(exc, StoreLost):
        return StoreLost(path=exc.path)
    unavailable = StoreUnavailable(str(exc))
    unavailable.__cause__ = exc
    return unavailable


def _drive(work: Awaitable[T]) -> T:
    """Run a coroutine that never really waits, to its end, in this thread.

    Raises:
        RuntimeError: it awaited something other than its transaction.
    """
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise RuntimeError("a transaction may await nothing but its own statements")


class _SQLiteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def all(self, sql: str, *values: object) -> list[dict[str, Any]]:
        cursor = self._run(sql, values)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    async def one(self, sql: str, *values: object) -> dict[str, Any] | None:
        cursor = self._run(sql, values)
        row = cursor.fetchone()
        if row is None:
            return None
        return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}

    async def execute(self, sql: str, *values: object) -> int:
        return self._run(sql, values).rowcount

    async def alone(self, name: str) -> None:
        """See `Transaction.alone`; here every transaction is alone anyway."""

    def _run(self, sql: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        if not self._connection.in_transaction:  # it would be kept on its own
            raise StoreUnavailable("the transaction has ended")
        return self._connection.execute(numbered(sql), values)


@functools.lru_cache(maxsize=512)
def numbered(sql: str) -> str:
    """Write `?1` for `$1`: SQLite takes those from a tuple, which is faster than to look each up by its name."""
    return re.sub(r"\$(\d+)", r"?\1", sql)
