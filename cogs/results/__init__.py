"""The buttons under a finished video, and the inbox of those that could not be posted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogs.results import buttons, inbox

if TYPE_CHECKING:
    from bot.client import Shotcaller


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (buttons, inbox):
        part.setup(bot)
