"""What admins do with other people's jobs: each decision goes on as it should, and nothing is decided for others."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain import EVERYWHERE, AuditEntry, DeadLetter, Job, JobFilter, JobStatus
from bot.domain.next_step import Step
from bot.errors import DeadLetterGone, DestinationBusy, DestinationLost, GuildJobUnknown, StoreUnavailable
from bot.service.admin.jobs import GuildJobs
from bot.service.jobs.delivery import KEEP_TRYING
from bot.store.jobs.dead_letters import DeadLetterStore
from tests.service.scripted import working
from tests.service.services import UNLIMITED, Services

HOUR = timedelta(hours=1)


@pytest.fixture
def jobs(services: Services) -> GuildJobs:
    return services.bot.services.guild_jobs


def entry(services: Services, number: int = 1) -> AuditEntry:
    return AuditEntry(id=f"i-{number}", guild_id=7, actor_id=99, action="job_cancel", at=services.clock())


async def in_doubt(services: Services) -> Job:
    return await services.jobs.mark_dead_letter(
        await services.submitting(), reason=DeadLetter.OUTCOME_UNKNOWN, now=services.clock()
    )


async def kept(services: Services, **fields: Any) -> Job:
    """A video that no place took, with its file."""
    job = await services.succeeded(**fields)
    services.discord.then("post_result", DestinationLost("gone"))
    services.discord.then("send_directly", DestinationLost("closed"))
    buried = await services.step(job)
    assert buried.dead_letter is DeadLetter.UNDELIVERABLE
    assert services.file_names() == [f"{job.id}.mp4"]
    return buried


async def test_looking_again_finds_what_was_submitted_after_all(services: Services, jobs: GuildJobs) -> None:
    job = await in_doubt(services)
    services.clock.tick(7200)
    await jobs.look_again(entry(services), job)
    services.kirin.then("find", working("task-9"))
    found = await services.step(await services.claimed(job))
    assert (found.status, found.task_id, services.woken) == (JobStatus.RUNNING, "task-9", 1)
    assert services.kirin.asked("submit") == []


async def test_looking_again_in_vain_brings_it_back_to_the_operator(services: Services, jobs: GuildJobs) -> None:
    job = await in_doubt(services)
    await jobs.look_again(entry(services), job)
    for _ in range(5):
        if (await services.job(job)).dead_letter is None:
            await services.step(await services.claimed(job))
    assert (await services.job(job)).dead_letter is DeadLetter.OUTCOME_UNKNOWN
    assert services.alerts() == [f"outcome_unknown {job.id}"]
    assert services.kirin.asked("submit") == []


async def test_submitting_again_is_a_new_attempt_under_a_name_of_its_own(services: Services, jobs: GuildJobs) -> None:
    job = await in_doubt(services)
    services.clock.tick(7200)
    await jobs.retry(entry(services), job)
    claimed = await services.claims.waiting(
        "kirin", now=services.clock(), lease_until=services.clock() + HOUR, limits=UNLIMITED
    )
    assert claimed is not None
    running = await services.steps.carry_out(claimed, Step.SUBMIT)
    assert services.kirin.asked("submit") == [f"{job.id}-2"]
    assert (running.status, running.deadline_at) == (JobStatus.RUNNING, services.clock() + HOUR)


async def test_delivering_again_posts_the_kept_file_and_settles(services: Services, jobs: GuildJobs) -> None:
    job = await kept(services)
    await jobs.retry(entry(services), job)
    done = await services.step(await services.claimed(job))
    assert done.delivered_at is not None
    assert len(services.fetcher.asked("download")) == 1, "the file was there"
    assert await services.balance(done) == (0, 5)
    assert services.file_names() == []


@pytest.mark.parametrize("trouble", [DestinationLost("gone"), DestinationBusy("slow")])
async def test_what_is_refused_again_is_kept_again(services: Services, jobs: GuildJobs, trouble: Exception) -> None:
    job = await kept(services)
    services.clock.tick(KEEP_TRYING.total_seconds() + 60)
    await jobs.retry(entry(services), job)
    services.discord.then("post_result", trouble)
    services.discord.then("send_directly", DestinationLost("closed"))
    again = await services.step(await services.claimed(job))
    assert again.dead_letter is DeadLetter.UNDELIVERABLE
    assert await services.balance(again) == (5, 0)


async def test_a_video_that_is_written_off_leaves_no_file_behind(services: Services, jobs: GuildJobs) -> None:
    job = await kept(services)
    failed = await jobs.write_off(entry(services), job, billed=False)
    assert services.file_names() == []
    assert await services.balance(failed) == (0, 0)
    closed = await services.step(await services.claimed(failed))
    assert closed.due_at is None
    assert services.discord.phases("tell_requester") == ["failed"]


async def test_killed_before_the_file_is_removed_the_next_start_removes_it(services: Services) -> None:
    job = await kept(services)
    await DeadLetterStore(services.database).write_off(entry(services), job.id, billed=False)
    assert services.file_names() == [f"{job.id}.mp4"]
    await services.files.sweep()
    assert services.file_names() == []


async def test_killed_after_a_decision_to_deliver_the_file_is_still_there(services: Services) -> None:
    job = await kept(services)
    await DeadLetterStore(services.database).deliver_again(entry(services), job.id)
    await services.files.sweep()
    assert services.file_names() == [f"{job.id}.mp4"]


async def test_a_waiting_job_is_taken_back_and_its_person_told(services: Services, jobs: GuildJobs) -> None:
    job = await services.queued()
    cancelled = await jobs.cancel(entry(services), job)
    assert await services.balance(cancelled) == (0, 0)
    await services.step(await services.claimed(cancelled))
    assert services.discord.phases("tell_requester") == ["cancelled"]


async def test_where_the_database_refuses_nothing_is_decided(services: Services, jobs: GuildJobs) -> None:
    job = await kept(services)
    services.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await jobs.write_off(entry(services), job, billed=False)
    assert await services.job(job) == job
    assert services.file_names() == [f"{job.id}.mp4"]
    assert not services.woken


async def test_a_decision_that_comes_too_late_does_not_take_the_file(services: Services, jobs: GuildJobs) -> None:
    job = await kept(services)
    await jobs.retry(entry(services, 1), job)
    with pytest.raises(DeadLetterGone):
        await jobs.write_off(entry(services, 2), job, billed=False)
    assert services.file_names() == [f"{job.id}.mp4"]


async def test_only_a_guilds_own_jobs_are_known_in_it(services: Services, jobs: GuildJobs) -> None:
    job, direct = await services.queued(guild_id=7), await services.queued(guild_id=None)
    assert (await jobs.job(job.id, guild_id=7)).job == job
    for other, guild_id in ((job, 8), (direct, 7)):
        with pytest.raises(GuildJobUnknown):
            await jobs.job(other.id, guild_id=guild_id)
        assert (await jobs.job(other.id, guild_id=EVERYWHERE)).job == other
    with pytest.raises(GuildJobUnknown):
        await jobs.job("nothing", guild_id=EVERYWHERE)


async def test_pages_say_whether_there_are_more_and_where_jobs_stand(services: Services, jobs: GuildJobs) -> None:
    made = [await services.queued() for _ in range(5)]
    first = await jobs.page(JobFilter.WAITING, guild_id=7, most=3)
    last = await jobs.page(JobFilter.WAITING, guild_id=7, most=3, skip=3)
    assert [view.job.id for view in (*first.views, *last.views)] == [job.id for job in reversed(made)]
    assert (first.more, last.more) == (True, False)
    assert [view.position for view in last.views] == [2, 1]
