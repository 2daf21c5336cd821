"""Takes away what was posted of a deleted video: its message, its card, its copies.

The deletion is a row before anything is done; whatever Discord does not take now is tried again, also after a crash.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from bot.domain import Job, OutboxItem, OutboxKind, Remover
from bot.errors import DestinationBusy, DestinationLost
from bot.service.jobs.copies import ResultPoster
from bot.service.outbox import OutboxHandler, OutboxPoster, UnrecordedPosts
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.results import ResultStore

log = logging.getLogger(__name__)


class Removals:
    """Deletes videos. Every method may raise `StoreUnavailable`: what was written down before that is gone on with."""

    def __init__(
        self, *, results: ResultStore, messages: MessageStore, outbox: OutboxPoster, clock: Callable[[], datetime]
    ) -> None:
        self._results, self._messages, self._outbox, self._clock = results, messages, outbox, clock

    async def remove(self, job: Job, *, by: Remover) -> bool:
        """Delete a video; whether all of its messages are gone by now. The rest goes as soon as Discord takes it."""
        await self._results.remove(job.id, by=by, now=self._clock())
        log.info("removed", extra={"job": job.id, "by": str(by)})
        return await self._at_once(job)

    async def withdraw(self, job: Job, *, guild_id: int) -> bool:
        """Take a video's copies away from one guild; whether all of them are gone by now, as `remove`."""
        await self._messages.withdraw(job.id, guild_id=guild_id, now=self._clock())
        log.info("withdrawn", extra={"job": job.id, "guild": guild_id})
        return await self._at_once(job)

    async def _at_once(self, job: Job) -> bool:
        left = await self._outbox.post_now(OutboxKind.REMOVAL, job.id)
        return left is None or left.due_at is None


class RemovalHandler(OutboxHandler):
    """Deletes the messages of deleted videos, and the copies that moderators do not want."""

    kind = OutboxKind.REMOVAL

    def __init__(self, *, messages: MessageStore, lookup: JobQueryStore, result_poster: ResultPoster) -> None:
        self._messages, self._lookup, self._result_poster = messages, lookup, result_poster

    async def handle(self, item: OutboxItem) -> int | None:
        """Delete what is to go; one message that Discord does not take does not keep the others."""
        job, stays = await self._lookup.job(item.subject_id), ""
        if job is None:
            return None
        for place in await self._messages.to_remove(job):
            try:
                await self._result_poster.take_away(job, channel_id=place.channel_id, message_id=place.message_id)
            except (DestinationLost, DestinationBusy) as exc:
                log.info("a message of a deleted video stays", extra={"job": job.id, "reason": exc.reason})
                stays = exc.reason
            else:
                await self._messages.deleted(job.id, message_id=place.message_id)
        if stays:
            raise DestinationBusy(stays)
        return None


class RemovalNotes(OutboxHandler):
    """Tells authors directly that a moderator has deleted their video; who can't be told sees it in their library."""

    kind = OutboxKind.DELETED

    def __init__(self, *, lookup: JobQueryStore, result_poster: ResultPoster, posts: UnrecordedPosts) -> None:
        self._lookup, self._result_poster, self._posts = lookup, result_poster, posts

    async def handle(self, item: OutboxItem) -> int | None:
        """Tell the author, once, unless the video's records are gone."""
        job = await self._lookup.job(item.subject_id)
        if job is not None:
            await self._posts.post(
                item,
                place_id=job.user_id,
                look=lambda since: self._result_poster.find_removed(job, since=since),
                post=lambda: self._result_poster.tell_removed(job),
            )
        return None
