"""Serves guilds, their channels, roles and members."""

from sandbox.discord import serialize
from sandbox.discord.errors import Problem, Refused
from sandbox.discord.permissions import Permission, in_guild
from sandbox.discord.rest.call import Call, Reply, Route
from sandbox.discord.rules import validate
from sandbox.discord.world import Guild, Json

PAGE, LONGEST_PAGE = 50, 100
# What else an answer of the audit log has.
_OF_AUDIT_LOG = (
    *("integrations", "webhooks", "guild_scheduled_events", "threads", "application_commands"),
    "auto_moderation_rules",
)


def _guild(call: Call) -> Guild:
    guild = call.world.guild(call.path["guild_id"])
    if call.world.bot.id not in guild.members:
        raise Refused(50001)
    return guild


async def guild(call: Call) -> Reply:
    """Answer `GET /guilds/{guild_id}`, with counts when asked; one without the bot is unknown to it."""
    found = call.world.guild(call.path["guild_id"])
    if call.world.bot.id not in found.members:
        raise Refused(10004)
    shape = serialize.guild(found)
    if call.flag("with_counts"):
        count = len(found.members)
        shape |= {"approximate_member_count": count, "approximate_presence_count": count}
    return 200, shape


async def channels(call: Call) -> Reply:
    """Answer `GET /guilds/{guild_id}/channels`."""
    return 200, [serialize.channel(call.world, channel) for channel in call.world.channels_of(_guild(call))]


async def threads(call: Call) -> Reply:
    """Answer `GET /guilds/{guild_id}/threads/active`."""
    found = call.world.threads_of(_guild(call))
    joined = [own for c in found if (own := serialize.thread_member(c, call.world.bot.id))]
    return 200, {"threads": [serialize.channel(call.world, c) for c in found], "members": joined, "has_more": False}


async def roles(call: Call) -> Reply:
    """Answer `GET /guilds/{guild_id}/roles`."""
    return 200, [serialize.role(role) for role in _guild(call).roles.values()]


async def role(call: Call) -> Reply:
    """Answer `GET /guilds/{guild_id}/roles/{role_id}`."""
    found = _guild(call).roles.get(call.path["role_id"])
    if found is None:
        raise Refused(10011)
    return 200, serialize.role(found)


async def member(call: Call) -> Reply:
    """Answer `GET /guilds/{guild_id}/members/{user_id}`."""
    found = _guild(call).members.get(call.path["user_id"])
    if found is None:
        call.world.user(call.path["user_id"])
        raise Refused(10007)
    return 200, serialize.member(call.world, found)


async def members(call: Call) -> Reply:
    """Answer `GET /guilds/{guild_id}/members`: for applications with the members' intent, which this one lacks."""
    _guild(call)
    raise Refused(50001)


async def audit_log(call: Call) -> Reply:
    """Answer `GET /guilds/{guild_id}/audit-logs`: newest first, or with `after` oldest first; 50 unless `limit` says.

    Raises:
        Refused: 50013, the bot may not view it.
    """
    guild, asked = _guild(call), call.query
    if not in_guild(guild, guild.members[call.world.bot.id]) & Permission.VIEW_AUDIT_LOG:
        raise Refused(50013)
    wanted = ("action_type", "user_id", "target_id")
    found = [e for e in guild.audit_log if all(str(e[key]) == asked[key] for key in wanted if key in asked)]
    if "before" in asked:
        found = [e for e in found if int(e["id"]) < int(asked["before"])]
    if "after" in asked:
        found = [e for e in found if int(e["id"]) > int(asked["after"])]
    page = (found if "after" in asked else found[::-1])[: int(asked.get("limit", PAGE))]
    people = dict.fromkeys(key for entry in page for key in (entry["user_id"], entry["target_id"]))
    nothing: list[Json] = []
    return 200, {
        **dict.fromkeys(_OF_AUDIT_LOG, nothing),
        "audit_log_entries": page,
        "users": [serialize.user(call.world.users[key]) for key in people],
    }


def _check_audit_log(call: Call) -> list[Problem]:
    return list(validate.page(call.query, ("before", "after", "user_id", "target_id"), most=LONGEST_PAGE))


async def update_my_member(call: Call) -> Reply:
    """Answer `PATCH /guilds/{guild_id}/members/@me`: the bot's nickname."""
    own = _guild(call).members[call.world.bot.id]
    if "nick" in call.form:
        own.nick = call.form["nick"] or None
    return 200, serialize.member(call.world, own)


ROUTES = (
    Route(method="GET", path="/guilds/{guild_id}", handler=guild),
    Route(method="GET", path="/guilds/{guild_id}/channels", handler=channels),
    Route(method="GET", path="/guilds/{guild_id}/threads/active", handler=threads),
    Route(method="GET", path="/guilds/{guild_id}/roles", handler=roles),
    Route(method="GET", path="/guilds/{guild_id}/roles/{role_id}", handler=role),
    Route(method="GET", path="/guilds/{guild_id}/members", handler=members),
    Route(method="PATCH", path="/guilds/{guild_id}/members/@me", handler=update_my_member),
    Route(method="GET", path="/guilds/{guild_id}/members/{user_id}", handler=member),
    Route(method="GET", path="/guilds/{guild_id}/audit-logs", handler=audit_log, check=_check_audit_log),
)
