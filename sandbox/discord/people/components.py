"""Presses buttons and chooses from selects."""

from collections.abc import Sequence
from typing import Any

from sandbox.discord.interactions import Interaction, Kind
from sandbox.discord.message_content import walk
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.people.options import Resolver
from sandbox.discord.permissions import permissions_of
from sandbox.discord.service import Discord
from sandbox.discord.world import Channel, Json, Message, User

BUTTON, STRING, USER, ROLE, MENTIONABLE, CHANNEL = 2, 3, 5, 6, 7, 8
SELECTS = (STRING, USER, ROLE, MENTIONABLE, CHANNEL)


def seen_message(discord: Discord, user: User, message_id: str) -> tuple[Channel, Message]:
    """Find a message that this person sees, and where.

    Raises:
        ImpossibleAction: there is none.
    """
    for channel in discord.world.channels.values():
        message = channel.messages.get(message_id)
        visible = message is not None and message.visible_to in (None, user.id)
        if message is not None and visible and permissions_of(discord.world, user.id, channel):
            return channel, message
    raise ImpossibleAction(f"{user.username} sees no message {message_id!r}")


def press(
    discord: Discord,
    user: User,
    *,
    message_id: str,
    custom_id: str,
    values: Sequence[Any] | None = None,
    locale: str | None = None,
) -> Interaction:
    """Press a button or choose values of a select.

    Raises:
        ImpossibleAction: no such message or component to this person, a disabled one, or values it does not take.
    """
    channel, message = seen_message(discord, user, message_id)
    component = next((c for c in walk(message.data["components"]) if c.get("custom_id") == custom_id), None)
    if component is None:
        known = [c["custom_id"] for c in walk(message.data["components"]) if c.get("custom_id")]
        raise ImpossibleAction(f"the message has no component {custom_id!r}; it has {known}")
    if component.get("disabled"):
        raise ImpossibleAction(f"the component {custom_id!r} is disabled")
    resolver = Resolver(discord=discord, user=user, channel=channel)
    data: Json = {"custom_id": custom_id, "component_type": component["type"], "id": component["id"]}
    if component["type"] in SELECTS:
        data["values"] = choose(resolver, component, values or [])
    elif values:
        raise ImpossibleAction("a button takes no values")
    if resolver.resolved:
        data["resolved"] = resolver.resolved
    interactions = discord.interactions
    return interactions.open(kind=Kind.COMPONENT, user=user, channel=channel, data=data, locale=locale, source=message)


def choose(resolver: Resolver, select: Json, values: Sequence[Any]) -> list[str]:
    """Check the values of a select: as many as it takes, and all of them on offer.

    Raises:
        ImpossibleAction: otherwise.
    """
    name = select["custom_id"]
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if not least <= len(values) <= most:
        raise ImpossibleAction(f"{name!r} takes {least} to {most} values, not {len(values)}")
    found = _found(resolver, select, values)
    if len(set(found)) < len(found):
        raise ImpossibleAction(f"{name!r} takes each value once")
    return found


def _found(resolver: Resolver, select: Json, values: Sequence[Any]) -> list[str]:
    """Look up what the values mean: options of the select, or ids of users, roles and channels."""
    match select["type"]:
        case 3 | 21 | 22:
            offered = [option["value"] for option in select["options"]]
            if wrong := [value for value in values if value not in offered]:
                raise ImpossibleAction(f"{select['custom_id']!r} offers {offered}, not {wrong[0]!r}")
            return [str(value) for value in values]
        case 5:
            return [resolver.find_user(value) for value in values]
        case 6:
            return [resolver.find_role(value) for value in values]
        case 7:
            return [resolver.find_mentionable(value) for value in values]
    return [resolver.find_channel(value, select.get("channel_types")) for value in values]
