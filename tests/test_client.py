"""Whose the bot is, as Discord's page of the application says."""

import asyncio
from types import SimpleNamespace
from typing import Any, NoReturn

import aiohttp
import discord
import pytest

from bot.client import Shotcaller, edit_in_turn
from cogs.ui.translator import in_every_language

OWNER, ADMIN, DEVELOPER, READER, STRANGER = (discord.Object(number) for number in range(1, 6))
TEAM = (
    (ADMIN, discord.TeamMemberRole.admin),
    (DEVELOPER, discord.TeamMemberRole.developer),
    (READER, discord.TeamMemberRole.read_only),
)


class Owned(Shotcaller):
    """A bot whose application is known without Discord; it counts how often it is asked for."""

    def __init__(self, team: Any) -> None:
        async def explain(_interaction: Any, error: Exception) -> NoReturn:
            raise error

        super().__init__(guild_ids=(), trace=aiohttp.TraceConfig(), explain=explain, translate=in_every_language)
        self.team, self.asked = team, 0

    async def application_info(self) -> Any:
        self.asked += 1
        return SimpleNamespace(owner=OWNER, team=self.team)


async def test_a_bot_without_a_team_is_its_owners() -> None:
    bot = Owned(None)
    assert await bot.is_owner(OWNER)
    assert not await bot.is_owner(STRANGER)
    assert bot.asked == 1


@pytest.mark.parametrize(
    ("who", "owns"), [(ADMIN, True), (DEVELOPER, True), (READER, False), (STRANGER, False), (OWNER, False)]
)
async def test_a_teams_bot_is_its_admins_and_developers(who: discord.Object, *, owns: bool) -> None:
    members = [SimpleNamespace(id=member.id, role=role) for member, role in TEAM]
    assert await Owned(SimpleNamespace(members=members)).is_owner(who) is owns


async def test_the_messages_of_a_channel_are_edited_one_after_the_other() -> None:
    """discord.py's book of a limit is right only if nothing else is under way when it hears what is left."""
    under_way, most = dict[str, int](), dict[str, int]()

    async def request(route: discord.http.Route, **_: Any) -> str:
        key = f"{route.method} {route.channel_id}"
        under_way[key] = under_way.get(key, 0) + 1
        most[key] = max(most.get(key, 0), under_way[key])
        await asyncio.sleep(0)
        under_way[key] -= 1
        return key

    http: Any = SimpleNamespace(request=request)
    edit_in_turn(http)
    routes = [
        discord.http.Route(
            method, "/channels/{channel_id}/messages/{message_id}", channel_id=channel, message_id=number
        )
        for number in range(3)
        for channel in (5, 6)
        for method in ("PATCH", "DELETE")
    ]
    answers = await asyncio.gather(*(http.request(route) for route in routes))
    assert sorted(set(answers)) == ["DELETE 5", "DELETE 6", "PATCH 5", "PATCH 6"]
    assert most == {"PATCH 5": 1, "PATCH 6": 1, "DELETE 5": 3, "DELETE 6": 3}
