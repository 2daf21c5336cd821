"""Asks a video service about all of its jobs in one question, where it answers such questions.

A job is watched from when it may be ready. Its own polls then only look whether it still is, and ask nothing; when an
answer says that its task has ended, it is made due, and its poll finds that answer. What no answer tells of is asked
about by itself, and so is everything while the service answers no such questions.
"""

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from bot import errors
from bot.domain import Job, Spread, backoff
from bot.domain.watching import Watched, wait
from bot.log import QUERIES
from bot.provider.base import AnswersMany, Asked, Task, TaskStatus
from bot.service.jobs.callbacks import BUSY_BASE, BUSY_TRIES, Callbacks
from bot.service.jobs.eta import Forecaster
from bot.service.jobs.provider_health import ProviderHealth
from bot.store.jobs.claims import ClaimStore, Woken
from bot.values import dataclass

log = logging.getLogger(__name__)
queries = logging.getLogger(QUERIES)

MOST: Final = 2_000  # jobs of a service that are watched; those beyond are asked about one by one
LOADED: Final = 200  # jobs that are read from the database at once
AT_ONCE: Final = 100  # jobs that are woken in one transaction
MISSES: Final = 2  # questions whose answers tell nothing of a job, until it is asked about by itself
FAILURES: Final = 2  # questions in a row without an answer, until all are asked about one by one
REST: Final = 60.0  # seconds until such a question is asked again, longer each time
RETRY: Final = 3600.0  # seconds until one is that is not answered here; also the longest rest
IDLE: Final = 60.0  # seconds, the longest sleep
ENDED: Final = frozenset({TaskStatus.SUCCEEDED, TaskStatus.FAILED})


@dataclasses.dataclass(slots=True, kw_only=True)
class _Entry:
    """A job that is watched until its deadline, and what is known of its task. `misses` are answers without it."""

    job_id: str
    task_id: str
    external_id: str
    place_id: int
    watched: Watched
    until: float
    misses: int = 0
    ended: Task | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class _Call:
    """A job is to be woken `at`, and has been tried so often."""

    at: float
    tries: int = 0


class Watch:
    """The jobs of one service that this process watches. `wake` calls the worker.

    `owns` says whether a channel's jobs are this process's to ask about, `least` and `most` are the shortest and the
    longest wait between two questions about a job.
    """

    def __init__(
        self,
        provider: str,
        service: AnswersMany,
        *,
        health: ProviderHealth,
        claims: ClaimStore,
        forecaster: Forecaster,
        callbacks: Callbacks,
        owns: Callable[[int], bool],
        least: timedelta,
        most: timedelta,
        clock: Callable[[], datetime],
        rand: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self._provider, self._service, self._health = provider, service, health
        self._claims, self._forecaster, self._callbacks = claims, forecaster, callbacks
        self._owns, self._clock, self._rand, self._wake = owns, clock, rand, wake
        self._least, self._most = least.total_seconds(), most.total_seconds()
        self._entries: dict[str, _Entry] = {}  # by external id
        self._calls: dict[str, _Call] = {}  # likewise
        self._rests_until, self._failures = 0.0, 0
        self._to_load = True
        self._something = asyncio.Event()

    def covers(self) -> bool:
        """Say whether jobs are watched just now: a service whose callbacks arrive needs no watching."""
        return self._now() >= self._rests_until and not self._callbacks.trusted(self._provider)

    def take(self, job: Job, spread: Spread) -> bool:
        """Watch a job, which nobody has to ask about then; False where it has to be asked about by itself.

        At its deadline it has to, since only "not finished" of that moment ends it, and so has one whose task is not
        known to its service.
        """
        if job.misses or not self.covers() or self._clock() >= job.deadline_at:
            return False
        entry = self._entries.get(job.external_id)
        if entry is not None:
            return entry.misses < MISSES
        if len(self._entries) >= MOST:
            return False
        self._add(job, spread)
        self._something.set()
        return True

    def ended(self, job: Job) -> Task | None:
        """Hand over the end of a job's task, where an answer has told of it."""
        entry = self._entries.get(job.external_id)
        if entry is None or entry.ended is None or entry.task_id != job.task_id:
            return None
        return self._entries.pop(job.external_id).ended

    def forget(self, job: Job) -> None:
        """Watch a job no more: it has ended."""
        self._entries.pop(job.external_id, None)

    def reload(self) -> None:
        """Look afresh which jobs are ours, and since when they are worked on."""
        self._to_load = True
        self._something.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        outage = backoff.Outage(rand=self._rand)
        while True:
            self._something.clear()
            try:
                pause = await self.work()
                outage.end()
            except errors.StoreError as exc:
                pause = outage.note_refusal().total_seconds()
                log.warning("the database refuses", extra={"detail": str(exc), "tries": outage.tries})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._something.wait()

    async def work(self) -> float:
        """Wake whose end is known, and ask where it is time to; tell after how many seconds to look again.

        Raises:
            StoreUnavailable: the database refuses; nothing is forgotten.
        """
        if self._to_load:
            self._to_load = False
            try:
                await self._load()
            except errors.StoreError:
                self._to_load = True
                raise
        now = self._now()
        self._drop(now)
        await self._wake_jobs(now)
        pauses = [IDLE, *(call.at - now for call in self._calls.values())]
        if self.covers():
            watched = [each.watched for each in self._entries.values() if each.ended is None and each.misses < MISSES]
            pause = wait(watched, now=now, least=self._least, most=self._most)
            if watched and pause <= 0:
                await self._ask(now)
                return 0.0
            pauses.append(pause)
        elif now < self._rests_until:
            pauses.append(self._rests_until - now)
        return max(0.0, min(pauses))

    async def _load(self) -> None:
        """Watch all jobs that the service works on and that are ours, and no others."""
        for name in [name for name, each in self._entries.items() if not self._owns(each.place_id)]:
            del self._entries[name]
        last = ""
        while jobs := await self._claims.running(self._provider, after=last, most=LOADED):
            for job in jobs:
                known = self._entries.get(job.external_id)
                room = len(self._entries) < MOST if known is None else known.ended is None
                if room and not job.misses and self._owns(job.place_id):
                    self._add(job, await self._forecaster.spread(job.request))
            last = jobs[-1].id

    def _add(self, job: Job, spread: Spread) -> None:
        began_at = (job.submitted_at or self._clock()).timestamp()
        self._entries[job.external_id] = _Entry(
            job_id=job.id,
            task_id=job.task_id or "",
            external_id=job.external_id,
            place_id=job.place_id,
            watched=Watched(spread, began_at=began_at),
            until=job.deadline_at.timestamp(),
        )

    def _drop(self, now: float) -> None:
        """Forget who is asked about by itself: at the deadline, or since its service calls back."""
        trusted = self._callbacks.trusted(self._provider)
        gone = [name for name, each in self._entries.items() if now >= each.until or (trusted and not each.ended)]
        for name in gone:
            del self._entries[name]

    async def _ask(self, now: float) -> None:
        """Ask one question, about those first that have waited the longest, as far as one can expect."""
        entries = [each for each in self._entries.values() if each.ended is None]
        wanted = [
            Asked(
                task_id=each.task_id,
                external_id=each.external_id,
                age=now - each.watched.began_at,
                waited=each.watched.waiting(now) if each.misses < MISSES else 0.0,
            )
            for each in entries
        ]
        wanted.sort(key=lambda each: each.waited, reverse=True)
        try:
            answers = await self._service.fetch_many(wanted)
        except errors.ProviderRejected as exc:
            self._stop(RETRY, exc)
        except errors.ProviderError as exc:
            if not isinstance(exc, errors.ProviderBusy | errors.ProviderUnavailable):
                self._failures = max(self._failures, FAILURES - 1)  # the key or the account: each job finds out at once
            self._note_failure(exc)
        else:
            self._failures = 0
            self._health.note_answered()
            self._read(answers, {each.task_id: each for each in entries}, now=now)

    def _read(self, answers: Mapping[str, Task | None], entries: Mapping[str, _Entry], *, now: float) -> None:
        for task_id, task in answers.items():
            if (entry := entries.get(task_id)) is None:
                continue
            entry.watched.note_asked(now)
            answer = "unclear" if task is None else str(task.status)
            queries.debug("asked about many", extra={"job": entry.job_id, "answer": answer})
            if task is None:
                entry.misses += 1
            elif task.status in ENDED:
                entry.ended = task
            else:
                entry.misses = 0
            if entry.ended is not None or entry.misses == MISSES:
                self._calls[entry.external_id] = _Call(at=now)

    def _note_failure(self, exc: errors.ProviderError) -> None:
        """Wait as after any question that failed, and after several ask about each job by itself."""
        self._failures += 1
        if self._failures >= FAILURES:
            wait_ = backoff.delay(self._failures, rand=self._rand, base=REST, cap=RETRY, retry_after=exc.retry_after)
            self._stop(wait_.total_seconds(), exc)
        else:
            wait_ = backoff.delay(self._failures, rand=self._rand, retry_after=exc.retry_after)
            self._rests_until = self._now() + wait_.total_seconds()

    def _stop(self, seconds: float, exc: errors.ProviderError) -> None:
        """Have every job asked about by itself for so long: who hears what is wrong is told then, as ever."""
        log.warning("asked one by one", extra={"provider": self._provider, "code": exc.code, "detail": exc.detail})
        now = self._now()
        self._rests_until = now + seconds
        for name in [name for name, each in self._entries.items() if each.ended is None]:
            del self._entries[name]
            self._calls[name] = _Call(at=now)

    async def _wake_jobs(self, now: float) -> None:
        """Make jobs due whose time to be woken has come; one that somebody is moving a little later."""
        due = [name for name, call in self._calls.items() if call.at <= now][:AT_ONCE]
        if not due:
            return
        outcomes = await self._claims.wake(due, now=self._clock(), called=False)
        for name, outcome in outcomes.items():
            tries = self._calls.pop(name).tries + 1
            if outcome is Woken.BUSY and tries < BUSY_TRIES:
                self._calls[name] = _Call(at=now + BUSY_BASE * 2 ** (tries - 1), tries=tries)
            elif outcome is Woken.NO:
                self._entries.pop(name, None)
        if Woken.YES in outcomes.values():
            self._wake()

    def _now(self) -> float:
        return self._clock().timestamp()


class Watcher:
    """The watches, by the services that answer questions about many jobs at once."""

    def __init__(self, watches: Mapping[str, Watch]) -> None:
        self.watches = watches

    def covers(self, job: Job) -> bool:
        """Say whether jobs of this one's service are watched just now."""
        watch = self.watches.get(job.provider)
        return watch is not None and watch.covers()

    def take(self, job: Job, spread: Spread) -> bool:
        """Watch a job, which nobody has to ask about then; False where it has to be asked about by itself."""
        watch = self.watches.get(job.provider)
        return watch is not None and watch.take(job, spread)

    def ended(self, job: Job) -> Task | None:
        """Hand over the end of a job's task, where an answer has told of it."""
        watch = self.watches.get(job.provider)
        return None if watch is None else watch.ended(job)

    def forget(self, job: Job) -> None:
        """Watch a job no more: it has ended."""
        if (watch := self.watches.get(job.provider)) is not None:
            watch.forget(job)

    def reload(self) -> None:
        """Look afresh which jobs are ours: processes have come or gone, or the clock has leapt."""
        for watch in self.watches.values():
            watch.reload()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, watch in self.watches.items():
                group.create_task(watch.run(), name=f"watch-{name}")
