"""Serves `/healthz` (the process does its work), `/readyz` (it serves people now) and, where asked for, `/metrics`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from aiohttp import web

from bot.web.serving import serve

Page: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def serve_health(
    *, host: str, port: int, alive: Callable[[], bool], ready: Callable[[], bool], metrics: Page | None = None
) -> AsyncIterator[int]:
    """Serve them for as long as the context lasts; gives the port, which `port` 0 leaves to the system.

    The first two answer 200 when their question is answered by yes, else 503; `metrics` is the whole third.

    Raises:
        SettingsInvalid: the address cannot be listened on.
    """

    def answer(question: Callable[[], bool]) -> Page:
        async def handle(_: web.Request) -> web.Response:
            good = question()
            return web.json_response({"ok": good}, status=200 if good else 503)

        return handle

    app = web.Application()
    app.router.add_get("/healthz", answer(alive))
    app.router.add_get("/readyz", answer(ready))
    if metrics is not None:
        app.router.add_get("/metrics", metrics)
    async with serve(app, host=host, port=port, setting="HEALTH_PORT") as given:
        yield given
