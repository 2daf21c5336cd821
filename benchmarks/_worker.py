"""The worker with nobody around it but a video service that costs nothing: what polling costs, and nothing else."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from benchmarks._processes import process
from bot.clock import SteadyClock, utc_now
from bot.domain import Destination, Job, JobStatus, VideoRequest, millis
from bot.provider.base import Task
from bot.provider.call import QUERIES
from bot.provider.kirin import Kirin
from bot.provider.transport import Transport
from bot.service.jobs.offered_models import OfferedModels
from bot.settings import Settings
from bot.store.sqlite import SQLiteDatabase
from bot.wiring.build import build
from bot.wiring.world import World

REQUEST: Final = VideoRequest(model="kirin_v3_t2v", prompt="a fox")


@dataclass(frozen=True, kw_only=True, slots=True)
class Polled:
    """What the worker did in some seconds, and how many more jobs were due at the end than at the beginning."""

    polls: int
    behind: int
    cpu: float
    seconds: float

    @property
    def cpu_each(self) -> float:
        """The seconds of CPU a poll."""
        return self.cpu / max(1, self.polls)

    @property
    def due(self) -> int:
        """How many polls fell due."""
        return self.polls + self.behind


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


@asynccontextmanager
async def video_service(*, latency: float = 0) -> AsyncIterator[str]:
    """Run a video service whose tasks never finish, in a process of its own on any core; its address."""
    async with process("-m", "benchmarks._provider", "--latency", str(latency)) as server:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(server.pid, range(os.cpu_count() or 1))
        if server.stdout is None:
            raise RuntimeError("no output")
        yield f"http://127.0.0.1:{int(await server.stdout.readline())}"


async def polled(
    database: SQLiteDatabase,
    base: str,
    settings: Settings,
    *,
    warm_up: float,
    seconds: float,
    queries: int = QUERIES,
) -> Polled:
    """Have the worker follow what is in the database for some seconds, once it is warm."""
    async with AsyncExitStack() as stack:
        silent: Any = Silent()
        transport = Transport(provider="kirin", base_url=base, token=lambda: "key", queries=queries)
        provider = _Counting(transport=await stack.enter_async_context(transport))
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
        worker = build(settings, world).worker
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(warm_up)
        overdue = await _overdue(database)
        polls, cpu, begin = provider.polls, time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        found = Polled(
            polls=provider.polls - polls,
            cpu=time.process_time() - cpu,
            seconds=time.perf_counter() - begin,
            behind=await _overdue(database) - overdue,
        )
        worker.stop()
        await running
    return found


async def _overdue(database: SQLiteDatabase) -> int:
    sql = "SELECT count(*) AS n FROM jobs WHERE status = 'running' AND due_at <= $1"
    row = await database.transact(lambda tx: tx.one(sql, millis(utc_now())))
    return int(row["n"]) if row else 0


def new_job(number: int) -> Job:
    """Make a request of a person who has no other."""
    now = utc_now()
    return Job(
        id=f"{number:016x}",
        idempotency_key=str(number),
        user_id=number,
        locale="en-US",
        destination=Destination(guild_id=1, channel_id=1, upload_limit=1),
        provider="kirin",
        request=REQUEST,
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
