"""The loop that moves every job: fair, never held up, never lost, and quick to end."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.job import Job
from bot.errors import OutcomeUnknown, ProviderBusy
from bot.service.jobs.delivery_slots import CROWDED, Places
from bot.service.jobs.worker import ALIVE, IDLE
from tests.service.house import LEASE, UNLIMITED, House
from tests.service.loop import at_work, eventually
from tests.service.scripted import until, working


async def is_due(house: House, job: Job, moment: datetime) -> bool:
    return (await house.job(job)).due_at == moment


async def test_a_job_goes_all_the_way_by_itself(house: House) -> None:
    house.kirin.then("submit", working())
    job = await house.queued()
    async with at_work(house) as worker:
        await until(lambda: "running" in house.discord.phases("post_card"))
        house.clock.tick(20)
        worker.wake()
        await until(lambda: house.discord.phases()[-1:] == ["done"])
    assert (await house.job(job)).delivered_at is not None
    assert await house.balance(job) == (0, 5)
    assert len(house.discord.asked("post_result")) == 1


async def test_a_card_shows_every_phase_though_nothing_waits_for_it(house: House) -> None:
    uploading = asyncio.Event()
    house.discord.then("post_result", uploading)
    await house.cards.introduce(await house.queued())
    async with at_work(house) as worker:
        await until(lambda: "running" in house.discord.phases())
        house.clock.tick(20)
        worker.wake()
        await until(lambda: "delivering" in house.discord.phases())
        uploading.set()
        await until(lambda: "done" in house.discord.phases())
    assert house.discord.phases() == ["running", "delivering", "done"]


async def test_a_discord_that_hangs_holds_up_no_job(house: House) -> None:
    hangs = asyncio.Event()
    house.discord.then("post_card", *[hangs] * 20)
    jobs = [await house.queued() for _ in range(10)]
    async with at_work(house):
        await until(lambda: len(house.kirin.asked("submit")) == len(jobs))


async def test_slow_deliveries_leave_room_for_the_other_jobs(house: House) -> None:
    uploading = asyncio.Event()
    house.discord.then("post_result", *[uploading] * 20)
    videos = [await house.succeeded() for _ in range(house.steps_at_once + 1)]
    for video in videos:
        await house.jobs.reschedule(video, next_at=house.clock())
    async with at_work(house) as worker:
        await until(lambda: len(house.discord.asked("post_result")) == house.deliveries)
        await house.queued()
        worker.wake()
        await until(lambda: house.kirin.asked("submit"))
        assert len(house.discord.asked("post_result")) == house.deliveries
        uploading.set()
        await until(lambda: len(house.discord.asked("post_result")) == len(videos))


async def test_a_crowd_of_finished_videos_waits_in_the_database(house: House) -> None:
    uploading = asyncio.Event()
    house.discord.then("post_result", *[uploading] * 100)
    most = house.deliveries * CROWDED
    videos = [await house.succeeded() for _ in range(most + 3)]
    for video in videos:
        await house.jobs.reschedule(video, next_at=house.clock())
    async with at_work(house):
        await until(lambda: len(house.discord.asked("post_result")) == house.deliveries)
        later = house.clock() + timedelta(seconds=30)

        async def the_rest_is_back() -> bool:
            jobs = [await house.job(video) for video in videos]
            return [job.due_at for job in jobs if job.lease is None] == [later] * (len(videos) - most)

        await eventually(the_rest_is_back)
        uploading.set()


async def test_a_long_delivery_keeps_its_lease(house: House) -> None:
    uploading = asyncio.Event()
    house.discord.then("post_result", uploading)
    video = await house.succeeded()
    await house.jobs.reschedule(video, next_at=house.clock())
    async with at_work(house) as worker:
        await until(lambda: house.discord.asked("post_result"))
        for _ in range(8):
            before = house.clock.tick(LEASE.total_seconds() / 2)
            worker.wake()
            await eventually(partial(is_due, house, video, before + LEASE))
        uploading.set()
        await until(lambda: "done" in house.discord.phases())
    assert len(house.discord.asked("post_result")) == 1


async def test_what_is_under_way_is_not_claimed_again_when_the_database_comes_back(house: House) -> None:
    uploading = asyncio.Event()
    house.discord.then("post_result", uploading)
    video = await house.succeeded()
    await house.jobs.reschedule(video, next_at=house.clock())
    async with at_work(house) as worker:
        await until(lambda: house.discord.asked("post_result"))
        lease = (await house.job(video)).lease
        house.clock.tick(2 * LEASE.total_seconds())
        house.database.refusals = 1
        worker.wake()
        await until(lambda: house.database.refused)
        worker.wake()
        await eventually(lambda: is_due(house, video, house.clock() + LEASE))
        assert (await house.job(video)).lease == lease
        uploading.set()


async def test_an_idle_worker_sleeps(house: House) -> None:
    async with at_work(house) as worker:
        await until(worker.alive)
        house.clock.tick(ALIVE.total_seconds())
        worker.wake()
        await until(worker.alive)  # it has looked once more
        assert house.discord.calls + house.kirin.calls == []
        assert await worker._pause() == min(IDLE, LEASE / 3)  # noqa: SLF001 (how long it sleeps shows nowhere else)
        job = await house.running()
        await house.jobs.reschedule(job, next_at=house.clock() + timedelta(seconds=4))
        assert await worker._pause() == timedelta(seconds=4)  # noqa: SLF001


async def test_a_service_that_takes_nothing_is_asked_once_not_once_a_job(house: House) -> None:
    alone = replace(house, steps_at_once=1)
    alone.kirin.then("submit", *[ProviderBusy(provider="kirin", retry_after=30)] * 50)
    jobs = [await alone.queued() for _ in range(20)]
    await alone.queued(provider="kling")
    async with at_work(alone) as worker:
        await until(lambda: alone.kling.asked("submit"))
        await until(alone.health["kirin"].rests_until)
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
    house: House, *, authoritative: bool
) -> None:
    begun, made = house.clock(), []
    house.kirin.find_is_authoritative = authoritative

    def broken_for_a_minute() -> Any:
        if house.clock() - begun < timedelta(minutes=1):
            return OutcomeUnknown(provider="kirin", code="http_500")
        made.append(house.kirin.asked("submit")[-1])
        return working(f"task-{len(made)}")

    house.kirin.then("submit", *[broken_for_a_minute] * 200)
    for user_id in range(10):
        await house.queued(user_id=user_id)
    async with at_work(house) as worker:
        while len(made) + len(await house.dead()) < 10:
            if await worker._pause():  # noqa: SLF001 (nobody has anything to do now)
                house.clock.tick(1)
            worker.wake()
            await asyncio.sleep(0.002)
    assert len(await house.dead()) <= (0 if authoritative else 2)
    assert len(set(made)) == 10 - len(await house.dead())


async def test_no_service_waits_until_the_queue_of_another_is_empty(house: House) -> None:
    working_long = asyncio.Event()
    for provider in (house.kirin, house.kling):
        provider.then("submit", *[working_long] * 20)
    for _ in range(8):
        await house.queued()
    for _ in range(2):
        await house.queued(provider="kling")
    async with at_work(house):
        await until(lambda: len(house.kirin.calls) + len(house.kling.calls) == house.steps_at_once)
        assert (len(house.kirin.calls), len(house.kling.calls)) == (2, 2)
        working_long.set()


async def test_running_limits_hold_and_places_are_taken_as_they_come_free(house: House) -> None:
    narrow = replace(house, running_limits=replace(UNLIMITED, per_provider=2))
    for _ in range(4):
        await narrow.queued()
    async with at_work(narrow) as worker:
        await until(lambda: len(narrow.kirin.asked("submit")) == 2)
        narrow.clock.tick(20)
        worker.wake()
        await until(lambda: len(narrow.kirin.asked("submit")) == 4)
        assert len(narrow.kirin.asked("fetch")) == 2


async def test_a_job_that_waits_too_long_fails_and_says_so(house: House) -> None:
    job = await house.queued()
    await house.pause(guild_id=7)
    house.clock.tick(3601)
    async with at_work(house):
        await until(lambda: house.discord.phases("tell_requester") == ["failed"])
    assert (await house.job(job)).failure == "deadline"
    assert await house.balance(job) == (0, 0)


async def test_when_many_have_waited_too_long_all_of_them_hear_of_it_soon(house: House) -> None:
    many = 3 * house.steps_at_once
    for _ in range(many):
        await house.queued()
    await house.pause(guild_id=7)
    house.clock.tick(3601)
    async with at_work(house) as worker:
        for soon in range(1, 4):
            await until(lambda: len(house.discord.asked("tell_requester")) >= soon * house.steps_at_once)  # noqa: B023
            house.clock.tick(1)
            worker.wake()
    assert house.discord.phases("tell_requester") == ["failed"] * many


async def test_a_step_that_cannot_be_written_down_is_done_again(house: House) -> None:
    job = await house.succeeded()
    await house.jobs.reschedule(job, next_at=house.clock())

    def locked() -> None:
        house.database.refusals = 1

    house.films.then("fit", locked)
    async with at_work(house) as worker:
        await until(lambda: house.database.refused)
        house.clock.tick(LEASE.total_seconds())
        worker.wake()
        await until(lambda: "done" in house.discord.phases("post_card") + house.discord.phases())


async def test_the_unexpected_is_written_down_and_tried_again_later(house: House) -> None:
    house.kirin.then("fetch", ZeroDivisionError())
    job = await house.running()
    await house.jobs.reschedule(job, next_at=house.clock())
    async with at_work(house) as worker:
        await until(lambda: house.kirin.asked("fetch"))
        await eventually(lambda: is_due(house, job, house.clock() + timedelta(seconds=0.75)))
        house.clock.tick(1)
        worker.wake()
        await until(lambda: house.discord.asked("post_result"))


async def test_a_job_that_somebody_else_moved_is_left_alone(house: House) -> None:
    job = await house.running()
    await house.jobs.reschedule(job, next_at=house.clock())
    answer = asyncio.Event()
    house.kirin.then("fetch", answer)
    async with at_work(house):
        await until(lambda: house.kirin.asked("fetch"))
        mine = await house.job(job)
        await house.jobs.fail(mine, failure="content", code="", now=house.clock())
        answer.set()
        await until(lambda: house.discord.asked("tell_requester"))
    assert (await house.job(job)).failure == "content"


async def test_a_submission_in_doubt_is_settled_by_the_loop(house: House) -> None:
    house.kirin.then("submit", OutcomeUnknown(provider="kirin"))
    house.kirin.then("find", working("task-9"))
    job = await house.queued()
    async with at_work(house) as worker:
        await eventually(lambda: is_due(house, job, house.clock() + timedelta(seconds=2)))
        house.clock.tick(2)
        worker.wake()
        await until(lambda: house.kirin.asked("find"))

        async def found() -> bool:
            return (await house.job(job)).task_id == "task-9"

        await eventually(found)


@pytest.mark.parametrize("ended", [False, True], ids=["videos", "cards"])
async def test_a_channel_that_hangs_holds_up_nobody_elses_jobs(house: House, *, ended: bool) -> None:
    house = replace(house, deliveries=4)
    call = "edit_card" if ended else "post_result"

    hanging = house.discord.hangs[5] = asyncio.Event()
    jobs = [await house.succeeded(channel_id=5) for _ in range(house.steps_at_once)]
    jobs.append(fine := await house.succeeded(channel_id=6))
    for job in jobs:
        if ended:
            await house.jobs.record_card(job, channel_id=job.destination.channel_id, message_id=1)
            await house.jobs.fail(await house.job(job), failure="internal", code="", now=house.clock())
        else:
            await house.jobs.reschedule(job, next_at=house.clock())
    async with at_work(house):
        await until(lambda: fine.id in [each.job.id for each in house.discord.asked(call)])
        hanging.set()
        await until(lambda: len(house.discord.asked(call)) == len(jobs))


async def test_who_waits_for_a_channel_takes_up_nobodys_place() -> None:
    places, entered = Places(most=2, each=1), []

    async def deliver(channel_id: int, end: asyncio.Event) -> None:
        async with places.of(channel_id):
            entered.append(channel_id)
            await end.wait()

    never, now = asyncio.Event(), asyncio.Event()
    now.set()
    async with asyncio.TaskGroup() as deliveries:
        for channel_id, end in ((5, never), (5, now), (5, now), (6, now), (7, now)):
            deliveries.create_task(deliver(channel_id, end))
        await until(lambda: entered == [5, 6, 7])
        assert [places.crowded(each) for each in (5, 6)] == [False, False]
        never.set()
    assert entered == [5, 6, 7, 5, 5]


async def test_so_many_for_one_channel_or_in_all_are_a_crowd() -> None:
    places = Places(most=2, each=1)
    async with asyncio.TaskGroup() as waiting:

        async def wait(channel_id: int) -> None:
            async with places.of(channel_id):
                await asyncio.Event().wait()

        tasks = [waiting.create_task(wait(5)) for _ in range(CROWDED)]
        await asyncio.sleep(0)
        assert (places.crowded(5), places.crowded(6)) == (True, False)
        tasks += [waiting.create_task(wait(6 + number)) for number in range(CROWDED)]
        await asyncio.sleep(0)
        assert places.crowded(99)
        for task in tasks:
            task.cancel()
    assert not places.crowded(5)
