"""Use a preset: ask for its gaps in a form, again where a value will not do, and submit its request."""

from collections.abc import Mapping
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Preset
from bot.domain.template import values_in
from bot.errors import InvalidRequest
from bot.locale import Words, words
from bot.service.member.presets import fill_gaps, gaps, request_of
from cogs.request import submit
from cogs.ui import Form, PersistentItem, acknowledge, answer, in_time, open_form, values_of
from cogs.ui.error_texts import describe

FORM: Final = "preset"
DRAFT: Final = "preset"  # the kind of the drafts that keep what was entered
FIELDS: Final = 5  # a form's
VALUE: Final = 1000  # characters of one value
LINES: Final = 4000  # characters of all values in one field
CONTENT: Final = 2000  # characters of a message

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


async def fill_in(bot: Shotcaller, interaction: discord.Interaction[Any], state: str, data: Mapping[str, Any]) -> None:
    """Make the video of a preset with what was entered in its form."""
    await acknowledge(interaction)
    preset_id, _, private = state.partition(":")
    preset = await _find(bot, interaction, preset_id)
    entered = values_of(data)
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
    view = discord.ui.View(timeout=None)
    style = discord.ButtonStyle.primary
    view.add_item(
        discord.ui.Button(emoji="✏️", label=say("preset.form.again"), style=style, custom_id=f"preset:again:{draft.id}")
    )
    view.stop()  # the button is found by its id; nothing about it is kept in memory
    await answer(interaction, (describe(refused, say) or "")[:CONTENT], view=view)


def _form(preset: Preset, say: Words, *, values: Mapping[str, str], private: bool) -> Form:
    """The form that asks for a preset's gaps; `values` are by names in small letters."""
    names = gaps(request_of(preset))
    fields = {name: values.get(name.casefold(), "") for name in names}
    form = Form(name=FORM, state=f"{preset.id}:private" if private else preset.id, title=preset.name)
    if len(names) <= FIELDS:
        for name in names:
            form.text(f"{_GAP}{name}", name, value=fields[name][:VALUE], required=True, most=VALUE)
    else:
        lines = "\n".join(f"{name}: {fields[name]}" for name in names)[:LINES]
        hint = say("preset.form.hint")
        form.text(_LINES_FIELD, say("preset.form.lines"), value=lines, long=True, required=True, most=LINES, hint=hint)
    return form


class ReopenPresetForm(PersistentItem[discord.ui.Button[Any]], template=r"preset:again:(?P<draft>[0-9a-f]{16})"):
    """A button that opens a preset's form again, with what was entered before."""

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `PersistentItem`."""
        async with in_time(interaction):
            draft = await bot.services.drafts.read(self.fields["draft"], DRAFT, user_id=interaction.user.id)
            preset = await _find(bot, interaction, draft.body["preset"])
        say, values, private = words(str(interaction.locale)), draft.body["values"], draft.body["private"]
        await open_form(interaction, _form(preset, say, values=values, private=private))
