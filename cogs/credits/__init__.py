"""Credits: `/quota`, asking for more, and giving some away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogs.credits import gift, quota

if TYPE_CHECKING:
    from bot.client import Shotcaller


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (gift, quota):
        part.setup(bot)
