"""The storyboard builder: its command, its forms, its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogs.storyboard import command

if TYPE_CHECKING:
    from bot.client import Shotcaller


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (command,):
        part.setup(bot)
