"""The buttons under a refusal: ask for the nearest possible video, ask again, or edit and ask again."""

from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.errors import DraftGone
from bot.locale import words
from cogs import ui
from cogs.request import build_request, models_here, submit
from cogs.ui.retry import KIND, RETRY

FORM: Final = ui.CustomId("retry:{draft_id}", draft_id=ui.DRAFT_ID)


def setup(bot: Shotcaller) -> None:
    """Let the buttons and the form do what they are for."""
    ui.on_press(bot, RETRY, _press)
    ui.on_form(bot, FORM, _receive_form)


async def _press(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, what: str) -> None:
    """Ask for what a button says. A draft makes one job through its buttons, however often they are pressed."""
    if what == "edit":
        await _open_form(bot, interaction, draft_id)
        return
    await ui.acknowledge(interaction)
    typed = await _read_draft(bot, interaction, draft_id)
    number = ui.parse_number(what, most=len(typed.ways) - 1)
    if number is None and what != "again":
        raise DraftGone
    chosen = typed if number is None else typed.ways[number]
    await _submit(bot, interaction, chosen, key=chosen.key if chosen.confirmed else f"fix-{draft_id}")


async def _open_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    async with ui.in_time(interaction):
        typed = await _read_draft(bot, interaction, draft_id)
        models = await models_here(bot, interaction)
    say, custom_id = words(str(interaction.locale)), FORM(draft_id=draft_id)
    form = ui.request_form(custom_id, say("sheet.title.edit"), options=typed.options, models=models, say=say)
    await ui.open_form(interaction, form)


async def _receive_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    entries, say = ui.read_form(ui.entered(interaction)), words(str(interaction.locale))
    ui.remember(interaction, ui.TypedRequest(options=entries))  # should the draft be gone, this is not
    typed = (await _read_draft(bot, interaction, draft_id)).with_options(entries)
    ui.remember(interaction, typed)
    await _submit(bot, interaction, typed.with_options(ui.parse_options(entries, say)))


async def _read_draft(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> ui.TypedRequest:
    return ui.TypedRequest.of_body((await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)).body)


async def _submit(
    bot: Shotcaller, interaction: discord.Interaction[Any], typed: ui.TypedRequest, *, key: str | None = None
) -> None:
    ui.remember(interaction, typed)
    request = await build_request(bot, interaction, typed.options)
    await submit(
        bot,
        interaction,
        request,
        private=typed.private,
        parent_id=typed.parent_id,
        origin=typed.origin,
        key=key,
        confirmed=typed.confirmed,
    )
