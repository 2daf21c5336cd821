"""One question about many tasks: which one is asked, what of its answer is believed, and who answers none."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot import errors
from bot.provider.base import MANY_NOT_OFFERED, Asked, Task, TaskResult, TaskStatus
from bot.provider.kling import Kling
from bot.provider.kling_many import PAGE, RETRY
from tests.provider.conftest import Reach

VIDEO = {"url": "https://cdn.example/1.mp4", "duration": "5.1"}
DONE = {"task_status": "succeed", "task_result": {"videos": [VIDEO]}}
NO_ROUTE = (404, {"code": 1202, "message": "The requested method does not exist"})
LIST = "/v1/videos/text2video"


def asked(*names: str, age: float = 100.0) -> list[Asked]:
    return [Asked(task_id=name, external_id=f"job-{name}", age=age) for name in names]


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {"task_id": name, "task_status": "processing", "task_info": {"external_task_id": f"job-{name}"}, **more}


class Account:
    """The service: what it answers by path, and the account's tasks, the newest first."""

    def __init__(self, tasks: Sequence[Any] = (), /, **answers: Any) -> None:
        self.tasks, self.answers = list(tasks), answers
        self.seen: list[str] = []
        self.now = 0.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        self.seen.append(path)
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = {LIST: "list", "/tasks": "tasks"}.get(parts.path, "single")
        if name in self.answers:
            status, answer = self.answers[name]
            return httpx.Response(status, json=answer) if answer is not None else httpx.Response(status, text="<html>")
        return httpx.Response(200, json={"code": 0, "message": "SUCCEED", "data": self._data(name, parts.path, query)})

    def _data(self, name: str, path: str, query: dict[str, str]) -> Any:
        if name == "list":
            page, size = int(query["pageNum"]), int(query["pageSize"])
            return self.tasks[(page - 1) * size : page * size]
        if name == "tasks":
            ids = query["task_ids"].split(",")
            return [newer(each) for each in self.tasks if each["task_id"] in ids]
        return next(each for each in self.tasks if each["task_id"] == path.rsplit("/", 1)[1])

    def kling(self, reach: Reach, **options: Any) -> Kling:
        return Kling(transport=reach(self, provider="kling"), clock=lambda: self.now, **options)


def newer(task: dict[str, Any]) -> dict[str, Any]:
    """The task as `/tasks` writes it."""
    done = task["task_status"] == "succeed"
    return {
        "id": task["task_id"],
        "status": "succeeded" if done else task["task_status"],
        "message": task.get("task_status_msg", ""),
        "create_time": 1722769557708,
        "external_id": task["task_info"].get("external_task_id"),
        "outputs": [{"type": "video", **VIDEO}] if done else [],
        "billing": [{"charge_type": "unit", "amount": "2.4", "package_type": "video"}] if done else [],
    }


async def test_a_page_of_the_list_tells_of_all(reach: Reach) -> None:
    account = Account([entry("3"), entry("2", **DONE), entry("1", task_status="failed", task_status_msg="internal")])
    told = await account.kling(reach).fetch_many(asked("1", "2", "3", "4"))
    assert told["4"] is None
    assert {name: task and task.status for name, task in told.items()} == {
        "1": TaskStatus.FAILED,
        "2": TaskStatus.SUCCEEDED,
        "3": TaskStatus.WORKING,
        "4": None,
    }
    assert told["2"] == Task(
        id="2",
        status=TaskStatus.SUCCEEDED,
        external_id="job-2",
        result=TaskResult(url="https://cdn.example/1.mp4", seconds=5.1),
    )
    assert len(account.seen) == 1


async def test_tasks_are_read_in_the_words_of_the_newer_api_too(reach: Reach) -> None:
    tasks = [entry("2", **DONE), entry("1", task_status="failed", task_status_msg="risk control"), entry("3")]
    account = Account(tasks, list=NO_ROUTE)
    told = await account.kling(reach, prefix="").fetch_many(asked("1", "2", "3", "4"))
    done, failed, working = told["2"], told["1"], told["3"]
    assert done is not None
    assert done.result == TaskResult(url="https://cdn.example/1.mp4", seconds=5.1)
    assert (done.external_id, done.cost_units) == ("job-2", "2.4")
    assert done.created_at is not None
    assert failed is not None
    assert failed.failure is not None
    assert (failed.failure.fault, failed.failure.detail) == (errors.FaultClass.CONTENT, "risk control")
    assert working is not None
    assert working.status is TaskStatus.WORKING
    assert told["4"] is None
    assert account.seen[1] == "/tasks?task_ids=1,2,3,4"


async def test_a_path_prefix_goes_before_every_question(reach: Reach) -> None:
    account = Account(single=NO_ROUTE)
    with pytest.raises(errors.ProviderRejected):
        await account.kling(reach, prefix="/model/kling/").fetch_many(asked("1", "2"))
    assert [urlsplit(path).path for path in account.seen] == [f"/model/kling{LIST}", "/model/kling/tasks"]


@pytest.mark.parametrize(
    "odd",
    [
        entry("1", task_info={"external_task_id": "job-of-somebody"}, **DONE),
        {"task_id": "1"},
        entry("1", task_status=["succeed"], task_result=DONE["task_result"]),
        entry("1", task_status="succeed"),
        entry("1", **{**DONE, "task_result": {"videos": ["https://cdn.example/1.mp4"]}}),
        {"task_status": "succeed"},
        "1",
        None,
    ],
)
async def test_what_is_odd_in_one_task_says_nothing_of_it_and_spoils_no_other(reach: Reach, odd: Any) -> None:
    account = Account([odd, entry("2", **DONE), entry("9", **DONE)])
    told = await account.kling(reach).fetch_many(asked("1", "2"))
    assert told["1"] is None
    assert told["2"] is not None
    assert set(told) == {"1", "2"}


async def test_an_external_id_that_is_not_told_is_no_reason_for_doubt(reach: Reach) -> None:
    told = await Account([entry("1", task_info={}, **DONE), entry("2")]).kling(reach).fetch_many(asked("1", "2"))
    assert told["1"] is not None


async def test_one_task_is_asked_about_as_ever(reach: Reach) -> None:
    account = Account([entry("1", **DONE)])
    kling = account.kling(reach)
    assert await kling.fetch_many(asked("1")) == {"1": await kling.fetch("1")}
    assert account.seen == [f"{LIST}/1"] * 2
    account.answers["single"] = (400, {"code": 1201, "message": "Task not found by id/external id: 1"})
    assert await kling.fetch_many(asked("1")) == {"1": None}


NOT_ANSWERED = [
    NO_ROUTE,
    (404, None),
    (405, {}),
    (403, {}),
    (501, {}),
    (400, {"code": 1200, "message": "Invalid request"}),
    (404, {"error": {"code": "", "message": "Invalid URL (GET /v1/videos/text2video)"}}),
    (200, {"code": "success", "data": {"task_id": "x", "status": "SUBMITTED"}}),
    (200, {"code": 0, "data": {"task_id": "x", "task_status": "submitted"}}),
    (200, {"code": 1202, "message": "no"}),
]


@pytest.mark.parametrize("answer", NOT_ANSWERED)
async def test_who_has_no_such_questions_is_asked_again_only_after_an_hour(reach: Reach, answer: Any) -> None:
    account = Account(list=answer, tasks=answer)
    kling = account.kling(reach)
    for _ in range(3):
        with pytest.raises(errors.ProviderRejected) as caught:
            await kling.fetch_many(asked("1", "2"))
        assert caught.value.code == MANY_NOT_OFFERED
    few = len(account.seen)
    assert few <= 2
    account.answers.clear()
    account.tasks = [entry("1"), entry("2")]
    account.now = RETRY - 1
    with pytest.raises(errors.ProviderRejected):
        await kling.fetch_many(asked("1"))
    assert len(account.seen) == few
    account.now = RETRY
    assert None not in (await kling.fetch_many(asked("1", "2"))).values()


async def test_a_relay_that_is_known_to_be_one_is_not_even_asked(reach: Reach) -> None:
    account = Account(single=(200, {"code": "success", "data": {"task_id": "1", "status": "IN_PROGRESS"}}))
    kling = account.kling(reach)
    await kling.fetch("1")
    with pytest.raises(errors.ProviderRejected):
        await kling.fetch_many(asked("1", "2"))
    assert len(account.seen) == 1


async def test_the_words_in_which_a_relay_refuses_them_say_nothing_of_other_questions(reach: Reach) -> None:
    refusal = (404, {"code": "route_not_found", "message": "no such route"})
    account = Account([entry("1")], list=refusal, tasks=refusal)
    kling = account.kling(reach)
    with pytest.raises(errors.ProviderRejected):
        await kling.fetch_many(asked("1", "2"))
    assert kling.find_is_authoritative


async def test_a_relay_that_learns_to_list_is_listened_to(reach: Reach) -> None:
    account = Account(single=(200, {"code": "success", "data": {"task_id": "1", "status": "IN_PROGRESS"}}))
    kling = account.kling(reach)
    await kling.fetch("1")
    listed = [{"task_id": name, "status": "SUCCESS", "result_url": VIDEO["url"]} for name in ("1", "2")]
    account.answers["list"] = (200, {"code": "success", "data": listed})
    account.now = RETRY
    for _ in range(2):
        assert None not in (await kling.fetch_many(asked("1", "2"))).values()


async def test_tasks_that_knows_none_of_ours_is_not_asked_again(reach: Reach) -> None:
    account = Account(list=NO_ROUTE)
    kling = account.kling(reach)
    for _ in range(2):
        with pytest.raises(errors.ProviderRejected):
            await kling.fetch_many(asked("1", "2"))
    assert len(account.seen) == 2


async def test_a_key_that_does_not_open_tasks_may_be_good_for_everything_else(reach: Reach) -> None:
    account = Account(list=NO_ROUTE, tasks=(401, {"code": 1002, "message": "AK/SK is not supported"}))
    with pytest.raises(errors.ProviderRejected):
        await account.kling(reach).fetch_many(asked("1", "2"))


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (401, {"code": 1002, "message": "invalid"}, errors.OperatorFault),
        (429, {"code": 1102, "message": "Account balance not enough"}, errors.OperatorFault),
        (429, {"code": 1302, "message": "Too many requests"}, errors.ProviderBusy),
        (500, {"code": 5000, "message": "Internal error"}, errors.ProviderUnavailable),
        (503, {"code": 5001, "message": "maintenance"}, errors.ProviderUnavailable),
        (200, None, errors.ProviderUnavailable),
    ],
)
async def test_trouble_is_told_as_of_any_question_but_not_repeated(
    reach: Reach, status: int, answer: Any, kind: type[errors.ProviderError]
) -> None:
    account = Account(list=(status, answer))
    with pytest.raises(errors.ProviderError) as caught:
        await account.kling(reach).fetch_many(asked("1", "2"))
    assert type(caught.value) is kind
    assert len(account.seen) == 1


def crowd(count: int, *, spacing: float, others: int = 0) -> tuple[list[dict[str, Any]], list[Asked]]:
    """Tasks so many seconds apart, the newest first, each with so many of somebody else after it."""
    tasks, ours = [], []
    for number in range(count):
        tasks += [entry(f"other-{number}-{each}") for each in range(others)]
        tasks.append(entry(str(number)))
        ours += asked(str(number), age=spacing * (number + 1))
    return tasks, ours


def page_of(path: str) -> tuple[int, int]:
    query = parse_qs(urlsplit(path).query)
    return int(query["pageNum"][0]), int(query["pageSize"][0])


async def test_the_next_page_is_no_longer_than_it_has_to_be(reach: Reach) -> None:
    tasks, ours = crowd(25, spacing=10)
    account = Account(tasks)
    kling = account.kling(reach)
    for _ in range(3):
        assert None not in (await kling.fetch_many(ours)).values()
    pages = list(map(page_of, account.seen))
    assert pages[0] == (1, PAGE)
    assert all(page == 1 and 25 <= size <= 60 for page, size in pages[1:])


async def test_only_those_are_read_that_are_wanted_however_deep_they_are(reach: Reach) -> None:
    tasks, ours = crowd(900, spacing=0.5)
    account = Account(tasks)
    kling = account.kling(reach)
    wanted = ours[400:700]
    for _ in range(2):
        await kling.fetch_many(wanted)
    told = await kling.fetch_many(wanted)
    assert len(told) == 300
    assert None not in told.values()
    page, size = page_of(account.seen[-1])
    assert (page - 1) * size <= 400
    assert page * size >= 700
    assert size <= PAGE


async def test_as_many_are_asked_about_as_one_page_can_hold_and_the_first_among_them(reach: Reach) -> None:
    tasks, ours = crowd(1_500, spacing=0.2)
    kling = Account(tasks).kling(reach)
    await kling.fetch_many(ours)
    wanted = [replace(each, waited=1.0) for each in ours[1_100:1_300]]
    told = await kling.fetch_many([*wanted, *ours[:1_100], *ours[1_300:]])
    assert told["1200"] is not None
    assert 200 <= len(told) <= PAGE + 1
    assert None not in told.values()


async def test_a_burst_that_moves_everything_deeper_is_found_out(reach: Reach) -> None:
    tasks, ours = crowd(25, spacing=10)
    account = Account(tasks)
    kling = account.kling(reach)
    await kling.fetch_many(ours)
    account.tasks = [entry(f"new-{number}") for number in range(300)] + account.tasks
    assert None in (await kling.fetch_many(ours)).values()
    assert None not in (await kling.fetch_many(ours)).values()


async def test_an_account_full_of_other_tasks_is_asked_by_ids(reach: Reach) -> None:
    tasks, ours = crowd(25, spacing=10, others=200)
    account = Account(tasks)
    kling = account.kling(reach)
    for _ in range(3):
        await kling.fetch_many(ours)
    assert len(account.seen) == 3
    told = await kling.fetch_many(ours)
    assert account.seen[-1].startswith("/tasks?task_ids=")
    assert len(told) == 20
    assert None not in told.values()
