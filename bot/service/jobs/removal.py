"""Takes away what was posted of a deleted video: its message, its card, its copies.

The deletion is a row before anything is done; whatever Discord does not take now is tried again, also after a crash.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain import backoff
from bot.domain.job import Job, Remover
from bot.errors import DestinationBusy, DestinationLost
from bot.service.jobs.copies import ResultPoster
from bot.store.jobs.copies import CopyStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.removals import Removal, RemovalStore
from bot.store.jobs.results import ResultStore

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=2)  # that one deletion may take: a handful of messages
WAIT_CAP: Final = 600.0  # seconds at the most between two tries
TRIES: Final = 150  # about a day


class Removals:
    """Deletes videos. Every method may raise `StoreUnavailable`: what was written down before that is gone on with."""

    def __init__(
        self,
        *,
        store: RemovalStore,
        results: ResultStore,
        copies: CopyStore,
        lookup: JobQueryStore,
        result_poster: ResultPoster,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
    ) -> None:
        self._store, self._results, self._lookup, self._result_poster = store, results, lookup, result_poster
        self._copies, self._clock, self._rand = copies, clock, rand

    async def remove(self, job: Job, *, by: Remover) -> bool:
        """Delete a video; whether all of its messages are gone by now. The rest goes as soon as Discord takes it."""
        now = self._clock()
        await self._results.remove(job.id, by=by, now=now)
        log.info("removed", extra={"job": job.id, "by": str(by)})
        return await self._remove_now(job)

    async def withdraw(self, job: Job, *, guild_id: int) -> bool:
        """Take a video's copies away from one guild; whether all of them are gone by now, as `remove`."""
        await self._copies.withdraw(job.id, guild_id=guild_id, now=self._clock())
        log.info("withdrawn", extra={"job": job.id, "guild": guild_id})
        return await self._remove_now(job)

    async def _remove_now(self, job: Job) -> bool:
        now = self._clock()
        removal = await self._store.claim(now=now, until=now + LEASE, job_id=job.id)
        return removal is None or await self._carry_out(removal)

    async def work(self) -> None:
        """Take away whatever is due. A chore: what is cut short is due again."""
        while (removal := await self._claim()) is not None:
            await self._carry_out(removal)

    async def _claim(self) -> Removal | None:
        now = self._clock()
        return await self._store.claim(now=now, until=now + LEASE)

    async def _carry_out(self, removal: Removal) -> bool:
        job = await self._lookup.job(removal.job_id)
        if job is not None and not await self._take_away_all(job) and removal.tries < TRIES:
            wait = backoff.delay(removal.tries, rand=self._rand, cap=WAIT_CAP)
            await self._store.later(removal.job_id, due_at=self._clock() + wait)
            return False
        await self._store.done(removal)
        return True

    async def _take_away_all(self, job: Job) -> bool:
        """Whether all that is to go is gone; one that Discord does not take does not keep the others."""
        gone = True
        for place in await self._store.due(job):
            try:
                await self._result_poster.take_away(job, channel_id=place.channel_id, message_id=place.message_id)
            except (DestinationLost, DestinationBusy) as exc:
                log.info("a message of a deleted video stays", extra={"job": job.id, "reason": exc.reason})
                gone = False
        return gone
