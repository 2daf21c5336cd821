"""Check who may decide for others, at every button and form, since anybody can send their ids."""

from typing import Any, Final

import discord

from bot.errors import NotPermitted

ADMINS: Final = "manage_guild"  # by Discord's names of the permissions
MODERATORS: Final = "manage_messages"


def guild_of(interaction: discord.Interaction[Any]) -> int:
    """The id of the guild that a command for its admins was used in.

    Raises:
        NotPermitted: it was used in none, where nobody is an admin.
    """
    if interaction.guild_id is None:
        raise NotPermitted(needed=ADMINS)
    return interaction.guild_id


async def check_admin(interaction: discord.Interaction[Any]) -> None:
    """Check that this person may decide for the guild. Commands under `/admin` leave that to Discord's own settings.

    Raises:
        NotPermitted: they may not.
    """
    if interaction.guild_id is None or not interaction.permissions.manage_guild:
        raise NotPermitted(needed=ADMINS)


async def check_moderator(interaction: discord.Interaction[Any]) -> None:
    """Check that this person may decide about other people's messages in this channel.

    Raises:
        NotPermitted: they may not.
    """
    may = interaction.permissions
    if interaction.guild_id is None or not (may.manage_messages or may.manage_guild):
        raise NotPermitted(needed=MODERATORS)
