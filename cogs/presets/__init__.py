"""Presets: saved, listed, shared, and used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogs.presets import commands

if TYPE_CHECKING:
    from bot.client import Shotcaller


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (commands,):
        part.setup(bot)
