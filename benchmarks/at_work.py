"""What a crowd at work costs: claims, what a waiting card's forecast reads, and a start; 20,000 at work against 100."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from benchmarks._figures import Figure, Measured
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
_FEW: Final = f"{CROWDS[0]} at work"
_CLAIMS: Final = tuple(
    Figure(name=f"claim and put back, {at_work:,} at work", floor=_FEW, at_most=1.5, before="3.9 ×")
    for at_work in CROWDS[1:]
)
_READS: Final = tuple(
    Figure(
        name=f"what a waiting card's forecast reads, {at_work:,} at work",
        unit="ms",
        floor=_FEW,
        at_most=5,
        before=before,
    )
    for at_work, before in zip(CROWDS[1:], ("422 ms", ""), strict=True)
)
_FORECASTS: Final = tuple(
    Figure(name=f"a whole forecast, {at_work:,} at work", unit="ms", floor=_FEW) for at_work in CROWDS[1:]
)
_STARTS: Final = tuple(
    Figure(
        name=f"start until each of {at_work:,} at work has its moment",
        unit="s",
        floor="a bare update of all",
        at_most=5,
        before=before,
    )
    for at_work, before in zip(CROWDS[1:], ("22–29 s", ""), strict=True)
)
FIGURES: Final = (*_CLAIMS, *_READS, *_FORECASTS, *_STARTS)


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


def measure() -> list[Measured]:
    """The best of interleaved rounds: the figures of each crowd beside those of the smallest."""
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    async with AsyncExitStack() as stack:
        crowds = [await _filled(stack, at_work) for at_work in CROWDS]
        works = ((_CLAIMS, _Crowd.claim), (_READS, _Crowd.read), (_FORECASTS, _Crowd.forecast))
        found = [each for figures, work in works for each in await _compared(figures, work, crowds)]
        return found + [await _start(figure, crowd) for figure, crowd in zip(_STARTS, crowds[1:], strict=True)]


async def _compared(
    figures: Sequence[Figure], work: Callable[[_Crowd], Awaitable[None]], crowds: list[_Crowd]
) -> list[Measured]:
    best = [float("inf")] * len(crowds)
    for _ in range(ROUNDS):
        for number, crowd in enumerate(crowds):
            start = time.perf_counter()
            await work(crowd)
            best[number] = min(best[number], time.perf_counter() - start)
    floor = f"{best[0] * 1000:.2f} ms"
    return [
        figure.found(took * 1000, floor=floor)
        if figure.unit == "ms"
        else figure.found(took / best[0], floor=f"{floor}, ours {took * 1000:.2f} ms")
        for figure, took in zip(figures, best[1:], strict=True)
    ]


async def _start(figure: Figure, crowd: _Crowd) -> Measured:
    """Measure a start at which all that is at work is due, until each job has its moment; and a bare update of all."""
    ours = bare = float("inf")
    for number in range(STARTS):
        now = LEASE + timedelta(hours=number)
        begin = time.perf_counter()
        await crowd.claims.recover(now=now, away=True)
        ours, begin = min(ours, time.perf_counter() - begin), time.perf_counter()
        await crowd.database.transact(lambda tx: tx.execute(BARE))
        bare = min(bare, time.perf_counter() - begin)
    return figure.found(ours, floor=f"{bare:.2f} s")


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
