"""The member behind an interaction, as the services want to know them, and whether they may decide for others.

That is checked at every button and form, since anybody can send their ids.
"""

from typing import Any, Final

import discord

from bot.domain import Member
from bot.errors import NotPermitted


def member_of(interaction: discord.Interaction[Any]) -> Member:
    """Build the member behind an interaction, from what Discord says of them at this moment."""
    person, may = interaction.user, interaction.permissions
    roles = frozenset(role.id for role in person.roles) if isinstance(person, discord.Member) else frozenset[int]()
    return Member(
        user_id=person.id,
        guild_id=interaction.guild_id,
        role_ids=roles,
        channel_ids=channel_and_parents(interaction.channel, interaction.channel_id),
        manages=interaction.guild_id is not None and may.manage_guild,
        moderates=interaction.guild_id is not None and may.manage_messages,
    )


def channel_and_parents(channel: object, channel_id: int | None) -> frozenset[int]:
    """The ids of a channel, of the channel its thread belongs to, and of their category."""
    above: list[int | None]
    if isinstance(channel, discord.Thread):  # its category is its parent's, which may not be known
        above = [channel.parent_id, channel.parent.category_id if channel.parent else None]
    else:
        above = [getattr(channel, "category_id", None)]
    return frozenset(each for each in (channel_id, *above) if each)


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
