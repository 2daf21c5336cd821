"""The list of presets, with buttons that use them."""

from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Preset
from bot.locale import Words, words
from bot.service.member.presets import request_of
from cogs import ui
from cogs.presets.use import use_preset
from cogs.ui import CONTENT, answer, cut, safe, settings
from cogs.ui.limits import BUTTON

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
