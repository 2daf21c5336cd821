"""Carries out the steps of a claimed job; after the unexpected another try, or an end that people hear of."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.domain import Failure, Job, backoff
from bot.domain.next_step import Step, next_step
from bot.errors import DestinationBusy
from bot.service.jobs.cards import Cards
from bot.service.jobs.delivery import Delivery
from bot.service.jobs.files import ResultFiles
from bot.service.jobs.submission import Submission
from bot.service.measures import Measures
from bot.service.traces import DELIVER, Traces
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.review_decisions import ReviewDecisionStore

log = logging.getLogger(__name__)

CLOSING: Final = 200  # tries to close a card that Discord does not take, for more than a day
CRASH_RETRIES: Final = 8  # tries to close a job whose end fails unexpectedly
WAIT_CAP: Final = 600.0  # seconds at the most between two tries of the same step
CROWD: Final = timedelta(seconds=30)  # about how long a video waits that finds too many before it


class Steps:
    """Carries out steps. Each gives the job's lease back, unless the next one can follow at once."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        submission: Submission,
        delivery: Delivery,
        files: ResultFiles,
        decisions: ReviewDecisionStore,
        cards: Cards,
        measures: Measures,
        traces: Traces,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
    ) -> None:
        self._jobs, self._submission, self._delivery, self._cards = jobs, submission, delivery, cards
        self._files, self._decisions, self._measures, self._traces = files, decisions, measures, traces
        self._clock, self._rand = clock, rand
        self._ways: Mapping[Step, Callable[[Job], Awaitable[Job]]] = {
            Step.SUBMIT: submission.submit,
            Step.EXPIRE: self._expire,
            Step.END_REVIEW: self._end_review,
            Step.RECONCILE: submission.reconcile,
            Step.POLL: submission.poll,
            **{step: partial(delivery.deliver, step=step) for step in Step if step.delivers},
            Step.CLOSE: self._close,
        }

    async def carry_out(self, job: Job, step: Step) -> Job:
        """Carry out a step of a claimed job."""
        name = DELIVER if step.delivers else str(step)
        with self._traces.step(name, job.id, provider=job.provider, attempt=job.attempt) as span:
            after = await self._ways[step](job)
            span.note(status=str(after.status))
        self._measures.job_moved(job, after)
        return after

    async def _expire(self, job: Job) -> Job:
        return await self._jobs.fail(job, failure=Failure.DEADLINE, code="", now=self._clock())

    async def _end_review(self, job: Job) -> Job:
        ended = await self._decisions.expire(job, now=self._clock())
        await self._files.discard(ended)
        return ended

    async def postpone(self, job: Job) -> Job:
        """Have a step carried out later, since too many others wait for the same channel."""
        wait = CROWD * (0.5 + self._rand())
        return await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=job.tries)

    async def retry_after_crash(self, job: Job) -> None:
        """Have a step that failed unexpectedly carried out again, ever later, but not for ever.

        Raises:
            StoreError: it could not be written down; the lease runs out.
        """
        step = next_step(job, now=self._clock())
        if step is Step.CLOSE and job.tries >= CRASH_RETRIES:
            await self._close_if_over(job)
        elif step in {Step.RECONCILE, Step.POLL} and self._submission.too_long(job):
            await self._submission.lose(job)
        elif step.delivers and self._delivery.too_long(job):
            await self._delivery.keep(job, "internal")
        else:
            await self._retry_later(job)

    async def _close(self, job: Job) -> Job:
        try:
            await self._cards.close(job)
        except DestinationBusy as exc:
            log.info("the card could not be closed", extra={"job": job.id, "reason": exc.reason})
            if job.tries < CLOSING:
                return await self._retry_later(job)
        return await self._close_if_over(job)

    async def _close_if_over(self, job: Job) -> Job:
        closed = await self._jobs.close(job)
        await self._cards.forget(job)
        return closed

    async def _retry_later(self, job: Job) -> Job:
        tries = job.tries + 1
        wait = backoff.delay(tries, rand=self._rand, cap=WAIT_CAP)
        return await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=tries)
