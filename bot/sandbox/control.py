"""The control address: act as the people in the channel, cause trouble, and look at what happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.discord import shapes
from bot.sandbox.discord.people import commands, components, knobs, modals
from bot.sandbox.discord.people.typed import Impossible
from bot.sandbox.faults import UnknownFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sandbox.discord.clock import Clock
    from bot.sandbox.discord.interactions import Interaction
    from bot.sandbox.discord.service import Discord
    from bot.sandbox.discord.world import Channel, Json, User


class Unreachable(Exception):
    """No session of the bot takes an interaction."""


class Control:
    """What is below `/control`: JSON in and out, 400 `{"error"}` for what nobody could do.

    A POST's handler gets the JSON that was sent, a GET's the query and the parts of its path.
    """

    def __init__(self, *, discord: Discord, clock: Clock, tasks: Callable[[], list[Json]]) -> None:
        self._discord = discord
        self._clock = clock
        self._tasks = tasks

    def attach(self, app: web.Application) -> None:
        """Add the routes."""
        posts: dict[str, Callable[[Json], Awaitable[Any]]] = {
            "command": self.command,
            "autocomplete": self.autocomplete,
            "component": self.component,
            "modal": self.modal,
            "messages": self.say,
            "delete": self.delete,
            "faults": self.order,
            "permissions": self.permissions,
            "settings": self.settings,
            "clock": self.advance,
        }
        gets: dict[str, Callable[[Json], Any]] = {
            "interactions/{id}": self.interaction,
            "messages": self.messages,
            "requests": lambda _: [record.seen() for record in self._discord.requests],
            "tasks": lambda _: self._tasks(),
            "commands": lambda _: self.registered(),
            "state": lambda _: self.state(),
        }
        for name, post in posts.items():
            app.router.add_post(f"/control/{name}", _posted(post))
        for name, get in gets.items():
            app.router.add_get(f"/control/{name}", _asked(get))

    async def command(self, body: Json) -> Json:
        """Type the command `name` with `options`, or use the menu command `name` on a message or user `target`."""
        user, channel = self._who_and_where(body)
        name, locale = str(body.get("name", "")), body.get("locale")
        if body.get("target") is not None:
            target = str(body["target"])
            return self._send(commands.use_menu(self._discord, user, channel, name=name, target=target, locale=locale))
        return self._send(await self._typed(user, channel, body, focused=None))

    async def autocomplete(self, body: Json) -> Json:
        """Ask for completions of the option `focused`, with what is typed so far in `options`."""
        user, channel = self._who_and_where(body)
        return self._send(await self._typed(user, channel, body, focused=str(body.get("focused"))))

    async def _typed(self, user: User, channel: Channel, body: Json, *, focused: str | None) -> Interaction:
        name, options = str(body.get("name", "")).strip(), body.get("options") or {}
        if not name or not isinstance(options, dict):
            raise Impossible("a command has a name and an object of options")
        return await commands.type_command(
            self._discord,
            user,
            channel,
            name=name,
            options=options,
            focused=focused,
            locale=body.get("locale"),
        )

    async def component(self, body: Json) -> Json:
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

    async def modal(self, body: Json) -> Json:
        """Send the modal that `interaction_id` opened, with `fields` by custom id."""
        opened = self._discord.interactions.get(str(body.get("interaction_id")))
        if opened is None:
            raise Impossible("there is no such interaction")
        user, fields = self._user(body.get("user")), body.get("fields") or {}
        return self._send(await modals.submit(self._discord, user, opened, fields, locale=body.get("locale")))

    async def say(self, body: Json) -> Json:
        """Write a message as a person; gives it in Discord's shape."""
        user, channel = self._who_and_where(body)
        text = {"content": str(body.get("content", ""))}
        message = await self._discord.messages.post(where=channel, author=user, body=text)
        return shapes.message(self._discord.world, message)

    async def delete(self, body: Json) -> Json:
        """Take a message away, as a moderator does."""
        channel, message = components.seen_message(
            self._discord, self._user(body.get("user", "owner")), str(body.get("message_id"))
        )
        self._discord.messages.delete(message, where=channel)
        return {}

    def _send(self, interaction: Interaction) -> Json:
        """Hand an interaction to the bot."""
        gateway, guild_id = self._discord.gateway, interaction.channel.guild_id
        if not gateway.reaches(guild_id):
            interaction.undelivered = True
            raise Unreachable(interaction.id)
        gateway.dispatch("INTERACTION_CREATE", interaction.payload, guild_id=guild_id)
        return {"interaction_id": interaction.id}

    def interaction(self, asked: Json) -> Json:
        """What came of an interaction."""
        found = self._discord.interactions.get(asked["id"])
        if found is None:
            raise Impossible("there is no such interaction")
        return self._discord.interactions.seen(found)

    def messages(self, asked: Json) -> list[Json]:
        """A channel's messages, oldest first; `channel=dm&user=ana` for a direct message."""
        channel = self._channel(asked.get("channel", "general"), asked.get("user"))
        return [shapes.seen_message(self._discord.world, message) for message in channel.messages.values()]

    def registered(self) -> Json:
        """The commands that the bot has registered, globally and in each guild."""
        registry, guilds = self._discord.registry, self._discord.world.guilds
        return {"global": registry.of(None), "guilds": {place: registry.of(place) for place in guilds}}

    def state(self) -> Json:
        """How the sandbox itself is: gateway sessions, its clock, and what is wrong with its own answers."""
        gateway = self._discord.gateway
        return {
            "connected": gateway.connected,
            "sessions": len(gateway.sessions),
            "intents": gateway.last_intents,
            "now": self._clock.now(),
            "problems": self._discord.own_problems,
        }

    async def order(self, body: Json) -> Json:
        """Order trouble."""
        fault = self._discord.faults.order(body)
        if fault is not None and fault.kind == "gateway_drop":
            await self._discord.gateway.drop()
        return {"ordered": fault is not None}

    async def permissions(self, body: Json) -> Json:
        """Change what the bot (or `user`) may do in a channel: `deny` and `allow` name permissions."""
        user = self._user(body["user"]) if "user" in body else self._discord.world.bot
        channel = self._channel(body.get("channel"), user.id)
        return {"permissions": str(knobs.set_permissions(self._discord, channel, user, body))}

    async def settings(self, body: Json) -> Json:
        """Turn a knob.

        `premium_tier` and `bot_present` are the guild's; `dms_open` and `roles` those of `user`; `locale` is the
        user's where one is named, else the guild's; `archived`, `locked` and `delete` are those of `channel`.
        """
        if "premium_tier" in body:
            knobs.set_tier(self._discord, body["premium_tier"])
        if "bot_present" in body:
            knobs.set_membership(self._discord, present=bool(body["bot_present"]))
        if "locale" in body:
            who = self._user(body["user"]) if "user" in body else None
            knobs.set_locale(self._discord, str(body["locale"]), who)
        if "roles" in body:
            knobs.set_roles(self._discord, self._user(body.get("user")), list(body["roles"]))
        if "dms_open" in body:
            self._user(body.get("user")).dms_open = bool(body["dms_open"])
        if "channel" in body:
            knobs.set_channel(self._discord, self._channel(body["channel"], None), body)
        return {}

    async def advance(self, body: Json) -> Json:
        """Put Discord's clock forward by `advance` seconds."""
        seconds = body.get("advance", 0)
        if not isinstance(seconds, int | float) or seconds < 0:
            raise Impossible("time goes forward, in seconds")
        self._clock.advance(seconds)
        return {"now": self._clock.now()}

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
            if str(given) in (channel.id, channel.name or channel.id):
                return channel
        raise Impossible(f"there is no channel {given!r}")

    def _who_and_where(self, body: Json) -> tuple[User, Channel]:
        user = self._user(body.get("user"))
        return user, self._channel(body.get("channel", "general"), user.id)


def _posted(
    handler: Callable[[Json], Awaitable[Any]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A POST: its JSON in, JSON out."""

    async def handle(request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except json.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return web.json_response({"error": "send a JSON object"}, status=400)
        try:
            return web.json_response(await handler(body))
        except (Impossible, UnknownFault) as exc:
            return web.json_response({"error": str(exc)}, status=400)
        except Unreachable as exc:
            error = {"error": "the bot is not connected", "interaction_id": exc.args[0]}
            return web.json_response(error, status=503)

    return handle


def _asked(handler: Callable[[Json], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A GET: the query and the parts of the path in, JSON out."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(handler({**request.query, **request.match_info}))
        except Impossible as exc:
            return web.json_response({"error": str(exc)}, status=404)

    return handle
