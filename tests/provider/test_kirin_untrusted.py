import asyncio
import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain import VideoRequest, to_micros
from bot.errors import ProviderError
from bot.provider.base import Task, TaskStatus
from bot.provider.kirin import Kirin
from bot.provider.transport import Transport

FOX = VideoRequest(model="kirin_v3_t2v", prompt="a fox")
FIELDS = (
    *("id", "status", "output", "content", "type", "url", "duration", "usage", "cost", "error", "code", "data"),
    *("error_message", "message", "msg", "error_code", "progress", "external_task_id", "metadata"),
)
WORDS = (
    *("completed", "failed", "video", "image", "in_queue", "job-1", "t1", "0.42", "", "006001094"),
    "https://a.b/c",
)

scalars = st.one_of(
    st.sampled_from(WORDS),
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
contents = st.fixed_dictionaries({}, optional=dict.fromkeys(("type", "url", "duration", "jobId"), scalars))
outputs = st.lists(st.fixed_dictionaries({}, optional={"content": st.lists(contents, max_size=3) | values}), max_size=2)
answers = st.fixed_dictionaries(
    {},
    optional={
        "id": scalars,
        "status": scalars | values,
        "output": outputs | values,
        "usage": st.fixed_dictionaries({}, optional={"cost": scalars}) | values,
        "error": values,
        "progress": scalars,
        "data": values,
        "external_task_id": scalars,
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
    tasks: list[Task] = []
    handler = httpx.MockTransport(lambda _request: httpx.Response(status, content=body))
    async with Transport(
        provider="kirin", base_url="https://api.example", token=lambda: "sk-12345", transport=handler, sleep=no_wait
    ) as transport:
        kirin = Kirin(transport=transport)
        for call in (kirin.submit(FOX, external_id="job-1"), kirin.fetch("t1"), kirin.find("job-1")):
            with suppress(ProviderError):
                task = await call
                tasks += [task] if task else []
    return tasks


def sound(task: Task) -> bool:
    """Whether the rest of the bot can rely on the task."""
    checks: list[Any] = [
        task.id and len(task.id) <= 256 and task.id.isprintable(),
        task.progress is None or 0 <= task.progress <= 1,
        task.cost_usd is None or 0 <= to_micros(task.cost_usd) <= 10**12,
        (task.result is not None) == (task.status is TaskStatus.SUCCEEDED),
        (task.failure is not None) == (task.status is TaskStatus.FAILED),
        task.failure is None or (len(task.failure.detail) <= 500 and task.failure.detail.isprintable()),
    ]
    if task.result is not None:
        checks.append(task.result.url.lower().startswith(("http://", "https://")))
        checks.append(task.result.seconds is None or task.result.seconds > 0)
    return all(checks)


@settings(deadline=None)  # a loop and a client each
@given(statuses, bodies)
@example(200, b'{"id": 1, "status": "completed", "usage": {"cost": 1e400}, "progress": NaN}')
@example(200, b'{"id": 1, "usage": {"cost": "1e-999999999"}}')
@example(200, b'{"id": ' + b"9" * 4400 + b"}")
@example(200, b'{"id": "1", "progress": ' + b"9" * 4000 + b', "usage": {"cost": ' + b"9" * 4000 + b"}}")
@example(200, b'{"id": "1", "status": {"code": "\xd9\xa3"}}')
@example(200, b"\xef\xbb\xbf")
@example(200, b'{"a":' * 2000)
def test_no_answer_whatever_it_is_breaks_a_call(status: int, body: bytes) -> None:
    assert all(sound(task) for task in asyncio.run(every_call(status, body)))


def test_a_task_that_is_not_sound_would_be_noticed() -> None:
    good = Task(id="1", status=TaskStatus.WORKING)
    assert sound(good)
    assert not sound(Task(id="1", status=TaskStatus.SUCCEEDED))
    assert not sound(Task(id="", status=TaskStatus.WORKING))
    assert not sound(Task(id="1", status=TaskStatus.WORKING, cost_usd=Decimal(-1)))
