"""The control address: act as the people in the channel, cause trouble, and look at what happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.discord import shapes
from bot.sandbox.discord.errors import Refused
from bot.sandbox.discord.gateway import Intent
from bot.sandbox.discord.people import commands, components, modals
from bot.sandbox.discord.people.options import Impossible
from bot.sandbox.discord.permissions import bits
from bot.sandbox.discord.world import FILE_LIMITS, Overwrite
from bot.sandbox.faults import UnknownFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sandbox.discord.clock import Clock
    from bot.sandbox.discord.interactions import Interaction
    from bot.sandbox.discord.service import Discord
    from bot.sandbox.discord.world import Channel, Json, User


class Control:
    """The handlers below `/control`; every one takes and gives JSON, and answers 400 `{"error"}` for nonsense."""

    def __init__(self, *, discord: Discord, clock: Clock, tasks: Callable[[], list[Json]]) -> None:
        self._discord = discord
        self._clock = clock
        self._tasks = tasks

    def attach(self, app: web.Application) -> None:
        """Add the routes."""
        posts = {
            "command": self.command,
            "autocomplete": self.autocomplete,
            "component": self.component,
            "modal": self.modal,
            "messages": self.say,
            "faults": self.faults,
            "permissions": self.permissions,
            "settings": self.settings,
            "clock": self.clock,
        }
        gets = {
            "interactions/{id}": self.interaction,
            "messages": self.messages,
            "requests": self.requests,
            "tasks": self.tasks,
            "commands": self.commands,
            "state": self.state,
        }
        for name, handler in posts.items():
            app.router.add_post(f"/control/{name}", _json(handler))
        for name, handler in gets.items():
            app.router.add_get(f"/control/{name}", _json(handler))

    # -- acting as somebody

    async def command(self, request: web.Request, body: Json) -> Json:
        """Type a command (`options`), or use a menu command on a message or user (`target`)."""
        user, channel = self._who_and_where(body)
        name, locale = str(body.get("name", "")), body.get("locale")
        if body.get("target") is not None:
            target = str(body["target"])
            found = commands.use_menu(self._discord, user, channel, name=name, target=target, locale=locale)
            return self._send(found)
        if not name.strip():
            raise Impossible("name the command")
        options = body.get("options") or {}
        return self._send(
            await commands.type_command(self._discord, user, channel, name=name, options=options, locale=locale)
        )

    async def autocomplete(self, request: web.Request, body: Json) -> Json:
        """Ask for completions of the option `focused`, with what is typed so far in `options`."""
        user, channel = self._who_and_where(body)
        return self._send(
            await commands.type_command(
                self._discord,
                user,
                channel,
                name=str(body.get("name", "")) or "?",
                options=body.get("options") or {},
                focused=str(body.get("focused")),
                locale=body.get("locale"),
            )
        )

    async def component(self, request: web.Request, body: Json) -> Json:
        """Press a button or choose `values` of a select."""
        found = components.press(
            self._discord,
            self._user(body.get("user")),
            message_id=str(body.get("message_id")),
            custom_id=str(body.get("custom_id")),
            values=body.get("values"),
            locale=body.get("locale"),
        )
        return self._send(found)

    async def modal(self, request: web.Request, body: Json) -> Json:
        """Send the modal that `interaction_id` opened, with `fields` by custom id."""
        opened = self._discord.interactions.get(str(body.get("interaction_id")))
        if opened is None:
            raise Impossible("there is no such interaction")
        user, fields = self._user(body.get("user")), body.get("fields") or {}
        return self._send(await modals.submit(self._discord, user, opened, fields, locale=body.get("locale")))

    async def say(self, request: web.Request, body: Json) -> Json:
        """Write a message as a person; gives it in Discord's shape."""
        user, channel = self._who_and_where(body)
        message = await self._discord.messages.post(
            where=channel, author=user, body={"content": str(body.get("content", ""))}
        )
        return shapes.message(self._discord.world, message)

    def _send(self, interaction: Interaction) -> Json:
        """Hand an interaction to the bot."""
        gateway, guild_id = self._discord.gateway, interaction.channel.guild_id
        if not gateway.reaches(guild_id):
            interaction.undelivered = True
            raise _Unreachable(interaction.id)
        gateway.dispatch("INTERACTION_CREATE", interaction.payload, guild_id=guild_id)
        return {"interaction_id": interaction.id}

    # -- looking

    async def interaction(self, request: web.Request, body: Json) -> Json:
        """What came of an interaction."""
        found = self._discord.interactions.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        return self._discord.interactions.seen(found)

    async def messages(self, request: web.Request, body: Json) -> list[Json]:
        """A channel's messages, oldest first; `channel=dm&user=ana` for a direct message."""
        channel = self._channel(request.query.get("channel", "general"), request.query.get("user"))
        return [shapes.seen_message(self._discord.world, message) for message in channel.messages.values()]

    async def requests(self, request: web.Request, body: Json) -> list[Json]:
        """Every REST request of the bot."""
        return [record.seen() for record in self._discord.requests]

    async def tasks(self, request: web.Request, body: Json) -> list[Json]:
        """Every task at the providers."""
        return self._tasks()

    async def commands(self, request: web.Request, body: Json) -> Json:
        """What the bot has registered: globally and in each guild."""
        registry, guilds = self._discord.registry, self._discord.world.guilds
        return {"global": registry.of(None), "guilds": {guild_id: registry.of(guild_id) for guild_id in guilds}}

    async def state(self, request: web.Request, body: Json) -> Json:
        """How the sandbox itself is: gateway sessions, its clock, and what is wrong with its own answers."""
        gateway = self._discord.gateway
        return {
            "connected": gateway.connected,
            "sessions": len(gateway.sessions),
            "intents": gateway.last_intents,
            "now": self._clock.now(),
            "problems": self._discord.own_problems,
        }

    # -- changing the world

    async def faults(self, request: web.Request, body: Json) -> Json:
        """Order trouble."""
        fault = self._discord.faults.order(body)
        if fault is not None and fault.kind == "gateway_drop":
            await self._discord.gateway.drop()
        return {"ordered": fault is not None}

    async def permissions(self, request: web.Request, body: Json) -> Json:
        """Change what the bot (or `user`) may do in a channel: `deny` and `allow` name permissions."""
        world = self._discord.world
        channel = self._channel(body.get("channel"), None)
        user = self._user(body["user"]) if "user" in body else world.bot
        if channel.guild_id is None or channel.is_thread:
            raise Impossible("permissions belong to a guild's channels")
        try:
            deny, allow = bits(body.get("deny", ())), bits(body.get("allow", ()))
        except KeyError as exc:
            raise Impossible(f"there is no permission {exc.args[0]}") from exc
        overwrite = channel.overwrites.setdefault(user.id, Overwrite(id=user.id, kind=1))
        overwrite.deny = overwrite.deny & ~allow | deny
        overwrite.allow = overwrite.allow & ~deny | allow
        shape = shapes.channel(world, channel)
        gateway = self._discord.gateway
        gateway.dispatch("CHANNEL_UPDATE", shape, guild_id=channel.guild_id, intent=Intent.GUILDS)
        return {"permissions": str(world.permissions(user.id, channel))}

    async def settings(self, request: web.Request, body: Json) -> Json:
        """Turn a knob: `premium_tier`; `dms_open` of `user`; `archived`, `locked` of a thread `channel`; `delete`."""
        world, gateway = self._discord.world, self._discord.gateway
        if "premium_tier" in body:
            guild = next(iter(world.guilds.values()))
            if body["premium_tier"] not in FILE_LIMITS:
                raise Impossible(f"tiers are {sorted(FILE_LIMITS)}")
            guild.premium_tier = body["premium_tier"]
            gateway.dispatch("GUILD_UPDATE", shapes.guild(world, guild), guild_id=guild.id, intent=Intent.GUILDS)
        if "dms_open" in body:
            self._user(body.get("user")).dms_open = bool(body["dms_open"])
        if "channel" in body:
            self._change_channel(self._channel(body["channel"], None), body)
        return {}

    def _change_channel(self, channel: Channel, body: Json) -> None:
        """Archive, lock or delete a channel."""
        for key in ("archived", "locked"):
            if key in body:
                setattr(channel, key, bool(body[key]))
        event = "THREAD" if channel.is_thread else "CHANNEL"
        shape = shapes.channel(self._discord.world, channel)
        if body.get("delete"):
            del self._discord.world.channels[channel.id]
        event += "_DELETE" if body.get("delete") else "_UPDATE"
        self._discord.gateway.dispatch(event, shape, guild_id=channel.guild_id, intent=Intent.GUILDS)

    async def clock(self, request: web.Request, body: Json) -> Json:
        """Put the sandbox's clock forward by `advance` seconds."""
        self._clock.advance(float(body.get("advance", 0)))
        return {"now": self._clock.now()}

    # -- names

    def _user(self, given: Any) -> User:
        for user in self._discord.world.users.values():
            if str(given) in (user.id, user.username) and not user.bot:
                return user
        raise Impossible(f"there is no user {given!r}")

    def _channel(self, given: Any, user: Any) -> Channel:
        world = self._discord.world
        if given == "dm":
            return world.direct_channel(self._user(user))
        for channel in world.channels.values():
            if str(given) == channel.id or (channel.name and str(given) == channel.name):
                return channel
        raise Impossible(f"there is no channel {given!r}")

    def _who_and_where(self, body: Json) -> tuple[User, Channel]:
        user = self._user(body.get("user"))
        return user, self._channel(body.get("channel", "general"), user.id)


class _Unreachable(Exception):
    """No session of the bot takes the interaction."""


def _json(
    handler: Callable[[web.Request, Json], Awaitable[Any]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Read the JSON of a request and write that of its answer."""

    async def handle(request: web.Request) -> web.Response:
        try:
            body = await request.json() if request.method == "POST" else {}
            if not isinstance(body, dict):
                raise Impossible("send an object")
            return web.json_response(await handler(request, body))
        except json.JSONDecodeError:
            return web.json_response({"error": "send JSON"}, status=400)
        except (Impossible, UnknownFault) as exc:
            return web.json_response({"error": str(exc)}, status=400)
        except Refused as refused:
            return web.json_response({"error": refused.message}, status=400)
        except _Unreachable as exc:
            error = {"error": "the bot is not connected", "interaction_id": exc.args[0]}
            return web.json_response(error, status=503)

    return handle
