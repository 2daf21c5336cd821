"""A stand-in for a REST proxy: all processes of a bot ask it, and it asks Discord at one pace for all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp import web

from bot.discord_pace import Pace

_HOP: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-encoding"})


class RestProxy:
    """Passes requests on with their headers, the token among them, and holds back those that would be too many.

    `trouble` is answered by the proxy itself, once for each status in it; without the header `Via`, as such proxies do.
    """

    def __init__(self, discord: str, session: aiohttp.ClientSession, pace: Pace) -> None:
        self._discord, self._session = discord, session
        self._pace = pace
        self.url, self.passed, self.trouble = "", 0, list[int]()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if self.trouble:
            return web.Response(status=self.trouble.pop(0), text="context deadline exceeded")
        body = await request.read()
        if not request.path.startswith(("/api/v10/interactions/", "/api/v10/webhooks/")):
            await self._pace.wait()
        self.passed += 1
        asked = self._session.request(
            request.method,
            f"{self._discord}{request.raw_path}",
            data=body,
            headers={name: value for name, value in request.headers.items() if name.lower() not in _HOP},
        )
        async with asked as answer:
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)


@asynccontextmanager
async def proxied(discord: str, pace: Pace | None = None) -> AsyncIterator[RestProxy]:
    """A proxy of the Discord at this address, on a port of its own."""
    async with aiohttp.ClientSession() as session:
        proxy = RestProxy(discord, session, pace or Pace())
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/v10/{tail:.*}", proxy.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            proxy.url = f"http://{host}:{port}/api/v10"
            yield proxy
        finally:
            await asyncio.shield(runner.cleanup())
