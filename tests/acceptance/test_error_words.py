"""Codes of both services, met at a create or in a failed task, become sentences that say what to do next."""

from typing import Any, Final

import pytest

from tests.acceptance.system import PROMPT, System

KLING: Final[dict[str, Any]] = {"model": "kling-v1", "prompt": PROMPT}
REFUSED: Final = [
    ("kling", "1102", "used up what its operator bought", "用量已经用完"),
    ("kling", "1103", "isn't allowed to use that model", "换个模型"),
    ("kling", "1301", "content rules don't allow this prompt", "换种说法"),
    ("kling", "1201", "doesn't accept these settings", "改一改设置"),
    ("kirin", "006001099", "wouldn't start on this", "改一改再试"),
]


@pytest.mark.parametrize(("provider", "code", "said", "said_zh"), REFUSED)
async def test_a_create_that_is_refused_is_explained_by_its_code(
    system: System, provider: str, code: str, said: str, said_zh: str
) -> None:
    people = system.people
    await people.fault(provider, "task_failed", code=code, at="create")
    options = KLING if provider == "kling" else {"prompt": PROMPT}
    async with system.bot():
        sent = await people.types("video create", **options, locale="zh-CN")
        await system.rest()
        card = await people.card("Could not be made")
        answer = await people.answer(sent)
    assert said in card
    assert code not in card
    assert "nothing was charged" in card.lower()
    assert said_zh in answer
    assert "没有扣额度" in answer
    assert system.database.job()["failure_code"] == code
    assert system.database.balances() == (0, 0)
