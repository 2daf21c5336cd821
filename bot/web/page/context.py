"""Holds what every part of the operator's page needs: the services, who is let in, and how an answer is drawn."""

import secrets
from collections.abc import Collection
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.domain import EVERYWHERE
from bot.domain.visitor import Visitor
from bot.service.services import Services
from bot.web.page.drawing import Drawing, reader_locale, tag
from bot.web.page.guard import Guard


class PageContext:
    """Draws for visitors, and for those who are none. `address` is where the page is reached."""

    def __init__(self, services: Services, *, address: str) -> None:
        self.services = services
        self.base = urlsplit(address).path
        self.guard = Guard(address=address, access=services.page_access, draw=self.draw_message)
        self._drawing = Drawing(base=self.base)

    async def draw_for(
        self,
        request: web.Request,
        visitor: Visitor,
        template: str,
        values: dict[str, Any],
        *,
        users: Collection[int] = (),
        guilds: Collection[int] = (),
        channels: Collection[int] = (),
    ) -> web.Response:
        """Draw what somebody who is signed in sees, with the ways to go on and out, and with what is known of names."""
        named = await self.services.names.names(users=users, guilds={*guilds, visitor.guild_id}, channels=channels)
        shown = {
            "person": lambda number: tag(named.users.get(number), number),
            "server": lambda number: tag(named.guilds.get(number), number),
            "channel": lambda number: tag(named.channels.get(number), number),
            "visitor": visitor,
            "everywhere": visitor.guild_id == EVERYWHERE,
            "proof": self.guard.proof(request),
            "key": secrets.token_hex(8),
            "here": request.path.removeprefix(self.base).strip("/").partition("/")[0] or "overview",
            "done": request.query.get("done", ""),
        }
        return self.draw(template, visitor.locale, {**values, **shown})

    def draw_message(self, request: web.Request, status: int, about: str) -> web.Response:
        """Say something instead of a page."""
        return self.draw("message.html", reader_locale(request), {"about": about}, status=status)

    def draw(self, template: str, locale: str, values: dict[str, Any], *, status: int = 200) -> web.Response:
        """Fill a template."""
        return self._drawing.page(template, locale, values, now=self.services.now(), status=status)

    def entry_id(self, request: web.Request, form: dict[str, str]) -> str:
        """Name what a form does, so that the same form does it once, however often it is sent."""
        parts = (self.guard.session(request), request.path, form.get("key", ""))
        return f"page-{sha256(chr(0).join(parts).encode(errors='replace')).hexdigest()[:32]}"

    def done(self, place: str, decision: str) -> web.Response:
        """Lead back to a place that then says what was done."""
        return web.Response(status=303, headers={"Location": f"{self.base}{place}done={decision}"})
