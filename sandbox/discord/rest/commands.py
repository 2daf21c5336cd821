"""Serves application commands, global and of a guild: registers, changes and lists them."""

from typing import Any

from sandbox.discord import serialize
from sandbox.discord.command_registry import Registry
from sandbox.discord.errors import Problem, Refused
from sandbox.discord.rest.call import NO_CONTENT, Call, Reply, Route
from sandbox.discord.rules.commands import check_command, check_commands

MOST_COMMANDS = 100


def _place(call: Call) -> str | None:
    """Find the guild the commands belong to; None for global ones.

    Raises:
        Refused: 20012 another application's, 10004 an unknown guild, 50001 one in which the bot is not.
    """
    if call.path["application_id"] != call.world.application_id:
        raise Refused(20012)
    guild_id = call.path.get("guild_id")
    if guild_id is None:
        return None
    guild = call.world.guild(guild_id)
    if call.world.bot.id not in guild.members:
        raise Refused(50001)
    return guild.id


def _registry(call: Call) -> Registry:
    return call.discord.registry


async def list_all(call: Call) -> Reply:
    """Answer `GET …/commands`."""
    found = _registry(call).of(_place(call))
    full = call.flag("with_localizations")
    return 200, [command if full else _plain(command, call.locale) for command in found]


def _plain(what: Any, locale: str) -> Any:
    """Write a command as lists give it unless asked: without its localizations, but with those of one language."""
    if isinstance(what, list):
        return [_plain(item, locale) for item in what]
    if not isinstance(what, dict):
        return what
    plain = {key: _plain(value, locale) for key, value in what.items() if not key.endswith("_localizations")}
    for key in ("name", "description"):
        if (text := (what.get(f"{key}_localizations") or {}).get(locale)) is not None:
            plain[f"{key}_localized"] = text
    return plain


async def replace_all(call: Call) -> Reply:
    """Answer `PUT …/commands`: these and no others."""
    return 200, _registry(call).replace(_place(call), call.body or [])


async def create(call: Call) -> Reply:
    """Answer `POST …/commands`: a new one (201), or in place of the one with its name (200)."""
    place = _place(call)
    known = _registry(call).named(place, call.form)
    if known is None and len(_registry(call).of(place)) >= MOST_COMMANDS:
        raise Refused(30032)
    return (201 if known is None else 200), _registry(call).put(place, call.form, known)


async def get(call: Call) -> Reply:
    """Answer `GET …/commands/{command_id}`."""
    return 200, _registry(call).get(_place(call), call.path["command_id"])


async def update(call: Call) -> Reply:
    """Answer `PATCH …/commands/{command_id}`."""
    place = _place(call)
    known = _registry(call).get(place, call.path["command_id"])
    return 200, _registry(call).put(place, {**known, **call.form}, known)


async def delete(call: Call) -> Reply:
    """Answer `DELETE …/commands/{command_id}`."""
    _registry(call).remove(_place(call), call.path["command_id"])
    return NO_CONTENT


async def permissions(call: Call) -> Reply:
    """Answer `GET …/commands/permissions`: what the server decided under Integrations."""
    guild = call.world.guild(_place(call) or "")
    decided = [key for key, rules in guild.command_rules.items() if rules]
    return 200, [serialize.command_permissions(call.world, guild, key) for key in decided]


async def permissions_of(call: Call) -> Reply:
    """Answer `GET …/commands/{command_id}/permissions`; the application's own id stands for all commands."""
    guild, key = call.world.guild(_place(call) or ""), call.path["command_id"]
    if not guild.command_rules.get(key):
        raise Refused(10066)
    return 200, serialize.command_permissions(call.world, guild, key)


async def set_permissions(call: Call) -> Reply:
    """Answer `PUT …/commands/{command_id}/permissions`: for members with a token of their own only."""
    _place(call)
    raise Refused(20001)


def _check_all(call: Call) -> list[Problem]:
    return check_commands(call.body)


def _check_one(call: Call) -> list[Problem]:
    return check_command(call.body)


def _check_change(call: Call) -> list[Problem]:
    known = call.discord.registry.find(call.path.get("guild_id"), call.path["command_id"])
    return check_command({**known, **call.form}) if known else []


def _routes(base: str) -> tuple[Route, ...]:
    one = base + "/{command_id}"
    return (
        Route(method="GET", path=base, handler=list_all),
        Route(method="PUT", path=base, handler=replace_all, check=_check_all),
        Route(method="POST", path=base, handler=create, check=_check_one),
        Route(method="GET", path=one, handler=get),
        Route(method="PATCH", path=one, handler=update, check=_check_change),
        Route(method="DELETE", path=one, handler=delete),
    )


_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
ROUTES = (
    Route(method="GET", path=f"{_GUILD}/permissions", handler=permissions),
    Route(method="GET", path=_GUILD + "/{command_id}/permissions", handler=permissions_of),
    Route(method="PUT", path=_GUILD + "/{command_id}/permissions", handler=set_permissions),
    *_routes("/applications/{application_id}/commands"),
    *_routes(_GUILD),
)
