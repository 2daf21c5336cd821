"""Decides who may use which command where: its own default, and what the server set under Integrations."""

from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.discord import serialize
from sandbox.discord.people.membership import role_of, texts
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.permissions import Permission, permissions_of
from sandbox.discord.service import Discord
from sandbox.discord.world import Channel, CommandRule, Guild, Json, Member, User, World

ROLE, USER, CHANNEL = 1, 2, 3
MAX_RULES = 100
ALL_CHANNELS = "*"
_KINDS = {"roles", "users", "channels"}


def check(world: World, user: User, channel: Channel, command: Json) -> None:
    """Check that a member who is no administrator is offered a command in a channel.

    What is decided for the command goes before what is decided for the whole application, a channel before all
    channels, a member before their roles, an allowing role before a denying one, a role before @everyone. Only a
    decision for the command itself replaces its `default_member_permissions`.

    Raises:
        ImpossibleAction: they are not, and why.
    """
    guild = world.guilds[channel.guild_id or ""]
    own, whole = (guild.command_rules.get(key, []) for key in (command["id"], world.application_id))
    refused = f"the command {command['name']!r} is not offered to {user.username}"
    place = channel.parent_id if channel.is_thread else channel.id
    places = [(CHANNEL, str(key)) for key in (place, _all_channels(guild))]
    here = _first(own, places)
    if here is False or (here is None and _first(whole, places) is False):
        raise ImpossibleAction(f"{refused}: denied in this channel under Integrations")
    member = guild.members[user.id]
    decided = _for_person(own, guild, member)
    if decided is False or (decided is None and _for_person(whole, guild, member) is False):
        raise ImpossibleAction(f"{refused}: denied under Integrations")
    needed = command["default_member_permissions"]
    if decided is None and needed is not None:
        _check_default(int(needed), permissions_of(world, user.id, channel), refused)


def _check_default(needed: int, granted: int, refused: str) -> None:
    if needed == 0:
        raise ImpossibleAction(f"{refused}: by default it is for administrators only")
    if granted & needed != needed:
        names = [each.name for each in Permission if needed & each and not granted & each]
        raise ImpossibleAction(f"{refused}: it needs {', '.join(map(str, names))}")


def _first(rules: Sequence[CommandRule], keys: Sequence[tuple[int, str]]) -> bool | None:
    """Find what the first of these keys says that has a rule."""
    said = {(rule.kind, rule.id): rule.allowed for rule in rules}
    return next((said[key] for key in keys if key in said), None)


def _for_person(rules: Sequence[CommandRule], guild: Guild, member: Member) -> bool | None:
    """Find what is decided for a member; None where nothing is."""
    own = _first(rules, [(USER, member.user_id)])
    if own is not None:
        return own
    by_role = [rule.allowed for rule in rules if rule.kind == ROLE and rule.id in member.roles]
    return any(by_role) if by_role else _first(rules, [(ROLE, guild.id)])


def _all_channels(guild: Guild) -> str:
    """Discord's id for all channels of a guild."""
    return str(int(guild.id) - 1)


def set_command_permissions(discord: Discord, given: Json) -> list[Json]:
    """Replace what is decided for a `command`, or for all of them; gives it in Discord's shape.

    `allow` and `deny` are objects with lists `roles`, `users` and `channels` of names or ids; the channel `*` stands
    for all of them. With neither, nothing is decided any more.

    Raises:
        ImpossibleAction: no such command, role, user or channel, or more than a hundred rules.
    """
    world, guild = discord.world, discord.world.first_guild
    key = world.application_id
    if given.get("command") is not None:
        offered = discord.registry.offered(guild.id)
        found = next((each["id"] for each in offered if each["name"] == given["command"]), None)
        if found is None:
            raise ImpossibleAction(f"there is no command {given['command']!r}")
        key = found
    rules = {(rule.kind, rule.id): rule for allowed in (True, False) for rule in _rules(world, given, allowed=allowed)}
    if len(rules) > MAX_RULES:
        raise ImpossibleAction(f"at most {MAX_RULES} rules")
    guild.command_rules[key] = list(rules.values())
    shape = serialize.command_permissions(world, guild, key)
    discord.gateway.dispatch("APPLICATION_COMMAND_PERMISSIONS_UPDATE", shape, guild_id=guild.id)
    shown: list[Json] = shape["permissions"]
    return shown


def _rules(world: World, given: Json, *, allowed: bool) -> Iterator[CommandRule]:
    what = given.get("allow" if allowed else "deny") or {}
    if not isinstance(what, dict) or what.keys() - _KINDS:
        raise ImpossibleAction(f"allow and deny have lists {sorted(_KINDS)}")
    guild = world.first_guild
    for name in texts(what, "roles"):
        yield CommandRule(id=role_of(guild, name).id, kind=ROLE, allowed=allowed)
    users = {key: user.id for user in world.users.values() for key in (user.id, user.username)}
    for name in texts(what, "users"):
        yield CommandRule(id=_id_of(users, name), kind=USER, allowed=allowed)
    channels = {key: channel.id for channel in world.channels_of(guild) for key in (channel.id, channel.name)}
    for name in texts(what, "channels"):
        found = _id_of({**channels, ALL_CHANNELS: _all_channels(guild)}, name)
        yield CommandRule(id=found, kind=CHANNEL, allowed=allowed)


def _id_of(known: dict[str, str], given: Any) -> str:
    if given not in known:
        raise ImpossibleAction(f"there is no {given!r}")
    return known[given]
