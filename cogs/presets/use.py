"""Use a preset: list those there are with buttons, ask for the gaps in a form, and submit the request."""

from collections.abc import Mapping
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Preset
from bot.domain.template import values_in
from bot.errors import InvalidRequest
from bot.locale import Words, words
from bot.service.member.presets import fill_gaps, gaps, request_of
from cogs import ui
from cogs.request import submit
from cogs.ui import CONTENT, acknowledge, answer, cut, in_time, open_form, safe, settings
from cogs.ui.error_texts import describe
from cogs.ui.limits import BUTTON, FORM_FIELDS, FORM_TEXT

FORM: Final = ui.CustomId("preset:{preset_id}[:{private}]", preset_id=ui.DRAFT_ID, private=ui.Part("private"))
AGAIN: Final = ui.CustomId("preset:again:{draft_id}", draft_id=ui.DRAFT_ID)
DRAFT: Final = "preset"  # the kind of the drafts that keep what was entered
VALUE: Final = 1000  # characters of one value

_LINES_FIELD: Final = "lines"
_GAP: Final = "gap:"


async def use_preset(bot: Shotcaller, interaction: discord.Interaction[Any], name_or_id: str, *, private: bool) -> None:
    """Ask for a preset's gaps, or make its video at once. A form can't be sent after an acknowledgement.

    Raises:
        PresetUnknown: the person may use none of that id or name here.
    """
    async with in_time(interaction):
        preset = await _find(bot, interaction, name_or_id)
    if gaps(request_of(preset)):
        say = words(str(interaction.locale))
        await open_form(interaction, _form(preset, say, values={}, private=private))
        return
    await acknowledge(interaction)
    await _make_video(bot, interaction, preset, {}, private=private)


async def fill_in(bot: Shotcaller, interaction: discord.Interaction[Any], preset_id: str, private: str | None) -> None:
    """Make the video of a preset with what was entered in its form."""
    preset = await _find(bot, interaction, preset_id)
    entered = ui.entered(interaction)
    values = values_in(str(entered.pop(_LINES_FIELD, "")))
    values |= {field.removeprefix(_GAP).casefold(): str(value) for field, value in entered.items()}
    await _make_video(bot, interaction, preset, values, private=bool(private))


async def _find(bot: Shotcaller, interaction: discord.Interaction[Any], name_or_id: str) -> Preset:
    return await bot.services.presets.find(name_or_id, user_id=interaction.user.id, guild_id=interaction.guild_id)


async def _make_video(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    preset: Preset,
    values: Mapping[str, str],
    *,
    private: bool,
) -> None:
    try:
        request = fill_gaps(request_of(preset), values)
    except InvalidRequest as refused:
        if not values:
            raise
        await _offer_again(bot, interaction, refused, {"preset": preset.id, "values": values, "private": private})
        return
    await submit(bot, interaction, request, private=private)
    await bot.services.presets.used(preset)


async def _offer_again(
    bot: Shotcaller, interaction: discord.Interaction[Any], refused: InvalidRequest, body: Mapping[str, Any]
) -> None:
    """Say what is wrong with what was entered, and keep it for the form to come back with."""
    draft = await bot.services.drafts.begin(DRAFT, body, user_id=interaction.user.id, guild_id=interaction.guild_id)
    say = words(str(interaction.locale))
    custom_id, style = AGAIN(draft_id=draft.id), discord.ButtonStyle.primary
    again = discord.ui.Button[Any](emoji="✏️", label=say("preset.form.again"), style=style, custom_id=custom_id)
    await answer(interaction, (describe(refused, say) or "")[:CONTENT], view=ui.stateless(again))


def _form(preset: Preset, say: Words, *, values: Mapping[str, str], private: bool) -> ui.Form:
    """The form that asks for a preset's gaps; `values` are by names in small letters."""
    names = gaps(request_of(preset))
    fields = {name: values.get(name.casefold(), "") for name in names}
    form = ui.Form(FORM(preset_id=preset.id, private="private" if private else None), preset.name)
    if len(names) <= FORM_FIELDS:
        for name in names:
            form.text(f"{_GAP}{name}", name, value=fields[name][:VALUE], required=True, most=VALUE)
    else:
        lines = "\n".join(f"{name}: {fields[name]}" for name in names)[:FORM_TEXT]
        hint = say("preset.form.hint")
        form.text(
            _LINES_FIELD, say("preset.form.lines"), value=lines, long=True, required=True, most=FORM_TEXT, hint=hint
        )
    return form


async def reopen_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    """Open a preset's form again, with what was entered before."""
    async with in_time(interaction):
        draft = await bot.services.drafts.read(draft_id, DRAFT, user_id=interaction.user.id)
        preset = await _find(bot, interaction, draft.body["preset"])
    say, values, private = words(str(interaction.locale)), draft.body["values"], draft.body["private"]
    await open_form(interaction, _form(preset, say, values=values, private=private))


PAGE: Final = 5  # presets; a row of buttons
PROMPT: Final = 100  # characters of a prompt in the list

USE: Final = ui.CustomId("preset:use:{preset_id}", preset_id=ui.DRAFT_ID)
PAGE_OF: Final = ui.CustomId("preset:page:{page}:{direction}", page=ui.digits(2), direction=ui.one_of("<", ">"))


def setup(bot: Shotcaller) -> None:
    """Let the buttons do what they are for."""
    ui.on_press(bot, USE, _use)
    ui.on_press(bot, PAGE_OF, _turn_page, first=ui.acknowledge_in_place)


async def _use(bot: Shotcaller, interaction: discord.Interaction[Any], preset_id: str) -> None:
    await use_preset(bot, interaction, preset_id, private=False)


async def _turn_page(bot: Shotcaller, interaction: discord.Interaction[Any], page: int, **_: Any) -> None:
    await show_list(bot, interaction, page=page)


async def show_list(bot: Shotcaller, interaction: discord.Interaction[Any], *, page: int = 0) -> None:
    """Show a page of the presets that the person may use here."""
    presets = await bot.services.presets.visible(user_id=interaction.user.id, guild_id=interaction.guild_id)
    say = words(str(interaction.locale))
    last = max(0, (len(presets) - 1) // PAGE)
    page = min(page, last)
    shown = presets[page * PAGE : (page + 1) * PAGE]
    title = say("preset.list", n=len(presets)) if presets else say("preset.list.none")
    style = discord.ButtonStyle.primary
    buttons = [
        discord.ui.Button[Any](
            label=cut(preset.name, BUTTON), emoji="🎬", style=style, custom_id=USE(preset_id=preset.id)
        )
        for preset in shown
    ]
    if page > 0:
        buttons.append(
            discord.ui.Button(label=say("preset.page.back"), custom_id=PAGE_OF(page=page - 1, direction="<"))
        )
    if page < last:
        buttons.append(discord.ui.Button(label=say("preset.page.on"), custom_id=PAGE_OF(page=page + 1, direction=">")))
    text = "\n".join([f"### {title}", *(_entry(preset, say) for preset in shown)])
    await answer(interaction, cut(text, CONTENT), view=ui.stateless(*buttons))


def _entry(preset: Preset, say: Words) -> str:
    request = request_of(preset)
    whose = say("preset.shared", author=f"<@{preset.user_id}>") if preset.shared else say("preset.own")
    made = " · ".join([settings(request, say), *([say("preset.uses", n=preset.uses)] if preset.uses else [])])
    return f"**{safe(preset.name, 32)}** · {whose}\n> {safe(request.text(), PROMPT)}\n-# {made}"
