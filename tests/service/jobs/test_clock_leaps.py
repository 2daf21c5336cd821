"""A clock that is set ahead or back by an hour or a day ends no job and holds none up, also across a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.domain.case import Case, CaseKind
from bot.domain.job import Job, JobStatus, Review
from bot.errors import ProviderBusy
from bot.service.jobs.clock_leaps import LEAP
from bot.service.screening.requests import REVIEW_TIME
from tests.service.house import LEASE, House
from tests.service.loop import at_work, eventually
from tests.service.scripted import until, working

Stage = Callable[[House], Awaitable[Job]]

LEAPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)]
leaps = pytest.mark.parametrize("leap", LEAPS, ids=str)


async def _queued(house: House) -> Job:
    return await house.queued()


async def _backing_off(house: House) -> Job:
    house.kirin.then("submit", ProviderBusy(provider="kirin", retry_after=30))
    return await house.submission.submit(await house.submitting())


async def _submitting(house: House) -> Job:
    house.kirin.then("find", working("task-9"))
    return await house.submitting()


async def _running(house: House) -> Job:
    return await house.submission.submit(await house.submitting())


async def _polling(house: House) -> Job:
    return await house.running()


async def _succeeded(house: House) -> Job:
    job = await house.succeeded()
    return await house.jobs.reschedule(job, next_at=house.clock() + timedelta(seconds=30), tries=1)


STAGES: dict[str, Stage] = {
    "queued": _queued,
    "backing off": _backing_off,
    "submitting": _submitting,
    "running": _running,
    "being polled": _polling,
    "succeeded": _succeeded,
}
stages = pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)


async def leap_with(house: House, by: timedelta, *, restart: bool) -> None:
    """Set the wall clock, under a process that lives on or between two of them."""
    house.clock.leap(by)
    if restart:
        house.clock.follow()  # a new process knows no other clock
        await house.worker().recover()
    else:
        assert await house.timekeeper().keep()


@leaps
@stages
@pytest.mark.parametrize("restart", [False, True], ids=["lives on", "restarts"])
async def test_a_job_is_made_in_its_time_wherever_it_is(
    house: House, stage: Stage, leap: timedelta, *, restart: bool
) -> None:
    await house.timekeeper().keep()
    job = await stage(house)
    house.kirin.then("fetch", working())  # an answer on which a deadline that has passed would end it
    await leap_with(house, leap, restart=restart)
    begun = house.clock()
    async with at_work(house) as worker:

        async def delivered() -> bool:
            assert house.clock() - begun < timedelta(minutes=5)
            house.clock.tick(1)
            worker.wake()
            present = await house.job(job)
            assert present.status is not JobStatus.FAILED
            return present.delivered_at is not None

        await eventually(delivered)
    assert await house.balance(job) == (0, 5)
    assert len(house.discord.asked("post_result")) == 1
    assert await house.dead() == []


@leaps
@pytest.mark.parametrize("restart", [False, True], ids=["lives on", "restarts"])
async def test_a_moderator_has_their_time_whatever_the_clock_does(
    house: House, leap: timedelta, *, restart: bool
) -> None:
    await house.timekeeper().keep()
    job = await house.succeeded()
    case = Case(
        id=f"result-{job.id}",
        kind=CaseKind.RESULT,
        guild_id=7,
        channel_id=5,
        user_id=1,
        job_id=job.id,
        created_at=house.clock(),
    )
    held = await house.decisions.hold(job, case=case, until=house.clock() + REVIEW_TIME)
    await leap_with(house, leap, restart=restart)
    present = await house.job(held)
    assert (present.review, present.due_at) == (Review.HELD, house.clock() + REVIEW_TIME)


@leaps
async def test_a_step_under_way_keeps_its_lease_when_the_clock_leaps(house: House, leap: timedelta) -> None:
    uploading = asyncio.Event()
    house.discord.then("post_result", uploading)
    video = await house.succeeded()
    await house.jobs.reschedule(video, next_at=house.clock())
    async with at_work(house) as worker:
        await until(lambda: house.discord.asked("post_result"))
        lease = (await house.job(video)).lease
        house.clock.leap(leap)
        worker.wake()

        async def renewed() -> bool:
            return not house.clock.apart() and (await house.job(video)).due_at == house.clock() + LEASE

        await eventually(renewed)
        assert (await house.job(video)).lease == lease
        uploading.set()
    assert len(house.discord.asked("post_result")) == 1


@leaps
async def test_what_a_service_rests_for_is_not_waited_for_longer(house: House, leap: timedelta) -> None:
    house.health["kirin"].rest(timedelta(seconds=30))
    house.clock.leap(leap)
    house.clock.follow()
    house.clock.tick(30)
    assert house.submission.rests_until("kirin") is None


async def test_what_was_written_by_a_clock_that_was_wrong_is_due_all_the_same(house: House) -> None:
    job = await house.running()
    await house.jobs.reschedule(job, next_at=house.clock() + timedelta(hours=1))
    queued = await house.submitting()
    await house.jobs.requeue(queued, attempt=1, next_at=house.clock() + timedelta(days=1))
    await house.timekeeper().keep()
    assert [(await house.job(each)).due_at for each in (job, queued)] == [house.clock()] * 2


async def test_a_bot_that_was_away_for_a_day_finds_its_jobs_as_it_left_them(house: House) -> None:
    await house.timekeeper().keep()
    job = await house.queued()
    house.clock.tick(24 * 3600)
    await house.worker().recover()
    assert (await house.job(job)).deadline_at == house.clock() + timedelta(hours=1)


async def test_a_restart_takes_no_time_off_anything(house: House) -> None:
    await house.timekeeper().keep()
    job = await house.queued()
    house.clock.tick(LEAP.total_seconds())
    await house.worker().recover()
    assert (await house.job(job)).deadline_at == job.deadline_at


async def test_a_leap_is_made_up_for_once_the_database_answers(house: House) -> None:
    await house.timekeeper().keep()
    job = await house.queued()
    house.clock.leap(timedelta(hours=2))
    house.database.refusals = 1
    async with at_work(house) as worker:
        await until(lambda: house.database.refused)

        async def submitted() -> bool:
            worker.wake()
            return (await house.job(job)).task_id is not None

        await eventually(submitted)
    assert house.clock.apart() == timedelta(0)
    assert (await house.job(job)).deadline_at == job.deadline_at + timedelta(hours=2)
