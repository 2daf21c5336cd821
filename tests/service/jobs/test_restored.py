"""A database that was restored knows less than was done: nothing is paid for, or posted, a second time."""

from datetime import timedelta

import pytest

from bot import errors
from bot.domain import AuditEntry, DeadLetter, Job, JobStatus, backoff, millis
from bot.domain.next_step import Step, next_step
from bot.provider.base import Task, TaskFailure, TaskStatus
from bot.service.ports import CannotTell, Posted
from bot.store.database import Transaction
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.restored import BELIEVED, MARK, RestoredStore, TakenUp
from tests.service.scripted import finished, working
from tests.service.services import LEASE, UNLIMITED, Services

SINCE = timedelta(minutes=3)  # since the copy was taken
HOUR = timedelta(hours=1)


async def restore(services: Services, *, since: timedelta = SINCE) -> TakenUp:
    """Have the database be a copy that was taken so long ago, and take it up."""

    async def mark(tx: Transaction) -> None:
        table, row = MARK
        await tx.execute(table)
        await tx.execute(row, millis(services.clock() - since))

    await services.database.transact(mark)
    store = RestoredStore(services.database)
    taken_up = await store.take_up(now=services.clock(), longest=HOUR)
    assert taken_up is not None
    assert await store.take_up(now=services.clock(), longest=HOUR) is None
    return taken_up


async def looked_for(services: Services, job: Job) -> Job:
    """Carry out a submission until it has come to something."""
    job = await services.submission.submit(job)
    while job.status is JobStatus.SUBMITTING and job.dead_letter is None:
        services.clock.tick(1)
        job = await services.submission.reconcile(await services.claimed(job))
    return job


async def waiting(services: Services, provider: str) -> Job:
    """Claim what waits at a provider, for submission."""
    until = services.clock() + LEASE
    job = await services.claims.waiting(provider, now=services.clock(), lease_until=until, limits=UNLIMITED)
    assert job is not None
    return job


async def queued(services: Services, provider: str) -> Job:
    """A job that waited in the copy, claimed for submission."""
    await services.queued(provider=provider)
    await restore(services)
    job = await waiting(services, provider)
    assert job.restored
    return job


async def test_a_job_that_was_submitted_since_is_found_and_not_paid_for_again(services: Services) -> None:
    services.kling.then("find", finished("task-old"))
    job = await looked_for(services, await queued(services, "kling"))
    assert (job.status, job.task_id, job.attempt) == (JobStatus.RUNNING, "task-old", 1)
    assert services.kling.asked("submit") == []


async def test_a_later_attempt_is_found_too_since_a_refusal_uses_up_a_name(services: Services) -> None:
    services.kling.then("find", None, None, working("task-old"))
    job = await looked_for(services, await queued(services, "kling"))
    assert (job.status, job.task_id, job.attempt) == (JobStatus.RUNNING, "task-old", 3)
    assert services.kling.asked("find") == [job.id, f"{job.id}-2", f"{job.id}-3"]
    assert services.kling.asked("submit") == []


async def test_a_job_that_nobody_has_submitted_is_submitted_once_every_name_was_looked_for(services: Services) -> None:
    job = await looked_for(services, await queued(services, "kling"))
    assert job.status is JobStatus.RUNNING
    assert (job.restored, job.posting_at) == (False, None)
    assert services.kling.asked("submit") == [job.id]
    names = services.kling.asked("find")
    assert len(set(names)) == len(names) == 1 + backoff.most(SINCE)


async def test_where_the_service_cannot_tell_the_operator_decides_once(services: Services) -> None:
    job = await looked_for(services, await queued(services, "kirin"))
    assert job.dead_letter is DeadLetter.OUTCOME_UNKNOWN
    assert services.kirin.asked("submit") == []
    assert await services.balance(job) == (5, 0)
    assert services.alerts() == [f"outcome_unknown {job.id}"]
    assert not job.restored  # what the operator decides is done


async def test_trouble_while_looking_begins_nothing_and_forgets_nothing(services: Services) -> None:
    services.kling.then("find", None, errors.ProviderUnavailable(provider="kling", code=""), finished("task-old"))
    job = await looked_for(services, await queued(services, "kling"))
    assert (job.task_id, job.attempt) == ("task-old", 2)
    assert services.kling.asked("find") == [job.id, f"{job.id}-2", f"{job.id}-2"]


async def test_a_service_that_is_silent_for_hours_is_not_asked_for_ever(services: Services) -> None:
    job = await queued(services, "kling")
    services.clock.tick(8 * 3600)
    services.kling.then("find", errors.ProviderUnavailable(provider="kling", code=""))
    assert (await services.submission.submit(job)).dead_letter is DeadLetter.OUTCOME_UNKNOWN


async def test_one_whose_time_is_up_and_that_nobody_has_submitted_fails(services: Services) -> None:
    job = await queued(services, "kling")
    services.clock.tick(2 * 3600)
    job = await looked_for(services, job)
    assert job.status is JobStatus.FAILED
    assert services.kling.asked("submit") == []


async def test_a_submission_that_was_in_doubt_is_looked_for_under_every_name(services: Services) -> None:
    submitting = await services.submitting(provider="kling")
    await restore(services)
    services.clock.tick(60)
    services.kling.then("find", None, working("task-old"))
    job = await services.submission.reconcile(await services.claimed(submitting))
    services.clock.tick(1)
    job = await services.submission.reconcile(await services.claimed(job))
    assert (job.task_id, job.attempt) == ("task-old", 2)


async def test_a_task_that_failed_since_is_followed_by_what_was_submitted_then(services: Services) -> None:
    running = await services.running(provider="kling")
    await restore(services)
    failure = TaskFailure(code="9", detail="", fault=errors.FaultClass.TRANSIENT, resubmits=None)
    services.kling.then("fetch", Task(id="task-1", status=TaskStatus.FAILED, failure=failure))
    again = await services.submission.poll(await services.job(running))
    assert (again.status, again.attempt) == (JobStatus.QUEUED, 2)
    services.clock.tick(60)
    services.kling.then("find", finished("task-2"))
    job = await looked_for(services, await waiting(services, "kling"))
    assert (job.task_id, job.attempt) == ("task-2", 2)
    assert services.kling.asked("find") == [f"{job.id}-2"]


async def test_what_was_unfinished_in_an_old_copy_is_not_submitted_any_more(services: Services) -> None:
    accepted = await services.queued(provider="kling")
    services.clock.now += BELIEVED + 2 * HOUR
    assert (await restore(services, since=BELIEVED + HOUR)).old
    assert next_step(await services.job(accepted), now=services.clock()) is Step.EXPIRE


async def test_a_video_that_was_posted_since_is_found_and_not_posted_again(services: Services) -> None:
    succeeded = await services.succeeded()
    assert (await restore(services)).jobs == 1
    services.discord.then("find_result", Posted(channel_id=5, message_id=42))
    job = await services.step(await services.job(succeeded))
    assert (job.message_id, job.delivered_at) == (42, services.clock())
    assert services.discord.asked("post_result") == []


async def test_a_video_that_was_not_posted_goes_the_way_of_a_new_one(services: Services) -> None:
    succeeded = await services.succeeded()
    await restore(services)
    job = await services.step(await services.job(succeeded))
    assert (job.restored, job.posting_at, job.delivered_at) == (False, None, None)
    assert next_step(job, now=services.clock()) is Step.SCREEN
    assert (await services.step(job)).delivered_at is not None


async def test_a_video_of_which_nobody_can_tell_waits(services: Services) -> None:
    succeeded = await services.succeeded()
    await restore(services)
    services.discord.then("find_result", CannotTell(reason="discord_500"))
    job = await services.step(await services.job(succeeded))
    assert (job.delivered_at, job.restored) == (None, True)


async def test_one_that_is_restored_twice_is_looked_for_as_far_as_either_time(services: Services) -> None:
    accepted = await services.queued(provider="kling")
    await restore(services, since=HOUR)
    far = (await services.job(accepted)).look_to
    await restore(services)
    job = await services.job(accepted)
    assert (job.look_from, job.look_to) == (1, far)


async def test_what_the_operator_may_have_submitted_again_since_is_looked_for_when_they_do_so(
    services: Services,
) -> None:
    lost = await services.submission.lose(await services.submitting())
    await restore(services)
    entry = AuditEntry(id="e", guild_id=7, actor_id=1, action="test", at=services.clock())
    await DeadLetterStore(services.database).submit_again(entry, lost.id, deadline_at=services.clock() + HOUR)
    services.kirin.then("find", working("task-old"))
    job = await looked_for(services, await waiting(services, "kirin"))
    assert (job.task_id, job.attempt) == ("task-old", 2)
    assert services.kirin.asked("submit") == []


async def test_what_is_over_is_left_as_it_is(services: Services) -> None:
    delivered = await services.step(await services.succeeded())
    assert (await restore(services)).jobs == 0
    assert await services.job(delivered) == delivered


async def test_whoever_may_have_been_told_is_not_told_again(services: Services) -> None:
    submitting = await services.submitting()
    failed = await services.jobs.fail(submitting, failure="content", code="1301", now=services.clock())
    await restore(services)
    assert (await services.job(failed)).telling_at == services.clock() - SINCE


@pytest.mark.parametrize(("minutes", "attempts"), [(0, 1), (0.1, 4), (1, 7), (60, 125)])
def test_attempts_that_fit_into_some_time_are_counted(minutes: float, attempts: int) -> None:
    within = timedelta(minutes=minutes)
    assert backoff.most(within) == attempts
    assert backoff.least(attempts) > within
