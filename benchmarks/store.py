"""Holds and settles a second through `JobStore`, against bare `sqlite3` running the same statements, a commit each."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from bot.domain import Destination, Funding, Job, JobStatus, Row, VideoRequest
from bot.domain.quota import owner_of, period_of
from bot.store.database import Database, Transaction
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase

StatementStore = list[tuple[str, tuple[object, ...]]]

T = TypeVar("T")

PAIRS: Final = 300  # holds, and as many settles, a round
ROUNDS: Final = 5
NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
_FLOOR: Final = "`sqlite3` running the same statements, one transaction after the other"
_AT_ONCE: Final = Figure(
    name=f"holds and settles a second, {PAIRS} callers at once", floor=_FLOOR, at_least=3, before="1.5–2.6 ×"
)
_ONE_BY_ONE: Final = Figure(name="holds and settles a second, one by one", floor=_FLOOR, at_least=0.8, before="0.65 ×")
FIGURES: Final = (_AT_ONCE, _ONE_BY_ONE)
FINISH: Final = "UPDATE jobs SET status = 'succeeded', due_at = NULL"  # the way between hold and settle: not measured


@dataclass
class Recording:
    """A database that notes the statements of every transaction."""

    database: Database
    transactions: list[StatementStore] = field(default_factory=list)
    skip_locked: str = ""

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        """Note the statements and carry them out."""
        statements: StatementStore = []
        self.transactions.append(statements)
        return await self.database.transact(lambda tx: work(_Recorded(tx, statements)), snapshot=snapshot)


@dataclass
class _Recorded:
    tx: Transaction
    statements: StatementStore

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        self.statements.append((sql, values))
        return await self.tx.all(sql, *values)

    async def one(self, sql: str, *values: object) -> Row | None:
        self.statements.append((sql, values))
        return await self.tx.one(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        self.statements.append((sql, values))
        return await self.tx.execute(sql, *values)

    async def alone(self, name: str) -> None:
        await self.tx.alone(name)


def measure() -> list[Measured]:
    """The best of interleaved rounds: many callers at once, one after the other, and bare `sqlite3`."""
    best: dict[str, float] = {}
    ways = {_AT_ONCE.name: _at_once, _ONE_BY_ONE.name: _one_by_one, "bare": _bare}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                best[name] = min(best.get(name, float("inf")), asyncio.run(way(f"{folder}/bench.db")))
    a_second = {name: PAIRS / seconds for name, seconds in best.items()}
    return [
        figure.found(
            a_second[figure.name] / a_second["bare"],
            floor=f"{a_second['bare']:,.0f} pairs, ours {a_second[figure.name]:,.0f}",
        )
        for figure in FIGURES
    ]


def _requests() -> list[tuple[Job, Funding]]:
    """The jobs, and who pays for each: found by whoever asks, so it is not measured."""
    people = range(20)
    jobs = [
        Job(
            id=f"{number:016x}",
            idempotency_key=str(number),
            user_id=number % len(people),
            locale="en-US",
            destination=Destination(guild_id=7, channel_id=5, upload_limit=10_000_000),
            provider="kirin",
            request=VideoRequest(model="kirin_v3_t2v", prompt="a fox on the ice"),
            status=JobStatus.QUEUED,
            attempt=1,
            tries=0,
            owner=owner_of(user_id=number % len(people), guild_id=7),
            period=period_of(NOW),
            credits=5,
            usd_micros=420_000,
            created_at=NOW,
            deadline_at=NOW + timedelta(hours=1),
        )
        for number in range(PAIRS)
    ]
    return [(job, funding(job)) for job in jobs]


async def _finished(database: Database) -> list[Job]:
    await database.transact(lambda tx: tx.execute(FINISH))
    rows = await database.transact(lambda tx: tx.all("SELECT * FROM jobs"))
    return [Job.from_row(row) for row in rows]


async def _at_once(path: str) -> float:
    async with SQLiteDatabase(path) as database:
        await migrate(database, now=NOW)
        store, requests = JobStore(database), _requests()
        start = time.perf_counter()
        await asyncio.gather(*(store.accept(job, funding=paid, most=PAIRS, now=NOW) for job, paid in requests))
        took = time.perf_counter() - start
        finished = await _finished(database)
        start = time.perf_counter()
        await asyncio.gather(*(store.delivered(job, channel_id=5, message_id=1, now=NOW) for job in finished))
        return took + time.perf_counter() - start


async def _one_by_one(path: str) -> float:
    async with SQLiteDatabase(path) as database:
        await migrate(database, now=NOW)
        return await _pairs(database, database)


async def _pairs(database: Database, plain: Database) -> float:
    """The seconds of all holds and settles, each awaited before the next."""
    store, requests = JobStore(database), _requests()
    start = time.perf_counter()
    for job, paid in requests:
        await store.accept(job, funding=paid, most=PAIRS, now=NOW)
    took = time.perf_counter() - start
    finished = await _finished(plain)
    start = time.perf_counter()
    for job in finished:
        await store.delivered(job, channel_id=5, message_id=1, now=NOW)
    return took + time.perf_counter() - start


async def _bare(path: str) -> float:
    """The statements that the store was seen to run, again on a database of their own."""
    async with SQLiteDatabase(":memory:") as memory:
        await migrate(memory, now=NOW)
        recording = Recording(memory)
        await _pairs(recording, memory)
    async with SQLiteDatabase(path) as database:
        await migrate(database, now=NOW)
    return await asyncio.to_thread(_replay, Path(path), recording.transactions)


def _replay(path: Path, transactions: list[StatementStore]) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):  # it keeps as much, as safely
            connection.execute(f"PRAGMA {pragma}")
        took = _timed(connection, transactions[:PAIRS])
        connection.execute(FINISH)
        took += _timed(connection, transactions[PAIRS:])
        settled = connection.execute("SELECT sum(settled), sum(held) FROM accounts WHERE unit = 'credits'").fetchone()
        assert settled == (PAIRS * 5, 0), settled
    return took


def _timed(connection: sqlite3.Connection, transactions: list[StatementStore]) -> float:
    start = time.perf_counter()
    for statements in transactions:
        connection.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            connection.execute(sql, {str(n): value for n, value in enumerate(values, start=1)}).fetchall()
        connection.execute("COMMIT")
    return time.perf_counter() - start
