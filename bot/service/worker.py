"""Claims due jobs and advances each by one step: no task waits for a job, the database says what is due when."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.domain import backoff
from bot.domain.job import JobStatus
from bot.errors import DestinationBusy, StoreError, TransitionLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from bot.domain.job import Job
    from bot.service.cards import Cards
    from bot.service.delivery import Delivery
    from bot.service.submission import Submission
    from bot.store.claims import Claims
    from bot.store.jobs import JobStore

    Step = Callable[[Job], Awaitable[Job]]

log = logging.getLogger(__name__)

IDLE: Final = timedelta(seconds=15)  # the longest sleep; queue positions and deadlines are looked at this often
ALIVE: Final = timedelta(minutes=2)  # without a look at the database for so long, the worker counts as dead
CLOSING: Final = 8  # tries to close a card before it is left as it is
STUMBLE_CAP: Final = 600.0  # seconds at the most between two tries of a step that fails unexpectedly


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """How much is under way at once: `steps` in this process, jobs at one provider, jobs of one person."""

    steps: int
    per_provider: int
    per_user: int
    lease: timedelta


class Worker:
    """The loop that moves every job. `wake` may be called from anywhere in the event loop."""

    def __init__(
        self,
        *,
        claims: Claims,
        jobs: JobStore,
        submission: Submission,
        delivery: Delivery,
        cards: Cards,
        providers: Iterable[str],
        capacity: Capacity,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
    ) -> None:
        self._claims, self._jobs, self._submission = claims, jobs, submission
        self._delivery, self._cards, self._providers = delivery, cards, tuple(providers)
        self._capacity, self._clock, self._rand = capacity, clock, rand
        self._news = asyncio.Event()
        self._under_way: dict[str, Job] = {}
        self._renew_at: datetime | None = None
        self._chores_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._stopping = False

    def wake(self) -> None:
        """Something has changed: look again."""
        self._news.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the steps under way have ended."""
        self._stopping = True
        self.wake()

    def alive(self) -> bool:
        """Whether the loop has looked for work lately, with a database that answered."""
        return self._looked_at is not None and self._clock() - self._looked_at < ALIVE

    async def run(self) -> None:
        """Advance jobs until stopped. If cancelled, so are the steps under way; their leases run out."""
        trouble = 0
        async with asyncio.TaskGroup() as steps:
            while not self._stopping:
                self._news.clear()
                try:
                    await self._round(steps)
                    pause, trouble = await self._pause(), 0
                    self._looked_at = self._clock()
                except StoreError as exc:
                    trouble += 1
                    pause = backoff.delay(trouble, rand=self._rand)
                    log.warning("the database refuses", extra={"detail": str(exc), "tries": trouble})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), pause.total_seconds())

    async def recover(self) -> None:
        """At start: take over what a dead process left unfinished.

        Raises:
            StoreUnavailable: the database refuses.
        """
        await self._delivery.sweep()
        recovered = await self._claims.recover(now=self._clock())
        log.info("recovered", extra={"jobs": recovered})

    async def _round(self, steps: asyncio.TaskGroup) -> None:
        """Claim as much as there is room for, and start a step for each."""
        now = self._clock()
        lease_until = now + self._capacity.lease
        if self._renew_at is None or now >= self._renew_at:
            self._renew_at = now + self._capacity.lease / 3
            await self._claims.renew(list(self._under_way.values()), lease_until=lease_until)
        if room := self._room():
            for job in await self._claims.due(now=now, lease_until=lease_until, most=room):
                self._start(steps, job, self._advance)
        for provider in self._providers:
            while self._room() and (first := await self._next_waiting(provider, now, lease_until)):
                self._start(steps, first, self._submission.submit)
        if self._chores_at is None or now >= self._chores_at:
            self._chores_at = now + IDLE
            await self._chores(steps, now, lease_until)

    async def _chores(self, steps: asyncio.TaskGroup, now: datetime, lease_until: datetime) -> None:
        """What need not be looked at more often than every `IDLE`: deadlines in the queue, positions on cards."""
        for job in await self._claims.overdue(now=now, lease_until=lease_until, most=self._capacity.steps):
            self._start(steps, job, self._expire)
        for provider in self._providers:
            await self._cards.refresh(provider)

    async def _next_waiting(self, provider: str, now: datetime, lease_until: datetime) -> Job | None:
        return await self._claims.waiting(
            provider,
            now=now,
            lease_until=lease_until,
            provider_limit=self._capacity.per_provider,
            user_limit=self._capacity.per_user,
        )

    async def _pause(self) -> timedelta:
        """How long there is nothing to do, unless somebody wakes us."""
        longest = min(IDLE, self._capacity.lease / 3)
        if not self._room():
            return longest
        due = await self._claims.next_due(now=self._clock())
        return longest if due is None else max(timedelta(0), min(longest, due - self._clock()))

    def _room(self) -> int:
        return max(0, self._capacity.steps - len(self._under_way))

    def _start(self, steps: asyncio.TaskGroup, job: Job, step: Step) -> None:
        self._under_way[job.id] = job
        steps.create_task(self._supervised(job, step), name=f"step-{job.id}")

    async def _supervised(self, job: Job, step: Step) -> None:
        """Carry out one step. Whatever goes wrong in it is written down and leaves the job to be claimed again."""
        try:
            after = await step(job)
            if after.due_at is not None:
                await self._cards.show(after)
        except TransitionLost as exc:
            log.info("somebody else moved the job", extra={"job": job.id, "detail": str(exc)})
        except StoreError:
            log.exception("a step could not be recorded", extra={"job": job.id})
        except Exception:
            log.exception("a step failed unexpectedly", extra={"job": job.id, "status": str(job.status)})
            await self._stumble(job)
        finally:
            self._under_way.pop(job.id, None)
            self.wake()

    async def _advance(self, job: Job) -> Job:
        """The next step of a job that has left the queue."""
        if job.finished:
            return await self._close(job)
        if job.status is JobStatus.SUBMITTING:
            return await self._submission.reconcile(job)
        if job.status is JobStatus.RUNNING:
            job = await self._submission.poll(job)
        if job.status is JobStatus.SUCCEEDED:
            await self._cards.show(job)
            job = await self._delivery.deliver(job)
        return job

    async def _close(self, job: Job) -> Job:
        try:
            await self._cards.close(job)
        except DestinationBusy as exc:
            log.info("the card could not be closed", extra={"job": job.id, "reason": exc.reason})
            if job.tries < CLOSING:
                tries = job.tries + 1
                wait = backoff.delay(tries, rand=self._rand)
                return await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=tries)
        return await self._jobs.close(job)

    async def _expire(self, job: Job) -> Job:
        return await self._jobs.fail(job, failure="deadline", code="", now=self._clock())

    async def _stumble(self, job: Job) -> None:
        """After the unexpected: the same step again, ever later; past its deadline a job without a result fails."""
        with contextlib.suppress(StoreError):
            if job.status is JobStatus.RUNNING and self._clock() >= job.deadline_at:
                await self._jobs.fail(job, failure="internal", code="", now=self._clock())
                return
            tries = job.tries + 1
            wait = backoff.delay(tries, rand=self._rand, cap=STUMBLE_CAP)
            await self._jobs.reschedule(job, next_at=self._clock() + wait, tries=tries)
