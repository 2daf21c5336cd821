"""The menu of a message: "Make a video of this"."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import FormHandler, Shotcaller
from bot.domain.capability import Capability
from bot.errors import MessageEmpty, StoreError
from bot.locale import words
from cogs.request.build import models_here, wanted
from cogs.request.defaults import place_of
from cogs.request.submit import submit
from cogs.ui.edit_form import entered, sheet, understood
from cogs.ui.forms import QUICK, values_of
from cogs.ui.options import options_of, wish_of
from cogs.ui.replies import acknowledge
from cogs.ui.retry import Typed, remember

FORM: Final = "film"


def setup(bot: Shotcaller) -> None:
    """Add the entry to the menu, and its form."""
    bot.tree.add_command(app_commands.ContextMenu(name=words()("menu.film"), callback=_film))
    bot.forms[FORM] = _filmed(bot)


async def _film(interaction: discord.Interaction[Any], message: discord.Message) -> None:
    """Open the form with the message as the prompt. Its text comes with the interaction: no intent is needed."""
    if not message.content.strip():
        raise MessageEmpty
    say = words(str(interaction.locale))
    options, models = await _prefilled(interaction.client, interaction, message.content)
    form = sheet(name=FORM, state=str(message.id), title=say("menu.film"), options=options, models=models, say=say)
    await interaction.response.send_modal(form)


async def _prefilled(
    bot: Shotcaller, interaction: discord.Interaction[Any], prompt: str
) -> tuple[dict[str, Any], Sequence[Capability]]:
    """The message's text, which may be too long for a prompt, and the defaults of whoever asks; what they may use."""
    models: Sequence[Capability] = list(bot.services.videos.models.values())
    wish = wish_of({"prompt": "-"}, model=models[0].model)
    try:
        async with asyncio.timeout(QUICK):
            models = await models_here(bot, interaction)
            wish = wish_of({"prompt": "-"}, model=models[0].model)
            filled = await bot.services.choices.fill(wish, typed=(), place=place_of(interaction), models=models)
    except (StoreError, TimeoutError):  # whoever sends the form will hear of it
        return {**options_of(wish), "prompt": prompt}, models
    return {**options_of(filled.request), "prompt": prompt}, models


def _filmed(bot: Shotcaller) -> FormHandler:
    async def film(interaction: discord.Interaction[Any], _message_id: str, data: dict[str, Any]) -> None:
        await acknowledge(interaction)
        entries = entered(values_of(data))
        remember(interaction, Typed(options=entries))
        options = understood(entries, words(str(interaction.locale)))
        remember(interaction, Typed(options=options))
        wish = await wanted(bot, interaction, options)
        await submit(bot, interaction, wish)

    return film
