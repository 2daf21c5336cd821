"""Serves reactions: who reacted to a message with what, one's own, and those of others to take away."""

from sandbox.discord import serialize
from sandbox.discord.emoji import is_emoji
from sandbox.discord.errors import Problem, Refused
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import NO_CONTENT, Call, Reply, Route
from sandbox.discord.rules import validate
from sandbox.discord.world import Channel, Message

PAGE, LONGEST_PAGE = 25, 100


def _found(call: Call, *needed: Permission) -> tuple[Channel, Message]:
    place = call.channel(Permission.READ_MESSAGE_HISTORY, *needed)
    return place, call.world.message(place.id, call.path["message_id"])


def _emoji(call: Call) -> str:
    """Read the emoji of the path; the guilds here have none of their own.

    Raises:
        Refused: 10014, it is none.
    """
    if not is_emoji(call.path["emoji_name"]):
        raise Refused(10014)
    return call.path["emoji_name"]


def _moderated(call: Call) -> tuple[Channel, Message]:
    """Find the message whose reactions the bot may take away.

    Raises:
        Refused: 50003 in a direct message, 50013 without Manage Messages.
    """
    place, message = _found(call)
    if place.guild_id is None:
        raise Refused(50003)
    call.require(place, Permission.MANAGE_MESSAGES)
    return place, message


async def users(call: Call) -> Reply:
    """Answer `GET …/reactions/{emoji_name}`: who reacted with it, by id; there are no super reactions."""
    _, message = _found(call)
    reacted = sorted(map(int, message.reactions.get(_emoji(call), [])))
    after, limit = int(call.query.get("after", "0")), int(call.query.get("limit", PAGE))
    page = [] if call.query.get("type") == "1" else [each for each in reacted if each > after][:limit]
    return 200, [serialize.user(call.world.users[str(each)]) for each in page]


async def react(call: Call) -> Reply:
    """Answer `PUT …/reactions/{emoji_name}/@me`; the first with an emoji needs a permission of its own."""
    place, message = _found(call)
    emoji = _emoji(call)
    if emoji not in message.reactions:
        call.require(place, Permission.ADD_REACTIONS)
    if place.archived:
        raise Refused(50083)
    call.discord.messages.react(message, place, emoji, call.world.bot)
    return NO_CONTENT


async def unreact(call: Call) -> Reply:
    """Answer `DELETE …/reactions/{emoji_name}/@me`."""
    place, message = _found(call)
    if not call.discord.messages.unreact(message, place, _emoji(call), call.world.bot):
        raise Refused(10014)
    return NO_CONTENT


async def unreact_other(call: Call) -> Reply:
    """Answer `DELETE …/reactions/{emoji_name}/{user_id}`."""
    place, message = _moderated(call)
    if not call.discord.messages.unreact(message, place, _emoji(call), call.world.user(call.path["user_id"])):
        raise Refused(10014)
    return NO_CONTENT


async def clear(call: Call) -> Reply:
    """Answer `DELETE …/reactions` and `DELETE …/reactions/{emoji_name}`."""
    place, message = _moderated(call)
    call.discord.messages.clear_reactions(message, place, _emoji(call) if "emoji_name" in call.path else None)
    return NO_CONTENT


def _check_page(call: Call) -> list[Problem]:
    return list(validate.page(call.query, ("after",), most=LONGEST_PAGE))


_ALL = "/channels/{channel_id}/messages/{message_id}/reactions"
_EMOJI = _ALL + "/{emoji_name}"
ROUTES = (
    Route(method="GET", path=_EMOJI, handler=users, check=_check_page),
    Route(method="PUT", path=_EMOJI + "/@me", handler=react),
    Route(method="DELETE", path=_EMOJI + "/@me", handler=unreact),
    Route(method="DELETE", path=_EMOJI + "/{user_id}", handler=unreact_other),
    Route(method="DELETE", path=_EMOJI, handler=clear),
    Route(method="DELETE", path=_ALL, handler=clear),
)
