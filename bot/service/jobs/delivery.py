"""Delivers a finished video: has its file downloaded, checked and fitted to the limit, posts it, and settles.

The order makes a crash harmless: the file is whole or not there, `posting_at` is written before the post, and a post
that may have happened is looked for before it is repeated. What somebody has to look at first is held before that.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot import errors
from bot.domain import DeadLetter, Failure, Job, JobStatus, Review, backoff
from bot.domain.next_step import Step
from bot.service.jobs.files import ResultFiles
from bot.service.operator_alerts import OperatorAlerts
from bot.service.ports import Alert, CannotTell, Notifier, NotPosted, Posted, Result, Sighting, Trouble
from bot.service.screening.screening import ResultScreening
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.queries import JobQueryStore

log = logging.getLogger(__name__)

FETCHES: Final = 6  # spoilt files at the least before the job fails, and
PATIENCE: Final = timedelta(minutes=30)  # so long at the least since the first of them: storage may only be late
KEEP_TRYING: Final = timedelta(hours=24)  # so long a finished video is fetched from and offered to whoever is busy
LOOKS: Final = 12  # at a place that is closed to us for a post that may be there: an hour and a half at the most
WAIT_CAP: Final = 600.0  # seconds at the most between two tries
SMALLEST: Final = 10 * 1024 * 1024  # bytes a file that Discord takes everywhere

_PASSES: Final = frozenset({"unreachable", "disk", "machine"})  # troubles that say nothing about the file
_OURS: Final = frozenset({"disk", "machine"})  # of those, the ones that the operator can end
_HOPELESS: Final = frozenset({"over_cap", "cannot_fit"})


class Delivery:
    """Delivers finished videos. `moment` is the present by Discord's clock, `clock` by ours."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        lookup: JobQueryStore,
        files: ResultFiles,
        notifier: Notifier,
        operator_alerts: OperatorAlerts,
        result_screening: ResultScreening,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        rand: Callable[[], float],
    ) -> None:
        self._jobs, self._lookup, self._files = jobs, lookup, files
        self._notifier, self._operator_alerts, self._result_screening = notifier, operator_alerts, result_screening
        self._clock, self._moment, self._rand = clock, moment, rand

    async def deliver(self, job: Job, step: Step) -> Job:
        """Bring a finished video to its destination, by one of the steps that deliver; or hold it, or keep it."""
        try:
            return await self._deliver(job, step)
        except errors.TransitionLost:
            if await self._is_given_up(job):
                await self._files.discard(job)
            raise

    async def _deliver(self, job: Job, step: Step) -> Job:
        try:
            if step is Step.SCREEN and (case := await self._result_screening.find_objection(job)) is not None:
                await self._files.prepare(job, limit=job.destination.upload_limit)  # on disk for as long as that takes
                return await self._result_screening.hold(job, case)
            moment = self._moment()
            sighting = await self._notifier.find_result(job) if step is Step.FIND else NotPosted()
            if (left := await self._leave(job, step, sighting)) is not None:
                return left
            posted, job = (
                (sighting, job) if isinstance(sighting, Posted) else await self._post_somewhere(job, moment=moment)
            )
        except (errors.ResultUnusable, errors.ResultUnavailable, errors.ResultTooLarge) as exc:
            return await self._retry_or_fail(job, exc)
        except errors.DestinationBusy as exc:
            return await self.keep(job, exc.reason) if self.too_long(job) else await self._postpone(job, exc.reason)
        except errors.DestinationLost as exc:
            return await self.keep(job, exc.reason)
        place = {"channel_id": posted.channel_id, "message_id": posted.message_id}
        try:
            done = await self._jobs.delivered(job, **place, now=self._clock())
        except errors.TransitionLost:
            await self._take_back(job, posted)
            raise
        log.info("delivered", extra={"job": job.id, "posted": posted.message_id})
        await self._files.discard(job)
        return done

    async def _leave(self, job: Job, step: Step, sighting: Sighting) -> Job | None:
        """Leave a video that isn't to be posted now; None for any other.

        Nobody can tell whether it was; or it was not, and was looked for only since its row was restored: then it goes
        the way of a new one.
        """
        if isinstance(sighting, CannotTell):
            return await self._postpone_doubtful(job, sighting)
        if step is Step.FIND and job.restored and isinstance(sighting, NotPosted):
            return await self._jobs.know(job, until=job.due_at or self._clock())
        return None

    async def _take_back(self, job: Job, posted: Posted) -> None:
        """Delete a post whose job was given up while it was made: nobody else knows of it."""
        if not await self._is_given_up(job):
            return
        try:
            await self._notifier.take_back(job, posted)
        except (errors.DestinationBusy, errors.DestinationLost) as exc:
            log.warning("the post of an ended job stays", extra={"job": job.id, "reason": exc.reason})

    async def _is_given_up(self, job: Job) -> bool:
        """Tell whether nobody will want the video of a job that somebody else has moved."""
        present = await self._lookup.job(job.id)
        return present is None or present.status is JobStatus.FAILED

    async def keep(self, job: Job, reason: str) -> Job:
        """Keep a video that reaches nobody for its person to fetch; the operator hears of closed channels."""
        kept = await self._jobs.mark_dead_letter(job, reason=DeadLetter.UNDELIVERABLE, now=self._clock())
        await self._files.keep_whole(job)
        if not job.destination.private:  # who takes direct messages is nobody's to mend but the person's
            await self._operator_alerts.tell(
                Alert(trouble=Trouble.UNDELIVERABLE, subject=job.id, detail=reason, job=job)
            )
        log.info("kept", extra={"job": job.id, "reason": reason})
        return kept

    async def _postpone_doubtful(self, job: Job, doubt: CannotTell) -> Job:
        """Look later for a post that nobody can see now; in the end keep the video. Nothing is posted anew."""
        if self.too_long(job) or (doubt.closed and job.tries >= LOOKS):
            return await self.keep(job, f"in doubt: {doubt.reason}")
        return await self._postpone(job, doubt.reason)

    async def _post_somewhere(self, job: Job, *, moment: datetime) -> tuple[Posted, Job]:
        """Post the result, which is nowhere at that moment; Discord may take less than it said it would."""
        limit = job.destination.upload_limit
        try:
            return await self._post(await self._files.prepare(job, limit=limit), moment=moment)
        except errors.ResultTooLarge as exc:
            if exc.reason in _HOPELESS:
                raise
            log.warning("the file is too large after all", extra={"job": job.id, "limit": limit})
            if limit <= SMALLEST:
                raise errors.DestinationLost(exc.reason) from exc
        try:
            return await self._post(await self._files.prepare(job, limit=SMALLEST), moment=moment)
        except errors.ResultTooLarge as exc:
            raise errors.DestinationLost(exc.reason) from exc

    async def _post(self, result: Result, *, moment: datetime) -> tuple[Posted, Job]:
        job = await self._jobs.begin_posting(result.job, at=moment)
        log.info("posting", extra={"job": job.id, "bytes": result.media.size})
        try:
            return await self._notifier.post_result(result), job
        except errors.DestinationLost as exc:
            if job.destination.private or job.destination.guild_id is None:
                raise
            log.warning("the channel is closed, trying the person", extra={"job": job.id, "reason": exc.reason})
            job = await self._jobs.begin_posting(job, at=moment, directly=True)
            return await self._notifier.send_directly(result), job

    async def _retry_or_fail(
        self, job: Job, exc: errors.ResultUnusable | errors.ResultUnavailable | errors.ResultTooLarge
    ) -> Job:
        """Have a video without a usable file tried again, or fail its job."""
        reason = exc.reason
        log.warning("no usable file", extra={"job": job.id, "reason": reason, "tries": job.tries})
        if reason in _OURS:
            await self._operator_alerts.tell(Alert(trouble=Trouble.MACHINE, subject="results", detail=reason))
        spoilt = job.misses + (reason not in _PASSES)
        enough = reason not in _PASSES and _tried_enough(spoilt)
        if not (reason in _HOPELESS or enough or self.too_long(job)):
            return await self._postpone(job, reason, spoilt=spoilt)
        failed = await self._jobs.fail(job, failure=Failure.RESULT, code=reason, now=self._clock())
        await self._files.discard(job)
        return failed

    async def _postpone(self, job: Job, reason: str, *, spoilt: int | None = None) -> Job:
        tries = job.tries + 1
        wait = backoff.delay(tries, rand=self._rand, cap=WAIT_CAP)
        log.info("delivery waits", extra={"job": job.id, "reason": reason, "tries": tries})
        return await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=tries, misses=spoilt)

    def too_long(self, job: Job) -> bool:
        """Tell whether a finished video has been tried to be delivered for long enough."""
        since = job.deadline_at if job.review is Review.PASSED else job.finished_at  # the end of its review
        return self._clock() - (since or job.created_at) > KEEP_TRYING


def _tried_enough(spoilt: int) -> bool:
    """Whether that many spoilt files of a job show that there will be no other. Its waits are those of `_postpone`."""
    return spoilt >= FETCHES and backoff.least(spoilt - 1, cap=WAIT_CAP) >= PATIENCE
