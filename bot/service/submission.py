"""From the queue to a finished task: submit, reconcile what is uncertain, poll until there is an end."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.domain import backoff, eta
from bot.domain.job import DeadLetter
from bot.domain.price import to_micros
from bot.errors import (
    ContentRefused,
    FaultClass,
    OperatorFault,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
    TaskUnknown,
)
from bot.provider.base import TaskStatus
from bot.service.notifier import Alert, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.domain.job import Job
    from bot.provider.base import Task, TaskFailure, VideoProvider
    from bot.service.expectation import Expectation
    from bot.service.health import ProviderHealth
    from bot.service.operator import OperatorDesk
    from bot.store.jobs import JobStore

log = logging.getLogger(__name__)

LOST_AFTER: Final = 5  # polls that find no such task before it is believed
RECONCILE_AFTER: Final = timedelta(seconds=2)  # before asking for a task whose submission ended in doubt


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The shortest and the longest wait between two polls of a job that goes well."""

    least: timedelta
    most: timedelta


class Submission:
    """The steps of a job that the provider has a part in. Each takes a claimed job and gives the lease back."""

    def __init__(
        self,
        *,
        providers: Mapping[str, VideoProvider],
        health: Mapping[str, ProviderHealth],
        jobs: JobStore,
        expectation: Expectation,
        desk: OperatorDesk,
        pace: Pace,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
    ) -> None:
        self._providers, self._health, self._jobs = providers, health, jobs
        self._expectation, self._desk, self._pace = expectation, desk, pace
        self._clock, self._rand = clock, rand

    async def submit(self, job: Job) -> Job:
        """Hand a job in `SUBMITTING` to its provider."""
        provider = self._providers.get(job.provider)
        if provider is None:
            return await self._fail(job, "operator", "not_configured")
        try:
            task = await provider.submit(job.request, external_id=job.external_id)
        except OutcomeUnknown as exc:
            log.warning("the submission ended in doubt", extra={"job": job.id, "detail": exc.detail})
            self._health[job.provider].doubt()
            return await self._jobs.reschedule(job, next_at=self._clock() + RECONCILE_AFTER)
        except ProviderError as exc:
            return await self._not_submitted(job, exc)
        self._health[job.provider].answered()
        log.info("submitted", extra={"job": job.id, "task": task.id, "attempt": job.attempt})
        return await self._adopt(job, task)

    async def reconcile(self, job: Job) -> Job:
        """Find out whether a job found in `SUBMITTING` was submitted; submit it only where it certainly was not."""
        provider = self._providers.get(job.provider)
        late = self._clock() >= job.deadline_at
        try:
            task = await provider.find(job.external_id) if provider else None
        except ProviderError as exc:
            return await self._bury(job) if late else await self._later(job, exc)
        if task is not None:
            log.info("found again", extra={"job": job.id, "task": task.id})
            return await self._adopt(job, task)
        if provider is None or not provider.find_is_authoritative:
            return await self._bury(job)
        return await self._fail(job, "deadline", "") if late else await self.submit(job)

    async def poll(self, job: Job) -> Job:
        """Ask how a job in `RUNNING` stands. A finished one keeps its lease, to be delivered at once."""
        provider = self._providers.get(job.provider)
        if provider is None or job.task_id is None:
            return await self._fail(job, "operator", "not_configured")
        try:
            task = await provider.fetch(job.task_id)
        except ProviderError as exc:
            return await self._not_polled(job, exc)
        self._health[job.provider].answered()
        return await self._read(job, task)

    async def _adopt(self, job: Job, task: Task) -> Job:
        """The provider has the job: from here on it runs; it may even be finished."""
        now = self._clock()
        wait = await self._wait(job, task, elapsed=timedelta(0))
        return await self._jobs.record_task(job, task_id=task.id, next_at=now + wait, now=now)

    async def _read(self, job: Job, task: Task) -> Job:
        now = self._clock()
        if task.status is TaskStatus.SUCCEEDED and task.result is not None:
            cost = None if task.cost_usd is None else to_micros(task.cost_usd)
            url = task.result.chosen(watermark=job.request.watermark)
            log.info("finished", extra={"job": job.id, "task": task.id, "cost_micros": cost})
            return await self._jobs.succeed(job, result_url=url, cost_micros=cost, now=now)
        if task.status is TaskStatus.FAILED and task.failure is not None:
            return await self._task_failed(job, task.failure)
        if now >= job.deadline_at:
            return await self._fail(job, "deadline", "")
        elapsed = now - (job.submitted_at or now)
        wait = await self._wait(job, task, elapsed=elapsed)
        return await self._jobs.reschedule(job, next_at=now + wait, progress=task.progress)

    async def _wait(self, job: Job, task: Task, *, elapsed: timedelta) -> timedelta:
        if task.status in {TaskStatus.SUCCEEDED, TaskStatus.FAILED}:
            return timedelta(0)
        return eta.next_poll(
            elapsed=elapsed,
            expect=await self._expectation.of(job.request),
            progress=task.progress,
            least=self._pace.least,
            most=self._pace.most,
        )

    async def _task_failed(self, job: Job, failure: TaskFailure) -> Job:
        log.warning("the task failed", extra={"job": job.id, "code": failure.code, "detail": failure.detail})
        again = failure.resubmits is None or job.attempt <= failure.resubmits
        if failure.fault is FaultClass.TRANSIENT and again and self._clock() < job.deadline_at:
            return await self._requeue(job, attempt=job.attempt + 1, retry_after=None)
        if failure.fault is FaultClass.OPERATOR:
            await self._desk.tell(Alert(trouble=Trouble.KEY, subject=job.provider, detail=failure.code))
        return await self._fail(job, str(failure.fault), failure.code)

    async def _not_submitted(self, job: Job, exc: ProviderError) -> Job:
        """The provider certainly has no task for this submission."""
        log.warning("not submitted", extra={"job": job.id, "code": exc.code, "detail": exc.detail})
        match exc:
            case ProviderBusy() | ProviderUnavailable():
                self._health[job.provider].doubt()
                # An answered refusal may have used the external id up; a call that never arrived has not.
                attempt = job.attempt + 1 if isinstance(exc, ProviderBusy) else job.attempt
                return await self._requeue(job, attempt=attempt, retry_after=exc.retry_after)
            case OperatorFault():
                self._health[job.provider].doubt()
                await self._desk.tell(Alert(trouble=Trouble.KEY, subject=job.provider, detail=exc.code))
                return await self._fail(job, "operator", exc.code)
            case ContentRefused():
                return await self._fail(job, "content", exc.code)
            case _:
                return await self._rejected(job, exc)

    async def _rejected(self, job: Job, exc: ProviderError) -> Job:
        """A refusal may also mean that this external id was taken before: then the task is ours."""
        try:
            task = await self._providers[job.provider].find(job.external_id)
        except ProviderError as trouble:
            return await self._later(job, trouble)
        if task is not None:
            return await self._adopt(job, task)
        return await self._fail(job, "permanent", exc.code)

    async def _not_polled(self, job: Job, exc: ProviderError) -> Job:
        log.warning("not polled", extra={"job": job.id, "code": exc.code, "detail": exc.detail})
        if isinstance(exc, OperatorFault):
            await self._desk.tell(Alert(trouble=Trouble.KEY, subject=job.provider, detail=exc.code))
        lost = isinstance(exc, TaskUnknown) and job.tries + 1 >= LOST_AFTER
        if lost or self._clock() >= job.deadline_at:
            return await self._fail(job, "permanent" if lost else "deadline", exc.code)
        return await self._later(job, exc)

    async def _later(self, job: Job, exc: ProviderError) -> Job:
        tries = job.tries + 1
        wait = backoff.delay(tries, rand=self._rand, retry_after=exc.retry_after)
        return await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=tries)

    async def _requeue(self, job: Job, *, attempt: int, retry_after: float | None) -> Job:
        wait = backoff.delay(job.tries + 1, rand=self._rand, retry_after=retry_after)
        return await self._jobs.requeue(job, attempt=attempt, next_at=self._clock() + wait)

    async def _fail(self, job: Job, failure: str, code: str) -> Job:
        return await self._jobs.fail(job, failure=failure, code=code, now=self._clock())

    async def _bury(self, job: Job) -> Job:
        buried = await self._jobs.bury(job, reason=DeadLetter.OUTCOME_UNKNOWN, now=self._clock())
        await self._desk.tell(Alert(trouble=Trouble.OUTCOME_UNKNOWN, subject=job.id, detail=job.external_id))
        return buried
