"""Serves the bot itself, its application, other users, and where the gateway is."""

from sandbox.discord import serialize
from sandbox.discord.errors import Refused
from sandbox.discord.permissions import in_guild
from sandbox.discord.rest.call import Call, Reply, Route


async def me(call: Call) -> Reply:
    """Answer `GET /users/@me`."""
    return 200, serialize.own_user(call.world.bot)


async def update_me(call: Call) -> Reply:
    """Answer `PATCH /users/@me`: the bot's name."""
    if name := call.form.get("username"):
        call.world.bot.username = str(name)
    return 200, serialize.own_user(call.world.bot)


async def user(call: Call) -> Reply:
    """Answer `GET /users/{user_id}`."""
    return 200, serialize.user(call.world.user(call.path["user_id"]))


async def my_guilds(call: Call) -> Reply:
    """Answer `GET /users/@me/guilds`."""
    return 200, [
        {
            "id": guild.id,
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "features": [],
            "permissions": str(in_guild(guild, guild.members[call.world.bot.id])),
            "approximate_member_count": len(guild.members),
            "approximate_presence_count": len(guild.members),
        }
        for guild in call.world.guilds.values()
        if call.world.bot.id in guild.members
    ]


async def open_dm(call: Call) -> Reply:
    """Answer `POST /users/@me/channels`: the direct message with a user."""
    recipient = call.world.user(str(call.form.get("recipient_id")))
    if recipient.id == call.world.bot.id:
        raise Refused(50007)
    return 200, serialize.channel(call.world, call.world.direct_channel(recipient))


async def application(call: Call) -> Reply:
    """Answer `GET /oauth2/applications/@me` and `GET /applications/@me`."""
    return 200, serialize.application(call.world)


async def gateway(call: Call) -> Reply:
    """Answer `GET /gateway`."""
    return 200, {"url": call.discord.gateway.url}


async def gateway_bot(call: Call) -> Reply:
    """Answer `GET /gateway/bot`: where to connect, with how many shards, how often today."""
    gateway, starts = call.discord.gateway, call.discord.gateway.starts
    return 200, {"url": gateway.url, "shards": starts.shards, "session_start_limit": starts.limit()}


async def default_sounds(_call: Call) -> Reply:
    """Answer `GET /soundboard-default-sounds`: the sounds that everybody has."""
    return 200, [
        {"name": name, "sound_id": number, "volume": 1.0, "emoji_id": None, "emoji_name": emoji, "available": True}
        for number, name, emoji in _DEFAULT_SOUNDS
    ]


_DEFAULT_SOUNDS = (
    ("1", "quack", "🦆"),
    ("2", "airhorn", "🔊"),
    ("3", "cricket", "🦗"),
    ("4", "golf clap", "👏"),
    ("7", "sad horn", "🎺"),
    ("8", "ba dum tss", "🥁"),
)
ROUTES = (
    Route(method="GET", path="/users/@me", handler=me),
    Route(method="PATCH", path="/users/@me", handler=update_me),
    Route(method="GET", path="/users/@me/guilds", handler=my_guilds),
    Route(method="POST", path="/users/@me/channels", handler=open_dm),
    Route(method="GET", path="/users/{user_id}", handler=user),
    Route(method="GET", path="/oauth2/applications/@me", handler=application),
    Route(method="GET", path="/applications/@me", handler=application),
    Route(method="GET", path="/gateway", handler=gateway),
    Route(method="GET", path="/gateway/bot", handler=gateway_bot),
    Route(method="GET", path="/soundboard-default-sounds", handler=default_sounds),
)
