"""Fetches the file of a posted video once more, from wherever it still is, for somebody who asks for it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from bot.domain import Job
from bot.errors import ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.service.jobs.files import ResultFiles
from bot.service.ports import Posted, Result, Sighting

log = logging.getLogger(__name__)

AT_ONCE: Final = 32  # copies under way; open files and uploads, not those who wait, are what takes memory


class CopyKind(StrEnum):
    """Why a result is posted once more, which decides the words above it."""

    SHARED = "shared"  # a private one, by its author, in the channel where it was asked for
    AGAIN = "again"  # somebody wants it in a channel
    DIRECT = "direct"  # somebody wants it in their direct messages
    GALLERY = "gallery"  # many have starred it


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """Where a copy goes, in whose name and language. Without a channel it goes to `user_id`'s direct messages.

    `limit` is in bytes a file; `nonce` has at most 25 characters and makes a repeat harmless for a few minutes.
    """

    kind: CopyKind
    user_id: int
    locale: str
    nonce: str
    limit: int
    guild_id: int | None = None
    channel_id: int | None = None


class ResultPoster(Protocol):
    """What copies ask of Discord. Every call may raise `DestinationLost` (for good) or `DestinationBusy`."""

    async def post_copy(self, result: Result, copy: Copy, *, stars: int = 0) -> Posted:
        """Post a result once more, mentioning nobody. A repeat of the nonce finds the first one."""
        ...

    async def find_copy(
        self, job: Job, *, channel_id: int, guild_id: int | None, since: datetime, besides: Collection[int | None] = ()
    ) -> Sighting:
        """A message of the bot's with this result in that channel, not older than `since`, by Discord's clock.

        Messages whose ids are in `besides` are others. Raises nothing.
        """
        ...

    async def attachment_url(self, job: Job) -> str | None:
        """A fresh address of the file in the job's own message; None where that is gone."""
        ...

    async def delete_result(self, job: Job, *, channel_id: int, message_id: int) -> bool:
        """Delete a message of the bot's that carries this result, or the job's card; whether there was one."""
        ...

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        """Delete a message that we know to be this job's, or where that can't be, leave nothing of the job in it."""
        ...


class Copies:
    """Brings the files of finished jobs back, each for as long as somebody posts it."""

    def __init__(self, *, files: ResultFiles, result_poster: ResultPoster) -> None:
        self._files, self._result_poster = files, result_poster
        self._turns = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def video(self, job: Job, *, limit: int) -> AsyncIterator[Result]:
        """Lend the job's video as a file of at most `limit` bytes, which is gone when the block ends.

        Raises:
            ResultUnusable, ResultTooLarge, ResultUnavailable: there is no such file to be had.
        """
        async with self._turns, self._files.scratch(job) as (whole, fitted):
            yield await self._prepare(job, whole, fitted, limit=limit)

    async def _prepare(self, job: Job, whole: Path, fitted: Path, *, limit: int) -> Result:
        trouble: Exception = ResultUnavailable("no_url")
        if kept := await self._files.kept(job):
            try:
                return await self._files.fit(job, kept, fitted, limit=limit)
            except (ResultUnusable, ResultUnavailable) as exc:
                trouble = exc
        async for url in self._urls(job):
            try:
                await self._files.download(url, whole)
                return await self._files.fit(job, whole, fitted, limit=limit)
            except (ResultUnusable, ResultTooLarge, ResultUnavailable) as exc:
                log.info("a copy is not to be had there", extra={"job": job.id, "reason": exc.reason})
                trouble = exc
        raise trouble

    async def _urls(self, job: Job) -> AsyncIterator[str]:
        """Where the file may still be: at the provider under a fresh URL or the old one, then in our own message."""
        if (fresh := await self._files.fresh_url(job)) is not None:
            yield fresh
        if job.result_url is not None and job.result_url != fresh:
            yield job.result_url
        if (posted := await self._result_poster.attachment_url(job)) is not None:
            yield posted
