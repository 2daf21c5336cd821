"""What a Prometheus server is told of the bot."""

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.domain import DeadLetter, Failure, JobStatus, OutboxKind
from bot.domain.figures import Budget, Crowd, Figures, Stage
from bot.errors import StoreUnavailable
from bot.web.health import serve_health
from bot.web.metrics import SHARED, Metrics
from tests.everything_told import MADE, POSTED, RUNNING, everything
from tests.jobs import NOW, PLACE, job

LABELS: Final = {  # all that there may be: none names a server, a person, or what somebody wrote
    *("call", "how", "kind", "le", "name", "outcome", "part", "provider", "reason", "role", "rung", "shard", "state"),
    "version",
}
POSTED_AT: Final = POSTED.delivered_at


@dataclass
class Bot:
    """A bot whose database shows these figures, or refuses."""

    figures: Figures = field(default_factory=Figures)
    refuses: bool = False

    def __post_init__(self) -> None:
        self.metrics = Metrics(figures=self._read, clock=lambda: NOW, version="1.2.3", role="gateway")

    async def _read(self) -> Figures:
        if self.refuses:
            raise StoreUnavailable("locked")
        return self.figures

    async def families(self) -> list[Metric]:
        return list(text_string_to_metric_families((await self.metrics.text()).decode()))

    async def value(self, name: str, /, **labels: str) -> float | None:
        """What a sample says that is told of; None for one that is not."""
        samples, wanted = [each for family in await self.families() for each in family.samples], f"shotcaller_{name}"
        return next((each.value for each in samples if (each.name, each.labels) == (wanted, labels)), None)


@pytest.fixture
def bot() -> Bot:
    return Bot()


async def test_it_is_served_beside_the_questions_of_supervisors_and_only_where_asked_for(bot: Bot) -> None:
    options: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "alive": bool, "ready": bool}
    for page, status in ((bot.metrics.answer, 200), (None, 404)):
        async with serve_health(**options, metrics=page) as port, aiohttp.ClientSession() as session:
            response = await session.get(f"http://127.0.0.1:{port}/metrics")
            assert response.status == status
            if page is not None:
                assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
                assert 'shotcaller_build{role="gateway",version="1.2.3"} 1.0' in await response.text()


async def test_two_bots_in_a_process_count_apart(bot: Bot) -> None:
    bot.metrics.video_fitted("encoded")
    assert await Bot().value("video_fits_total", how="encoded") == 0


async def test_a_job_is_timed_from_its_acceptance_to_its_post(bot: Bot) -> None:
    bot.metrics.job_moved(job(status=JobStatus.SUBMITTING), RUNNING)
    bot.metrics.job_moved(RUNNING, RUNNING)
    bot.metrics.job_moved(RUNNING, MADE)
    bot.metrics.job_moved(MADE, POSTED)
    assert await bot.value("job_waiting_seconds_sum", provider="kirin") == 40
    assert await bot.value("job_waiting_seconds_count", provider="kirin") == 1
    assert await bot.value("job_making_seconds_sum", provider="kirin") == 60
    assert await bot.value("job_delivering_seconds_sum") == 7
    assert await bot.value("deliveries_total", rung="channel") == 1


@pytest.mark.parametrize(
    ("changes", "rung"),
    [
        ({"delivered_at": POSTED_AT, "posting_directly": True}, "person_instead"),
        ({"delivered_at": POSTED_AT, "destination": replace(PLACE, private=True)}, "private"),
        ({"dead_letter": DeadLetter.UNDELIVERABLE}, "inbox"),
    ],
)
async def test_each_rung_of_a_delivery_is_counted(bot: Bot, changes: dict[str, object], rung: str) -> None:
    bot.metrics.job_moved(MADE, job(status=JobStatus.SUCCEEDED, **changes))
    assert await bot.value("deliveries_total", rung=rung) == 1


async def test_failures_are_counted_by_why_and_a_reason_of_strangers_is_none_of_its_own(bot: Bot) -> None:
    for reason in (Failure.DEADLINE, "whatever"):
        bot.metrics.job_moved(RUNNING, job(status=JobStatus.FAILED, failure=reason))
    bot.metrics.job_moved(RUNNING, job(status=JobStatus.RUNNING, dead_letter=DeadLetter.OUTCOME_UNKNOWN))
    assert await bot.value("jobs_failed_total", reason="deadline") == 1
    assert await bot.value("jobs_failed_total", reason="other") == 1
    assert await bot.value("jobs_buried_total", reason="outcome_unknown") == 1


async def test_what_the_database_shows_is_written_as_of_now(bot: Bot) -> None:
    old = Crowd(count=3, oldest=NOW - timedelta(seconds=90))
    bot.figures = Figures(
        stages={Stage.QUEUED: old, Stage.REVIEW: Crowd()},
        waiting={"kirin": 3},
        at_work={"kling": 2},
        dead_letters={"outcome_unknown": old},
        outbox={"audit": old},
        rests={"kirin": NOW + timedelta(seconds=30), "kling": NOW - timedelta(seconds=1)},
        processes={"worker": 2},
        budget=Budget(ceiling=100_000_000, held=500_000, settled=7_000_000),
    )
    assert await bot.value("database_answers") == 1
    assert await bot.value("jobs", state="queued") == 3
    assert await bot.value("oldest_job_seconds", state="queued") == 90
    assert await bot.value("oldest_job_seconds", state="review") == 0
    assert await bot.value("provider_jobs_queued", provider="kirin") == 3
    assert await bot.value("provider_jobs_at_work", provider="kling") == 2
    assert await bot.value("dead_letters", reason="outcome_unknown") == 3
    assert await bot.value("dead_letters", reason="undeliverable") == 0
    assert await bot.value("oldest_dead_letter_seconds", reason="outcome_unknown") == 90
    assert await bot.value("outbox_items", kind="audit") == 3
    assert await bot.value("oldest_outbox_item_seconds", kind="audit") == 90
    assert await bot.value("provider_rest_seconds", provider="kirin") == 30
    assert await bot.value("provider_rest_seconds", provider="kling") == 0
    assert [await bot.value("budget_usd", part=part) for part in ("ceiling", "held", "settled")] == [100, 0.5, 7]
    assert await bot.value("processes", role="worker") == 2


async def test_what_is_booked_is_counted_in_credits_and_dollars(bot: Bot) -> None:
    bot.metrics.booked("hold", credits_=5)
    bot.metrics.booked("hold", micros=420_000)
    bot.metrics.booked("lost", micros=0)
    assert await bot.value("credits_total", kind="hold") == 5
    assert await bot.value("usd_total", kind="hold") == 0.42
    assert await bot.value("usd_total", kind="lost") == 0


@pytest.mark.parametrize(
    ("name", "label", "values"),
    [
        ("jobs_failed_total", "reason", [*Failure, "other"]),
        ("jobs_buried_total", "reason", DeadLetter),
        ("outbox_given_up_total", "kind", OutboxKind),
        ("usd_total", "kind", ["hold", "settle", "release", "lost"]),
    ],
)
async def test_what_has_never_happened_is_told_as_0_so_that_its_first_time_is_an_increase(
    bot: Bot, name: str, label: str, values: Iterable[str]
) -> None:
    assert [await bot.value(name, **{label: str(each)}) for each in values] == [0] * len(list(values))


async def test_where_the_database_refuses_the_rest_is_told_all_the_same(bot: Bot) -> None:
    bot.figures = Figures(stages={Stage.QUEUED: Crowd(count=1)})
    bot.metrics.command_ended("video create", outcome="done")
    await bot.metrics.text()
    bot.refuses = True
    assert await bot.value("database_answers") == 0
    assert await bot.value("jobs", state="queued") is None
    assert await bot.value("commands_total", name="video create", outcome="done") == 1


async def test_a_database_that_takes_too_long_keeps_nothing_else_from_being_told() -> None:
    async def never() -> Figures:
        await asyncio.Event().wait()
        raise AssertionError

    metrics = Metrics(figures=never, clock=lambda: NOW, version="1", role="both", patience=0.01)
    metrics.loop_was_late(seconds=1)
    text = (await metrics.text()).decode()
    assert "shotcaller_database_answers 0.0" in text
    assert "shotcaller_event_loop_lag_seconds_count 1.0" in text


async def test_a_shard_that_is_not_connected_has_no_latency(bot: Bot) -> None:
    bot.metrics.latencies = lambda: {0: 0.04, 1: math.nan, 2: math.inf}
    found = {family.name: family.samples for family in await bot.families()}["shotcaller_gateway_latency_seconds"]
    assert [(each.labels, each.value) for each in found] == [({"shard": "0"}, 0.04)]


async def test_no_label_names_a_server_a_person_or_what_somebody_wrote() -> None:
    families = text_string_to_metric_families((await everything()).decode())
    assert {label for family in families for sample in family.samples for label in sample.labels} <= LABELS


async def test_the_help_of_what_all_processes_share_says_so(bot: Bot) -> None:
    shared = {each.name for each in await bot.families() if each.documentation.startswith(SHARED)}
    assert {"shotcaller_jobs", "shotcaller_outbox_items", "shotcaller_dead_letters"} <= shared
    assert "shotcaller_commands" not in shared
