"""What a crowd at work costs: claims, what a waiting card's forecast reads, and a start; 20,000 at work against 100."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from benchmarks._funding import funding
from benchmarks.fairness import LEASE, NOW, queued_job
from bot.domain import Job, RunningLimits
from bot.service.jobs.eta import Forecaster
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase

CROWDS: Final = (100, 10_000, 20_000)
PER_GUILD: Final = 2_000
WAITING: Final = 200  # besides those at work, in the same guilds
ROUNDS: Final = 40
STARTS: Final = 5
BARE: Final = "UPDATE jobs SET due_at = due_at + 1 WHERE status = 'running'"
BATCH: Final = 500  # jobs accepted together
STARTED: Final = NOW - timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class _Crowd:
    database: SQLiteDatabase
    claims: ClaimStore
    jobs: JobStore
    lookup: JobQueryStore
    forecaster: Forecaster
    waiting: Job

    async def claim(self) -> None:
        """Claim a job and put it back, so that as many are at work as before."""
        job = await self.claims.waiting("kirin", now=NOW, lease_until=LEASE, limits=_limits(CROWDS[-1] * 2))
        if job is None:
            raise RuntimeError("nothing waits")
        await self.jobs.requeue(job, attempt=1, next_at=NOW)

    async def read(self) -> None:
        """Read what a waiting card's forecast is made of."""
        await self.lookup.waiting(self.waiting)

    async def forecast(self) -> None:
        """Forecast when the waiting job will be ready."""
        await self.forecaster.queue_forecast(self.waiting)


def measure() -> list[str]:
    """The best of interleaved rounds: the figures of each crowd beside those of the smallest."""
    return asyncio.run(_measure())


async def _measure() -> list[str]:
    async with AsyncExitStack() as stack:
        crowds = [await _filled(stack, at_work) for at_work in CROWDS]
        lines = [
            line
            for name, work in (
                ("claim and put back", _Crowd.claim),
                ("what a forecast reads", _Crowd.read),
                ("a forecast", _Crowd.forecast),
            )
            for line in await _compared(name, work, crowds)
        ]
        return lines + [await _start(at_work, crowd) for at_work, crowd in zip(CROWDS[1:], crowds[1:], strict=True)]


async def _compared(name: str, work: Callable[[_Crowd], Awaitable[None]], crowds: list[_Crowd]) -> list[str]:
    best = [float("inf")] * len(crowds)
    for _ in range(ROUNDS):
        for number, crowd in enumerate(crowds):
            start = time.perf_counter()
            await work(crowd)
            best[number] = min(best[number], time.perf_counter() - start)
    return [
        f"{name}, {at_work} at work: {took * 1000:.2f} ms, with {CROWDS[0]} {best[0] * 1000:.2f} ms, "
        f"ratio {took / best[0]:.2f}"
        for at_work, took in zip(CROWDS[1:], best[1:], strict=True)
    ]


async def _start(at_work: int, crowd: _Crowd) -> str:
    """Measure a start at which all that is at work is due, until each job has its moment; and a bare update of all."""
    ours = bare = float("inf")
    for number in range(STARTS):
        now = LEASE + timedelta(hours=number)
        begin = time.perf_counter()
        await crowd.claims.recover(now=now, away=True)
        ours, begin = min(ours, time.perf_counter() - begin), time.perf_counter()
        await crowd.database.transact(lambda tx: tx.execute(BARE))
        bare = min(bare, time.perf_counter() - begin)
    return (
        f"start, {at_work} at work, until each is scheduled: {ours * 1000:.0f} ms, "
        f"a bare update of all {bare * 1000:.0f} ms, ratio {ours / bare:.2f}"
    )


async def _filled(stack: AsyncExitStack, at_work: int) -> _Crowd:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    database = await stack.enter_async_context(SQLiteDatabase(f"{folder}/bench.db"))
    await migrate(database, now=NOW)
    jobs, claims, lookup = JobStore(database), ClaimStore(database), JobQueryStore(database)
    everything = [queued_job(number, number + 1, 1 + number // PER_GUILD) for number in range(at_work + WAITING)]
    for begin in range(0, at_work, BATCH):
        await _begin(jobs, claims, everything[begin : min(begin + BATCH, at_work)])
    await _accept(jobs, everything[at_work:])
    waiting = await lookup.job(everything[-1].id)
    if waiting is None:
        raise RuntimeError("not kept")
    # As many at work as there is room for: the worst that a forecast has to tell.
    forecaster = Forecaster(lookup=lookup, limits=_limits(at_work), clock=lambda: NOW)
    return _Crowd(database=database, claims=claims, jobs=jobs, lookup=lookup, forecaster=forecaster, waiting=waiting)


async def _accept(jobs: JobStore, batch: list[Job]) -> None:
    await asyncio.gather(*(jobs.accept(job, funding=funding(job), most=10, now=NOW) for job in batch))


async def _begin(jobs: JobStore, claims: ClaimStore, batch: list[Job]) -> None:
    """Bring jobs to where the provider works on them, a second after each other."""
    await _accept(jobs, batch)
    for _ in batch:
        job = await claims.waiting("kirin", now=NOW, lease_until=LEASE, limits=_limits(CROWDS[-1] * 2))
        if job is None:
            raise RuntimeError("nothing waits")
        started = STARTED + timedelta(milliseconds=100) * int(job.id, 16)
        await jobs.record_task(job, task_id=job.id, next_at=LEASE, now=started)


def _limits(most: int) -> RunningLimits:
    return RunningLimits(per_provider=most, per_user=2, per_guild=most, total=most, abreast=most)
