"""Adds up Discord's permissions: the bits, and what roles and overwrites come to."""

from collections.abc import Iterable
from enum import IntFlag

from sandbox.discord.world import GROUP, Channel, Guild, Member, World


class Permission(IntFlag):
    """The bits of Discord's permission table that a text bot meets."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    USE_EXTERNAL_STICKERS = 1 << 37
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    SEND_VOICE_MESSAGES = 1 << 46
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50
    PIN_MESSAGES = 1 << 51


P = Permission
EVERYTHING = int(~P(0))
# What @everyone may do in a well-kept guild, as far as text channels go.
EVERYONE = int(
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.CREATE_PRIVATE_THREADS
    | P.SEND_MESSAGES_IN_THREADS
    | P.USE_EXTERNAL_STICKERS
    | P.SEND_VOICE_MESSAGES
    | P.SEND_POLLS
    | P.USE_EXTERNAL_APPS
)
# What both sides may do in a direct message.
DIRECT = EVERYONE & ~int(P.CREATE_PUBLIC_THREADS | P.CREATE_PRIVATE_THREADS | P.CHANGE_NICKNAME)
# What an application may do where people talk to each other, in its answers: it isn't there itself.
AMONG_PEOPLE = int(P.ATTACH_FILES | P.EMBED_LINKS | P.MENTION_EVERYONE)
# What nobody can do who may not send.
_NEEDS_SENDING = int(P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS)


def bits(names: Iterable[str]) -> int:
    """Add up the bits of these names, in any case, with spaces or dashes for underscores.

    Raises:
        KeyError: a name that is no permission.
    """
    total = 0
    for name in names:
        total |= int(Permission[name.upper().replace(" ", "_").replace("-", "_")])
    return total


def in_guild(guild: Guild, member: Member) -> int:
    """Add up what the member's roles give, before any channel has its say."""
    if member.user_id == guild.owner_id:
        return EVERYTHING
    total = guild.roles[guild.id].permissions
    for role_id in member.roles:
        total |= guild.roles[role_id].permissions
    return EVERYTHING if total & P.ADMINISTRATOR else total


def in_channel(guild: Guild, member: Member, channel: Channel) -> int:
    """Add up what a member may do in a channel; a thread takes its parent's overwrites (pass the parent).

    The order is Discord's: roles, @everyone's overwrite, the roles' overwrites together, the member's own.
    """
    total = in_guild(guild, member)
    if total == EVERYTHING:
        return total
    overwrites = channel.overwrites
    if everyone := overwrites.get(guild.id):
        total = total & ~everyone.deny | everyone.allow
    allow = deny = 0
    for role_id in member.roles:
        if overwrite := overwrites.get(role_id):
            allow |= overwrite.allow
            deny |= overwrite.deny
    total = total & ~deny | allow
    if own := overwrites.get(member.user_id):
        total = total & ~own.deny | own.allow
    if not total & P.VIEW_CHANNEL:
        return 0
    return total if total & P.SEND_MESSAGES else total & ~_NEEDS_SENDING


def permissions_of(world: World, user_id: str, channel: Channel) -> int:
    """Add up what a user may do in a channel, thread, group or direct message; nothing for who is not there."""
    if channel.type == GROUP:
        return DIRECT if user_id in channel.joined else 0
    if channel.guild_id is None:
        return DIRECT if user_id in (channel.recipient_id, world.bot.id) else 0
    guild = world.guilds[channel.guild_id]
    member = guild.members.get(user_id)
    if member is None:
        return 0
    ruling = world.channels[channel.parent_id] if channel.is_thread and channel.parent_id else channel
    return in_channel(guild, member, ruling)
