"""The videos somebody has made, and the gallery of a server."""

from bot.client import Shotcaller
from cogs.library import command, gallery


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (command, gallery):
        part.setup(bot)
