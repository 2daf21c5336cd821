"""Holds and settles a second through `JobStore`, against bare `sqlite3` running the same statements, a commit each.

The bare one decides nothing, makes nothing of what it reads, and waits for the disk, as nobody may in an event loop: so
there is a second one, which runs each transaction in a thread beside the loop. The slower a sync, the nearer are all.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from bot.domain import Destination, Funding, Job, JobStatus, Row, VideoRequest
from bot.domain.quota import owner_of, period_of
from bot.store.database import Database, Transaction
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.sqlite import PRAGMAS, SQLiteDatabase, numbered

StatementStore = list[tuple[str, tuple[object, ...]]]

T = TypeVar("T")

PAIRS: Final = 300  # holds, and as many settles, a round
ROUNDS: Final = 5
NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
_FLOOR: Final = "`sqlite3` running the same statements, one transaction after the other"
_BESIDE_FLOOR: Final = "the same, each awaited from an event loop, in a thread beside it"
_AT_ONCE: Final = Figure(
    name=f"holds and settles a second, {PAIRS} callers at once", floor=_FLOOR, at_least=3, before="1.5–2.6 ×"
)
_ONE_BY_ONE: Final = Figure(name="holds and settles a second, one by one", floor=_FLOOR, at_least=0.8, before="0.65 ×")
_AWAITED: Final = Figure(
    name="holds and settles a second, one by one, beside the loop", floor=_BESIDE_FLOOR, at_least=0.8
)
FIGURES: Final = (_AT_ONCE, _ONE_BY_ONE, _AWAITED)
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
    """The best of interleaved rounds: many callers at once, one after the other, and both ways of bare `sqlite3`."""
    best: dict[str, float] = {}
    ways = {"at once": _at_once, "one by one": _one_by_one, "bare": _bare, "beside": _beside}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                best[name] = min(best.get(name, float("inf")), asyncio.run(way(f"{folder}/bench.db")))
    pairs = {name: PAIRS / seconds for name, seconds in best.items()}
    compared = ((_AT_ONCE, "at once", "bare"), (_ONE_BY_ONE, "one by one", "bare"), (_AWAITED, "one by one", "beside"))
    return [
        figure.found(pairs[ours] / pairs[floor], floor=f"{pairs[floor]:,.0f} pairs, ours {pairs[ours]:,.0f}")
        for figure, ours, floor in compared
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
    transactions = await _seen(path)
    with closing(_connected(path)) as connection:
        return _replay(connection, transactions)


async def _beside(path: str) -> float:
    """The same, each transaction in a thread of the connection's own."""
    transactions = await _seen(path)
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        connection = await loop.run_in_executor(thread, _connected, path)
        stack.callback(thread.submit, connection.close)
        took = 0.0
        for part in (transactions[:PAIRS], transactions[PAIRS:]):
            start = time.perf_counter()
            for statements in part:
                await loop.run_in_executor(thread, _transact, connection, statements)
            took += time.perf_counter() - start
            await loop.run_in_executor(thread, connection.execute, FINISH)
        await loop.run_in_executor(thread, _demand_settled, connection)
    return took


async def _seen(path: str) -> list[StatementStore]:
    """Make the database, and list the transactions of the store on another, as bare `sqlite3` takes them."""
    async with SQLiteDatabase(":memory:") as memory:
        await migrate(memory, now=NOW)
        recording = Recording(memory)
        await _pairs(recording, memory)
    async with SQLiteDatabase(path) as database:
        await migrate(database, now=NOW)
    return [[(numbered(sql), values) for sql, values in each] for each in recording.transactions]


def _connected(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:  # it keeps as much, as safely
        connection.execute(f"PRAGMA {pragma}").close()
    return connection


def _replay(connection: sqlite3.Connection, transactions: list[StatementStore]) -> float:
    took = 0.0
    for part in (transactions[:PAIRS], transactions[PAIRS:]):
        start = time.perf_counter()
        for statements in part:
            _transact(connection, statements)
        took += time.perf_counter() - start
        connection.execute(FINISH)
    _demand_settled(connection)
    return took


def _transact(connection: sqlite3.Connection, statements: StatementStore) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for sql, values in statements:
        connection.execute(sql, values).fetchall()
    connection.execute("COMMIT")


def _demand_settled(connection: sqlite3.Connection) -> None:
    settled = connection.execute("SELECT sum(settled), sum(held) FROM accounts WHERE unit = 'credits'").fetchone()
    assert settled == (PAIRS * 5, 0), settled
