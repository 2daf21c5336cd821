"""Check a channel that an admin chooses, before anything is decided."""

from collections.abc import Sequence
from typing import Final

import discord

from bot.client import IN_CHANNEL
from bot.errors import ChannelUnfit
from cogs.admin.doctor_checks import missing_permissions

NEEDED_TO_WRITE: Final = IN_CHANNEL[:2]  # what is needed where the bot only writes


def check_channel(channel: discord.abc.GuildChannel, needed: Sequence[str] = IN_CHANNEL) -> None:
    """Check that the bot may do in a channel what the channel is chosen for.

    Raises:
        ChannelUnfit: it may not; naming every permission that is missing.
    """
    missing = missing_permissions(channel, needed)
    if missing:
        raise ChannelUnfit(channel_id=channel.id, missing=missing)
