"""What whose-turn-it-is costs: a claim with 10,000 jobs waiting against one with 10, whoever they belong to."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from bot.domain import Destination, Job, JobStatus, RunningLimits, VideoRequest
from bot.domain.quota import owner_of, period_of
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase

FEW: Final = 10
MANY: Final = 10_000
ROUNDS: Final = 40
BATCH: Final = 500  # jobs accepted together
NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
LEASE: Final = NOW + timedelta(minutes=1)
ROOM: Final = RunningLimits(per_provider=MANY, per_user=MANY, per_guild=MANY, total=MANY, abreast=MANY)

# Of a number, whose job that is: the person and the guild.
CROWDS: Final[dict[str, Callable[[int], tuple[int, int]]]] = {
    "one person": lambda _: (1, 7),
    "as many people": lambda number: (number + 1, 7),
    "as many guilds": lambda number: (number + 1, number + 1),
}
_WORKS: Final = ("claim and put back", "place of the last")
FIGURES: Final = tuple(
    Figure(name=f"{work}, {MANY:,} waiting of {crowd}", floor=f"{FEW} waiting") for crowd in CROWDS for work in _WORKS
)


@dataclass(frozen=True, kw_only=True)
class _Queue:
    claims: ClaimStore
    jobs: JobStore
    lookup: JobQueryStore
    last: Job

    async def claim(self) -> None:
        """Claim a job and put it back, so that as many wait as before."""
        job = await self.claims.waiting("kirin", now=NOW, lease_until=LEASE, limits=ROOM)
        if job is None:
            raise RuntimeError("nothing waits")
        await self.jobs.requeue(job, attempt=1, next_at=NOW)

    async def place(self) -> None:
        """Find the place of the last."""
        await self.lookup.position(self.last)


def measure() -> list[Measured]:
    """The best of interleaved rounds."""
    found = [each for crowd in CROWDS for each in asyncio.run(_measure(crowd))]
    return [
        figure.found(many / few, floor=f"{few * 1000:.2f} ms, ours {many * 1000:.2f} ms")
        for figure, (few, many) in zip(FIGURES, found, strict=True)
    ]


async def _measure(crowd: str) -> list[tuple[float, float]]:
    """The seconds of each work, with few and with many waiting."""
    async with AsyncExitStack() as stack:
        few, many = [await _filled(stack, crowd, waiting) for waiting in (FEW, MANY)]
        return [await _both(few.claim, many.claim), await _both(few.place, many.place)]


async def _both(few: Callable[[], Awaitable[None]], many: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for number, work in enumerate((few, many)):
            start = time.perf_counter()
            await work()
            best[number] = min(best[number], time.perf_counter() - start)
    return best[0], best[1]


async def _filled(stack: AsyncExitStack, crowd: str, waiting: int) -> _Queue:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    database = await stack.enter_async_context(SQLiteDatabase(f"{folder}/bench.db"))
    await migrate(database, now=NOW)
    store = JobStore(database)
    jobs = [queued_job(number, *CROWDS[crowd](number)) for number in range(waiting)]
    for begin in range(0, waiting, BATCH):
        batch = jobs[begin : begin + BATCH]
        await asyncio.gather(*(store.accept(job, funding=funding(job), most=MANY, now=NOW) for job in batch))
    last = await JobQueryStore(database).job(jobs[-1].id)
    if last is None:
        raise RuntimeError("not kept")
    return _Queue(claims=ClaimStore(database), jobs=store, lookup=JobQueryStore(database), last=last)


def queued_job(number: int, user_id: int, guild_id: int) -> Job:
    """Make a request of a person in a guild that costs nothing."""
    return Job(
        id=f"{number:016x}",
        idempotency_key=str(number),
        user_id=user_id,
        locale="en-US",
        destination=Destination(guild_id=guild_id, channel_id=5, upload_limit=10_000_000),
        provider="kirin",
        request=VideoRequest(model="kirin_v3_t2v", prompt="a fox on the ice"),
        status=JobStatus.QUEUED,
        attempt=1,
        tries=0,
        owner=owner_of(user_id=user_id, guild_id=guild_id),
        period=period_of(NOW),
        credits=0,
        usd_micros=0,
        created_at=NOW,
        deadline_at=NOW + timedelta(hours=1),
        due_at=NOW,
    )
