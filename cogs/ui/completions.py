"""Autocompletions that ask the database: in time, or with nothing."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Preset
from bot.errors import StoreError
from cogs.ui.forms import FORM_TIMEOUT
from cogs.ui.text import cut

Completion = Callable[[discord.Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]

CHOICE: Final = 100  # characters of a choice, Discord's limit
CHOICES: Final = 25  # Discord's limit

log = logging.getLogger(__name__)


def my_videos(bot: Shotcaller) -> Completion:
    """Complete one's latest videos by their prompts; the value is the id."""

    async def complete(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        jobs = await bot.services.library.recent(interaction.user.id, text=typed, most=CHOICES)
        return [
            app_commands.Choice(name=cut(" ".join(job.request.text().split()), CHOICE) or job.id, value=job.id)
            for job in jobs
        ]

    return with_timeout(complete)


def presets(bot: Shotcaller, fits: Callable[[Preset, int], bool] = lambda *_: True) -> Completion:
    """Complete the names of presets, those used most first; the value is the id, so that no name is mistaken."""

    async def complete(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        user_id, typed = interaction.user.id, typed.strip().casefold()
        found = await bot.services.presets.visible(user_id=user_id, guild_id=interaction.guild_id)
        wanted = [each for each in found if typed in each.name.casefold() and fits(each, user_id)]
        wanted.sort(key=lambda each: -each.uses)
        return [
            app_commands.Choice(name=cut(f"🌐 {each.name}" if each.shared else each.name, CHOICE), value=each.id)
            for each in wanted[:CHOICES]
        ]

    return with_timeout(complete)


def with_timeout(complete: Completion) -> Completion:
    """Limit an autocompletion's time: a slow database offers nothing, since Discord waits three seconds."""

    async def complete_in_time(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        try:
            async with asyncio.timeout(FORM_TIMEOUT):
                return await complete(interaction, typed)
        except (TimeoutError, StoreError) as exc:
            log.info("nothing was offered", extra={"reason": repr(exc)})
            return []

    return complete_in_time
