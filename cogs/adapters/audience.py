"""Who may see what is posted in a channel, so that nothing is copied to people it was not meant for."""

from typing import Any, Final

import discord

from bot.errors import DestinationBusy, DestinationLost
from cogs.adapters.posting import mapped_errors

_CHANNEL_TYPES: Final = (discord.abc.GuildChannel, discord.Thread)


async def check_audience(client: discord.Client, *, source_id: int, target_id: int) -> None:
    """Refuse to copy from one channel of a guild to another that shows it to more people.

    That is so from an age-restricted channel to one that is not, and from one that not everybody sees to one that
    everybody does.

    Raises:
        DestinationLost: it must not be copied there, or one of the channels is gone.
        DestinationBusy: Discord has not told us about its channels yet.
    """
    if not client.is_ready():
        raise DestinationBusy("not_connected")
    source, target = await _find_channel(client, source_id), await _find_channel(client, target_id)
    if _is_for_adults(source) and not _is_for_adults(target):
        raise DestinationLost("age_restricted")
    if _is_public(target) and not _is_public(source):
        raise DestinationLost("not_for_everybody")


async def _find_channel(client: discord.Client, channel_id: int) -> discord.abc.GuildChannel | discord.Thread:
    """Find a channel or thread of a guild; archived threads have to be asked for."""
    found: Any = client.get_channel(channel_id)
    if found is None:
        async with mapped_errors():
            found = await client.fetch_channel(channel_id)
    if not isinstance(found, _CHANNEL_TYPES):
        raise DestinationLost("no_channel_of_a_guild")
    return found


def _is_for_adults(channel: discord.abc.GuildChannel | discord.Thread) -> bool:
    """Whether a channel is for adults."""
    parent = channel.parent if isinstance(channel, discord.Thread) else channel
    return bool(getattr(parent, "nsfw", False))


def _is_public(channel: discord.abc.GuildChannel | discord.Thread) -> bool:
    """Whether everybody in the guild may see a channel."""
    if isinstance(channel, discord.Thread) and (channel.is_private() or channel.parent is None):
        return False
    return channel.permissions_for(channel.guild.default_role).view_channel
