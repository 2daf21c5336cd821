"""Takes every request through faults, limits, checks, its handler, the record and the answer."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import Any

from aiohttp import web

from sandbox.discord import uploads
from sandbox.discord.errors import NotServed, Problem, Refused, refuse
from sandbox.discord.ratelimit import Limited
from sandbox.discord.request_log import Record
from sandbox.discord.rest import account, channels, commands, guilds, interactions, pins, polls, reactions, threads
from sandbox.discord.rest.call import Call, Route
from sandbox.discord.service import Discord
from sandbox.faults import Fault, cut, on_the_wire

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *guilds.ROUTES,
    *channels.ROUTES,
    *threads.ROUTES,
    *pins.ROUTES,
    *polls.ROUTES,
    *reactions.ROUTES,
    *commands.ROUTES,
    *interactions.ROUTES,
)
# What Discord serves at the same paths, and the sandbox does not.
UNSERVED: dict[str, tuple[str, ...]] = {
    "/applications/@me": ("PATCH",),
    "/guilds/{guild_id}": ("PATCH",),
    "/guilds/{guild_id}/channels": ("PATCH", "POST"),
    "/guilds/{guild_id}/members/{user_id}": ("DELETE", "PATCH", "PUT"),
    "/guilds/{guild_id}/roles": ("PATCH", "POST"),
    "/guilds/{guild_id}/roles/{role_id}": ("DELETE", "PATCH"),
    "/webhooks/{webhook_id}/{webhook_token}": ("DELETE", "GET", "PATCH"),
}
_PATHS = {route.path: re.compile(re.sub(r"{\w+}", "[^/]+", route.path)) for route in ROUTES}
BASE = "/api/v10"
JSON = "application/json"
ERRORS = 400
# Faults that are refusals of Discord's own.
_REFUSING = {"missing_permissions": 50013, "unknown_channel": 10003, "file_too_large": 40005}
_log = logging.getLogger(__name__)


def attach(app: web.Application, discord: Discord) -> None:
    """Add every route; the plain ones before those with parts, and an answer for what does not exist."""
    for route in sorted(ROUTES, key=lambda route: route.path.count("{")):
        app.router.add_route(route.method, BASE + route.path, _handler(discord, route))
    app.router.add_route("*", "/api/{tail:.*}", _unknown(discord))


def _handler(discord: Discord, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await Pipeline(discord, request, route).run()

    return handle


def _unknown(discord: Discord) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await Pipeline(discord, request, None).run()

    return handle


def _wrong_ids(path: Mapping[str, str]) -> list[Problem]:
    """List the parts of a path that should be snowflakes and are not."""
    return [
        Problem(at=(name,), kind="NUMBER_TYPE_COERCE", text=f'Value "{value}" is not snowflake.')
        for name, value in path.items()
        if name.endswith("_id") and not value.isdecimal()
    ]


class Pipeline:
    """Takes one request from its arrival to its answer."""

    def __init__(self, discord: Discord, request: web.Request, route: Route | None) -> None:
        self._discord = discord
        self._request = request
        self._route = route
        self._headers: dict[str, str] = {}
        self._uploads: list[uploads.Upload] = []
        self._broken: Refused | None = None
        self._record = Record(
            method=request.method,
            path=request.path.removeprefix(BASE),
            at=discord.world.clock.stamp(),
            query=dict(request.query),
            agent=request.headers.get("User-Agent", ""),
        )

    async def run(self) -> web.StreamResponse:
        """Answer the request and remember it."""
        self._discord.requests.append(self._record)
        try:
            answer = await self._run()
            answer.headers["Date"] = formatdate(self._discord.world.clock.now(), usegmt=True)
            return answer
        finally:
            await uploads.remove(self._uploads)

    async def _run(self) -> web.StreamResponse:
        await self._receive()
        fault = self._discord.faults.take("discord", "rest", *(self._route.calls if self._route else ()))
        if fault is not None:
            self._record.fault = fault.kind
            if (played := await self._play(fault)) is not None:
                return played
        try:
            status, body = await self._serve(fault)
        except Limited as limited:
            self._headers, self._record.limited = limited.headers, limited.scope
            status, body = 429, limited.body()
        except (Refused, NotServed) as refused:
            status, body = refused.status, refused.body()
        except Exception:  # noqa: BLE001 - whatever fails here, the bot gets an answer and the record says so
            _log.exception("The sandbox failed at %s %s", self._record.method, self._record.path)
            self._discord.own_problems.append(f"500 at {self._record.method} {self._record.path}")
            status, body = 500, {"message": "500: Internal Server Error", "code": 0}
        if fault is not None and fault.kind == "lost_answer":
            cut(self._request)
        return self._answer(status, body)

    async def _receive(self) -> None:
        """Take in the whole body, so that the record has it whatever happens next."""
        try:
            forms = self._route is None or self._route.forms
            body = await uploads.read_body(self._request, self._discord.cdn.folder, self._uploads, forms=forms)
        except Refused as refused:
            self._broken = refused
            return
        self._record.body = body
        self._record.files = [
            {"name": f"files[{u.index}]", "filename": u.filename, "size": u.size} for u in self._uploads
        ]

    async def _play(self, fault: Fault) -> web.StreamResponse | None:
        """Play faults that come before Discord looks at the request."""
        match fault.kind:
            case "http_500":
                return self._answer(500, {"message": "500: Internal Server Error", "code": 0})
            case "http_429":
                wait = float(fault.options.get("retry_after", 1))
                scope = "global" if fault.options.get("global") else "shared"
                limited = Limited(wait, scope=scope)
                self._headers, self._record.limited = limited.headers, scope
                return self._answer(429, limited.body())
            case "malformed_json":
                self._record.status = 200
                return web.Response(body=b'{"id": "', headers={"Content-Type": JSON})
        return await on_the_wire(self._request, fault)

    async def _serve(self, fault: Fault | None) -> tuple[int, Any]:
        """Check authority, limits and the request, and call the handler."""
        route = self._route
        if route is None:
            raise self._astray()
        path = dict(self._request.match_info)
        known = self._authorize(route)
        self._headers = self._discord.limits.take(route.method, route.path, path)
        if not known:
            raise NotServed(401, "Unauthorized")
        if self._broken is not None:
            raise self._broken
        call = Call(
            discord=self._discord,
            path=path,
            query=self._record.query,
            body=self._record.body,
            uploads=list(self._uploads),
            locale=self._request.headers.get("X-Discord-Locale", ""),
        )
        refuse(_wrong_ids(path))
        await self._check(route, call)
        if fault is not None and fault.kind in _REFUSING:
            raise Refused(_REFUSING[fault.kind])
        return await route.handler(call)

    def _astray(self) -> NotServed:
        """Say why a request has no route: its path takes other methods, or else the sandbox does not serve it."""
        method, path = self._record.method, self._record.path
        there = [plain for plain, pattern in _PATHS.items() if pattern.fullmatch(path)]
        if there and not any(method in UNSERVED.get(plain, ()) for plain in there):
            return NotServed(405, "Method Not Allowed")
        self._discord.own_problems.append(f"no route for {method} {path}")
        return NotServed(404, "Not Found")

    def _authorize(self, route: Route) -> bool:
        """Tell whether the request carries the bot's token, or a token in its path that needs no other."""
        given = self._request.headers.get("Authorization")
        if given is None:
            return route.by_token or route.path == "/gateway"
        return given == f"Bot {self._discord.world.token}"

    async def _check(self, route: Route, call: Call) -> None:
        """Hold the request against Discord's document and the by-hand rules.

        Raises:
            Refused: as Discord refuses what is wrong with it.
        """
        problems = self._record.problems
        problems += route.check(call) if route.check is not None else ()
        if self._discord.document is not None:
            known = {(problem.at, problem.kind) for problem in problems}
            find = self._discord.document.request_problems
            found = await asyncio.to_thread(find, route.method, route.path, body=call.body, query=call.query)
            problems += [problem for problem in found if (problem.at, problem.kind) not in known]
        refuse(problems)

    def _answer(self, status: int, body: Any) -> web.Response:
        """Write the answer down and send it."""
        self._record.status, self._record.code = status, None
        if isinstance(body, dict) and status >= ERRORS:
            self._record.code = body.get("code")
        self._discord.limits.answered(status, shared=self._record.limited == "shared")
        document = self._discord.document
        if document is not None and self._route is not None:
            wrong = document.answer_problems(self._route.method, self._route.path, status, body)
            self._discord.own_problems += wrong
        if body is None:
            return web.Response(status=status, headers=self._headers)
        text = json.dumps(body, separators=(",", ":"))
        return web.Response(body=text.encode(), status=status, headers={**self._headers, "Content-Type": JSON})
