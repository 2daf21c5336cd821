"""Credits: `/quota`, asking for more, and giving some away."""

from bot.client import Shotcaller
from cogs.credits import gift, quota


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (gift, quota):
        part.setup(bot)
