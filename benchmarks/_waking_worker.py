"""A whole worker on PostgreSQL, as a process of its own, whose provider prints when it is handed a job."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from benchmarks._worker import Silent
from benchmarks.polling import SETTINGS
from bot.clock import SteadyClock, utc_now
from bot.domain import VideoRequest
from bot.domain.sharing import Process, Role, new_process_id
from bot.provider.base import Task, TaskStatus
from bot.service.jobs.offered_models import OfferedModels
from bot.service.processes import Processes
from bot.service.signals import SharedSignals
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_session import PostgresSession
from bot.wiring.build import build
from bot.wiring.world import World


class _Provider:
    """A service that takes every task, and is never done."""

    id = "kirin"
    longest_create = timedelta(seconds=30)

    async def submit(self, _request: VideoRequest, *, external_id: str, **_: Any) -> Task:
        """Print the time of all processes of this machine."""
        print(time.monotonic(), flush=True)
        return Task(id=external_id, status=TaskStatus.WORKING)

    async def fetch(self, task_id: str) -> Task:
        """Say that it is not done."""
        return Task(id=task_id, status=TaskStatus.WORKING)


async def _live(url: str) -> None:
    silent: Any = Silent()
    provider: Any = _Provider()
    this = Process(id=new_process_id(), role=Role.WORKER)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(PostgresDatabase(url))
        session = await stack.enter_async_context(PostgresSession(url))
        signals = SharedSignals(session, me=this.id)
        world = World(
            database=database,
            purge=database.purge,
            providers={provider.id: provider},
            fetcher=silent,
            notifier=silent,
            result_poster=silent,
            staff=silent,
            clock=SteadyClock(),
            models=OfferedModels([], clock=utc_now),
            moment=utc_now,
            signals=signals,
            processes=Processes(this, shared=True),
        )
        bot = build(SETTINGS, world)
        print("ready", flush=True)
        await asyncio.gather(bot.worker.run(), signals.run())


asyncio.run(_live(sys.argv[1]))
