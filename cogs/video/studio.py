"""`/video studio`: a video put together step by step, on one private message that survives any restart."""

from typing import Any, Final

import discord
from discord import app_commands

from bot.client import FormHandler, Shotcaller
from bot.domain import PROMPT_LIMIT, Draft
from bot.locale import Words, words
from cogs import ui
from cogs.request import models_here, submit
from cogs.video.studio_draft import KIND, begin_draft, change_draft, chosen_options, read_draft, request_in, reset_draft
from cogs.video.studio_panel import NOTHING, StudioPanel, panel_view

FORM: Final = "studio"
_PATTERN: Final = r"studio:(?P<draft>[0-9a-f]{16}):(?P<what>[a-z]{1,16})(?:=(?P<value>[\w:.-]{1,40}))?"


def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group, the controls of its panels and their form."""
    bot.video.add_command(_command(bot, words()))
    bot.add_dynamic_items(StudioControl)
    bot.forms[FORM] = _prompt_form_handler(bot)


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


class StudioControl(ui.PersistentItem[discord.ui.Item[Any]], template=_PATTERN):
    """A button or a select of a panel."""

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `PersistentItem`."""
        match self.fields["what"]:
            case "prompt":
                await _open_prompt_form(bot, interaction, self.fields["draft"])
            case "generate":
                await _generate(bot, interaction, self.fields["draft"])
            case _:
                await ui.acknowledge_in_place(interaction)
                draft = await read_draft(bot, interaction, self.fields["draft"])
                await _show(bot, interaction, await self._apply(bot, interaction, draft))

    async def _apply(self, bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft) -> Draft:
        if self.fields["what"] == "reset":
            return await reset_draft(bot, interaction, draft)
        data: dict[str, Any] = dict(interaction.data or {})
        value = next(iter(data.get("values", ())), self.fields["value"])
        return await change_draft(bot, interaction, draft, chosen_options(self.fields["what"], value))


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
    await ui.acknowledge(interaction)
    draft = await read_draft(bot, interaction, draft_id)
    request = request_in(draft, await models_here(bot, interaction))
    if request.prompt == NOTHING:
        ui.request_from_options({**ui.options_of(request), "prompt": ""}, model=request.model)
    key = f"studio-{draft.id}-{draft.version}"
    await submit(bot, interaction, request, private=bool(draft.body["private"]), key=key)
    await bot.services.drafts.save(draft, draft.body)


async def _open_prompt_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    async with ui.in_time(interaction):
        draft = await read_draft(bot, interaction, draft_id)
        request = request_in(draft, await models_here(bot, interaction))
    say = words(str(interaction.locale))
    form = ui.Form(name=FORM, state=draft_id, title=say("studio.prompt"))
    prompt = "" if request.prompt == NOTHING else request.prompt
    form.text("prompt", say("sheet.prompt"), value=prompt, long=True, required=True, most=PROMPT_LIMIT)
    form.text("negative", say("sheet.negative"), value=request.negative_prompt, long=True, most=PROMPT_LIMIT)
    await ui.open_form(interaction, form)


def _prompt_form_handler(bot: Shotcaller) -> FormHandler:
    """Handle the form with the prompt."""

    async def written(interaction: discord.Interaction[Any], draft_id: str, data: dict[str, Any]) -> None:
        await ui.acknowledge_in_place(interaction)
        entries = ui.values_of(data)
        draft = await read_draft(bot, interaction, draft_id)
        texts = {"prompt": entries.get("prompt") or "", "negative": entries.get("negative") or None}
        await _show(bot, interaction, await change_draft(bot, interaction, draft, texts))

    return written
