"""Takes what people ask for where only they have installed the bot for what it is: asked in direct messages.

In such a place the bot can't read, write or know what a server has decided; it can answer privately, and write to its
person. So no server's rules, credits and budget are asked, but those of direct messages.
"""

from typing import Any, Final

import discord

_ELSEWHERE: Final = "elsewhere"  # among an interaction's extras


def note_place(interaction: discord.Interaction[Any]) -> None:
    """Note where an interaction comes from, before anything is done about it."""
    private_chat = interaction.context.private_channel is True
    if private_chat or (interaction.is_user_integration() and not interaction.is_guild_integration()):
        interaction.extras[_ELSEWHERE] = private_chat or interaction.guild_id is not None
        interaction.guild_id = None


def is_elsewhere(interaction: discord.Interaction[Any]) -> bool:
    """Say whether an interaction comes from a place that the bot is not in."""
    return bool(interaction.extras.get(_ELSEWHERE))
