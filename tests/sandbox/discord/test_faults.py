import asyncio
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import Harness


async def inject(harness: Harness, kind: str, **more: Any) -> None:
    await harness.post("faults", target="discord", kind=kind, **more)


async def test_a_failing_server_is_remembered_and_then_well(plain: Harness) -> None:
    await inject(plain, "http_500", after=1)
    statuses = [(await plain.api("GET", "/users/@me"))[0] for _ in range(3)]
    requests = await plain.look("requests")

    assert statuses == [200, 500, 200]
    assert [request["fault"] for request in requests] == [None, "http_500", None]


@pytest.mark.parametrize(("options", "scope"), [({"retry_after": 2.5}, "shared"), ({"global": True}, "global")])
async def test_a_429_tells_how_long_to_wait(plain: Harness, options: dict[str, Any], scope: str) -> None:
    await inject(plain, "http_429", **options)
    async with plain.raw("GET", "/users/@me") as answer:
        body = await answer.json()

    wait = options.get("retry_after", 1)
    assert (answer.status, body["retry_after"], body["global"]) == (429, wait, scope == "global")
    assert (answer.headers["Retry-After"], answer.headers["X-RateLimit-Scope"]) == ("3" if wait > 1 else "1", scope)
    assert answer.headers["Via"]


async def test_broken_json_is_sent_as_json(plain: Harness) -> None:
    await inject(plain, "malformed_json")
    async with plain.raw("GET", "/users/@me") as answer:
        assert (answer.headers["Content-Type"], await answer.text()) == ("application/json", '{"id": "')


@pytest.mark.parametrize(
    ("kind", "code"), [("missing_permissions", 50013), ("unknown_channel", 10003), ("file_too_large", 40005)]
)
async def test_refusals_strike_new_messages_only(plain: Harness, kind: str, code: int) -> None:
    await inject(plain, kind)
    fine, _ = await plain.api("GET", "/users/@me")
    _, refused = await plain.say()
    again, _ = await plain.say()

    assert (fine, refused["code"], again) == (200, code, 200)


@pytest.mark.parametrize(("kind", "left"), [("reset", 0), ("lost_answer", 1)])
async def test_a_cut_line_may_have_done_its_work(plain: Harness, kind: str, left: int) -> None:
    await inject(plain, kind, on=["message"])
    with pytest.raises(aiohttp.ClientConnectionError):
        await plain.say("once")

    assert len(await plain.look("messages", channel="general")) == left
    assert (await plain.look("requests"))[0]["body"] == {"content": "once"}


async def test_a_slow_answer_comes_after_all_and_a_timeout_does_not(plain: Harness) -> None:
    await inject(plain, "slow", seconds=0.01)
    assert (await plain.say())[0] == 200
    await inject(plain, "timeout", seconds=30)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(plain.say(), 0.1)


async def test_faults_can_be_aimed_and_cleared(plain: Harness) -> None:
    await inject(plain, "http_500", on=["edit"], count=5)
    _, message = await plain.say()
    path = f"/channels/{plain.channel().id}/messages/{message['id']}"
    struck, _ = await plain.api("PATCH", path, {"content": "x"})
    await inject(plain, "http_500", count=0)
    well, _ = await plain.api("PATCH", path, {"content": "x"})

    assert (struck, well) == (500, 200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "task_failed"},
        {"target": "moon"},
        {"count": "many"},
        {"on": ["text_scan"]},
        {"on": "edit"},
        {"on": [["edit"]]},
        {"target": "kirin", "on": ["message"]},
    ],
)
async def test_there_are_no_other_faults(plain: Harness, wrong: dict[str, Any]) -> None:
    status, answer = await plain.act("faults", **{"target": "discord", "kind": "http_500", **wrong})

    assert (status, list(answer)) == (400, ["error"])
