"""The member behind an interaction, as the services want to know them."""

from typing import Any

import discord

from bot.domain import Member


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
