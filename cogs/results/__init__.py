"""The buttons under a finished video, and the inbox of those that could not be posted."""

from bot.client import Shotcaller
from cogs.results import buttons, inbox


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (buttons, inbox):
        part.setup(bot)
