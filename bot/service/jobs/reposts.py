"""Posts videos once more for everybody in a channel, and remembers where: what is deleted goes there, too."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain import OutboxItem, OutboxKind
from bot.errors import DestinationLost, StoreUnavailable
from bot.service.jobs.copies import Copy, CopyKind, ResultPoster
from bot.service.outbox import OutboxHandler, find_message
from bot.service.ports import Posted, Result
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.outbox import OutboxStore

log = logging.getLogger(__name__)

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

    async def post(self, video: Result, copy: Copy, *, stars: int = 0) -> Posted:
        """Post a copy; one that somebody wants in a guild's channel is written down before, and with its message after.

        Raises:
            DestinationLost, DestinationBusy: Discord does not take it, for good or for now.
        """
        if copy.kind is not CopyKind.AGAIN or copy.guild_id is None or copy.channel_id is None:
            return await self._result_poster.post_copy(video, copy, stars=stars)
        now = self._clock()
        item = OutboxItem(
            kind=OutboxKind.REPOST,
            subject_id=copy.nonce,
            job_id=video.job.id,
            guild_id=copy.guild_id,
            channel_id=copy.channel_id,
            created_at=now,
            due_at=now + LOST,
            posting_at=self._moment(),
        )
        await self._messages.begin_repost(item)
        try:
            posted = await self._result_poster.post_copy(video, copy, stars=stars)
        except DestinationLost:
            await self._outbox.drop(item)
            raise
        await asyncio.shield(self._record(item, posted))
        return posted

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
