"""The provider against a server of somebody else's making, over real HTTP."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot import errors
from bot.domain import CameraControl, VideoRequest
from bot.provider.base import MANY_NOT_OFFERED, Asked, Task, TaskStatus
from bot.provider.kling import DUPLICATE, Kling
from bot.provider.kling_key import Signer
from bot.provider.transport import Transport
from bot.settings.models import models
from sandbox.faults import Faults
from sandbox.providers import Providers

FOX = VideoRequest(model="kling-v1", prompt="A red fox")
ENDED = {TaskStatus.SUCCEEDED, TaskStatus.FAILED}


@dataclass
class Service:
    """The running server, and providers that know its address."""

    providers: Providers
    faults: Faults
    open: list[Transport] = field(default_factory=list)

    def kling(
        self,
        *,
        token: Callable[[], str] | None = None,
        renew: Callable[[], None] | None = None,
        prefix: str = "/kling",
        models_without_mode: Collection[str] = (),
    ) -> Kling:
        async def at_once(_seconds: float) -> None:
            await asyncio.sleep(0)

        transport = Transport(
            provider="kling",
            base_url=self.providers.public_url,
            token=token or (lambda: self.providers.kling_key),
            sleep=at_once,
        )
        self.open.append(transport)
        return Kling(transport=transport, prefix=prefix, renew=renew, models_without_mode=models_without_mode)

    def signer(self, **changes: Any) -> Signer:
        keys = {"access_key": self.providers.kling_access_key, "secret_key": self.providers.kling_secret_key}
        return Signer(**{**keys, **changes})

    def trouble(self, kind: str, **options: Any) -> None:
        self.faults.add({"target": "kling", "kind": kind, **options})


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    faults, app = Faults(), web.Application()
    async with Providers(
        faults=faults, generate_seconds=0.05, cache_dir=tmp_path, fps=4, kling_parallel=2
    ) as providers:
        providers.attach(app)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        providers.public_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        running = Service(providers, faults)
        yield running
        for transport in running.open:
            await transport.close()
        await runner.cleanup()


async def ended(kling: Kling, task: Task) -> Task:
    while task.status not in ENDED:
        await asyncio.sleep(0.02)
        task = await kling.fetch(task.id)
    return task


async def test_a_camera_move_is_taken_and_comes_back_as_two_videos(service: Service) -> None:
    kling = service.kling()
    await kling.check()
    request = FOX.model_copy(update={"camera": CameraControl.named("zoom_in"), "cfg_scale": 0.7, "watermark": True})
    task = await kling.submit(request, external_id="job-1")
    assert task.status is TaskStatus.WAITING
    done = await ended(kling, task)
    assert done.result is not None
    assert done.result.seconds == 5.1
    assert done.result.watermark_url not in {None, done.result.url}
    assert done.created_at == task.created_at is not None
    [row] = service.providers.tasks()
    assert (row["ignored"], row["request"]["camera_control"]["config"]["zoom"]) == ([], -5.0)
    found = await kling.find("job-1")
    assert found is not None
    assert found.id == task.id
    assert [each.external_id for each in await kling.list(size=5)] == ["job-1"]


async def test_it_opens_with_a_signature_too(service: Service) -> None:
    signer = service.signer()
    kling = service.kling(token=signer, renew=signer.renew)
    assert (await kling.submit(FOX, external_id="job-1")).id


async def test_a_signature_that_has_run_out_is_renewed(service: Service) -> None:
    """The clock is years slow at the first signature and right at the next."""
    slow = [time.time(), 1_600_000_000.0]
    signer = service.signer(now=lambda: slow.pop() if slow else time.time())
    kling = service.kling(token=signer, renew=signer.renew)
    await kling.submit(FOX, external_id="job-1")
    assert not slow
    assert len(service.providers.tasks()) == 1


async def test_a_wrong_key_is_the_operators_fault(service: Service) -> None:
    wrong = service.signer(secret_key="0123456789abcdef" * 4)
    for kling in (service.kling(token=lambda: "sk-wrong"), service.kling(token=wrong, renew=wrong.renew)):
        with pytest.raises(errors.OperatorFault):
            await kling.check()
        with pytest.raises(errors.OperatorFault):
            await kling.submit(FOX, external_id="job-1")
    with pytest.raises(errors.OperatorFault) as caught:
        await service.kling(prefix="/kling/v2").check()
    assert caught.value.code == "1202"


async def test_a_taken_external_id_leads_to_the_first_task(service: Service) -> None:
    kling = service.kling()
    first = await kling.submit(FOX, external_id="job-1")
    with pytest.raises(errors.TaskExists) as caught:
        await kling.submit(FOX, external_id="job-1")
    assert caught.value.code == DUPLICATE
    found = await kling.find("job-1")
    assert found is not None
    assert found.id == first.id


async def test_what_became_of_a_create_in_doubt_can_be_told(service: Service) -> None:
    kling = service.kling()
    service.trouble("lost_answer")
    with pytest.raises(errors.OutcomeUnknown):
        await kling.submit(FOX, external_id="job-1")
    assert await kling.find("job-1") is not None
    service.trouble("http_500", on=["create"], code=5002)
    with pytest.raises(errors.OutcomeUnknown):
        await kling.submit(FOX, external_id="job-2")
    assert await kling.find("job-2") is None
    assert kling.find_is_authoritative


async def test_too_many_parallel_tasks_make_it_busy(service: Service) -> None:
    kling = service.kling()
    service.trouble("stuck", count=2)
    await kling.submit(FOX, external_id="job-1")
    await kling.submit(FOX, external_id="job-2")
    with pytest.raises(errors.ProviderBusy) as caught:
        await kling.submit(FOX, external_id="job-3")
    assert caught.value.code == "1303"


async def test_maintenance_refuses_for_now(service: Service) -> None:
    kling = service.kling()
    service.trouble("http_500", code=5001)
    with pytest.raises(errors.ProviderUnavailable):
        await kling.submit(FOX, external_id="job-1")
    assert not service.providers.tasks()


async def test_a_list_has_pages_and_a_task_that_is_not_there_is_unknown(service: Service) -> None:
    kling = service.kling()
    for number in range(2):
        await ended(kling, await kling.submit(FOX, external_id=f"job-{number}"))
    pages = [await kling.list(page=page, size=1) for page in (1, 2, 3)]
    assert [[task.external_id for task in page] for page in pages] == [["job-1"], ["job-0"], []]
    with pytest.raises(errors.ProviderRejected):
        await kling.list(size=501)
    with pytest.raises(errors.TaskUnknown):
        await kling.fetch("1")


async def submitted(kling: Kling, count: int) -> list[Asked]:
    tasks = [await kling.submit(FOX, external_id=f"job-{number}") for number in range(count)]
    return [Asked(task_id=task.id, external_id=task.external_id or "", age=1.0) for task in tasks]


async def test_one_question_tells_of_many_tasks_however_one_signs_in(service: Service) -> None:
    kling, signer = service.kling(), service.signer()
    wanted = [*await submitted(kling, 2), Asked(task_id="404", external_id="job-404", age=1.0)]
    for asking in (kling, service.kling(token=signer, renew=signer.renew)):
        told = await asking.fetch_many(wanted)
        assert {task.external_id for task in told.values() if task is not None} == {"job-0", "job-1"}
        assert told.get("404") is None


async def test_without_a_list_tasks_are_asked_about_by_their_ids_with_a_key_alone(service: Service) -> None:
    service.providers.withhold(["list"])
    kling, signer = service.kling(), service.signer()
    wanted = await submitted(kling, 2)
    for each in wanted:
        await ended(kling, await kling.fetch(each.task_id))
    told = await kling.fetch_many(wanted)
    for each in wanted:
        assert told[each.task_id] == await kling.fetch(each.task_id)
    with pytest.raises(errors.ProviderRejected) as caught:
        await service.kling(token=signer, renew=signer.renew).fetch_many(wanted)
    assert caught.value.code == MANY_NOT_OFFERED


async def test_a_relay_that_answers_no_such_questions_is_asked_one_by_one(service: Service) -> None:
    service.providers.withhold(["list", "tasks"])
    kling = service.kling()
    wanted = await submitted(kling, 2)
    with pytest.raises(errors.ProviderRejected) as caught:
        await kling.fetch_many(wanted)
    assert caught.value.code == MANY_NOT_OFFERED
    assert (await kling.fetch(wanted[0].task_id)).external_id == "job-0"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("http_429", errors.ProviderBusy),
        ("http_500", errors.ProviderUnavailable),
        ("malformed_json", errors.ProviderUnavailable),
    ],
)
async def test_trouble_with_one_question_is_over_with_the_next(
    service: Service, kind: str, error: type[errors.ProviderError]
) -> None:
    kling = service.kling()
    wanted = await submitted(kling, 2)
    service.trouble(kind, on=["list"])
    with pytest.raises(error):
        await kling.fetch_many(wanted)
    assert None not in (await kling.fetch_many(wanted)).values()


async def test_every_model_of_the_table_is_taken_by_the_service_in_all_it_can_do(service: Service) -> None:
    """Both were written apart from the same documents."""
    table, number = models(None), itertools.count()
    kling = service.kling(models_without_mode=table.models_without_mode())
    service.trouble("task_failed", count=100)  # nobody looks at the videos
    for model in (each for each in table.capabilities().values() if each.provider == "kling"):
        for (mode, sound), duration in itertools.product(model.kinds(), (model.durations[0], model.durations[-1])):
            wanted_request = FOX.model_copy(
                update={
                    "model": model.model,
                    "mode": mode,
                    "sound": sound,
                    "duration": duration,
                    "cfg_scale": 0.5 if model.cfg_scale else None,
                }
            )
            task = await kling.submit(wanted_request, external_id=f"job-{next(number)}")
            assert (await ended(kling, task)).status is TaskStatus.FAILED
    assert all(row["ignored"] == [] for row in service.providers.tasks())


async def test_a_model_that_was_given_up_is_told_apart(service: Service) -> None:
    service.providers.discontinue(["kling-v1"])
    with pytest.raises(errors.ModelDiscontinued):
        await service.kling().submit(FOX, external_id="job-1")
