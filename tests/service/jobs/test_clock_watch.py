"""A clock that is set ahead or back by an hour or a day ends no job and holds none up, also across a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.clock import LEAP
from bot.domain import Case, CaseKind, Job, JobStatus, Review
from bot.errors import ProviderBusy
from bot.service.screening.screening import REVIEW_TIME
from bot.store.heartbeat import HeartbeatStore
from tests.service.scripted import until, working
from tests.service.services import LEASE, Services
from tests.service.worker_loop import at_work, eventually

Stage = Callable[[Services], Awaitable[Job]]

LEAPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)]
leaps = pytest.mark.parametrize("leap", LEAPS, ids=str)


async def _queued(services: Services) -> Job:
    return await services.queued()


async def _backing_off(services: Services) -> Job:
    services.kirin.then("submit", ProviderBusy(provider="kirin", retry_after=30))
    return await services.submission.submit(await services.submitting())


async def _submitting(services: Services) -> Job:
    services.kirin.then("find", working("task-9"))
    return await services.submitting()


async def _running(services: Services) -> Job:
    return await services.submission.submit(await services.submitting())


async def _polling(services: Services) -> Job:
    return await services.running()


async def _succeeded(services: Services) -> Job:
    job = await services.succeeded()
    return await services.jobs.reschedule(job, next_at=services.clock() + timedelta(seconds=30), tries=1)


STAGES: dict[str, Stage] = {
    "queued": _queued,
    "backing off": _backing_off,
    "submitting": _submitting,
    "running": _running,
    "being polled": _polling,
    "succeeded": _succeeded,
}
stages = pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)


async def leap_with(services: Services, by: timedelta, *, restart: bool) -> None:
    """Set the wall clock, under a process that lives on or between two of them."""
    services.clock.leap(by)
    if restart:
        services.clock.catch_up()  # a new process knows no other clock
        await services.restart().worker.recover()
    else:
        assert await services.build().clock_watch.check()


@leaps
@stages
@pytest.mark.parametrize("restart", [False, True], ids=["lives on", "restarts"])
async def test_a_job_is_made_in_its_time_wherever_it_is(
    services: Services, stage: Stage, leap: timedelta, *, restart: bool
) -> None:
    await services.build().clock_watch.check()
    job = await stage(services)
    services.kirin.then("fetch", working())  # an answer on which a deadline that has passed would end it
    await leap_with(services, leap, restart=restart)
    begun = services.clock()
    async with at_work(services) as worker:

        async def delivered() -> bool:
            assert services.clock() - begun < timedelta(minutes=5)
            services.clock.tick(1)
            worker.wake()
            present = await services.job(job)
            assert present.status is not JobStatus.FAILED
            return present.delivered_at is not None

        await eventually(delivered)
    assert await services.balance(job) == (0, 5)
    assert len(services.discord.asked("post_result")) == 1
    assert await services.dead() == []


@leaps
@pytest.mark.parametrize("restart", [False, True], ids=["lives on", "restarts"])
async def test_a_moderator_has_their_time_whatever_the_clock_does(
    services: Services, leap: timedelta, *, restart: bool
) -> None:
    await services.build().clock_watch.check()
    job = await services.succeeded()
    case = Case(
        id=f"result-{job.id}",
        kind=CaseKind.RESULT,
        guild_id=7,
        channel_id=5,
        user_id=1,
        job_id=job.id,
        created_at=services.clock(),
    )
    held = await services.decisions.hold(job, case=case, until=services.clock() + REVIEW_TIME)
    await leap_with(services, leap, restart=restart)
    present = await services.job(held)
    assert (present.review, present.due_at) == (Review.HELD, services.clock() + REVIEW_TIME)


@leaps
async def test_a_step_under_way_keeps_its_lease_when_the_clock_leaps(services: Services, leap: timedelta) -> None:
    uploading = asyncio.Event()
    services.discord.then("post_result", uploading)
    video = await services.succeeded()
    await services.jobs.reschedule(video, next_at=services.clock())
    async with at_work(services) as worker:
        await until(lambda: services.discord.asked("post_result"))
        lease = (await services.job(video)).lease
        services.clock.leap(leap)
        worker.wake()

        async def renewed() -> bool:
            return not services.clock.lead() and (await services.job(video)).due_at == services.clock() + LEASE

        await eventually(renewed)
        assert (await services.job(video)).lease == lease
        uploading.set()
    assert len(services.discord.asked("post_result")) == 1


@leaps
async def test_what_a_service_rests_for_is_not_waited_for_longer(services: Services, leap: timedelta) -> None:
    await services.refuse("kirin", seconds=30)
    services.clock.leap(leap)
    services.clock.catch_up()
    services.clock.tick(30)
    assert await services.health["kirin"].rests_until() is None


async def test_what_was_written_by_a_clock_that_was_wrong_is_due_all_the_same(services: Services) -> None:
    job = await services.running()
    await services.jobs.reschedule(job, next_at=services.clock() + timedelta(hours=1))
    queued = await services.submitting()
    await services.jobs.requeue(queued, attempt=1, next_at=services.clock() + timedelta(days=1))
    await services.build().clock_watch.check()
    assert [(await services.job(each)).due_at for each in (job, queued)] == [services.clock()] * 2


async def test_a_bot_that_was_away_for_a_day_finds_its_jobs_as_it_left_them(services: Services) -> None:
    await services.build().clock_watch.check()
    job = await services.queued()
    services.clock.tick(24 * 3600)
    await services.restart().worker.recover()
    assert (await services.job(job)).deadline_at == services.clock() + timedelta(hours=1)


async def test_a_bot_that_was_away_asks_at_once_what_was_made_meanwhile(services: Services) -> None:
    await services.build().clock_watch.check()
    job = await services.running()
    await services.jobs.reschedule(job, next_at=services.clock() + timedelta(minutes=3))
    services.clock.tick(24 * 3600)
    await services.restart().worker.recover()
    assert (await services.job(job)).due_at == services.clock()


async def test_a_restart_takes_no_time_off_anything(services: Services) -> None:
    await services.build().clock_watch.check()
    job = await services.queued()
    services.clock.tick(LEAP.total_seconds())
    await services.restart().worker.recover()
    assert (await services.job(job)).deadline_at == job.deadline_at


async def test_a_leap_is_made_up_for_once_the_database_answers(services: Services) -> None:
    await services.build().clock_watch.check()
    job = await services.queued()
    services.clock.leap(timedelta(hours=2))
    services.database.refusals = 1
    async with at_work(services) as worker:
        await until(lambda: services.database.refused)

        async def submitted() -> bool:
            worker.wake()
            return (await services.job(job)).task_id is not None

        await eventually(submitted)
    assert services.clock.lead() == timedelta(0)
    assert (await services.job(job)).deadline_at == job.deadline_at + timedelta(hours=2)


async def test_a_process_that_hears_of_a_leap_from_the_others_follows_and_makes_up_for_nothing(
    services: Services,
) -> None:
    watch, job = services.build().clock_watch, await services.queued()
    await watch.check()
    leap = timedelta(hours=1)
    other = HeartbeatStore(services.database)
    await other.shift(leap, now=services.clock() + leap, leap=LEAP)
    services.clock.unseen = leap
    services.clock.tick(20)
    assert not await watch.check()  # it notices
    assert await watch.check()
    assert (await services.job(job)).deadline_at == job.deadline_at + leap
    assert services.clock.lead() == timedelta(0)
    assert await other.last_alive() == services.clock()


async def test_after_an_outage_of_the_database_that_all_lived_through_nothing_is_made_up_for(
    services: Services,
) -> None:
    watch, job = services.build().clock_watch, await services.queued()
    await watch.check()
    services.clock.tick(600)
    assert not await watch.check()
    assert (await services.job(job)).deadline_at == job.deadline_at
    assert await HeartbeatStore(services.database).last_alive() == services.clock()
