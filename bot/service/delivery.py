"""From a finished task to a posted video: download, check, fit to the limit, post, settle.

The order makes a crash harmless: the file is whole or not there, `posting_at` is written before the post, and a post
that may have happened is looked for before it is repeated.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from bot.domain import backoff
from bot.domain.job import DeadLetter
from bot.errors import (
    DestinationBusy,
    DestinationLost,
    ProviderError,
    ResultTooLarge,
    ResultUnavailable,
    ResultUnusable,
)
from bot.service.notifier import Alert, Result, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from bot.domain.job import Job
    from bot.provider.base import VideoProvider
    from bot.service.media import Media
    from bot.service.notifier import Notifier, Posted
    from bot.service.operator import OperatorDesk
    from bot.store.jobs import JobStore
    from bot.store.lookup import Lookup

log = logging.getLogger(__name__)

FETCHES: Final = 6  # tries to get a whole, playable file before the job fails
KEEP_TRYING: Final = timedelta(hours=24)  # so long a finished video is offered to a busy Discord


class Fetcher(Protocol):
    """Brings a file from an untrusted URL to disk, whole or not at all."""

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        """Stream at most `cap` bytes to `path`; how many there were."""
        ...


class Delivery:
    """The steps of a job that has a result."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        lookup: Lookup,
        providers: Mapping[str, VideoProvider],
        fetcher: Fetcher,
        media: Media,
        notifier: Notifier,
        desk: OperatorDesk,
        folder: Path,
        cap: int,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
    ) -> None:
        self._jobs, self._lookup, self._providers = jobs, lookup, providers
        self._fetcher, self._media = fetcher, media
        self._notifier, self._desk, self._folder, self._cap = notifier, desk, folder, cap
        self._clock, self._rand = clock, rand

    async def sweep(self) -> None:
        """At start: make the folder, and remove the files that nobody needs any more."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in self._folder.iterdir():
            job = await self._lookup.job(file.name.partition(".")[0])
            if job is None or (job.finished and job.dead_letter is None) or file.name.endswith(".part"):
                file.unlink(missing_ok=True)

    async def deliver(self, job: Job) -> Job:
        """Bring the result of a job in `SUCCEEDED` to its destination."""
        try:
            result = await self._ready(job)
            posted, job = await self._post(result)
        except (ResultUnusable, ResultUnavailable, ResultTooLarge, ProviderError) as exc:
            return await self._no_file(job, exc)
        except DestinationBusy as exc:
            if self._clock() - (job.finished_at or job.created_at) > KEEP_TRYING:
                return await self._keep(job, exc.reason)
            return await self._later(job, exc.reason)
        except DestinationLost as exc:
            return await self._keep(job, exc.reason)
        done = await self._jobs.delivered(
            job, channel_id=posted.channel_id, message_id=posted.message_id, now=self._clock()
        )
        log.info("delivered", extra={"job": job.id, "posted": posted.message_id, "bytes": result.media.size})
        self._discard(job)
        return done

    async def _ready(self, job: Job) -> Result:
        """The checked file on disk, downloaded unless an earlier try has left it there."""
        whole, fitted = self._files(job)
        if not whole.exists():
            await self._fetcher.download(await self._url(job), whole, cap=self._cap)
        try:
            await self._media.probe(whole)
            file = await self._media.fit(whole, limit=job.destination.upload_limit, into=fitted)
            return Result(job=job, file=file, media=await self._media.probe(file))
        except ResultUnusable:
            self._discard(job)
            raise

    async def _url(self, job: Job) -> str:
        """The result's URL, asked for afresh when the first one did not serve: signed URLs run out."""
        provider = self._providers.get(job.provider)
        if job.tries and provider is not None and job.task_id is not None:
            task = await provider.fetch(job.task_id)
            if task.result is not None:
                return task.result.chosen(watermark=job.request.watermark)
        if job.result_url is None:
            raise ResultUnavailable("no_url")
        return job.result_url

    async def _post(self, result: Result) -> tuple[Posted, Job]:
        job = result.job
        if job.posting_at is not None and (posted := await self._notifier.find_result(job)):
            return posted, job
        job = await self._jobs.begin_posting(job, now=self._clock())
        try:
            return await self._notifier.post_result(result), job
        except DestinationLost as exc:
            if job.destination.private or job.destination.guild_id is None:
                raise
            log.warning("the channel is closed, trying the person", extra={"job": job.id, "reason": exc.reason})
            return await self._notifier.send_directly(result), job

    async def _no_file(self, job: Job, exc: Exception) -> Job:
        reason = getattr(exc, "reason", "provider")
        log.warning("no usable file", extra={"job": job.id, "reason": reason, "tries": job.tries})
        hopeless = isinstance(exc, ResultTooLarge) or reason == "address"
        if hopeless or job.tries + 1 >= FETCHES:
            return await self._jobs.fail(job, failure="result", code=reason, now=self._clock())
        return await self._later(job, reason)

    async def _later(self, job: Job, reason: str) -> Job:
        tries = job.tries + 1
        wait = backoff.delay(tries, rand=self._rand)
        log.info("delivery waits", extra={"job": job.id, "reason": reason, "tries": tries})
        return await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=tries)

    async def _keep(self, job: Job, reason: str) -> Job:
        """Every place is closed: keep the file for the person to fetch, and say so to the operator."""
        kept = await self._jobs.bury(job, reason=DeadLetter.UNDELIVERABLE, now=self._clock())
        await self._desk.tell(Alert(trouble=Trouble.UNDELIVERABLE, subject=job.id, detail=reason))
        return kept

    def _files(self, job: Job) -> tuple[Path, Path]:
        return self._folder / f"{job.id}.mp4", self._folder / f"{job.id}.fit.mp4"

    def _discard(self, job: Job) -> None:
        for file in self._files(job):
            file.unlink(missing_ok=True)
