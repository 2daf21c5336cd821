"""The database of a simulated world: SQLite in memory, worked on between two callbacks of the loop.

It outlives every process. What a process has not committed when it dies never was.
"""

import asyncio
import functools
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from random import Random
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar, cast

from bot.domain import Row
from bot.store.database import Transaction
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from tests.simulation.loop import SimulatedLoop
from tests.simulation.moments import BEGIN

T = TypeVar("T")


class Disk:
    """What the processes of a world write on. While it `refuses`, as a full one does, nothing can be begun."""

    def __init__(self, loop: SimulatedLoop, random: Random, *, slowness: float, committed: Callable[[], None]) -> None:
        self._loop, self._random, self._slowness, self._committed = loop, random, slowness, committed
        self.connection = _open(_empty())
        self.refuses = False

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Look at once, as nobody in the world can."""
        return _run(self.connection, sql, values).fetchall()

    def look(self) -> "Looking":
        """Look by the means of a store: see `at_once`."""
        return Looking(self.connection)

    def begin(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Have something done a moment later, for whoever asks, if they live then."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._loop.call_later(self._pause(), self._carry_out, done, work)
        return done

    def _carry_out(self, done: asyncio.Future[T], work: Callable[[sqlite3.Connection], T]) -> None:
        try:
            answer = functools.partial(done.set_result, (_refuse if self.refuses else work)(self.connection))
        except Exception as exc:  # noqa: BLE001 (as aiosqlite does)
            answer = functools.partial(done.set_exception, exc)
        self._committed()
        self._loop.call_later(self._pause(), answer)

    def _pause(self) -> float:
        return self._slowness * self._random.expovariate(1)


def _refuse(_connection: sqlite3.Connection) -> NoReturn:
    raise sqlite3.OperationalError("database or disk is full")


class LoopDatabase(SQLiteDatabase):
    """The database as one process has it open."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(":memory:")
        self._disk = disk

    async def __aenter__(self) -> Self:
        self._connection, self._open = cast("Any", _Opened(self._disk)), True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, exc, trace)

    async def purge(self) -> bool:
        """Leave what was deleted where it is: nothing of it is in a file."""
        return True


class _Opened:
    def __init__(self, disk: Disk) -> None:
        self.run = disk.begin

    async def close(self) -> None: ...


class Looking:
    """A `Database` that waits for nothing; each statement is a transaction."""

    skip_locked = ""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        """Run a work at once."""
        assert snapshot in {True, False}
        return await work(self)

    def schema(self, statements: Sequence[str]) -> Sequence[str]:
        """Take the migrations as they are written."""
        return statements

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        return cast("Sequence[Row]", _run(self._connection, sql, values).fetchall())

    async def one(self, sql: str, *values: object) -> Row | None:
        return cast("Row | None", _run(self._connection, sql, values).fetchone())

    async def execute(self, sql: str, *values: object) -> int:
        return _run(self._connection, sql, values).rowcount

    async def alone(self, name: str) -> None: ...


def _run(connection: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> sqlite3.Cursor:
    return connection.execute(sql, {str(number): value for number, value in enumerate(values, start=1)})


def _open(content: bytes | None = None) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    if content is not None:
        connection.deserialize(content)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


@functools.cache
def _empty() -> bytes:
    """Make a database of today's schema, once."""
    connection = _open()
    at_once(migrate(Looking(connection), now=BEGIN))
    return connection.serialize()


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run what waits for nothing but a look at the disk."""
    try:
        work.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    raise RuntimeError("it waits for something")
