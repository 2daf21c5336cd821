"""Changes what an administrator can: permissions, boost tier, languages, whether the bot is there."""

from typing import Any

from sandbox.discord import serialize
from sandbox.discord.initial_world import found_guild
from sandbox.discord.opcodes import Intent
from sandbox.discord.people.membership import role_of, texts
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.permissions import bits, permissions_of
from sandbox.discord.rules.commands import LOCALES
from sandbox.discord.service import Discord
from sandbox.discord.world import FILE_LIMITS, Channel, Guild, Json, Member, Overwrite, User, World

BOT_ADD = 28  # an action of the audit log


def set_permissions(discord: Discord, channel: Channel, user: User, given: Json) -> int:
    """Add to what a channel denies and allows one member; gives what they may do there now.

    Raises:
        ImpossibleAction: no such permission, or a channel that has none of its own.
    """
    _overwrite(discord, channel, channel.overwrites.get(user.id) or Overwrite(id=user.id, kind=1), given)
    return permissions_of(discord.world, user.id, channel)


def set_role_permissions(discord: Discord, channel: Channel, name: str, given: Json) -> int:
    """Add to what a channel denies and allows a role; gives what it allows there now.

    Raises:
        ImpossibleAction: no such role or permission, or a channel that has none of its own.
    """
    role = role_of(discord.world.guilds.get(channel.guild_id or "", discord.world.first_guild), name)
    overwrite = channel.overwrites.get(role.id) or Overwrite(id=role.id, kind=0)
    _overwrite(discord, channel, overwrite, given)
    return overwrite.allow


def _overwrite(discord: Discord, channel: Channel, overwrite: Overwrite, given: Json) -> None:
    if channel.guild_id is None or channel.is_thread:
        raise ImpossibleAction("permissions belong to a guild's channels")
    try:
        deny, allow = bits(given.get("deny", ())), bits(given.get("allow", ()))
    except KeyError as exc:
        raise ImpossibleAction(f"there is no permission {exc.args[0]}") from exc
    overwrite.deny = overwrite.deny & ~allow | deny
    overwrite.allow = overwrite.allow & ~deny | allow
    channel.overwrites[overwrite.id] = overwrite
    discord.tell_channel("CHANNEL_UPDATE", channel)


def set_tier(discord: Discord, tier: int) -> None:
    """Boost the guild to this tier, which decides how large a file may be.

    Raises:
        ImpossibleAction: there is no such tier.
    """
    if tier not in FILE_LIMITS:
        raise ImpossibleAction(f"tiers are {sorted(FILE_LIMITS)}")
    for guild in discord.world.guilds.values():
        guild.premium_tier = tier
        shape = serialize.guild(guild)
        discord.gateway.dispatch("GUILD_UPDATE", shape, guild_id=guild.id, intent=Intent.GUILDS)


def set_locale(discord: Discord, locale: str, user: User | None) -> None:
    """Set a person's language, or without one the guild's preferred one.

    Raises:
        ImpossibleAction: Discord has no such locale.
    """
    if locale not in LOCALES:
        raise ImpossibleAction(f"locales are {sorted(LOCALES)}")
    if user is not None:
        user.locale = locale
        return
    for guild in discord.world.guilds.values():
        guild.locale = locale
        shape = serialize.guild(guild)
        discord.gateway.dispatch("GUILD_UPDATE", shape, guild_id=guild.id, intent=Intent.GUILDS)


def found(discord: Discord, given: Json) -> Guild:
    """Found the guild `name` with `channels`, for the events of `shard` (its number, and of how many); the bot joins.

    Raises:
        ImpossibleAction: no name, names of channels that are there, or no such shard.
    """
    world, name, channels = discord.world, given.get("name"), texts(given, "channels")
    if not isinstance(name, str) or not name or any(name == each.name for each in world.guilds.values()):
        raise ImpossibleAction("a guild has a name of its own")
    if {each.name for each in world.channels.values()} & set(channels):
        raise ImpossibleAction("there is such a channel: here they are found by name")
    match given.get("shard", [0, 1]):
        case [int(number), int(count)] if 0 <= number < count:
            guild = found_guild(world, name=name, shard=(number, count), channels=channels)
        case _:
            raise ImpossibleAction("a shard is its number, from 0, and how many there are")
    _tell_joined(discord, guild)
    return guild


def guild_of(world: World, given: Any) -> Guild:
    """Find the guild of this name or id; the first one where none is named.

    Raises:
        ImpossibleAction: there is none.
    """
    if given is None:
        return world.first_guild
    for guild in world.guilds.values():
        if str(given) in (guild.id, guild.name):
            return guild
    raise ImpossibleAction(f"there is no guild {given!r}")


def _tell_joined(discord: Discord, guild: Guild) -> None:
    shape = serialize.gateway_guild(discord.world, guild)
    del shape["unavailable"]
    discord.gateway.dispatch("GUILD_CREATE", shape, guild_id=guild.id, intent=Intent.GUILDS)


def set_membership(discord: Discord, guild: Guild, *, present: bool, by: User) -> None:
    """Remove the bot from a guild, or invite it again; the audit log says who did."""
    world = discord.world
    if present:
        added = {"id": world.new_id(), "action_type": BOT_ADD, "user_id": by.id, "target_id": world.bot.id}
        guild.audit_log.append(added)
        given = [role.id for role in guild.roles.values() if role.bot_id == world.bot.id]
        guild.members[world.bot.id] = Member(user_id=world.bot.id, joined_at=world.clock.stamp(), roles=given)
        _tell_joined(discord, guild)
    else:
        guild.members.pop(world.bot.id, None)
        discord.gateway.dispatch("GUILD_DELETE", {"id": guild.id}, guild_id=guild.id, intent=Intent.GUILDS)


def set_available(discord: Discord, guild: Guild, *, available: bool) -> None:
    """Begin an outage of a guild, or end it: the bot is told, and hears nothing in between."""
    world = discord.world
    there = world.bot.id in guild.members
    if there and guild.available and not available:
        gone = {"id": guild.id, "unavailable": True}
        discord.gateway.dispatch("GUILD_DELETE", gone, guild_id=guild.id, intent=Intent.GUILDS)
    back, guild.available = available and not guild.available, available
    if there and back:
        shape = serialize.gateway_guild(world, guild)
        discord.gateway.dispatch("GUILD_CREATE", shape, guild_id=guild.id, intent=Intent.GUILDS)
