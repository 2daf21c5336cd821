"""Changes the guild's members and their roles: people join and leave, roles are made, changed and deleted."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from sandbox.discord import serialize
from sandbox.discord.opcodes import Intent
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.permissions import bits
from sandbox.discord.rules.commands import LOCALES
from sandbox.discord.service import Discord
from sandbox.discord.world import Guild, Json, Member, Role, User, World

MOST_AT_ONCE = 1000
_USERNAME = re.compile(r"[a-z0-9_.]{2,32}")


def texts(given: Json, key: str) -> list[str]:
    """Read a list of texts; an empty one where there is none.

    Raises:
        ImpossibleAction: it is something else.
    """
    values = given.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ImpossibleAction(f"{key!r} is a list of texts")
    return values


def join(discord: Discord, given: Json) -> dict[str, str]:
    """Let the people of `names` join the guild, else `count` new ones (`guest1`, …); gives their ids by name.

    All get `roles` and speak `locale`. The bot hears nothing of it: it has no members' intent.

    Raises:
        ImpossibleAction: a name that nobody can have or that is there, no such role or locale, or too many.
    """
    world, guild = discord.world, discord.world.first_guild
    roles, locale = _role_ids(guild, texts(given, "roles")), given.get("locale", "en-US")
    if locale not in LOCALES:
        raise ImpossibleAction(f"locales are {sorted(LOCALES)}")
    known = {user.username: user for user in world.users.values()}
    joined = {}
    for name in texts(given, "names") or _fresh_names(world, given.get("count")):
        user = known.get(name)
        if not _USERNAME.fullmatch(name) or name in joined or (user is not None and user.id in guild.members):
            raise ImpossibleAction(f"nobody can join as {name!r}: it is there already, or no name")
        joined[name] = user or User(id=world.new_id(), username=name, global_name=name.capitalize(), locale=locale)
    for user in joined.values():
        world.users[user.id] = user
        guild.members[user.id] = Member(user_id=user.id, joined_at=world.clock.stamp(), roles=list(roles))
    return {name: user.id for name, user in joined.items()}


def _fresh_names(world: World, number: Any) -> Iterator[str]:
    """Make so many names that nobody has."""
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MOST_AT_ONCE:
        raise ImpossibleAction(f"give names, or a count from 1 to {MOST_AT_ONCE}")
    taken = {user.username for user in world.users.values()}
    free = (name for name in map("guest{}".format, count(1)) if name not in taken)
    return (next(free) for _ in range(number))


def leave(discord: Discord, users: list[User]) -> dict[str, str]:
    """Let people leave the guild; gives their ids by name.

    Raises:
        ImpossibleAction: the owner cannot leave, nor who is not there.
    """
    guild = discord.world.first_guild
    for user in users:
        if user.id == guild.owner_id or user.id not in guild.members:
            raise ImpossibleAction(f"{user.username} cannot leave")
    for user in users:
        guild.members.pop(user.id, None)
    return {user.username: user.id for user in users}


def set_roles(discord: Discord, user: User, names: list[str]) -> None:
    """Give a member these roles of the guild, by name or id, and no others.

    Raises:
        ImpossibleAction: there is no such role, or they are not there.
    """
    guild = discord.world.first_guild
    ids = _role_ids(guild, names)
    _member(guild, user).roles = ids


def role_of(guild: Guild, given: Any) -> Role:
    """Find the role of this name or id.

    Raises:
        ImpossibleAction: there is none.
    """
    return guild.roles[_role_ids(guild, [str(given)])[0]]


def _role_ids(guild: Guild, names: list[str]) -> list[str]:
    known = {key: role.id for role in guild.roles.values() for key in (role.id, role.name)}
    if unknown := sorted(set(names) - set(known)):
        raise ImpossibleAction(
            f"there is no role {unknown[0]!r}; there are {sorted(r.name for r in guild.roles.values())}"
        )
    return list(dict.fromkeys(known[name] for name in names))


def _member(guild: Guild, user: User) -> Member:
    if user.id not in guild.members:
        raise ImpossibleAction(f"{user.username} is not in the guild")
    return guild.members[user.id]


def set_role(discord: Discord, given: Json, members: list[User]) -> str:
    """Create the role `name`, or change it where it exists, or `delete` it; gives its id.

    Raises:
        ImpossibleAction: a role without a name, an unknown permission, or a role that nobody can change so.
    """
    guild, name = discord.world.first_guild, given.get("name")
    if not isinstance(name, str) or not name:
        raise ImpossibleAction("a role has a name")
    role = next((r for r in guild.roles.values() if name in (r.id, r.name)), None)
    if given.get("delete"):
        return _delete(discord, role_of(guild, name))
    changes = _changes(given)
    there = [_member(guild, user) for user in members]
    if role is not None and role.fixed and changes.keys() - {"permissions"}:
        raise ImpossibleAction(f"only the permissions of {role.name!r} can be changed")
    event = "GUILD_ROLE_CREATE" if role is None else "GUILD_ROLE_UPDATE"
    if role is None:
        role = Role(id=discord.world.new_id(), name=name, permissions=0, position=1)
        guild.roles[role.id] = role
    for key, value in changes.items():
        setattr(role, key, value)
    _tell(discord, event, {"role": serialize.role(role)})
    for member in there:
        member.roles = list(dict.fromkeys([*member.roles, role.id]))
    return role.id


def _changes(given: Json) -> Json:
    """Read the fields of a role that were given."""
    changes: Json = {}
    if "permissions" in given:
        try:
            changes["permissions"] = bits(texts(given, "permissions"))
        except KeyError as exc:
            raise ImpossibleAction(f"there is no permission {exc.args[0]}") from exc
    if "position" in given:
        changes["position"] = given["position"]
        if not isinstance(given["position"], int) or given["position"] < 1:
            raise ImpossibleAction("positions are whole numbers from 1")
    if "rename" in given:
        changes["name"] = given["rename"]
        if not isinstance(given["rename"], str) or not given["rename"]:
            raise ImpossibleAction("a role has a name")
    return changes


def _delete(discord: Discord, role: Role) -> str:
    """Take a role away, from its members, channels and commands too."""
    world, guild = discord.world, discord.world.first_guild
    if role.fixed:
        raise ImpossibleAction(f"{role.name!r} cannot be deleted")
    del guild.roles[role.id]
    for member in guild.members.values():
        member.roles = [each for each in member.roles if each != role.id]
    for channel in world.channels_of(guild):
        channel.overwrites.pop(role.id, None)
    for command, rules in guild.command_rules.items():
        guild.command_rules[command] = [rule for rule in rules if rule.id != role.id]
    _tell(discord, "GUILD_ROLE_DELETE", {"role_id": role.id})
    return role.id


def _tell(discord: Discord, event: str, about: Json) -> None:
    guild_id = discord.world.first_guild.id
    discord.gateway.dispatch(event, {"guild_id": guild_id, **about}, guild_id=guild_id, intent=Intent.GUILDS)
