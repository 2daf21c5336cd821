import json
from typing import Any

import httpx
import pytest

from bot import errors
from bot.domain import AspectRatio, Mode, Shot, VideoRequest
from bot.provider.base import TaskStatus
from bot.provider.kirin import Kirin
from tests.provider.conftest import Reach

MODEL = "kirin_v3_t2v"
FOX = VideoRequest(model=MODEL, prompt="a fox on the ice")


class Service:
    """Answers every create alike and keeps what it was sent."""

    def __init__(self, answer: Any = None, *, status: int = 200) -> None:
        self.answer = {"id": "t1", "status": "in_queue"} if answer is None else answer
        self.status, self.requests = status, list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, str):
            return httpx.Response(self.status, text=self.answer)
        return httpx.Response(self.status, json=self.answer)

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)


async def refused(reach: Reach, answer: Any, *, status: int = 200) -> errors.ProviderError:
    service = Service(answer, status=status)
    with pytest.raises(errors.ProviderError) as caught:
        await Kirin(transport=reach(service)).submit(FOX, external_id="job-1")
    assert len(service.requests) == 1
    return caught.value


async def test_a_plain_request_is_sent_as_documented(reach: Reach) -> None:
    service = Service()
    task = await Kirin(transport=reach(service)).submit(FOX, external_id="job-1")
    assert str(service.requests[0].url) == "https://api.example/model/v1/generation"
    assert service.body == {
        "model": MODEL,
        "input": [
            {
                "params": {
                    "multi_shot": False,
                    "prompt": "a fox on the ice",
                    "mode": "std",
                    "aspect_ratio": "16:9",
                    "duration": "5",
                    "sound": "off",
                    "watermark_info": {"enabled": False},
                    "external_task_id": "job-1",
                }
            }
        ],
    }
    assert (task.id, task.status, task.external_id) == ("t1", TaskStatus.WAITING, "job-1")


async def test_every_option_is_sent_as_documented(reach: Reach) -> None:
    service = Service()
    request = VideoRequest(
        model=MODEL,
        prompt="狐狸 🦊",
        negative_prompt="snow",
        mode=Mode.PRO,
        aspect_ratio=AspectRatio.TALL,
        duration=15,
        sound=True,
        watermark=True,
    )
    provider = Kirin(
        transport=reach(service),
        body_form="flat",
        create_path="/v2/make",
        callback_url=lambda _: "https://b.example/cb",
    )
    await provider.submit(request, external_id="job-1")
    assert service.requests[0].url.path == "/v2/make"
    assert service.body == {
        "model": MODEL,
        "multi_shot": False,
        "prompt": "狐狸 🦊",
        "negative_prompt": "snow",
        "mode": "pro",
        "aspect_ratio": "9:16",
        "duration": "15",
        "sound": "on",
        "watermark_info": {"enabled": True},
        "external_task_id": "job-1",
        "callback_url": "https://b.example/cb",
    }


async def test_a_storyboard_is_numbered_from_one_and_replaces_the_prompt(reach: Reach) -> None:
    service = Service()
    shots = (Shot(prompt="it wakes", seconds=2), Shot(prompt="it runs", seconds=4))
    request = VideoRequest(model=MODEL, prompt="ignored", duration=6, shots=shots)
    provider = Kirin(transport=reach(service), callback_url="https://b.example/{}".format)
    await provider.submit(request, external_id="job-2")
    params = service.body["input"][0]["params"]
    assert "prompt" not in params
    assert (params["multi_shot"], params["shot_type"], params["duration"]) == (True, "customize", "6")
    assert params["multi_prompt"] == [
        {"index": 1, "prompt": "it wakes", "duration": "2"},
        {"index": 2, "prompt": "it runs", "duration": "4"},
    ]
    assert params["callback_url"] == "https://b.example/job-2"


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "42", "created_at": 1, "status": "in_progress", "model": MODEL},
        {"id": 42, "status": "processing"},
        {"data": {"id": "42", "status": "in_progress"}, "status": {"code": 200, "message": "success"}},
        {"data": {"id": "42"}, "status": {"code": "0"}},
        {"id": "42", "status": "never heard of"},
        {"id": " 42 ", "status": None, "error": None},
        {"id": "42", "status": 7, "error": {"code": "", "error_message": ""}},
    ],
)
async def test_a_receipt_is_read_in_every_form(reach: Reach, answer: Any) -> None:
    task = await Kirin(transport=reach(Service(answer))).submit(FOX, external_id="job-1")
    assert (task.id, task.status) == ("42", TaskStatus.WORKING)


async def test_a_task_may_be_over_at_once(reach: Reach) -> None:
    content = {"type": "video", "url": "https://cdn.example/1.mp4", "duration": "5"}
    done = {"id": "1", "status": "completed", "output": [{"content": [content]}], "usage": {"cost": "0.42"}}
    task = await Kirin(transport=reach(Service(done))).submit(FOX, external_id="job-1")
    assert task.status is TaskStatus.SUCCEEDED
    assert task.result is not None
    failed = {"id": "1", "status": "failed", "error": {"code": "006001094", "error_message": "full"}}
    task = await Kirin(transport=reach(Service(failed))).submit(FOX, external_id="job-1")
    assert task.status is TaskStatus.FAILED
    assert task.failure is not None
    assert task.failure.fault is errors.FaultClass.TRANSIENT


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ({"code": "006001094", "error_message": "task resources insufficient"}, errors.ProviderBusy, "006001094"),
        ({"code": 6001094, "message": "task resources insufficient"}, errors.ProviderBusy, "6001094"),
        ({"code": "006001095", "error_message": "task response error"}, errors.ProviderBusy, "006001095"),
        ({"code": "006001099", "error_message": "task creation error"}, errors.ProviderRejected, "006001099"),
        (
            {"code": "006001099", "error_message": "The prompt hits our risk control"},
            errors.ContentRefused,
            "006001099",
        ),
        ({"code": "001", "message": "提示词包含敏感内容"}, errors.ContentRefused, "001"),
        ({"code": "whatever"}, errors.ProviderRejected, "whatever"),
        ("an asterisk is missing", errors.ProviderRejected, ""),
        ("against our policy", errors.ContentRefused, ""),
        ("006001094", errors.ProviderBusy, "006001094"),
        (6001095, errors.ProviderBusy, "6001095"),
        ({"code": 401, "message": "who are you"}, errors.OperatorFault, "401"),
        ({"code": 402}, errors.OperatorFault, "402"),
        ({"code": "403"}, errors.OperatorFault, "403"),
        ({"code": "429"}, errors.ProviderBusy, "429"),
        ({"code": 500, "message": "oops"}, errors.ProviderRejected, "500"),
    ],
)
async def test_a_200_without_an_id_but_with_an_error_is_a_refusal(
    reach: Reach, error: Any, kind: type[errors.ProviderError], code: str
) -> None:
    wrapped = {"data": None, "status": {"code": 200}, "error": error}
    for answer in (
        {"error": error},
        {"id": "", "error": error},
        {"id": None, "status": "failed", "error": error},
        wrapped,
    ):
        exc = await refused(reach, answer)
        assert (type(exc), exc.code) == (kind, code)


async def test_an_envelope_that_complains_is_an_error(reach: Reach) -> None:
    for status, kind in (
        ({"code": 500, "message": "no", "error_code": "006001094"}, errors.ProviderBusy),
        ({"code": 401, "msg": "no"}, errors.OperatorFault),
        ({"code": 200, "message": "no", "error_code": "006001099"}, errors.ProviderRejected),
    ):
        exc = await refused(reach, {"data": None, "status": status})
        assert (type(exc), exc.detail) == (kind, "no")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"status": "in_queue"},
        {"message": "success"},
        {"code": "success", "data": "task-1"},
        {"data": {}, "status": {"code": 200}},
        {"data": [], "status": {"code": "success"}},
        {"id": "", "error": {}},
        {"id": "", "error": {"code": "", "message": ""}},
        {"id": True},
        {"id": {"id": "1"}},
        {"id": ".."},
        {"id": "line\nbreak"},
        {"id": "x" * 257},
        [],
        "",
        "null",
        "<html>busy</html>",
        '{"id": "1"',
        '{"id": "\\ud800"}',
        "[" * 100_000,
    ],
)
async def test_a_200_that_says_neither_is_in_doubt(reach: Reach, answer: Any) -> None:
    exc = await refused(reach, answer)
    assert (type(exc), exc.code, exc.fault) == (errors.OutcomeUnknown, "malformed", errors.FaultClass.AMBIGUOUS)


async def test_a_byte_order_mark_does_not_matter(reach: Reach) -> None:
    task = await Kirin(transport=reach(Service('\ufeff{"id": "1"}'))).submit(FOX, external_id="job-1")
    assert task.id == "1"


@pytest.mark.parametrize(
    ("status", "answer", "kind", "code", "detail"),
    [
        (400, {"error": {"code": "7", "error_message": "bad"}}, errors.ProviderRejected, "7", "bad"),
        (400, {"error": {"code": 7, "message": "bad"}}, errors.ProviderRejected, "7", "bad"),
        (400, {"message": "bad"}, errors.ProviderRejected, "http_400", "bad"),
        (400, {"error": "bad"}, errors.ProviderRejected, "http_400", "bad"),
        (400, {"code": "7", "message": "bad"}, errors.ProviderRejected, "7", "bad"),
        (
            400,
            {"status": {"code": 400, "message": "bad", "error_code": "006001099"}},
            errors.ProviderRejected,
            "006001099",
            "bad",
        ),
        (400, {"error": "违规"}, errors.ContentRefused, "http_400", "违规"),
        (422, {"message": "sensitive words"}, errors.ContentRefused, "http_422", "sensitive words"),
        (400, "bad\nthing", errors.ProviderRejected, "http_400", "bad thing"),
        (400, "", errors.ProviderRejected, "http_400", ""),
        (400, [], errors.ProviderRejected, "http_400", "[]"),
        (401, {"error": {"code": "006001099", "message": "policy"}}, errors.OperatorFault, "006001099", "policy"),
        (402, {}, errors.OperatorFault, "http_402", ""),
        (403, {"message": "policy"}, errors.OperatorFault, "http_403", "policy"),
        (404, {"message": "no route"}, errors.OperatorFault, "http_404", "no route"),
        (429, {"error": "policy"}, errors.ProviderBusy, "http_429", "policy"),
        (500, {"error": {"code": "006001094", "message": "full"}}, errors.ProviderBusy, "006001094", "full"),
        (500, {"error": {"code": "006001099", "message": "no"}}, errors.ProviderRejected, "006001099", "no"),
        (500, {"error": "risk"}, errors.OutcomeUnknown, "http_500", "risk"),
        (502, "<html>", errors.OutcomeUnknown, "http_502", "<html>"),
    ],
)
async def test_every_error_answer_has_its_class(
    reach: Reach, status: int, answer: Any, kind: type[errors.ProviderError], *, code: str, detail: str
) -> None:
    exc = await refused(reach, answer, status=status)
    assert (type(exc), exc.code, exc.detail) == (kind, code, detail)


async def test_a_service_that_cannot_be_reached_got_nothing(reach: Reach) -> None:
    def away(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(errors.ProviderUnavailable):
        await Kirin(transport=reach(away)).submit(FOX, external_id="job-1")


async def test_no_error_repeats_our_key(reach: Reach) -> None:
    key = "sk-live-0123456789abcdef"
    exc = await refused(reach, {"error": {"code": key, "message": f"{key} is blocked"}})
    assert key not in f"{exc!r} {vars(exc)}"
    failed = {"id": "1", "status": "failed", "error": {"code": key, "message": f"{key} is blocked"}}
    task = await Kirin(transport=reach(Service(failed))).submit(FOX, external_id="job-1")
    assert key not in repr(task)
