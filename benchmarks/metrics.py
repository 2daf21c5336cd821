"""One answer of `/metrics`, against prometheus-client alone with as many series of the same kinds.

The bot has seen many commands, calls and videos, and 2,000 jobs wait in its database, which is looked at for each of
the slower answers; where several collectors ask, the bot reads it at most once in five seconds.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from benchmarks._figures import Figure, Measured
from benchmarks._funding import funding
from benchmarks.fairness import queued_job
from bot.domain.figures import Figures
from bot.store.figures import FigureStore
from bot.store.jobs.jobs import JobStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from bot.web.metrics import Metrics

JOBS: Final = 2_000
BATCH: Final = 200
ROUNDS: Final = 300
NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
COMMANDS: Final = tuple(f"video {number}" for number in range(60))
OUTCOMES: Final = ("done", "refused", "turned_away", "failed")
CALLS: Final = ("submit", "fetch", "fetch_many", "find", "list")
ENDS: Final = ("ok", "ProviderBusy", "ProviderUnavailable", "TaskUnknown")
FLOOR: Final = "`generate_latest` of as many series"
FIGURES: Final = (
    Figure(name="an answer, with figures that were just read", floor=FLOOR, at_most=1.25),
    Figure(name="an answer, with a look at the database", floor=FLOOR, at_most=1.5),
)


def measure() -> list[Measured]:
    """The best of interleaved rounds."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(f"{folder}/bench.db"))


async def _measure(path: str) -> list[Measured]:
    async with SQLiteDatabase(path) as database:
        await _fill(database)
        store = FigureStore(database)
        read = await store.read()

        async def just_read() -> Figures:
            return read

        ours = [_busy(figures) for figures in (just_read, store.read)]
        bare, series = _bare((await ours[1].text()).decode())
        best = [float("inf")] * 3
        for _ in range(ROUNDS):
            for number, answer in enumerate((bare, *(each.text for each in ours))):
                began = time.perf_counter()
                await answer()
                best[number] = min(best[number], time.perf_counter() - began)
    floor, *found = best
    return [
        figure.found(seconds / floor, floor=f"{floor * 1000:.2f} ms for {series:,}, ours {seconds * 1000:.2f} ms")
        for figure, seconds in zip(FIGURES, found, strict=True)
    ]


async def _fill(database: SQLiteDatabase) -> None:
    await migrate(database, now=NOW)
    store = JobStore(database)
    for begin in range(0, JOBS, BATCH):
        batch = [queued_job(number, number + 1, 1 + number % 20) for number in range(begin, begin + BATCH)]
        await asyncio.gather(*(store.accept(job, funding=funding(job), most=10, now=NOW) for job in batch))


def _busy(figures: Callable[[], Awaitable[Figures]]) -> Metrics:
    """The metrics of a bot that has seen every command and call end in every way."""
    metrics = Metrics(figures=figures, clock=lambda: NOW, version="1", role="both")
    metrics.latencies = lambda: dict.fromkeys(range(16), 0.04)
    for name, outcome in product(COMMANDS, OUTCOMES):
        metrics.command_ended(name, outcome=outcome)
    for provider, call, outcome in product(("kirin", "kling"), CALLS, ENDS):
        metrics.provider_called(provider, call, seconds=0.2, outcome=outcome)
    for outcome in ("ok", "rolled_back"):
        metrics.transaction_ended(seconds=0.001, outcome=outcome)
    return metrics


def _bare(text: str) -> tuple[Callable[[], Awaitable[bytes]], int]:
    """What prometheus-client alone writes of the same series, and how many these are."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for family in text_string_to_metric_families(text):
        if family.samples and family.name.startswith("shotcaller_") and not family.name.endswith("_created"):
            _repeat(family, registry)

    async def answer() -> bytes:
        return generate_latest(registry)

    return answer, sum(not line.startswith(b"#") for line in generate_latest(registry).splitlines())


def _repeat(family: Metric, registry: CollectorRegistry) -> None:
    """Make the same series, each with something in it."""
    labels = [{name: value for name, value in each.labels.items() if name != "le"} for each in family.samples]
    names = tuple(labels[0])
    metric: Counter | Histogram | Gauge
    match family.type:
        case "counter":
            metric = Counter(family.name, family.documentation, names, registry=registry)
        case "histogram":
            buckets = sorted({float(each.labels["le"]) for each in family.samples if "le" in each.labels})
            metric = Histogram(family.name, family.documentation, names, registry=registry, buckets=buckets)
        case _:
            metric = Gauge(family.name, family.documentation, names, registry=registry)
    for each in labels:
        child = metric.labels(**each) if names else metric
        child.observe(1) if isinstance(child, Histogram) else child.inc()
