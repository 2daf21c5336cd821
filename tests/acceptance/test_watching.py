"""Videos of a service that may be asked about many at once, and of a relay that may not."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import VideoRequest
from bot.errors import ProviderError
from bot.provider.base import Asked, Task
from tests.acceptance.system import PROMPT, System, around_providers

COUNT = 4


class Counted:
    """The service, with its questions counted: alone, answered about many or about one of many, and refused."""

    def __init__(self, inner: Any, questions: Counter[str]) -> None:
        self._inner, self._questions = inner, questions
        self.id: str = inner.id
        self.find_is_authoritative: bool = inner.find_is_authoritative
        self.longest_create: timedelta = inner.longest_create

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        task: Task = await self._inner.submit(request, external_id=external_id, may_send=may_send)
        return task

    async def fetch(self, task_id: str) -> Task:
        self._questions["alone"] += 1
        task: Task = await self._inner.fetch(task_id)
        return task

    async def fetch_many(self, wanted: Sequence[Asked]) -> Mapping[str, Task | None]:
        try:
            told: Mapping[str, Task | None] = await self._inner.fetch_many(wanted)
        except ProviderError:
            self._questions["refused"] += 1
            raise
        self._questions["many" if len(wanted) > 1 else "one"] += 1
        return told

    async def find(self, external_id: str) -> Task | None:
        task: Task | None = await self._inner.find(external_id)
        return task

    async def check(self) -> None:
        await self._inner.check()


@pytest.mark.parametrize("withheld", [[], ["list"], ["list", "tasks"]])
async def test_all_videos_are_posted_whatever_questions_are_answered(system: System, withheld: list[str]) -> None:
    questions: Counter[str] = Counter()
    await system.people.change_settings(withheld=withheld)
    async with system.bot(
        substitute=around_providers(lambda each: Counted(each, questions) if each.id == "kling" else each)
    ):
        for number in range(COUNT):
            user = ("ana", "ben")[number % 2]
            sent = await system.people.types("video create", user=user, prompt=f"{PROMPT} {number}", model="kling-v1")
            await system.people.answer(sent)
        await system.rest()
    tasks = await system.people.tasks()
    assert [(task["provider"], task["status"]) for task in tasks] == [("kling", "succeed")] * COUNT
    if len(withheld) < 2:
        assert questions["many"] + questions["one"]
        assert not questions["alone"]
    else:
        assert questions["refused"] <= 1
        assert not questions["many"]
        assert questions["alone"] + questions["one"] >= COUNT
