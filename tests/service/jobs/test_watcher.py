"""Jobs of a service that answers one question about many: watched, woken at their end, asked alone when that fails."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import errors
from bot.domain import Job, JobStatus
from bot.domain.sharing import Process
from bot.errors import FaultClass, StoreUnavailable
from bot.provider.base import MANY_NOT_OFFERED, Asked, Task, TaskFailure, TaskStatus
from bot.service.jobs.callbacks import BUSY_TRIES
from bot.service.jobs.watcher import FAILURES, MISSES, REST, RETRY, Watch
from tests.service.scripted import Provider, finished, until, working
from tests.service.services import Services, open_services

END = b'{"status": "completed"}'
USUAL = 90  # seconds that such a job takes, as the first guess has it
FAILED = TaskFailure(code="1301", detail="risk", fault=FaultClass.CONTENT)

Answer = Callable[[Sequence[Asked]], Mapping[str, Task | None]]


class Many(Provider):
    """A service that answers about many; without a script every task is under way."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ended: dict[str, Task] = {}
        self.missing = set[str]()

    async def fetch_many(self, wanted: Sequence[Asked]) -> Mapping[str, Task | None]:
        ids = [each.task_id for each in wanted]
        usual = {name: None if name in self.missing else self.ended.get(name, working(name)) for name in ids}
        answers: Mapping[str, Task | None] = await self.play("fetch_many", ids, usual=usual)
        return answers


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with open_services(tmp_path) as opened:
        opened.kling = Many("kling")
        opened.kling.find_is_authoritative = True
        opened.providers["kling"] = opened.kling
        opened.restart()
        await watch(opened).work()
        yield opened


def watch(services: Services) -> Watch:
    return services.bot.watcher.watches["kling"]


def service(services: Services) -> Many:
    many: Any = services.kling
    assert isinstance(many, Many)
    return many


async def watched(services: Services) -> Job:
    """A job that is under way and watched: nobody has it."""
    job = await services.submission.poll(await services.running(provider="kling"))
    assert job.lease is None
    assert services.kling.asked("fetch") == []
    return job


async def ask(services: Services) -> list[list[str]]:
    """Let time pass until it is time to ask; what was asked since."""
    before = len(services.kling.asked("fetch_many"))
    for _ in range(1_000):
        pause = await watch(services).work()
        if len(services.kling.asked("fetch_many")) > before:
            break
        services.clock.tick(max(0.1, pause))
    await watch(services).work()
    return services.kling.asked("fetch_many")[before:]


async def later(services: Services) -> None:
    """Let time pass until there is something to do."""
    services.clock.tick(await watch(services).work() + 0.01)


def due(services: Services, job: Job) -> bool:
    return job.due_at is not None and job.due_at <= services.clock()


def trouble(kind: type[errors.ProviderError], code: str = "x", **more: Any) -> errors.ProviderError:
    return kind(provider="kling", code=code, **more)


async def test_a_submitted_job_is_due_when_it_may_be_ready(services: Services) -> None:
    job = await services.submission.submit(await services.submitting(provider="kling"))
    spread = await services.forecaster.spread(job.request)
    assert job.due_at == services.clock() + timedelta(milliseconds=int(spread.earliest * 1000))


async def test_one_question_is_about_all_that_are_under_way(services: Services) -> None:
    jobs = [await watched(services) for _ in range(3)]
    (asked,) = await ask(services)
    assert sorted(asked) == sorted(job.task_id or "" for job in jobs)
    assert services.kling.asked("fetch") == []
    assert not services.woken


async def test_whose_task_has_ended_is_due_at_once_and_nobody_asks_again(services: Services) -> None:
    done, failed, other = [await watched(services) for _ in range(3)]
    service(services).ended = {
        str(done.task_id): finished(str(done.task_id), url="https://v.example/9.mp4"),
        str(failed.task_id): Task(id=str(failed.task_id), status=TaskStatus.FAILED, failure=FAILED),
    }
    await ask(services)
    assert services.woken
    assert not due(services, await services.job(other))
    done, failed = [await services.submission.poll(await services.claimed(job)) for job in (done, failed)]
    assert (done.status, done.result_url) == (JobStatus.SUCCEEDED, "https://v.example/9.mp4")
    assert (failed.status, failed.failure) == (JobStatus.FAILED, "content")
    assert services.kling.asked("fetch") == []
    assert await ask(services) == [[other.task_id]]


async def test_a_job_that_is_watched_is_not_asked_about_when_it_is_due(services: Services) -> None:
    job = await watched(services)
    again = await services.submission.poll(await services.claimed(job))
    assert services.kling.asked("fetch") == []
    assert again.due_at is not None
    assert again.due_at > services.clock()


async def test_at_its_deadline_it_is_asked_about_by_itself(services: Services) -> None:
    job = await watched(services)
    services.kling.then("fetch", working(str(job.task_id)))
    services.clock.now = job.deadline_at
    late = await services.submission.poll(await services.claimed(job))
    assert (late.status, late.failure) == (JobStatus.FAILED, "deadline")
    await watch(services).work()
    assert services.kling.asked("fetch_many") == []


async def test_what_no_answer_tells_of_is_asked_about_by_itself(services: Services) -> None:
    job, other = await watched(services), await watched(services)
    service(services).missing.add(str(job.task_id))
    for _ in range(MISSES):
        assert not due(services, await services.job(job))
        await ask(services)
    assert due(services, await services.job(job))
    assert not due(services, await services.job(other))
    services.kling.then("fetch", trouble(errors.TaskUnknown))
    missed = await services.submission.poll(await services.claimed(job))
    assert (missed.status, missed.misses) == (JobStatus.RUNNING, 1)
    assert services.kling.asked("fetch") == [job.task_id]


async def test_a_job_whose_task_is_not_known_is_not_watched_before_it_is(services: Services) -> None:
    running = await services.running(provider="kling")
    await services.jobs.reschedule(running, next_at=services.clock(), misses=1)
    services.kling.then("fetch", working(str(running.task_id)))
    found = await services.submission.poll(await services.claimed(running))
    assert (found.misses, len(services.kling.asked("fetch"))) == (0, 1)
    await services.submission.poll(await services.claimed(found))
    assert len(services.kling.asked("fetch")) == 1


async def test_who_is_told_of_again_is_watched_again(services: Services) -> None:
    job = await watched(services)
    service(services).missing.add(str(job.task_id))
    other = await watched(services)
    for _ in range(MISSES):
        await ask(services)
    service(services).missing.clear()
    assert sorted((await ask(services))[0]) == sorted([str(job.task_id), str(other.task_id)])
    await services.submission.poll(await services.claimed(job))
    assert services.kling.asked("fetch") == []


async def test_where_it_is_not_offered_all_are_asked_one_by_one_for_an_hour(services: Services) -> None:
    jobs = [await watched(services) for _ in range(2)]
    services.kling.then("fetch_many", trouble(errors.ProviderRejected, MANY_NOT_OFFERED))
    await ask(services)
    assert services.woken
    assert [due(services, await services.job(job)) for job in jobs] == [True, True]
    for job in jobs:
        services.kling.then("fetch", working(str(job.task_id)))
        await services.submission.poll(await services.claimed(job))
    assert len(services.kling.asked("fetch")) == 2
    services.clock.tick(RETRY)
    later_job = await services.running(provider="kling")
    await services.submission.poll(later_job)
    assert len(services.kling.asked("fetch")) == 2
    assert await ask(services) == [[later_job.task_id]]


async def test_one_failure_makes_it_wait_and_several_ask_one_by_one_for_a_while(services: Services) -> None:
    job = await watched(services)
    for number in range(1, FAILURES + 1):
        assert not due(services, await services.job(job))
        services.kling.then("fetch_many", trouble(errors.ProviderUnavailable))
        await ask(services)
        assert len(services.kling.asked("fetch_many")) == number
    assert due(services, await services.job(job))
    services.kling.then("fetch", working(str(job.task_id)))
    job = await services.submission.poll(await services.claimed(job))
    assert services.kling.asked("fetch") == [job.task_id]
    services.clock.tick(REST * 2**FAILURES)
    await services.submission.poll(await services.claimed(job))
    assert services.kling.asked("fetch") == [job.task_id]
    assert await ask(services) == [[job.task_id]]


async def test_it_waits_for_as_long_as_a_busy_service_asks(services: Services) -> None:
    await watched(services)
    services.kling.then("fetch_many", trouble(errors.ProviderBusy, retry_after=40))
    await ask(services)
    before = services.clock()
    await ask(services)
    assert services.clock() - before >= timedelta(seconds=39)


async def test_a_key_that_is_not_taken_is_told_to_the_operator_as_ever(services: Services) -> None:
    job = await watched(services)
    services.kling.then("fetch_many", trouble(errors.OperatorFault, "1002"))
    await ask(services)
    services.kling.then("fetch", trouble(errors.OperatorFault, "1002"))
    await services.submission.poll(await services.claimed(job))
    assert services.alerts() == ["operator_fault kling"]


async def test_a_job_that_somebody_is_moving_is_woken_a_little_later(services: Services) -> None:
    job = await watched(services)
    service(services).ended[str(job.task_id)] = finished(str(job.task_id))
    claimed = await services.claimed(job)
    await ask(services)
    assert not services.woken
    await services.jobs.reschedule(claimed, next_at=services.clock() + timedelta(hours=1))
    await later(services)
    await watch(services).work()
    assert services.woken
    assert due(services, await services.job(job))


async def test_who_never_lets_a_job_go_is_left_alone_in_the_end(services: Services) -> None:
    job = await watched(services)
    service(services).ended[str(job.task_id)] = finished(str(job.task_id))
    await services.claimed(job)
    await ask(services)
    for _ in range(BUSY_TRIES):
        await later(services)
    assert await watch(services).work() > 30


async def test_a_job_that_is_gone_is_forgotten(services: Services) -> None:
    job = await watched(services)
    service(services).ended[str(job.task_id)] = finished(str(job.task_id))
    claimed = await services.claimed(job)
    await services.jobs.fail(claimed, failure="permanent", code="", now=services.clock())
    await ask(services)
    assert services.bot.watcher.ended(job) is None


async def test_it_needs_no_watching_while_the_service_calls_back(services: Services) -> None:
    job, other = await watched(services), await services.running(provider="kling")
    services.bot.callbacks.receive("kling", job.external_id, END)
    services.kling.then("fetch", working(str(other.task_id)))
    await services.submission.poll(other)
    assert services.kling.asked("fetch") == [other.task_id]
    services.clock.tick(10 * USUAL)
    await watch(services).work()
    assert services.kling.asked("fetch_many") == []


async def test_what_another_process_left_is_watched_at_once(services: Services) -> None:
    job = await watched(services)
    services.restart()
    assert await ask(services) == [[job.task_id]]


async def test_what_another_process_owns_is_left_to_it(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await watched(services)
    monkeypatch.setattr("tests.service.services.World", _world_of_two)
    services.restart()
    services.clock.tick(10 * USUAL)
    await watch(services).work()
    assert services.kling.asked("fetch_many") == []
    assert job.task_id


def _world_of_two(**parts: Any) -> Any:
    from bot.service.processes import Processes  # noqa: PLC0415
    from bot.wiring.world import World  # noqa: PLC0415

    world = World(**parts, processes=Processes(Process(id="1" * 16)))
    world.processes.share = 0
    return world


async def test_a_leap_of_the_clock_makes_it_look_afresh(services: Services) -> None:
    job = await watched(services)
    service(services).ended[str(job.task_id)] = finished(str(job.task_id))
    services.bot.watcher.reload()
    assert await ask(services) == [[job.task_id]]


async def test_only_so_many_are_watched(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.service.jobs.watcher.MOST", 1)
    await watched(services)
    second = await services.running(provider="kling")
    services.kling.then("fetch", working(str(second.task_id)))
    await services.submission.poll(second)
    assert services.kling.asked("fetch") == [second.task_id]


async def test_services_without_such_questions_are_asked_as_ever(services: Services) -> None:
    job = await services.running(provider="kirin")
    await services.submission.poll(job)
    assert services.kirin.asked("fetch") == [job.task_id]
    assert list(services.bot.watcher.watches) == ["kling"]
    services.bot.watcher.forget(job)


async def test_a_database_that_refuses_loses_nothing(services: Services) -> None:
    job = await watched(services)
    service(services).ended[str(job.task_id)] = finished(str(job.task_id))
    services.clock.tick(USUAL)
    assert await watch(services).work() == 0
    services.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await watch(services).work()
    await watch(services).work()
    assert services.woken
    services.bot.watcher.reload()
    services.database.refusals = 1
    with pytest.raises(StoreUnavailable):
        await watch(services).work()
    await watch(services).work()


async def test_it_goes_on_until_it_is_cancelled(services: Services) -> None:
    import asyncio  # noqa: PLC0415

    job = await watched(services)
    service(services).ended[str(job.task_id)] = finished(str(job.task_id))
    services.database.refusals = 1
    services.clock.tick(USUAL)
    services.bot.watcher.reload()
    running = asyncio.create_task(services.bot.watcher.run())
    await until(lambda: services.woken)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
