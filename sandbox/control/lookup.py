"""Finds the people and channels that a call names, by name or id."""

from typing import Any

from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.world import Channel, Json, User, World


def user_of(world: World, given: Any) -> User:
    """Find the person of this name or id.

    Raises:
        ImpossibleAction: there is none; the bot is no person.
    """
    for user in world.users.values():
        if str(given) in (user.id, user.username) and not user.bot:
            return user
    raise ImpossibleAction(f"there is no user {given!r}")


def channel_of(world: World, given: Any, user: Any) -> Channel:
    """Find the channel of this name or id; `dm` is the direct message of `user`.

    Raises:
        ImpossibleAction: there is none.
    """
    if given == "dm":
        return world.direct_channel(user_of(world, user))
    for channel in world.channels.values():
        if str(given) in (channel.id, channel.name or channel.id):
            return channel
    raise ImpossibleAction(f"there is no channel {given!r}")


def user_and_channel(world: World, body: Json) -> tuple[User, Channel]:
    """Say who acts, and in which channel: `general` unless another is named.

    Raises:
        ImpossibleAction: there is no such user or channel.
    """
    user = user_of(world, body.get("user"))
    return user, channel_of(world, body.get("channel", "general"), user.id)
