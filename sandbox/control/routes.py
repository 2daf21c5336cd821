"""Serves what is below `/control`: JSON in and out, and words for what cannot be done."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.control.actions import PeopleActions, Unreachable
from sandbox.control.changes import WorldChanges
from sandbox.control.event_stream import EventStream
from sandbox.control.queries import Queries
from sandbox.control.views import Views
from sandbox.discord.clock import Clock
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.service import Discord
from sandbox.discord.world import Json
from sandbox.faults import UnknownFault
from sandbox.providers import Providers

Books = Callable[[], Awaitable[Json | None]]


class Control:
    """Adds the routes. A POST's handler gets the JSON that was sent, a GET's the query and the parts of its path."""

    def __init__(self, *, discord: Discord, clock: Clock, providers: Providers, books: Books | None = None) -> None:
        self._events = discord.events
        self._actions = PeopleActions(discord)
        self._changes = WorldChanges(discord=discord, clock=clock, providers=providers)
        self._queries = Queries(discord=discord, clock=clock, providers=providers)
        self._views = Views(discord)
        self._books = books

    def attach(self, app: web.Application) -> None:
        """Add the routes."""
        actions, changes, queries = self._actions, self._changes, self._queries
        acts: dict[str, Callable[[Json], Awaitable[Any]]] = {
            "command": actions.command,
            "autocomplete": actions.autocomplete,
            "component": actions.component,
            "modal": actions.modal,
            "messages": actions.say,
            "delete": actions.delete,
            "react": actions.react,
        }
        changing: dict[str, Callable[[Json], Awaitable[Any]]] = {
            "people": changes.people,
            "guilds": changes.guilds,
            "gateway": changes.gateway,
            "roles": changes.roles,
            "channels": changes.channels,
            "permissions": changes.permissions,
            "command_permissions": changes.command_permissions,
            "settings": changes.settings,
            "clock": changes.advance,
            "faults": changes.faults,
        }
        gets: dict[str, Callable[[Json], Any]] = {
            "interactions/{id}": queries.interaction,
            "messages": queries.messages,
            "requests": queries.requests,
            "limits": queries.limits,
            "tasks": queries.tasks,
            "bill": queries.bill,
            "commands": queries.commands,
            "guild": queries.guild,
            "state": queries.state,
            "faults": queries.faults,
            "client": self._views.client,
            "offered": self._views.offered,
        }
        for name, act in acts.items():
            app.router.add_post(f"/control/{name}", _posted(act))
        for name, change in changing.items():
            app.router.add_post(f"/control/{name}", _posted(self._telling(change)))
        for name, get in gets.items():
            app.router.add_get(f"/control/{name}", _asked(get))
        app.router.add_get("/control/books", self._read_books)
        EventStream(self._events).attach(app)

    def _telling(self, change: Callable[[Json], Awaitable[Any]]) -> Callable[[Json], Awaitable[Any]]:
        """Tell whoever watches that the world has been changed: of much of it the bot's gateway hears nothing."""

        async def changed(body: Json) -> Any:
            done = await change(body)
            self._events.tell("world")
            return done

        return changed

    async def _read_books(self, _request: web.Request) -> web.Response:
        """Answer with the books that the program around the sandbox keeps; null where it keeps none."""
        return web.json_response(None if self._books is None else await self._books())


def _posted(
    handler: Callable[[Json], Awaitable[Any]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Handle a POST: JSON in, JSON out; 400 `{"error"}` for what nobody could do, 503 where no bot listens."""

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
        except (ImpossibleAction, UnknownFault) as exc:
            return web.json_response({"error": str(exc)}, status=400)
        except Unreachable as exc:
            error = {"error": "the bot is not connected", "interaction_id": exc.args[0]}
            return web.json_response(error, status=503)

    return handle


def _asked(handler: Callable[[Json], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Handle a GET: the query and the parts of the path in, JSON out; 404 for what is not there."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(handler({**request.query, **request.match_info}))
        except ImpossibleAction as exc:
            return web.json_response({"error": str(exc)}, status=404)

    return handle
