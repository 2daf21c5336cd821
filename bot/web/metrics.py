"""Counts what the bot does, and writes it with the figures of the database for `/metrics`, in Prometheus' own format.

A label never names a server, a person or anything that somebody wrote: each has a few values, known beforehand. What
`_Shared` has comes from the database and is the same in every process of the bot; the rest is this process's own.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.domain import DeadLetter, Failure, Job, JobStatus, OutboxKind
from bot.domain.figures import Figures
from bot.errors import StoreError
from bot.service.measures import Measures

log = logging.getLogger(__name__)

PATIENCE: Final = 3.0  # seconds with the database: collectors wait ten, and a slow one is when they are needed
MICROS: Final = 1_000_000  # of a USD
SHARED: Final = "Of all processes: "  # so begins the help of what is the same in each of them

_QUICK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds of what is over at once
_CALL: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)  # of a call of a video service
_JOB: Final = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)  # of what people wait for
_REASONS: Final = (*Failure, "other")
_RUNGS: Final = ("channel", "private", "person_instead", "inbox")
_FITS: Final = ("as_is", "copied", "encoded")
_USD: Final = ("hold", "settle", "release", "lost")
_CREDITS: Final = ("hold", "settle", "release", "grant", "gift")


class Metrics(Measures):
    """Counts in a registry of its own.

    `figures` reads those of the database, `latencies` tells the seconds that the gateway of each shard takes to answer;
    both are asked when somebody asks for the metrics.
    """

    def __init__(
        self,
        *,
        figures: Callable[[], Awaitable[Figures]],
        clock: Callable[[], datetime],
        version: str,
        role: str,
        patience: float = PATIENCE,
    ) -> None:
        self.registry = registry = CollectorRegistry()
        self.latencies: Callable[[], Mapping[int, float]] = dict
        self._read_figures, self._clock, self._patience = figures, clock, patience
        self._shared = _Shared()
        registry.register(self._shared)
        ProcessCollector(registry=registry)
        build = Gauge("shotcaller_build", "Which program this is.", ("version", "role"), registry=registry)
        build.labels(version=version, role=role).set(1)

        def count(name: str, says: str, *labels: str, known: Iterable[str] = ()) -> Counter:
            counter = Counter(f"shotcaller_{name}", says, labels, registry=registry)
            for value in known:  # begins at 0: of a series that begins with 1, a server sees no increase
                counter.labels(value)
            return counter

        def times(name: str, says: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"shotcaller_{name}_seconds", says, labels, registry=registry, buckets=buckets)

        self._calls = count(
            "provider_calls", "Calls of a video service, by how they ended.", "provider", "call", "outcome"
        )
        self._call_times = times(
            "provider_call", "How long calls of a video service took.", "provider", "call", buckets=_CALL
        )
        self._waiting = times(
            "job_waiting", "From a request's acceptance until its provider had it.", "provider", buckets=_JOB
        )
        self._making = times("job_making", "How long a provider worked on a video.", "provider", buckets=_JOB)
        self._delivering = times("job_delivering", "From a finished video until it was posted.", buckets=_JOB)
        self._failures = count(
            "jobs_failed", "Jobs that came to nothing by themselves, by why.", "reason", known=_REASONS
        )
        self._deliveries = count("deliveries", "Videos that were posted, or kept, by where.", "rung", known=_RUNGS)
        self._buried = count("jobs_buried", "Jobs that became dead letters, by why.", "reason", known=DeadLetter)
        self._credits = count("credits", "Credits that were booked, by kind.", "kind", known=_CREDITS)
        self._usd = count("usd", "USD that were booked, by kind; what budgets count.", "kind", known=_USD)
        self._fits = count("video_fits", "How videos came to fit their place.", "how", known=_FITS)
        self._given_up = count("outbox_given_up", "Outbox items that were given up.", "kind", known=OutboxKind)
        self._commands = count("commands", "Commands, buttons and forms, by how they ended.", "name", "outcome")
        self._acknowledgements = times(
            "acknowledgement", "From an interaction's arrival until Discord had an answer.", buckets=_QUICK
        )
        self._transactions = times(
            "database_transaction", "How long transactions took, with the wait before.", "outcome", buckets=_QUICK
        )
        self._lateness = times("event_loop_lag", "By how much the event loop was late.", buckets=_QUICK)
        self._latency = Gauge(
            "shotcaller_gateway_latency_seconds",
            "How long a shard's gateway takes to answer a heartbeat.",
            ("shard",),
            registry=registry,
        )

    def provider_called(self, provider: str, call: str, *, seconds: float, outcome: str) -> None:
        """Count a call of a video service."""
        self._calls.labels(provider=provider, call=call, outcome=outcome).inc()
        self._call_times.labels(provider=provider, call=call).observe(seconds)

    def transaction_ended(self, *, seconds: float, outcome: str) -> None:
        """Count a transaction."""
        self._transactions.labels(outcome=outcome).observe(seconds)

    def booked(self, kind: str, *, credits_: int = 0, micros: int = 0) -> None:
        """Count what was booked."""
        if credits_:
            self._credits.labels(kind=kind).inc(credits_)
        if micros:
            self._usd.labels(kind=kind).inc(micros / MICROS)

    def job_moved(self, before: Job, after: Job) -> None:
        """Count what a step has brought a job to."""
        if before.submitted_at is None and after.submitted_at is not None:
            self._waiting.labels(provider=after.provider).observe(_seconds(after.created_at, after.submitted_at))
        if after.status is JobStatus.SUCCEEDED and before.status is not JobStatus.SUCCEEDED:
            self._making.labels(provider=after.provider).observe(_seconds(after.submitted_at, after.finished_at))
        if after.status is JobStatus.FAILED and before.status is not JobStatus.FAILED:
            self._failures.labels(reason=after.failure if after.failure in _REASONS else "other").inc()
        if after.dead_letter is not None and before.dead_letter is None:
            self._buried.labels(reason=str(after.dead_letter)).inc()
        if (rung := _rung(before, after)) is not None:
            self._deliveries.labels(rung=rung).inc()
            if after.delivered_at is not None:
                self._delivering.observe(_seconds(after.finished_at, after.delivered_at))

    def video_fitted(self, how: str) -> None:
        """Count a video that fits its place."""
        self._fits.labels(how=how).inc()

    def item_given_up(self, kind: str) -> None:
        """Count an item of the outbox that was given up."""
        self._given_up.labels(kind=kind).inc()

    def command_ended(self, name: str, *, outcome: str) -> None:
        """Count a command, button or form."""
        self._commands.labels(name=name, outcome=outcome).inc()

    def acknowledged(self, *, seconds: float) -> None:
        """Count a first answer."""
        self._acknowledgements.observe(seconds)

    def loop_was_late(self, *, seconds: float) -> None:
        """Count a look at the event loop."""
        self._lateness.observe(seconds)

    async def text(self) -> bytes:
        """Write everything as of now; without the database's figures where it refuses them, or takes too long."""
        figures = None
        try:
            async with asyncio.timeout(self._patience):
                figures = await self._read_figures()
        except (StoreError, TimeoutError) as exc:
            log.warning("no figures for now", extra={"detail": str(exc) or "slow"})
        self._shared.take(figures, now=self._clock())
        self._latency.clear()
        for shard, seconds in self.latencies().items():
            if math.isfinite(seconds):
                self._latency.labels(shard=str(shard)).set(seconds)
        return generate_latest(self.registry)

    async def answer(self, _: web.Request) -> web.Response:
        """Answer whoever collects the metrics."""
        return web.Response(body=await self.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


class _Shared:
    """Writes the figures of the database that it was given last."""

    def __init__(self) -> None:
        self._families: list[Metric] = []

    def take(self, figures: Figures | None, *, now: datetime) -> None:
        """Take the figures, or None where the database refuses them."""
        answers = GaugeMetricFamily("shotcaller_database_answers", "Whether the database gives its figures.")
        answers.add_metric((), figures is not None)
        self._families = [answers, *([] if figures is None else _families(figures, now=now))]

    def describe(self) -> list[Metric]:
        """List what there is, so that no other metric takes its name."""
        return _families(Figures(), now=datetime.fromtimestamp(0, UTC))

    def collect(self) -> list[Metric]:
        """Give what was written last."""
        return self._families


def _families(figures: Figures, *, now: datetime) -> list[Metric]:
    def gauge(name: str, says: str, label: str, values: Mapping[str, float]) -> Metric:
        family = GaugeMetricFamily(f"shotcaller_{name}", SHARED + says, labels=(label,))
        for value, number in values.items():
            family.add_metric((value,), number)
        return family

    def age(oldest: datetime | None) -> float:
        return 0 if oldest is None else max(0.0, (now - oldest).total_seconds())

    stages, dead, outbox, budget = figures.stages, figures.dead_letters, figures.outbox, figures.budget
    return [
        gauge("jobs", "jobs that have not ended, by state.", "state", {k: each.count for k, each in stages.items()}),
        gauge(
            "oldest_job_seconds",
            "how long the oldest job of each state is there.",
            "state",
            {k: age(each.oldest) for k, each in stages.items()},
        ),
        gauge("provider_jobs_queued", "jobs that wait for a provider.", "provider", figures.waiting),
        gauge("provider_jobs_at_work", "jobs that a provider has.", "provider", figures.at_work),
        gauge(
            "provider_rest_seconds",
            "for how long a provider gets no submission yet.",
            "provider",
            {name: max(0.0, (until - now).total_seconds()) for name, until in figures.rests.items()},
        ),
        gauge(
            "dead_letters",
            "jobs that nobody can decide or deliver by themselves.",
            "reason",
            {**dict.fromkeys(DeadLetter, 0), **{k: each.count for k, each in dead.items()}},
        ),
        gauge(
            "oldest_dead_letter_seconds",
            "how old the oldest of them is.",
            "reason",
            {k: age(each.oldest) for k, each in dead.items()},
        ),
        gauge("outbox_items", "what is still to be posted.", "kind", {k: each.count for k, each in outbox.items()}),
        gauge(
            "oldest_outbox_item_seconds",
            "how long the oldest of each kind waits.",
            "kind",
            {k: age(each.oldest) for k, each in outbox.items()},
        ),
        gauge(
            "budget_usd",
            "this month's budget, where MONTHLY_BUDGET_USD sets one.",
            "part",
            {} if budget is None else {name: getattr(budget, name) / MICROS for name in ("ceiling", "held", "settled")},
        ),
        gauge("processes", "processes that share the database, where several may.", "role", figures.processes),
    ]


def _rung(before: Job, after: Job) -> str | None:
    """Say where a step has brought a video: to its channel or person, to a person instead, or into the inbox."""
    if after.delivered_at is not None and before.delivered_at is None:
        if after.destination.private:
            return "private"
        return "person_instead" if after.posting_directly else "channel"
    kept = after.dead_letter is DeadLetter.UNDELIVERABLE and before.dead_letter is None
    return "inbox" if kept else None


def _seconds(begin: datetime | None, end: datetime | None) -> float:
    """Count the seconds between two moments; 0 where one is not known, or a clock was set back."""
    return 0.0 if begin is None or end is None else max(0.0, (end - begin).total_seconds())
