"""The videos somebody has made, and the gallery of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogs.library import command, gallery

if TYPE_CHECKING:
    from bot.client import Shotcaller


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (command, gallery):
        part.setup(bot)
