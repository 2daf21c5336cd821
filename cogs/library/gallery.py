"""`/gallery`: whoever manages a server chooses where its best-liked videos are copied to."""

from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.locale import Words, words
from bot.service.member.gallery import GalleryRule
from cogs.admin.doctor import check_channel
from cogs.ui import Command, acknowledge, answer
from cogs.ui.member import guild_of

STARS: Final = 3  # that a copy takes where nothing else is said
MOST: Final = 1000


def setup(bot: Shotcaller) -> None:
    """Add the commands, at first for those who manage the server alone; it decides in its settings who else may."""
    say = words()
    group = app_commands.Group(
        name="gallery",
        description=say("command.gallery"),
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    )
    group.add_command(_set(bot, say))
    group.add_command(_off(bot, say))
    bot.tree.add_command(group)


def _set(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="set", description=say("command.gallery.set"))
    @app_commands.describe(channel=say("option.gallery.channel"), stars=say("option.gallery.stars"))
    async def set_(
        interaction: discord.Interaction[Any],
        channel: discord.TextChannel,
        stars: app_commands.Range[int, 1, MOST] = STARS,
    ) -> None:
        await acknowledge(interaction)
        guild_id = guild_of(interaction)
        check_channel(channel)
        await bot.services.gallery.set_rule(guild_id, GalleryRule(channel_id=channel.id, stars=stars))
        await answer(interaction, words(str(interaction.locale))("gallery.set", channel=channel.mention, n=stars))

    return set_


def _off(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="off", description=say("command.gallery.off"))
    async def off(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        await bot.services.gallery.set_rule(guild_of(interaction), None)
        await answer(interaction, words(str(interaction.locale))("gallery.off"))

    return off
