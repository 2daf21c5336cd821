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
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from benchmarks._funding import funding
from benchmarks._processes import memory, process
from bot.clock import SteadyClock, utc_now
from bot.domain import Destination, Job, JobStatus, RunningLimits, VideoRequest
from bot.provider.base import Task
from bot.provider.kirin import Kirin
from bot.provider.transport import Transport
from bot.service.jobs.offered_models import OfferedModels
from bot.settings import Settings
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from bot.wiring.build import build
from bot.wiring.world import World

JOBS: Final = 1_000
SECONDS: Final = 5.0  # a round of each
ROUNDS: Final = 2
CONNECTIONS: Final = 10
LIMITS: Final = RunningLimits(per_provider=JOBS, per_user=1, per_guild=JOBS, total=JOBS, abreast=JOBS)
SETTINGS: Final = Settings(
    _env_file=None,
    discord_token=SecretStr("token"),
    kirin_api_key=SecretStr("key"),
    monthly_budget_usd=None,
    poll_seconds_min=1,
    poll_seconds_max=1,
    **{f"running_{name}": value for name, value in asdict(LIMITS).items()},
)


class Silent:
    """A notifier that nobody hears: every call is answered at once, with nothing."""

    def __getattr__(self, _: str) -> Any:
        async def nothing(*_: Any, **__: Any) -> None:
            return None

        return nothing


class _Counting(Kirin):
    """Counts the polls."""

    polls = 0

    async def fetch(self, task_id: str) -> Task:
        """Ask, and count."""
        self.polls += 1
        return await super().fetch(task_id)


def measure() -> list[str]:
    """The best of interleaved rounds."""
    return asyncio.run(_measure())


async def _measure() -> list[str]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = await stack.enter_async_context(process("-m", "benchmarks._provider"))
        if server.stdout is None:
            raise RuntimeError("no output")
        base = f"http://127.0.0.1:{int(await server.stdout.readline())}"
        floor = await _bare(base, _httpx_over_aiohttp)
        before = memory(os.getpid(), "VmRSS")
        database = await stack.enter_async_context(SQLiteDatabase(f"{folder}/bench.db"))
        await migrate(database, now=utc_now())
        await _fill(database)
        ours, growth = float("inf"), 0
        for _ in range(ROUNDS):
            ours = min(ours, await _ours(database, base))
            growth = max(growth, memory(os.getpid(), "VmRSS") - before)
            floor = min(floor, await _bare(base, _httpx_over_aiohttp))
        loops = {name: await _bare(base, loop) for name, loop in OTHERS.items()}
    ratio = f"bare loop of the same transport {floor * 1000:.2f} ms, ratio {ours / floor:.2f}"
    return [
        f"{JOBS} jobs: {ours * 1000:.2f} ms CPU a poll, {ratio}",
        *(f"bare loop of {name}: {each * 1000:.2f} ms, ratio {ours / each:.2f}" for name, each in loops.items()),
        f"{JOBS} jobs: {growth / 2**20:.1f} MB more memory than before, {growth / JOBS / 1024:.1f} KB a job",
    ]


async def _fill(database: SQLiteDatabase) -> None:
    jobs, claims, now = JobStore(database), ClaimStore(database), utc_now()
    for number in range(JOBS):
        job = Job(
            id=f"{number:016x}",
            idempotency_key=str(number),
            user_id=number,
            locale="en-US",
            destination=Destination(guild_id=1, channel_id=1, upload_limit=1),
            provider="kirin",
            request=VideoRequest(model="kirin_v3_t2v", prompt="a fox"),
            status=JobStatus.QUEUED,
            attempt=1,
            tries=0,
            owner=f"user:{number}",
            period="today",
            credits=5,
            usd_micros=1,
            created_at=now,
            deadline_at=now + timedelta(hours=1),
        )
        await jobs.accept(job, funding=funding(job), most=1, now=now)
        lease_until = now + timedelta(minutes=1)
        claimed = await claims.waiting("kirin", now=now, lease_until=lease_until, limits=LIMITS)
        if claimed is not None:
            await jobs.record_task(claimed, task_id=f"task-{number}", next_at=now, now=now)


async def _ours(database: SQLiteDatabase, base: str) -> float:
    """Seconds of CPU a poll, with the whole worker around it."""
    silent: Any = Silent()
    async with Transport(provider="kirin", base_url=base, token=lambda: "key", connections=CONNECTIONS) as transport:
        provider = _Counting(transport=transport)
        world = World(
            database=database,
            purge=database.purge,
            providers={"kirin": provider},
            fetcher=silent,
            notifier=silent,
            result_poster=silent,
            staff=silent,
            clock=SteadyClock(),
            models=OfferedModels([], clock=utc_now),
            moment=utc_now,
        )
        worker = build(SETTINGS, world).worker
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(1)
        polls, cpu = provider.polls, time.process_time()
        await asyncio.sleep(SECONDS)
        spent = (time.process_time() - cpu) / max(1, provider.polls - polls)
        worker.stop()
        await running
    return spent


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


async def _httpx_over_aiohttp(stack: AsyncExitStack) -> Get:
    transport = AiohttpTransport(limits=httpx.Limits(max_connections=CONNECTIONS))
    return _content(await stack.enter_async_context(httpx.AsyncClient(transport=transport)))


async def _plain_httpx(stack: AsyncExitStack) -> Get:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    return _content(await stack.enter_async_context(httpx.AsyncClient(limits=limits)))


async def _httpx2(stack: AsyncExitStack) -> Get:
    successor = import_module("httpx2")
    limits = successor.Limits(max_connections=CONNECTIONS)
    return _content(await stack.enter_async_context(successor.AsyncClient(limits=limits)))


async def _aiohttp(stack: AsyncExitStack) -> Get:
    session = await stack.enter_async_context(aiohttp.ClientSession())

    async def get(url: str) -> bytes:
        async with session.get(url) as response:
            return await response.read()

    return get


def _content(client: Any) -> Get:
    async def get(url: str) -> bytes:
        answer: bytes = (await client.get(url)).content
        return answer

    return get


OTHERS: Final[dict[str, Open]] = {
    "plain httpx": _plain_httpx,
    **({"httpx2": _httpx2} if find_spec("httpx2") else {}),  # where somebody has installed it to compare
    "aiohttp": _aiohttp,
}
