"""`/admin grant`: credits that never expire, for one member."""

from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain.quota import MAX_CREDITS
from bot.errors import GiftImpossible
from bot.locale import Words, words
from cogs.ui import Command, acknowledge, answer, audit_entry

Amount: TypeAlias = app_commands.Range[int, -MAX_CREDITS, MAX_CREDITS]

NOTE: Final = 200  # characters


def setup(bot: Shotcaller) -> None:
    """Add the command."""
    bot.admin.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="grant", description=say("command.admin.grant"))
    @app_commands.describe(
        member=say("option.grant.member"), credits=say("option.grant.credits"), note=say("option.grant.note")
    )
    async def grant(
        interaction: discord.Interaction[Any],
        member: discord.User,
        credits: Amount,  # noqa: A002 (the option's name)
        note: app_commands.Range[str, 1, NOTE] = "",
    ) -> None:
        await acknowledge(interaction)
        if member.bot:
            raise GiftImpossible
        action = "granted" if credits > 0 else "taken"
        entry = audit_entry(interaction, action, member=member.id, credits=abs(credits), note=note)
        left = await bot.services.credits.grant(entry, user_id=member.id, credits=credits, note=note)
        say = words(str(interaction.locale))
        await answer(interaction, say("admin.granted", member=member.mention, left=say("credits", n=left)))

    return grant
