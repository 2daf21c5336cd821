"""Has jobs made by their providers: submits them, reconciles what is uncertain, polls until there is an end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot import errors
from bot.domain import DeadLetter, Failure, Job, Spread, backoff, to_micros
from bot.domain.polling import net, next_poll
from bot.log import QUERIES
from bot.provider.base import Task, TaskFailure, TaskStatus, VideoProvider
from bot.service.jobs.callbacks import Callbacks
from bot.service.jobs.eta import Forecaster
from bot.service.jobs.offered_models import GivenUpModels
from bot.service.jobs.provider_health import ProviderHealth
from bot.service.jobs.watcher import ENDED, Watcher
from bot.service.operator_alerts import OperatorAlerts
from bot.service.ports import Alert, Trouble
from bot.store.jobs.jobs import JobStore
from bot.values import dataclass

log = logging.getLogger(__name__)
queries = logging.getLogger(QUERIES)

LOST_AFTER: Final = 5  # polls in a row at the least that find no such task before it is believed, and
PATIENCE: Final = timedelta(minutes=30)  # so long at the least since the first of them
MISS_CAP: Final = 300.0  # seconds at the most between two of them
SILENCE: Final = timedelta(hours=6)  # after a job's deadline, without an answer, before the operator has to find out
RECONCILE_AFTER: Final = timedelta(seconds=2)  # before asking for a task whose submission ended in doubt
DOUBT: Final = 120.0  # seconds that its provider rests then, of which half is sure
LOOKS: Final = 3  # for such a task: a submission that was cut off may still be on its way
LOOK_BASE: Final = 2.0  # seconds between the first two looks
LOOK_PACE: Final = timedelta(milliseconds=100)  # between two looks for what may have been made before a restore
UNCONFIGURED: Final = "not_configured"  # our own code: the job's provider has no key in the settings any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The shortest and the longest wait between two polls of a job that goes well."""

    least: timedelta
    most: timedelta


class Submission:
    """Carries out the steps that a provider has a part in. Each takes a claimed job and gives the lease back."""

    def __init__(
        self,
        *,
        providers: Mapping[str, VideoProvider],
        health: Mapping[str, ProviderHealth],
        jobs: JobStore,
        forecaster: Forecaster,
        callbacks: Callbacks,
        watcher: Watcher,
        operator_alerts: OperatorAlerts,
        given_up: GivenUpModels,
        pace: Pace,
        lease: timedelta,  # of a submission
        clock: Callable[[], datetime],
        rand: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._providers, self._health, self._jobs = providers, health, jobs
        self._forecaster, self._operator_alerts = forecaster, operator_alerts
        self._pace, self._lease = pace, lease
        self._given_up, self._callbacks, self._watcher = given_up, callbacks, watcher
        self._clock, self._rand, self._sleep = clock, rand, sleep

    async def submit(self, job: Job, *, again: bool = False) -> Job:
        """Hand a job in `SUBMITTING` to its provider; `again` after a submission of it that ended in doubt.

        One of a restored database is looked for first: it may have been submitted since.
        """
        if job.restored:
            return await self._look_elsewhere(job)
        spread = await self._forecaster.spread(
            job.request
        )  # now: what the provider says has to be written down at once
        try:
            task = await self._providers[job.provider].submit(
                job.request, external_id=job.external_id, may_send=self._while_leased(job)
            )
        except errors.OutcomeUnknown as exc:
            log.warning("the submission ended in doubt", extra={"job": job.id, "detail": exc.detail})
            self._health[job.provider].note_doubt()
            now = self._clock()
            next_at = now + RECONCILE_AFTER
            return await self._write(job, lambda: self._jobs.doubt(job, next_at=next_at, now=now, pause=self._rest))
        except errors.ProviderError as exc:
            return await self._submission_failed(job, exc, again=again)
        log.info("submitted", extra={"job": job.id, "task": task.id, "attempt": job.attempt})
        return await self._adopt(job, task, spread=spread)

    async def reconcile(self, job: Job) -> Job:
        """Find out whether a job found in `SUBMITTING` was submitted; submit it only where it certainly was not."""
        provider = self._providers.get(job.provider)
        if provider is None:
            return await self.lose(job) if self.too_long(job) else await self._unconfigured(job)
        if job.restored:
            return await self._look_elsewhere(job)
        spread = await self._forecaster.spread(job.request)
        try:
            task = await provider.find(job.external_id)
        except errors.ProviderError as exc:
            return await self.lose(job) if self.too_long(job) else await self._postpone(job, exc)
        late = self._clock() >= job.deadline_at
        if task is not None:
            log.info("found again", extra={"job": job.id, "task": task.id})
            return await self._adopt(job, task, spread=spread)
        if job.tries + 1 < LOOKS and not late:
            return await self._look_again(job)
        return await self._not_there(job, provider)

    async def _look_elsewhere(self, job: Job) -> Job:
        """Look for the next of a restored job's submissions that may have been made since its row was copied.

        Only where its provider surely has none of them the job is submitted.
        """
        provider, attempt = self._providers[job.provider], max(job.look_from or 0, job.attempt)
        spread = await self._forecaster.spread(job.request)
        try:
            task = await provider.find(job.external_id_of(attempt))
        except errors.ProviderError as exc:
            return await self.lose(job) if self.too_long(job) else await self._postpone(job, exc)
        if task is not None:
            log.info("found after a restore", extra={"job": job.id, "task": task.id, "attempt": attempt})
            return await self._adopt(job, task, spread=spread, attempt=attempt)
        if attempt < (job.look_to or 0):
            next_at = self._clock() + LOOK_PACE
            return await self._write(job, lambda: self._jobs.look_on(job, attempt=attempt + 1, next_at=next_at))
        return await self._not_there(job, provider)

    async def _not_there(self, job: Job, provider: VideoProvider) -> Job:
        """Go on with a job whose provider has shown no task of it, however often it was asked."""
        if not provider.find_is_authoritative:
            return await self.lose(job)
        now = self._clock()
        if now >= job.deadline_at:
            return await self._fail(job, Failure.DEADLINE, "")
        keep = self._jobs.know if job.restored else self._jobs.keep_leased
        return await self.submit(await keep(job, until=now + self._lease), again=True)

    def _while_leased(self, job: Job) -> Callable[[], bool]:
        """Let a submission be sent only while it ends before its lease does, whatever stops the process meanwhile.

        Otherwise somebody else could look for the task, find nothing yet, and submit the job again.
        """
        last = (job.due_at or self._clock()) - self._providers[job.provider].longest_create
        return lambda: self._clock() < last

    async def lose(self, job: Job) -> Job:
        """Make a job a dead letter of which nobody can say what its provider has made: the operator has to find out."""
        buried = await self._write(
            job, lambda: self._jobs.mark_dead_letter(job, reason=DeadLetter.OUTCOME_UNKNOWN, now=self._clock())
        )
        await self._operator_alerts.tell(
            Alert(trouble=Trouble.OUTCOME_UNKNOWN, subject=job.id, detail=job.external_id, job=job)
        )
        return buried

    async def poll(self, job: Job) -> Job:
        """Ask how a job in `RUNNING` stands. A finished one keeps its lease, to be delivered at once.

        Where the watcher has heard of its end, or goes on watching it, nobody is asked.
        """
        provider = self._providers.get(job.provider)
        if provider is None or job.task_id is None:
            return await self.lose(job) if self.too_long(job) else await self._unconfigured(job)
        if (ended := self._watcher.ended(job)) is not None:
            return await self._read(job, ended)
        if self._watcher.covers(job):
            spread = await self._forecaster.spread(job.request)
            if self._watcher.take(job, spread):
                return await self._leave(job, spread=spread)
        began = self._clock()
        try:
            task = await provider.fetch(job.task_id)
        except errors.ProviderError as exc:
            return await self._poll_failed(job, exc)
        took = round((self._clock() - began).total_seconds(), 3)
        queries.debug("asked", extra={"job": job.id, "answer": str(task.status), "seconds": took})
        self._health[job.provider].note_answered()
        return await self._read(job, task)

    async def _leave(self, job: Job, *, spread: Spread) -> Job:
        """Leave a job to the watcher, and look again in case that the watcher dies."""
        now = self._clock()
        wait = net(elapsed=now - (job.submitted_at or now), spread=spread)
        next_at = now + max(self._pace.least, min(wait, job.deadline_at - now))
        return await self._jobs.reschedule(job, next_at=next_at)

    def too_long(self, job: Job) -> bool:
        """Tell whether a job's provider has been silent for so long after the deadline that nobody asks it any more."""
        return self._clock() >= job.deadline_at + SILENCE

    async def _adopt(self, job: Job, task: Task, *, spread: Spread, attempt: int | None = None) -> Job:
        """Write that the provider has the job: from here on it runs; it may even be finished."""
        self._health[job.provider].note_answered()
        now = self._clock()
        next_at = self._next_at(job, task, since=now, now=now, spread=spread)
        if self._watcher.covers(job):  # from when it may be ready
            next_at = min(next_at, now + timedelta(seconds=spread.earliest))
        record = partial(self._jobs.record_task, job, task_id=task.id, next_at=next_at, now=now, attempt=attempt)
        return await self._write(job, record)

    async def _read(self, job: Job, task: Task) -> Job:
        now = self._clock()
        if task.status in ENDED:
            self._callbacks.note_end(job)
            self._watcher.forget(job)
        cost = None if task.cost_usd is None else to_micros(task.cost_usd)
        if task.status is TaskStatus.SUCCEEDED and task.result is not None:
            url = task.result.url_for(watermark=job.request.watermark)
            units = task.cost_units
            log.info("finished", extra={"job": job.id, "task": task.id, "cost_micros": cost, "cost_units": units})
            return await self._write(
                job, lambda: self._jobs.succeed(job, result_url=url, cost_micros=cost, cost_units=units, now=now)
            )
        if task.status is TaskStatus.FAILED and task.failure is not None:
            return await self._task_failed(job, task.failure, cost=cost)
        if now >= job.deadline_at:
            return await self._fail(job, Failure.DEADLINE, "", billed=True)
        spread = await self._forecaster.spread(job.request)
        next_at = self._next_at(job, task, since=job.submitted_at or now, now=now, spread=spread)
        return await self._jobs.reschedule(job, next_at=next_at, misses=0, progress=task.progress)

    def _next_at(self, job: Job, task: Task, *, since: datetime, now: datetime, spread: Spread) -> datetime:
        """Compute when to ask about a job again: at its deadline at the latest, of which its person hears."""
        if task.status in ENDED:
            return now
        elapsed = now - since
        usual = next_poll(
            elapsed=elapsed,
            spread=spread,
            progress=(job.progress, task.progress),
            least=self._pace.least,
            most=self._pace.most,
            rand=self._rand,
        )
        wait = self._callbacks.wait(job, usual, elapsed=elapsed, spread=spread)
        return now + max(self._pace.least, min(wait, job.deadline_at - now))

    async def _task_failed(self, job: Job, failure: TaskFailure, *, cost: int | None) -> Job:
        log.warning("the task failed", extra={"job": job.id, "code": failure.code, "detail": failure.detail})
        again = failure.resubmits is None or job.attempt <= failure.resubmits
        if failure.fault is errors.FaultClass.TRANSIENT and again and self._clock() < job.deadline_at:
            # Each attempt that ran begins with no tries, so how often it has failed is told by the attempts.
            wait = backoff.delay(job.attempt, rand=self._rand)
            return await self._requeue(job, attempt=job.attempt + 1, wait=wait, cost=cost)
        failed = await self._fail(job, failure.fault, failure.code, cost=cost)
        if failure.fault is errors.FaultClass.OPERATOR:
            await self._alert_about_key(job, failure.code)
        return failed

    async def _submission_failed(self, job: Job, exc: errors.ProviderError, *, again: bool) -> Job:
        """Requeue or fail a job whose submission made no task; an earlier one that ended in doubt may have made one."""
        log.warning("not submitted", extra={"job": job.id, "code": exc.code, "detail": exc.detail})
        match exc:
            case errors.ProviderUnavailable() if again:
                return await self._postpone(job, exc)  # the earlier one may yet arrive: it is looked for once more
            case errors.ProviderBusy() | errors.ProviderUnavailable():
                wait = backoff.delay(job.tries + 1, rand=self._rand, retry_after=exc.retry_after)
                self._health[job.provider].note_doubt()
                # An answered refusal may have used the external id up; a call that never arrived has not.
                attempt = job.attempt + 1 if isinstance(exc, errors.ProviderBusy) else job.attempt
                return await self._requeue(job, attempt=attempt, wait=wait, rests=True)
            case errors.OperatorFault():
                self._health[job.provider].note_doubt()
                failed = await self._fail(job, Failure.OPERATOR, exc.code)
                await self._alert_about_key(job, exc.code)
                return failed
            case errors.ModelDiscontinued():
                failed = await self._fail(job, Failure.PERMANENT, exc.code)
                await self._given_up.note(job.request.model, detail=exc.detail)
                return failed
            case _ if again or isinstance(exc, errors.TaskExists):
                return await self._adopt_existing(job, exc)
            case _:
                return await self._refuse(job, exc)

    async def _adopt_existing(self, job: Job, exc: errors.ProviderError) -> Job:
        """Find our task where the external id may be taken, or certainly is (`TaskExists`)."""
        spread = await self._forecaster.spread(job.request)
        try:
            task = await self._providers[job.provider].find(job.external_id)
        except errors.ProviderError as trouble:
            return await self._postpone(job, trouble)
        if task is not None:
            return await self._adopt(job, task, spread=spread)
        if not isinstance(exc, errors.TaskExists):
            return await self._refuse(job, exc)
        return await self._look_again(job) if job.tries + 1 < LOOKS else await self.lose(job)

    async def _poll_failed(self, job: Job, exc: errors.ProviderError) -> Job:
        log.warning("not polled", extra={"job": job.id, "code": exc.code, "detail": exc.detail})
        misses = job.misses + 1 if isinstance(exc, errors.TaskUnknown) else 0
        if misses >= LOST_AFTER and backoff.least(misses - 1, cap=MISS_CAP) >= PATIENCE:
            return await self._fail(job, Failure.PERMANENT, exc.code)
        if self.too_long(job):
            return await self.lose(job)
        return await self._postpone(job, exc, misses=misses)

    async def _look_again(self, job: Job) -> Job:
        tries = job.tries + 1
        next_at = self._clock() + backoff.delay(tries, rand=self._rand, base=LOOK_BASE)
        return await self._write(job, lambda: self._jobs.reschedule(job, next_at=next_at, tries=tries))

    async def _postpone(self, job: Job, exc: errors.ProviderError, *, misses: int = 0) -> Job:
        tries, cap = job.tries + 1, MISS_CAP if misses else backoff.CAP
        next_at = self._clock() + backoff.delay(tries, rand=self._rand, retry_after=exc.retry_after, cap=cap)
        waiting = await self._write(
            job, lambda: self._jobs.reschedule(job, next_at=next_at, tries=tries, misses=misses)
        )
        if isinstance(exc, errors.OperatorFault):
            await self._alert_about_key(job, exc.code)
        return waiting

    async def _unconfigured(self, job: Job) -> Job:
        """Wait for a provider that is not in the settings any more: it may well have the job."""
        await self._alert_about_key(job, UNCONFIGURED)
        next_at = self._clock() + timedelta(seconds=backoff.CAP)
        return await self._write(job, lambda: self._jobs.reschedule(job, next_at=next_at, tries=job.tries))

    async def _requeue(
        self, job: Job, *, attempt: int, wait: timedelta, rests: bool = False, cost: int | None = None
    ) -> Job:
        next_at = self._clock() + wait
        return await self._write(
            job, lambda: self._jobs.requeue(job, attempt=attempt, next_at=next_at, rests=rests, cost_micros=cost)
        )

    def _rest(self, doubts: int) -> timedelta:
        """Compute how long a provider rests after so many submissions in a row that ended in doubt."""
        return backoff.delay(doubts, rand=self._rand, base=DOUBT, cap=backoff.RETRY_AFTER_CAP)

    async def _fail(self, job: Job, failure: str, code: str, *, cost: int | None = None, billed: bool = False) -> Job:
        now = self._clock()
        return await self._write(
            job, lambda: self._jobs.fail(job, failure=failure, code=code, now=now, cost_micros=cost, billed=billed)
        )

    async def _refuse(self, job: Job, exc: errors.ProviderError) -> Job:
        """Fail a job whose request its provider doesn't take."""
        refused = isinstance(exc, errors.ContentRefused)
        return await self._fail(job, Failure.CONTENT if refused else Failure.PERMANENT, exc.code)

    async def _alert_about_key(self, job: Job, code: str) -> None:
        await self._operator_alerts.tell(Alert(trouble=Trouble.KEY, subject=job.provider, detail=code))

    async def _write(self, job: Job, write: Callable[[], Awaitable[Job]]) -> Job:
        """Write down what the provider has said of a job, as often as that takes: nobody else remembers it.

        Where it cannot be said whether it was kept, and the job has moved by the next time, it was.
        """
        outage, doubtful = backoff.Outage(rand=self._rand), False
        while True:
            try:
                return await write()
            except errors.TransitionLost:
                if not doubtful:
                    raise
                write, doubtful = partial(self._jobs.moved, job), False
                continue
            except errors.StoreUnavailable as exc:
                wait, doubtful = outage.note_refusal(), doubtful or isinstance(exc, errors.CommitUnknown)
                log.warning("not written down yet", extra={"detail": str(exc), "tries": outage.tries})
            await self._sleep(wait.total_seconds())
