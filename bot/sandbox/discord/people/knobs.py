"""What an administrator changes in the world: permissions, boost tier, languages, closed messages, archived threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.discord import shapes
from bot.sandbox.discord.opcodes import Intent
from bot.sandbox.discord.people.typed import Impossible
from bot.sandbox.discord.permissions import bits
from bot.sandbox.discord.rules.commands import LOCALES
from bot.sandbox.discord.world import FILE_LIMITS, Member, Overwrite

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


def set_locale(discord: Discord, locale: str, user: User | None) -> None:
    """Set a person's language, or without one the guild's preferred one.

    Raises:
        Impossible: Discord has no such locale.
    """
    if locale not in LOCALES:
        raise Impossible(f"locales are {sorted(LOCALES)}")
    if user is not None:
        user.locale = locale
        return
    for guild in discord.world.guilds.values():
        guild.locale = locale
        shape = shapes.guild(guild)
        discord.gateway.dispatch("GUILD_UPDATE", shape, guild_id=guild.id, intent=Intent.GUILDS)


def set_roles(discord: Discord, user: User, names: list[str]) -> None:
    """Give a member these roles of the guild, by name or id, and no others.

    Raises:
        Impossible: there is no such role.
    """
    guild = discord.world.only_guild
    known = {key: role.id for role in guild.roles.values() for key in (role.id, role.name)}
    if unknown := sorted(set(names) - set(known)):
        raise Impossible(f"there is no role {unknown[0]!r}; there are {sorted(known)}")
    guild.members[user.id].roles = [known[name] for name in names]


def set_membership(discord: Discord, *, present: bool) -> None:
    """Remove the bot from the guild, or invite it again."""
    world, guild = discord.world, discord.world.only_guild
    if present:
        given = [role.id for role in guild.roles.values() if role.bot_id == world.bot.id]
        guild.members[world.bot.id] = Member(user_id=world.bot.id, joined_at=world.clock.stamp(), roles=given)
        shape = shapes.gateway_guild(world, guild)
        discord.gateway.dispatch("GUILD_CREATE", shape, guild_id=guild.id, intent=Intent.GUILDS)
    else:
        guild.members.pop(world.bot.id, None)
        discord.gateway.dispatch("GUILD_DELETE", {"id": guild.id}, guild_id=guild.id, intent=Intent.GUILDS)


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
