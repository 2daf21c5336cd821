"""The files of finished videos where several processes have one folder, or each a folder of its own."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import errors
from bot.domain import Job
from bot.domain.sharing import Process
from bot.service.jobs.files import ResultFiles
from bot.service.processes import Processes
from tests.service.scripted import Fetcher, until
from tests.service.services import LIMIT, Services

ONE, OTHER, DEAD = (Process(id=digit * 16) for digit in "123")


class SlowFetcher(Fetcher):
    """Writes the first half of a file, and the rest when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.half, self.go_on = asyncio.Event(), asyncio.Event()

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        await asyncio.to_thread(path.write_bytes, b"v" * (self.size // 2))
        self.half.set()
        await self.go_on.wait()
        return await super().download(url, path, cap=cap)


def files_of(services: Services, this: Process, *living: Process, **changed: Any) -> ResultFiles:
    """The files of a process beside those that live, in the same folder or another."""
    processes = Processes(this, shared=True)
    processes.note([this, *living])
    return replace(services, **changed).build(parts={"processes": processes}).files


async def fetching(files: ResultFiles, fetcher: SlowFetcher, job: Job) -> asyncio.Task[Any]:
    """Begin to fetch a file, until half of it is there."""
    task = asyncio.create_task(files.prepare(job, limit=LIMIT))
    await fetcher.half.wait()
    return task


async def test_what_another_process_is_fetching_is_not_removed_and_not_seen_before_it_is_whole(
    services: Services,
) -> None:
    fetcher, job = SlowFetcher(), await services.succeeded()
    one, other = files_of(services, ONE, OTHER, fetcher=fetcher), files_of(services, OTHER, ONE)
    task = await fetching(one, fetcher, job)
    await other.sweep()
    assert await other.kept(job) is None
    fetcher.go_on.set()
    result = await task
    assert await other.kept(job) == result.file
    assert services.file_names() == [f"{job.id}.mp4"]


async def test_what_a_dead_process_was_writing_is_removed_by_any_other(services: Services) -> None:
    fetcher, job = SlowFetcher(), await services.succeeded()
    task = await fetching(files_of(services, DEAD, fetcher=fetcher), fetcher, job)
    await files_of(services, ONE, OTHER).sweep()
    assert services.file_names() == []
    task.cancel()
    await asyncio.wait([task])


async def test_what_a_process_was_writing_when_it_died_is_removed_while_others_run(services: Services) -> None:
    fetcher, job = SlowFetcher(), await services.succeeded()
    dead, files = files_of(services, DEAD, fetcher=fetcher), files_of(services, ONE)
    task = await fetching(dead, fetcher, job)
    await files.remove_unfinished()
    (unfinished,) = services.file_names()  # it may be of one that has begun just now
    await asyncio.to_thread(os.utime, services.folder / unfinished, (0, 0))
    await files_of(services, ONE, DEAD).remove_unfinished()
    assert services.file_names() == [unfinished]
    await files.remove_unfinished()
    assert services.file_names() == []
    task.cancel()
    await asyncio.wait([task])


async def test_whole_files_and_those_of_others_are_not_unfinished(services: Services) -> None:
    services.folder.mkdir(parents=True, exist_ok=True)
    names = ["0123456789abcdef.fit.mp4", "0123456789abcdef.mp4", "notes.txt"]
    for name in names:
        (services.folder / name).touch()
        os.utime(services.folder / name, (0, 0))
    await files_of(services, ONE).remove_unfinished()
    assert services.file_names() == names


async def test_a_folder_that_cannot_be_looked_into_is_said(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    services.folder.rmdir()
    services.folder.touch()
    await files_of(services, ONE).remove_unfinished()
    assert "the folder of results cannot be tidied" in caplog.text


async def test_a_process_that_looks_around_leaves_its_own_work_alone(services: Services) -> None:
    fetcher, job = SlowFetcher(), await services.succeeded()
    files = files_of(services, ONE, fetcher=fetcher)
    task = await fetching(files, fetcher, job)
    await files.tidy()
    assert len(services.file_names()) == 1
    fetcher.go_on.set()
    assert (await task).media.size == fetcher.size


async def test_two_that_fetch_the_same_file_both_have_it(services: Services) -> None:
    fetcher, job = SlowFetcher(), await services.succeeded()
    late = await fetching(files_of(services, ONE, OTHER, fetcher=fetcher), fetcher, job)
    soon = await files_of(services, OTHER, ONE).prepare(job, limit=LIMIT)
    fetcher.go_on.set()
    assert (await late).file == soon.file
    assert services.file_names() == [f"{job.id}.mp4"]


async def test_a_file_that_is_made_to_fit_is_there_whole_or_not_at_all(services: Services) -> None:
    job, files = await services.succeeded(), files_of(services, ONE)
    services.media.then("fit", asyncio.CancelledError(), errors.ResultTooLarge("cannot_fit"))
    for trouble in (asyncio.CancelledError, errors.ResultTooLarge):
        with pytest.raises(trouble):
            await files.prepare(job, limit=400)
    assert services.file_names() == [f"{job.id}.mp4"]
    assert (await files.prepare(job, limit=400)).file.name == f"{job.id}.fit.mp4"
    assert services.file_names() == [f"{job.id}.fit.mp4", f"{job.id}.mp4"]


async def test_a_file_that_cannot_get_its_name_is_the_machines_trouble(services: Services) -> None:
    job, files = await services.succeeded(), files_of(services, ONE)
    (services.folder / f"{job.id}.mp4" / "in the way").mkdir(parents=True)
    with pytest.raises(errors.ResultUnavailable, match="disk"):
        await files.download("https://v.example/1.mp4", services.folder / f"{job.id}.mp4")
    assert services.file_names() == [f"{job.id}.mp4"]


async def test_what_another_process_has_in_a_folder_of_its_own_is_fetched_again(
    services: Services, tmp_path: Path
) -> None:
    job, elsewhere = await services.succeeded(), tmp_path / "elsewhere" / "results"
    await files_of(services, ONE, OTHER).prepare(job, limit=LIMIT)
    other = files_of(services, OTHER, ONE, folder=elsewhere)
    assert await other.kept(job) is None
    assert (await other.prepare(job, limit=LIMIT)).file == elsewhere / f"{job.id}.mp4"
    await other.discard(job)
    await files_of(services, ONE, OTHER).sweep()
    assert services.file_names() == [f"{job.id}.mp4"]  # until the job is over
    await services.jobs.delivered(job, channel_id=5, message_id=50, now=services.clock())
    await files_of(services, ONE, OTHER).sweep()
    assert services.file_names() == []


async def test_a_copy_that_is_lent_is_nobody_elses_to_remove(services: Services) -> None:
    job, one, other = await services.succeeded(), files_of(services, ONE, OTHER), files_of(services, OTHER, ONE)
    async with one.scratch(job) as (whole, fitted):
        await one.download("https://v.example/1.mp4", whole)
        await one.fit(job, whole, fitted, limit=400)
        await other.sweep()
        assert sorted(services.file_names()) == sorted([whole.name, fitted.name])
    await until(lambda: services.file_names() == [])
