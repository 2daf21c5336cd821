"""The new-api flavour of a relay, recognised and spoken."""

import json
from typing import Any

import httpx
import pytest

from bot import errors
from bot.domain import VideoRequest
from bot.provider.base import Task, TaskResult, TaskStatus
from bot.provider.kling import NO_LIST, Kling
from tests.provider.conftest import Reach

FOX = VideoRequest(model="kling-v1", prompt="a fox on the ice")
MADE = {"id": "task_9", "task_id": "task_9", "object": "video", "model": "kling-v1", "status": "queued", "progress": 0}
NOT_THERE = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
ODD: tuple[Any, ...] = ("", "%", "101%", -1, None, [])
URL = "https://cdn.example/9.mp4"


def relay(reach: Reach, *answers: tuple[int, Any]) -> Kling:
    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        status, answer = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(status, json=answer)

    left, seen = list(answers), list[str]()
    kling = Kling(transport=reach(handler, provider="kling"), prefix="/kling")
    vars(kling)["seen"] = seen
    return kling


async def fetched(reach: Reach, **data: Any) -> Task:
    answer = {"code": "success", "message": "", "data": {"task_id": "task_9", **data}}
    return await relay(reach, (200, answer)).fetch("task_9")


@pytest.mark.parametrize("made", [MADE, {"task_id": "task_9"}, {**MADE, "task_id": ""}])
async def test_its_create_is_understood_and_shows_who_speaks(reach: Reach, made: Any) -> None:
    kling = relay(reach, (200, made))
    assert kling.find_is_authoritative
    task = await kling.submit(FOX, external_id="job-1")
    assert (task.id, task.external_id) == ("task_9", "job-1")
    assert task.status in {TaskStatus.WAITING, TaskStatus.WORKING}
    assert not kling.find_is_authoritative


async def test_it_may_also_pass_the_apis_own_create_on(reach: Reach) -> None:
    kling = relay(
        reach,
        (200, {"code": 0, "data": {"task_id": "841", "task_status": "submitted"}}),
        (200, {"code": "success", "data": {"task_id": "841", "status": "IN_PROGRESS", "progress": "30%"}}),
    )
    assert (await kling.submit(FOX, external_id="job-1")).id == "841"
    assert kling.find_is_authoritative
    assert (await kling.fetch("841")).progress == 0.3
    assert not kling.find_is_authoritative


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NOT_START", TaskStatus.WAITING),
        ("SUBMITTED", TaskStatus.WAITING),
        ("QUEUED", TaskStatus.WAITING),
        ("IN_PROGRESS", TaskStatus.WORKING),
        ("UNKNOWN", TaskStatus.WORKING),
    ],
)
async def test_its_status_words_have_a_meaning(reach: Reach, word: str, status: TaskStatus) -> None:
    task = await fetched(reach, status=word, progress="30%", created_at=1722769557)
    assert (task.status, task.progress, task.result, task.failure) == (status, 0.3, None, None)
    assert task.created_at is not None
    assert task.created_at.year == 2024


@pytest.mark.parametrize(
    ("progress", "share"),
    [("0%", 0.0), (" 100% ", 1.0), ("45", 0.45), (45, 0.45), *((odd, None) for odd in ODD)],
)
async def test_progress_is_per_cent(reach: Reach, progress: Any, share: float | None) -> None:
    assert (await fetched(reach, status="IN_PROGRESS", progress=progress)).progress == share


async def test_its_result_is_read_with_what_the_api_itself_said(reach: Reach) -> None:
    assert (await fetched(reach, status="SUCCESS", result_url=URL)).result == TaskResult(url=URL)
    video = {"url": "https://kling.example/1.mp4", "watermark_url": "https://kling.example/1w.mp4", "duration": "5.1"}
    inside = {"code": 0, "data": {"task_status": "succeed", "task_result": {"videos": [video]}}}
    task = await fetched(reach, status="SUCCESS", result_url=URL, data=inside)
    assert task.result == TaskResult(url=URL, seconds=5.1, watermark_url=video["watermark_url"])
    task = await fetched(reach, status="SUCCESS", data=inside["data"])
    assert task.result is not None
    assert task.result.url == video["url"]


async def test_older_ones_give_the_result_where_the_reason_goes(reach: Reach) -> None:
    assert (await fetched(reach, status="SUCCESS", fail_reason=URL)).result == TaskResult(url=URL)


async def test_a_task_in_the_shape_of_its_create_is_read_too(reach: Reach) -> None:
    task = await relay(reach, (200, {**MADE, "status": "completed", "metadata": {"url": URL}})).fetch("task_9")
    assert task.result == TaskResult(url=URL)
    failed = {**MADE, "status": "failed", "error": {"message": "risk control", "code": "1301"}}
    task = await relay(reach, (200, failed)).fetch("task_9")
    assert task.failure is not None
    assert (task.failure.detail, task.failure.fault) == ("risk control", errors.FaultClass.CONTENT)


async def test_its_reason_of_a_failure_has_its_class(reach: Reach) -> None:
    task = await fetched(reach, status="FAILURE", fail_reason="Failure to pass the risk control system")
    assert task.failure is not None
    assert task.failure.fault is errors.FaultClass.CONTENT


def passed_on(code: int, message: str) -> dict[str, Any]:
    return {"code": "fail_to_fetch_task", "message": json.dumps({"code": code, "message": message}), "data": None}


@pytest.mark.parametrize(
    ("status", "answer", "kind", "code"),
    [
        (429, passed_on(1102, "Account balance not enough"), errors.OperatorFault, "1102"),
        (429, passed_on(1303, "full"), errors.ProviderBusy, "1303"),
        (400, passed_on(1301, "risk"), errors.ContentRefused, "1301"),
        (500, passed_on(5000, "broken"), errors.OutcomeUnknown, "5000"),
        (400, passed_on(1201, "External_task_id job-1 already exists"), errors.OutcomeUnknown, "duplicate_external_id"),
        (400, {"code": "task_failed", "message": "risk control"}, errors.ContentRefused, "task_failed"),
        (400, {"code": "task_failed", "message": "{broken"}, errors.ProviderRejected, "task_failed"),
        (400, {"code": "task_failed", "message": "{}"}, errors.ProviderRejected, "task_failed"),
        (
            403,
            {"code": "insufficient_user_quota", "message": "no quota"},
            errors.OperatorFault,
            "insufficient_user_quota",
        ),
        (429, {"code": "fail_to_fetch_task", "message": "saturated"}, errors.ProviderBusy, "fail_to_fetch_task"),
        (500, {"code": "do_request_failed", "message": "reset"}, errors.OutcomeUnknown, "do_request_failed"),
        (503, {"error": {"code": "model_not_found", "message": "no channel"}}, errors.OperatorFault, "model_not_found"),
        (401, {"error": {"code": "", "message": "invalid token"}}, errors.OperatorFault, "http_401"),
        (400, {"error": "bad"}, errors.ProviderRejected, "http_400"),
        (200, {"code": "odd", "message": "no"}, errors.ProviderRejected, "odd"),
    ],
)
async def test_its_refusals_have_their_class(
    reach: Reach, status: int, answer: Any, kind: type[errors.ProviderError], code: str
) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await relay(reach, (status, answer)).submit(FOX, external_id="job-1")
    assert (type(caught.value), caught.value.code) == (kind, code)


async def test_its_lookup_by_external_id_finds_nothing_and_proves_nothing(reach: Reach) -> None:
    kling = relay(reach, (400, NOT_THERE))
    assert kling.find_is_authoritative
    assert await kling.find("job-1") is None
    assert not kling.find_is_authoritative
    assert await kling.find("job-1") is None
    assert vars(kling)["seen"] == ["GET /kling/v1/videos/text2video/job-1"]


async def test_it_has_no_list(reach: Reach) -> None:
    kling = relay(reach, (404, {"error": {"code": "", "message": "Invalid URL"}}), (400, NOT_THERE))
    for _ in range(2):
        with pytest.raises(errors.ProviderRejected) as caught:
            await kling.list()
        assert caught.value.code == NO_LIST
        await kling.check()
    assert len(vars(kling)["seen"]) == 3


async def test_a_task_it_does_not_know_is_unknown_and_no_task_is_trouble(reach: Reach) -> None:
    with pytest.raises(errors.TaskUnknown):
        await relay(reach, (400, NOT_THERE)).fetch("task_9")
    with pytest.raises(errors.ProviderUnavailable):
        await relay(reach, (200, {"code": "success", "data": None})).fetch("task_9")
