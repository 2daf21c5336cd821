"""A store to try: a real database in its own folder, a clock that stands still, ways to bring a job anywhere.

Every transaction of a store is watched for the order in which it locks.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol, Self, cast

import pytest

from bot.domain import EVERYWHERE, DeadLetter, Destination, Job, JobStatus, OutboxItem, RunningLimits
from bot.domain.quota import owner_of, period_of
from bot.store.database import Database, SchemaDatabase, Transaction
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.outbox import OutboxStore
from bot.store.postgres import PostgresDatabase
from bot.store.sqlite import SQLiteDatabase
from tests import jobs
from tests.counting import uncounted
from tests.fresh_databases import FreshDatabases, migrated_file
from tests.funding import balance, plain
from tests.store.lock_order import InOrder

START: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
LEASE: Final = timedelta(seconds=60)
PROCESSES: Final = 4  # that share a database, where several do
POOL: Final = 2  # connections of each of them
UNLIMITED: Final = RunningLimits(
    per_provider=100_000, per_user=100_000, per_guild=100_000, total=100_000, abreast=100_000
)


@dataclass
class Store:
    """One migrated database with everything that works on it. `now` moves only when a test moves it."""

    database: Database
    now: datetime = START
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.jobs, self.claims, self.lookup = (
            JobStore(self.database),
            ClaimStore(self.database),
            JobQueryStore(self.database),
        )

    async def announced(self) -> OutboxItem | None:
        """The next item of the outbox, claimed."""
        return await OutboxStore(self.database).claim(now=self.now, until=self.now + LEASE)

    def continues(self, before: Self) -> None:
        """Go on at the time, and with the ids, of a store that was closed."""
        self.now, self._numbers = before.now, before._numbers

    def later(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def job(self, *, guild_id: int | None = 7, user_id: int = 1, **changes: Any) -> Job:
        """A new job that nobody has accepted yet."""
        number = next(self._numbers)
        job = jobs.job(
            id=f"job-{number:04}",
            idempotency_key=f"interaction-{number}",
            user_id=user_id,
            destination=Destination(guild_id=guild_id, channel_id=5, upload_limit=10_000_000),
            owner=owner_of(user_id=user_id, guild_id=guild_id),
            period=period_of(self.now),
            created_at=self.now + timedelta(milliseconds=number),
            deadline_at=self.now + timedelta(hours=1),
            due_at=self.now,
        )
        return replace(job, **changes)

    async def accept(self, job: Job | None = None, *, allowance: int = 1000, most: int = 1000, **changes: Any) -> Job:
        wanted = job or self.job(**changes)
        accepted, _ = await self.jobs.accept(wanted, funding=plain(wanted, allowance), most=most, now=self.now)
        return accepted

    async def waiting(self, provider: str = "kirin", /, **limits: int) -> Job | None:
        running = replace(UNLIMITED, **limits)
        return await self.claims.waiting(provider, now=self.now, lease_until=self.now + LEASE, limits=running)

    async def due(self, *, most: int = 100) -> list[Job]:
        return await self.claims.due(now=self.now, lease_until=self.now + LEASE, most=most)

    async def overdue(self, *, most: int = 100) -> list[Job]:
        return await self.claims.overdue(now=self.now, lease_until=self.now + LEASE, most=most)

    async def submitting(self, **changes: Any) -> Job:
        accepted = await self.accept(**changes)
        claimed = await self.waiting(accepted.provider)
        assert claimed is not None
        assert claimed.id == accepted.id
        return claimed

    async def running(self, **changes: Any) -> Job:
        """A claimed job in `RUNNING`."""
        job = await self.submitting(**changes)
        await self.jobs.record_task(job, task_id=f"task-{job.id}", next_at=self.now, now=self.now)
        return await self.claimed(job.id)

    async def succeeded(self, *, cost_micros: int | None = 300_000, **changes: Any) -> Job:
        job = await self.running(**changes)
        return await self.jobs.succeed(job, result_url="https://v/1", cost_micros=cost_micros, now=self.now)

    async def delivered(self, **changes: Any) -> Job:
        job = await self.succeeded(**changes)
        return await self.jobs.delivered(job, channel_id=5, message_id=50, now=self.now)

    async def claimed(self, job_id: str) -> Job:
        (job,) = [each for each in await self.due() if each.id == job_id]
        return job

    async def failed(self) -> Job:
        return await self.jobs.fail(await self.submitting(), failure="content", code="1301", now=self.now)

    async def cancelled(self) -> Job:
        return await self.jobs.cancel((await self.accept()).id, user_id=1, now=self.now)

    async def unknown(self) -> Job:
        return await self.jobs.mark_dead_letter(
            await self.submitting(), reason=DeadLetter.OUTCOME_UNKNOWN, now=self.now
        )

    async def undeliverable(self) -> Job:
        return await self.jobs.mark_dead_letter(await self.succeeded(), reason=DeadLetter.UNDELIVERABLE, now=self.now)

    async def at(self, stage: str) -> Job:
        """A job at a stage of its life, as whoever brought it there knows it."""
        bring: Callable[[], Awaitable[Job]] = getattr(self, {"queued": "accept"}.get(stage, stage))
        return await bring()

    async def get(self, job_id: str) -> Job:
        job = await self.lookup.job(job_id)
        assert job is not None
        return job

    async def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        async def work(tx: Transaction) -> list[dict[str, Any]]:
            return [dict(cast("Mapping[str, Any]", row)) for row in await tx.all(sql, *values)]

        return await self.database.transact(work)

    async def ledger(self, job_id: str) -> list[tuple[str, int, int]]:
        """A job's lines in the ledger, in their order: kind, credits, millionths of a USD."""
        lines: dict[str, list[int]] = {}
        for row in await self.rows("SELECT * FROM ledger WHERE job_id = $1 ORDER BY at, kind", job_id):
            line = lines.setdefault(row["kind"], [0, 0])
            if row["unit"] == "usd_micros":
                line[1] += row["held"] if row["kind"] == "hold" else row["settled"]
            else:
                line[0] += abs(row["held"])
        return [(kind, credits_, usd) for kind, (credits_, usd) in lines.items()]

    async def books_add_up(self) -> None:
        """Every account is the sum of its ledger, and every hold has the end that its job's state asks for."""
        balance(
            accounts=await self.rows("SELECT * FROM accounts"),
            lines=await self.rows("SELECT * FROM ledger"),
            jobs=await self.rows("SELECT * FROM jobs"),
        )

    async def turns_are_there_for_what_waits(self) -> None:
        """Whoever has something waiting has a turn, in a queue; nobody else has."""

        async def keys_of(table: str, *columns: str) -> set[tuple[object, ...]]:
            return {tuple(row[column] for column in columns) for row in await self.rows(f"SELECT * FROM {table}")}  # noqa: S608 (names of tables)

        waiting, turn = "jobs WHERE status = 'queued'", ("provider", "queue_id", "priority", "user_id")
        assert await keys_of("turns", *turn) == await keys_of(waiting, *turn)
        assert await keys_of("queues", *turn[:2]) == await keys_of(waiting, *turn[:2])

    async def counts_are_what_a_scan_finds(self) -> None:
        """What is counted as waiting, and as at work, is what the jobs themselves say."""
        jobs = [Job.from_row(row) for row in await self.rows("SELECT * FROM jobs")]
        waiting = [each for each in jobs if each.status is JobStatus.QUEUED]
        at_work = [each for each in jobs if each.at_work]
        found: dict[str, Counter[tuple[object, ...]]] = {
            "queues": Counter((each.provider, each.queue_id) for each in waiting),
            "turns": Counter((each.provider, each.queue_id, each.priority, each.user_id) for each in waiting),
            "at_work": Counter((each.provider, place) for each in at_work for place in (each.queue_id, EVERYWHERE)),
        }
        columns: dict[str, tuple[str, ...]] = {
            "queues": ("provider", "queue_id", "waiting"),
            "turns": ("provider", "queue_id", "priority", "user_id", "waiting"),
            "at_work": ("provider", "queue_id", "jobs"),
        }
        for table, counts in found.items():
            rows = [tuple(row[name] for name in columns[table]) for row in await self.rows(f"SELECT * FROM {table}")]  # noqa: S608 (names of tables)
            assert {row[:-1]: row[-1] for row in rows} == counts, table


class Opener(Protocol):
    """Opens (and makes) the database of a folder, empty where it is new unless its tables may be there already."""

    def __call__(self, folder: Path, *, migrated: bool = False) -> AbstractAsyncContextManager[SchemaDatabase]: ...


@asynccontextmanager
async def _sqlite(folder: Path, *, migrated: bool = False) -> AsyncIterator[SchemaDatabase]:
    file = folder / "shotcaller.db"
    async with SQLiteDatabase(await migrated_file(file) if migrated else str(file), busy_timeout=60) as database:
        yield database


@pytest.fixture(params=["postgres", "sqlite"])
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens (and makes) the database of a folder, of every kind there is."""
    if request.param == "sqlite":
        yield _sqlite
        return
    databases: FreshDatabases = request.getfixturevalue("fresh_databases")

    def opened(folder: Path, *, migrated: bool = False) -> AbstractAsyncContextManager[SchemaDatabase]:
        return databases.opened(folder, migrated=migrated)

    with uncounted():  # nearly every line is one that the test on SQLite counts
        yield opened
    databases.let_go(tmp_path)


@pytest.fixture
def runs(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """How many runs to make of so many: a tenth where each statement is a message to a server and back."""
    on_a_server = request.node.callspec.params["open_database"] == "postgres"
    return lambda many: many // 10 if on_a_server else many


@pytest.fixture
async def database(open_database: Opener, tmp_path: Path) -> AsyncIterator[SchemaDatabase]:
    """An empty database."""
    async with open_database(tmp_path) as opened:
        yield opened


@pytest.fixture
async def store(
    open_store: Callable[[Path], AbstractAsyncContextManager[Store]], tmp_path: Path
) -> AsyncIterator[Store]:
    """A migrated database with its stores, and nothing in it."""
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def open_store(open_database: Opener) -> Callable[[Path], AbstractAsyncContextManager[Store]]:
    """Opens a folder's database as a `Store`, for tests that have several or do without the fixtures' loop."""

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Store]:
        async with open_database(folder, migrated=True) as database:
            yield Store(InOrder(database))

    return opened


@pytest.fixture
async def stores(fresh_databases: FreshDatabases, tmp_path: Path) -> AsyncIterator[list[Store]]:
    """One PostgreSQL database, as each of several processes has it."""
    url = await fresh_databases.url(tmp_path)
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(PostgresDatabase(url, pool=POOL)) for _ in range(PROCESSES)]
        yield [_store_of(number, database) for number, database in enumerate(opened)]
    fresh_databases.let_go(tmp_path)


def _store_of(number: int, database: PostgresDatabase) -> Store:
    store = Store(InOrder(database))
    store.claims = ClaimStore(store.database, me=f"{number:016x}")
    return store
