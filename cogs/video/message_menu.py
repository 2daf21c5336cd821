"""The menu of a message: "Make a video of this"."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Capability
from bot.errors import MessageEmpty, ResultForgotten, StoreError
from bot.locale import words
from cogs import ui
from cogs.request import defaults_scope, models_here
from cogs.ui.job_views import RESULT
from cogs.video.retry_buttons import receive_edited

FORM: Final = ui.CustomId("film:{message_id}", message_id=ui.SNOWFLAKE)


def setup(bot: Shotcaller) -> None:
    """Add the entry to the menu, and its form."""
    bot.tree.add_command(app_commands.ContextMenu(name=words()("menu.film"), callback=_open_form))
    ui.on_form(bot, FORM, _receive_form)


async def _open_form(interaction: discord.Interaction[Any], message: discord.Message) -> None:
    """Open the form with the message as the prompt. Its text comes with the interaction: no intent is needed."""
    if not message.content.strip():
        raise MessageEmpty
    say = words(str(interaction.locale))
    options, models = await _prefill(interaction.client, interaction, message)
    custom_id = FORM(message_id=message.id)
    form = ui.request_form(custom_id, say("menu.film"), options=options, models=models, say=say)
    await ui.open_form(interaction, form)


async def _prefill(
    bot: Shotcaller, interaction: discord.Interaction[Any], message: discord.Message
) -> tuple[dict[str, Any], Sequence[Capability]]:
    """Options with the message's text, maybe too long, as the prompt, and the person's defaults; and their models."""
    prompt = message.content
    models: Sequence[Capability] = list(bot.services.videos.models.values())
    request = ui.request_from_options({"prompt": "-"}, model=models[0].model)
    try:
        async with ui.in_time(interaction):
            if job_id := _video_in(message, bot):
                with suppress(ResultForgotten):  # what they read in the message is theirs to take
                    job = await bot.services.results.job(job_id, ui.member_of(interaction))
                    prompt = job.request.text() or prompt
            models = await models_here(bot, interaction)
            request = ui.request_from_options({"prompt": "-"}, model=models[0].model)
            filled = await bot.services.defaults.fill(
                request, typed=(), place=defaults_scope(interaction), models=models
            )
    except StoreError:  # whoever sends the form will hear of it
        return {**ui.options_of(request), "prompt": prompt}, models
    return {**ui.options_of(filled.request), "prompt": prompt}, models


def _video_in(message: discord.Message, bot: Shotcaller) -> str:
    """Find the job whose video this bot has posted with a message, by its buttons; nothing for other messages."""
    if bot.user is None or message.author.id != bot.user.id:
        return ""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    buttons = [each.custom_id or "" for row in rows for each in row.children if isinstance(each, discord.Button)]
    found = next(filter(None, map(RESULT.pattern.fullmatch, buttons)), None)
    return found["job_id"] if found else ""


async def _receive_form(bot: Shotcaller, interaction: discord.Interaction[Any], **_: Any) -> None:
    values = ui.entered(interaction)
    await receive_edited(bot, interaction, ui.TypedRequest(options={}), values)
