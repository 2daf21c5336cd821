"""Types a command, completes one, and uses a command of a message's menu."""

import contextlib
from collections.abc import Mapping
from typing import Any

from sandbox.discord import serialize
from sandbox.discord.interactions import Interaction, Kind
from sandbox.discord.people import command_permissions
from sandbox.discord.people.option_values import ImpossibleAction, called
from sandbox.discord.people.options import Resolver
from sandbox.discord.permissions import Permission, permissions_of
from sandbox.discord.service import Discord
from sandbox.discord.world import CATEGORY, GROUP, Channel, Json, User

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
IN_GUILD, IN_BOT_DM, AMONG_PEOPLE = 0, 1, 2
OF_USER = 1  # the integration type of who has the application for themselves
SUBCOMMANDS = (1, 2)


async def type_command(
    discord: Discord,
    user: User,
    channel: Channel,
    *,
    name: str,
    options: Mapping[str, Any],
    focused: str | None = None,
    locale: str | None = None,
) -> Interaction:
    """Send a chat command, or with `focused` ask for the completion of that option.

    The command, its options and their choices have the names of the person's language too.

    Raises:
        ImpossibleAction: the client offers no such command here, or would not send these options.
    """
    first, *rest = name.split()
    language = locale or user.locale
    command = _offered(discord, user, channel, first, CHAT_INPUT, locale=language)
    path, leaf = [], command
    for part in rest:
        leaf = _below(leaf, part, language)
        path.append(leaf)
    if any(option["type"] in SUBCOMMANDS for option in leaf.get("options", ())):
        raise ImpossibleAction(f"{name!r} is a group; it has {[o['name'] for o in leaf['options']]}")
    resolver = Resolver(discord=discord, user=user, channel=channel, locale=language)
    filled = await resolver.fill(leaf.get("options", []), options, focused=focused)
    for step in reversed(path):
        filled = [{"name": step["name"], "type": step["type"], "options": filled}]
    data: Json = {"id": command["id"], "name": command["name"], "type": CHAT_INPUT, "options": filled}
    return _open(resolver, command, data, locale=locale, kind=Kind.AUTOCOMPLETE if focused else Kind.COMMAND)


def use_menu(
    discord: Discord, user: User, channel: Channel, *, name: str, target: str, locale: str | None = None
) -> Interaction:
    """Use a menu command on a message, given by id, or on a user, given by id or name.

    Raises:
        ImpossibleAction: there is no such menu command or target here.
    """
    resolver = Resolver(discord=discord, user=user, channel=channel)
    message = channel.messages.get(target)
    if message is not None and message.visible_to in (None, user.id):
        kind = MESSAGE_MENU
        resolver.note("messages", message.id, serialize.message(discord.world, message))
    elif any(target in (each.id, each.username) for each in discord.world.users.values()):
        kind, target = USER_MENU, resolver.find_user(target)
    else:
        raise ImpossibleAction(f"there is neither a message nor a user {target!r} here")
    command = _offered(discord, user, channel, name, kind, locale=locale or user.locale)
    data: Json = {"id": command["id"], "name": command["name"], "type": kind, "target_id": target}
    return _open(resolver, command, data, locale=locale, kind=Kind.COMMAND)


def _open(resolver: Resolver, command: Json, data: Json, *, locale: str | None, kind: Kind) -> Interaction:
    if resolver.resolved:
        data["resolved"] = resolver.resolved
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    interactions = resolver.discord.interactions
    return interactions.open(kind=kind, user=resolver.user, channel=resolver.channel, data=data, locale=locale)


def offered(discord: Discord, user: User, channel: Channel) -> list[Json]:
    """List every command, those of the menus too, that the client shows this person here."""
    found = []
    for command in discord.registry.offered(channel.guild_id):
        with contextlib.suppress(ImpossibleAction):
            found.append(_offered(discord, user, channel, command["name"], command["type"]))
    return found


def _offered(discord: Discord, user: User, channel: Channel, name: str, kind: int, *, locale: str = "") -> Json:
    """Find the registered command that the client shows this person here."""
    found = discord.registry.offered(channel.guild_id)
    command = next((c for c in found if c["type"] == kind and called(c, name, locale)), None)
    if command is None:
        names = sorted(c["name"] for c in found if c["type"] == kind)
        raise ImpossibleAction(f"the bot has registered no command {name!r} here; it has {names}")
    if channel.type == GROUP:
        _check_group(user, channel, command)
    elif channel.guild_id is None:
        _check_dm(command)
    else:
        _check_guild(discord, user, channel, command)
    return command


def _check_dm(command: Json) -> None:
    contexts = command.get("contexts")
    allowed = command.get("dm_permission", True) if contexts is None else IN_BOT_DM in contexts
    if not allowed:
        raise ImpossibleAction(f"the command {command['name']!r} is not offered in direct messages")


def _check_group(user: User, channel: Channel, command: Json) -> None:
    if user.id not in channel.joined:
        raise ImpossibleAction(f"{user.username} is not in the group")
    if not user.has_app or OF_USER not in command["integration_types"]:
        raise ImpossibleAction("the bot is not in the group")
    contexts = command.get("contexts")
    if contexts is not None and AMONG_PEOPLE not in contexts:
        raise ImpossibleAction(f"the command {command['name']!r} is not offered in groups")


def _check_guild(discord: Discord, user: User, channel: Channel, command: Json) -> None:
    contexts = command.get("contexts")
    if contexts is not None and IN_GUILD not in contexts:
        raise ImpossibleAction(f"the command {command['name']!r} is not offered in guilds")
    world = discord.world
    granted = permissions_of(world, user.id, channel)
    if not granted & Permission.VIEW_CHANNEL:
        raise ImpossibleAction(f"{user.username} does not see the channel")
    if world.bot.id not in world.guilds[channel.guild_id or ""].members:
        if not (user.has_app and OF_USER in command["integration_types"]):
            raise ImpossibleAction("the bot is not in the guild")
        return
    if channel.type == CATEGORY:
        raise ImpossibleAction("nothing can be typed into a category")
    if granted & Permission.ADMINISTRATOR:
        return
    if not granted & Permission.USE_APPLICATION_COMMANDS:
        raise ImpossibleAction(f"{user.username} may not use commands here")
    command_permissions.check(world, user, channel, command)
    if command.get("nsfw") and not channel.nsfw:
        raise ImpossibleAction(f"the command {command['name']!r} is for age-restricted channels")


def _below(command: Json, name: str, locale: str) -> Json:
    """Find the subcommand or group of this name."""
    children: list[Json] = [option for option in command.get("options", ()) if option["type"] in SUBCOMMANDS]
    for child in children:
        if called(child, name, locale):
            return child
    names = sorted(child["name"] for child in children)
    raise ImpossibleAction(f"{command['name']!r} has no subcommand {name!r}; it has {names}")
