from decimal import Decimal
from typing import Any

import httpx
import pytest

from bot import errors
from bot.provider.base import Task, TaskFailure, TaskResult, TaskStatus
from bot.provider.kirin import Kirin
from bot.provider.refusal import NO_VIDEO
from tests.provider.conftest import Reach

ODD_SECONDS: tuple[Any, ...] = ("", "5s", None, -1, 0, 1e9, "nan", True, [5])
ODD_PROGRESS: tuple[Any, ...] = (-0.1, 1.1, 50, "30%", None, True, [], "inf")
ODD_COSTS: tuple[Any, ...] = ("", None, "free", "NaN", "Infinity", "-1", "1e999999", -0.5, True, [1], {"usd": 1})
VIDEO = {"type": "video", "url": "https://cdn.example/1.mp4?sig=x", "duration": 5.04, "jobId": "r1"}


def answering(reach: Reach, answer: Any, *, status: int = 200, **options: Any) -> Kirin:
    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(status, json=answer)

    seen: list[str] = []
    kirin = Kirin(transport=reach(handler), **options)
    vars(kirin)["seen"] = seen
    return kirin


async def fetched(reach: Reach, **answer: Any) -> Task:
    return await answering(reach, {"id": "t1", **answer}).fetch("t1")


def completed(**content: Any) -> dict[str, Any]:
    return {"status": "completed", "output": [{"content": [{**VIDEO, **content}]}]}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("in_queue", TaskStatus.WAITING),
        ("pending", TaskStatus.WAITING),
        ("in_progress", TaskStatus.WORKING),
        ("processing", TaskStatus.WORKING),
        ("Processing", TaskStatus.WORKING),
        ("error", TaskStatus.WORKING),
        ("cancelled?", TaskStatus.WORKING),
        (3, TaskStatus.WORKING),
        (["failed"], TaskStatus.WORKING),
    ],
)
async def test_every_status_word_has_a_meaning_and_an_unknown_one_is_not_the_end(
    reach: Reach, word: Any, status: TaskStatus
) -> None:
    task = await fetched(reach, status=word, error={"code": "1"}, output=[{"content": [VIDEO]}])
    assert (task.status, task.result, task.failure) == (status, None, None)


async def test_a_finished_task_is_read_whole(reach: Reach) -> None:
    task = await fetched(
        reach,
        **completed(),
        usage={"cost": "0.42", "discount": 0.5},
        metadata={"in_queue_at": 1.5},
        progress=1,
        external_task_id="job-1",
    )
    assert task == Task(
        id="t1",
        status=TaskStatus.SUCCEEDED,
        external_id="job-1",
        progress=1.0,
        result=TaskResult(url="https://cdn.example/1.mp4?sig=x", seconds=5.04),
        cost_usd=Decimal("0.42"),
    )


@pytest.mark.parametrize(
    ("cost", "usd"),
    [
        ("0.42", "0.42"),
        (0.42, "0.42"),
        (1, "1"),
        ("0", "0"),
        ("0.0000001", "0.000001"),
        ("1e-400", "0.000001"),
        (" 0.5 ", "0.5"),
        *((odd, None) for odd in ODD_COSTS),
    ],
)
async def test_a_cost_is_read_to_the_millionth_or_not_at_all(reach: Reach, cost: Any, usd: str | None) -> None:
    task = await fetched(reach, **completed(), usage={"cost": cost})
    assert task.cost_usd == (None if usd is None else Decimal(usd))


@pytest.mark.parametrize("usage", [None, [], "0.42", {}])
async def test_a_cost_may_be_absent(reach: Reach, usage: Any) -> None:
    assert (await fetched(reach, **completed(), usage=usage)).cost_usd is None


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(5, 5.0), ("5.1", 5.1), *((odd, None) for odd in ODD_SECONDS)],
)
async def test_a_duration_is_a_number_or_a_string(reach: Reach, duration: Any, seconds: float | None) -> None:
    task = await fetched(reach, **completed(duration=duration))
    assert task.result is not None
    assert task.result.seconds == seconds


@pytest.mark.parametrize(
    ("progress", "read"),
    [(0, 0.0), (0.5, 0.5), ("0.25", 0.25), *((odd, None) for odd in ODD_PROGRESS)],
)
async def test_progress_counts_only_within_its_range(reach: Reach, progress: Any, read: float | None) -> None:
    assert (await fetched(reach, status="in_progress", progress=progress)).progress == read


@pytest.mark.parametrize(
    "output",
    [
        None,
        [],
        {},
        "https://cdn.example/1.mp4",
        [{"content": []}],
        [{"content": None}],
        [None, 3, {"content": ["x"]}],
        [{"content": [{**VIDEO, "type": "image"}]}],
        *[
            [{"content": [{**VIDEO, "url": url}]}]
            for url in (
                "",
                None,
                7,
                "ftp://cdn.example/1",
                "file:///etc/passwd",
                "//cdn.example",
                "https://",
                "http://a b",
            )
        ],
    ],
)
async def test_completed_without_a_video_is_a_failure(reach: Reach, output: Any) -> None:
    task = await fetched(reach, status="completed", output=output, usage={"cost": "0.1"})
    assert (task.status, task.result, task.cost_usd) == (TaskStatus.FAILED, None, Decimal("0.1"))
    assert task.failure == TaskFailure(code=NO_VIDEO, detail="", fault=errors.FaultClass.PERMANENT)


async def test_the_video_is_found_among_other_files(reach: Reach) -> None:
    image = {"type": "image", "url": "https://cdn.example/1.png"}
    marked = {**VIDEO, "url": "https://cdn.example/1-marked.mp4"}
    task = await fetched(reach, status="completed", output=[{"content": [image]}, {"content": [VIDEO, image, marked]}])
    assert task.result is not None
    assert (task.result.url, task.result.watermark_url) == (VIDEO["url"], marked["url"])


async def test_one_output_may_stand_where_a_list_should(reach: Reach) -> None:
    untyped = {"url": "HTTPS://cdn.example/1.mp4"}
    task = await fetched(reach, status="COMPLETED", output={"content": untyped})
    assert task.result == TaskResult(url="HTTPS://cdn.example/1.mp4")


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"code": "006001094", "error_message": "full"}, ("006001094", "full", errors.FaultClass.TRANSIENT, None)),
        ({"code": "006001095", "error_message": "odd"}, ("006001095", "odd", errors.FaultClass.TRANSIENT, 1)),
        ({"code": 6001094, "message": "full"}, ("6001094", "full", errors.FaultClass.TRANSIENT, None)),
        ({"code": "006001099", "error_message": "no"}, ("006001099", "no", errors.FaultClass.PERMANENT, 1)),
        ({"code": "000", "error_message": "审核不通过"}, ("000", "审核不通过", errors.FaultClass.CONTENT, 1)),
        ({"code": "risk_control"}, ("risk_control", "", errors.FaultClass.CONTENT, 1)),
        ({"code": 17}, ("17", "", errors.FaultClass.PERMANENT, 1)),
        ("it broke", ("", "it broke", errors.FaultClass.PERMANENT, 1)),
        (None, ("", "", errors.FaultClass.PERMANENT, 1)),
        ([], ("", "", errors.FaultClass.PERMANENT, 1)),
        ({"code": ["x"], "message": {"a": 1}}, ("", "", errors.FaultClass.PERMANENT, 1)),
        ({"message": "a\x00b\n" + "x" * 600}, ("", "a b " + "x" * 496, errors.FaultClass.PERMANENT, 1)),
    ],
)
async def test_a_failure_keeps_its_code_and_has_its_class(reach: Reach, error: Any, failure: Any) -> None:
    task = await fetched(reach, status="failed", error=error)
    assert task.status is TaskStatus.FAILED
    assert task.failure is not None
    read = task.failure
    assert (read.code, read.detail, read.fault, read.resubmits) == failure


async def test_the_wrapped_form_is_read_too(reach: Reach) -> None:
    wrapped = {"data": {"id": 7, **completed()}, "status": {"code": 200, "message": "ok"}}
    task = await answering(reach, wrapped).fetch("7")
    assert (task.id, task.status, task.failure) == ("7", TaskStatus.SUCCEEDED, None)


async def test_ids_are_quoted_in_the_path(reach: Reach) -> None:
    kirin = answering(reach, {"status": "pending"}, query_path="/v9/{id}/state")
    assert (await kirin.fetch("a/b?c")).id == "a/b?c"
    assert vars(kirin)["seen"] == ["/v9/a%2Fb%3Fc/state"]


async def test_an_answer_about_another_task_is_not_believed(reach: Reach) -> None:
    with pytest.raises(errors.ProviderUnavailable):
        await answering(reach, {"id": "other", **completed()}).fetch("t1")


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (404, {}, errors.TaskUnknown),
        (404, {"error": {"code": "006001094"}}, errors.TaskUnknown),
        (400, {"error": "policy"}, errors.ProviderRejected),
        (401, {}, errors.OperatorFault),
        (402, {}, errors.OperatorFault),
        (403, {}, errors.OperatorFault),
        (429, {}, errors.ProviderBusy),
        (500, {"error": {"code": "006001099"}}, errors.ProviderUnavailable),
        (200, [], errors.ProviderUnavailable),
        (200, {}, errors.ProviderUnavailable),
        (200, {"error": {"code": 404}}, errors.TaskUnknown),
        (200, {"error": {"code": 401}}, errors.OperatorFault),
        (200, {"data": None, "status": {"code": 429}}, errors.ProviderBusy),
        (200, {"error": "what task?"}, errors.ProviderUnavailable),
    ],
)
async def test_a_query_never_takes_trouble_for_the_tasks_end(
    reach: Reach, status: int, answer: Any, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await answering(reach, answer, status=status).fetch("t1")
    assert type(caught.value) is kind


async def test_a_task_is_found_by_its_external_id(reach: Reach) -> None:
    for named in ({}, {"external_task_id": "job/1"}):
        kirin = answering(reach, {"id": 77, "status": "in_queue", **named})
        task = await kirin.find("job/1")
        assert task == Task(id="77", status=TaskStatus.WAITING, external_id="job/1")
        assert vars(kirin)["seen"] == ["/model/v1/generation/task/job%2F1"]


async def test_that_no_task_is_found_proves_nothing_unless_the_operator_says_so(reach: Reach) -> None:
    assert await answering(reach, {"error": "not found"}, status=404).find("job-1") is None
    assert not Kirin(transport=reach(None)).find_is_authoritative
    assert Kirin(transport=reach(None), find_is_authoritative=True).find_is_authoritative


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "77", "external_task_id": "job-2", "status": "in_queue"},
        {"status": "in_queue"},
        {"id": "77", "external_task_id": "job-1-2", "status": "completed"},
    ],
)
async def test_another_task_than_the_one_looked_for_is_neither_found_nor_missing(reach: Reach, answer: Any) -> None:
    with pytest.raises(errors.ProviderUnavailable):
        await answering(reach, answer).find("job-1")


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_the_check_is_content_with_any_answer_about_the_task(reach: Reach, status: int) -> None:
    await answering(reach, {}, status=status).check()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.OperatorFault),
        (402, errors.OperatorFault),
        (403, errors.OperatorFault),
        (500, errors.ProviderUnavailable),
    ],
)
async def test_the_check_tells_a_wrong_key_from_a_silent_service(
    reach: Reach, status: int, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(kind):
        await answering(reach, {}, status=status).check()
