"""Forecasts how long jobs take, from the bot's own history, and so when those that wait are ready."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, Self

from bot.domain import Forecast, Job, JobStatus, RunningLimits, Spread, VideoRequest, Waiting, WorkLine, eta
from bot.domain.concurrency import begins_at
from bot.errors import StoreError
from bot.store.jobs.queries import JobQueryStore
from bot.values import dataclass

FRESH: Final = timedelta(minutes=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueForecast:
    """Where a waiting job stands, from 1, and when its video is expected: None where it is `paused`, or not in time.

    `waits` is whether it really has to wait, and not just until somebody looks.
    """

    position: int
    waits: bool = True
    expected_at: datetime | None = None
    paused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView:
    """A job and, while it waits, its place in the queue and when its video is expected."""

    job: Job
    position: int | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Likeness:
    """What is known of how long requests take that are like each other."""

    forecast: Forecast
    spread: Spread

    @classmethod
    def of(cls, request: VideoRequest, history: list[float]) -> Self:
        guess = eta.first_guess(request)
        return cls(eta.forecast(request, history), Spread.of(history, guess=guess))


class Forecaster:
    """Answers how long the provider will work on a request, and when a waiting job will be ready."""

    def __init__(self, *, lookup: JobQueryStore, limits: RunningLimits, clock: Callable[[], datetime]) -> None:
        self._lookup, self._limits, self._clock = lookup, limits, clock
        self._known: dict[str, tuple[datetime, _Likeness]] = {}

    async def of(self, request: VideoRequest) -> timedelta:
        """Tell the usual time of requests like this one; see `forecast`."""
        return (await self.forecast(request)).usual

    async def forecast(self, request: VideoRequest) -> Forecast:
        """Tell the usual and the late time of requests like this one; a first guess where there is no history."""
        return (await self._likeness(request)).forecast

    async def spread(self, request: VideoRequest) -> Spread:
        """Tell how the times of requests like this one are spread, which says when to ask about them."""
        return (await self._likeness(request)).spread

    async def _likeness(self, request: VideoRequest) -> _Likeness:
        key, now = eta.similarity_key(request), self._clock()
        known = self._known.get(key)
        if known is None or abs(now - known[0]) > FRESH:
            try:
                known = self._known[key] = now, _Likeness.of(request, await self._lookup.durations(request))
            except StoreError as exc:
                log.info("no history to guess by", extra={"detail": str(exc)})
                known = now, _Likeness.of(request, [])
        return known[1]

    async def queue_forecast(self, job: Job) -> QueueForecast:
        """Tell where a waiting job stands, and when it will be ready at the usual pace.

        Raises:
            StoreUnavailable: the database refuses.
        """
        waiting, now = (await self._lookup.waiting(job)).without(job), self._clock()
        position = waiting.place.provider
        if waiting.paused:
            return QueueForecast(position=position, paused=True)
        usual = await self.of(job.request)
        known = waiting.everywhere.first
        each = sum([await self.of(other.request) for other in known], start=usual) / (len(known) + 1)
        begins = job.due_at or now
        for place, slots, line in self._slots(waiting):
            ends = [(other.submitted_at or now) + await self.of(other.request) for other in line.first]
            begins = max(begins, begins_at(place, ends=ends, count=line.count, slots=slots, each=each, now=now))
        in_time = begins < job.deadline_at
        return QueueForecast(position=position, waits=begins > now, expected_at=begins + usual if in_time else None)

    async def view(self, job: Job) -> JobView:
        """Put a job together with how it stands in the queue, where it waits there.

        Raises:
            StoreUnavailable: the database refuses.
        """
        if job.status is not JobStatus.QUEUED:
            return JobView(job=job)
        waiting = await self.queue_forecast(job)
        return JobView(job=job, position=waiting.position, expected_at=waiting.expected_at)

    def _slots(self, waiting: Waiting) -> Iterator[tuple[int, int, WorkLine]]:
        """Yield what each running limit means for a job: its place in that line, the slots, and who is in them."""
        limits, place = self._limits, waiting.place
        in_queue = min(limits.per_guild, waiting.running_limit or limits.per_guild)
        yield place.provider, limits.total, waiting.everywhere
        yield place.provider, limits.per_provider, waiting.at_provider
        yield place.queue, in_queue, waiting.in_queue
        yield place.own, limits.per_user, waiting.of_user
