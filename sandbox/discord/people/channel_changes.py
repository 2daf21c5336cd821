"""Makes, changes, archives and deletes channels, categories and threads, and tells the gateway."""

from collections.abc import Sequence

from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.service import Discord
from sandbox.discord.world import CATEGORY, GROUP, TEXT, Channel, Json, User, World

FEWEST_IN_GROUP = 2
TYPES = {"text": TEXT, "category": CATEGORY}
_FIELDS: dict[str, tuple[str, type]] = {"rename": ("name", str), "topic": ("topic", str), "nsfw": ("nsfw", bool)}


def save_channel(discord: Discord, given: Json) -> str:
    """Create the channel `name`, or change it where it exists, or `delete` it; gives its id.

    A new channel in a category starts with the category's overwrites, as Discord's client makes it.

    Raises:
        ImpossibleAction: no name, an unknown type or category, or a value of the wrong type.
    """
    world, name = discord.world, given.get("name")
    if not isinstance(name, str) or not name:
        raise ImpossibleAction("a channel has a name")
    channel = _named(world, name)
    if given.get("delete"):
        discord.delete_channel(channel := channel or _missing(name))
        return channel.id
    kind = given.get("type", "text")
    if kind not in TYPES:
        raise ImpossibleAction(f"types are {sorted(TYPES)}")
    changes = _changes(world, given)
    event = "CHANNEL_CREATE" if channel is None else "CHANNEL_UPDATE"
    if channel is None:
        channel = Channel(id=world.new_id(), type=TYPES[kind], name=name, guild_id=world.first_guild.id)
        channel.position = len(world.channels)
        if parent := changes.get("parent_id"):
            channel.overwrites = {key: each.copy() for key, each in world.channels[parent].overwrites.items()}
    if channel.type == CATEGORY and changes.get("parent_id"):
        raise ImpossibleAction("a category lies in no other")
    for key, value in changes.items():
        setattr(channel, key, value)
    world.channels[channel.id] = channel
    discord.tell_channel(event, channel)
    return channel.id


def open_group(discord: Discord, given: Json, people: Sequence[User]) -> str:
    """Let people, of whom the first owns it, open the group `name`; gives its id. The bot hears nothing of it.

    Raises:
        ImpossibleAction: no name, or fewer than two people.
    """
    world, name, since = discord.world, given.get("name"), discord.world.clock.stamp()
    if not isinstance(name, str) or not name or len({user.id for user in people}) < FEWEST_IN_GROUP:
        raise ImpossibleAction("a group has a name and at least two people")
    group = Channel(id=world.new_id(), type=GROUP, name=name, owner_id=people[0].id)
    group.joined = {user.id: since for user in people}
    world.channels[group.id] = group
    return group.id


def _named(world: World, name: str) -> Channel | None:
    return next((c for c in world.channels_of(world.first_guild) if name in (c.id, c.name)), None)


def _missing(name: str) -> Channel:
    raise ImpossibleAction(f"there is no channel {name!r}")


def _changes(world: World, given: Json) -> Json:
    """Read the fields of a channel that were given."""
    changes: Json = {}
    for key, (field, kind) in _FIELDS.items():
        if key in given:
            changes[field] = given[key]
            if not isinstance(given[key], kind):
                raise ImpossibleAction(f"{key!r} is a {kind.__name__}")
    if "category" in given:
        changes["parent_id"] = None
        if given["category"] is not None:
            category = _named(world, str(given["category"]))
            if category is None or category.type != CATEGORY:
                raise ImpossibleAction(f"there is no category {given['category']!r}")
            changes["parent_id"] = category.id
    return changes


def set_channel(discord: Discord, channel: Channel, given: Json) -> None:
    """Archive or lock a thread, or `delete` a channel or a thread."""
    if given.get("delete"):
        discord.delete_channel(channel)
        return
    for key in ("archived", "locked"):
        if key in given:
            setattr(channel, key, bool(given[key]))
    discord.tell_channel("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)
