"""Presets: saved, listed, shared, and used."""

from bot.client import Shotcaller
from cogs.presets import commands


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (commands,):
        part.setup(bot)
