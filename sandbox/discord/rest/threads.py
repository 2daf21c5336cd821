"""Serves threads: opens them, and lets people join and leave."""

from sandbox.discord import serialize
from sandbox.discord.errors import Problem, Refused
from sandbox.discord.opcodes import Intent
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import NO_CONTENT, Call, Reply, Route
from sandbox.discord.rules import validate
from sandbox.discord.world import Channel, Json

PUBLIC, PRIVATE = 11, 12


def _check_thread(call: Call) -> list[Problem]:
    """Check that a thread has a name, and goes to rest after an hour, a day, three days or a week."""
    wrong = [*validate.types(call.form, {"name": str}, ())]
    if not call.form.get("name"):
        wrong.append(validate.missing(("name",)))
    wrong += validate.length(call.form.get("name"), ("name",), most=100)
    if call.form.get("auto_archive_duration", 60) not in (60, 1440, 4320, 10080, None):
        wrong.append(validate.choices(("auto_archive_duration",), (60, 1440, 4320, 10080)))
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
    thread.joined[world.bot.id] = thread.created_at
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


def _thread(call: Call) -> Channel:
    thread = call.channel()
    if not thread.is_thread:
        raise Refused(50024)
    return thread


def _change(call: Call, user_id: str, *, joins: bool) -> Reply:
    """Let somebody join a thread or leave it; without the members' intent the bot hears of itself only."""
    thread, world = _thread(call), call.world
    if thread.archived:
        raise Refused(50083)
    if joins is (user_id in thread.joined):
        return NO_CONTENT
    if joins:
        thread.joined[user_id] = world.clock.stamp()
    else:
        del thread.joined[user_id]
    if user_id == world.bot.id:
        about: Json = {"id": thread.id, "guild_id": thread.guild_id, "member_count": len(thread.joined)}
        if joins:
            own = serialize.member(world, world.guild(thread.guild_id or "").members[user_id])
            about["added_members"] = [{**(serialize.thread_member(thread, user_id) or {}), "member": own}]
        else:
            about["removed_member_ids"] = [user_id]
        call.discord.gateway.dispatch("THREAD_MEMBERS_UPDATE", about, guild_id=thread.guild_id, intent=Intent.GUILDS)
    return NO_CONTENT


async def join(call: Call) -> Reply:
    """Answer `PUT /channels/{channel_id}/thread-members/@me`."""
    return _change(call, call.world.bot.id, joins=True)


async def leave(call: Call) -> Reply:
    """Answer `DELETE /channels/{channel_id}/thread-members/@me`."""
    return _change(call, call.world.bot.id, joins=False)


async def add(call: Call) -> Reply:
    """Answer `PUT /channels/{channel_id}/thread-members/{user_id}`: a member of the guild, by who may write there."""
    thread = _thread(call)
    call.require(thread, Permission.SEND_MESSAGES_IN_THREADS)
    return _change(call, _member(call, thread), joins=True)


async def remove(call: Call) -> Reply:
    """Answer `DELETE /channels/{channel_id}/thread-members/{user_id}`: by moderators, or its private opener."""
    thread = _thread(call)
    if thread.type != PRIVATE or thread.owner_id != call.world.bot.id:
        call.require(thread, Permission.MANAGE_THREADS)
    return _change(call, _member(call, thread), joins=False)


def _member(call: Call, thread: Channel) -> str:
    """Find who is meant, a member of the thread's guild.

    Raises:
        Refused: 10013 or 10007.
    """
    user = call.world.user(call.path["user_id"])
    if user.id not in call.world.guild(thread.guild_id or "").members:
        raise Refused(10007)
    return user.id


async def member(call: Call) -> Reply:
    """Answer `GET /channels/{channel_id}/thread-members/{user_id}`, with the guild's member when asked."""
    thread = _thread(call)
    found = serialize.thread_member(thread, call.path["user_id"])
    if found is None:
        raise Refused(10007)
    if call.flag("with_member"):
        whole = call.world.guild(thread.guild_id or "").members[call.path["user_id"]]
        found["member"] = serialize.member(call.world, whole)
    return 200, found


async def members(call: Call) -> Reply:
    """Answer `GET /channels/{channel_id}/thread-members`: for applications with the members' intent, like a guild's."""
    _thread(call)
    raise Refused(50001)


_MEMBERS = "/channels/{channel_id}/thread-members"
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
    Route(method="PUT", path=f"{_MEMBERS}/@me", handler=join),
    Route(method="DELETE", path=f"{_MEMBERS}/@me", handler=leave),
    Route(method="GET", path=_MEMBERS, handler=members),
    Route(method="GET", path=_MEMBERS + "/{user_id}", handler=member),
    Route(method="PUT", path=_MEMBERS + "/{user_id}", handler=add),
    Route(method="DELETE", path=_MEMBERS + "/{user_id}", handler=remove),
)
