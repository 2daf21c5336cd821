import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import av
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from sandbox.faults import Faults, UnknownFault
from sandbox.providers import Providers, kirin_rules
from sandbox.providers.fields import InvalidField

CREATE = "/kirin/model/v1/generation"
FOX = {"prompt": "A red fox", "duration": "3"}
SHOTS = [
    {"index": 2, "prompt": "It runs", "duration": "1"},
    {"index": 1, "prompt": "A fox wakes", "duration": "2"},
]
STORYBOARD = {"multi_shot": True, "shot_type": "customize", "multi_prompt": SHOTS, "duration": "3"}


@dataclass
class Api:
    providers: Providers
    faults: Faults
    client: aiohttp.ClientSession

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        async with self.client.post(path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def create(self, params: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        return await self.post(CREATE, {"model": "kirin_v3_t2v", "input": [{"params": params}]}, **headers)

    async def query(self, name: str) -> tuple[int, dict[str, Any]]:
        async with self.client.get(f"{CREATE}/task/{name}") as answer:
            return answer.status, await answer.json()

    async def until(self, status: str, receipt: dict[str, Any]) -> dict[str, Any]:
        """Ask about a task until it has come so far, and nowhere else on its way."""
        task = receipt
        while task["status"] != status:
            assert task["status"] in ("in_queue", "in_progress")
            await asyncio.sleep(0.01)
            _, task = await self.query(receipt["id"])
            assert 0 <= task["progress"] <= 1
        return task

    async def finished(self, params: Any) -> dict[str, Any]:
        _, task = await self.create(params)
        while task["status"] not in ("completed", "failed"):
            await asyncio.sleep(0.02)
            _, task = await self.query(task["id"])
        return task

    @property
    def row(self) -> dict[str, Any]:
        return self.providers.tasks()[-1]


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture
async def api(videos: Path) -> AsyncIterator[Api]:
    faults, app = Faults(), web.Application()
    async with Providers(faults=faults, generate_seconds=0.05, cache_dir=videos, fps=4) as providers:
        providers.attach(app)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        providers.public_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        key = {"Authorization": f"Bearer {providers.kirin_key}"}
        async with aiohttp.ClientSession(providers.public_url, headers=key) as client:
            yield Api(providers, faults, client)
        await runner.cleanup()


async def test_a_task_goes_from_the_queue_to_a_playable_video(api: Api) -> None:
    with api.providers.held():
        status, receipt = await api.create(FOX)
        assert status == 200
        assert receipt["status"] == "in_queue"
        assert set(receipt) == {"id", "created_at", "status", "model"}
        await api.until("in_progress", receipt)
    task = await api.until("completed", receipt)
    assert task["usage"] == {"cost": "0.252", "discount": 0}
    assert all(isinstance(task["metadata"][at], float) for at in ("in_queue_at", "completed_at", "upload_at"))
    [content] = task["output"][0]["content"]
    assert (content["type"], content["duration"]) == ("video", 3)
    assert content["jobId"]
    async with api.client.get(content["url"]) as answer:
        assert answer.content_type == "video/mp4"
        assert int(answer.headers["Content-Length"]) == len(await answer.read())
    assert (api.row["status"], api.row["billed"], api.row["cost"]) == ("completed", True, "0.252")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"model": "kirin_v3_t2v", "input": [{"params": FOX}]}, {}),
        ({"input": [{"params": FOX}]}, {"X-Model": "kirin_v3_t2v"}),
        ({"model": "kirin_v3_t2v", **FOX}, {}),
        (FOX, {"X-Model": "kirin_v3_t2v"}),
    ],
)
async def test_every_form_of_the_body_is_taken(api: Api, body: Any, headers: dict[str, str]) -> None:
    status, receipt = await api.post(CREATE, body, **headers)
    assert (status, receipt["model"]) == (200, "kirin_v3_t2v")
    assert api.row["request"] == body


@pytest.mark.parametrize("key", [None, "", "Bearer wrong", "Basic abc", "wrong"])
async def test_a_wrong_key_is_refused(api: Api, key: str | None) -> None:
    headers = {} if key is None else {"Authorization": key}
    async with aiohttp.ClientSession(api.providers.public_url, headers=headers) as stranger:
        for call in (stranger.post(CREATE, json=FOX), stranger.get(f"{CREATE}/task/1")):
            async with call as answer:
                assert answer.status == 401
                assert (await answer.json())["error"]["code"] == "401"
    assert api.providers.tasks() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"a"', '{"input": []}', '{"input": [{}]}', "\ud83e"])
async def test_a_body_that_is_not_the_json_expected_is_refused(api: Api, text: str) -> None:
    async with api.client.post(CREATE, data=text.encode("utf-8", "surrogatepass")) as answer:
        assert answer.status == 400
        assert set((await answer.json())["error"]) == {"code", "error_message"}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("prompt", {"prompt": None}),
        ("prompt", {"prompt": ""}),
        ("prompt", {"prompt": "  \n"}),
        ("prompt", {"prompt": "x" * 2501}),
        ("prompt", {"prompt": 5}),
        ("negative_prompt", {"negative_prompt": "x" * 2501}),
        ("negative_prompt", {"negative_prompt": ["x"]}),
        ("sound", {"sound": True}),
        ("sound", {"sound": "yes"}),
        ("mode", {"mode": "fast"}),
        ("aspect_ratio", {"aspect_ratio": "4:3"}),
        ("duration", {"duration": 5}),
        ("duration", {"duration": "2"}),
        ("duration", {"duration": "16"}),
        ("duration", {"duration": "05"}),
        ("duration", {"duration": "5.0"}),
        ("watermark_info", {"watermark_info": True}),
        ("watermark_info", {"watermark_info": [{"enabled": True}]}),
        ("watermark_info.enabled", {"watermark_info": {"enabled": "true"}}),
        ("multi_shot", {"multi_shot": "true"}),
        ("callback_url", {"callback_url": 1}),
        ("external_task_id", {"external_task_id": 7}),
        ("shot_type", STORYBOARD | {"shot_type": None}),
        ("shot_type", STORYBOARD | {"shot_type": "intelligence"}),
        ("multi_prompt", STORYBOARD | {"multi_prompt": None}),
        ("multi_prompt", STORYBOARD | {"multi_prompt": []}),
        ("multi_prompt", STORYBOARD | {"multi_prompt": ["shot"]}),
        (
            "multi_prompt",
            STORYBOARD | {"multi_prompt": [{"index": n, "prompt": "x", "duration": "1"} for n in range(7)]},
        ),
        ("multi_prompt", STORYBOARD | {"duration": "4"}),
        ("multi_prompt", STORYBOARD | {"multi_prompt": [SHOTS[0], SHOTS[1] | {"index": 2}]}),
        ("multi_prompt[0].index", STORYBOARD | {"multi_prompt": [SHOTS[0] | {"index": "1"}]}),
        ("multi_prompt[0].index", STORYBOARD | {"multi_prompt": [SHOTS[0] | {"index": True}]}),
        ("multi_prompt[0].prompt", STORYBOARD | {"multi_prompt": [SHOTS[0] | {"prompt": "x" * 513}]}),
        ("multi_prompt[0].prompt", STORYBOARD | {"multi_prompt": [SHOTS[0] | {"prompt": ""}]}),
        ("multi_prompt[0].duration", STORYBOARD | {"multi_prompt": [SHOTS[0] | {"duration": 3}]}),
        ("multi_prompt[0].duration", STORYBOARD | {"multi_prompt": [SHOTS[0] | {"duration": "0"}]}),
        ("multi_prompt[0].duration", STORYBOARD | {"multi_prompt": [SHOTS[0] | {"duration": "4"}]}),
        ("multi_prompt[0].duration", STORYBOARD | {"multi_prompt": [SHOTS[0] | {"duration": "-1"}]}),
    ],
)
async def test_a_field_that_breaks_its_rule_is_refused_by_name(api: Api, field: str, change: Any) -> None:
    status, answer = await api.create(FOX | change)
    assert status == 400
    assert answer["error"]["code"] == "006001099"
    assert answer["error"]["error_message"].startswith(f"{field}:")
    assert "id" not in answer
    assert api.providers.tasks() == []


@pytest.mark.parametrize("model", [None, "kirin_v2_t2v", 3])
async def test_an_unknown_model_is_refused(api: Api, model: Any) -> None:
    status, answer = await api.post(CREATE, FOX | {"model": model})
    assert (status, answer["error"]["error_message"].split(":")[0]) == (400, "model")


async def test_fields_at_their_limits_are_taken(api: Api) -> None:
    shots = [{"index": n, "prompt": "x" * 512, "duration": "1"} for n in range(6)]
    fullest: tuple[dict[str, Any], ...] = (
        {"prompt": "x" * 2500, "negative_prompt": "y" * 2500, "duration": "15", "mode": "pro", "sound": "on"},
        {"multi_shot": True, "shot_type": "customize", "multi_prompt": shots, "duration": "6"},
        {"prompt": "x", "mode": None, "watermark_info": {}},
    )
    for params in fullest:
        assert (await api.create(params))[0] == 200


async def test_what_has_no_effect_is_ignored_and_noted(api: Api) -> None:
    status, _ = await api.create(FOX | {"shot_type": 5, "multi_prompt": "x", "cfg_scale": 0.5})
    assert status == 200
    assert api.row["ignored"] == ["shot_type", "multi_prompt", "cfg_scale"]
    status, _ = await api.create(STORYBOARD | {"prompt": "x" * 9999})
    assert (status, api.row["ignored"]) == (200, ["prompt"])


def test_shots_are_shown_in_the_order_of_their_indexes() -> None:
    parameters = kirin_rules.read({"model": "kirin_v3_t2v", **STORYBOARD}, header_model=None)
    assert [(shot.prompt, shot.seconds) for shot in parameters.video.shots] == [("A fox wakes", 2), ("It runs", 1)]


@given(st.lists(st.integers(1, 15), min_size=1, max_size=6), st.integers(3, 15))
def test_a_storyboard_is_valid_just_when_its_seconds_add_up(seconds: list[int], duration: int) -> None:
    shots = [{"index": n, "prompt": "x", "duration": str(length)} for n, length in enumerate(seconds)]
    body = {"model": "kirin_v3_t2v", **STORYBOARD, "multi_prompt": shots, "duration": str(duration)}
    try:
        parameters = kirin_rules.read(body, header_model=None)
    except InvalidField:
        assert sum(seconds) != duration
    else:
        assert parameters.video.seconds == sum(seconds) == duration


async def test_a_task_is_found_by_its_external_id_which_is_taken_once(api: Api) -> None:
    _, receipt = await api.create(FOX | {"external_task_id": "job/1 ü"})
    status, task = await api.query("job%2F1%20%C3%BC")
    assert (status, task["id"]) == (200, receipt["id"])
    status, answer = await api.create(FOX | {"external_task_id": "job/1 ü"})
    assert (status, answer["error"]["code"]) == (200, "006001099")
    assert "id" not in answer
    assert len(api.providers.tasks()) == 1
    assert api.row["external_id"] == "job/1 ü"


async def test_what_does_not_exist_is_404(api: Api) -> None:
    status, answer = await api.query("nothing")
    assert (status, set(answer)) == (404, {"error"})
    status, answer = await api.post("/kirin/model/v2/generation", FOX)
    assert (status, set(answer)) == (404, {"error"})
    async with api.client.get(CREATE) as refused:
        assert refused.status == 404


async def test_the_watermarked_video_comes_beside_the_plain_one(api: Api, tmp_path: Path) -> None:
    task = await api.finished(FOX | {"watermark_info": {"enabled": True}})
    plain, marked = task["output"][0]["content"]
    contents = []
    for content in (plain, marked):
        async with api.client.get(content["url"]) as answer:
            contents.append(await answer.read())
    assert contents[0] != contents[1]
    path = tmp_path / "marked.mp4"
    path.write_bytes(contents[1])
    with av.open(str(path)) as box:
        assert box.streams.video[0].height == 720


@pytest.mark.parametrize(
    ("change", "cost"),
    [({}, "0.252"), ({"sound": "on"}, "0.378"), ({"mode": "pro"}, "0.336"), ({"mode": "pro", "sound": "on"}, "0.504")],
)
async def test_the_cost_depends_on_mode_and_sound(api: Api, change: dict[str, str], cost: str) -> None:
    task = await api.finished(FOX | change)
    assert Decimal(task["usage"]["cost"]) == Decimal(cost)


async def test_a_task_fails_on_demand_and_costs_nothing(api: Api) -> None:
    api.faults.add({"target": "kirin", "kind": "task_failed", "code": "006001094"})
    task = await api.finished(FOX)
    assert task["error"] == {"code": "006001094", "error_message": "task resources insufficient"}
    assert not {"output", "usage"} & set(task)
    assert (api.row["billed"], api.row["cost"]) == (False, "0")
    assert api.row["error"]["code"] == "006001094"
    assert (await api.finished(FOX))["status"] == "completed"


async def test_creation_fails_on_demand(api: Api) -> None:
    api.faults.add({"target": "kirin", "kind": "task_failed", "at": "create"})
    status, answer = await api.create(FOX)
    assert (status, answer["error"]["code"]) == (200, "006001099")
    api.faults.add({"target": "kirin", "kind": "task_failed", "at": "create", "status": 402, "code": "402"})
    status, answer = await api.create(FOX)
    assert (status, answer["error"]["code"]) == (402, "402")
    assert api.providers.tasks() == []


async def test_a_stuck_task_stays_in_progress(api: Api) -> None:
    api.faults.add({"target": "kirin", "kind": "stuck"})
    _, receipt = await api.create(FOX)
    task: dict[str, Any] = receipt
    while task["status"] == "in_queue":
        await asyncio.sleep(0.01)
        _, task = await api.query(receipt["id"])
    assert (await api.finished(FOX))["status"] == "completed"
    _, task = await api.query(receipt["id"])
    assert task["status"] == "in_progress"
    assert task["progress"] < 1


async def test_no_fault_strikes_somebody_who_leaves_before_all_is_said(api: Api) -> None:
    api.faults.add({"target": "kirin", "kind": "http_500"})
    url = urlsplit(api.providers.public_url)
    heard, said = await asyncio.open_connection(url.hostname, url.port)
    said.write(
        f"POST {CREATE} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n".encode()
    )
    assert b"100" in await heard.readline()
    said.close()
    status, _ = await api.create(FOX)
    assert status == 500


async def test_a_lost_answer_leaves_a_task_behind(api: Api) -> None:
    api.faults.add({"target": "kirin", "kind": "lost_answer"})
    with pytest.raises(aiohttp.ClientError):
        await api.create(FOX | {"external_task_id": "job-1"})
    assert (await api.query("job-1"))[0] == 200


@pytest.mark.parametrize(("kind", "status", "code"), [("http_500", 500, "500"), ("http_429", 429, "429")])
async def test_http_trouble_has_the_shape_of_the_api(api: Api, kind: str, status: int, code: str) -> None:
    api.faults.add({"target": "kirin", "kind": kind, "retry_after": 7, "on": ["query"]})
    async with api.client.get(f"{CREATE}/task/1") as answer:
        assert answer.status == status
        assert (await answer.json())["error"]["code"] == code
        assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)


async def test_trouble_on_the_wire_strikes_and_passes(api: Api) -> None:
    api.faults.add({"target": "kirin", "kind": "malformed_json"})
    api.faults.add({"target": "kirin", "kind": "reset"})
    api.faults.add({"target": "kirin", "kind": "timeout", "seconds": 0})
    api.faults.add({"target": "kirin", "kind": "slow", "seconds": 0})
    with pytest.raises(ValueError, match="Unterminated"):
        await api.create(FOX)
    for _ in range(2):
        with pytest.raises(aiohttp.ClientError):
            await api.create(FOX)
    assert api.providers.tasks() == []
    assert (await api.create(FOX))[0] == 200


async def test_the_request_id_comes_back(api: Api) -> None:
    async with api.client.get(f"{CREATE}/task/1", headers={"X-Request-Id": "abc"}) as answer:
        assert answer.headers["X-Request-Id"] == "abc"


async def test_sensitive_words_are_found_with_their_places(api: Api) -> None:
    status, answer = await api.post(
        "/kirin/model/v1/text/scan", {"text": "No Gore here", "scene": "", "area_types": [0], "way": 0}
    )
    assert status == 200
    [word] = answer["data"]["sensitive_words"]
    assert word == {"word": "Gore", "start_index": 3, "end_index": 7, "risk_type_code": "VIOLENT"}
    assert answer["status"]["code"] == 200
    assert (await api.post("/kirin/model/v1/text/scan", {}))[0] == 400


async def test_a_finished_video_is_judged_by_its_words(api: Api) -> None:
    async def judged(uri: str, risks: Any) -> tuple[int, dict[str, Any]]:
        body = {"uri": uri, "risk_types": risks, "detected_age": 0, "is_video": 1, "duration": 3}
        return await api.post("/kirin/model/v1/image/scan", body)

    task = await api.finished({"prompt": "Gore and gold", "duration": "3"})
    url = task["output"][0]["content"][0]["url"]
    status, verdict = await judged(url, ["VIOLENT", "EROTIC"])
    assert (status, verdict["ok"], verdict["nsfw_level"], verdict["risk_types"]) == (200, True, 6, ["VIOLENT"])
    _, verdict = await judged(url, ["EROTIC"])
    assert (verdict["ok"], verdict["nsfw_level"]) == (True, 0)
    _, verdict = await judged("https://example.com/a.mp4", ["VIOLENT"])
    assert (verdict["ok"], bool(verdict["error"])) == (False, True)
    assert (await judged(url, None))[0] == 400


SCANS = {
    "text": {"text": "A kraken", "scene": "", "area_types": [0], "way": 0},
    "image": {"uri": "/files/a.mp4", "risk_types": ["VIOLENT"], "detected_age": 0, "is_video": 1, "duration": 3},
}


@pytest.mark.parametrize("on", ["text_scan", "image_scan", "scan"])
async def test_trouble_strikes_the_scan_that_it_names(api: Api, on: str) -> None:
    api.faults.add({"target": "kirin", "kind": "http_500", "on": [on], "count": 2})
    answers = {name: await api.post(f"/kirin/model/v1/{name}/scan", body) for name, body in SCANS.items()}
    struck = {name for name, (status, _) in answers.items() if status == 500}

    assert struck == ({"text", "image"} if on == "scan" else {on.removesuffix("_scan")})
    assert (await api.create(FOX))[0] == 200


@pytest.mark.parametrize(
    ("kind", "failure"),
    [("malformed_json", ValueError), ("reset", aiohttp.ClientError), ("timeout", aiohttp.ClientError)],
)
async def test_a_scan_fails_in_every_way_of_the_wire(api: Api, kind: str, failure: type[Exception]) -> None:
    api.faults.add({"target": "kirin", "kind": kind, "on": ["text_scan"], "seconds": 0})
    with pytest.raises(failure):
        await api.post("/kirin/model/v1/text/scan", SCANS["text"])
    assert (await api.post("/kirin/model/v1/text/scan", SCANS["text"]))[0] == 200


async def test_what_is_sensitive_can_be_said(api: Api) -> None:
    api.providers.find_words({"Kraken": "CHILD"})
    _, found = await api.post("/kirin/model/v1/text/scan", SCANS["text"])
    _, former = await api.post("/kirin/model/v1/text/scan", {"text": "gore"})

    assert [hit["risk_type_code"] for hit in found["data"]["sensitive_words"]] == ["CHILD"]
    assert former["data"]["sensitive_words"] == []
    for wrong in ({"two words": "CHILD"}, {"": "CHILD"}, {"kraken": "FISH"}):
        with pytest.raises(ValueError, match="is no word"):
            api.providers.find_words(wrong)


async def test_the_bill_is_the_sum_of_what_was_delivered(api: Api) -> None:
    assert api.providers.bill() == {"kirin": "0", "kling": "0", "total": "0"}
    api.faults.add({"target": "kirin", "kind": "task_failed"})
    await api.finished(FOX)
    await api.finished(FOX)
    await api.finished(FOX | {"mode": "pro", "sound": "on"})

    assert api.providers.bill() == {"kirin": "0.756", "kling": "0", "total": "0.756"}


async def test_a_price_can_change_under_the_customers(api: Api) -> None:
    api.faults.add({"target": "kirin", "kind": "price_change", "factor": "1.5"})
    api.faults.add({"target": "kirin", "kind": "price_change"})
    costs = [(await api.finished(FOX))["usage"]["cost"] for _ in range(3)]

    assert costs == ["0.378", "0.504", "0.252"]
    for wrong in ("much", "-1", "NaN", "Infinity", None):
        with pytest.raises(UnknownFault):
            api.faults.add({"target": "kirin", "kind": "price_change", "factor": wrong})
