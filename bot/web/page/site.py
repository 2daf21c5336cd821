"""Answers every address of the operator's page."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from bot.domain import EVERYWHERE, UNLIMITED
from bot.domain.rate_limit import RateLimit
from bot.domain.standing import SpendBy, SpendLine
from bot.domain.visitor import Visitor
from bot.errors import TooOften
from bot.locale import words
from bot.log import RecentLines
from bot.service.admin.overview import spend_table
from bot.service.services import Services
from bot.web.page.cases import CasePages
from bot.web.page.context import PageContext
from bot.web.page.doctor import DoctorPages, Examine, ExamineGuild
from bot.web.page.drawing import CHART, FILES, chart_of, entry_text, people_of, reader_locale, shipped
from bot.web.page.guard import read_form
from bot.web.page.jobs import JobPages
from bot.web.serving import serve

log = logging.getLogger(__name__)

PATH: Final = "/page"
LARGEST: Final = 16 * 1024  # bytes of a form
SHOWN: Final = 100  # lines of a table of spend; the CSV file has them all
SECRET: Final = 100  # characters of a link's secret, at the most
TRIES: Final = 5  # to sign in with one link, in a minute; who has none that this bot has made is not even counted


class Site:
    """Shows what the services say to who is signed in. `address` is where the page is reached, `PATH` included.

    `examine` looks at everything that the bot needs, `examine_guild` at one server; `lines` are those of the log that
    this process remembers.
    """

    def __init__(
        self,
        services: Services,
        *,
        address: str,
        examine: Examine | None = None,
        examine_guild: ExamineGuild | None = None,
        lines: RecentLines | None = None,
    ) -> None:
        self._services, self._lines = services, lines
        self._context = PageContext(services, address=address)
        self._guard, self._doctor = self._context.guard, DoctorPages(self._context, examine, examine_guild)
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
        app.on_cleanup.append(self._doctor.stop)
        for pages in (JobPages(self._context, self._lines), CasePages(self._context), self._doctor):
            pages.add_to(app.router, PATH)
        for name, kind in FILES.items():
            app.router.add_get(f"{PATH}/{name}", _file(shipped(name), kind))
        return app

    # -- signing in and out

    async def _sign_in_form(self, request: web.Request) -> web.Response:
        """Show the button that signs in with the secret behind the #, which the browser has kept to itself."""
        return self._context.draw("sign_in.html", reader_locale(request), {})

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        access, session = self._services.page_access, None
        secret = (await read_form(request)).get("secret", "")
        if len(secret) <= SECRET and (number := access.link_number(secret)) is not None:
            try:
                self._tries.take(number)
            except TooOften:
                return self._context.draw_message(request, 429, "busy")
            session = await access.sign_in(secret)
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
            "packs": await self._services.balances.read() if visitor.guild_id == EVERYWHERE else {},
            "queues": await overview.queues() if visitor.guild_id == EVERYWHERE else (),
            "month": month,
            "limited": month is not None and month.allowance != UNLIMITED,
            "now": self._services.now(),
            **_chart(await overview.spend(SpendBy.DAY, visitor.guild_id), visitor),
        }
        return await self._context.draw_for(request, visitor, "overview.html", values)

    async def _spend(self, request: web.Request) -> web.Response:
        visitor = await self._guard.visitor(request)
        lines = {by: await self._services.overview.spend(by, visitor.guild_id) for by in _ways(visitor)}
        budgets = await self._services.overview.budgets() if visitor.guild_id == EVERYWHERE else ()
        values = {"tables": lines, "most": SHOWN, "budgets": budgets, **_chart(lines[SpendBy.DAY], visitor)}
        guilds = [each.guild_id for each in budgets] + _numbers(lines.get(SpendBy.SERVER, ()))
        users = _numbers(lines[SpendBy.MEMBER])
        return await self._context.draw_for(request, visitor, "spend.html", values, users=users, guilds=guilds)

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
        users = [number for entry in entries for number in people_of(entry).values()]
        named = await self._services.names.names(users=users)
        values = {"entries": [(entry.at, entry_text(entry, say, named)) for entry in entries]}
        return await self._context.draw_for(request, visitor, "audit.html", values)

    async def _settings(self, request: web.Request) -> web.Response:
        visitor = await self._guard.visitor(request)
        if visitor.guild_id != EVERYWHERE:
            raise web.HTTPNotFound
        values = {"settings": self._services.overview.settings}
        return await self._context.draw_for(request, visitor, "settings.html", values)


def _chart(days: Sequence[SpendLine], visitor: Visitor) -> dict[str, Any]:
    return {"chart": chart_of(days, words(visitor.locale)), "size": CHART}


def _numbers(lines: Sequence[SpendLine]) -> list[int]:
    """List the ids in the lines of a table that are shown."""
    return [int(line.name) for line in lines[:SHOWN] if line.name]


def _ways(visitor: Visitor) -> list[SpendBy]:
    """List by what a visitor may see the spend: one server needs no table of servers."""
    return [by for by in SpendBy if by is not SpendBy.SERVER or visitor.guild_id == EVERYWHERE]


def _file(content: bytes, kind: str) -> Any:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return answer


@asynccontextmanager
async def serve_page(services: Services, *, host: str, port: int, **options: Any) -> AsyncIterator[int]:
    """Serve the page for as long as the context lasts; gives the port. `options` are those of the `Site`.

    Raises:
        SettingsInvalid: the address cannot be listened on.
    """
    async with serve(Site(services, **options).application(), host=host, port=port, setting="PAGE_PORT") as given:
        yield given
