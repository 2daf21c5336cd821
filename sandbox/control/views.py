"""Shows the world as one person's client does: the places that they see, and the commands that they are offered."""

from typing import Final

from sandbox.control.lookup import user_and_channel, user_of
from sandbox.discord import serialize
from sandbox.discord.people import commands
from sandbox.discord.permissions import Permission, in_guild, permissions_of
from sandbox.discord.service import Discord
from sandbox.discord.world import Channel, Guild, Json, User

# What somebody is in a guild, by what they may do there; the first that fits.
_STANDINGS: Final = (
    (Permission.ADMINISTRATOR, "admin"),
    (Permission.MANAGE_GUILD, "admin"),
    (Permission.MANAGE_MESSAGES, "moderator"),
)


class Views:
    """Looks at the world as `user` sees it; each method takes the query."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord

    def client(self, asked: Json) -> Json:
        """List what a person's client shows: their servers and channels, everybody there, their direct messages."""
        world = self._discord.world
        user = user_of(world, asked.get("user"))
        shared = [guild for guild in world.guilds.values() if user.id in guild.members]
        own = world.direct_channel(user).id
        directs = {place.recipient_id: place.id for place in world.channels.values() if place.recipient_id}
        return {
            "user": serialize.user(user),
            "bot": serialize.user(world.bot),
            "connected": self._discord.gateway.connected > 0,
            "now": world.clock.now(),
            "direct": own,
            "guilds": [self._guild(guild, user) for guild in shared if guild.available],
            "people": [
                {**self._person(each), "direct": directs.get(each.id)} for each in world.users.values() if not each.bot
            ],
        }

    def _guild(self, guild: Guild, user: User) -> Json:
        world = self._discord.world
        places = [*world.channels_of(guild), *world.threads_of(guild)]
        return {
            "id": guild.id,
            "name": guild.name,
            "file_limit": guild.file_limit,
            "roles": [serialize.role(role) for role in guild.roles.values()],
            "members": {each.user_id: each.roles for each in guild.members.values()},
            "channels": [self._channel(place, user) for place in places if permissions_of(world, user.id, place)],
        }

    def _channel(self, place: Channel, user: User) -> Json:
        granted = permissions_of(self._discord.world, user.id, place)
        needed = Permission.SEND_MESSAGES_IN_THREADS if place.is_thread else Permission.SEND_MESSAGES
        return {
            **serialize.channel(self._discord.world, place),
            "may_write": bool(granted & needed),
            "may_delete": bool(granted & Permission.MANAGE_MESSAGES),
        }

    def _person(self, user: User) -> Json:
        """Build a user with their standing in the first guild: owner, admin, moderator or member."""
        guild = self._discord.world.first_guild
        if user.id == guild.owner_id:
            return {**serialize.user(user), "standing": "owner", "roles": []}
        member = guild.members.get(user.id)
        if member is None:
            return {**serialize.user(user), "standing": "stranger", "roles": []}
        granted = in_guild(guild, member)
        standing = next((name for needed, name in _STANDINGS if granted & needed), "member")
        return {**serialize.user(user), "standing": standing, "roles": [guild.roles[key].name for key in member.roles]}

    def offered(self, asked: Json) -> list[Json]:
        """List the commands, those of the menus too, that a person is offered in a channel."""
        user, channel = user_and_channel(self._discord.world, asked)
        return commands.offered(self._discord, user, channel)
