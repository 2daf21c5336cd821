"""From a press in one process until another hands the job to its provider, on one PostgreSQL; and a bare NOTIFY."""

import asyncio
import os
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Final

import asyncpg

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from benchmarks._processes import process
from benchmarks.fairness import queued_job
from bot.clock import utc_now
from bot.domain.sharing import new_process_id
from bot.service.signals import SharedSignals, Topic
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_session import PostgresSession
from tests.postgres_server import started_server

PRESSES: Final = 200
BETWEEN: Final = 0.06  # seconds between two presses: nobody is awake any more
CHANNEL: Final = "bare"

_FLOOR: Final = "a bare transaction with NOTIFY"
_MIDDLE: Final = Figure(name="press until another process submits", unit="ms", floor=_FLOOR, at_most=50)
_SLOWEST: Final = Figure(name="the slowest of these but one in a hundred", unit="ms", floor=_FLOOR)
FIGURES: Final = (_MIDDLE, _SLOWEST)


def measure() -> list[Measured]:
    """The median and the worst but one in a hundred."""
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    url = started_server(user=os.getpid()).url("postgres")
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(PostgresDatabase(url))
        await migrate(database, now=utc_now())
        worker = await stack.enter_async_context(process("-m", "benchmarks._waking_worker", url))
        if worker.stdout is None:
            raise RuntimeError("no output")
        session = await stack.enter_async_context(PostgresSession(url))
        signals = SharedSignals(session, me=new_process_id())
        stack.callback(asyncio.create_task(signals.run()).cancel)
        await worker.stdout.readline()  # it is there
        ours = [await _press(number, JobStore(database), signals, worker.stdout) for number in range(PRESSES)]
        bare = await _bare(stack, url)
    return [
        _MIDDLE.found(median(ours) * 1000, floor=f"{median(bare) * 1000:.1f} ms"),
        _SLOWEST.found(_slow(ours) * 1000, floor=f"{_slow(bare) * 1000:.1f} ms"),
    ]


async def _press(number: int, jobs: JobStore, signals: SharedSignals, output: asyncio.StreamReader) -> float:
    now = utc_now()
    job = replace(
        queued_job(number, number + 1, number + 1), created_at=now, deadline_at=now + timedelta(hours=1), due_at=now
    )
    await asyncio.sleep(BETWEEN)
    start = time.monotonic()
    await jobs.accept(job, funding=funding(job), most=10, now=now)
    signals.send(Topic.JOBS)
    return float(await output.readline()) - start  # by the clock that all processes of a machine share


async def _bare(stack: AsyncExitStack, url: str) -> list[float]:
    """Insert a row and notify in one transaction, until a connection that listens hears of it."""
    talker, listener = [await asyncpg.connect(url) for _ in range(2)]
    for connection in (talker, listener):
        stack.push_async_callback(connection.close)
    heard = asyncio.Event()
    await listener.add_listener(CHANNEL, lambda *_: heard.set())
    await talker.execute("CREATE TABLE bare (at BIGINT)")
    took = []
    for number in range(PRESSES):
        await asyncio.sleep(BETWEEN)
        heard.clear()
        start = time.monotonic()
        async with talker.transaction():
            await talker.execute("INSERT INTO bare VALUES ($1)", number)
            await talker.execute("SELECT pg_notify($1, '')", CHANNEL)
        await heard.wait()
        took.append(time.monotonic() - start)
    return took


def _slow(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99) - 1]
