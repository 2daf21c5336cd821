"""What an administrator changes in the world: permissions, boost tier, closed messages, archived threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.discord import shapes
from bot.sandbox.discord.opcodes import Intent
from bot.sandbox.discord.people.typed import Impossible
from bot.sandbox.discord.permissions import bits
from bot.sandbox.discord.world import FILE_LIMITS, Overwrite

if TYPE_CHECKING:
    from bot.sandbox.discord.service import Discord
    from bot.sandbox.discord.world import Channel, Json, User


def set_permissions(discord: Discord, channel: Channel, user: User, given: Json) -> int:
    """Add to what a channel denies and allows one member; gives what they may do there now.

    Raises:
        Impossible: no such permission, or a channel that has none of its own.
    """
    if channel.guild_id is None or channel.is_thread:
        raise Impossible("permissions belong to a guild's channels")
    try:
        deny, allow = bits(given.get("deny", ())), bits(given.get("allow", ()))
    except KeyError as exc:
        raise Impossible(f"there is no permission {exc.args[0]}") from exc
    overwrite = channel.overwrites.setdefault(user.id, Overwrite(id=user.id, kind=1))
    overwrite.deny = overwrite.deny & ~allow | deny
    overwrite.allow = overwrite.allow & ~deny | allow
    _tell(discord, "CHANNEL_UPDATE", channel)
    return discord.world.permissions(user.id, channel)


def set_tier(discord: Discord, tier: int) -> None:
    """Boost the guild to this tier, which decides how large a file may be.

    Raises:
        Impossible: there is no such tier.
    """
    if tier not in FILE_LIMITS:
        raise Impossible(f"tiers are {sorted(FILE_LIMITS)}")
    for guild in discord.world.guilds.values():
        guild.premium_tier = tier
        shape = shapes.guild(guild)
        discord.gateway.dispatch("GUILD_UPDATE", shape, guild_id=guild.id, intent=Intent.GUILDS)


def set_channel(discord: Discord, channel: Channel, given: Json) -> None:
    """Archive or lock a thread, or `delete` a channel."""
    for key in ("archived", "locked"):
        if key in given:
            setattr(channel, key, bool(given[key]))
    if given.get("delete"):
        del discord.world.channels[channel.id]
    what, done = "THREAD" if channel.is_thread else "CHANNEL", "DELETE" if given.get("delete") else "UPDATE"
    _tell(discord, f"{what}_{done}", channel)


def _tell(discord: Discord, event: str, channel: Channel) -> None:
    shape = shapes.channel(discord.world, channel)
    discord.gateway.dispatch(event, shape, guild_id=channel.guild_id, intent=Intent.GUILDS)
