"""What is below `/control`: JSON in and out, and words for what cannot be done."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.control.acting import Acting, Unreachable
from sandbox.control.changing import Changing
from sandbox.control.looking import Looking
from sandbox.discord.clock import Clock
from sandbox.discord.people.typed import Impossible
from sandbox.discord.service import Discord
from sandbox.discord.world import Json
from sandbox.faults import UnknownFault
from sandbox.providers import Providers


class Control:
    """The routes. A POST's handler gets the JSON that was sent, a GET's the query and the parts of its path."""

    def __init__(self, *, discord: Discord, clock: Clock, providers: Providers) -> None:
        self._acting = Acting(discord)
        self._changing = Changing(discord=discord, clock=clock, providers=providers)
        self._looking = Looking(discord=discord, clock=clock, providers=providers)

    def attach(self, app: web.Application) -> None:
        """Add the routes."""
        acting, changing, looking = self._acting, self._changing, self._looking
        posts: dict[str, Callable[[Json], Awaitable[Any]]] = {
            "command": acting.command,
            "autocomplete": acting.autocomplete,
            "component": acting.component,
            "modal": acting.modal,
            "messages": acting.say,
            "delete": acting.delete,
            "people": changing.people,
            "roles": changing.roles,
            "channels": changing.channels,
            "permissions": changing.permissions,
            "command_permissions": changing.command_permissions,
            "settings": changing.settings,
            "clock": changing.advance,
            "faults": changing.faults,
        }
        gets: dict[str, Callable[[Json], Any]] = {
            "interactions/{id}": looking.interaction,
            "messages": looking.messages,
            "requests": looking.requests,
            "tasks": looking.tasks,
            "bill": looking.bill,
            "commands": looking.commands,
            "guild": looking.guild,
            "state": looking.state,
        }
        for name, post in posts.items():
            app.router.add_post(f"/control/{name}", _posted(post))
        for name, get in gets.items():
            app.router.add_get(f"/control/{name}", _asked(get))


def _posted(
    handler: Callable[[Json], Awaitable[Any]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A POST: its JSON in, JSON out; 400 `{"error"}` for what nobody could do, 503 where no bot listens."""

    async def handle(request: web.Request) -> web.Response:
        try:
            # Read here and not by aiohttp, which takes a megabyte at most: a file may be larger.
            body = json.loads(await request.content.read())
        except ValueError:
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
    """A GET: the query and the parts of the path in, JSON out; 404 for what is not there."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(handler({**request.query, **request.match_info}))
        except Impossible as exc:
            return web.json_response({"error": str(exc)}, status=404)

    return handle
