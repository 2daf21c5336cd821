"""A whole worker of several on one PostgreSQL, as a process of its own: its video service and Discord cost nothing.

It works from the first line that it reads to the second, and prints then what that took: the CPU, and each call to the
outside. Nothing waits for a slot to deliver in: how many there are at once is no question of what one costs.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from bot.clock import SteadyClock, utc_now
from bot.domain import VideoRequest
from bot.domain.sharing import Process, Role
from bot.provider.base import Task, TaskResult, TaskStatus
from bot.service.jobs.offered_models import OfferedModels
from bot.service.media.probe import MediaInfo
from bot.service.ports import NotPosted, Posted
from bot.service.processes import Processes
from bot.service.signals import SharedSignals
from bot.settings import Settings
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_session import PostgresSession
from bot.wiring.build import build
from bot.wiring.world import Sizes, World

POLLS: Final = 3  # of a job, the last of which finds it finished
FILE: Final = b"video"
MOST: Final = 100_000
DELIVERIES: Final = 64
AT_WORK: Final = 40  # videos at once, so that no more want to end together than there is room for
VIDEO: Final = MediaInfo(
    width=1280,
    height=720,
    seconds=5,
    video_codec="h264",
    audio_codec=None,
    size=len(FILE),
    fps=24,
    container="mp4",
    pixel_format="yuv420p",
    faststart=True,
)


class _Provider:
    """A service that is done with a task when it is asked for the last time."""

    id = "kirin"
    find_is_authoritative = True
    longest_create = timedelta(seconds=30)

    def __init__(self, calls: Counter[str]) -> None:
        self._calls, self._asked = calls, Counter[str]()

    async def submit(self, _: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True) -> Task:
        """Take a task."""
        self._calls["submit"] += may_send()
        return Task(id=external_id, status=TaskStatus.WORKING)

    async def fetch(self, task_id: str) -> Task:
        """Tell how a task stands."""
        self._calls["fetch"] += 1
        self._asked[task_id] += 1
        if self._asked[task_id] < POLLS:
            return Task(id=task_id, status=TaskStatus.WORKING)
        return Task(id=task_id, status=TaskStatus.SUCCEEDED, result=TaskResult(url="https://videos.example/a.mp4"))

    async def find(self, _: str) -> Task | None:
        """Find nothing: nothing is ever in doubt."""
        return None

    async def check(self) -> None:
        """All is well."""


class _Discord:
    """Takes every card and every video at once."""

    def __init__(self, calls: Counter[str]) -> None:
        self._calls, self._ids = calls, count(1)

    def __getattr__(self, name: str) -> Any:
        async def answer(*_: Any, **__: Any) -> Any:
            self._calls[name] += 1
            if name.startswith("find"):
                return NotPosted()
            return Posted(channel_id=1, message_id=next(self._ids)) if name.startswith("post") else None

        return answer


class _Files:
    """Brings the same file from everywhere."""

    async def download(self, _: str, path: Path, *, cap: int) -> int:
        """Write it."""
        await asyncio.to_thread(path.write_bytes, FILE[:cap])
        return len(FILE)


class _Media:
    """Finds every file good as it is."""

    async def fit(self, path: Path, **_: Any) -> tuple[Path, MediaInfo]:
        """Let it be."""
        return path, VIDEO

    async def probe(self, _: Path) -> MediaInfo:
        """Say what it is."""
        return VIDEO


def _settings(folder: str) -> Settings:
    return Settings(
        _env_file=None,
        discord_token=SecretStr("token"),
        kirin_api_key=SecretStr("key"),
        monthly_budget_usd=None,
        data_dir=Path(folder),
        poll_seconds_min=0.1,
        poll_seconds_max=1,
        submitting_per_provider=MOST,
        running_per_provider=MOST,
        running_per_user=MOST,
        running_per_guild=MOST,
        running_total=AT_WORK,
    )


async def _live(url: str, folder: str, number: int, processes: int) -> None:
    calls = Counter[str]()
    silent: Any = _Discord(calls)
    provider: Any = _Provider(calls)
    media: Any = _Media()
    everybody = [Process(id=f"{each:016x}", role=Role.WORKER) for each in range(processes)]
    together = Processes(everybody[number], shared=True)
    together.note(everybody)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(PostgresDatabase(url, process_id=together.me))
        signals = SharedSignals(await stack.enter_async_context(PostgresSession(url)), me=together.me)
        world = World(
            database=database,
            purge=database.purge,
            providers={provider.id: provider},
            fetcher=_Files(),
            notifier=silent,
            result_poster=silent,
            staff=silent,
            clock=SteadyClock(),
            models=OfferedModels([], clock=utc_now),
            moment=utc_now,
            media=media,
            signals=signals,
            processes=together,
        )
        bot = build(_settings(folder), world, sizes=Sizes(deliveries=DELIVERIES))
        print("ready", flush=True)
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(sys.stdin.fileno(), "rb")
        )
        await lines.readline()
        begin = time.process_time()
        running = [asyncio.create_task(bot.worker.run()), asyncio.create_task(signals.run())]
        await lines.readline()
        print(json.dumps({"cpu": time.process_time() - begin, "calls": calls}), flush=True)
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(_live(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
