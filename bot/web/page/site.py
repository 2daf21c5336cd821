"""Answers every address of the operator's page."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from bot.domain import EVERYWHERE, UNLIMITED
from bot.domain.rate_limit import RateLimit
from bot.domain.standing import SpendBy
from bot.domain.visitor import Visitor
from bot.errors import TooOften
from bot.locale import words
from bot.service.admin.overview import spend_table
from bot.service.services import Services
from bot.web.page.cases import CasePages
from bot.web.page.context import PageContext
from bot.web.page.drawing import CHART, FILES, bars, entry_text, reader_locale, shipped
from bot.web.page.guard import read_form
from bot.web.page.jobs import JobPages
from bot.web.serving import serve

log = logging.getLogger(__name__)

PATH: Final = "/page"
LARGEST: Final = 16 * 1024  # bytes of a form
SECRET: Final = 100  # characters of a link's secret, at the most
TRIES: Final = 30  # to sign in, by anybody, in a minute

_EVERYBODY: Final = 0  # whom the limit is counted for: behind another web server all have one address


class Site:
    """Shows what the services say to who is signed in. `address` is where the page is reached, `PATH` included."""

    def __init__(self, services: Services, *, address: str) -> None:
        self._services = services
        self._context = PageContext(services, address=address)
        self._guard = self._context.guard
        self._tries = RateLimit(times=TRIES, span=timedelta(minutes=1), clock=services.now)

    def application(self) -> web.Application:
        """Make the application that answers."""
        app = web.Application(client_max_size=LARGEST, middlewares=[self._guard.guarded])
        app.router.add_get(PATH, self._overview)
        app.router.add_get(f"{PATH}/sign-in", self._sign_in_form)
        app.router.add_post(f"{PATH}/sign-in", self._sign_in)
        app.router.add_post(f"{PATH}/sign-out", self._sign_out)
        app.router.add_get(f"{PATH}/spend", self._spend)
        app.router.add_get(f"{PATH}/spend/{{by}}.csv", self._spend_table)
        app.router.add_get(f"{PATH}/settings", self._settings)
        app.router.add_get(f"{PATH}/audit", self._audit)
        for pages in (JobPages(self._context), CasePages(self._context)):
            pages.add_to(app.router, PATH)
        for name, kind in FILES.items():
            app.router.add_get(f"{PATH}/{name}", _file(shipped(name), kind))
        return app

    # -- signing in and out

    async def _sign_in_form(self, request: web.Request) -> web.Response:
        """Show the button that signs in with the secret behind the #, which the browser has kept to itself."""
        return self._context.draw("sign_in.html", reader_locale(request), {})

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        try:
            self._tries.take(_EVERYBODY)
        except TooOften:
            return self._context.draw_message(request, 429, "busy")
        secret, session = (await read_form(request)).get("secret", ""), None
        if 0 < len(secret) <= SECRET:
            session = await self._services.page_access.sign_in(secret)
        if session is None:
            return self._context.draw_message(request, 403, "link_over")
        response = web.Response(status=303, headers={"Location": self._context.base})
        self._guard.remember(response, session)
        return response

    async def _sign_out(self, request: web.Request) -> web.StreamResponse:
        await self._guard.sent_form(request)
        await self._services.page_access.sign_out(self._guard.session(request))
        response = self._context.draw_message(request, 200, "signed_out")
        self._guard.forget(response)
        return response

    # -- what there is to see

    async def _overview(self, request: web.Request) -> web.Response:
        visitor, overview = await self._guard.visitor(request), self._services.overview
        month = await overview.month(visitor.guild_id)
        values = {
            "standing": await overview.standing(visitor.guild_id),
            "providers": await overview.providers(),
            "month": month,
            "limited": month is not None and month.allowance != UNLIMITED,
            **self._chart(await overview.spend(SpendBy.DAY, visitor.guild_id), visitor),
        }
        return self._context.draw_for(request, visitor, "overview.html", values)

    async def _spend(self, request: web.Request) -> web.Response:
        visitor = await self._guard.visitor(request)
        lines = {by: await self._services.overview.spend(by, visitor.guild_id) for by in _ways(visitor)}
        values = {"tables": lines, **self._chart(lines[SpendBy.DAY], visitor)}
        return self._context.draw_for(request, visitor, "spend.html", values)

    async def _spend_table(self, request: web.Request) -> web.Response:
        visitor, by = await self._guard.visitor(request), request.match_info["by"]
        if by not in _ways(visitor):
            raise web.HTTPNotFound
        lines = await self._services.overview.spend(SpendBy(by), visitor.guild_id)
        return web.Response(
            body=spend_table(SpendBy(by), lines),
            content_type="text/csv",
            charset="utf-8",
            headers={"Content-Disposition": f'attachment; filename="spend-by-{by}.csv"'},
        )

    async def _audit(self, request: web.Request) -> web.Response:
        visitor = await self._guard.visitor(request)
        entries, say = await self._services.overview.audit(visitor.guild_id), words(visitor.locale)
        values = {"entries": [(entry.at, entry_text(entry, say)) for entry in entries]}
        return self._context.draw_for(request, visitor, "audit.html", values)

    async def _settings(self, request: web.Request) -> web.Response:
        visitor = await self._guard.visitor(request)
        if visitor.guild_id != EVERYWHERE:
            raise web.HTTPNotFound
        return self._context.draw_for(request, visitor, "settings.html", {"settings": self._services.overview.settings})

    # -- drawing

    def _chart(self, lines: Any, visitor: Visitor) -> dict[str, Any]:
        return {"days": lines, "bars": bars(lines, words(visitor.locale)), "chart": CHART}


def _ways(visitor: Visitor) -> list[SpendBy]:
    """List by what a visitor may see the spend: one server needs no table of servers."""
    return [by for by in SpendBy if by is not SpendBy.SERVER or visitor.guild_id == EVERYWHERE]


def _file(content: bytes, kind: str) -> Any:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return answer


@asynccontextmanager
async def serve_page(services: Services, *, host: str, port: int, address: str) -> AsyncIterator[int]:
    """Serve the page for as long as the context lasts; gives the port.

    Raises:
        SettingsInvalid: the address cannot be listened on.
    """
    async with serve(Site(services, address=address).application(), host=host, port=port, setting="PAGE_PORT") as given:
        yield given
