"""1,000 jobs in flight in one process: CPU a poll and memory, against bare loops over the same 1,000 tasks."""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import timedelta
from typing import Final

import aiohttp
import httpx
from pydantic import SecretStr

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from benchmarks._processes import memory
from benchmarks._worker import new_job, polled, video_service
from bot.clock import utc_now
from bot.domain import RunningLimits
from bot.settings import Settings
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase

JOBS: Final = 1_000
SECONDS: Final = 5.0  # a round of each
ROUNDS: Final = 2
CONNECTIONS: Final = 10
LIMITS: Final = RunningLimits(per_provider=JOBS, per_user=1, per_guild=JOBS, total=JOBS, abreast=JOBS)
SETTINGS: Final = Settings(
    discord_token=SecretStr("token"),
    kirin_api_key=SecretStr("key"),
    monthly_budget_usd=None,
    poll_seconds_min=1,
    poll_seconds_max=1,
    **{f"running_{name}": value for name, value in asdict(LIMITS).items()},
)


def measure() -> list[Measured]:
    """The best of interleaved rounds."""
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        base = await stack.enter_async_context(video_service())
        loops = {name: await _bare(base, loop) for name, loop in LOOPS.items()}
        before = memory(os.getpid(), "VmRSS")
        database = await stack.enter_async_context(SQLiteDatabase(f"{folder}/bench.db"))
        await migrate(database, now=utc_now())
        await _fill(database)
        ours, growth = float("inf"), 0
        for _ in range(ROUNDS):
            ours = min(
                ours, (await polled(database, base, SETTINGS, warm_up=1, seconds=SECONDS, queries=CONNECTIONS)).cpu_each
            )
            growth = max(growth, memory(os.getpid(), "VmRSS") - before)
            for name, loop in LOOPS.items():
                loops[name] = min(loops[name], await _bare(base, loop))
    return [
        _POLL.found(ours * 1000),
        *(
            figure.found(ours / floor, floor=f"{floor * 1000:.2f} ms")
            for figure, floor in zip(_RATIOS, loops.values(), strict=True)
        ),
        _MEMORY.found(growth / JOBS / 1024),
    ]


async def _fill(database: SQLiteDatabase) -> None:
    jobs, claims, now = JobStore(database), ClaimStore(database), utc_now()
    for number in range(JOBS):
        job = new_job(number)
        await jobs.accept(job, funding=funding(job), most=1, now=now)
        lease_until = now + timedelta(minutes=1)
        claimed = await claims.waiting("kirin", now=now, lease_until=lease_until, limits=LIMITS)
        if claimed is not None:
            await jobs.record_task(claimed, task_id=f"task-{number}", next_at=now, now=now)


Get = Callable[[str], Awaitable[bytes]]
Open = Callable[[AsyncExitStack], Awaitable[Get]]


async def _bare(base: str, opened: Open) -> float:
    """Seconds of CPU a poll of a loop that does nothing but ask and parse."""
    polls = 0
    async with AsyncExitStack() as stack:
        get = await opened(stack)

        async def ask() -> None:
            nonlocal polls
            number = 0
            while time.monotonic() < end:
                json.loads(await get(f"{base}/model/v1/generation/task/task-{number % JOBS}"))
                polls, number = polls + 1, number + 1

        end = time.monotonic() + SECONDS
        cpu = time.process_time()
        await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
        return (time.process_time() - cpu) / polls


async def _plain_httpx(stack: AsyncExitStack) -> Get:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    client = await stack.enter_async_context(httpx.AsyncClient(limits=limits))

    async def get(url: str) -> bytes:
        return (await client.get(url)).content

    return get


async def _aiohttp(stack: AsyncExitStack) -> Get:
    session = await stack.enter_async_context(aiohttp.ClientSession())

    async def get(url: str) -> bytes:
        async with session.get(url) as response:
            return await response.read()

    return get


LOOPS: Final[dict[str, Open]] = {
    "plain `httpx`": _plain_httpx,
    "`aiohttp`, as ours": _aiohttp,
}
_POLL: Final = Figure(name=f"CPU a poll, {JOBS:,} at work", unit="ms", at_most=0.8, before="2.2 ms")
_RATIOS: Final = tuple(
    Figure(name=f"CPU a poll against {name}", floor="a loop that only asks and parses", at_most=most, before=before)
    for name, most, before in zip(LOOPS, (1.25, None), ("1.9–2.2 ×", ""), strict=True)
)
_MEMORY: Final = Figure(name="memory a job at work", unit="KB")
FIGURES: Final = (_POLL, *_RATIOS, _MEMORY)
