"""`/quota`: what a person has left, what is reserved, when it renews, what happened lately, and what things cost."""

from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.locale import Words, words
from cogs.credits.credit_request import FORM, AskForCreditsButton, credit_request_handler
from cogs.credits.quota_views import quota_text
from cogs.ui import acknowledge, answer, member_of

ENTRIES: Final = 6  # of what happened lately


def setup(bot: Shotcaller) -> None:
    """Add the command and the button below its answer."""
    bot.tree.add_command(_command(bot, words()))
    bot.add_dynamic_items(AskForCreditsButton)
    bot.forms[FORM] = credit_request_handler(bot)


def _command(bot: Shotcaller, say: Words) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="quota", description=say("command.quota"))
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def quota(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        member, services = member_of(interaction), bot.services
        balances = await services.videos.balances(member)
        entries = await services.credits.latest(member, most=ENTRIES)
        say = words(str(interaction.locale))
        text = quota_text(balances, entries, list(services.videos.models.values()), say)
        view = None if member.guild_id is None else AskForCreditsButton.as_view(say)
        await answer(interaction, text, view=view)

    return quota
