import asyncio
import json
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain import VideoRequest
from bot.errors import ProviderError
from bot.provider.base import Task, TaskStatus
from bot.provider.kling import Kling
from bot.provider.transport import Transport

FOX = VideoRequest(model="kling-v1", prompt="a fox")
FIELDS = (
    *("code", "message", "request_id", "data", "error", "object", "id", "task_id", "task_status", "task_status_msg"),
    *("task_info", "external_task_id", "task_result", "videos", "url", "watermark_url", "duration", "created_at"),
    *("status", "fail_reason", "result_url", "progress", "metadata"),
)
WORDS = (
    *("succeed", "failed", "submitted", "SUCCESS", "FAILURE", "IN_PROGRESS", "success", "video", "job-1", "t1"),
    *("", "30%", "1301", "1303", '{"code": 1303}', '{"code": {}}', "https://a.b/c"),
)

scalars = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from((0, 1004, 1203, 1301, 1722769557708)),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=25,
)
videos = st.fixed_dictionaries({}, optional=dict.fromkeys(("url", "watermark_url", "duration"), scalars))
tasks = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("task_id", "id", "task_status", "status", "task_status_msg", "fail_reason"), scalars),
        **dict.fromkeys(("result_url", "progress", "created_at"), scalars),
        "task_info": st.fixed_dictionaries({}, optional={"external_task_id": scalars}) | values,
        "task_result": st.fixed_dictionaries({}, optional={"videos": st.lists(videos, max_size=2) | values}) | values,
        "data": values,
    },
)
answers = tasks | st.fixed_dictionaries(
    {},
    optional={
        "code": scalars | values,
        "message": scalars | values,
        "data": tasks | st.lists(tasks, max_size=3) | values,
        "error": values,
    },
)
bodies = st.one_of(
    st.binary(max_size=60), values.map(json.dumps).map(str.encode), answers.map(json.dumps).map(str.encode)
)
statuses = st.sampled_from((200, 200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 503))


async def no_wait(_seconds: float) -> None:
    return None


async def every_call(status: int, body: bytes) -> list[Task]:
    """What each call made of the answer; one that raises anything but our errors fails the test."""
    found: list[Task] = []
    handler = httpx.MockTransport(lambda _request: httpx.Response(status, content=body))
    async with Transport(
        provider="kling", base_url="https://api.example", token=lambda: "sk-12345", transport=handler, sleep=no_wait
    ) as transport:
        fresh = [Kling(transport=transport, renew=lambda: None) for _ in range(5)]
        calls: list[Awaitable[Any]] = [
            fresh[0].submit(FOX, external_id="job-1"),
            fresh[1].fetch("t1"),
            fresh[2].find("job-1"),
            fresh[3].list(),
            fresh[4].check(),
        ]
        for call in calls:
            with suppress(ProviderError):
                told = await call
                found += told if isinstance(told, list) else [told] if told else []
    return found


def sound(task: Task) -> bool:
    """Whether the rest of the bot can rely on the task."""
    checks: list[Any] = [
        task.id and len(task.id) <= 256 and task.id.isprintable(),
        task.progress is None or 0 <= task.progress <= 1,
        task.created_at is None or task.created_at.tzinfo is not None,
        (task.result is not None) == (task.status is TaskStatus.SUCCEEDED),
        (task.failure is not None) == (task.status is TaskStatus.FAILED),
        task.failure is None or (len(task.failure.detail) <= 500 and task.failure.detail.isprintable()),
    ]
    if task.result is not None:
        urls = [task.result.url, *filter(None, [task.result.watermark_url])]
        checks.append(all(url.lower().startswith(("http://", "https://")) for url in urls))
        checks.append(task.result.seconds is None or task.result.seconds > 0)
    return all(checks)


@settings(deadline=None)  # a loop and a client each
@given(statuses, bodies)
@example(200, b'{"code": 0, "data": {"task_id": 1, "task_status": "submitted", "created_at": 1e400}}')
@example(200, b'{"code": 0, "data": {"task_id": ' + b"9" * 4400 + b"}}")
@example(200, b'{"code": ' + b"9" * 4000 + b', "data": {"task_id": "1"}}')
@example(200, b'{"code": "\xd9\xa3", "data": [{"task_id": "1", "progress": NaN}]}')
@example(400, json.dumps({"code": "x", "message": '{"a":' * 3000}).encode())
@example(400, b'{"code": 1201, "message": "external task id' + b" " * 50_000 + b'"}')
@example(200, b"\xef\xbb\xbf")
@example(200, b'{"a":' * 2000)
def test_no_answer_whatever_it_is_breaks_a_call(status: int, body: bytes) -> None:
    assert all(sound(task) for task in asyncio.run(every_call(status, body)))


def test_a_task_that_is_not_sound_would_be_noticed() -> None:
    assert sound(Task(id="1", status=TaskStatus.WORKING))
    assert not sound(Task(id="1", status=TaskStatus.SUCCEEDED))
    assert not sound(Task(id="", status=TaskStatus.WORKING))
    assert not sound(Task(id="1", status=TaskStatus.WORKING, progress=30.0))
