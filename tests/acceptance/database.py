"""The bot's database, of either kind, read from outside: its jobs, and whether the money adds up."""

import asyncio
import atexit
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg

from bot.private_files import private_files
from tests.fresh_databases import migrated_file
from tests.funding import balance
from tests.patience import PATIENCE

T = TypeVar("T")
Row = dict[str, Any]

MEMBERS: Final = "unit = 'credits' AND owner NOT LIKE 'guild:%'"  # accounts that members pay from
_GONE: Final = (OSError, asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)


class Unreadable(Exception):
    """Nobody can read the database: its server does not answer."""


class BotDatabase(ABC):
    """The database of one bot. Its answers come at once, also to who asks in the middle of an event loop."""

    def __init__(self, url: str) -> None:
        self.url = url  # as the settings have it

    @abstractmethod
    async def prepare(self) -> None:
        """Have its tables made, as if a bot had been here before, unless it is there."""

    @abstractmethod
    def rows(self, sql: str) -> list[Row]:
        """The answer to a question; nothing where there are no tables yet.

        Raises:
            Unreadable: the server does not answer.
        """

    @abstractmethod
    def change(self, sql: str) -> None:
        """Change something behind the bot's back."""

    @abstractmethod
    def tables(self) -> list[str]:
        """The names of all tables."""

    def jobs(self) -> list[Row]:
        """Every job, oldest first."""
        return self.rows("SELECT * FROM jobs ORDER BY created_at, id")

    def job(self) -> Row:
        """The only job."""
        (job,) = self.jobs()
        return job

    def entries(self) -> list[tuple[str, int]]:
        """What members paid: kind and credits of every hold and its end, in order."""
        rows = self.rows(
            f"SELECT kind, sum(abs(held)) AS n FROM ledger WHERE {MEMBERS} "  # noqa: S608 (constant)
            "GROUP BY job_id, kind ORDER BY min(at), CASE kind WHEN 'hold' THEN 0 ELSE 1 END, job_id"
        )
        return [(row["kind"], row["n"]) for row in rows]

    def balances(self) -> tuple[int, int]:
        """The credits held and settled, over all members' accounts."""
        rows = self.rows(f"SELECT * FROM accounts WHERE {MEMBERS}")  # noqa: S608 (constant)
        return sum(row["held"] for row in rows), sum(row["settled"] for row in rows)

    def resting(self) -> bool:
        """Whether there are jobs, and nothing is due any more."""
        return self.rows("SELECT count(*) > 0 AND count(due_at) = 0 AS resting FROM jobs") == [{"resting": 1}]

    def age(self, *, minutes: float) -> None:
        """While the bot does not run: make every job as old as if so much time had passed."""
        self.change(f"UPDATE jobs SET created_at = created_at - {minutes * 60_000:.0f}")  # noqa: S608 (a number)

    def forget_drafts(self) -> None:
        """Take away everything that was begun, as time does."""
        self.change("DELETE FROM drafts")

    def check(self) -> None:
        """Check that the ledger balances."""
        balance(accounts=self.rows("SELECT * FROM accounts"), lines=self.rows("SELECT * FROM ledger"), jobs=self.jobs())


class FileDatabase(BotDatabase):
    """A SQLite file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self.path = path

    async def prepare(self) -> None:
        """See `BotDatabase`."""
        with private_files():
            self.path.parent.mkdir(exist_ok=True)
            await migrated_file(self.path)

    def rows(self, sql: str) -> list[Row]:
        """See `BotDatabase`."""
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchall():
                return []  # a bot is just making it
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    def change(self, sql: str) -> None:
        """See `BotDatabase`."""
        with closing(sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)) as connection:
            connection.execute(sql)

    def tables(self) -> list[str]:
        """See `BotDatabase`."""
        return [row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]


class ServerDatabase(BotDatabase):
    """A database of a PostgreSQL server, which has its tables."""

    async def prepare(self) -> None:
        """See `BotDatabase`."""

    def rows(self, sql: str) -> list[Row]:
        """See `BotDatabase`."""
        return [dict(row) for row in _questions().ask(self.url, sql)]

    def change(self, sql: str) -> None:
        """See `BotDatabase`."""
        self.rows(sql)

    def tables(self) -> list[str]:
        """See `BotDatabase`."""
        return [row["name"] for row in self.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")]


class _Questions:
    """Asks servers, in a thread of its own for those who cannot wait, over one connection: to make one costs more."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._url = ""
        self._connection: asyncpg.Connection | None = None
        threading.Thread(target=self._loop.run_forever, name="questions", daemon=True).start()
        atexit.register(lambda: self._run(self._leave()))

    def ask(self, url: str, sql: str) -> list[asyncpg.Record]:
        """The answer of the database at an address.

        Raises:
            Unreadable: its server does not answer.
        """
        return self._run(self._ask(url, sql))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=PATIENCE)

    async def _ask(self, url: str, sql: str) -> list[asyncpg.Record]:
        with suppress(*_GONE):  # a connection of before, which its server may have ended since
            if self._connection is not None and self._url == url:
                return await self._connection.fetch(sql)
        try:
            await self._leave()
            self._url, self._connection = url, await asyncpg.connect(url)
            return await self._connection.fetch(sql)
        except _GONE as exc:
            raise Unreadable from exc

    async def _leave(self) -> None:
        left, self._connection = self._connection, None
        if left is not None:
            left.terminate()


@cache
def _questions() -> _Questions:
    return _Questions()
