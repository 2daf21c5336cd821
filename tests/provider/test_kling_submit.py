import json
from typing import Any

import httpx
import pytest

from bot import errors
from bot.domain import AspectRatio, CameraControl, Mode, Shot, VideoRequest
from bot.provider.base import Task, TaskStatus
from bot.provider.kling import DISCONTINUED, DUPLICATE, Kling
from bot.provider.kling_codes import CODES
from bot.redaction import HIDDEN
from tests.provider.conftest import Reach

KEY = "sk-live-0123456789abcdef"
FOX = VideoRequest(model="kling-v1", prompt="a fox on the ice")
CREATED = {"code": 0, "message": "SUCCEED", "request_id": "r1", "data": {"task_id": "841", "task_status": "submitted"}}

# HTTP status, code, what it is of a create: the document's whole table.
TABLE: tuple[tuple[int, int, type[errors.ProviderError]], ...] = (
    *((401, code, errors.OperatorFault) for code in (1000, 1001, 1002, 1003, 1004)),
    *((429, code, errors.OperatorFault) for code in (1100, 1101, 1102)),
    (403, 1103, errors.OperatorFault),
    *((400, code, errors.ProviderRejected) for code in (1200, 1201)),
    *((404, code, errors.ProviderRejected) for code in (1202, 1203)),
    *((400, code, errors.ContentRefused) for code in (1300, 1301)),
    *((429, code, errors.ProviderBusy) for code in (1302, 1303)),
    (429, 1304, errors.OperatorFault),
    (500, 5000, errors.OutcomeUnknown),
    (503, 5001, errors.ProviderUnavailable),
    (504, 5002, errors.OutcomeUnknown),
)


class Service:
    """Gives one answer after the other, the last one for ever, and keeps what it was sent."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers, self.requests = list(answers) or [(200, CREATED)], list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status, answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            return httpx.Response(status, text=answer)
        return httpx.Response(status, json=answer, headers={"Retry-After": "7"} if status == 429 else {})

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)


async def submitted(reach: Reach, service: Service, request: VideoRequest = FOX, **options: Any) -> Task:
    kling = Kling(transport=reach(service, provider="kling"), **options)
    return await kling.submit(request, external_id="job-1")


async def refused(reach: Reach, answer: Any, *, status: int = 200) -> errors.ProviderError:
    service = Service((status, answer))
    with pytest.raises(errors.ProviderError) as caught:
        await submitted(reach, service)
    assert len(service.requests) == 1
    return caught.value


async def test_a_plain_request_is_sent_as_documented(reach: Reach) -> None:
    service = Service()
    task = await submitted(reach, service)
    assert (service.requests[0].method, str(service.requests[0].url)) == (
        "POST",
        "https://api.example/v1/videos/text2video",
    )
    assert service.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert service.body == {
        "model_name": "kling-v1",
        "prompt": "a fox on the ice",
        "mode": "std",
        "aspect_ratio": "16:9",
        "duration": "5",
        "external_task_id": "job-1",
    }
    assert task == Task(id="841", status=TaskStatus.WAITING, external_id="job-1")


async def test_everything_asked_for_has_its_field(reach: Reach) -> None:
    service = Service()
    wanted_request = FOX.model_copy(
        update={
            "negative_prompt": "blur",
            "cfg_scale": 0.0,
            "mode": Mode.PRO,
            "aspect_ratio": AspectRatio.TALL,
            "duration": 10,
        }
    )
    await submitted(reach, service, wanted_request, callback_url="https://bot.example/back/{}".format)
    assert service.body == {
        "model_name": "kling-v1",
        "prompt": "a fox on the ice",
        "negative_prompt": "blur",
        "cfg_scale": 0.0,
        "mode": "pro",
        "aspect_ratio": "9:16",
        "duration": "10",
        "callback_url": "https://bot.example/back/job-1",
        "external_task_id": "job-1",
    }


async def test_a_simple_camera_move_has_all_axes_and_every_other_has_none(reach: Reach) -> None:
    service = Service()
    await submitted(reach, service, FOX.model_copy(update={"camera": CameraControl.named("zoom", strength=-2.5)}))
    still = dict.fromkeys(("horizontal", "vertical", "pan", "tilt", "roll"), 0.0)
    assert service.body["camera_control"] == {"type": "simple", "config": {**still, "zoom": -2.5}}
    await submitted(reach, service, FOX.model_copy(update={"camera": CameraControl.named("down_back")}))
    assert service.body["camera_control"] == {"type": "down_back"}


@pytest.mark.parametrize("prefix", ["", "/kling", "/klingai/", "/model/kling"])
async def test_a_relay_has_its_path_prefix(reach: Reach, prefix: str) -> None:
    service = Service()
    await submitted(reach, service, prefix=prefix)
    assert service.requests[0].url.path == f"{prefix.rstrip('/')}/v1/videos/text2video"


@pytest.mark.parametrize(("status", "code", "kind"), TABLE)
async def test_every_code_of_the_table_has_its_class(
    reach: Reach, status: int, code: int, kind: type[errors.ProviderError]
) -> None:
    exc = await refused(reach, {"code": code, "message": "no"}, status=status)
    assert (type(exc), exc.code, exc.detail, exc.provider) == (kind, str(code), "no", "kling")
    assert exc.retry_after == (7 if status == 429 else None)


def test_the_table_is_whole() -> None:
    numbers = {int(code) for code in CODES if code.isdecimal()}
    assert numbers == {code for _status, code, _kind in TABLE}


@pytest.mark.parametrize("code", [1102, 1301, 1303, 5000])
async def test_a_code_counts_beside_any_status_and_as_a_string(reach: Reach, code: int) -> None:
    kind = next(kind for _status, known, kind in TABLE if known == code)
    for status in (200, 400, 429, 500):
        assert type(await refused(reach, {"code": str(code), "message": "no"}, status=status)) is kind


@pytest.mark.parametrize(
    ("status", "answer", "kind", "code"),
    [
        (400, {"code": 1999, "message": "odd"}, errors.ProviderRejected, "1999"),
        (401, {"code": 1999}, errors.OperatorFault, "1999"),
        (402, {"message": "pay"}, errors.OperatorFault, "http_402"),
        (404, "<html>", errors.OperatorFault, "http_404"),
        (409, {}, errors.OutcomeUnknown, "http_409"),
        (429, {"code": 1999}, errors.ProviderBusy, "1999"),
        (429, "slow down", errors.ProviderBusy, "http_429"),
        (500, {"code": 1999}, errors.OutcomeUnknown, "1999"),
        (500, {"code": 5999}, errors.OutcomeUnknown, "5999"),
        (502, "<html>", errors.OutcomeUnknown, "http_502"),
        (503, [], errors.OutcomeUnknown, "http_503"),
        (400, {"code": 1999, "message": "Failure to pass the risk control system"}, errors.ContentRefused, "1999"),
        (400, "内容违规", errors.ContentRefused, "http_400"),
        (400, {"code": 1999, "message": "too many parallel tasks"}, errors.ProviderBusy, "1999"),
        (400, {"code": 1999, "message": "Account balance not enough"}, errors.OperatorFault, "1999"),
        (400, {"message": "upstream error, code: 1303"}, errors.ProviderBusy, "http_400"),
        (500, {"message": "risk control is down"}, errors.OutcomeUnknown, "http_500"),
        (200, {"code": 1999, "message": "odd"}, errors.ProviderRejected, "1999"),
        (200, {"code": 5999}, errors.OutcomeUnknown, "5999"),
        (200, {"code": 0, "data": {}}, errors.OutcomeUnknown, "malformed"),
        (200, {"code": 0, "data": {"task_status": "submitted"}}, errors.OutcomeUnknown, "malformed"),
        (200, {"code": 0, "data": "841"}, errors.OutcomeUnknown, "malformed"),
        (200, [], errors.OutcomeUnknown, "malformed"),
        (200, "<html>", errors.OutcomeUnknown, "malformed"),
        (200, "", errors.OutcomeUnknown, "malformed"),
    ],
)
async def test_what_the_table_does_not_have_goes_by_the_status(
    reach: Reach, status: int, answer: Any, kind: type[errors.ProviderError], code: str
) -> None:
    exc = await refused(reach, answer, status=status)
    assert (type(exc), exc.code) == (kind, code)


@pytest.mark.parametrize(
    "words",
    ["External_task_id job-1 already exists", "external task id is duplicated", "ExternalTaskId: repeated"],
)
async def test_a_taken_external_id_is_told_apart(reach: Reach, words: str) -> None:
    exc = await refused(reach, {"code": 1201, "message": words}, status=400)
    assert (type(exc), exc.code, exc.detail) == (errors.TaskExists, DUPLICATE, words)


@pytest.mark.parametrize(
    "words",
    [
        "Task not found by id/external id: job-1",
        "model_name value 'kling-v3-0' is invalid",
        "model/mode/duration(kling-v2-5-turbo/std/5) is not supported with image_tail",
    ],
)
async def test_a_refusal_that_names_something_else_is_a_plain_one(reach: Reach, words: str) -> None:
    exc = await refused(reach, {"code": 1201, "message": words}, status=400)
    assert (type(exc), exc.code) == (errors.ProviderRejected, "1201")


@pytest.mark.parametrize(("status", "code"), [(400, 1201), (404, 1203), (403, 1103), (200, 1999)])
async def test_that_a_model_was_given_up_is_told_by_the_words(reach: Reach, status: int, code: int) -> None:
    words = "The model 'kling-v1' has been discontinued and is no longer available."
    exc = await refused(reach, {"code": code, "message": words}, status=status)
    assert (type(exc), exc.code, exc.detail) == (errors.ModelDiscontinued, DISCONTINUED, words)


async def test_a_storyboard_with_sound_is_sent_as_documented(reach: Reach) -> None:
    service = Service()
    shots = (Shot(prompt="a fox", seconds=3), Shot(prompt="snow", seconds=5))
    wanted_request = VideoRequest(
        model="kling-v3", shots=shots, duration=8, mode=Mode.FOUR_K, sound=True, watermark=True
    )
    await submitted(reach, service, wanted_request)
    assert service.body == {
        "model_name": "kling-v3",
        "multi_shot": True,
        "shot_type": "customize",
        "multi_prompt": [
            {"index": 1, "prompt": "a fox", "duration": "3"},
            {"index": 2, "prompt": "snow", "duration": "5"},
        ],
        "mode": "4k",
        "aspect_ratio": "16:9",
        "duration": "8",
        "sound": "on",
        "watermark_info": {"enabled": True},
        "external_task_id": "job-1",
    }


async def test_a_model_without_modes_is_sent_none(reach: Reach) -> None:
    service = Service()
    wanted_request = FOX.model_copy(update={"model": "kling-v2-master"})
    await submitted(reach, service, wanted_request, models_without_mode=["kling-v2-master"])
    assert "mode" not in service.body


async def test_a_task_may_end_as_it_begins(reach: Reach) -> None:
    data = {"task_id": 841, "task_status": "failed", "task_status_msg": "Failure to pass the risk control system"}
    task = await submitted(reach, Service((200, {"code": 0, "data": data})))
    assert (task.id, task.status) == ("841", TaskStatus.FAILED)
    assert task.failure is not None
    assert task.failure.fault is errors.FaultClass.CONTENT


async def test_a_signature_that_has_run_out_is_renewed_once_and_the_create_repeated(reach: Reach) -> None:
    renewed: list[int] = []
    expired = (401, {"code": 1004, "message": "expired"})
    service = Service(expired, (200, CREATED))
    task = await submitted(reach, service, renew=lambda: renewed.append(1))
    assert task.id == "841"
    assert len(service.requests) == 2
    assert service.requests[0].content == service.requests[1].content
    service = Service(expired)
    with pytest.raises(errors.OperatorFault):
        await submitted(reach, service, renew=lambda: renewed.append(2))
    assert (len(service.requests), renewed) == (2, [1, 2])


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1102])
async def test_nothing_else_is_repeated(reach: Reach, code: int) -> None:
    service = Service((401, {"code": code}))
    with pytest.raises(errors.OperatorFault):
        await submitted(reach, service, renew=lambda: None)
    assert len(service.requests) == 1


async def test_no_error_repeats_our_key(reach: Reach) -> None:
    for status in (200, 400):
        exc = await refused(reach, {"code": 1200, "message": f"{KEY} is blocked"}, status=status)
        assert KEY not in f"{exc!r} {vars(exc)}"
        assert f"{HIDDEN} is blocked" in exc.detail
    failed = {"task_id": "1", "task_status": "failed", "task_status_msg": f"{KEY} is blocked"}
    assert KEY not in repr(await submitted(reach, Service((200, {"code": 0, "data": failed}))))
