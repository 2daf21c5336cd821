"""The buttons and forms of review cases."""

from bot.client import Shotcaller
from cogs.moderation import case_buttons


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (case_buttons,):
        part.setup(bot)
