"""Turns what exists into Discord's JSON objects."""

from sandbox.discord import permissions
from sandbox.discord.permissions import permissions_of
from sandbox.discord.world import GROUP, Channel, Guild, Json, Member, Message, Role, User, World

PUBLIC_THREAD = 11
PINS_ADD = 6  # the message that tells of a pinned one
# What a guild may have and this one has not.
_UNSET = (
    *("icon", "description", "home_header", "splash", "discovery_splash", "banner"),
    *("application_id", "afk_channel_id", "system_channel_id", "widget_channel_id", "max_presences", "vanity_url_code"),
    *("rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data"),
)


def user(who: User) -> Json:
    """Build a user object."""
    return {
        "id": who.id,
        "username": who.username,
        "discriminator": "4242" if who.bot else "0",
        "global_name": who.global_name,
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
        **({"bot": True} if who.bot else {}),
    }


def own_user(who: User) -> Json:
    """Build the bot's view of itself."""
    own = {"verified": True, "locale": who.locale, "mfa_enabled": True, "email": None, "premium_type": 0}
    return {**user(who), **own, "bot": True}


def member(world: World, who: Member, *, with_user: bool = True) -> Json:
    """Build a guild member object."""
    shape: Json = {
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "collectibles": None,
        "communication_disabled_until": None,
        "deaf": False,
        "flags": 0,
        "joined_at": who.joined_at,
        "mute": False,
        "nick": who.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(who.roles),
    }
    return {**shape, "user": user(world.users[who.user_id])} if with_user else shape


def role(what: Role) -> Json:
    """Build a role object."""
    return {
        "id": what.id,
        "name": what.name,
        "permissions": str(what.permissions),
        "position": what.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": what.bot_id is not None,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
        **({"tags": {"bot_id": what.bot_id}} if what.bot_id else {}),
    }


def channel(world: World, what: Channel) -> Json:
    """Build a channel object: a guild's, a direct message, a group or a thread."""
    common: Json = {"id": what.id, "type": what.type, "last_message_id": what.last_message_id, "flags": 0}
    if what.pins:
        common["last_pin_timestamp"] = list(what.pins.values())[-1]
    if what.type == GROUP:
        people = [user(world.users[key]) for key in what.joined]
        return {**common, "recipients": people, "name": what.name, "icon": None, "owner_id": what.owner_id}
    if what.recipient_id is not None:
        return {**common, "recipients": [user(world.users[what.recipient_id])]}
    common |= {"guild_id": what.guild_id, "name": what.name, "rate_limit_per_user": 0, "parent_id": what.parent_id}
    if what.is_thread:
        return {**common, **_thread(what), **({"member": own} if (own := thread_member(what, world.bot.id)) else {})}
    return {
        **common,
        "topic": what.topic,
        "position": what.position,
        "nsfw": what.nsfw,
        "permission_overwrites": [
            {"id": o.id, "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)} for o in what.overwrites.values()
        ],
    }


def _thread(what: Channel) -> Json:
    metadata: Json = {
        "archived": what.archived,
        "archive_timestamp": what.created_at,
        "auto_archive_duration": what.auto_archive_minutes,
        "locked": what.locked,
        "create_timestamp": what.created_at,
    }
    if what.type != PUBLIC_THREAD:
        metadata["invitable"] = True
    return {
        "owner_id": what.owner_id,
        "thread_metadata": metadata,
        "message_count": min(len(what.messages), 50),
        "member_count": min(len(what.joined), 50),
        "total_message_sent": len(what.messages),
    }


def thread_member(what: Channel, user_id: str) -> Json | None:
    """Build a thread member object; None for who has not joined."""
    if user_id not in what.joined:
        return None
    return {"id": what.id, "user_id": user_id, "join_timestamp": what.joined[user_id], "flags": 0}


def guild(what: Guild) -> Json:
    """Build a guild object, as REST gives it."""
    boosts = (0, 2, 7, 14)[what.premium_tier]
    return {
        **dict.fromkeys(_UNSET),
        "id": what.id,
        "name": what.name,
        "features": [],
        "owner_id": what.owner_id,
        "region": "deprecated",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "hub_type": None,
        "widget_enabled": False,
        "verification_level": 0,
        "roles": [role(r) for r in what.roles.values()],
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_members": 500000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": what.premium_tier,
        "premium_subscription_count": boosts,
        "preferred_locale": what.locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
    }


def gateway_guild(world: World, what: Guild) -> Json:
    """Build a guild as GUILD_CREATE gives it to who lacks the members' intent: with the bot's own member only.

    `unavailable` is false when the guild comes back or the session starts; it is not there when the bot has joined.
    """
    return {
        **guild(what),
        "joined_at": what.members[world.bot.id].joined_at,
        "large": False,
        "unavailable": False,
        "member_count": len(what.members),
        "members": [member(world, what.members[world.bot.id])],
        "channels": [channel(world, c) for c in world.channels_of(what)],
        "threads": [channel(world, c) for c in world.threads_of(what) if permissions_of(world, world.bot.id, c)],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def command_permissions(world: World, where: Guild, key: str) -> Json:
    """Build what a guild decided for a command, or under the application's id for all of them."""
    return {
        "id": key,
        "application_id": world.application_id,
        "guild_id": where.id,
        "permissions": [
            {"id": rule.id, "type": rule.kind, "permission": rule.allowed} for rule in where.command_rules[key]
        ],
    }


def application(world: World) -> Json:
    """Build the bot's application, as its owner's token sees it."""
    return {
        "id": world.application_id,
        "name": world.bot.username,
        "icon": None,
        "description": "Turns a slash command into a finished video in the channel.",
        "type": None,
        "bot": user(world.bot),
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "hook": True,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(world.owner),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
        "integration_types_config": {
            "0": {"oauth2_install_params": {"scopes": ["applications.commands", "bot"], "permissions": "0"}},
            "1": {"oauth2_install_params": {"scopes": ["applications.commands"], "permissions": "0"}},
        },
    }


def message(world: World, what: Message) -> Json:
    """Build a message object as it stands now, with the message it answers to."""
    shape, reference = _with_poll(world, what.data), what.data.get("message_reference")
    if reference is None or shape["type"] == PINS_ADD:
        return shape
    place = world.channels.get(reference["channel_id"])
    target = place.messages.get(reference.get("message_id", "")) if place else None
    return {**shape, "referenced_message": None if target is None else _with_poll(world, target.data)}


def _with_poll(world: World, data: Json) -> Json:
    """Copy a message's data; a poll in it is finished when its time is over."""
    if "poll" not in data:
        return dict(data)
    poll = data["poll"]
    results = {**poll["results"], "is_finalized": poll["expiry"] <= world.clock.stamp()}
    return {**data, "poll": {**poll, "results": results}}


def read_message(world: World, what: Message) -> Json:
    """Build a message as a bot without the message content intent reads it.

    It sees what its own messages, direct messages and those that mention it say, and of others that they are there.
    """
    shape = message(world, what)
    answered = shape.get("referenced_message")
    shape = _readable(world, shape)
    return {**shape, "referenced_message": _readable(world, answered)} if answered else shape


def _readable(world: World, data: Json) -> Json:
    place = world.channels.get(data["channel_id"])
    direct = place is not None and place.guild_id is None
    if direct or world.bot.id in (data["author"]["id"], *(user["id"] for user in data["mentions"])):
        return data
    empty: Json = {"content": "", "embeds": [], "attachments": [], "components": []}
    return {key: value for key, value in data.items() if key != "poll"} | empty


def seen_message(world: World, what: Message) -> Json:
    """Build a message as `GET {control}/messages` shows it: `visible_to` names the one who sees a private message."""
    shape = message(world, what)
    return shape if what.visible_to is None else {**shape, "visible_to": what.visible_to}


def interaction_member(world: World, who: Member, where: Channel) -> Json:
    """Build the member who acts: with their permissions in the channel."""
    granted = permissions_of(world, who.user_id, where)
    return {**member(world, who), "permissions": str(granted)}


def app_permissions(world: World, where: Channel) -> str:
    """Add up what the application may do where the interaction happened."""
    if where.type == GROUP:
        return str(permissions.AMONG_PEOPLE)
    granted = permissions_of(world, world.bot.id, where)
    return str(granted or (permissions.DIRECT if where.guild_id is None else 0))
