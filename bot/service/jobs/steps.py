"""What happens to a claimed job: one step forward; after the unexpected another try, or an end that people hear of."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain import Job, JobStatus, Review, backoff
from bot.errors import DestinationBusy
from bot.service.jobs.cards import Cards
from bot.service.jobs.delivery import Delivery
from bot.service.jobs.submission import Submission
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.review_decisions import ReviewDecisionStore

log = logging.getLogger(__name__)

CLOSING: Final = 200  # tries to close a card that Discord does not take, for more than a day
CRASH_RETRIES: Final = 8  # tries to close a job whose end fails unexpectedly
WAIT_CAP: Final = 600.0  # seconds at the most between two tries of the same step
CROWD: Final = timedelta(seconds=30)  # about how long a video waits that finds too many before it

_AT_PROVIDER: Final = frozenset({JobStatus.SUBMITTING, JobStatus.RUNNING})


class Steps:
    """The steps of a job. Each takes a claimed job and gives its lease back, unless it can go on at once."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        submission: Submission,
        delivery: Delivery,
        decisions: ReviewDecisionStore,
        cards: Cards,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
    ) -> None:
        self._jobs, self._submission, self._delivery, self._cards = jobs, submission, delivery, cards
        self._decisions, self._clock, self._rand = decisions, clock, rand

    async def submit(self, job: Job) -> Job:
        """Hand it to its provider."""
        return await self._submission.submit(job)

    async def advance(self, job: Job) -> Job:
        """The next step of a job that has left the queue, up to its delivery."""
        if job.finished:
            return await self._close(job)
        if job.status is JobStatus.SUBMITTING:
            return await self._submission.reconcile(job)
        if job.status is JobStatus.RUNNING:
            return await self._submission.poll(job)
        if job.status is JobStatus.PENDING or job.review is Review.HELD:
            return await self._expire_review(job)
        return job

    async def deliver(self, job: Job) -> Job:
        """Bring a finished video to its people."""
        return await self._delivery.deliver(job)

    async def expire(self, job: Job) -> Job:
        """Its deadline has passed in the queue."""
        return await self._jobs.fail(job, failure="deadline", code="", now=self._clock())

    async def _expire_review(self, job: Job) -> Job:
        """No moderator has decided in time."""
        ended = await self._decisions.expire(job, now=self._clock())
        await self._delivery.discard(ended)
        return ended

    async def postpone(self, job: Job) -> Job:
        """Too many videos are being delivered: this one later."""
        wait = CROWD * (0.5 + self._rand())
        return await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=job.tries)

    async def retry_after_crash(self, job: Job) -> None:
        """After the unexpected: the same step again, ever later, but not for ever.

        Raises:
            StoreError: it could not be written down; the lease runs out.
        """
        if job.finished and job.tries >= CRASH_RETRIES:
            await self._close_if_over(job)
        elif job.status in _AT_PROVIDER and job.dead_letter is None and self._submission.too_long(job):
            await self._submission.lose(job)
        elif job.review is Review.HELD:  # nobody gets it by an accident
            await self._postpone(job, cap=WAIT_CAP)
        elif job.status is JobStatus.SUCCEEDED and not job.finished and self._delivery.too_long(job):
            await self._delivery.keep(job, "internal")
        else:
            await self._postpone(job, cap=WAIT_CAP)

    async def _close(self, job: Job) -> Job:
        try:
            await self._cards.close(job)
        except DestinationBusy as exc:
            log.info("the card could not be closed", extra={"job": job.id, "reason": exc.reason})
            if job.tries < CLOSING:
                return await self._postpone(job, cap=WAIT_CAP)
        return await self._close_if_over(job)

    async def _close_if_over(self, job: Job) -> Job:
        closed = await self._jobs.close(job)
        await self._cards.forget(job)
        return closed

    async def _postpone(self, job: Job, *, cap: float) -> Job:
        tries = job.tries + 1
        wait = backoff.delay(tries, rand=self._rand, cap=cap)
        return await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=tries)
