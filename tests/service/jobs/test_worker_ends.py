"""How the worker lives through a database that refuses, and how it ends: at once, with nothing lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import JobStatus
from bot.errors import StoreLost, StoreUnavailable
from bot.provider.base import Task
from bot.service.jobs.worker import ALIVE
from tests.service.scripted import until, working
from tests.service.services import Services
from tests.service.worker_loop import at_work, eventually


async def test_a_database_that_refuses_is_asked_again(services: Services) -> None:
    services.database.refusals = 3
    worker = services.restart().worker
    running = asyncio.create_task(worker.run())
    await until(lambda: services.database.refused)
    assert not worker.alive()
    while not worker.alive():
        worker.wake()
        await asyncio.sleep(0.002)
    services.clock.tick(ALIVE.total_seconds())
    assert not worker.alive()
    worker.stop()
    await running


async def test_it_is_ready_from_its_first_look_and_while_the_database_answers(services: Services) -> None:
    worker = services.restart().worker
    assert not worker.ready()
    async with at_work(services) as worker:
        await until(worker.ready)
        services.database.refusals = 1
        services.clock.tick(15)  # the next look
        worker.wake()
        await until(lambda: services.database.refused)
        assert worker.alive()
        assert not worker.ready()
        worker.wake()
        await until(worker.ready)
        worker.stop()
        assert not worker.ready()


async def test_a_step_that_an_outage_has_stopped_is_taken_again_within_seconds(services: Services) -> None:
    job = await services.running()
    await services.jobs.reschedule(job, next_at=services.clock())

    def outage() -> Task:
        services.database.refusals = 2  # of how long like jobs take, which it does without, and of what has come of it
        return working(f"task-{job.id}")

    async def is_anybodys_soon() -> bool:
        present = await services.job(job)
        return present.lease is None and present.due_at == services.clock() + timedelta(seconds=5)

    services.kirin.then("fetch", outage)
    async with at_work(services) as worker:
        await until(lambda: services.database.refused == 2)
        await eventually(is_anybodys_soon)
        services.clock.tick(5)
        worker.wake()
        await until(lambda: services.discord.asked("say_ready"))


async def test_what_may_have_been_submitted_is_nobodys_until_its_lease_ends(services: Services) -> None:
    job = await services.submitting()
    await services.claims.give_back([job], due_at=services.clock())
    assert await services.job(job) == job


async def test_stopping_waits_for_steps_and_not_for_cards_or_the_crowd(services: Services) -> None:
    uploading, never = asyncio.Event(), asyncio.Event()
    services.discord.then("post_card", *[never] * 20)
    services.discord.then("post_result", *[uploading] * 20)
    videos = [await services.succeeded() for _ in range(5)]
    for video in videos:
        await services.jobs.reschedule(video, next_at=services.clock())
    worker = services.restart().worker
    running = asyncio.create_task(worker.run())
    await until(lambda: len(services.discord.asked("post_result")) == services.sizes.deliveries)
    worker.stop()
    await until(lambda: not any(task.get_name().startswith("card-") for task in asyncio.all_tasks()))
    assert not running.done()
    uploading.set()
    await running
    delivered = [job for job in [await services.job(video) for video in videos] if job.delivered_at is not None]
    assert len(delivered) == services.sizes.deliveries
    assert len(services.discord.asked("post_result")) == services.sizes.deliveries


@pytest.mark.parametrize("work", ["download", "fit"])
async def test_stopping_cuts_a_download_short_which_the_next_process_begins_again(
    services: Services, work: str
) -> None:
    never = asyncio.Event()
    (services.fetcher if work == "download" else services.media).then(work, never)
    video = await services.succeeded()
    await services.jobs.reschedule(video, next_at=services.clock())
    worker = services.restart().worker
    running = asyncio.create_task(worker.run())
    await until(lambda: (services.fetcher.asked("download"), services.media.asked("fit"))[work == "fit"])
    worker.stop()
    async with asyncio.timeout(60):
        await running
    assert (await services.job(video)).status is JobStatus.SUCCEEDED
    successor = replace(services)
    await successor.bot.worker.recover()
    delivered = await successor.step(await successor.claimed(video))
    assert delivered.delivered_at is not None


async def test_what_waited_for_its_turn_begins_no_download_once_it_is_told_to_stop(services: Services) -> None:
    job = await services.succeeded()
    services.files.stop()
    with pytest.raises(asyncio.CancelledError):
        await services.step(job)
    assert services.fetcher.calls == []


async def test_cancelled_the_worker_drops_everything_and_the_next_one_takes_it_over(services: Services) -> None:
    never = asyncio.Event()
    services.discord.then("post_result", never)
    video = await services.succeeded()
    await services.jobs.reschedule(video, next_at=services.clock())
    running = asyncio.create_task(services.restart().worker.run())
    await until(lambda: services.discord.asked("post_result"))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    successor = services.restart().worker
    await successor.recover()
    assert (await services.job(video)).due_at == services.clock()


async def test_a_cancellation_that_comes_with_news_still_ends_the_worker(services: Services) -> None:
    worker = services.restart().worker
    running = asyncio.create_task(worker.run())
    await until(worker.alive)
    worker.wake()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_database_whose_file_is_gone_ends_the_worker(services: Services, tmp_path: Path) -> None:
    worker = services.restart().worker
    running = asyncio.create_task(worker.run())
    await until(worker.alive)
    (tmp_path / "shotcaller.db").unlink()
    worker.wake()
    with pytest.raises(ExceptionGroup) as told:
        await running
    assert told.group_contains(StoreLost)


async def test_recovery_cannot_begin_without_the_database(services: Services) -> None:
    services.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await services.restart().worker.recover()
