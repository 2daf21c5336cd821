"""Finds where the bot introduces itself in guilds that it is new in."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import discord

NEW: Final = timedelta(days=1)  # since it was added to a guild: older ones were there before this database


def welcome_channels(guilds: Iterable[discord.Guild], *, now: datetime) -> Mapping[int, int]:
    """Find the channel in each guild that the bot was added to lately; there is none where it may not write."""
    return {
        guild.id: channel.id for guild in guilds if _is_new(guild, now) and (channel := _channel(guild)) is not None
    }


def _is_new(guild: discord.Guild, now: datetime) -> bool:
    me = guild.me  # not there in an outage
    return me is not None and me.joined_at is not None and now - me.joined_at < NEW


def _channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Find the channel for what is new in a guild, else the first that everybody sees; where the bot may write."""
    open_to_all = (each for each in guild.text_channels if each.permissions_for(guild.default_role).view_channel)
    return next((each for each in (guild.system_channel, *open_to_all) if each is not None and _may_write(each)), None)


def _may_write(channel: discord.TextChannel) -> bool:
    may = channel.permissions_for(channel.guild.me)
    return may.view_channel and may.send_messages
