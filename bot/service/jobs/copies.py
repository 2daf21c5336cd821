"""Fetches the file of a posted video once more, from wherever it still is, and posts it again for one or for all.

Where a copy was posted is remembered: what is deleted goes from every channel, and what is covered is so everywhere.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from bot.domain import Job, OutboxItem, OutboxKind
from bot.domain.sharing import bucket_of
from bot.errors import DestinationLost, ResultTooLarge, ResultUnavailable, ResultUnusable, StoreUnavailable
from bot.service.jobs.files import ResultFiles
from bot.service.outbox import OutboxHandler, find_message
from bot.service.ports import Posted, Result, Sighting
from bot.store.jobs.messages import MessagePlace, MessageStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.outbox import OutboxStore
from bot.values import dataclass

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

    async def cover(self, job_id: str, *, channel_id: int, message_id: int, covered: bool) -> bool:
        """Have the files of a message of the bot's that carries this result `covered`, or not; whether it was there.

        What is so already is left as it is; what was posted covered is never uncovered.
        """
        ...

    async def delete_copy(self, job_id: str, *, channel_id: int, message_id: int) -> bool:
        """Delete a copy in somebody's direct messages, whose ids they have given; whether it was there."""
        ...

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        """Delete a message that we know to be this job's, or where that can't be, leave nothing of the job in it."""
        ...

    async def tell_removed(self, job: Job) -> None:
        """Tell a video's author directly that a moderator has deleted it."""
        ...

    async def find_removed(self, job: Job, *, since: datetime) -> Sighting:
        """Find the message that tells so, not older than `since`, by Discord's clock. Raises nothing."""
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


LOST: Final = timedelta(minutes=15)  # in which Discord has taken a post or not


class Reposts:
    """Posts copies. Every method may raise `StoreUnavailable`.

    `moment` is the present by Discord's clock.
    """

    def __init__(
        self,
        *,
        messages: MessageStore,
        outbox: OutboxStore,
        result_poster: ResultPoster,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
    ) -> None:
        self._messages, self._outbox, self._result_poster = messages, outbox, result_poster
        self._clock, self._moment = clock, moment

    async def post(self, video: Result, copy: Copy) -> Posted:
        """Post a copy; one that somebody wants in a guild's channel is written down before, and with its message after.

        Raises:
            DestinationLost, DestinationBusy: Discord does not take it, for good or for now.
        """
        if copy.channel_id is None:
            return await self._send_directly(video, copy)
        if copy.kind is not CopyKind.AGAIN or copy.guild_id is None:
            return await self._result_poster.post_copy(video, copy)
        now = self._clock()
        item = OutboxItem(
            kind=OutboxKind.REPOST,
            subject_id=copy.nonce,
            job_id=video.job.id,
            guild_id=copy.guild_id,
            channel_id=copy.channel_id,
            bucket=bucket_of(copy.channel_id),
            created_at=now,
            due_at=now + LOST,
            posting_at=self._moment(),
        )
        await self._messages.begin_repost(item)
        try:
            posted = await self._result_poster.post_copy(video, copy)
        except DestinationLost:
            await self._outbox.drop(item)
            raise
        await asyncio.shield(self._record(item, posted))
        return posted

    async def _send_directly(self, video: Result, copy: Copy) -> Posted:
        """Send a copy to its person's direct messages; where that breaks off, they have it, and nothing knows of it."""
        posted = await self._result_poster.post_copy(video, copy)
        await asyncio.shield(self._record_direct(video.job.id, copy, posted))
        return posted

    async def _record_direct(self, job_id: str, copy: Copy, posted: Posted) -> None:
        place = MessagePlace(channel_id=posted.channel_id, message_id=posted.message_id)
        try:
            await self._messages.sent_directly(job_id, place, user_id=copy.user_id, now=self._clock())
        except StoreUnavailable as exc:
            log.warning("a copy is sent, but not written down", extra={"job": job_id, "detail": str(exc)})

    async def _record(self, item: OutboxItem, posted: Posted) -> None:
        """Write down where a copy is. It is there, whatever the database says; one that is not recorded is sought."""
        try:
            await self._outbox.posted(item, message_id=posted.message_id, now=self._clock())
        except StoreUnavailable as exc:
            log.warning("a copy is posted, but not written down", extra={"copy": item.subject_id, "detail": str(exc)})


class RepostFinder(OutboxHandler):
    """Looks for copies that may have been posted before a crash, or though Discord did not answer."""

    kind = OutboxKind.REPOST

    def __init__(self, *, messages: MessageStore, lookup: JobQueryStore, result_poster: ResultPoster) -> None:
        self._messages, self._lookup, self._result_poster = messages, lookup, result_poster

    async def handle(self, item: OutboxItem) -> int | None:
        """Find the copy's message; None where it is not there."""
        job = await self._lookup.job(item.job_id or "")
        if job is None:
            return None
        others, place = await self._messages.ids(job), item.channel_id or 0
        return await find_message(
            item,
            lambda since: self._result_poster.find_copy(
                job, channel_id=place, guild_id=item.guild_id, since=since, besides=others
            ),
        )
