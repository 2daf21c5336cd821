"""`/admin page`: a link with which those who run the bot, or this server, sign in to the operator's page."""

from typing import Any

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import EVERYWHERE
from bot.errors import PageNeedsManageServer
from bot.locale import Words, words
from cogs.ui import Command, acknowledge, answer, audit_entry


def setup(bot: Shotcaller) -> None:
    """Add the command."""
    bot.admin.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="page", description=say("command.admin.page"))
    async def page(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        locale, everywhere = str(interaction.locale), await bot.is_owner(interaction.user)
        if not everywhere and not interaction.permissions.manage_guild:  # it is Integrations that lets them type it
            raise PageNeedsManageServer
        entry = audit_entry(interaction, "page_link", guild_id=EVERYWHERE if everywhere else None)
        link = await bot.services.page_access.invite(entry, locale=locale)
        await answer(interaction, words(locale)("admin.page", link=link))

    return page
