"""Serves pinned messages, at their own paths and at the older ones."""

from sandbox.discord import serialize
from sandbox.discord.errors import Problem, Refused
from sandbox.discord.messages import Messages
from sandbox.discord.permissions import Permission, permissions_of
from sandbox.discord.rest.call import NO_CONTENT, Call, Reply, Route
from sandbox.discord.rules import validate
from sandbox.discord.serialize import PINS_ADD
from sandbox.discord.world import Channel, Json, Message

MOST_PINS = 250
LONGEST_PAGE = 50


def _pinned(call: Call) -> list[tuple[str, Message]]:
    """List what is pinned with when it was, newest first; nothing where the bot may not read what was written."""
    place = call.channel()
    if not permissions_of(call.world, call.world.bot.id, place) & Permission.READ_MESSAGE_HISTORY:
        return []
    return [(when, place.messages[message]) for message, when in reversed(place.pins.items())]


async def pins(call: Call) -> Reply:
    """Answer `GET /channels/{channel_id}/messages/pins`, a page at a time."""
    before, limit = call.query.get("before"), int(call.query.get("limit", LONGEST_PAGE))
    found = [(when, message) for when, message in _pinned(call) if before is None or when < _stamp(before)]
    items = [{"pinned_at": when, "message": serialize.read_message(call.world, what)} for when, what in found[:limit]]
    return 200, {"items": items, "has_more": len(found) > limit}


def _stamp(given: str) -> str:
    """Write a moment as the sandbox does: of times in UTC, the texts have the order of the moments."""
    return given.replace(" ", "+").replace("Z", "+00:00")


async def all_pins(call: Call) -> Reply:
    """Answer `GET /channels/{channel_id}/pins`: the fifty newest."""
    return 200, [serialize.read_message(call.world, message) for _, message in _pinned(call)[:LONGEST_PAGE]]


def _found(call: Call) -> tuple[Channel, Message, Messages]:
    place = call.channel()
    if place.guild_id is not None:
        call.require(place, Permission.PIN_MESSAGES)
    return place, call.world.message(place.id, call.path["message_id"]), call.discord.messages


async def pin(call: Call) -> Reply:
    """Answer `PUT …/pins/{message_id}`, and tell of it in the channel; a pinned message stays as it is."""
    place, message, messages = _found(call)
    if message.data["type"] == PINS_ADD:
        raise Refused(50021)
    if message.id in place.pins:
        return NO_CONTENT
    if len(place.pins) >= MOST_PINS:
        raise Refused(30003)
    messages.pin(message, where=place, pinned=True)
    about: Json = {"type": 0, "channel_id": place.id, "message_id": message.id}
    if place.guild_id is not None:
        about["guild_id"] = place.guild_id
    extra: Json = {"type": PINS_ADD, "message_reference": about}
    await messages.post(where=place, author=call.world.bot, body={}, extra=extra)
    return NO_CONTENT


async def unpin(call: Call) -> Reply:
    """Answer `DELETE …/pins/{message_id}`."""
    place, message, messages = _found(call)
    if message.id in place.pins:
        messages.pin(message, where=place, pinned=False)
    return NO_CONTENT


def _check_page(call: Call) -> list[Problem]:
    return list(validate.page(call.query, (), most=LONGEST_PAGE))


_PINS, _OLDER = "/channels/{channel_id}/messages/pins", "/channels/{channel_id}/pins"
ROUTES = (
    Route(method="GET", path=_PINS, handler=pins, check=_check_page),
    Route(method="GET", path=_OLDER, handler=all_pins),
    *(
        Route(method=method, path=path + "/{message_id}", handler=handler)
        for path in (_PINS, _OLDER)
        for method, handler in (("PUT", pin), ("DELETE", unpin))
    ),
)
