"""`/video studio`: a video put together step by step, on one private message that survives any restart."""

from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import PROMPT_LIMIT, Draft
from bot.locale import Words, words
from cogs import ui
from cogs.request import models_here, submit
from cogs.video.studio_draft import KIND, begin_draft, change_draft, chosen_options, request_in, reset_draft
from cogs.video.studio_panel import CHOOSE, GENERATE, NOTHING, PROMPT_BUTTON, RESET, StudioPanel, panel_view

FORM: Final = ui.CustomId("studio:{draft_id}", draft_id=ui.DRAFT_ID)


def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group, the controls of its panels and their form."""
    bot.video.add_command(_command(bot, words()))
    ui.on_press(bot, PROMPT_BUTTON, _open_prompt_form)
    ui.on_press(bot, GENERATE, _generate, first=ui.acknowledge)
    ui.on_press(bot, RESET, _reset, first=ui.acknowledge_in_place)
    ui.on_press(bot, CHOOSE, _choose, first=ui.acknowledge_in_place)
    ui.on_form(bot, FORM, _receive_prompt, first=ui.acknowledge_in_place)


def _command(bot: Shotcaller, say: Words) -> ui.Command:
    @app_commands.command(name="studio", description=say("command.video.studio"))
    @app_commands.describe(prompt=say("option.prompt"))
    async def studio(interaction: discord.Interaction[Any], prompt: str | None = None) -> None:
        await ui.acknowledge(interaction)
        ui.remember(interaction, ui.TypedRequest(options=ui.given_options({"prompt": prompt})))
        user = interaction.user.id
        draft = await bot.services.drafts.latest(KIND, user_id=user) or await begin_draft(bot, interaction)
        if prompt is not None:
            draft = await change_draft(bot, interaction, draft, {"prompt": prompt})
        await _show(bot, interaction, draft)

    return studio


async def _choose(
    bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, option: str, value: str | None
) -> None:
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    options = chosen_options(option, ui.chosen_value(interaction) or value or "")
    await _show(bot, interaction, await change_draft(bot, interaction, draft, options))


async def _reset(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    await _show(bot, interaction, await reset_draft(bot, interaction, draft))


async def _show(bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft) -> None:
    """Show the panel in the answer, or in place of the one that was pressed."""
    models = await models_here(bot, interaction)
    request = request_in(draft, models)
    panel = StudioPanel(
        draft_id=draft.id,
        request=request,
        private=bool(draft.body["private"]),
        adjusted=draft.body["bent"],
        models=models,
        estimate=await bot.services.videos.estimate(request, ui.member_of(interaction)),
        say=words(str(interaction.locale)),
    )
    await ui.answer(interaction, view=panel_view(panel))


async def _generate(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    """Submit the panel's request. Pressed twice for the same state it is submitted once."""
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    request = request_in(draft, await models_here(bot, interaction))
    if request.prompt == NOTHING:
        ui.request_from_options({**ui.options_of(request), "prompt": ""}, model=request.model)
    key = f"studio-{draft.id}-{draft.version}"
    await submit(bot, interaction, request, private=bool(draft.body["private"]), key=key)
    await bot.services.drafts.save(draft, draft.body)


async def _open_prompt_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    async with ui.in_time(interaction):
        draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
        request = request_in(draft, await models_here(bot, interaction))
    say = words(str(interaction.locale))
    form = ui.Form(FORM(draft_id=draft_id), say("studio.prompt"))
    prompt = "" if request.prompt == NOTHING else request.prompt
    form.text("prompt", say("sheet.prompt"), value=prompt, long=True, required=True, most=PROMPT_LIMIT)
    form.text("negative", say("sheet.negative"), value=request.negative_prompt, long=True, most=PROMPT_LIMIT)
    await ui.open_form(interaction, form)


async def _receive_prompt(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    entries = ui.entered(interaction)
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    texts = {"prompt": entries.get("prompt") or "", "negative": entries.get("negative") or None}
    await _show(bot, interaction, await change_draft(bot, interaction, draft, texts))
