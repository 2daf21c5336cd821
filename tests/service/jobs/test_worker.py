"""The loop that moves every job: fair, never held up, never lost, and quick to end."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain import Job
from bot.errors import OutcomeUnknown, ProviderBusy
from bot.service.jobs.delivery_slots import CROWDED, DeliverySlots
from bot.service.jobs.worker import ALIVE, IDLE
from tests.service.scripted import until, working
from tests.service.services import LEASE, UNLIMITED, Services
from tests.service.worker_loop import at_work, eventually

USUAL = 90  # seconds that such a video is expected to take


async def is_due(services: Services, job: Job, moment: datetime) -> bool:
    return (await services.job(job)).due_at == moment


async def test_a_job_goes_all_the_way_by_itself(services: Services) -> None:
    services.kirin.then("submit", working())
    job = await services.queued()
    async with at_work(services) as worker:
        await until(lambda: "running" in services.discord.phases("post_card"))
        services.clock.tick(USUAL)
        worker.wake()
        await until(lambda: services.discord.asked("say_ready"))
    assert (await services.job(job)).delivered_at is not None
    assert await services.balance(job) == (0, 5)
    assert len(services.discord.asked("post_result")) == 1


async def test_a_card_shows_every_phase_though_nothing_waits_for_it(services: Services) -> None:
    uploading = asyncio.Event()
    services.discord.then("post_result", uploading)
    await services.cards.introduce(await services.queued())
    async with at_work(services) as worker:
        await until(lambda: "running" in services.discord.phases())
        services.clock.tick(USUAL)
        worker.wake()
        await until(lambda: "delivering" in services.discord.phases())
        uploading.set()
        await until(lambda: services.discord.asked("say_ready"))
    assert services.discord.phases() == ["running", "delivering"]
    assert services.discord.phases("remove_card") == ["done"]


async def test_a_discord_that_hangs_holds_up_no_job(services: Services) -> None:
    hangs = asyncio.Event()
    services.discord.then("post_card", *[hangs] * 20)
    jobs = [await services.queued() for _ in range(10)]
    async with at_work(services):
        await until(lambda: len(services.kirin.asked("submit")) == len(jobs))


async def test_slow_deliveries_leave_room_for_the_other_jobs(services: Services) -> None:
    uploading = asyncio.Event()
    services.discord.then("post_result", *[uploading] * 20)
    videos = [await services.succeeded() for _ in range(services.sizes.steps + 1)]
    for video in videos:
        await services.jobs.reschedule(video, next_at=services.clock())
    async with at_work(services) as worker:
        await until(lambda: len(services.discord.asked("post_result")) == services.sizes.deliveries)
        await services.queued()
        worker.wake()
        await until(lambda: services.kirin.asked("submit"))
        assert len(services.discord.asked("post_result")) == services.sizes.deliveries
        uploading.set()
        await until(lambda: len(services.discord.asked("post_result")) == len(videos))


async def test_a_crowd_of_finished_videos_waits_in_the_database(services: Services) -> None:
    uploading = asyncio.Event()
    services.discord.then("post_result", *[uploading] * 100)
    most = services.sizes.deliveries * CROWDED
    videos = [await services.succeeded() for _ in range(most + 3)]
    for video in videos:
        await services.jobs.reschedule(video, next_at=services.clock())
    async with at_work(services):
        await until(lambda: len(services.discord.asked("post_result")) == services.sizes.deliveries)
        later = services.clock() + timedelta(seconds=30)

        async def the_rest_is_back() -> bool:
            jobs = [await services.job(video) for video in videos]
            return [job.due_at for job in jobs if job.lease is None] == [later] * (len(videos) - most)

        await eventually(the_rest_is_back)
        uploading.set()


async def test_a_long_delivery_keeps_its_lease(services: Services) -> None:
    uploading = asyncio.Event()
    services.discord.then("post_result", uploading)
    video = await services.succeeded()
    await services.jobs.reschedule(video, next_at=services.clock())
    async with at_work(services) as worker:
        await until(lambda: services.discord.asked("post_result"))
        for _ in range(8):
            before = services.clock.tick(LEASE.total_seconds() / 2)
            worker.wake()
            await eventually(partial(is_due, services, video, before + LEASE))
        uploading.set()
        await until(lambda: services.discord.asked("say_ready"))
    assert len(services.discord.asked("post_result")) == 1


async def test_what_is_under_way_is_not_claimed_again_when_the_database_comes_back(services: Services) -> None:
    uploading = asyncio.Event()
    services.discord.then("post_result", uploading)
    video = await services.succeeded()
    await services.jobs.reschedule(video, next_at=services.clock())
    async with at_work(services) as worker:
        await until(lambda: services.discord.asked("post_result"))
        lease = (await services.job(video)).lease
        services.clock.tick(2 * LEASE.total_seconds())
        services.database.refusals = 1
        worker.wake()
        await until(lambda: services.database.refused)
        worker.wake()
        await eventually(lambda: is_due(services, video, services.clock() + LEASE))
        assert (await services.job(video)).lease == lease
        uploading.set()


async def test_an_idle_worker_sleeps(services: Services) -> None:
    async with at_work(services) as worker:
        await until(worker.alive)
        services.clock.tick(ALIVE.total_seconds())
        worker.wake()
        await until(worker.alive)  # it has looked once more
        assert services.discord.calls + services.kirin.calls == []
        assert worker._pause() == min(IDLE, LEASE / 3)  # noqa: SLF001 (how long it sleeps shows nowhere else)
        job = await services.running()
        await services.jobs.reschedule(job, next_at=services.clock() + timedelta(seconds=4))
        worker.wake()
        await until(lambda: worker._pause() == timedelta(seconds=4))  # noqa: SLF001


async def test_a_service_that_takes_nothing_is_asked_once_not_once_a_job(services: Services) -> None:
    alone = replace(services, sizes=replace(services.sizes, steps=1))
    alone.kirin.then("submit", *[ProviderBusy(provider="kirin", retry_after=30)] * 50)
    jobs = [await alone.queued() for _ in range(20)]
    await alone.queued(provider="kling")
    async with at_work(alone) as worker:
        await until(lambda: alone.kling.asked("submit"))
        while (await alone.job(jobs[0])).attempt == 1:  # noqa: ASYNC110 (until the database says that it waits again)
            await asyncio.sleep(0.002)
        for _ in range(20):
            worker.wake()
            await asyncio.sleep(0.002)
        assert len(alone.kirin.asked("submit")) == 1
        alone.clock.tick(30)
        worker.wake()
        await until(lambda: len(alone.kirin.asked("submit")) == 2)
    assert alone.kirin.asked("submit") == [jobs[0].id, f"{jobs[0].id}-2"]


@pytest.mark.parametrize("authoritative", [False, True])
async def test_a_minute_of_doubt_costs_one_or_two_jobs_and_the_others_are_made(
    services: Services, *, authoritative: bool
) -> None:
    begun, made = services.clock(), []
    services.kirin.find_is_authoritative = authoritative

    def broken_for_a_minute() -> Any:
        if services.clock() - begun < timedelta(minutes=1):
            return OutcomeUnknown(provider="kirin", code="http_500")
        made.append(services.kirin.asked("submit")[-1])
        return working(f"task-{len(made)}")

    services.kirin.then("submit", *[broken_for_a_minute] * 200)
    for user_id in range(10):
        await services.queued(user_id=user_id)
    async with at_work(services) as worker:
        while len(made) + len(await services.dead()) < 10:
            if worker._pause():  # noqa: SLF001 (nobody has anything to do now)
                services.clock.tick(1)
            worker.wake()
            await asyncio.sleep(0.002)
    assert len(await services.dead()) <= (0 if authoritative else 2)
    assert len(set(made)) == 10 - len(await services.dead())


async def test_no_service_waits_until_the_queue_of_another_is_empty(services: Services) -> None:
    working_long = asyncio.Event()
    for provider in (services.kirin, services.kling):
        provider.then("submit", *[working_long] * 20)
    for _ in range(8):
        await services.queued()
    for _ in range(2):
        await services.queued(provider="kling")
    async with at_work(services):
        await until(lambda: len(services.kirin.calls) + len(services.kling.calls) == services.sizes.steps)
        assert (len(services.kirin.calls), len(services.kling.calls)) == (2, 2)
        working_long.set()


async def test_running_limits_hold_and_places_are_taken_as_they_come_free(services: Services) -> None:
    narrow = replace(services, running_limits=replace(UNLIMITED, per_provider=2))
    for _ in range(4):
        await narrow.queued()
    async with at_work(narrow) as worker:
        await until(lambda: len(narrow.kirin.asked("submit")) == 2)
        narrow.clock.tick(USUAL)
        worker.wake()
        await until(lambda: len(narrow.kirin.asked("submit")) == 4)
        assert len(narrow.kirin.asked("fetch")) == 2


async def test_a_job_that_waits_too_long_fails_and_says_so(services: Services) -> None:
    job = await services.queued()
    await services.pause(guild_id=7)
    services.clock.tick(3601)
    async with at_work(services):
        await until(lambda: services.discord.phases("tell_requester") == ["failed"])
    assert (await services.job(job)).failure == "deadline"
    assert await services.balance(job) == (0, 0)


async def test_when_many_have_waited_too_long_all_of_them_hear_of_it_soon(services: Services) -> None:
    many = 3 * services.sizes.steps
    for _ in range(many):
        await services.queued()
    await services.pause(guild_id=7)
    services.clock.tick(3601)
    async with at_work(services) as worker:
        for soon in range(1, 4):
            await until(lambda: len(services.discord.asked("tell_requester")) >= soon * services.sizes.steps)  # noqa: B023
            services.clock.tick(1)
            worker.wake()
    assert services.discord.phases("tell_requester") == ["failed"] * many


async def test_a_step_that_cannot_be_written_down_is_done_again(services: Services) -> None:
    job = await services.succeeded()
    await services.jobs.reschedule(job, next_at=services.clock())

    def locked() -> None:
        services.database.refusals = 1

    services.media.then("fit", locked)
    async with at_work(services) as worker:
        await until(lambda: services.database.refused)
        services.clock.tick(LEASE.total_seconds())
        worker.wake()
        await until(lambda: services.discord.asked("say_ready"))


async def test_the_unexpected_is_written_down_and_tried_again_later(services: Services) -> None:
    services.kirin.then("fetch", ZeroDivisionError())
    job = await services.running()
    await services.jobs.reschedule(job, next_at=services.clock())
    async with at_work(services) as worker:
        await until(lambda: services.kirin.asked("fetch"))
        await eventually(lambda: is_due(services, job, services.clock() + timedelta(seconds=0.75)))
        services.clock.tick(1)
        worker.wake()
        await until(lambda: services.discord.asked("post_result"))


async def test_a_job_that_somebody_else_moved_is_left_alone(services: Services) -> None:
    job = await services.running()
    await services.jobs.reschedule(job, next_at=services.clock())
    answer = asyncio.Event()
    services.kirin.then("fetch", answer)
    async with at_work(services):
        await until(lambda: services.kirin.asked("fetch"))
        mine = await services.job(job)
        await services.jobs.fail(mine, failure="content", code="", now=services.clock())
        answer.set()
        await until(lambda: services.discord.asked("tell_requester"))
    assert (await services.job(job)).failure == "content"


async def test_a_submission_in_doubt_is_settled_by_the_loop(services: Services) -> None:
    services.kirin.then("submit", OutcomeUnknown(provider="kirin"))
    services.kirin.then("find", working("task-9"))
    job = await services.queued()
    async with at_work(services) as worker:
        await eventually(lambda: is_due(services, job, services.clock() + timedelta(seconds=2)))
        services.clock.tick(2)
        worker.wake()
        await until(lambda: services.kirin.asked("find"))

        async def found() -> bool:
            return (await services.job(job)).task_id == "task-9"

        await eventually(found)


@pytest.mark.parametrize("ended", [False, True], ids=["videos", "cards"])
async def test_a_channel_that_hangs_holds_up_nobody_elses_jobs(services: Services, *, ended: bool) -> None:
    services = replace(services, sizes=replace(services.sizes, deliveries=4))
    call = "edit_card" if ended else "post_result"

    stuck = services.discord.hangs[5] = asyncio.Event()
    jobs = [await services.succeeded(channel_id=5) for _ in range(services.sizes.steps)]
    jobs.append(fine := await services.succeeded(channel_id=6))
    for job in jobs:
        if ended:
            await services.jobs.record_card(job, channel_id=job.destination.channel_id, message_id=1)
            await services.jobs.fail(await services.job(job), failure="internal", code="", now=services.clock())
        else:
            await services.jobs.reschedule(job, next_at=services.clock())
    async with at_work(services):
        await until(lambda: fine.id in [each.job.id for each in services.discord.asked(call)])
        stuck.set()
        await until(lambda: len(services.discord.asked(call)) == len(jobs))


async def test_who_waits_for_a_channel_takes_up_nobodys_place() -> None:
    slots, entered = DeliverySlots(most=2, each=1), []

    async def deliver(channel_id: int, end: asyncio.Event) -> None:
        async with slots.of(channel_id):
            entered.append(channel_id)
            await end.wait()

    never, now = asyncio.Event(), asyncio.Event()
    now.set()
    async with asyncio.TaskGroup() as deliveries:
        for channel_id, end in ((5, never), (5, now), (5, now), (6, now), (7, now)):
            deliveries.create_task(deliver(channel_id, end))
        await until(lambda: entered == [5, 6, 7])
        assert [slots.crowded(each) for each in (5, 6)] == [False, False]
        never.set()
    assert entered == [5, 6, 7, 5, 5]


async def test_so_many_for_one_channel_or_in_all_are_a_crowd() -> None:
    slots = DeliverySlots(most=2, each=1)
    async with asyncio.TaskGroup() as waiting:

        async def wait(channel_id: int) -> None:
            async with slots.of(channel_id):
                await asyncio.Event().wait()

        tasks = [waiting.create_task(wait(5)) for _ in range(CROWDED)]
        await asyncio.sleep(0)
        assert (slots.crowded(5), slots.crowded(6)) == (True, False)
        tasks += [waiting.create_task(wait(6 + number)) for number in range(CROWDED)]
        await asyncio.sleep(0)
        assert slots.crowded(99)
        for task in tasks:
            task.cancel()
    assert not slots.crowded(5)
