"""Whose the bot is, as Discord's page of the application says."""

from types import SimpleNamespace
from typing import Any, NoReturn

import aiohttp
import discord
import pytest

from bot.client import Shotcaller
from cogs.ui.translator import CatalogueTranslator

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

        super().__init__(guild_ids=(), trace=aiohttp.TraceConfig(), explain=explain, translator=CatalogueTranslator())
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
