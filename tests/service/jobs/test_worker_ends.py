"""How the worker lives through a database that refuses, and how it ends: at once, with nothing lost."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.job import JobStatus
from bot.errors import StoreLost, StoreUnavailable
from bot.service.jobs.worker import ALIVE
from tests.service.house import House
from tests.service.scripted import until


async def test_a_database_that_refuses_is_asked_again(house: House) -> None:
    house.database.refusals = 3
    worker = house.worker()
    running = asyncio.create_task(worker.run())
    await until(lambda: house.database.refused)
    assert not worker.alive()
    while not worker.alive():
        worker.wake()
        await asyncio.sleep(0.002)
    house.clock.tick(ALIVE.total_seconds())
    assert not worker.alive()
    worker.stop()
    await running


async def test_stopping_waits_for_steps_and_not_for_cards_or_the_crowd(house: House) -> None:
    uploading, never = asyncio.Event(), asyncio.Event()
    house.discord.then("post_card", *[never] * 20)
    house.discord.then("post_result", *[uploading] * 20)
    videos = [await house.succeeded() for _ in range(5)]
    for video in videos:
        await house.jobs.reschedule(video, next_at=house.clock())
    worker = house.worker()
    running = asyncio.create_task(worker.run())
    await until(lambda: len(house.discord.asked("post_result")) == house.deliveries)
    worker.stop()
    await until(lambda: not any(task.get_name().startswith("card-") for task in asyncio.all_tasks()))
    assert not running.done()
    uploading.set()
    await running
    delivered = [job for job in [await house.job(video) for video in videos] if job.delivered_at is not None]
    assert len(delivered) == house.deliveries
    assert len(house.discord.asked("post_result")) == house.deliveries


@pytest.mark.parametrize("work", ["download", "fit"])
async def test_stopping_cuts_a_download_short_which_the_next_process_begins_again(house: House, work: str) -> None:
    never = asyncio.Event()
    (house.fetcher if work == "download" else house.films).then(work, never)
    video = await house.succeeded()
    await house.jobs.reschedule(video, next_at=house.clock())
    worker = house.worker()
    running = asyncio.create_task(worker.run())
    await until(lambda: (house.fetcher.asked("download"), house.films.asked("fit"))[work == "fit"])
    worker.stop()
    async with asyncio.timeout(20):
        await running
    assert (await house.job(video)).status is JobStatus.SUCCEEDED
    successor = replace(house)
    await successor.worker().recover()
    delivered = await successor.delivery.deliver(await successor.claimed(video))
    assert delivered.delivered_at is not None


async def test_what_waited_for_its_turn_begins_no_download_once_it_is_told_to_stop(house: House) -> None:
    job = await house.succeeded()
    house.delivery.stop()
    with pytest.raises(asyncio.CancelledError):
        await house.delivery.deliver(job)
    assert house.fetcher.calls == []


async def test_cancelled_the_worker_drops_everything_and_the_next_one_takes_it_over(house: House) -> None:
    never = asyncio.Event()
    house.discord.then("post_result", never)
    video = await house.succeeded()
    await house.jobs.reschedule(video, next_at=house.clock())
    running = asyncio.create_task(house.worker().run())
    await until(lambda: house.discord.asked("post_result"))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    successor = house.worker()
    await successor.recover()
    assert (await house.job(video)).due_at == house.clock()


async def test_a_cancellation_that_comes_with_news_still_ends_the_worker(house: House) -> None:
    worker = house.worker()
    running = asyncio.create_task(worker.run())
    await until(worker.alive)
    worker.wake()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_database_whose_file_is_gone_ends_the_worker(house: House, tmp_path: Path) -> None:
    worker = house.worker()
    running = asyncio.create_task(worker.run())
    await until(worker.alive)
    (tmp_path / "shotcaller.db").unlink()
    worker.wake()
    with pytest.raises(ExceptionGroup) as told:
        await running
    assert told.group_contains(StoreLost)


async def test_recovery_cannot_begin_without_the_database(house: House) -> None:
    house.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await house.worker().recover()
