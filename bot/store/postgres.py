"""Runs PostgreSQL as a `Database`: transactions beside each other, READ COMMITTED, over a few connections.

What a call returned for survives a power cut, as far as it is the bot's to say: `synchronous_commit` is on even where
the server has it off; `fsync` is the operator's. Where the connection breaks while a transaction is being committed,
the server is asked afterwards what has become of it.
"""

import asyncio
import hashlib
import random
import re
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import asyncpg

from bot.errors import CommitUnknown, StoreError, StoreUnavailable
from bot.store.database import Reading, Transaction
from bot.store.postgres_errors import REPEATABLE, TROUBLE, translated

T = TypeVar("T")

POOL: Final = 6  # connections: transactions that run at the same time
ATTEMPTS: Final = 8  # at one transaction, where others keep it from standing
LONGEST_PAUSE: Final = 0.5  # seconds between two attempts
CONNECT_TIMEOUT: Final = 5.0  # seconds
STATEMENT_TIMEOUT: Final = 60.0  # seconds: nothing of the bot's takes as long, but moving to a newer schema
STANDSTILL: Final = 15_000  # milliseconds after which a transaction whose process has stopped gives back its locks
DOUBT_SECONDS: Final = 20.0  # for how long the server is asked whether a transaction was committed
DOUBT_PAUSE: Final = 0.2  # seconds between two questions
OLDEST: Final = 13  # major version of the server: it can be asked what has become of a transaction
STATEMENTS: Final = 500  # prepared ones that a connection remembers: more than there are

_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Has the server notice within seconds that a machine is gone, of which no word comes; it keeps its locks till then.
# Said when the connection stands: a pooler in between refuses one that begins with settings which it does not know.
KEEP_ALIVE: Final = (
    "set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false), "
    "set_config('tcp_keepalives_count', '3', false)"
)
_PREPARE: Final = (
    f"SELECT {KEEP_ALIVE}, "
    "set_config('idle_in_transaction_session_timeout', $1, false), "
    "CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END, "
    # The name of the log's file begins with the timeline, which changes when another server takes over.
    "CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS timeline"
)
ROOM: Final = (
    "SELECT CAST(current_setting('max_connections') AS BIGINT) "
    "- CAST(current_setting('superuser_reserved_connections') AS BIGINT) AS everybody, "
    "rolconnlimit AS own FROM pg_roles WHERE rolname = current_user"
)
_OWN_TABLES: Final = (
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
    "WHERE schemaname = current_schema() AND tableowner = current_user ORDER BY tablename"
)


def connection_name(process_id: str) -> str:
    """Name the connections of a process, as the server lists them."""
    return f"shotcaller {process_id}".strip()


def room_of(rows: Sequence[asyncpg.Record]) -> int:
    """Read how many connections the server allows the bot's user, of the answer to `ROOM`."""
    (row,) = rows
    return int(min(row["everybody"], row["own"] if row["own"] >= 0 else row["everybody"]))


def lock_number(name: str) -> int:
    """Compute the number by which PostgreSQL knows the lock of a name: the same in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


class PostgresDatabase:
    """One database of a PostgreSQL server. Use as an async context manager.

    Its connections bear the name of the process `process_id`. `statement_timeout` is in seconds, and None lets a
    statement take as long as it likes. The server is asked for `doubt_seconds` what has become of a transaction.
    """

    skip_locked = "FOR UPDATE SKIP LOCKED"

    def __init__(
        self,
        url: str,
        *,
        pool: int = POOL,
        statement_timeout: float | None = STATEMENT_TIMEOUT,
        doubt_seconds: float = DOUBT_SECONDS,
        process_id: str = "",
    ) -> None:
        self._url, self._pool, self._statement_timeout = url, pool, statement_timeout
        self._doubt_seconds, self._name = doubt_seconds, connection_name(process_id)
        self._room = asyncio.Semaphore(pool)
        self._idle: list[_Connection] = []
        self._running: set[asyncio.Task[Any]] = set()
        self._open = False

    async def __aenter__(self) -> Self:
        """Connect, and look whether the database will do.

        Raises:
            StoreUnavailable: the server cannot be reached, refuses, or allows fewer connections than wanted.
            StoreError: the database cannot hold every text, or the server is too old.
        """
        connection = await self._connect()
        try:
            await self._examine(connection)
        except BaseException:
            connection.terminate()
            raise
        self._idle.append(connection)
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Carry out what waits, refuse what comes from now on, and close the connections."""
        self._open = False
        try:
            while self._running:
                await asyncio.wait(self._running)
            for connection in self._idle:
                with suppress(*TROUBLE):
                    await connection.close(timeout=CONNECT_TIMEOUT)
        finally:
            for task in self._running:  # only where the closing was interrupted
                task.cancel()
            for connection in self._idle:
                connection.terminate()
            self._idle.clear()

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        """See `Database.transact`. A cancelled caller's transaction is still carried out, whole.

        Raises:
            CommitUnknown: it was being committed when the connection broke, and nobody can say whether it is kept.
        """
        if not self._open:
            raise StoreUnavailable("the database is closed")
        task = asyncio.get_running_loop().create_task(self._stood(work, snapshot=snapshot))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def purge(self) -> bool:
        """Let the server use the room of deleted rows again; True, since nobody can keep it from that for good.

        Nothing more can be asked of a server: what its files, its log and its backups still hold is the operator's.

        Raises:
            StoreUnavailable: the server refuses.
        """
        async with self._connected() as connection:
            try:
                tables = [row["name"] for row in await connection.fetch(_OWN_TABLES)]
                await connection.execute(f"VACUUM {', '.join(tables)}", timeout=None)
            except TROUBLE as exc:
                raise translated(exc) from exc
        return True

    def schema(self, statements: Sequence[str]) -> list[str]:
        """See `SchemaDatabase.schema`."""
        return [schema_text(each) for each in statements if not _SQLITE_ONLY.search(each)]

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # so that nobody is told of one that a cancelled caller cannot hear

    async def _stood(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool) -> T:
        """Run a transaction until it can stand beside those of others, or that was tried often enough."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._connected() as connection:
                    return await self._once(connection, work, snapshot=snapshot)
            except _Undone as exc:
                undone = exc.reason
            await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.01 * 2**attempt)))  # noqa: S311 (jitter)
        raise undone

    async def _once(
        self, connection: "_Connection", work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool
    ) -> T:
        """Run a transaction.

        Raises:
            _Undone: it was undone, and may be run again.
        """
        tx = _PostgresTransaction(connection, snapshot=snapshot)
        alone = isinstance(work, Reading)
        if alone:
            return await self._read(work, tx)
        try:
            await tx.run(connection.execute(_BEGIN_SNAPSHOT if snapshot else _BEGIN))
            result = await _drive(work(tx), tx)
            tx.demand_whole()
        except BaseException as exc:
            await self._undo(connection)
            if tx.undone and isinstance(exc, StoreError):
                raise _Undone(exc) from exc
            raise
        await self._commit(connection, tx)
        return result

    async def _read(self, work: Callable[[Transaction], Awaitable[T]], tx: "_PostgresTransaction") -> T:
        """Run a work of one statement, of which the server makes a transaction by itself.

        Raises:
            _Undone: it may be run again.
        """
        try:
            return await work(tx)
        except StoreError as exc:
            if tx.undone:
                raise _Undone(exc) from exc
            raise

    async def _commit(self, connection: "_Connection", tx: "_PostgresTransaction") -> None:
        number = None
        try:
            if tx.wrote:
                number = await tx.run(connection.fetchval("SELECT CAST(pg_current_xact_id_if_assigned() AS TEXT)"))
        except StoreError as exc:
            await self._undo(connection)
            if tx.undone:
                raise _Undone(exc) from exc
            raise
        try:
            await connection.execute("COMMIT")
        except REPEATABLE as exc:
            raise _Undone(translated(exc)) from exc
        except TROUBLE as exc:
            broke = connection.is_closed() or isinstance(exc, OSError)
            connection.terminate()
            if number is None:
                raise _Undone(translated(exc)) from exc  # nothing was written
            if broke and await self._was_committed(number, connection.timeline, translated(exc)):
                return
            raise translated(exc) from exc

    async def _was_committed(self, number: str, timeline: str | None, trouble: StoreError) -> bool:
        """Ask the server what has become of a transaction, until it knows.

        Raises:
            CommitUnknown: it cannot be asked, or another server has taken over, which may not have heard of it.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._doubt_seconds
        while True:
            with suppress(StoreUnavailable, *TROUBLE):
                connection = await self._connect()
                try:
                    if connection.timeline not in (None, timeline):
                        break
                    state = await connection.fetchval("SELECT pg_xact_status(CAST(CAST($1 AS TEXT) AS xid8))", number)
                finally:
                    connection.terminate()
                if state in ("committed", "aborted"):
                    return bool(state == "committed")
            if loop.time() > until:
                break
            await asyncio.sleep(DOUBT_PAUSE)
        raise CommitUnknown(str(trouble)) from trouble

    async def _undo(self, connection: "_Connection") -> None:
        try:
            if not connection.is_closed():
                await connection.execute("ROLLBACK", timeout=CONNECT_TIMEOUT)
        except TROUBLE:
            connection.terminate()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["_Connection"]:
        """Lend a connection, as soon as one is free; close it where it has ended, or has not ended its transaction."""
        async with self._room:
            connection = self._take() or await self._connect()
            try:
                yield connection
            finally:
                if connection.is_closed() or connection.is_in_transaction():
                    connection.terminate()
                else:
                    self._idle.append(connection)

    def _take(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _connect(self) -> "_Connection":
        """Open a connection.

        Raises:
            StoreUnavailable: the server cannot be reached, or refuses.
        """
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_TIMEOUT,
                command_timeout=self._statement_timeout,
                statement_cache_size=STATEMENTS,
                max_cached_statement_lifetime=0,
                connection_class=_Connection,
                server_settings={"application_name": self._name},
            )
        except TROUBLE as exc:
            raise _refused(exc) from exc
        except ValueError as exc:  # of the address, which the driver quotes
            raise StoreUnavailable(f"the address of the database cannot be used ({type(exc).__name__})") from None
        try:
            row = await connection.fetchrow(_PREPARE, str(STANDSTILL))
            connection.timeline = row["timeline"] if row else None
        except TROUBLE as exc:
            connection.terminate()
            raise translated(exc) from exc
        return connection

    async def _examine(self, connection: "_Connection") -> None:
        """Look whether a database will do.

        Raises:
            StoreError: it cannot hold every text, or the server is too old.
            StoreUnavailable: the server allows fewer connections than the pool has.
        """
        encoding = connection.get_settings().server_encoding
        if encoding.upper() not in ("UTF8", "UTF-8"):
            raise StoreError(
                f"the database keeps texts in {encoding}, which has no place for every language: "
                "make one with ENCODING 'UTF8' (and TEMPLATE template0)"
            )
        if (version := connection.get_server_version()).major < OLDEST:
            raise StoreError(f"the server is PostgreSQL {version.major}, and {OLDEST} or later is needed")
        most = room_of(await connection.fetch(ROOM))
        if self._pool > most:
            raise StoreUnavailable(
                f"the server allows {most} connections, and DATABASE_POOL asks for {self._pool}: lower it, "
                "or raise max_connections (or the user's CONNECTION LIMIT)"
            )


class _Connection(asyncpg.Connection):
    """A connection that remembers which line of the server's history it has begun on; None on one to read from."""

    timeline: str | None = None


class _Undone(Exception):
    """A transaction was undone, for a `reason` that may not be there the next time."""

    def __init__(self, reason: StoreError) -> None:
        self.reason = reason
        super().__init__(str(reason))


class _PostgresTransaction:
    def __init__(self, connection: _Connection, *, snapshot: bool) -> None:
        self._connection, self._snapshot = connection, snapshot
        self.busy = self.wrote = self.undone = False
        self.failure: StoreError | None = None

    async def all(self, sql: str, *values: object) -> list[asyncpg.Record]:
        self._note(sql)
        return await self.run(self._connection.fetch(sql, *values))

    async def one(self, sql: str, *values: object) -> asyncpg.Record | None:
        self._note(sql)
        return await self.run(self._connection.fetchrow(sql, *values))

    async def execute(self, sql: str, *values: object) -> int:
        self._note(sql)
        *_, count = (await self.run(self._connection.execute(sql, *values))).split()
        return int(count) if count.isdecimal() else -1

    async def alone(self, name: str) -> None:
        """See `Transaction.alone`."""
        await self.run(self._connection.execute("SELECT pg_advisory_xact_lock($1)", lock_number(name)))

    async def run(self, statement: Awaitable[T]) -> T:
        """Carry out a statement.

        Raises:
            StoreError: a value does not fit, or breaks a rule.
            StoreUnavailable: anything else; `undone` says whether it may be tried again.
        """
        self.busy = True
        try:
            return await statement
        except TROUBLE as exc:
            if isinstance(exc, asyncpg.ReadOnlySQLTransactionError) and not self._snapshot:
                self._connection.terminate()  # another server has taken over: a new connection may find it
            self.undone = isinstance(exc, REPEATABLE) or self._connection.is_closed()
            self.failure = translated(exc)
        finally:
            self.busy = False
        raise self.failure

    def demand_whole(self) -> None:
        """Raise what a statement has raised, where the work went on as if nothing had happened."""
        if self.failure is not None:
            raise self.failure

    def _note(self, sql: str) -> None:
        self.wrote = self.wrote or not sql.startswith("SELECT")


@types.coroutine
def _drive(work: Awaitable[T], tx: _PostgresTransaction) -> Generator[Any, Any, T]:
    """Run a work that waits for nothing but its transaction.

    Raises:
        RuntimeError: it awaited something else.
    """
    steps = work.__await__()
    thrown: BaseException | None = None
    while True:
        try:
            waited_for = next(steps) if thrown is None else steps.throw(thrown)
        except StopIteration as end:
            result: T = end.value
            return result
        if not tx.busy:
            steps.close()
            raise RuntimeError("a transaction may await nothing but its own statements")
        thrown = None
        try:
            yield waited_for
        except BaseException as exc:  # noqa: BLE001 (it is thrown into the work)
            thrown = exc


_SQLITE_ONLY: Final = re.compile(r"\bjson_(extract|remove)\(")  # moves rows of versions that knew no PostgreSQL
_TYPES: Final = re.compile(r"\b(INTEGER|TEXT)\b")
_NAMES: Final = {"INTEGER": "BIGINT", "TEXT": 'TEXT COLLATE "C"'}


def schema_text(statement: str) -> str:
    """Write a statement of the schema for PostgreSQL: numbers as large, and texts in the order, that SQLite has."""
    return _TYPES.sub(lambda found: _NAMES[found[0]], statement)


def _refused(exc: BaseException) -> StoreUnavailable:
    """Say in words why there is no connection."""
    match exc:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            words = "the server does not accept the user or the password of DATABASE_URL"
        case asyncpg.InvalidCatalogNameError():
            words = "the server has no database of the name in DATABASE_URL: make it (createdb), with ENCODING 'UTF8'"
        case asyncpg.TooManyConnectionsError():
            words = "the server has no connection left for the bot: lower DATABASE_POOL, or raise max_connections"
        case TimeoutError():
            words = f"the database's server has not answered within {CONNECT_TIMEOUT:g} s"
        case _:
            words = f"the database's server cannot be reached: {translated(exc)}"
    return StoreUnavailable(words)
