from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot import errors
from bot.provider.base import Task, TaskResult, TaskStatus
from bot.provider.kling import NO_LIST, Kling
from bot.provider.refusal import NO_VIDEO
from tests.provider.conftest import Reach

VIDEO = {"id": "v1", "url": "https://cdn.example/1.mp4?k=x", "watermark_url": "https://cdn.example/1w.mp4"}
DONE = {"task_status": "succeed", "task_result": {"videos": [{**VIDEO, "duration": "5.1"}]}}
RISK = "Failure to pass the risk control system"


def answering(reach: Reach, answer: Any, *, status: int = 200, **options: Any) -> Kling:
    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        if isinstance(answer, str):
            return httpx.Response(status, text=answer)
        return httpx.Response(status, json=answer)

    seen: list[str] = []
    kling = Kling(transport=reach(handler, provider="kling"), **options)
    vars(kling)["seen"] = seen
    return kling


async def fetched(reach: Reach, **data: Any) -> Task:
    return await answering(reach, {"code": 0, "message": "SUCCEED", "data": {"task_id": "841", **data}}).fetch("841")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("submitted", TaskStatus.WAITING),
        ("processing", TaskStatus.WORKING),
        ("Processing", TaskStatus.WORKING),
        ("paused", TaskStatus.WORKING),
        ("error", TaskStatus.WORKING),
        (99, TaskStatus.WORKING),
        (["failed"], TaskStatus.WORKING),
        (None, TaskStatus.WORKING),
    ],
)
async def test_every_status_word_has_a_meaning_and_an_unknown_one_is_not_the_end(
    reach: Reach, word: Any, status: TaskStatus
) -> None:
    task = await fetched(reach, **{**DONE, "task_status": word, "task_status_msg": RISK})
    assert (task.status, task.result, task.failure) == (status, None, None)


async def test_a_finished_task_is_read_whole(reach: Reach) -> None:
    task = await fetched(
        reach,
        **DONE,
        task_status_msg="",
        task_info={"external_task_id": "job-1"},
        created_at=1722769557708,
        updated_at=1722769558000,
    )
    assert task == Task(
        id="841",
        status=TaskStatus.SUCCEEDED,
        external_id="job-1",
        result=TaskResult(url=str(VIDEO["url"]), seconds=5.1, watermark_url="https://cdn.example/1w.mp4"),
        created_at=datetime(2024, 8, 4, 11, 5, 57, 708000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("charged", "units"),
    [
        *[("3", "3"), ("0.30", "0.3"), (2.5, "2.5"), ("0", "0"), ("100", "100")],
        *[(odd, None) for odd in ("", "-1", "1e9", "NaN", "three", [3], True, None)],
    ],
)
async def test_what_was_charged_in_units_is_read_or_left_out(reach: Reach, charged: Any, units: str | None) -> None:
    task = await fetched(reach, **DONE, final_unit_deduction=charged)
    assert (task.status, task.cost_units, task.cost_usd) == (TaskStatus.SUCCEEDED, units, None)


async def test_a_relay_passes_on_what_was_charged(reach: Reach) -> None:
    done = {"task_id": "t", "status": "SUCCESS", "result_url": "https://cdn.example/1.mp4"}
    inside = {"data": {"task_status": "succeed", "final_unit_deduction": "4"}}
    task = await answering(reach, {"code": "success", "data": {**done, "data": inside}}).fetch("t")
    assert (task.status, task.cost_units) == (TaskStatus.SUCCEEDED, "4")


def test_the_marked_video_is_chosen_where_it_was_asked_for_and_is_there() -> None:
    both = TaskResult(url="https://a/1", watermark_url="https://a/2")
    assert (both.url_for(watermark=True), both.url_for(watermark=False)) == ("https://a/2", "https://a/1")
    assert TaskResult(url="https://a/1").url_for(watermark=True) == "https://a/1"


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        (1722769557708, datetime(2024, 8, 4, 11, 5, 57, 708000, tzinfo=UTC)),
        (1722769557, datetime(2024, 8, 4, 11, 5, 57, tzinfo=UTC)),
        ("1722769557", datetime(2024, 8, 4, 11, 5, 57, tzinfo=UTC)),
        *((odd, None) for odd in (0, -1, 1e15, 10**400, "soon", None, True, [1])),
    ],
)
async def test_times_are_milliseconds_or_seconds(reach: Reach, stamp: Any, moment: datetime | None) -> None:
    assert (await fetched(reach, task_status="processing", created_at=stamp)).created_at == moment


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        {},
        {"videos": []},
        {"videos": None},
        {"videos": ["https://cdn.example/1.mp4"]},
        *[
            {"videos": [{**VIDEO, "url": url}]}
            for url in ("", None, 7, "ftp://x/1", "file:///etc/passwd", "http://a b")
        ],
    ],
)
async def test_succeed_without_a_video_is_a_failure(reach: Reach, result: Any) -> None:
    task = await fetched(reach, task_status="succeed", task_result=result)
    assert (task.status, task.result) == (TaskStatus.FAILED, None)
    assert task.failure is not None
    assert (task.failure.code, task.failure.fault) == (NO_VIDEO, errors.FaultClass.PERMANENT)


@pytest.mark.parametrize(
    ("words", "code", "fault", "resubmits"),
    [
        (RISK, "", errors.FaultClass.CONTENT, 1),
        ("The prompt contains sensitive words", "", errors.FaultClass.CONTENT, 1),
        ("内容审核不通过", "", errors.FaultClass.CONTENT, 1),
        ("Too many parallel tasks for the resource pack", "", errors.FaultClass.TRANSIENT, None),
        ("[1303] no room", "1303", errors.FaultClass.TRANSIENT, None),
        ('{"code":1301,"message":"no"}', "1301", errors.FaultClass.CONTENT, 1),
        ("Account balance not enough", "", errors.FaultClass.OPERATOR, 1),
        ("Internal error", "", errors.FaultClass.TRANSIENT, 1),
        ("timed out, please try again", "", errors.FaultClass.TRANSIENT, 1),
        ("error code 5002", "5002", errors.FaultClass.TRANSIENT, 1),
        ("error code 7777", "", errors.FaultClass.PERMANENT, 1),
        ("made of 1303 pieces", "", errors.FaultClass.PERMANENT, 1),
        ("Invalid parameter", "", errors.FaultClass.PERMANENT, 1),
        ("", "", errors.FaultClass.PERMANENT, 1),
        (None, "", errors.FaultClass.PERMANENT, 1),
        (["x"], "", errors.FaultClass.PERMANENT, 1),
    ],
)
async def test_the_words_of_a_failed_task_have_their_class(
    reach: Reach, words: Any, code: str, *, fault: errors.FaultClass, resubmits: int | None
) -> None:
    task = await fetched(reach, task_status="failed", task_status_msg=words)
    assert task.status is TaskStatus.FAILED
    assert task.failure is not None
    assert (task.failure.code, task.failure.fault, task.failure.resubmits) == (code, fault, resubmits)


async def test_a_failed_task_beside_a_code_has_that_code(reach: Reach) -> None:
    data = {"task_id": "841", "task_status": "failed", "task_status_msg": "no"}
    task = await answering(reach, {"code": 1301, "message": "no", "data": data}).fetch("841")
    assert task.failure is not None
    assert (task.failure.code, task.failure.fault) == ("1301", errors.FaultClass.CONTENT)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (404, {"code": 1203}, errors.TaskUnknown),
        (404, "", errors.TaskUnknown),
        (404, {"code": 1202}, errors.ProviderRejected),
        (400, {"code": 1201}, errors.ProviderRejected),
        (400, {"code": 1201, "message": "Task not found by id/external id: 841"}, errors.TaskUnknown),
        (200, {"code": 1201, "message": "Task not found by id/external id: 841"}, errors.TaskUnknown),
        (400, {"code": 1201, "message": "pageSize value '501' is invalid"}, errors.ProviderRejected),
        (401, {"code": 1004}, errors.OperatorFault),
        (403, {"code": 1103}, errors.OperatorFault),
        (429, {"code": 1102}, errors.OperatorFault),
        (429, {"code": 1302}, errors.ProviderBusy),
        (400, {"code": 1300}, errors.ContentRefused),
        (500, {"code": 5000}, errors.ProviderUnavailable),
        (503, {"code": 5001}, errors.ProviderUnavailable),
        (200, {"code": 1203}, errors.TaskUnknown),
        (200, {"code": 1999}, errors.ProviderUnavailable),
        (200, {"code": 5002}, errors.ProviderUnavailable),
        (200, {"code": 0}, errors.ProviderUnavailable),
        (200, {"code": 0, "data": {"task_id": "other", **DONE}}, errors.ProviderUnavailable),
        (200, [], errors.ProviderUnavailable),
        (200, "<html>", errors.ProviderUnavailable),
    ],
)
async def test_a_query_never_takes_trouble_for_the_tasks_end(
    reach: Reach, status: int, answer: Any, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await answering(reach, answer, status=status).fetch("841")
    assert type(caught.value) is kind


async def test_ids_are_quoted_in_the_path(reach: Reach) -> None:
    kling = answering(reach, {"code": 0, "data": {"task_status": "submitted"}}, prefix="/kling")
    assert (await kling.fetch("a/b?c")).id == "a/b?c"
    assert vars(kling)["seen"] == ["/kling/v1/videos/text2video/a%2Fb%3Fc"]


@pytest.mark.parametrize("info", [{}, {"external_task_id": "job-1"}])
async def test_a_task_is_found_by_its_external_id(reach: Reach, info: Any) -> None:
    data = {"task_id": 841, "task_status": "submitted", "task_info": info}
    kling = answering(reach, {"code": 0, "data": data})
    assert await kling.find("job-1") == Task(id="841", status=TaskStatus.WAITING, external_id="job-1")
    assert vars(kling)["seen"] == ["/v1/videos/text2video/job-1"]


async def test_that_no_task_is_found_is_proof_in_the_apis_own_words_only(reach: Reach) -> None:
    for status, missing in (
        (404, {"code": 1203, "message": "no such resource"}),
        (400, {"code": 1201, "message": "Task not found by id/external id: job-1"}),
    ):
        kling = answering(reach, missing, status=status)
        assert await kling.find("job-1") is None
        assert kling.find_is_authoritative
    for answer in ("<html>not found</html>", {"message": "not found"}, {"code": 404}):
        kling = answering(reach, answer, status=404)
        assert await kling.find("job-1") is None
        assert not kling.find_is_authoritative


@pytest.mark.parametrize(
    "data",
    [
        {"task_id": "841", "task_status": "submitted", "task_info": {"external_task_id": "job-2"}},
        {"task_status": "submitted"},
        {},
    ],
)
async def test_another_task_than_the_one_looked_for_is_neither_found_nor_missing(reach: Reach, data: Any) -> None:
    kling = answering(reach, {"code": 0, "data": data})
    with pytest.raises(errors.ProviderUnavailable):
        await kling.find("job-1")
    assert kling.find_is_authoritative


async def test_a_missing_method_proves_nothing_of_a_task(reach: Reach) -> None:
    with pytest.raises(errors.ProviderRejected):
        await answering(reach, {"code": 1202}, status=404).find("job-1")


async def test_tasks_are_listed_a_page_at_a_time(reach: Reach) -> None:
    rows = [{"task_id": "2", **DONE, "task_info": {"external_task_id": "b"}}, {"task_id": 1, "task_status": "failed"}]
    kling = answering(reach, {"code": 0, "data": [*rows, {"task_status": "submitted"}, None, "x"]})
    tasks = await kling.list(page=3, size=500)
    assert [(task.id, task.external_id, task.status) for task in tasks] == [
        ("2", "b", TaskStatus.SUCCEEDED),
        ("1", None, TaskStatus.FAILED),
    ]
    assert vars(kling)["seen"] == ["/v1/videos/text2video?pageNum=3&pageSize=500"]
    assert list(await answering(reach, {"code": 0, "data": []}).list()) == []


@pytest.mark.parametrize(
    ("status", "answer", "kind", "code"),
    [
        (200, {"code": 0, "data": {}}, errors.ProviderUnavailable, "malformed"),
        (200, {"code": 1201, "message": "pageSize"}, errors.ProviderRejected, "1201"),
        (401, {"code": 1000}, errors.OperatorFault, "1000"),
        (404, {}, errors.ProviderRejected, NO_LIST),
    ],
)
async def test_a_list_that_is_none_is_an_error(
    reach: Reach, status: int, answer: Any, kind: type[errors.ProviderError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        await answering(reach, answer, status=status).list()
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "answer"), [(404, {"code": 1203}), (400, {"code": 1201}), (404, ""), (200, {"code": 0, "data": DONE})]
)
async def test_the_check_is_content_with_any_answer_about_the_task(reach: Reach, status: int, answer: Any) -> None:
    await answering(reach, answer, status=status).check()


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (401, {"code": 1002}, errors.OperatorFault),
        (200, {"code": 1102}, errors.OperatorFault),
        (404, {"code": 1202, "message": "wrong prefix"}, errors.OperatorFault),
        (500, {"code": 5000}, errors.ProviderUnavailable),
        (200, "<html>", errors.ProviderUnavailable),
    ],
)
async def test_the_check_tells_what_the_operator_must_mend_from_a_silent_service(
    reach: Reach, status: int, answer: Any, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(kind):
        await answering(reach, answer, status=status).check()


async def test_a_query_renews_the_signature_too(reach: Reach) -> None:
    renewed: list[int] = []
    answers = [(401, {"code": 1004}), (200, {"code": 0, "data": {"task_status": "submitted"}})]

    def handler(_request: httpx.Request) -> httpx.Response:
        status, answer = answers.pop(0)
        return httpx.Response(status, json=answer)

    kling = Kling(transport=reach(handler, provider="kling"), renew=lambda: renewed.append(1))
    assert (await kling.fetch("841")).status is TaskStatus.WAITING
    assert renewed == [1]
