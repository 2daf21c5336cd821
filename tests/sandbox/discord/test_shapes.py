"""Everything that the sandbox says has the shape that Discord's document gives it, over REST and over the gateway."""

from typing import Any

from sandbox.discord.openapi import Document
from sandbox.discord.permissions import EVERYONE, Permission
from sandbox.discord.rest.pipeline import ROUTES
from tests.sandbox.conftest import Harness, staged

EVERYTHING = 1 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14  # intents
BUTTON = {"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "go", "label": "Go"}]}
POLL = {"question": {"text": "Which?"}, "answers": [{"poll_media": {"text": "This"}}]}
REFUSED = {  # operations that no bot gets anything from
    ("GET", "/guilds/{guild_id}/members"),
    ("GET", "/channels/{channel_id}/thread-members"),
    ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions"),
}
# Which of the document's objects an event is, or what in it is one: () for the whole.
OBJECTS: dict[str, tuple[tuple[str, str], ...]] = {
    "READY": (("user", "UserPIIResponse"),),
    "GUILD_CREATE": (
        ("", "GuildResponse"),
        ("members", "GuildMemberResponse"),
        ("channels", "GuildChannelResponse"),
        ("threads", "ThreadResponse"),
    ),
    "GUILD_UPDATE": (("", "GuildResponse"),),
    "CHANNEL_CREATE": (("", "GuildChannelResponse"),),
    "CHANNEL_UPDATE": (("", "GuildChannelResponse"),),
    "CHANNEL_DELETE": (("", "GuildChannelResponse"),),
    "THREAD_CREATE": (("", "ThreadResponse"),),
    "THREAD_UPDATE": (("", "ThreadResponse"),),
    "THREAD_DELETE": (("", "ThreadResponse"),),
    "THREAD_MEMBERS_UPDATE": (("added_members", "ThreadMemberResponse"),),
    "MESSAGE_CREATE": (("", "MessageResponse"),),
    "MESSAGE_UPDATE": (("", "MessageResponse"),),
    "MESSAGE_REACTION_ADD": (("member", "GuildMemberResponse"), ("emoji", "MessageReactionEmojiResponse")),
    "GUILD_ROLE_CREATE": (("role", "GuildRoleResponse"),),
    "GUILD_ROLE_UPDATE": (("role", "GuildRoleResponse"),),
    "GUILD_MEMBERS_CHUNK": (("members", "GuildMemberResponse"),),
    "INTERACTION_CREATE": (
        ("member", "GuildMemberResponse"),
        ("message", "MessageResponse"),
    ),
}


async def walk(harness: Harness) -> set[tuple[str, str]]:
    """Use every operation once with success; gives those that were used."""
    app, guild, channel = harness.world.application_id, harness.guild.id, harness.channel().id
    ana, here, hall = harness.user("ana"), f"/channels/{channel}", f"/guilds/{guild}"
    rights = ["manage_messages", "manage_channels", "manage_threads", "pin_messages"]
    await harness.post("permissions", channel="general", allow=rights)
    usual = [str(each.name) for each in Permission if each & EVERYONE]
    await harness.post("roles", name="Shotcaller", permissions=[*usual, "view_audit_log"])
    await harness.post("settings", bot_present=True, by="admin")

    async def ask(method: str, path: str, body: Any = None, **more: Any) -> Any:
        status, answer = await harness.api(method, path, body, **more)
        assert status < 300, (method, path, answer)
        harness.advance(1)
        return answer

    for path in ("/users/@me", "/users/@me/guilds", "/gateway", "/gateway/bot", "/soundboard-default-sounds"):
        await ask("GET", path)
    for path in ("/oauth2/applications/@me", "/applications/@me", f"/users/{ana}", hall, here):
        await ask("GET", path)
    for path in ("channels", "threads/active", "roles", f"roles/{guild}", f"members/{ana}", "audit-logs"):
        await ask("GET", f"{hall}/{path}")
    await ask("PATCH", "/users/@me", {"username": "Reel"})
    await ask("PATCH", f"{hall}/members/@me", {"nick": "Director"})
    await ask("POST", "/users/@me/channels", {"recipient_id": ana})
    for base in (f"/applications/{app}/commands", f"/applications/{app}{hall}/commands"):
        command = (await ask("POST", base, {"name": "ping", "description": "Ping"}))["id"]
        for method, body in (("GET", None), ("PATCH", {"description": "Pong"}), ("DELETE", None)):
            await ask(method, f"{base}/{command}", body)
        await ask("PUT", base, [{"name": "ping", "description": "Ping"}])
        command = (await ask("GET", base))[0]["id"]
    await harness.post("command_permissions", command="ping", allow={"users": ["ana"]})
    await ask("GET", f"{base}/permissions")
    await ask("GET", f"{base}/{command}/permissions")
    await _use_messages(ask, here)
    await _use_threads(ask, harness, here)
    await _use_interactions(ask, harness)
    await ask("DELETE", here)
    return {_operation(record.method, record.path) for record in harness.sandbox.discord.requests if record.status}


async def _use_messages(ask: Any, here: str) -> None:
    """Write, change, pin, react and delete."""
    message = (await ask("POST", f"{here}/messages", {"content": "a", "components": [BUTTON]}))["id"]
    one = f"{here}/messages/{message}"
    await ask("POST", f"{here}/typing")
    await ask("PATCH", one, {"content": "b"})
    await ask("GET", one)
    for path in (f"{here}/messages/pins", f"{here}/pins"):
        await ask("PUT", f"{path}/{message}")
        await ask("GET", path)
        await ask("DELETE", f"{path}/{message}")
    star, clapper = f"{one}/reactions/⭐", f"{one}/reactions/🎬"
    for emoji in (star, clapper):
        await ask("PUT", f"{emoji}/@me")
    await ask("GET", star)
    await ask("DELETE", f"{star}/@me")
    bot = (await ask("GET", "/users/@me"))["id"]
    await ask("DELETE", f"{clapper}/{bot}")
    await ask("DELETE", star)
    await ask("DELETE", f"{one}/reactions")
    poll = (await ask("POST", f"{here}/messages", {"poll": POLL}))["id"]
    await ask("GET", f"{here}/polls/{poll}/answers/1")
    await ask("POST", f"{here}/polls/{poll}/expire")
    await ask("GET", f"{here}/messages")
    await ask("DELETE", f"{here}/messages/{poll}")
    await ask("POST", f"{here}/messages/bulk-delete", {"messages": [message, poll]})


async def _use_threads(ask: Any, harness: Harness, here: str) -> None:
    """Open threads, let people come and go, archive one and end it."""
    message = (await ask("POST", f"{here}/messages", {"content": "a"}))["id"]
    await ask("POST", f"{here}/messages/{message}/threads", {"name": "Takes"})
    thread = (await ask("POST", f"{here}/threads", {"name": "More"}))["id"]
    members, ana = f"/channels/{thread}/thread-members", harness.user("ana")
    for method in ("PUT", "GET", "DELETE"):
        await ask(method, f"{members}/{ana}")
    for method in ("DELETE", "PUT"):
        await ask(method, f"{members}/@me")
    await ask("PATCH", f"/channels/{thread}", {"archived": True})
    await ask("DELETE", f"/channels/{thread}")


async def _use_interactions(ask: Any, harness: Harness) -> None:
    """Answer a command, follow up, and press what the answer shows."""
    async with harness.connect() as bot:
        await bot.identify(harness.world.token)
        interaction = await harness.command(bot, name="ping", options={})
        await ask("POST", _callback(interaction) + "?with_response=1", {"type": 4, "data": {"components": [BUTTON]}})
        hook = f"{harness.hook}/{interaction['token']}"
        more = (await ask("POST", hook, {"content": "more"}))["id"]
        for method, body in (("GET", None), ("PATCH", {"content": "c"}), ("DELETE", None)):
            await ask(method, f"{hook}/messages/{more}", body)
        original = await ask("GET", f"{hook}/messages/@original")
        await ask("PATCH", f"{hook}/messages/@original", {"content": "d"})
        pressed = await harness.press(bot, user="ana", message_id=original["id"], custom_id="go")
        await ask("POST", _callback(pressed), {"type": 6})
        await ask("DELETE", f"{hook}/messages/@original")


def _callback(interaction: dict[str, Any]) -> str:
    return f"/interactions/{interaction['id']}/{interaction['token']}/callback"


def _operation(method: str, path: str) -> tuple[str, str]:
    """Find the operation of a request: the one with the fewest open parts that fits."""
    given = path.split("/")

    def fits(route: str) -> bool:
        parts = route.split("/")
        return len(parts) == len(given) and all(p.startswith("{") or p == g for p, g in zip(parts, given, strict=True))

    found = [route.path for route in ROUTES if route.method == method and fits(route.path)]
    return method, min(found, key=lambda route: route.count("{"))


async def test_every_operation_answers_as_the_document_says(document: Document) -> None:
    async with staged(document) as harness:
        used = await walk(harness)

    assert {(route.method, route.path) for route in ROUTES} - used == REFUSED


async def test_what_clients_missed_is_there(document: Document) -> None:
    async with staged(document) as harness, harness.connect() as bot:
        ready = await bot.identify(harness.world.token)
        guild = await bot.event("GUILD_CREATE")
        _, application = await harness.api("GET", "/applications/@me")
        _, where = await harness.api("GET", "/gateway/bot")

    assert guild["hub_type"] is None
    assert ready["application"]["flags_new"] == application["flags_new"] == "0"
    assert where["session_start_limit"]["max_concurrency"] == 1


async def test_events_carry_the_objects_of_the_document(document: Document) -> None:
    async with staged(document) as harness, harness.connect() as bot:
        await bot.identify(harness.world.token, intents=EVERYTHING)
        await bot.send(8, {"guild_id": harness.guild.id, "query": "", "limit": 0})
        await bot.event("GUILD_MEMBERS_CHUNK")
        await harness.post("roles", name="Crew", permissions=["send_messages"])
        await harness.post("roles", name="Crew", rename="Cast")
        await harness.post("channels", name="news", type="text")
        await harness.post("settings", premium_tier=2)
        await harness.post("settings", channel="thread", archived=True)
        told = await harness.post("messages", user="ana", channel="general", content="hi")
        await harness.post("react", user="ana", message_id=told["id"], emoji="⭐")
        await harness.post("messages", user="ana", channel="dm", content="hi")
        await walk(harness)
        await harness.post("messages", user="ana", channel="nsfw", content="last")
        while not (
            bot.frames[-1]["t"] == "MESSAGE_CREATE" and bot.frames[-1]["d"]["channel_id"] == harness.channel("nsfw").id
        ):
            await bot.receive()
    events = [(frame["t"], frame["d"]) for frame in bot.frames if frame["t"] in OBJECTS]

    assert {name for name, _ in events} == set(OBJECTS)
    assert [problem for name, data in events for problem in problems(document, name, data)] == []


def problems(document: Document, event: str, data: dict[str, Any]) -> list[str]:
    """Find where the objects of an event are not as the document says."""
    found = []
    for key, schema in OBJECTS[event]:
        values = data if not key else data.get(key, [])
        for value in values if isinstance(values, list) else [values]:
            found += [f"{event} {key}: {wrong}" for wrong in document.object_problems(schema, value)]
    return found
