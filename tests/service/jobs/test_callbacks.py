"""Jobs whose providers call back: asked about at once then, and hardly ever before."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest

from bot.domain import Job, JobStatus
from bot.domain.polling import NEARLY_ALL, NET
from bot.errors import StoreUnavailable
from bot.service.jobs.callbacks import AT_ONCE, BUSY_TRIES, MISSED, MOST, TRUST, Callbacks
from bot.store.jobs.claims import Woken
from tests.service.scripted import finished, until, working
from tests.service.services import Services

END: Final = b'{"status": "completed"}'
NOT_YET: Final = b'{"task_id": "1", "task_status": "processing"}'
PAUSE: Final = 1  # seconds: `POLL_SECONDS_MIN`


@pytest.fixture
def callbacks(services: Services) -> Callbacks:
    return services.bot.callbacks


async def asked_later(services: Services, **fields: str) -> Job:
    """A job that was asked about and is not finished yet: nobody has it."""
    running = await services.running(**fields)
    services.providers[running.provider].then("fetch", working(running.task_id or ""))
    services.clock.tick(1)
    job = await services.submission.poll(running)
    assert job.due_at is not None
    assert job.due_at > services.clock()
    services.bot.woken.clear()
    return job


async def called_for(services: Services, job: Job) -> bool:
    """Whether a job has become due."""
    due_at = (await services.job(job)).due_at
    return due_at is not None and due_at <= services.clock()


@pytest.mark.parametrize("provider", ["kirin", "kling"])
async def test_a_callback_makes_its_job_due_and_calls_the_worker(
    services: Services, callbacks: Callbacks, provider: str
) -> None:
    job, other = await asked_later(services, provider=provider), await asked_later(services, provider=provider)
    assert callbacks.receive(provider, job.external_id, END)
    await callbacks.work()
    assert await called_for(services, job)
    assert not await called_for(services, other)
    assert services.woken


async def test_what_a_callback_says_is_not_believed(services: Services, callbacks: Callbacks) -> None:
    job = await asked_later(services)
    callbacks.receive("kirin", job.external_id, b'{"status": "failed", "output": "https://elsewhere.example/1.mp4"}')
    await callbacks.work()
    present = await services.job(job)
    assert (present.status, present.result_url, present.failure) == (JobStatus.RUNNING, None, None)


async def test_a_task_that_is_under_way_is_not_asked_about(services: Services, callbacks: Callbacks) -> None:
    job = await asked_later(services)
    assert callbacks.receive("kirin", job.external_id, NOT_YET)
    await callbacks.work()
    assert not await called_for(services, job)
    assert not services.woken


@pytest.mark.parametrize("external_id", ["no-such", "ffffffffffffffff", "", "0" * 900, "0000000000000001-2"])
async def test_a_job_that_is_not_there_wakes_nobody(services: Services, callbacks: Callbacks, external_id: str) -> None:
    job = await asked_later(services)
    assert job.external_id == "0000000000000001"
    assert callbacks.receive("kirin", external_id, END)
    await callbacks.work()
    assert not await called_for(services, job)
    assert not services.woken


async def test_a_job_that_has_ended_or_is_dead_is_left_alone(services: Services, callbacks: Callbacks) -> None:
    made, lost = await services.succeeded(), await services.submission.lose(await services.running())
    queued = await services.queued()
    before = [await services.job(each) for each in (made, queued, lost)]
    for each in before:
        callbacks.receive("kirin", each.external_id, END)
    await callbacks.work()
    assert [await services.job(each) for each in before] == before


async def test_a_job_that_is_being_asked_about_is_woken_after_that(services: Services, callbacks: Callbacks) -> None:
    running = await services.running()
    services.clock.tick(1)
    callbacks.receive("kirin", running.external_id, END)
    await callbacks.work()
    services.kirin.then("fetch", working(running.task_id or ""))
    job = await services.submission.poll(running)
    assert not await called_for(services, job)
    services.clock.tick(await callbacks.work())
    await callbacks.work()
    assert await called_for(services, job)


async def test_a_task_whose_end_is_found_while_its_callback_wakes_the_job_was_called_for(
    services: Services, callbacks: Callbacks
) -> None:
    job = await asked_later(services)
    callbacks.receive("kirin", job.external_id, END)
    waking = asyncio.create_task(callbacks.work())
    await asyncio.sleep(0)
    callbacks.note_end(job)
    await waking
    assert callbacks.trusted("kirin")


async def test_a_job_that_is_being_submitted_is_woken_once_it_is(services: Services, callbacks: Callbacks) -> None:
    submitting = await services.submitting()
    callbacks.receive("kirin", submitting.external_id, END)
    await callbacks.work()
    services.clock.tick(await callbacks.work())
    job = await services.submission.submit(submitting)
    await callbacks.work()
    assert await called_for(services, job)


async def test_a_submission_in_doubt_is_looked_for_no_more_often(services: Services, callbacks: Callbacks) -> None:
    submitting = await services.submitting()
    doubtful = await services.jobs.reschedule(submitting, next_at=services.clock() + timedelta(hours=1))
    callbacks.receive("kirin", doubtful.external_id, END)
    waits = []
    for _ in range(BUSY_TRIES + 1):
        waits.append(await callbacks.work())
        services.clock.tick(waits[-1])
    assert waits[:3] == [0.2, 0.4, 0.8]
    assert 90 < sum(waits[: BUSY_TRIES - 1]) < 120
    assert waits[-1] == 60  # given up: there is nothing more to do
    assert not await called_for(services, doubtful)


async def test_a_replay_wakes_nobody_again_so_soon(services: Services, callbacks: Callbacks) -> None:
    job = await asked_later(services)
    callbacks.receive("kirin", job.external_id, END)
    await callbacks.work()
    services.kirin.then("fetch", working(job.task_id or ""))
    job = await services.submission.poll(await services.claimed(job))
    services.database.refusals = 1  # nobody asks the database before it is time
    for _ in range(1000):
        assert callbacks.receive("kirin", job.external_id, END)
    assert await callbacks.work() == pytest.approx(PAUSE)
    assert services.database.refused == 0
    services.database.refusals = 0
    services.clock.tick(PAUSE)
    await callbacks.work()
    assert await called_for(services, job)


async def test_a_flood_is_turned_away_before_it_takes_memory(services: Services, callbacks: Callbacks) -> None:
    taken = [callbacks.receive("kirin", f"{number:016x}", END) for number in range(MOST + 5)]
    assert taken == [True] * MOST + [False] * 5
    assert await callbacks.work() == 0
    assert callbacks.receive("kirin", "one more", END)
    for _ in range(MOST // AT_ONCE):
        await callbacks.work()
    assert await callbacks.work() > 0
    assert callbacks.receive("kirin", "and another", END)
    assert not services.woken


async def test_a_database_that_refuses_forgets_nothing(services: Services, callbacks: Callbacks) -> None:
    job = await asked_later(services)
    callbacks.receive("kirin", job.external_id, END)
    services.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await callbacks.work()
    await callbacks.work()
    assert await called_for(services, job)


async def test_the_loop_takes_what_comes_whatever_the_database_does(services: Services, callbacks: Callbacks) -> None:
    job = await asked_later(services)
    running = asyncio.create_task(callbacks.run())
    await asyncio.sleep(0)
    services.database.refusals = 1
    callbacks.receive("kirin", job.external_id, END)
    await until(lambda: services.woken)
    assert await called_for(services, job)
    assert services.database.refused == 1
    running.cancel()
    await asyncio.wait([running])


async def waits(services: Services, *, provider: str = "kirin", age: float = 0) -> timedelta:
    """How long a job of that age is left alone after a query that found it unfinished."""
    running = await services.running(provider=provider)
    services.clock.tick(age)
    services.providers[provider].then("fetch", working(running.task_id or ""))
    job = await services.submission.poll(running)
    assert job.due_at is not None
    return job.due_at - services.clock()


def about(time: timedelta) -> object:
    """That time, but for the rounding of the database."""
    return pytest.approx(time, abs=timedelta(milliseconds=2))


async def nearly_all(services: Services, job: Job) -> timedelta:
    """After what time nearly all jobs like this one are ready."""
    return timedelta(seconds=(await services.forecaster.spread(job.request)).moment(NEARLY_ALL))


async def seen_to_arrive(services: Services) -> Job:
    """Have the end of a job be called back and found."""
    job = await asked_later(services)
    services.bot.callbacks.receive("kirin", job.external_id, END)
    await services.bot.callbacks.work()
    return await services.submission.poll(await services.claimed(job))


async def test_once_callbacks_arrive_a_job_is_asked_about_only_when_it_is_long_overdue(services: Services) -> None:
    before = await waits(services)
    by = await nearly_all(services, await seen_to_arrive(services))
    assert by > 3 * before
    assert await waits(services) == about(by)
    assert await waits(services, age=2 * by.total_seconds()) == about(by)
    assert await waits(services, provider="kling") == before  # each is judged by its own


async def test_a_submitted_job_is_left_alone_as_well(services: Services) -> None:
    await seen_to_arrive(services)
    job = await services.submission.submit(await services.submitting())
    assert job.due_at is not None
    assert job.due_at - services.clock() == about(await nearly_all(services, job))


async def test_the_net_is_never_wider_than_the_deadline_nor_than_its_width(services: Services) -> None:
    await seen_to_arrive(services)
    assert await waits(services, age=1800) == NET
    assert await waits(services, age=3400) == timedelta(seconds=200)


async def test_an_end_that_nobody_told_of_brings_the_questions_back(services: Services) -> None:
    usual = await waits(services)
    await seen_to_arrive(services)
    job = await services.submission.submit(await services.submitting())
    ended = await services.submission.poll(await services.claimed(job))
    assert ended.status is JobStatus.SUCCEEDED
    again = await waits(services)
    assert again <= usual
    await seen_to_arrive(services)
    assert await waits(services) > again


async def test_a_callback_whose_signal_is_lost_takes_no_trust_away(services: Services) -> None:
    usual = await waits(services)
    await seen_to_arrive(services)
    other = services.build()
    job = await asked_later(services)
    other.callbacks.receive("kirin", job.external_id, END)
    await other.callbacks.work()
    assert await called_for(services, job)
    ended = await services.submission.poll(await services.claimed(job))
    assert ended.status is JobStatus.SUCCEEDED
    assert await waits(services) > 3 * usual


async def test_what_is_called_for_while_it_is_asked_about_counts_as_called_for(services: Services) -> None:
    usual = await waits(services)
    await seen_to_arrive(services)
    other = services.build()
    running = await services.running()
    other.callbacks.receive("kirin", running.external_id, END)
    await other.callbacks.work()
    assert not await called_for(services, running)
    services.kirin.then("fetch", working(running.task_id or ""))
    later = await services.submission.poll(running)
    await services.submission.poll(await services.claimed(later))
    assert await waits(services) > 3 * usual


async def missed(services: Services) -> None:
    """Have the end of a job be found that nobody told of."""
    ended = await services.submission.poll(await services.running())
    assert ended.status is JobStatus.SUCCEEDED


async def test_one_lost_callback_among_many_changes_nothing_and_a_service_that_falls_silent_is_asked_again(
    services: Services,
) -> None:
    usual = await waits(services)
    for _ in range(2 * TRUST):
        await seen_to_arrive(services)
    await missed(services)
    await seen_to_arrive(services)
    assert await waits(services) > 5 * usual
    for _ in range(TRUST // MISSED):
        assert await waits(services) > usual
        await missed(services)
    assert await waits(services) <= usual


async def test_a_failure_that_was_told_of_is_an_end_like_any_other(services: Services) -> None:
    await seen_to_arrive(services)
    job = await asked_later(services)
    services.bot.callbacks.receive("kirin", job.external_id, b'{"status": "failed"}')
    await services.bot.callbacks.work()
    services.kirin.then("fetch", finished(job.task_id or ""))
    ended = await services.submission.poll(await services.claimed(job))
    assert ended.status is JobStatus.SUCCEEDED  # as the query has it
    assert await waits(services) > timedelta(seconds=60)


async def test_a_woken_submission_is_the_attempt_that_it_was(services: Services) -> None:
    job = await asked_later(services)
    outcomes = await services.claims.wake([job.external_id, f"{job.id}-2", f"{job.id}-x"], now=services.clock())
    assert list(outcomes.values()) == [Woken.YES, Woken.NO, Woken.NO]
