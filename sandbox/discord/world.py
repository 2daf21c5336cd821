"""Holds what exists in the sandbox's Discord: users, guilds, roles, channels, threads and messages."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from sandbox.discord.clock import Clock, Snowflakes
from sandbox.discord.errors import Refused

Json = dict[str, Any]
MIB = 1024 * 1024
TEXT, GROUP, CATEGORY = 0, 3, 4
THREADS = (10, 11, 12)
# Bytes a file may have, by the guild's boost tier.
FILE_LIMITS = {0: 10 * MIB, 1: 10 * MIB, 2: 50 * MIB, 3: 100 * MIB}


@dataclass(slots=True, kw_only=True)
class User:
    """Somebody with an account; `dms_open` is whether they let the bot write to them.

    With `has_app` they have installed the application for themselves, to use it anywhere.
    """

    id: str
    username: str
    global_name: str | None = None
    bot: bool = False
    locale: str = "en-US"
    dms_open: bool = True
    has_app: bool = False


@dataclass(slots=True, kw_only=True)
class Role:
    """A role of a guild; the one with the guild's own id is @everyone."""

    id: str
    name: str
    permissions: int
    position: int
    bot_id: str | None = None

    @property
    def fixed(self) -> bool:
        """Whether it is @everyone or belongs to an application: such a role keeps its name and place."""
        return self.position == 0 or self.bot_id is not None


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """What a channel allows and denies one role (`kind` 0) or one member (1)."""

    id: str
    kind: int
    allow: int = 0
    deny: int = 0

    def copy(self) -> Self:
        """Copy the overwrite, for another channel."""
        return replace(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRule:
    """What the server decided under Integrations for a role (`kind` 1), a user (2) or a channel (3)."""

    id: str
    kind: int
    allowed: bool


@dataclass(slots=True, kw_only=True)
class Member:
    """A user in a guild, with the ids of their roles (@everyone is understood)."""

    user_id: str
    joined_at: str
    roles: list[str] = field(default_factory=list)
    nick: str | None = None


@dataclass(slots=True, kw_only=True)
class Message:
    """A message: `data` is Discord's message object, the rest is what only the server knows.

    `reactions` are the ids of who reacted, by emoji, in the order in which they did.
    """

    data: Json
    created: float
    visible_to: str | None = None
    interaction_id: str | None = None
    nonce: str | None = None
    late_edits: list[float] = field(default_factory=list)
    hidden_files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The message's snowflake."""
        return str(self.data["id"])

    @property
    def author_id(self) -> str:
        """Who wrote it."""
        return str(self.data["author"]["id"])


@dataclass(slots=True, kw_only=True)
class Channel:
    """A text channel (type 0), a direct message (1), a group of people (3), a category (4) or a thread (11, 12).

    `parent_id` is a thread's channel, or the category in which a channel lies. `pins` are the ids of pinned messages
    with when that was, `joined` those of a thread's or a group's members with when they came, both oldest first.
    No bot is ever in a group.
    """

    id: str
    type: int
    name: str = ""
    guild_id: str | None = None
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    recipient_id: str | None = None
    parent_id: str | None = None
    owner_id: str | None = None
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 1440
    created_at: str = ""
    pins: dict[str, str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread."""
        return self.type in THREADS

    @property
    def last_message_id(self) -> str | None:
        """The newest message that is not private to one user."""
        public = [message_id for message_id, message in self.messages.items() if message.visible_to is None]
        return public[-1] if public else None


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server with its roles, members and boost tier.

    `available` is false in an outage. `command_rules` are by the command's id, or by the application's for all.
    `audit_log` are its entries as Discord has them, the newest last; only who added the bot is written there.
    """

    id: str
    name: str
    owner_id: str
    roles: dict[str, Role]
    members: dict[str, Member] = field(default_factory=dict)
    premium_tier: int = 0
    locale: str = "en-US"
    available: bool = True
    command_rules: dict[str, list[CommandRule]] = field(default_factory=dict)
    audit_log: list[Json] = field(default_factory=list)

    @property
    def file_limit(self) -> int:
        """Bytes that one file may have."""
        return FILE_LIMITS[self.premium_tier]


@dataclass(slots=True, kw_only=True)
class World:
    """Holds everything that exists, and who the bot is in it."""

    clock: Clock
    new_id: Snowflakes
    token: str
    bot: User
    owner: User
    users: dict[str, User] = field(default_factory=dict)
    guilds: dict[str, Guild] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)

    @property
    def application_id(self) -> str:
        """The bot's application, which shares its id as for every application made since 2016."""
        return self.bot.id

    def channel(self, channel_id: str) -> Channel:
        """Find the channel, thread or direct message of this id.

        Raises:
            Refused: 10003, there is none.
        """
        try:
            return self.channels[channel_id]
        except KeyError:
            raise Refused(10003) from None

    def guild(self, guild_id: str) -> Guild:
        """Find the guild of this id.

        Raises:
            Refused: 10004, there is none.
        """
        try:
            return self.guilds[guild_id]
        except KeyError:
            raise Refused(10004) from None

    def user(self, user_id: str) -> User:
        """Find the user of this id.

        Raises:
            Refused: 10013, there is none.
        """
        try:
            return self.users[user_id]
        except KeyError:
            raise Refused(10013) from None

    def message(self, channel_id: str, message_id: str) -> Message:
        """Find a message that everybody in the channel sees.

        Raises:
            Refused: 10003 or 10008.
        """
        message = self.channel(channel_id).messages.get(message_id)
        if message is None or message.visible_to is not None:
            raise Refused(10008)
        return message

    @property
    def first_guild(self) -> Guild:
        """The guild that was there when the sandbox opened."""
        return next(iter(self.guilds.values()))

    def channels_of(self, guild: Guild) -> list[Channel]:
        """List the guild's channels, without threads."""
        return [c for c in self.channels.values() if c.guild_id == guild.id and not c.is_thread]

    def threads_of(self, guild: Guild) -> list[Channel]:
        """List the guild's threads that are not archived."""
        return [c for c in self.channels.values() if c.guild_id == guild.id and c.is_thread and not c.archived]

    def meets(self, user_id: str) -> bool:
        """Tell whether a user shares a guild with the bot."""
        return any({user_id, self.bot.id} <= guild.members.keys() for guild in self.guilds.values())

    def direct_channel(self, user: User) -> Channel:
        """Find the direct message of a user with the bot, and open it when there is none yet."""
        for channel in self.channels.values():
            if channel.recipient_id == user.id:
                return channel
        channel = Channel(id=self.new_id(), type=1, recipient_id=user.id)
        self.channels[channel.id] = channel
        return channel

    def file_limit(self, channel: Channel) -> int:
        """Bytes that one file may have in this channel."""
        return FILE_LIMITS[0] if channel.guild_id is None else self.guilds[channel.guild_id].file_limit
