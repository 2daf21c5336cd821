"""A bot that the video services call back: it asks once, when there is something to ask for."""

import socket
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import VideoRequest
from bot.domain.polling import NET
from bot.provider.base import Task, VideoProvider
from bot.service.jobs import callbacks
from tests.acceptance.system import PROMPT, SMALL, System, around_providers

MODELS = {"kirin": SMALL, "kling": {"prompt": PROMPT, "model": "kling-v1"}}


class Counted:
    """A video service whose queries are counted."""

    def __init__(self, inner: VideoProvider, queries: Counter[str]) -> None:
        self._inner, self._queries = inner, queries
        self.id = inner.id

    @property
    def find_is_authoritative(self) -> bool:
        return self._inner.find_is_authoritative

    @property
    def longest_create(self) -> timedelta:
        return self._inner.longest_create

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        return await self._inner.submit(request, external_id=external_id, may_send=may_send)

    async def fetch(self, task_id: str) -> Task:
        self._queries[task_id] += 1
        return await self._inner.fetch(task_id)

    async def find(self, external_id: str) -> Task | None:
        return await self._inner.find(external_id)

    async def check(self) -> None:
        await self._inner.check()


def called_back() -> dict[str, Any]:
    """The settings of a bot that is reached from outside, at a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {"public_url": f"http://127.0.0.1:{port}", "callback_port": port, "log_level": "DEBUG"}


async def until_called(system: System, number: int) -> None:
    """Wait until the bot has taken both callbacks about a video."""

    async def called() -> bool:
        task = (await system.people.tasks())[number]
        return [call["status"] for call in task["callbacks"]] == [200, 200]

    await system.people.until(called, what="callbacks")


@pytest.mark.parametrize("provider", list(MODELS))
async def test_a_service_that_calls_back_is_asked_once(
    system: System, provider: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "net", lambda **_of: NET)  # not before a busy machine has had time to call
    queries: Counter[str] = Counter()
    caplog.set_level("DEBUG", logger="bot")
    async with system.bot(substitute=around_providers(lambda each: Counted(each, queries)), **called_back()):
        for number in range(2):  # the first shows that callbacks arrive, and may be over before its own has come
            sent = await system.people.types("video create", **MODELS[provider])
            await system.people.answer(sent)
            await system.rest()
            await until_called(system, number)
    first, second = await system.people.tasks()
    assert {task["provider"] for task in (first, second)} == {provider}
    assert queries[second["id"]] == 1
    addresses = [task["request"].get("callback_url") or _params(task)["callback_url"] for task in (first, second)]
    assert len(set(addresses)) == 2
    assert [each for each in addresses if each.rpartition("/")[2] in caplog.text] == []
    assert len(await system.people.results()) == 2


async def test_a_service_that_forgets_to_call_back_is_asked_as_ever(system: System) -> None:
    await system.people.fault("kirin", "callback_lost", count=10)
    async with system.bot(**called_back()):
        await system.people.types("video create", **SMALL)
        await system.people.result()
        await system.rest()
    (task,) = await system.people.tasks()
    assert [call["status"] for call in task["callbacks"]] == [None, None]
    assert len(await system.people.results()) == 1


def _params(task: dict[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = task["request"]["input"][0]["params"]
    return params
