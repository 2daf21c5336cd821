"""The `/admin` commands: what those who run a server decide, and see."""

from bot.client import Shotcaller
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
