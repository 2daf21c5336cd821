"""Shows on the operator's page what doctor finds: of all that the bot needs, or of the one server of a visitor."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, TypeAlias

from aiohttp import web

from bot.domain import EVERYWHERE
from bot.domain.finding import Finding, Mark
from bot.domain.visitor import Visitor
from bot.locale import Words, words
from bot.web.page.context import PageContext
from bot.web.page.drawing import marked

log = logging.getLogger(__name__)

PATIENCE: Final = 300.0  # seconds for everything: a bot in many servers has much to look at

Examine: TypeAlias = Callable[[Words], AsyncIterator[Finding]]
ExamineGuild: TypeAlias = Callable[[int, Words], Awaitable[Sequence[tuple[Mark, str]]]]

_CHANNEL: Final = re.compile(r"<#(\d+)>")


class DoctorPages:
    """Answers what is asked about the bot's health; only who runs the whole bot is told of all of it.

    One look at everything is taken at a time, and remembered: it asks the video services, and Discord about every
    server. Who runs one server is told of that one, by what this process knows of it, whenever they look.
    """

    def __init__(self, context: PageContext, examine: Examine | None, examine_guild: ExamineGuild | None) -> None:
        self._context, self._examine, self._examine_guild = context, examine, examine_guild
        self._findings: list[Finding] = []
        self._began: datetime | None = None
        self._look: asyncio.Task[None] | None = None
        self._broken = False

    def add_to(self, router: web.UrlDispatcher, path: str) -> None:
        """Add the addresses."""
        router.add_get(f"{path}/doctor", self._show)
        router.add_post(f"{path}/doctor", self._begin)

    async def stop(self, _: web.Application) -> None:
        """End the look that is under way."""
        if self._look is not None:
            self._look.cancel()
            with suppress(asyncio.CancelledError):
                await self._look

    @property
    def _looking(self) -> bool:
        return self._look is not None and not self._look.done()

    async def _show(self, request: web.Request) -> web.Response:
        visitor = await self._context.guard.visitor(request)
        if visitor.guild_id != EVERYWHERE and self._examine_guild is not None:
            return await self._show_guild(request, visitor, self._examine_guild)
        if visitor.guild_id != EVERYWHERE or self._examine is None:
            raise web.HTTPNotFound
        values = {"findings": self._findings, "began": self._began, "looking": self._looking, "broken": self._broken}
        return await self._context.draw_for(request, visitor, "doctor.html", values)

    async def _show_guild(self, request: web.Request, visitor: Visitor, examine: ExamineGuild) -> web.Response:
        """Show what is found of the visitor's own server, which alone their session is for."""
        found = await examine(visitor.guild_id, words(visitor.locale))
        channels = {int(number) for _, text in found for number in _CHANNEL.findall(text)}
        values = {"found": found, "marked": marked}
        return await self._context.draw_for(request, visitor, "doctor_guild.html", values, channels=channels)

    async def _begin(self, request: web.Request) -> web.Response:
        visitor = await self._context.guard.visitor(request)
        await self._context.guard.sent_form(request)
        if visitor.guild_id != EVERYWHERE or self._examine is None:
            raise web.HTTPNotFound
        if not self._looking:
            self._findings, self._began, self._broken = [], self._context.services.now(), False
            self._look = asyncio.create_task(self._take(self._examine, words(visitor.locale)), name="doctor")
        return web.Response(status=303, headers={"Location": f"{self._context.base}/doctor"})

    async def _take(self, examine: Examine, say: Words) -> None:
        findings = self._findings
        try:
            async with asyncio.timeout(PATIENCE):
                async for finding in examine(say):
                    findings.append(finding)
        except Exception:
            self._broken = True
            log.exception("doctor could not look to the end")
