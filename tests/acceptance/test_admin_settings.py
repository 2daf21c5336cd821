"""What admins decide about a server: it holds at once for everybody, and is recorded and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.admins import asks, does

if TYPE_CHECKING:
    from tests.acceptance.stage import Stage


async def test_videos_are_made_only_where_admins_allow_it(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        said = await does(people, "channels", allow="general")
        assert "Videos only in: " in said
        assert "No videos are made in this channel" in await asks(people, channel="rushes")
        assert "On its way" in await asks(people)
        await does(people, "channels", deny="general")
        assert "No videos are made in this channel" in await asks(people)
        await does(people, "channels", forget="general")
        assert "On its way" in await asks(people, channel="rushes")
        assert "That is how it was already" in await does(people, "channels", forget="general")
        await stage.rest()
    assert len(await people.tasks()) == 2
