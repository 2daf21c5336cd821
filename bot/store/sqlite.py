"""SQLite as a `Database`: each transaction runs whole in the connection's thread; those that wait share a commit.

WAL and `synchronous=FULL`: what a call returned for survives a power cut. Money depends on it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import aiosqlite

from bot.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from bot.store.database import Transaction

T = TypeVar("T")

BUSY_TIMEOUT: Final = 3.0  # seconds to wait for somebody else's write lock
SHARED_COMMIT: Final = 64  # transactions at the most that share one commit


class SQLiteDatabase:
    """One SQLite file. Use as an async context manager; `path` may be `:memory:`."""

    skip_locked = ""

    def __init__(self, path: str, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self._path, self._busy_timeout = path, busy_timeout
        self._waiting: list[_Waiting] = []
        self._flusher: asyncio.Task[None] | None = None
        self._connection: _Connection | None = None

    async def __aenter__(self) -> Self:
        """Open the file, made with its folder where there is none.

        Raises:
            StoreUnavailable: it cannot be opened.
        """
        try:
            if self._path != ":memory:":
                Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            connection = _Connection(self._connect, iter_chunk_size=64)
            await connection
        except (OSError, sqlite3.Error) as exc:
            raise StoreUnavailable(f"cannot open the database: {exc}") from exc
        self._connection = connection
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._flusher is not None:
            await self._flusher
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `Database.transact`. A cancelled caller's transaction is still carried out, whole."""
        waiting = _Waiting(work=work, done=asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush(), name="store-commit")
        result: T = await waiting.done
        return result

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:SHARED_COMMIT], self._waiting[SHARED_COMMIT:]
            try:
                if self._connection is None:
                    raise StoreUnavailable("the database is closed")
                outcomes = await self._connection.commit_together([each.work for each in batch])
            except (StoreError, sqlite3.Error, ValueError) as exc:
                trouble = exc if isinstance(exc, StoreError) else StoreUnavailable(str(exc))
                outcomes = [_Outcome(error=trouble)] * len(batch)
            for each, outcome in zip(batch, outcomes, strict=True):
                each.answer(outcome)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=self._busy_timeout, isolation_level=None)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()
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
    """A connection that can also run a batch of transactions in its own thread, in one hop."""

    async def commit_together(self, works: Sequence[Callable[[Transaction], Awaitable[Any]]]) -> list[_Outcome]:
        run: Callable[..., Awaitable[list[_Outcome]]] = self._execute
        return await run(_commit_together, self._conn, works)


def _commit_together(
    connection: sqlite3.Connection, works: Sequence[Callable[[Transaction], Awaitable[Any]]]
) -> list[_Outcome]:
    """Run each work in a savepoint of its own, then commit all that went well. Runs in the connection's thread.

    Raises:
        sqlite3.Error: nothing of the batch was kept.
    """
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
        value = _drive(work(_SQLiteTransaction(connection)))
    except Exception as exc:
        if not connection.in_transaction:  # a full disk ends the whole transaction, not just the savepoint
            raise
        connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")
        return _Outcome(error=_mapped(exc))
    connection.execute("RELEASE work")
    return _Outcome(value=value)


def _mapped(exc: Exception) -> Exception:
    if not isinstance(exc, sqlite3.Error):
        return exc
    kind = StoreError if isinstance(exc, sqlite3.IntegrityError) else StoreUnavailable
    mapped = kind(str(exc))
    mapped.__cause__ = exc
    return mapped


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
    raise RuntimeError("a transaction may await nothing but its own statements")


class _SQLiteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._run(sql, values).fetchall()

    async def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._run(sql, values).fetchone()
        return row

    async def execute(self, sql: str, *values: object) -> int:
        return self._run(sql, values).rowcount

    def _run(self, sql: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        return self._connection.execute(sql, {str(number): value for number, value in enumerate(values, start=1)})
