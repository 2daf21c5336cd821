"""The `/admin` commands: what those who run a server decide, and see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogs.admin import (
    allowances,
    blocks,
    channels,
    doctor,
    grant,
    jobs,
    limits,
    moderation,
    server,
    server_setup,
    settings_file,
    usage,
)

if TYPE_CHECKING:
    from bot.client import Shotcaller


async def setup(bot: Shotcaller) -> None:
    """Add everything of this package to the bot."""
    for part in (
        allowances,
        blocks,
        channels,
        doctor,
        grant,
        jobs,
        limits,
        moderation,
        server,
        server_setup,
        settings_file,
        usage,
    ):
        part.setup(bot)
