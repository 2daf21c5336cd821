"""From a typed command to a posted video, as people see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.stage import SMALL

if TYPE_CHECKING:
    from tests.acceptance.stage import Stage


async def test_a_command_becomes_a_video_in_the_channel(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        sent = await people.types("video create", **SMALL)
        assert "On its way" in await people.answer(sent)
        result = await people.result()
        await stage.rest()
    assert result["mentions"]
