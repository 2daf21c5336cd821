"""Serves channels and threads, and the messages in them."""

from sandbox.discord import serialize
from sandbox.discord.clock import Snowflakes
from sandbox.discord.errors import Problem, Refused
from sandbox.discord.opcodes import Intent
from sandbox.discord.permissions import Permission, permissions_of
from sandbox.discord.rest.call import NO_CONTENT, Call, Reply, Route
from sandbox.discord.rules import validate
from sandbox.discord.rules.messages import check_message
from sandbox.discord.world import CATEGORY, Channel, Json, Message

DIRECT = 1
PAGE, LONGEST_PAGE, FEWEST_AT_ONCE = 50, 100, 2
TWO_WEEKS = 14 * 86_400
REPLY = 19


async def channel(call: Call) -> Reply:
    """Answer `GET /channels/{channel_id}`."""
    return 200, serialize.channel(call.world, call.channel())


async def update(call: Call) -> Reply:
    """Answer `PATCH /channels/{channel_id}`: a thread's name, archive and lock, or a channel's name and topic."""
    place = call.channel()
    if place.type == DIRECT:
        raise Refused(50003)
    needed = Permission.MANAGE_THREADS if place.is_thread else Permission.MANAGE_CHANNELS
    if place.owner_id != call.world.bot.id:
        call.require(place, needed)
    for key in ("name", "topic", "archived", "locked"):
        if key in call.form:
            setattr(place, key, call.form[key])
    shape = serialize.channel(call.world, place)
    event = "THREAD_UPDATE" if place.is_thread else "CHANNEL_UPDATE"
    call.discord.gateway.dispatch(event, shape, guild_id=place.guild_id, intent=Intent.GUILDS)
    return 200, shape


async def list_messages(call: Call) -> Reply:
    """Answer `GET /channels/{channel_id}/messages`: newest first, 50 unless `limit` says otherwise."""
    place = call.channel(Permission.READ_MESSAGE_HISTORY)
    public = [m for m in place.messages.values() if m.visible_to is None]
    limit = int(call.query.get("limit", PAGE))
    if before := call.query.get("before"):
        page = [m for m in public if int(m.id) < int(before)][-limit:]
    elif after := call.query.get("after"):
        page = [m for m in public if int(m.id) > int(after)][:limit]
    elif around := call.query.get("around"):
        nearest = sorted(public, key=lambda m: abs(int(m.id) - int(around)))[:limit]
        page = sorted(nearest, key=lambda m: int(m.id))
    else:
        page = public[-limit:]
    return 200, [serialize.read_message(call.world, m) for m in reversed(page)]


async def get_message(call: Call) -> Reply:
    """Answer `GET /channels/{channel_id}/messages/{message_id}`."""
    place = call.channel(Permission.READ_MESSAGE_HISTORY)
    return 200, serialize.read_message(call.world, call.world.message(place.id, call.path["message_id"]))


def may_post(call: Call, place: Channel) -> None:
    """Check that the bot may write this message here.

    Raises:
        Refused: 50001, 50007, 50008, 50013, 50081 (there are no stickers), 50083, 50278 or 160005.
    """
    person = None if place.recipient_id is None else call.world.users[place.recipient_id]
    if person is not None and not (person.has_app or call.world.meets(person.id)):
        raise Refused(50278)
    if person is not None and not person.dms_open:
        raise Refused(50007)
    if place.type == CATEGORY:
        raise Refused(50008)
    threaded = place.is_thread
    call.require(place, Permission.SEND_MESSAGES_IN_THREADS if threaded else Permission.SEND_MESSAGES)
    if call.uploads:
        call.require(place, Permission.ATTACH_FILES)
    if call.form.get("poll"):
        call.require(place, Permission.SEND_POLLS)
    if call.form.get("sticker_ids"):
        raise Refused(50081)
    moderates = permissions_of(call.world, call.world.bot.id, place) & Permission.MANAGE_THREADS
    if place.locked and not moderates:
        raise Refused(50083 if place.archived else 160005)


def _reference(call: Call, place: Channel) -> Json:
    """Build what makes a message a reply."""
    reference = call.form.get("message_reference")
    if not reference:
        return {}
    call.require(place, Permission.READ_MESSAGE_HISTORY)
    target = str(reference.get("message_id"))
    if target not in place.messages:
        if reference.get("fail_if_not_exists", True):
            raise Refused(50035, errors=_UNKNOWN_REFERENCE)
        return {}
    about: Json = {"type": 0, "channel_id": place.id, "message_id": target}
    if place.guild_id is not None:
        about["guild_id"] = place.guild_id
    return {"type": REPLY, "message_reference": about}


_UNKNOWN_REFERENCE = {
    "message_reference": {
        "_errors": [{"code": "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "message": "Unknown message"}],
    },
}


async def create_message(call: Call) -> Reply:
    """Answer `POST /channels/{channel_id}/messages`."""
    world, resolver = call.world, call.discord.messages
    place = call.channel()
    may_post(call, place)
    extra = _reference(call, place)
    async with resolver.writing_lock(place):
        message = resolver.repeated(place, call.form, world.bot)
        if message is None:
            place.archived = False
            message = await resolver.post(
                where=place, author=world.bot, body=call.form, uploads=call.uploads, extra=extra
            )
    return 200, serialize.message(world, message)


async def edit_message(call: Call) -> Reply:
    """Answer `PATCH /channels/{channel_id}/messages/{message_id}`: the bot's own messages."""
    place = call.channel()
    message = call.world.message(place.id, call.path["message_id"])
    if message.author_id != call.world.bot.id:
        raise Refused(50005)
    if place.archived:
        raise Refused(50083)
    if "poll" in message.data:
        raise Refused(520003)
    if call.form.get("sticker_ids"):
        raise Refused(50081)
    if call.uploads:
        call.require(place, Permission.ATTACH_FILES)
    call.discord.messages.count_late_edit(message)
    await call.discord.messages.edit(message, where=place, body=call.form, uploads=call.uploads)
    return 200, serialize.message(call.world, message)


async def delete_message(call: Call) -> Reply:
    """Answer `DELETE /channels/{channel_id}/messages/{message_id}`: one's own, or anyone's with Manage Messages."""
    place = call.channel()
    message = call.world.message(place.id, call.path["message_id"])
    if message.author_id != call.world.bot.id:
        call.require(place, Permission.MANAGE_MESSAGES)
        if place.type == DIRECT:
            raise Refused(50003)
    call.discord.messages.delete(message, where=place)
    return NO_CONTENT


async def delete_messages(call: Call) -> Reply:
    """Answer `POST /channels/{channel_id}/messages/bulk-delete`: anyone's, not older than two weeks."""
    place = call.channel()
    if place.guild_id is None:
        raise Refused(50003)
    call.require(place, Permission.MANAGE_MESSAGES)
    wanted = [str(each) for each in call.form["messages"]]
    if not FEWEST_AT_ONCE <= len(wanted) <= LONGEST_PAGE:
        raise Refused(50016)
    oldest = call.world.clock.now() - TWO_WEEKS
    if any(Snowflakes.moment(each) < oldest for each in wanted):
        raise Refused(50034)
    found = [message for each in wanted if (message := place.messages.get(each)) and message.visible_to is None]
    call.discord.messages.delete_many(found, where=place)
    return NO_CONTENT


async def delete(call: Call) -> Reply:
    """Answer `DELETE /channels/{channel_id}`; a direct message is only closed, and what was said stays."""
    place = call.channel()
    if place.type != DIRECT:
        call.require(place, Permission.MANAGE_THREADS if place.is_thread else Permission.MANAGE_CHANNELS)
        call.discord.delete_channel(place)
    return 200, serialize.channel(call.world, place)


async def typing(call: Call) -> Reply:
    """Answer `POST /channels/{channel_id}/typing`."""
    call.channel(Permission.SEND_MESSAGES)
    return NO_CONTENT


def _check_page(call: Call) -> list[Problem]:
    return list(validate.page(call.query, ("before", "after", "around"), most=LONGEST_PAGE))


def _check_many(call: Call) -> list[Problem]:
    """Check that messages are named by their ids, each once."""
    given, at = call.form.get("messages"), ("messages",)
    if not isinstance(given, list):
        return [validate.missing(at)] if given is None else list(validate.types(call.form, {"messages": list}, ()))
    wrong = [validate.snowflake(each, (*at, index)) for index, each in enumerate(given) if not str(each).isdecimal()]
    return [*wrong, *validate.duplicates(given, at)]


def _check_change(call: Call) -> list[Problem]:
    at: validate.At = ()
    types: dict[str, type] = {"name": str, "topic": str, "archived": bool, "locked": bool}
    name = validate.length(call.form.get("name"), ("name",), least=1, most=100)
    return [*validate.types(call.form, types, at), *name]


def _edited(call: Call) -> Message | None:
    place = call.world.channels.get(call.path["channel_id"])
    return place.messages.get(call.path["message_id"]) if place else None


def _check_new(call: Call) -> list[Problem]:
    return check_message(call.sent, [upload.filename for upload in call.uploads], kind="create")


def _check_edit(call: Call) -> list[Problem]:
    names = [upload.filename for upload in call.uploads]
    return check_message(call.sent, names, kind="edit", current=_edited(call))


_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
ROUTES = (
    Route(method="GET", path="/channels/{channel_id}", handler=channel),
    Route(method="PATCH", path="/channels/{channel_id}", handler=update, check=_check_change),
    Route(method="DELETE", path="/channels/{channel_id}", handler=delete),
    Route(method="POST", path="/channels/{channel_id}/typing", handler=typing),
    Route(method="GET", path=_MESSAGES, handler=list_messages, check=_check_page),
    Route(method="POST", path=_MESSAGES, handler=create_message, check=_check_new, calls=("message",), forms=True),
    Route(method="POST", path=f"{_MESSAGES}/bulk-delete", handler=delete_messages, check=_check_many),
    Route(method="GET", path=_MESSAGE, handler=get_message),
    Route(method="PATCH", path=_MESSAGE, handler=edit_message, check=_check_edit, calls=("edit",), forms=True),
    Route(method="DELETE", path=_MESSAGE, handler=delete_message),
)
