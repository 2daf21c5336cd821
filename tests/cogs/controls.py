"""The bot's buttons, selects and forms without Discord, and people who use them."""

from types import SimpleNamespace
from typing import Any, NoReturn, cast

import aiohttp
import discord
from discord import app_commands

from bot.client import Shotcaller, features
from cogs.ui.translator import in_every_language


class Nothing:
    """Services that nobody may ask."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


class Response:
    """Takes a first answer that shows nothing."""

    async def defer(self, **_: Any) -> None:
        """An acknowledgement."""

    async def send_modal(self, form: Any) -> None:
        raise AssertionError(form)


async def controls(services: Any = None) -> Shotcaller:
    """The bot with everything that can be used; an error is raised where it would be explained."""

    async def explain(_interaction: Any, error: Exception) -> NoReturn:
        raise error

    bot = Shotcaller(guild_ids=(), trace=aiohttp.TraceConfig(), explain=explain, translate=in_every_language)
    bot.services = cast("Any", SimpleNamespace(videos=SimpleNamespace(models={}), storyboards=Nothing()))
    for feature in features():
        feature.setup(bot)
    bot.services = cast("Any", services or Nothing())
    return bot


def press(custom_id: str, **changes: Any) -> Any:
    """Somebody who may do nothing special uses a button or select."""
    interaction = SimpleNamespace(
        id=1,
        type=discord.InteractionType.component,
        data={"custom_id": custom_id, "values": []},
        user=SimpleNamespace(id=11),
        guild_id=7,
        context=app_commands.AppCommandContext(guild=True),
        is_user_integration=lambda: False,
        channel=None,
        channel_id=5,
        message=None,
        locale="en-US",
        guild_locale=None,
        permissions=discord.Permissions.none(),
        response=Response(),
        extras={},
    )
    vars(interaction).update(changes)
    return interaction


async def use(bot: Shotcaller, interaction: Any) -> None:
    """Let the bot hear of it, as discord.py does."""
    interaction.client = bot
    await bot.on_interaction(interaction)
