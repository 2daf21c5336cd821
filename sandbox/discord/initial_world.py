"""Makes what there is when the sandbox opens: a guild with its channels, four people and the bot."""

import base64
import secrets
from collections.abc import Mapping, Sequence

from sandbox.discord.clock import Clock, Snowflakes
from sandbox.discord.permissions import EVERYONE, Permission
from sandbox.discord.world import CATEGORY, Channel, Guild, Member, Overwrite, Role, User, World

FIRST = "The Cutting Room"
SINCE = 30 * 86_400  # seconds for which everybody has been in the guilds, the bot too
PEOPLE = {"owner": "Olive", "ana": "Ana", "ben": "Ben", "admin": "Ada"}


def new_token(user_id: str) -> str:
    """Make a bot token as Discord writes them: the id in base64, a time, a secret."""
    head = base64.urlsafe_b64encode(user_id.encode()).decode().rstrip("=")
    return f"{head}.{secrets.token_urlsafe(5)[:6]}.{secrets.token_urlsafe(29)[:38]}"


def new_world(clock: Clock) -> World:
    """Make a world with one guild, its channels (one in a category) and a thread, and everybody in it."""
    new_id = Snowflakes(clock)
    bot = User(id=new_id(), username="Shotcaller", bot=True)
    people = {name: User(id=new_id(), username=name, global_name=shown) for name, shown in PEOPLE.items()}
    world = World(clock=clock, new_id=new_id, token=new_token(bot.id), bot=bot, owner=people["owner"])
    world.users = {user.id: user for user in (bot, *people.values())}
    guild = _guild(world, people)
    world.guilds[guild.id] = guild
    for name in ("general", "showcase", "quiet", "no-files", "hidden", "nsfw"):
        _channel(world, guild, name)
    _category(world, guild)
    _thread(world, guild)
    return world


def _guild(world: World, people: Mapping[str, User], *, name: str = FIRST, guild_id: str | None = None) -> Guild:
    """Make a guild, its roles and its members."""
    guild_id, joined = guild_id or world.new_id(), world.clock.stamp(world.clock.now() - SINCE)
    roles = [
        Role(id=guild_id, name="@everyone", permissions=EVERYONE, position=0),
        Role(id=world.new_id(), name="Shotcaller", permissions=EVERYONE, position=1, bot_id=world.bot.id),
        Role(id=world.new_id(), name="Film club", permissions=0, position=2),
        Role(
            id=world.new_id(),
            name="Moderators",
            permissions=int(Permission.MANAGE_MESSAGES | Permission.MANAGE_THREADS | Permission.MANAGE_GUILD),
            position=3,
        ),
    ]
    guild = Guild(
        id=guild_id,
        name=name,
        owner_id=world.owner.id,
        roles={role.id: role for role in roles},
    )
    given = {world.bot.id: [roles[1].id], people["ben"].id: [roles[2].id], people["admin"].id: [roles[3].id]}
    for user in world.users.values():
        guild.members[user.id] = Member(user_id=user.id, joined_at=joined, roles=given.get(user.id, []))
    return guild


def found_guild(world: World, *, name: str, shard: tuple[int, int], channels: Sequence[str]) -> Guild:
    """Make one more guild with everybody in it, whose events go to this shard (its number, and of how many)."""
    people = {user.username: user for user in world.users.values()}
    guild = _guild(world, people, name=name, guild_id=world.new_id.of_shard(*shard, besides=world.guilds))
    world.guilds[guild.id] = guild
    for channel in channels:
        _channel(world, guild, channel)
    return guild


def _channel(world: World, guild: Guild, name: str) -> Channel:
    """Make one text channel; some of them shut the bot out of something."""
    denied = {
        "quiet": Permission.SEND_MESSAGES,
        "no-files": Permission.ATTACH_FILES,
        "hidden": Permission.VIEW_CHANNEL,
    }
    channel = Channel(
        id=world.new_id(),
        type=0,
        name=name,
        guild_id=guild.id,
        position=len(world.channels),
        nsfw=name == "nsfw",
    )
    if name in denied:
        channel.overwrites[world.bot.id] = Overwrite(id=world.bot.id, kind=1, deny=int(denied[name]))
    world.channels[channel.id] = channel
    return channel


def _category(world: World, guild: Guild) -> None:
    """Make a category with one channel in it."""
    category = Channel(id=world.new_id(), type=CATEGORY, name="Studio", guild_id=guild.id, position=len(world.channels))
    world.channels[category.id] = category
    _channel(world, guild, "rushes").parent_id = category.id


def _thread(world: World, guild: Guild) -> None:
    """Make a public thread under the first channel."""
    parent = world.channels_of(guild)[0]
    thread = Channel(
        id=world.new_id(),
        type=11,
        name="thread",
        guild_id=guild.id,
        parent_id=parent.id,
        owner_id=guild.owner_id,
        created_at=world.clock.stamp(),
    )
    thread.joined[guild.owner_id] = thread.created_at
    world.channels[thread.id] = thread
