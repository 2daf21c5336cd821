"""Holds the connection to PostgreSQL that lasts as long as a process: its locks show that it lives, and it hears news.

What a lock of a session says ends with its connection. So the connection is made anew when it breaks, takes its locks
again, and tells its listeners that something may have been missed. The server ends it when the process says nothing for
some time: one that has stopped has no locks.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

import asyncpg

from bot.domain import backoff
from bot.errors import LockTaken, StoreUnavailable
from bot.store.postgres import CONNECT_TIMEOUT, KEEP_ALIVE, ROOM, connection_name, lock_number, room_of
from bot.store.postgres_errors import TROUBLE, translated

log = logging.getLogger(__name__)

CHANNEL: Final = "shotcaller"
ANSWER_TIMEOUT: Final = 5.0  # seconds at the least
PING: Final = 1.0  # seconds between two signs of life
SILENCE: Final = 10.0  # seconds without any before the server ends the session
PAUSE: Final = 0.05  # seconds between two tries to get a lock

# The number of the server's process that the connection itself knows is the pooler's where there is one in between.
_PREPARE: Final = f"SELECT {KEEP_ALIVE}, pg_backend_pid() AS pid"
# A server before 14 has no such setting: a process that has stopped on a machine that goes on lives, for the others.
_END_WHEN_SILENT: Final = (
    "SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'idle_session_timeout'"  # in milliseconds
)
_LOCKED: Final = (
    "locktype = 'advisory' AND objsubid = 1 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_NUMBER: Final = "(CAST(classid AS BIGINT) << 32) | CAST(objid AS BIGINT)"
_HELD: Final = f"SELECT {_NUMBER} AS number FROM pg_locks WHERE {_LOCKED}"  # noqa: S608 (constants)
_CUT_OFF: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()"
)
_HOLDERS: Final = f"SELECT pid FROM pg_locks WHERE {_LOCKED} AND {_NUMBER} = $1"  # noqa: S608 (constants)


class PostgresSession:
    """One session. Use as an async context manager, within which `run` keeps it.

    After `silence`, in seconds, of a process that has stopped, its locks are free.
    """

    def __init__(self, url: str, *, silence: float = SILENCE, rand: Callable[[], float] = random.random) -> None:
        self._url, self._silence, self._rand = url, silence, rand
        self._locks: list[str] = []  # in the order in which they were taken
        self._on_payload: list[Callable[[str], None]] = []
        self._on_reconnected: list[Callable[[], None]] = []
        self._turn = asyncio.Lock()  # of whoever asks: a connection carries out one statement at a time
        self._broken = asyncio.Event()
        self._connection: _Connection | None = None
        self._pid = 0  # the server's process of the last session

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            StoreUnavailable: the server cannot be reached, or refuses.
        """
        await self._begin(await self._connect())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the session, and with it its locks."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*TROUBLE):
                await connection.close(timeout=CONNECT_TIMEOUT)
            connection.terminate()

    def on_payload(self, listener: Callable[[str], None]) -> None:
        """Have a listener called with each payload that any process sends."""
        self._on_payload.append(listener)

    def on_reconnected(self, listener: Callable[[], None]) -> None:
        """Have a listener called whenever payloads may have been missed."""
        self._on_reconnected.append(listener)

    async def notify(self, payload: str) -> None:
        """Have all processes, also this one, hear a payload of less than 8,000 bytes.

        Raises:
            StoreUnavailable: they do not.
        """
        await self._ask("SELECT pg_notify($1, $2)", CHANNEL, payload)

    async def hold(self, name: str, *, patience: float = 0.0) -> bool:
        """Take the lock of a name, to be held as long as the process lives; False where somebody else keeps it.

        Raises:
            StoreUnavailable: nobody can tell.
        """
        until = asyncio.get_running_loop().time() + patience
        while not (await self._ask("SELECT pg_try_advisory_lock($1) AS taken", lock_number(name)))[0]["taken"]:
            if asyncio.get_running_loop().time() >= until:
                return False
            await asyncio.sleep(PAUSE)
        self._locks.append(name)
        return True

    async def held(self, names: Collection[str]) -> frozenset[str]:
        """Tell which of these names somebody has locked.

        Raises:
            StoreUnavailable: nobody can tell.
        """
        numbers = {row["number"] for row in await self._ask(_HELD)}
        return frozenset(name for name in names if lock_number(name) in numbers)

    async def cut_off(self, process_id: str) -> None:
        """End the other connections of a process that has died or stopped: it keeps and locks nothing any more.

        Raises:
            StoreUnavailable: the server does not answer.
        """
        await self._ask(_CUT_OFF, connection_name(process_id))

    async def room(self) -> int:
        """Ask how many connections the server allows the bot's user.

        Raises:
            StoreUnavailable: it does not answer.
        """
        return room_of(await self._ask(ROOM))

    async def now(self) -> datetime:
        """Ask for the present by the server's clock.

        Raises:
            StoreUnavailable: it does not answer.
        """
        at: datetime = (await self._ask("SELECT clock_timestamp() AS at"))[0]["at"]
        return at

    async def run(self) -> None:
        """Keep the session, for ever.

        Raises:
            LockTaken: while it was lost, somebody else took one of its locks.
        """
        while True:
            await self._live()
            log.warning("the session with the database is lost")
            await self._reconnect()
            log.info("there is a session with the database again")
            for listener in self._on_reconnected:
                listener()

    async def _live(self) -> None:
        """Show that the process lives, until the session is lost."""
        while not self._broken.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PING):
                    await self._broken.wait()
            with suppress(StoreUnavailable):
                await self._ask("SELECT 1")

    async def _reconnect(self) -> None:
        outage = backoff.Outage(rand=self._rand)
        while True:
            try:
                connection = await self._connect()
                try:
                    for name in self._locks:
                        await self._take_again(connection, name)
                except BaseException:
                    connection.terminate()
                    raise
            except StoreUnavailable as exc:
                wait = outage.note_refusal()
                log.warning("no session with the database", extra={"detail": str(exc), "tries": outage.tries})
            else:
                await self._begin(connection)
                return
            await asyncio.sleep(wait.total_seconds())

    async def _take_again(self, connection: "_Connection", name: str) -> None:
        """Take a lock of the session that was lost, of which the server may not know yet that it is.

        Raises:
            LockTaken: somebody else has it.
            StoreUnavailable: the server does not answer.
        """
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock_number(name)):
                holders = [row["pid"] for row in await connection.fetch(_HOLDERS, lock_number(name))]
                if self._pid in holders:
                    await connection.execute("SELECT pg_terminate_backend($1)", self._pid)
                elif holders:
                    raise LockTaken(name=name)
                await asyncio.sleep(PAUSE)
        except TROUBLE as exc:
            raise translated(exc) from exc

    async def _connect(self) -> "_Connection":
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_TIMEOUT,
                command_timeout=max(ANSWER_TIMEOUT, self._silence),
                connection_class=_Connection,
                server_settings={"application_name": "shotcaller session"},
            )
        except TROUBLE as exc:
            raise translated(exc) from exc
        try:
            (row,) = await connection.fetch(_PREPARE)
            connection.server_process = row["pid"]
            await connection.execute(_END_WHEN_SILENT, str(int(self._silence * 1000)))
            await connection.add_listener(CHANNEL, self._hear)
        except BaseException as exc:
            connection.terminate()
            if isinstance(exc, TROUBLE):
                raise translated(exc) from exc
            raise
        return connection

    async def _begin(self, connection: "_Connection") -> None:
        """Use a connection from now on."""
        self._connection, self._pid = connection, connection.server_process
        self._broken.clear()
        connection.add_termination_listener(self._ended)
        if connection.is_closed():
            self._broken.set()

    def _ended(self, connection: Any) -> None:
        if connection is self._connection:
            self._broken.set()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        for listener in self._on_payload:
            listener(str(payload))

    async def _ask(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Carry out a statement.

        Raises:
            StoreUnavailable: the session is lost, or is from now on.
        """
        async with self._turn:
            connection = self._connection
            if connection is None or self._broken.is_set():
                raise StoreUnavailable("there is no session with the database")
            try:
                return await connection.fetch(sql, *values)
            except TROUBLE as exc:
                connection.terminate()
                if connection is self._connection:  # there may be another by now
                    self._broken.set()
                raise translated(exc) from exc


class _Connection(asyncpg.Connection):
    """A connection that knows the process which serves it."""

    server_process: int = 0
