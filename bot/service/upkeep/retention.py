"""Forgets in time: once a day, whatever is older than it is kept."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.errors import TransitionLost
from bot.service.jobs.files import ResultFiles
from bot.service.upkeep.left_guilds import LeftGuilds
from bot.service.upkeep.privacy import RetentionPeriods
from bot.store.member.drafts import DraftStore
from bot.store.privacy.retention import RetentionStore

log = logging.getLogger(__name__)

BATCH: Final = 100  # jobs a transaction
DRAFTS: Final = timedelta(days=90)  # since somebody last touched them
RECORDS: Final = timedelta(days=400)  # what admins and moderators have done: a year and a little


class Retention:
    """Forgets what is old, in small steps that may all be repeated, so it can be cut short anywhere."""

    def __init__(
        self,
        *,
        store: RetentionStore,
        drafts: DraftStore,
        left_guilds: LeftGuilds,
        files: ResultFiles,
        retention_periods: RetentionPeriods,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._drafts, self._left_guilds, self._files = store, drafts, left_guilds, files
        self._retention_periods, self._clock, self._wake = retention_periods, clock, wake

    async def work(self) -> None:
        """Forget what is old, unless the clock has leapt: what is deleted for a wrong date is lost.

        A clock that has leapt is believed the next day, when it has gone on as a clock does.
        """
        now, retention_periods = self._clock(), self._retention_periods
        if not await self._store.believable(now):
            log.info("nothing is forgotten today: this is the first start, or the clock has leapt")
            return
        forgotten = (
            await self._forget_texts(now - retention_periods.texts) if retention_periods.texts is not None else 0
        )
        expired = await self._forget_files(now - retention_periods.files) if retention_periods.files is not None else 0
        texts = DRAFTS if retention_periods.texts is None else min(retention_periods.texts, DRAFTS)
        await self._drafts.forget(before=now - texts)
        before = None if retention_periods.texts is None else now - retention_periods.texts
        await self._store.trim(texts=before, records=now - RECORDS, now=now)
        await self._store.end_sanctions(now=now)
        guilds = await self._left_guilds.forget(before=now - retention_periods.guilds)
        log.info("forgotten", extra={"texts": forgotten, "files": expired, "guilds": guilds})

    async def _forget_texts(self, before: datetime) -> int:
        count = 0
        while found := await self._store.forget_texts(before=before, most=BATCH):
            count += found
        return count

    async def _forget_files(self, before: datetime) -> int:
        count = 0
        while jobs := await self._store.unfetched(before=before, most=BATCH):
            for job in jobs:
                try:
                    failed = await self._store.expire(job, now=self._clock())
                except TransitionLost:
                    continue  # fetched a moment ago
                await self._files.discard(failed)
                count += 1
        if count:
            self._wake()
        return count
