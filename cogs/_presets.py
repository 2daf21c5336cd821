"""How presets look, and the way from one to a job: its gaps are asked for in a form."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.domain.template import values_in
from bot.errors import StoreUnavailable
from bot.locale import words
from bot.service.presets import filled, gaps, request_of
from cogs._buttons import Lasting
from cogs._modals import Form, values_of
from cogs._replies import acknowledge
from cogs._submit import submit
from cogs._text import safe, settings

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from bot.client import Shotcaller
    from bot.domain.preset import Preset
    from bot.locale import Words

FORM: Final = "preset"
PAGE: Final = 5  # presets; a row of buttons
FIELDS: Final = 5  # a form's
VALUE: Final = 1000  # characters of one value
LINES: Final = 4000  # characters of all values in one field
PROMPT: Final = 150  # characters of a prompt in the list
HURRY: Final = 2.0  # seconds to look something up before a form must be on its way

_LINES_FIELD: Final = "lines"
_GAP: Final = "gap:"


async def use(bot: Shotcaller, interaction: discord.Interaction[Any], wanted: str, *, private: bool) -> None:
    """Ask for what a preset leaves open, or make its video at once. A form can't be sent after an acknowledgement.

    Raises:
        PresetUnknown: the person may use none of that id or name here.
    """
    presets = bot.services.presets
    try:
        async with asyncio.timeout(HURRY):
            preset = await presets.find(wanted, user_id=interaction.user.id, guild_id=interaction.guild_id)
    except TimeoutError as exc:
        raise StoreUnavailable("slow") from exc
    names = gaps(request_of(preset))
    if names:
        await interaction.response.send_modal(_form(preset, names, words(str(interaction.locale)), private=private))
        return
    await acknowledge(interaction)
    await _make(bot, interaction, preset, {}, private=private)


async def fill_in(bot: Shotcaller, interaction: discord.Interaction[Any], state: str, data: Mapping[str, Any]) -> None:
    """Make the video of a preset with what was entered in its form."""
    await acknowledge(interaction)
    preset_id, _, private = state.partition(":")
    preset = await bot.services.presets.find(preset_id, user_id=interaction.user.id, guild_id=interaction.guild_id)
    entered = values_of(data)
    values = values_in(str(entered.pop(_LINES_FIELD, "")))
    values |= {field.removeprefix(_GAP): str(value) for field, value in entered.items()}
    await _make(bot, interaction, preset, values, private=bool(private))


async def _make(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    preset: Preset,
    values: Mapping[str, str],
    *,
    private: bool,
) -> None:
    await submit(bot, interaction, filled(request_of(preset), values), private=private)
    await bot.services.presets.used(preset)


def _form(preset: Preset, names: Sequence[str], say: Words, *, private: bool) -> Form:
    state = f"{preset.id}:private" if private else preset.id
    form = Form(name=FORM, state=state, title=preset.name)
    if len(names) <= FIELDS:
        for name in names:
            form.text(f"{_GAP}{name}", name, required=True, most=VALUE)
    else:
        lines = "\n".join(f"{name}: " for name in names)
        hint = say("preset.form.hint")
        form.text(_LINES_FIELD, say("preset.form.lines"), value=lines, long=True, required=True, most=LINES, hint=hint)
    return form


class UseButton(Lasting[discord.ui.Button[Any]], template=r"preset:use:(?P<id>[0-9a-f]{16})"):
    """Uses a preset of the list."""

    def __init__(self, preset_id: str, *, label: str = "") -> None:
        style = discord.ButtonStyle.primary
        super().__init__(
            discord.ui.Button(label=label or None, emoji="🎬", style=style, custom_id=f"preset:use:{preset_id}")
        )
        self._preset_id = preset_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> UseButton:
        """See `Lasting`."""
        return cls(match["id"])

    async def pressed(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `Lasting`."""
        await use(bot, interaction, self._preset_id, private=False)


class PageButton(Lasting[discord.ui.Button[Any]], template=r"preset:page:(?P<page>[0-9]{1,2}):(?P<way>[<>])"):
    """Turns to a page of the list."""

    def __init__(self, page: int, *, way: str, label: str = "") -> None:
        super().__init__(discord.ui.Button(label=label or None, custom_id=f"preset:page:{page}:{way}"))
        self._page = page

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> PageButton:
        """See `Lasting`."""
        return cls(int(match["page"]), way=match["way"])

    async def pressed(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `Lasting`."""
        await interaction.response.defer()
        await show_list(bot, interaction, page=self._page)


async def show_list(bot: Shotcaller, interaction: discord.Interaction[Any], *, page: int = 0) -> None:
    """Fill the private answer with a page of what the person may use here."""
    presets = await bot.services.presets.visible(user_id=interaction.user.id, guild_id=interaction.guild_id)
    say = words(str(interaction.locale))
    last = max(0, (len(presets) - 1) // PAGE)
    page = min(page, last)
    shown = presets[page * PAGE : (page + 1) * PAGE]
    title = say("preset.list", n=len(presets)) if presets else say("preset.list.none")
    view = discord.ui.View(timeout=None)
    for preset in shown:
        view.add_item(UseButton(preset.id, label=preset.name))
    if page > 0:
        view.add_item(PageButton(page - 1, way="<", label=say("preset.page.back")))
    if page < last:
        view.add_item(PageButton(page + 1, way=">", label=say("preset.page.on")))
    await interaction.edit_original_response(
        content="\n".join([f"### {title}", *(_entry(preset, say) for preset in shown)]),
        view=view,
        allowed_mentions=discord.AllowedMentions.none(),
    )


def _entry(preset: Preset, say: Words) -> str:
    request = request_of(preset)
    whose = say("preset.shared", author=f"<@{preset.user_id}>") if preset.shared else say("preset.own")
    made = " · ".join([settings(request, say), *([say("preset.uses", n=preset.uses)] if preset.uses else [])])
    return f"**{safe(preset.name, 32)}** · {whose}\n> {safe(request.text(), PROMPT)}\n-# {made}"
