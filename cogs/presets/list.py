"""The list of presets, with buttons that use them."""

import re
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Preset
from bot.locale import Words, words
from bot.service.member.presets import request_of
from cogs.presets.use import use_preset
from cogs.ui import PersistentItem, acknowledge_in_place, answer, cut, safe, settings
from cogs.ui.limits import CONTENT
from cogs.ui.text import BUTTON

PAGE: Final = 5  # presets; a row of buttons
PROMPT: Final = 100  # characters of a prompt in the list


class UsePresetButton(PersistentItem[discord.ui.Button[Any]], template=r"preset:use:(?P<id>[0-9a-f]{16})"):
    """A button that uses a preset of the list."""

    def __init__(self, preset_id: str, *, label: str = "") -> None:
        style = discord.ButtonStyle.primary
        super().__init__(
            discord.ui.Button(label=label or None, emoji="🎬", style=style, custom_id=f"preset:use:{preset_id}")
        )
        self._preset_id = preset_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "UsePresetButton":
        """See `PersistentItem`."""
        return cls(match["id"])

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `PersistentItem`."""
        await use_preset(bot, interaction, self._preset_id, private=False)


class PresetPageButton(
    PersistentItem[discord.ui.Button[Any]], template=r"preset:page:(?P<page>[0-9]{1,2}):(?P<direction>[<>])"
):
    """A button that turns to a page of the list."""

    def __init__(self, page: int, *, direction: str, label: str = "") -> None:
        super().__init__(discord.ui.Button(label=label or None, custom_id=f"preset:page:{page}:{direction}"))
        self._page = page

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "PresetPageButton":
        """See `PersistentItem`."""
        return cls(int(match["page"]), direction=match["direction"])

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `PersistentItem`."""
        await acknowledge_in_place(interaction)
        await show_list(bot, interaction, page=self._page)


async def show_list(bot: Shotcaller, interaction: discord.Interaction[Any], *, page: int = 0) -> None:
    """Show a page of the presets that the person may use here."""
    presets = await bot.services.presets.visible(user_id=interaction.user.id, guild_id=interaction.guild_id)
    say = words(str(interaction.locale))
    last = max(0, (len(presets) - 1) // PAGE)
    page = min(page, last)
    shown = presets[page * PAGE : (page + 1) * PAGE]
    title = say("preset.list", n=len(presets)) if presets else say("preset.list.none")
    view = discord.ui.View(timeout=None)
    for preset in shown:
        view.add_item(UsePresetButton(preset.id, label=cut(preset.name, BUTTON)))
    if page > 0:
        view.add_item(PresetPageButton(page - 1, direction="<", label=say("preset.page.back")))
    if page < last:
        view.add_item(PresetPageButton(page + 1, direction=">", label=say("preset.page.on")))
    view.stop()  # the buttons are found by their ids; nothing about them is kept in memory
    await answer(
        interaction, cut("\n".join([f"### {title}", *(_entry(preset, say) for preset in shown)]), CONTENT), view=view
    )


def _entry(preset: Preset, say: Words) -> str:
    request = request_of(preset)
    whose = say("preset.shared", author=f"<@{preset.user_id}>") if preset.shared else say("preset.own")
    made = " · ".join([settings(request, say), *([say("preset.uses", n=preset.uses)] if preset.uses else [])])
    return f"**{safe(preset.name, 32)}** · {whose}\n> {safe(request.text(), PROMPT)}\n-# {made}"
