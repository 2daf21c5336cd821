"""`/privacy`: how data is kept, a copy of everything about oneself, and its deletion."""

from datetime import timedelta
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.errors import DestinationBusy, DestinationLost, DirectMessagesClosed, DiscordBusy
from bot.locale import Words, privacy_text, words
from bot.service.upkeep.privacy import Export
from cogs import ui
from cogs.adapters.posting import mapped_errors
from cogs.ui import Command, acknowledge, acknowledge_in_place, answer, cut, file_of
from cogs.ui.limits import EMBED_TEXT, FILE

DELETE: Final = ui.CustomId("privacy:delete:{messages}", messages=ui.FLAG)


def setup(bot: Shotcaller) -> None:
    """Add the commands and the button."""
    say = words()
    group = app_commands.Group(
        name="privacy",
        description=say("command.privacy"),
    )
    for command in (_policy, _export, _delete):
        group.add_command(command(bot, say))
    bot.tree.add_command(group)
    ui.on_press(bot, DELETE, _confirmed, first=acknowledge_in_place)


def _policy(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="policy", description=say("command.privacy.policy"))
    async def policy(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        privacy, say = bot.services.privacy, words(str(interaction.locale))
        text = await privacy.policy(say.locale) or _own_policy(bot, say)
        files = [] if len(text) <= EMBED_TEXT else [file_of(text, "privacy.md")]
        await answer(
            interaction, embed=discord.Embed(title=say("privacy.title"), description=cut(text, EMBED_TEXT)), files=files
        )

    return policy


def _own_policy(bot: Shotcaller, say: Words) -> str:
    """The privacy policy that comes with the bot, with how long this one keeps things."""
    retention_periods = bot.services.privacy.retention_periods

    def span(kept: timedelta | None) -> str:
        return say("privacy.for_ever") if kept is None else say("privacy.days", n=kept.days)

    return privacy_text(say.locale).format(
        texts=span(retention_periods.texts), files=span(retention_periods.files), guilds=span(retention_periods.guilds)
    )


def _export(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="export", description=say("command.privacy.export"))
    @app_commands.describe(by_dm=say("option.by_dm"))
    async def export(interaction: discord.Interaction[Any], by_dm: bool | None = None) -> None:  # noqa: FBT001 (Discord's options)
        await acknowledge(interaction)
        say = words(str(interaction.locale))
        made = await bot.services.privacy.export(interaction.user.id)
        if len(made.content) > FILE:
            await answer(interaction, say("privacy.export.too_large"))
        elif by_dm:
            await _send_directly(interaction, made, say)
            await answer(interaction, say("privacy.export.sent"))
        else:
            await answer(interaction, say("privacy.export"), files=[_file(made)])

    return export


async def _send_directly(interaction: discord.Interaction[Any], made: Export, say: Words) -> None:
    """Send a copy of somebody's data to them.

    Raises:
        DirectMessagesClosed: they take no direct messages.
        DiscordBusy: Discord does not take it now.
    """
    try:
        async with mapped_errors():
            await interaction.user.send(say("privacy.export"), file=_file(made), nonce=str(interaction.id))
    except DestinationBusy as exc:
        raise DiscordBusy from exc
    except DestinationLost as exc:
        raise DirectMessagesClosed from exc


def _file(made: Export) -> discord.File:
    return file_of(made.content, made.filename)


def _delete(_bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="delete", description=say("command.privacy.delete"))
    @app_commands.describe(messages=say("option.messages"))
    async def delete(interaction: discord.Interaction[Any], messages: bool | None = None) -> None:  # noqa: FBT001 (Discord's options)
        await acknowledge(interaction)
        say = words(str(interaction.locale))
        posted = say("privacy.delete.messages" if messages else "privacy.delete.no_messages")
        button = discord.ui.Button[Any](
            emoji="🗑️",
            label=say("privacy.button.delete"),
            custom_id=DELETE(messages=bool(messages)),
            style=discord.ButtonStyle.danger,
        )
        await answer(interaction, say("privacy.delete", posted=posted), view=ui.stateless(button))

    return delete


async def _confirmed(bot: Shotcaller, interaction: discord.Interaction[Any], *, messages: bool) -> None:
    """Delete the data of whoever presses, and take the button away."""
    await bot.services.privacy.delete(interaction.user.id, messages=messages)
    await answer(interaction, words(str(interaction.locale))("privacy.deleted"), view=None)
