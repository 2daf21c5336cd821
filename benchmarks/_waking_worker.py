"""A whole worker on PostgreSQL, as a process of its own, whose provider prints when it is handed a job."""

import asyncio
import sys
import time
from datetime import timedelta
from typing import Any

from benchmarks._postgres_worker import postgres_worker
from benchmarks._worker import Silent
from benchmarks.polling import SETTINGS
from bot.domain import VideoRequest
from bot.domain.sharing import Process, Role, new_process_id
from bot.provider.base import Task, TaskStatus
from bot.service.processes import Processes


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
    this = Processes(Process(id=new_process_id(), role=Role.WORKER), shared=True)
    others = {"provider": _Provider(), "discord": silent, "fetcher": silent}
    async with postgres_worker(url, SETTINGS, processes=this, **others) as (bot, signals):
        await asyncio.gather(bot.worker.run(), signals.run())


asyncio.run(_live(sys.argv[1]))
