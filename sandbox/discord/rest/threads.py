"""Serves threads and reactions: what grows on messages and channels."""

from sandbox.discord import serialize
from sandbox.discord.errors import Problem, Refused
from sandbox.discord.opcodes import Intent
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import NO_CONTENT, Call, Reply, Route
from sandbox.discord.rules import validate
from sandbox.discord.world import Channel, Json, Message

PUBLIC, PRIVATE = 11, 12


def _check_thread(call: Call) -> list[Problem]:
    """Check that a thread has a name, and goes to rest after an hour, a day, three days or a week."""
    wrong = [*validate.types(call.form, {"name": str}, ())]
    if not call.form.get("name"):
        wrong.append(validate.missing(("name",)))
    wrong += validate.length(call.form.get("name"), ("name",), most=100)
    if call.form.get("auto_archive_duration", 60) not in (60, 1440, 4320, 10080, None):
        text = "Value must be one of {60, 1440, 4320, 10080}."
        wrong.append(validate.problem(("auto_archive_duration",), "BASE_TYPE_CHOICES", text))
    return wrong


def _open(call: Call, parent: Channel, *, kind: int, thread_id: str) -> Reply:
    """Make the thread and tell the gateway."""
    world = call.world
    thread = Channel(
        id=thread_id,
        type=kind,
        name=str(call.form.get("name")),
        guild_id=parent.guild_id,
        parent_id=parent.id,
        owner_id=world.bot.id,
        auto_archive_minutes=int(call.form.get("auto_archive_duration") or 1440),
        created_at=world.clock.stamp(),
    )
    world.channels[thread.id] = thread
    shape = serialize.channel(world, thread)
    created = {**shape, "newly_created": True}
    call.discord.gateway.dispatch("THREAD_CREATE", created, guild_id=thread.guild_id, intent=Intent.GUILDS)
    return 201, shape


async def from_message(call: Call) -> Reply:
    """Answer `POST /channels/{channel_id}/messages/{message_id}/threads`: the thread takes the message's id."""
    parent = call.channel(Permission.CREATE_PUBLIC_THREADS)
    message = call.world.message(parent.id, call.path["message_id"])
    if parent.is_thread or parent.guild_id is None:
        raise Refused(50024)
    if message.id in call.world.channels:
        raise Refused(160004)
    return _open(call, parent, kind=PUBLIC, thread_id=message.id)


async def without_message(call: Call) -> Reply:
    """Answer `POST /channels/{channel_id}/threads`: private unless the body's `type` says public."""
    parent = call.channel()
    if parent.is_thread or parent.guild_id is None:
        raise Refused(50024)
    kind = PUBLIC if call.form.get("type") == PUBLIC else PRIVATE
    needed = Permission.CREATE_PUBLIC_THREADS if kind == PUBLIC else Permission.CREATE_PRIVATE_THREADS
    call.require(parent, needed)
    return _open(call, parent, kind=kind, thread_id=call.world.new_id())


async def member(call: Call) -> Reply:
    """Answer `PUT` and `DELETE /channels/{channel_id}/thread-members/…`: somebody joins or leaves a thread."""
    thread = call.channel()
    if not thread.is_thread:
        raise Refused(50024)
    if thread.archived:
        raise Refused(50083)
    return NO_CONTENT


def _reacted(call: Call, *needed: Permission) -> tuple[Channel, Message, Json]:
    place = call.channel(Permission.READ_MESSAGE_HISTORY, *needed)
    message = call.world.message(place.id, call.path["message_id"])
    name, _, emoji_id = call.path["emoji_name"].partition(":")
    return place, message, {"id": emoji_id or None, "name": name}


async def react(call: Call) -> Reply:
    """Answer `PUT …/reactions/{emoji_name}/@me`."""
    place, message, emoji = _reacted(call, Permission.ADD_REACTIONS)
    if place.archived:
        raise Refused(50083)
    shown = message.data.setdefault("reactions", [])
    if not any(row["emoji"] == emoji for row in shown):
        shown.append(
            {
                "emoji": emoji,
                "count": 1,
                "count_details": {"burst": 0, "normal": 1},
                "burst_colors": [],
                "me": True,
                "me_burst": False,
            },
        )
        call.discord.messages.react("MESSAGE_REACTION_ADD", message, place, emoji, call.world.bot)
    return NO_CONTENT


async def unreact(call: Call) -> Reply:
    """Answer `DELETE …/reactions/{emoji_name}/@me`."""
    place, message, emoji = _reacted(call)
    shown = message.data.get("reactions", [])
    left = [row for row in shown if row["emoji"] != emoji]
    if len(left) == len(shown):
        raise Refused(10014)
    message.data["reactions"] = left
    call.discord.messages.react("MESSAGE_REACTION_REMOVE", message, place, emoji, call.world.bot)
    return NO_CONTENT


_MEMBERS = "/channels/{channel_id}/thread-members"
_MINE = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"
ROUTES = (
    Route(
        method="POST",
        path="/channels/{channel_id}/messages/{message_id}/threads",
        handler=from_message,
        check=_check_thread,
    ),
    Route(
        method="POST", path="/channels/{channel_id}/threads", handler=without_message, check=_check_thread, forms=True
    ),
    Route(method="PUT", path=f"{_MEMBERS}/@me", handler=member),
    Route(method="DELETE", path=f"{_MEMBERS}/@me", handler=member),
    Route(method="PUT", path=_MEMBERS + "/{user_id}", handler=member),
    Route(method="DELETE", path=_MEMBERS + "/{user_id}", handler=member),
    Route(method="PUT", path=_MINE, handler=react),
    Route(method="DELETE", path=_MINE, handler=unreact),
)
