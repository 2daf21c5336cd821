"""Serves polls: who voted for what, and their end before time."""

from sandbox.discord import serialize
from sandbox.discord.errors import Problem, Refused
from sandbox.discord.permissions import Permission
from sandbox.discord.rest.call import Call, Reply, Route
from sandbox.discord.rules import validate

LONGEST_PAGE = 100


async def voters(call: Call) -> Reply:
    """Answer `GET /channels/{channel_id}/polls/{message_id}/answers/{answer_id}`: people here do not vote."""
    place = call.channel(Permission.READ_MESSAGE_HISTORY)
    message = call.world.message(place.id, call.path["message_id"])
    answers = message.data.get("poll", {}).get("answers", ())
    if call.path["answer_id"] not in {str(answer["answer_id"]) for answer in answers}:
        raise Refused(10008)
    return 200, {"users": []}


async def expire(call: Call) -> Reply:
    """Answer `POST /channels/{channel_id}/polls/{message_id}/expire`: the bot's own poll ends now."""
    place = call.channel()
    message = call.world.message(place.id, call.path["message_id"])
    if message.author_id != call.world.bot.id:
        raise Refused(50005)
    if "poll" not in message.data:
        raise Refused(520006)
    if serialize.message(call.world, message)["poll"]["results"]["is_finalized"]:
        raise Refused(520001)
    call.discord.messages.end_poll(message, where=place)
    return 200, serialize.message(call.world, message)


def _check_page(call: Call) -> list[Problem]:
    return list(validate.page(call.query, ("after",), most=LONGEST_PAGE))


_POLL = "/channels/{channel_id}/polls/{message_id}"
ROUTES = (
    Route(method="GET", path=_POLL + "/answers/{answer_id}", handler=voters, check=_check_page),
    Route(method="POST", path=_POLL + "/expire", handler=expire),
)
