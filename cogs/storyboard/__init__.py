"""The storyboard builder: its command, its forms, its picture."""

from bot.client import Shotcaller
from cogs.storyboard import command


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (command,):
        part.setup(bot)
