"""Who may see what is posted in a channel, so that nothing is copied to people it was not meant for."""

from typing import Any, Final

import discord

from bot.errors import DestinationBusy, DestinationLost
from cogs.adapters.posting import mapped

_PLACES: Final = (discord.abc.GuildChannel, discord.Thread)


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
    source, target = await _place(client, source_id), await _place(client, target_id)
    if _restricted(source) and not _restricted(target):
        raise DestinationLost("age_restricted")
    if _open(target) and not _open(source):
        raise DestinationLost("not_for_everybody")


async def _place(client: discord.Client, channel_id: int) -> discord.abc.GuildChannel | discord.Thread:
    """A channel or thread of a guild; archived threads have to be asked for."""
    found: Any = client.get_channel(channel_id)
    if found is None:
        async with mapped():
            found = await client.fetch_channel(channel_id)
    if not isinstance(found, _PLACES):
        raise DestinationLost("no_channel_of_a_guild")
    return found


def _restricted(place: discord.abc.GuildChannel | discord.Thread) -> bool:
    """Whether it is for adults."""
    parent = place.parent if isinstance(place, discord.Thread) else place
    return bool(getattr(parent, "nsfw", False))


def _open(place: discord.abc.GuildChannel | discord.Thread) -> bool:
    """Whether everybody in the guild may see it."""
    if isinstance(place, discord.Thread) and (place.is_private() or place.parent is None):
        return False
    return place.permissions_for(place.guild.default_role).view_channel
