"""A person and their data: what is set for them, what is kept of them, and what the bot is."""

from bot.client import Shotcaller
from cogs.account import about, privacy, settings


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (about, privacy, settings):
        part.setup(bot)
