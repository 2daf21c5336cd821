"""`/admin doctor`: what keeps the bot from working in a server, and tidying up after what was deleted."""

from typing import Any

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain.policy_changes import without_deleted
from bot.locale import Words, words
from cogs.admin.common import answer_long, changed_text
from cogs.admin.doctor_checks import channel_ids, doctor_lines, role_ids
from cogs.ui import Command, acknowledge, audit_entry


def setup(bot: Shotcaller) -> None:
    """Add the command."""
    bot.admin.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="doctor", description=say("command.admin.doctor"))
    @app_commands.describe(tidy=say("option.tidy"))
    async def doctor(
        interaction: discord.Interaction[Any],
        tidy: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        say, entry = words(str(interaction.locale)), audit_entry(interaction, "changed")
        guild = bot.get_guild(entry.guild_id)
        if guild is None or guild.unavailable:
            await answer_long(interaction, say("doctor.unavailable"), filename="doctor.txt", say=say)
            return
        done = ""
        if tidy:
            roles, channels = role_ids(guild), channel_ids(guild)
            changed = await bot.services.guilds.change(
                entry, lambda policy: without_deleted(policy, roles=roles, channels=channels)
            )
            done = f"{changed_text(changed, say)}\n\n"
        lines = "\n".join(await doctor_lines(bot, guild, say))
        await answer_long(interaction, f"{done}### {say('doctor.title')}\n{lines}", filename="doctor.txt", say=say)

    return doctor
