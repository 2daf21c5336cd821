"""What admins do with other people's jobs: each decision goes on as it should, and nothing is decided for others."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.guild import EVERYWHERE, AuditEntry
from bot.domain.job import DeadLetter, Job, JobStatus
from bot.domain.usage import Sought
from bot.errors import DeadLetterGone, DestinationBusy, DestinationLost, GuildJobUnknown, StoreUnavailable
from bot.service.admin.jobs import GuildJobs
from bot.service.jobs.delivery import KEEP_TRYING
from bot.store.jobs.dead_letters import DeadLetters
from bot.store.jobs.guild_jobs import GuildJobStore
from tests.service.house import UNLIMITED, House
from tests.service.scripted import working

HOUR = timedelta(hours=1)


@pytest.fixture
def jobs(house: House) -> GuildJobs:
    return GuildJobs(
        store=GuildJobStore(house.database),
        letters=DeadLetters(house.database),
        lookup=house.lookup,
        expectation=house.expectation,
        delivery=house.delivery,
        deadline=HOUR,
        wake=house.wake,
    )


def entry(house: House, number: int = 1) -> AuditEntry:
    return AuditEntry(id=f"i-{number}", guild_id=7, actor_id=99, action="job_cancel", at=house.clock())


async def in_doubt(house: House) -> Job:
    return await house.jobs.bury(await house.submitting(), reason=DeadLetter.OUTCOME_UNKNOWN, now=house.clock())


async def kept(house: House, **wish: Any) -> Job:
    """A video that no place took, with its file."""
    job = await house.succeeded(**wish)
    house.discord.then("post_result", DestinationLost("gone"))
    house.discord.then("send_directly", DestinationLost("closed"))
    buried = await house.delivery.deliver(job)
    assert buried.dead_letter is DeadLetter.UNDELIVERABLE
    assert house.files() == [f"{job.id}.mp4"]
    return buried


async def test_looking_again_finds_what_was_submitted_after_all(house: House, jobs: GuildJobs) -> None:
    job = await in_doubt(house)
    house.clock.tick(7200)
    await jobs.look_again(entry(house), job)
    house.kirin.then("find", working("task-9"))
    found = await house.steps.advance(await house.claimed(job))
    assert (found.status, found.task_id, house.woken) == (JobStatus.RUNNING, "task-9", 1)
    assert house.kirin.asked("submit") == []


async def test_looking_again_in_vain_brings_it_back_to_the_operator(house: House, jobs: GuildJobs) -> None:
    job = await in_doubt(house)
    await jobs.look_again(entry(house), job)
    for _ in range(5):
        if (await house.job(job)).dead_letter is None:
            await house.steps.advance(await house.claimed(job))
    assert (await house.job(job)).dead_letter is DeadLetter.OUTCOME_UNKNOWN
    assert house.alerts() == [f"outcome_unknown {job.id}"]
    assert house.kirin.asked("submit") == []


async def test_submitting_again_is_a_new_attempt_under_a_name_of_its_own(house: House, jobs: GuildJobs) -> None:
    job = await in_doubt(house)
    house.clock.tick(7200)
    await jobs.retry(entry(house), job)
    claimed = await house.claims.waiting("kirin", now=house.clock(), lease_until=house.clock() + HOUR, limits=UNLIMITED)
    assert claimed is not None
    running = await house.steps.submit(claimed)
    assert house.kirin.asked("submit") == [f"{job.id}-2"]
    assert (running.status, running.deadline_at) == (JobStatus.RUNNING, house.clock() + HOUR)


async def test_delivering_again_posts_the_kept_file_and_settles(house: House, jobs: GuildJobs) -> None:
    job = await kept(house)
    await jobs.retry(entry(house), job)
    done = await house.steps.deliver(await house.claimed(job))
    assert done.delivered_at is not None
    assert len(house.fetcher.asked("download")) == 1, "the file was there"
    assert await house.balance(done) == (0, 5)
    assert house.files() == []


@pytest.mark.parametrize("trouble", [DestinationLost("gone"), DestinationBusy("slow")])
async def test_what_is_refused_again_is_kept_again(house: House, jobs: GuildJobs, trouble: Exception) -> None:
    job = await kept(house)
    house.clock.tick(KEEP_TRYING.total_seconds() + 60)
    await jobs.retry(entry(house), job)
    house.discord.then("post_result", trouble)
    house.discord.then("send_directly", DestinationLost("closed"))
    again = await house.steps.deliver(await house.claimed(job))
    assert again.dead_letter is DeadLetter.UNDELIVERABLE
    assert await house.balance(again) == (5, 0)


async def test_a_video_that_is_written_off_leaves_no_file_behind(house: House, jobs: GuildJobs) -> None:
    job = await kept(house)
    failed = await jobs.write_off(entry(house), job, billed=False)
    assert house.files() == []
    assert await house.balance(failed) == (0, 0)
    closed = await house.steps.advance(await house.claimed(failed))
    assert closed.due_at is None
    assert house.discord.phases("tell_requester") == ["failed"]


async def test_killed_before_the_file_is_removed_the_next_start_removes_it(house: House) -> None:
    job = await kept(house)
    await DeadLetters(house.database).write_off(entry(house), job.id, billed=False)
    assert house.files() == [f"{job.id}.mp4"]
    await house.delivery.sweep()
    assert house.files() == []


async def test_killed_after_a_decision_to_deliver_the_file_is_still_there(house: House) -> None:
    job = await kept(house)
    await DeadLetters(house.database).deliver_again(entry(house), job.id)
    await house.delivery.sweep()
    assert house.files() == [f"{job.id}.mp4"]


async def test_a_waiting_job_is_taken_back_and_its_person_told(house: House, jobs: GuildJobs) -> None:
    job = await house.queued()
    cancelled = await jobs.cancel(entry(house), job)
    assert await house.balance(cancelled) == (0, 0)
    await house.steps.advance(await house.claimed(cancelled))
    assert house.discord.phases("tell_requester") == ["cancelled"]


async def test_where_the_database_refuses_nothing_is_decided(house: House, jobs: GuildJobs) -> None:
    job = await kept(house)
    house.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await jobs.write_off(entry(house), job, billed=False)
    assert await house.job(job) == job
    assert house.files() == [f"{job.id}.mp4"]
    assert house.woken == 0


async def test_a_decision_that_comes_too_late_does_not_take_the_file(house: House, jobs: GuildJobs) -> None:
    job = await kept(house)
    await jobs.retry(entry(house, 1), job)
    with pytest.raises(DeadLetterGone):
        await jobs.write_off(entry(house, 2), job, billed=False)
    assert house.files() == [f"{job.id}.mp4"]


async def test_only_a_guilds_own_jobs_are_known_in_it(house: House, jobs: GuildJobs) -> None:
    job, direct = await house.queued(guild_id=7), await house.queued(guild_id=None)
    assert (await jobs.job(job.id, guild_id=7)).job == job
    for other, guild_id in ((job, 8), (direct, 7)):
        with pytest.raises(GuildJobUnknown):
            await jobs.job(other.id, guild_id=guild_id)
        assert (await jobs.job(other.id, guild_id=EVERYWHERE)).job == other
    with pytest.raises(GuildJobUnknown):
        await jobs.job("nothing", guild_id=EVERYWHERE)


async def test_pages_say_whether_there_are_more_and_where_jobs_stand(house: House, jobs: GuildJobs) -> None:
    made = [await house.queued() for _ in range(5)]
    first = await jobs.page(Sought.WAITING, guild_id=7, most=3)
    last = await jobs.page(Sought.WAITING, guild_id=7, most=3, skip=3)
    assert [view.job.id for view in (*first.views, *last.views)] == [job.id for job in reversed(made)]
    assert (first.more, last.more) == (True, False)
    assert [view.position for view in last.views] == [2, 1]
