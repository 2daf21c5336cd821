"""A video service, a Discord and files that cost nothing, for runs of many videos that look at what the bot costs."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from bot.domain import VideoRequest
from bot.provider.base import Task, TaskResult, TaskStatus
from bot.service.media.probe import MediaInfo
from bot.service.ports import NotPosted, Posted

FILE: Final = b"video" * 1000
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


class Service:
    """A video service that is done with a task when it is asked for the last of so many times, and forgets it then."""

    id = "kirin"
    find_is_authoritative = True
    longest_create = timedelta(seconds=30)

    def __init__(self, calls: Counter[str], *, polls: int) -> None:
        self._calls, self._polls, self._asked = calls, polls, Counter[str]()

    async def submit(self, _: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True) -> Task:
        """Take a task."""
        assert may_send()
        self._calls["submit"] += 1
        return Task(id=external_id, status=TaskStatus.WORKING)

    async def fetch(self, task_id: str) -> Task:
        """Tell how a task stands."""
        self._calls["fetch"] += 1
        self._asked[task_id] += 1
        if self._asked[task_id] < self._polls:
            return Task(id=task_id, status=TaskStatus.WORKING)
        del self._asked[task_id]
        return Task(id=task_id, status=TaskStatus.SUCCEEDED, result=TaskResult(url="https://videos.example/a.mp4"))

    async def find(self, _: str) -> Task | None:
        """Find nothing: nothing is ever in doubt."""
        return None

    async def check(self) -> None:
        """All is well."""


class Discord:
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


class Files:
    """Brings the same file from everywhere."""

    async def download(self, _: str, path: Path, *, cap: int) -> int:
        """Write it."""
        await asyncio.to_thread(path.write_bytes, FILE[:cap])
        return len(FILE)


class Media:
    """Finds every file good as it is."""

    async def fit(self, path: Path, **_: Any) -> tuple[Path, MediaInfo]:
        """Let it be."""
        return path, VIDEO

    async def probe(self, _: Path) -> MediaInfo:
        """Say what it is."""
        return VIDEO
