"""Find a message of the bot's own that may have been posted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import discord

from bot.errors import DeliveryError, DestinationLost
from bot.service.ports.notifier import CannotTell, NotPosted, Posted, Sighting
from cogs.adapters.posting import mapped_errors

READ: Final = 10_000  # messages at the most: a search that has to end before now cannot tell
PATIENCE: Final = 180.0  # seconds for all of them; Discord allows about a hundred messages a second
MARGIN: Final = timedelta(minutes=1)  # by which the clocks of Discord's own machines may differ


async def find_message(
    client: discord.Client,
    channel: discord.abc.Messageable,
    *,
    since: datetime,
    matches: Callable[[discord.Message], bool],
    most: int = READ,
) -> Sighting:
    """Find the bot's first message that `matches`, among all posted since a moment of Discord's clock."""
    read = 0
    try:
        async with mapped_errors(within=PATIENCE):
            async for message in channel.history(limit=most + 1, after=since - MARGIN, oldest_first=True):
                read += 1
                if client.user is not None and message.author.id == client.user.id and matches(message):
                    return Posted(channel_id=message.channel.id, message_id=message.id)
    except DeliveryError as exc:
        return CannotTell(reason=exc.reason, closed=isinstance(exc, DestinationLost))
    return NotPosted() if read <= most else CannotTell(reason="too_many_messages")
