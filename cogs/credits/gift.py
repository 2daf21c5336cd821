"""`/gift`: some of one's own credits for another member, where the guild has that."""

import logging
from typing import Any, TypeAlias

import aiohttp
import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain.quota import MAX_CREDITS
from bot.locale import Words, words
from bot.service.admin.credits import GiftOffer
from cogs.ui import Command, acknowledge, answer, member_of
from cogs.ui.replies import announce

Amount: TypeAlias = app_commands.Range[int, 1, MAX_CREDITS]

log = logging.getLogger(__name__)


def setup(bot: Shotcaller) -> None:
    """Add the command."""
    bot.tree.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="gift", description=say("command.gift"))
    @app_commands.describe(member=say("option.gift.member"), credits=say("option.gift.credits"))
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def gift(
        interaction: discord.Interaction[Any],
        member: discord.User,
        credits: Amount,  # noqa: A002 (the option's name)
    ) -> None:
        await acknowledge(interaction)
        offer = GiftOffer(key=str(interaction.id), receiver_id=member.id, to_bot=member.bot, credits=credits)
        left = await bot.services.credits.give(member_of(interaction), offer)
        say = words(str(interaction.locale))
        given, kept = say("credits", n=credits), say("credits", n=left)
        await answer(interaction, say("gift.given", who=member.mention, credits=given, left=kept))
        await _announce(bot, interaction, member, credits)

    return gift


async def _announce(
    bot: Shotcaller, interaction: discord.Interaction[Any], receiver: discord.User, amount: int
) -> None:
    """Announce a gift where it was given; the receiver has it even if that fails."""
    usual = str(interaction.guild_locale or interaction.locale)
    say = words(await bot.services.guilds.language(interaction.guild_id, otherwise=usual))
    text = say("gift.got", giver=interaction.user.mention, who=receiver.mention, credits=say("credits", n=amount))
    try:
        await announce(interaction, text, mention=receiver)
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as exc:
        log.info("a gift was not announced", extra={"reason": repr(exc)})
