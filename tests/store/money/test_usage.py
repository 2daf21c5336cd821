"""What was used in a guild: by day and member, as the books have it, and how far off the estimates were."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain import (
    UNLIMITED,
    AuditEntry,
    DeadLetter,
    Fund,
    Job,
    JobFilter,
    JobStatus,
    MemberDay,
    PriceDrift,
    Unit,
    UsageTotals,
)
from bot.domain.quota import budget_of
from bot.domain.usage import NOBODY
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.guild_jobs import GuildJobStore
from bot.store.jobs.transitions import give_up
from bot.store.money.usage import UsageStore
from tests.funding import plain
from tests.store.conftest import Store

BUDGET = Fund(owner=budget_of(7), period="2026-03", allowance=UNLIMITED, unit=Unit.USD)


@pytest.fixture
def usage(store: Store) -> UsageStore:
    return UsageStore(store.database)


async def submitted(store: Store, **changes: Any) -> Job:
    """A job at its provider whose price the guild's budget holds too."""
    job = store.job(**changes)
    funding = plain(job, 1000)
    await store.jobs.accept(job, funding=replace(funding, caps=(*funding.caps, BUDGET)), most=99, now=store.now)
    claimed = await store.waiting(job.provider)
    assert claimed is not None
    await store.jobs.record_task(claimed, task_id=f"task-{job.id}", next_at=store.now, now=store.now)
    return await store.claimed(job.id)


async def delivered(store: Store, *, cost_micros: int | None = 400_000, **changes: Any) -> Job:
    job = await submitted(store, **changes)
    done = await store.jobs.succeed(job, result_url="u", cost_micros=cost_micros, now=store.now)
    return await store.jobs.delivered(done, channel_id=5, message_id=1, now=store.now)


async def today(store: Store, usage: UsageStore) -> dict[int, UsageTotals]:
    begin = store.now.replace(hour=0)
    rows = await usage.of_day(7, begin.date(), begin=begin, end=begin + timedelta(days=1))
    assert {row.day for row in rows} <= {begin.date()}
    return {row.user_id: row.used for row in rows}


async def test_what_reached_people_is_summed_up_by_member(store: Store, usage: UsageStore) -> None:
    await delivered(store, user_id=1)
    await delivered(store, user_id=1, credits=7, usd_micros=600_000, cost_micros=None)
    await delivered(store, user_id=2)
    assert await today(store, usage) == {
        1: UsageTotals(videos=2, credits=12, estimated=1_020_000, charged=1_000_000),
        2: UsageTotals(videos=1, credits=5, estimated=420_000, charged=400_000),
    }


async def test_what_waits_costs_nothing_yet_and_what_failed_is_counted_as_that(store: Store, usage: UsageStore) -> None:
    await submitted(store)
    failed = await submitted(store, user_id=2)
    await store.jobs.fail(failed, failure="content", code="1301", now=store.now)
    await store.cancelled()
    assert await today(store, usage) == {1: UsageTotals(), 2: UsageTotals(failed=1)}


async def test_a_failure_that_was_billed_stays_on_the_books(store: Store, usage: UsageStore) -> None:
    job = await submitted(store)
    await store.jobs.fail(job, failure="content", code="1301", now=store.now, cost_micros=70_000)
    assert await today(store, usage) == {1: UsageTotals(failed=1, estimated=420_000, charged=70_000)}


async def test_a_written_off_video_that_was_billed_is_charged_by_its_estimate(store: Store, usage: UsageStore) -> None:
    job = await submitted(store)
    done = await store.jobs.succeed(job, result_url="u", cost_micros=None, now=store.now)
    await store.jobs.mark_dead_letter(done, reason=DeadLetter.UNDELIVERABLE, now=store.now)
    entry = AuditEntry(id="i", guild_id=7, actor_id=9, action="job_written_off", at=store.now)
    await DeadLetterStore(store.database).write_off(entry, job.id, billed=False)
    assert await today(store, usage) == {1: UsageTotals(failed=1, estimated=420_000, charged=420_000)}


async def test_a_video_that_its_person_gave_up_is_among_the_credits_that_were_used(
    store: Store, usage: UsageStore
) -> None:
    job = await submitted(store)
    await store.database.transact(lambda tx: give_up(tx, job, failure="expired", now=store.now))
    assert await today(store, usage) == {1: UsageTotals(failed=1, credits=5, estimated=420_000, charged=420_000)}


async def test_jobs_from_before_the_budgets_cost_what_they_say_themselves(store: Store, usage: UsageStore) -> None:
    await store.delivered(cost_micros=300_000)
    await store.delivered(cost_micros=None)
    assert await today(store, usage) == {1: UsageTotals(videos=2, credits=10, estimated=840_000, charged=720_000)}


async def test_a_day_is_from_midnight_to_midnight_where_the_guild_is(store: Store, usage: UsageStore) -> None:
    zone = ZoneInfo("America/New_York")  # on 8 March 2026 clocks go forward there: the day has 23 hours
    begin, end = datetime(2026, 3, 8, tzinfo=zone), datetime(2026, 3, 9, tzinfo=zone)
    store.now = begin + timedelta(0)
    for seconds in (-1, 0, 23 * 3600 - 1, 23 * 3600):
        created = datetime.fromtimestamp(begin.timestamp() + seconds, tz=zone)
        store.now = created
        await delivered(store, created_at=created)
    assert await usage.of_day(7, begin.date(), begin=begin, end=end) == [
        MemberDay(
            day=begin.date(), user_id=1, used=UsageTotals(videos=2, credits=10, estimated=840_000, charged=800_000)
        )
    ]


async def test_what_the_deleted_have_used_is_known_without_their_names(store: Store, usage: UsageStore) -> None:
    for user_id in (1, 1, 2):
        await delivered(store, user_id=user_id)
    billed = await submitted(store, user_id=1)
    await store.jobs.fail(billed, failure="content", code="1301", now=store.now, cost_micros=70_000)
    freed = await submitted(store, user_id=1)
    await store.jobs.fail(freed, failure="content", code="1301", now=store.now)
    before = await today(store, usage)
    await store.database.transact(lambda tx: tx.execute("DELETE FROM jobs WHERE user_id = 1"))
    after = await today(store, usage)
    assert after == {2: before[2], NOBODY: replace(before[1], failed=0)}


async def test_other_guilds_and_direct_messages_are_not_counted(store: Store, usage: UsageStore) -> None:
    await store.delivered(guild_id=8)
    await store.delivered(guild_id=None)
    assert await today(store, usage) == {}


async def test_drift_compares_only_what_the_provider_told(store: Store, usage: UsageStore) -> None:
    begin = store.now
    await delivered(store, cost_micros=630_000)
    await delivered(store, cost_micros=420_000)
    await delivered(store, cost_micros=None)
    for units in ("1.5", "1.5", "2.25", "x", "NaN"):
        job = await delivered(store, cost_micros=None, provider="kling")
        await _metered(store, job, units)
    assert await usage.drift(7, begin=begin, end=store.later(60)) == [
        PriceDrift(provider="kirin", model="kirin_v3_t2v", priced=2, estimated=840_000, reported=1_050_000),
        PriceDrift(provider="kling", model="kirin_v3_t2v", metered=3, units=Decimal("5.25")),
    ]
    assert await usage.drift(7, begin=store.now, end=store.later(60)) == []


async def _metered(store: Store, job: Job, units: str) -> None:
    await store.database.transact(lambda tx: tx.execute("UPDATE jobs SET cost_units = $2 WHERE id = $1", job.id, units))


def test_drift_is_a_share_of_the_estimate() -> None:
    assert PriceDrift(provider="p", model="m", priced=1, estimated=400, reported=500).share == 0.25
    assert PriceDrift(provider="p", model="m").share == 0.0


async def test_jobs_are_found_by_what_becomes_of_them(store: Store) -> None:
    jobs = GuildJobStore(store.database)
    made: dict[str, str] = {}
    for stage in ("running", "succeeded", "delivered", "failed", "cancelled", "unknown", "undeliverable"):
        made[stage] = (await store.at(stage)).id
    made["pending"] = (await store.accept(user_id=2, status=JobStatus.PENDING)).id
    made["queued"] = (await store.accept()).id
    elsewhere = await store.submitting(guild_id=None, provider="kling")
    await store.jobs.mark_dead_letter(elsewhere, reason=DeadLetter.OUTCOME_UNKNOWN, now=store.now)

    async def found(job_filter: JobFilter, **more: Any) -> list[str]:
        return [job.id for job in await jobs.jobs(job_filter, guild_id=7, most=50, **more)]

    dead = [made["undeliverable"], made["unknown"]]
    assert await found(JobFilter.LATEST) == sorted(made.values(), reverse=True)
    assert await found(JobFilter.WAITING) == [made["queued"], made["pending"]]
    assert await found(JobFilter.WAITING, user_id=2) == [made["pending"]]
    assert await found(JobFilter.RUNNING) == [made["succeeded"], made["running"]]
    assert await found(JobFilter.DEAD) == dead
    assert await found(JobFilter.EVERYWHERE) == [elsewhere.id, *dead]
    assert await found(JobFilter.EVERYWHERE, skip=1) == dead
    assert await found(JobFilter.LATEST, skip=1, user_id=1) == sorted(set(made.values()) - {made["pending"]})[-2::-1]


async def test_the_lines_of_a_job_say_who_paid_what_and_when(store: Store) -> None:
    job = await delivered(store)
    lines = await GuildJobStore(store.database).ledger_entries(job.id)
    assert [(line.kind, line.unit, line.held, line.settled) for line in lines] == [
        ("hold", Unit.USD, 420_000, 0),
        ("hold", Unit.USD, 420_000, 0),
        ("hold", Unit.CREDITS, 5, 0),
        ("settle", Unit.USD, -420_000, 400_000),
        ("settle", Unit.USD, -420_000, 400_000),
        ("settle", Unit.CREDITS, -5, 5),
    ]
