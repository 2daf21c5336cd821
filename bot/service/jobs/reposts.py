"""Posts videos once more for everybody in a channel, and remembers where: what is deleted goes there, too."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.errors import DestinationLost, StoreUnavailable
from bot.service.jobs.copies import Copy, CopyKind, ResultPoster
from bot.service.ports.notifier import CannotTell, Posted, Result
from bot.store.jobs.copies import CopyStore, LostCopy
from bot.store.jobs.queries import JobQueryStore

log = logging.getLogger(__name__)

LOST: Final = timedelta(minutes=15)  # in which Discord has taken a post or not, and between two looks for one
TRIES: Final = 96  # about a day


class Reposts:
    """Posts copies. Every method may raise `StoreUnavailable`.

    `moment` is the present by Discord's clock.
    """

    def __init__(
        self,
        *,
        store: CopyStore,
        lookup: JobQueryStore,
        result_poster: ResultPoster,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
    ) -> None:
        self._store, self._lookup, self._result_poster = store, lookup, result_poster
        self._clock, self._moment = clock, moment

    async def post(self, video: Result, copy: Copy, *, stars: int = 0) -> Posted:
        """Post a copy; one that somebody wants in a guild's channel is written down before, and with its message after.

        Raises:
            DestinationLost, DestinationBusy: Discord does not take it, for good or for now.
        """
        if copy.kind is not CopyKind.AGAIN or copy.guild_id is None or copy.channel_id is None:
            return await self._result_poster.post_copy(video, copy, stars=stars)
        await self._store.intend(
            copy.nonce,
            job_id=video.job.id,
            guild_id=copy.guild_id,
            channel_id=copy.channel_id,
            at=self._moment(),
            due_at=self._clock() + LOST,
        )
        try:
            posted = await self._result_poster.post_copy(video, copy, stars=stars)
        except DestinationLost:
            await self._store.forget(copy.nonce)
            raise
        await asyncio.shield(self._record(copy.nonce, posted))
        return posted

    async def _record(self, nonce: str, posted: Posted) -> None:
        """Write down where a copy is. It is there, whatever the database says; one that is not recorded is sought."""
        try:
            await self._store.posted(nonce, message_id=posted.message_id, now=self._clock())
        except StoreUnavailable as exc:
            log.warning("a copy is posted, but not written down", extra={"copy": nonce, "detail": str(exc)})

    async def work(self) -> None:
        """Look for what may have been posted before a crash, or though Discord did not answer. A chore."""
        while (lost := await self._claim()) is not None:
            await self._look_for(lost)

    async def _claim(self) -> LostCopy | None:
        now = self._clock()
        return await self._store.claim(now=now, until=now + LOST)

    async def _look_for(self, lost: LostCopy) -> None:
        """Write down what became of a copy; where nobody can tell, it is looked for again."""
        job = await self._lookup.job(lost.job_id)
        if job is None:
            return
        sighting = await self._result_poster.find_copy(
            job,
            channel_id=lost.channel_id,
            guild_id=lost.guild_id,
            since=lost.posting_at,
            besides=await self._store.messages(job),
        )
        if isinstance(sighting, Posted):
            await self._store.posted(lost.nonce, message_id=sighting.message_id, now=self._clock())
        elif not isinstance(sighting, CannotTell) or lost.tries >= TRIES:
            log.info("a copy is not there", extra={"job": job.id, "channel": lost.channel_id})
            await self._store.forget(lost.nonce)
