"""Find where the result of a command goes, and check that the bot may post it there, before any money moves."""

from typing import Any, Final

import discord

from bot.client import IN_CHANNEL, IN_THREAD
from bot.domain import Destination
from bot.errors import MissingPermissions

DIRECT_LIMIT: Final = 10 * 1024 * 1024  # bytes a file in direct messages


def destination_of(interaction: discord.Interaction[Any], *, private: bool) -> Destination:
    """Where an interaction's result goes: its channel, or its person's direct messages.

    Raises:
        MissingPermissions: the bot may not post a result there.
    """
    channel = interaction.channel_id or 0
    if interaction.guild_id is None or private:
        limit = DIRECT_LIMIT if private else interaction.filesize_limit
        return Destination(guild_id=interaction.guild_id, channel_id=channel, upload_limit=limit, private=private)
    missing = _missing_permissions(interaction)
    if missing:
        raise MissingPermissions(channel_id=channel, missing=missing)
    return Destination(guild_id=interaction.guild_id, channel_id=channel, upload_limit=interaction.filesize_limit)


def _missing_permissions(interaction: discord.Interaction[Any]) -> list[str]:
    """List the permissions that the bot lacks in this channel, by Discord's names."""
    in_thread = isinstance(interaction.channel, discord.Thread)
    return [name for name in (IN_THREAD if in_thread else IN_CHANNEL) if not getattr(interaction.app_permissions, name)]
