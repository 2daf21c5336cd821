"""Asking for a video: the command, the studio, the message menu, and the jobs under way."""

from bot.client import Shotcaller
from cogs.video import create, jobs, message_menu, studio


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (create, jobs, message_menu, studio):
        part.setup(bot)
