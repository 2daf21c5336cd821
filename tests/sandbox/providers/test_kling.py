import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from sandbox.faults import Faults
from sandbox.providers import Providers, kling_rules
from sandbox.providers.fields import InvalidField
from sandbox.providers.kling import CODES

VIDEOS = "/kling/v1/videos/text2video"
FOX = {"prompt": "A red fox", "aspect_ratio": "1:1"}
PARALLEL = 3
RISK = "Failure to pass the risk control system"
AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")


def simple(**axes: Any) -> dict[str, Any]:
    return {"camera_control": {"type": "simple", "config": axes}}


@dataclass
class Api:
    providers: Providers
    faults: Faults
    client: aiohttp.ClientSession

    async def create(self, body: Any) -> tuple[int, dict[str, Any]]:
        async with self.client.post(VIDEOS, json=body) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
        async with self.client.get(f"{VIDEOS}{path}", headers=headers) as answer:
            return answer.status, await answer.json()

    async def tasks(self, query: str, **headers: str) -> tuple[int, dict[str, Any]]:
        async with self.client.get(f"/kling/tasks?{query}", headers=headers) as answer:
            return answer.status, await answer.json()

    async def reached(self, name: str, *states: str) -> dict[str, Any]:
        while True:
            _, answer = await self.get(f"/{name}")
            task: dict[str, Any] = answer["data"]
            if task["task_status"] in states:
                return task
            await asyncio.sleep(0.02)

    async def finished(self, body: Any) -> dict[str, Any]:
        _, answer = await self.create(body)
        return await self.reached(answer["data"]["task_id"], "succeed", "failed")

    @property
    def row(self) -> dict[str, Any]:
        return self.providers.tasks()[-1]


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture
async def api(videos: Path) -> AsyncIterator[Api]:
    faults, app = Faults(), web.Application()
    async with Providers(
        faults=faults, generate_seconds=0.05, cache_dir=videos, fps=4, kling_parallel=PARALLEL
    ) as providers:
        providers.attach(app)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        providers.public_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        key = {"Authorization": f"Bearer {providers.kling_key}"}
        async with aiohttp.ClientSession(providers.public_url, headers=key) as client:
            yield Api(providers, faults, client)
        await runner.cleanup()


async def test_a_task_goes_from_submitted_to_a_playable_video(api: Api) -> None:
    before = time.time() * 1000
    with api.providers.held():
        status, answer = await api.create(FOX | {"external_task_id": "job-1", "watermark_info": {"enabled": True}})
        assert (status, answer["code"]) == (200, 0)
        assert answer["request_id"]
        receipt = answer["data"]
        assert receipt["task_status"] == "submitted"
        assert receipt["task_info"] == {"external_task_id": "job-1"}
        assert isinstance(receipt["task_id"], str)
        assert before - 1 <= receipt["created_at"] <= time.time() * 1000 + 1
        assert (await api.reached("job-1", "processing"))["task_id"] == receipt["task_id"]
    task = await api.reached(receipt["task_id"], "succeed")
    [video] = task["task_result"]["videos"]
    assert video["duration"] == "5.1"
    assert isinstance(video["id"], str)
    assert task["updated_at"] >= task["created_at"]
    for url in (video["url"], video["watermark_url"]):
        async with api.client.get(url) as video:
            assert video.content_type == "video/mp4"
            assert len(await video.read()) > 10_000
    assert (api.row["status"], api.row["billed"], api.row["cost"]) == ("succeed", True, "0.14")
    assert (api.row["external_id"], api.row["provider"]) == ("job-1", "kling")


def signed(api: Api, *, secret: str | None = None, **claims: Any) -> dict[str, str]:
    now = int(time.time())
    payload = {"iss": api.providers.kling_access_key, "exp": now + 1800, "nbf": now - 5} | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    token = jwt.encode(payload, secret or api.providers.kling_secret_key, algorithm="HS256")
    return {"Authorization": f"Bearer {token}"}


async def test_a_signed_token_opens_the_account_too(api: Api) -> None:
    status, answer = await api.get("", **signed(api))
    assert (status, answer["code"], answer["data"]) == (200, 0, [])


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1_000_000_000}, 1004),
        ({"nbf": 4_000_000_000}, 1003),
        ({"iss": "somebody"}, 1000),
        ({"secret": "another secret, also of at least 32 bytes"}, 1000),
        ({"iss": None}, 1002),
        ({"exp": None}, 1002),
        ({"nbf": None}, 1002),
    ],
)
async def test_a_token_that_is_not_right_is_refused_with_its_code(api: Api, claims: Any, code: int) -> None:
    status, answer = await api.get("", **signed(api, **claims))
    assert (status, answer["code"]) == (401, code)


@pytest.mark.parametrize(
    ("header", "code"),
    [("", 1001), ("Bearer", 1002), ("Basic abc", 1002), ("Bearer sk-wrong", 1002), ("Bearer a.b.c", 1002)],
)
async def test_a_header_that_is_not_right_is_refused_with_its_code(api: Api, header: str, code: int) -> None:
    status, answer = await api.get("", Authorization=header)
    assert (status, answer["code"]) == (401, code)
    assert set(answer) == {"code", "message", "request_id"}


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
async def test_a_body_that_is_no_json_object_is_refused(api: Api, text: str) -> None:
    async with api.client.post(VIDEOS, data=text) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 1200)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("prompt", {"prompt": None}),
        ("prompt", {"prompt": " "}),
        ("prompt", {"prompt": "x" * 2501}),
        ("negative_prompt", {"negative_prompt": "x" * 2501}),
        ("model_name", {"model_name": "sora"}),
        ("model_name", {"model_name": 1}),
        ("cfg_scale", {"cfg_scale": 1.01}),
        ("cfg_scale", {"cfg_scale": -0.1}),
        ("cfg_scale", {"cfg_scale": "0.5"}),
        ("cfg_scale", {"cfg_scale": True}),
        ("mode", {"mode": "master"}),
        ("aspect_ratio", {"aspect_ratio": "21:9"}),
        ("duration", {"duration": "15"}),
        ("duration", {"duration": 5}),
        ("callback_url", {"callback_url": {}}),
        ("external_task_id", {"external_task_id": 1}),
        ("camera_control", {"camera_control": "zoom"}),
        ("camera_control.type", {"camera_control": {"type": "dolly"}}),
        ("camera_control.type", {"camera_control": {"type": 1}}),
        ("camera_control.config", {"camera_control": {"type": "simple"}}),
        ("camera_control.config", {"camera_control": {"type": "down_back", "config": {"zoom": 1}}}),
        ("camera_control.config", {"camera_control": {"config": {"zoom": 1}}}),
        ("camera_control.config", {"camera_control": {"type": "simple", "config": [1]}}),
        ("camera_control.config", simple()),
        ("camera_control.config", simple(zoom=0, pan=0)),
        ("camera_control.config", simple(zoom=1, pan=1)),
        ("camera_control.config", simple(zoom=1, dolly=0)),
        ("camera_control.config.zoom", simple(zoom=10.5)),
        ("camera_control.config.roll", simple(roll="1")),
        ("camera_control.config.tilt", simple(tilt=float("nan"))),
    ],
)
async def test_a_field_that_breaks_its_rule_is_refused_by_name(api: Api, field: str, change: Any) -> None:
    status, answer = await api.create(FOX | change)
    assert (status, answer["code"]) == (400, 1201)
    assert answer["message"].startswith(f"{field}:") or answer["message"].startswith(f"{field} value")
    assert api.providers.tasks() == []


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "x" * 2500, "negative_prompt": "y" * 2500},
        {"cfg_scale": 0},
        {"cfg_scale": 1},
        {"model_name": "kling-v2-6", "duration": "10", "mode": "pro", "sound": "on"},
        {"model_name": "kling-v3", "duration": "3", "sound": "on", "cfg_scale": 0.5},
        {"model_name": "kling-v2-master"},
        {"model_name": "kling-v2-1-master", "mode": "pro"},
        {"model_name": "kling-v1-6", "cfg_scale": 0.5, "sound": "off", "multi_shot": False},
        {"camera_control": {"type": "left_turn_forward"}},
        {"camera_control": {"type": "down_back", "config": None}},
        {"camera_control": {}},
        simple(zoom=-10, pan=0, tilt=0.0),
        simple(roll=0.5),
    ],
)
async def test_what_the_document_allows_is_taken(api: Api, change: Any) -> None:
    assert (await api.create(FOX | change))[0] == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_name": "kling-v3-0"}, "model_name value 'kling-v3-0' is invalid"),
        ({"model_name": "kling-v1-5"}, "model_name value 'kling-v1-5' is invalid"),
        ({"mode": "standard"}, "mode value 'standard' is invalid"),
        ({"mode": "4k"}, "mode value '4k' is invalid"),
        ({"model_name": "kling-v2-master", "mode": "std"}, "mode value 'std' is invalid"),
        ({"duration": "3"}, "duration value '3' is invalid"),
        ({"model_name": "kling-v3", "duration": "16"}, "duration value '16' is invalid"),
        (
            {"model_name": "kling-v2-6", "sound": "on"},
            "model/mode/duration(kling-v2-6/std/5) is not supported with sound",
        ),
        (
            {"model_name": "kling-v2-1-master", "cfg_scale": 0.5},
            "model/mode/duration(kling-v2-1-master/pro/5) is not supported with cfg_scale",
        ),
        (
            simple(zoom=1) | {"mode": "pro"},
            "model/mode/duration(kling-v1/pro/5) is not supported with camera_control",
        ),
        (
            simple(zoom=1) | {"duration": "10"},
            "model/mode/duration(kling-v1/std/10) is not supported with camera_control",
        ),
        (
            simple(zoom=1) | {"model_name": "kling-v3"},
            "model/mode/duration(kling-v3/std/5) is not supported with camera_control",
        ),
        ({"multi_shot": True}, "model/mode/duration(kling-v1/std/5) is not supported with multi_shot"),
    ],
)
async def test_what_a_model_does_not_take_is_refused_in_the_words_of_the_live_service(
    api: Api, change: Any, words: str
) -> None:
    status, answer = await api.create(FOX | change)
    assert (status, answer["code"], answer["message"]) == (400, 1201, words)
    assert api.providers.tasks() == []


async def test_a_key_that_is_none_is_refused_in_the_words_of_the_live_service(api: Api) -> None:
    _, answer = await api.get("", Authorization="Bearer sk-wrong")
    assert answer["message"] == "The token was expected to have 3 parts, but got 0"


async def test_a_model_that_was_given_up_is_refused_by_its_name(api: Api) -> None:
    api.providers.discontinue(["kling-v1"])
    status, answer = await api.create(FOX)
    assert (status, answer["code"]) == (400, 1201)
    assert answer["message"] == "The model 'kling-v1' has been discontinued and is no longer available."
    assert (await api.create(FOX | {"model_name": "kling-v3"}))[0] == 200
    with pytest.raises(ValueError, match="kling-v9"):
        api.providers.discontinue(["kling-v9"])


async def test_many_tasks_are_answered_at_once_in_the_words_of_the_newer_api(api: Api) -> None:
    api.faults.add({"target": "kling", "kind": "task_failed", "after": 1})
    done = await api.finished(FOX | {"external_task_id": "job-1", "watermark_info": {"enabled": True}})
    failed = await api.finished(FOX)
    with api.providers.held():
        _, answer = await api.create(FOX)
        ids = [done["task_id"], failed["task_id"], answer["data"]["task_id"]]
        status, answer = await api.tasks(f"task_ids={','.join([*ids, '404'])}")
    assert (status, answer["code"]) == (200, 0)
    under_way, second, first = answer["data"]
    assert [each["id"] for each in (first, second, under_way)] == ids
    assert first["external_id"] == "job-1"
    assert (first["status"], second["status"]) == ("succeeded", "failed")
    assert (second["message"], second["outputs"], second["billing"]) == (RISK, [], [])
    assert under_way["status"] in {"submitted", "processing"}
    assert first["create_time"] == done["created_at"] <= first["update_time"]
    [output] = first["outputs"]
    assert output == {"type": "video", **done["task_result"]["videos"][0]}
    assert first["billing"] == [{"charge_type": "unit", "amount": "1", "package_type": "video"}]
    _, answer = await api.tasks("external_task_ids=job-1,job-404")
    assert [each["id"] for each in answer["data"]] == [ids[0]]
    assert (await api.tasks("task_ids=404"))[1]["data"] == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "task_ids: is required, or external_task_ids"),
        ("task_ids=,", "task_ids: is required, or external_task_ids"),
        ("task_ids=1&external_task_ids=2", "task_ids: not together with external_task_ids"),
        (f"task_ids={','.join(map(str, range(21)))}", "task_ids and external_task_ids cannot exceed 20 in total"),
    ],
)
async def test_a_question_about_many_tasks_has_its_rules(api: Api, query: str, words: str) -> None:
    status, answer = await api.tasks(query)
    assert (status, answer["code"], answer["message"]) == (400, 1201, words)


async def test_many_tasks_are_answered_to_an_api_key_alone(api: Api) -> None:
    status, answer = await api.tasks("task_ids=1", **signed(api))
    assert (status, answer["code"]) == (401, 1002)
    assert "AK/SK" in answer["message"]


async def test_questions_about_many_tasks_may_be_missing_as_at_relays(api: Api) -> None:
    api.providers.withhold(["list", "tasks"])
    for status, answer in (await api.get(""), await api.tasks("task_ids=1")):
        assert (status, answer["code"]) == (404, 1202)
    assert (await api.create(FOX))[0] == 200
    api.providers.withhold([])
    assert (await api.get(""))[0] == (await api.tasks("task_ids=1"))[0] == 200
    with pytest.raises(ValueError, match="query"):
        api.providers.withhold(["query"])


def shots(*seconds: int) -> list[dict[str, Any]]:
    return [{"index": n, "prompt": f"shot {n}", "duration": str(each)} for n, each in enumerate(seconds, start=1)]


BOARD = {"model_name": "kling-v3", "multi_shot": True, "prompt": None, "duration": "8"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "shot_type"),
        ({"shot_type": "cut"}, "shot_type"),
        ({"shot_type": "customize"}, "multi_prompt"),
        ({"shot_type": "customize", "multi_prompt": shots(3, 4)}, "multi_prompt"),
        ({"shot_type": "customize", "multi_prompt": shots(*[1] * 7)}, "multi_prompt"),
        ({"shot_type": "intelligence"}, "prompt"),
    ],
)
async def test_a_storyboard_that_breaks_a_rule_is_refused(api: Api, change: Any, field: str) -> None:
    status, answer = await api.create(FOX | BOARD | change)
    assert (status, answer["code"]) == (400, 1201)
    assert answer["message"].startswith(field)


def test_a_storyboard_of_kling_v3_shows_its_shots() -> None:
    parameters = kling_rules.read(FOX | BOARD | {"shot_type": "customize", "multi_prompt": shots(3, 5)})
    assert [(shot.prompt, shot.seconds) for shot in parameters.video.shots] == [("shot 1", 3), ("shot 2", 5)]
    whole = kling_rules.read(FOX | BOARD | {"shot_type": "intelligence", "prompt": "A fox"})
    assert [(shot.prompt, shot.seconds) for shot in whole.video.shots] == [("A fox", 8)]


@pytest.mark.parametrize(
    ("model", "mode", "size"),
    [
        ("kling-v3", "4k", (3840, 2160)),
        ("kling-v3", None, (1280, 720)),
        ("kling-v2-master", None, (1280, 720)),
        ("kling-v2-1-master", None, (1920, 1080)),
        ("kling-v2-6", "pro", (1920, 1080)),
    ],
)
def test_each_model_renders_its_own_size(model: str, mode: str | None, size: tuple[int, int]) -> None:
    video = kling_rules.read({"prompt": "A fox", "model_name": model, "mode": mode}).video
    assert (video.width, video.height) == size


async def test_a_key_named_model_is_ignored(api: Api) -> None:
    assert (await api.create(FOX | {"model": "kling-v2-6", "cfg_scale": 0.3}))[0] == 200
    assert api.row["ignored"] == ["model"]


@given(st.dictionaries(st.sampled_from(AXES), st.floats(-12, 12, allow_nan=False)))
def test_a_simple_move_is_valid_just_when_one_axis_moves_within_reach(config: dict[str, float]) -> None:
    valid = sum(amount != 0 for amount in config.values()) == 1 and max(map(abs, config.values())) <= 10
    try:
        parameters = kling_rules.read(FOX | simple(**config))
    except InvalidField:
        assert not valid
    else:
        assert valid
        camera = parameters.video.camera
        assert camera is not None
        assert {axis: getattr(camera, axis) for axis in AXES} == dict.fromkeys(AXES, 0) | config


async def test_an_external_id_is_taken_once(api: Api) -> None:
    _, first = await api.create(FOX | {"external_task_id": "job-1"})
    status, answer = await api.create(FOX | {"external_task_id": "job-1"})
    assert (status, answer["code"]) == (400, 1201)
    assert answer["message"] == "External_task_id job-1 already exists"
    assert (await api.get("/job-1"))[1]["data"]["task_id"] == first["data"]["task_id"]
    assert len(api.providers.tasks()) == 1


async def test_what_does_not_exist_has_its_codes(api: Api) -> None:
    status, answer = await api.get("/nothing")
    assert (status, answer["code"]) == (400, 1201)
    assert answer["message"] == "Task not found by id/external id: nothing"
    async with api.client.post("/kling/v1/videos/image2video", json=FOX) as refused:
        assert (refused.status, (await refused.json())["code"]) == (404, 1202)
    async with api.client.delete(VIDEOS) as refused:
        assert (refused.status, (await refused.json())["code"]) == (404, 1202)


async def test_the_list_has_pages_with_the_newest_first(api: Api) -> None:
    names = [(await api.create(FOX | {"prompt": str(n)}))[1]["data"]["task_id"] for n in range(3)]
    pages = [(await api.get(f"?pageNum={page}&pageSize=2"))[1]["data"] for page in (1, 2, 3)]
    assert [[task["task_id"] for task in page] for page in pages] == [[names[2], names[1]], [names[0]], []]
    assert len((await api.get(""))[1]["data"]) == 3


@pytest.mark.parametrize(
    "query", ["pageNum=0", "pageNum=1001", "pageSize=0", "pageSize=501", "pageNum=x", "pageSize=²"]
)
async def test_a_page_out_of_range_is_refused(api: Api, query: str) -> None:
    status, answer = await api.get(f"?{query}")
    assert (status, answer["code"]) == (400, 1201)


async def test_more_parallel_tasks_than_the_pack_allows_are_refused_until_one_ends(api: Api) -> None:
    api.faults.add({"target": "kling", "kind": "stuck", "count": PARALLEL - 1})
    for _ in range(PARALLEL - 1):
        await api.create(FOX)
    with api.providers.held():
        _, last = await api.create(FOX)
        status, answer = await api.create(FOX)
    assert (status, answer["code"]) == (429, 1303)
    assert answer["message"] == "parallel task over resource pack limit"
    assert "data" not in answer
    assert (await api.create(FOX | {"model_name": "kling-v1-6"}))[0] == 200
    await api.reached(last["data"]["task_id"], "succeed")
    assert (await api.create(FOX))[0] == 200


async def test_a_task_fails_on_demand_with_its_reason_and_costs_nothing(api: Api) -> None:
    for ordered, message in (
        ({}, "Failure to pass the risk control system"),
        ({"code": "1300"}, CODES[1300][1]),
        ({"code": "the model was tired"}, "the model was tired"),
        ({"code": 5000, "message": "out of luck"}, "out of luck"),
    ):
        api.faults.add({"target": "kling", "kind": "task_failed"} | ordered)
        task = await api.finished(FOX)
        assert (task["task_status"], task["task_status_msg"]) == ("failed", message)
        assert "task_result" not in task
        assert (api.row["billed"], api.row["cost"]) == (False, "0")


@pytest.mark.parametrize("code", CODES)
async def test_creation_fails_on_demand_with_the_status_of_its_code(api: Api, code: int) -> None:
    api.faults.add({"target": "kling", "kind": "task_failed", "at": "create", "code": code})
    status, answer = await api.create(FOX)
    assert (status, answer["code"]) == (CODES[code][0], code)
    assert api.providers.tasks() == []


@pytest.mark.parametrize(
    ("ordered", "status", "code"),
    [
        ({"kind": "http_500"}, 500, 5000),
        ({"kind": "http_500", "code": 5001}, 503, 5001),
        ({"kind": "http_429"}, 429, 1302),
        ({"kind": "http_429", "code": 1303}, 429, 1303),
    ],
)
async def test_http_trouble_has_the_shape_of_the_api(api: Api, ordered: Any, status: int, code: int) -> None:
    api.faults.add({"target": "kling", "on": ["list"]} | ordered)
    async with api.client.get(VIDEOS) as answer:
        assert (answer.status, (await answer.json())["code"]) == (status, code)
        assert ("Retry-After" in answer.headers) is (status == 429)
    assert (await api.get(""))[0] == 200


async def test_a_lost_answer_leaves_a_task_behind(api: Api) -> None:
    api.faults.add({"target": "kling", "kind": "lost_answer"})
    with pytest.raises(aiohttp.ClientError):
        await api.create(FOX | {"external_task_id": "job-1"})
    assert (await api.get("/job-1"))[0] == 200


async def test_trouble_on_the_wire_strikes_before_anything_is_done(api: Api) -> None:
    api.faults.add({"target": "kling", "kind": "reset"})
    with pytest.raises(aiohttp.ClientError):
        await api.create(FOX)
    assert api.providers.tasks() == []


@pytest.mark.parametrize(
    ("change", "units"),
    [({}, "1"), ({"duration": "10"}, "2"), ({"mode": "pro"}, "3.5"), ({"mode": "pro", "duration": "10"}, "7")],
)
async def test_what_was_deducted_is_said_in_units(api: Api, change: dict[str, str], units: str) -> None:
    task = await api.finished(FOX | change)

    assert task["final_unit_deduction"] == units
    assert Decimal(api.providers.bill()["kling"]) == Decimal(units) * Decimal("0.14")


async def test_what_failed_deducts_nothing(api: Api) -> None:
    api.faults.add({"target": "kling", "kind": "task_failed"})

    assert "final_unit_deduction" not in await api.finished(FOX)
